import Actions
import Ambient
import CycleKit
import Glibc
import HTTP
import JSONParsing
import Model
import Simulator
import TestKit
import Testing

@testable import Cycle
@testable import Daemon
@testable import Journal

/// Adapters that fail, hang, refuse or are gone.
@Suite struct FailingAdapterTests: ExecutorStory {
    let place = Workplace()
    let settings = Crowd.settings()

    // MARK: - Adapters that fail

    @Test("an adapter that is down is tried again while the lease lasts, and nothing happens twice")
    func putRetried() async throws {
        let adapter = StubAdapter()
        adapter.behaviour = .down("connection refused")
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await makeNoisy(core)
        await work(adapter, core)
        #expect(adapter.calls == ["prepare", "put"], "not at once again")
        #expect(try lease().state == .intended && placements().first?.lastError == "connection refused")
        await core.pass(Crowd.noisy, place.clock, by: .seconds(2))
        await work(adapter, core)
        #expect(adapter.calls == ["prepare", "put", "put"])
        adapter.behaviour = .obeys
        await core.pass(Crowd.noisy, place.clock, by: .seconds(3))
        await work(adapter, core)
        #expect(adapter.calls.suffix(1) == ["put"])
        #expect(try lease().state == .inForce)
    }

    @Test(
        "refused for good: the lease ends, the incident says why, people hear of it",
        arguments: [
            StubAdapter.Behaviour.refuses("it would lift the tenant's cap"), .refusesToBegin("it would lift the tenant's cap"),
        ])
    func refused(behaviour: StubAdapter.Behaviour) async throws {
        let adapter = StubAdapter()
        adapter.behaviour = behaviour
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await makeNoisy(core)
        let before = try place.read { try $0.outbox().count }
        await work(adapter, core)
        #expect(try lease().state == .ended && lease().endReason == "refused_by_adapter")
        let incident = try #require(try place.incidents().first)
        #expect(incident.handling.contains { $0.kind == .leaseRefused && $0.text.contains("it would lift the tenant's cap") })
        #expect(try place.read { try $0.outbox().count } == before + 1)
        #expect(try kinds().contains("adapter.refused") && kinds().contains("lease.refused"))
    }

    @Test("refused after it was done, or after an earlier attempt may have been: nothing of it stays", arguments: [false, true])
    func refusedAfterItLanded(isLate: Bool) async throws {
        let adapter = StubAdapter(expiry: .monitor)
        adapter.behaviour = isLate ? .doneUnheard : .doneThenRefuses("it changed in between")
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await makeNoisy(core)
        await work(adapter, core)
        if isLate {
            #expect(adapter.heldIDs.count == 1)
            adapter.behaviour = .refuses("404 from a proxy")
            place.clock.advance(by: .seconds(5))
            let again = try #require(await core.errands(of: "stub", limit: 1).first)
            await core.settle(again, .landing(await adapter.put(again.order)))
            await work(adapter, core)
        }
        #expect(adapter.calls.suffix(2) == ["put", "revert"])
        #expect(adapter.heldIDs.isEmpty)
        #expect(try lease().state == .ended && lease().endReason == "refused_by_adapter")
        #expect(try placements().map(\.outcome) == [.refused])
    }

    @Test("refused, and what may be left of it resists being undone: people hear of both, and no other lease begins meanwhile")
    func refusedAndLeft() async throws {
        let adapter = StubAdapter(expiry: .monitor)
        adapter.behaviour = .doneThenRefuses("it changed in between")
        var settings = settings
        settings.guardOptions.leasesPerDay = 10
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await makeNoisy(core)
        let before = try place.read { try $0.outbox().count }
        for _ in 0..<2 {
            let errand = try #require(await core.errands(of: "stub", limit: 1).first)
            await core.settle(
                errand,
                errand.step == .prepare
                    ? .preparation(await adapter.prepare(errand.order)) : .landing(await adapter.put(errand.order)))
        }
        #expect(try lease().state == .reverting && lease().endReason == "refused_by_adapter")
        let notes = try #require(try place.incidents().first).handling.filter { $0.kind == .leaseRefused }.map(\.text)
        #expect(notes.contains { $0.contains("it changed in between") }, "\(notes)")
        #expect(try place.read { try $0.outbox().count } == before + 1)
        adapter.behaviour = .down("connection refused")
        for _ in 0..<3 {
            await core.pass(Crowd.noisy, place.clock, by: .minutes(5))
            await work(adapter, core)
        }
        #expect(try place.read { try $0.leases() }.count == 1)
        #expect(try kinds().contains("adapter.escalated"))
        adapter.behaviour = .obeys
        await core.pass(Crowd.calm, place.clock)
        await work(adapter, core)
        #expect(adapter.heldIDs.isEmpty)
        #expect(try place.read { try $0.leases() }.first { $0.state != .ended } == nil)
    }

    @Test("stricter is refused while the weaker one is in force: neither stays")
    func tighteningRefused() throws {
        let start = ManualClock().now()
        func lease(_ runs: Int) -> Lease {
            let effect = Effect.throttle(Limits(concurrentWorkflows: runs))
            return Lease(
                id: "lease-1", key: LeaseKey(kind: .throttle, runtime: "shared", app: AppID("app-shop")), effect: effect,
                holders: [.init(incident: "incident-1", effect: effect, ttl: .minutes(1))], createdAt: start,
                expiresAt: start + .minutes(1), state: .intended, shadow: false)
        }
        var book = PlacementBook()
        func follow(_ lease: Lease) {
            book.follow([lease], places: [.init(adapter: "core") { _ in Capability(expiry: .monitor) }], now: start) { _ in
                ("a test", false)
            }
        }
        func step(_ answer: PlacementBook.Answer) throws -> Placement.Step {
            let errand = try #require(
                book.errands(of: "core", now: start, limit: 1, mayPut: true, isStopped: false).first)
            book.settle(errand, answer, now: start) { _, _ in .seconds(1) }
            return errand.step
        }
        follow(lease(4))
        #expect(try step(.preparation(.ready(AdapterMemo(4)))) == .prepare)
        #expect(try step(.landing(.landed(nil))) == .put)
        follow(lease(2))
        #expect(try step(.preparation(.ready(AdapterMemo(2)))) == .prepare)
        #expect(try step(.landing(.refused(reason: "no"))) == .put)
        #expect(!book.isInForce("lease-1") && book.isRefusedEverywhere("lease-1") && book.isUnfinished("lease-1"))
        #expect(try step(.undoing(.undone)) == .revert)
        #expect(book.all.map(\.outcome) == [.refused])
    }

    @Test("refused by one and taken by another: in force")
    func refusedByOne() async throws {
        let (one, other) = (StubAdapter("one"), StubAdapter("other"))
        one.behaviour = .refuses("no")
        let core = try place.core(settings, try Crowd.policies(), adapters: [one, other])
        await makeNoisy(core)
        await work(one, core)
        #expect(try lease().state == .intended)
        await work(other, core)
        #expect(try lease().state == .inForce)
    }

    @Test("what is the case already, by someone else, is neither put nor undone")
    func noop() async throws {
        let adapter = StubAdapter(expiry: .monitor)
        adapter.behaviour = .isThereAlready
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await makeNoisy(core)
        await work(adapter, core)
        #expect(try lease().state == .inForce)
        for _ in 0..<8 { await core.pass(Crowd.calm, place.clock) }
        await work(adapter, core)
        _ = await core.drain()
        #expect(adapter.calls == ["prepare", "put"])
        #expect(try lease().state == .ended)
    }

    @Test("an adapter that is down for a day keeps the undoing due, people hear of it once, and it lands across restarts")
    func undoneLate() async throws {
        let adapter = StubAdapter(expiry: .monitor)
        var core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await makeNoisy(core)
        await work(adapter, core)
        adapter.behaviour = .down("connection refused")
        for _ in 0..<8 { await core.pass(Crowd.calm, place.clock) }
        await work(adapter, core)
        let before = try place.read { try $0.outbox().count }
        for hour in 0..<24 {
            await core.pass(Crowd.calm, place.clock, by: .hours(1))
            await work(adapter, core)
            if hour % 8 == 3 {
                await core.close()
                core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
            }
        }
        #expect(try lease().state == .reverting)
        #expect(await core.state.revertsDue == 1)
        #expect(await core.stillToUndo.first?.contains("connection refused") == true)
        #expect(try place.read { try $0.outbox().count } == before + 1, "told once")
        #expect(try kinds().filter { $0 == "adapter.escalated" }.count == 1)
        adapter.behaviour = .obeys
        await core.pass(Crowd.calm, place.clock, by: .minutes(2))
        await work(adapter, core)
        #expect(try lease().state == .ended && adapter.heldIDs.isEmpty)
        #expect(await core.state.revertsDue == 0)
    }

    @Test("an adapter that is no longer configured: people hear that something of it is left")
    func unconfigured() async throws {
        let adapter = StubAdapter(expiry: .monitor)
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await makeNoisy(core)
        await work(adapter, core)
        await core.close()
        let next = try place.core(settings, try Crowd.policies(), adapters: [])
        for _ in 0..<3 { await next.pass(Crowd.calm, place.clock, by: .minutes(8)) }
        #expect(try lease().state == .reverting)
        #expect(await next.state.revertsDue == 1)
        #expect(place.lines.containing("no longer configured").count == 1)
        await next.close()
        let last = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await work(adapter, last)
        #expect(try lease().state == .ended && adapter.heldIDs.isEmpty)
    }

    @Test("one adapter that hangs delays neither another nor a cycle")
    func hung() async throws {
        let (hung, other) = (StubAdapter("hung"), StubAdapter("other"))
        hung.behaviour = .hangs
        let core = try place.core(settings, try Crowd.policies(), adapters: [hung, other])
        await makeNoisy(core)
        let stuck = Task { await executor(hung, core).run(bell: Bell()) }
        while !hung.calls.contains("put") { await Task.yield() }
        await work(other, core)
        #expect(other.heldIDs.count == 1)
        #expect(try lease().state == .inForce)
        #expect(await core.pass(Crowd.noisy, place.clock))
        stuck.cancel()
        await stuck.value
        // Whether it landed is not known: that is what the journal says.
        #expect(try placements().first { $0.adapter == "hung" }?.phase == .intended)
    }
}
