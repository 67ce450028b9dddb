import Actions
import Ambient
import Glibc
import HTTP
import JSONParsing
import Model
import Simulator
import TestKit
import Testing

@testable import Journal
@testable import Monitor

/// Leases at adapters besides the gate: put, undone, never twice, never forgotten.
@Suite struct ExecutorTests {
    let place = Workplace()
    let settings = Crowd.settings()

    private func executor(_ adapter: StubAdapter, _ core: Core) -> Executor {
        Executor(adapter: adapter, core: core, clock: place.clock, logger: .silent)
    }

    /// Passes until the noisy tenant is to be paused, without asking any adapter.
    private func makeNoisy(_ core: Core) async { for _ in 0..<2 { await core.pass(Crowd.noisy, place.clock) } }

    private func work(_ adapter: StubAdapter, _ core: Core) async {
        await executor(adapter, core).performDue(within: .minutes(2))
    }

    private func lease() throws -> Lease {
        let row = try #require(try place.read { try $0.leases() }.first)
        return try Lease(document: JSON(parsing: Array(row.document.utf8)))
    }

    private func placements() throws -> [Placement] {
        try place.read { journal in
            try journal.leases().flatMap { try journal.placements(lease: $0.id) }
                .map { try Placement(document: JSON(parsing: Array($0.document.utf8))) }
        }
    }

    private func kinds() throws -> [String] { try place.read { try $0.audit().map(\.entry.kind) } }

    // MARK: - The story

    @Test("intended on disk => put => in force => ran out at the receiver, and the incident tells it")
    func receiverStory() async throws {
        let seen = Lines()
        let adapter = StubAdapter { [place] call, order in
            // Whoever looks from outside at the moment of the call finds the intent with its memo.
            let row = try? place.read { try $0.placements(lease: order.id).first }
            seen.add("\(call) \(row?.document.contains(#""phase":"intended""#) ?? false) \(row?.document.contains("before") ?? false)")
        }
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await makeNoisy(core)
        #expect(try lease().state == .intended && adapter.calls.isEmpty)
        await work(adapter, core)
        #expect(adapter.calls == ["prepare", "put"])
        #expect(seen.text == "put true true")
        #expect(try lease().state == .inForce && placements().map(\.phase) == [.landed])
        #expect(adapter.heldIDs == [try lease().id])
        for _ in 0..<8 { await core.pass(Crowd.calm, place.clock) }
        await work(adapter, core)
        #expect(await core.drain())
        #expect(adapter.calls == ["prepare", "put"], "the receiver ends it by itself")
        #expect(try lease().state == .ended && placements().map(\.outcome) == [.ranOut])
        #expect(
            try kinds() == [
                "decision.done", "lease.intend", "adapter.preparing", "adapter.intended", "adapter.landed", "lease.end", "adapter.ran_out",
            ])
        let notes = try #require(try place.incidents().first).handling.filter { $0.by == "stub" }
        #expect(notes.map(\.kind) == [.leaseInForce, .leaseEnded])
    }

    @Test("where the end is ours to hold, the values are taken back when the lease runs out")
    func monitorStory() async throws {
        let adapter = StubAdapter(expiry: .monitor)
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await makeNoisy(core)
        await work(adapter, core)
        for _ in 0..<8 { await core.pass(Crowd.calm, place.clock) }
        #expect(try lease().state == .reverting, "it is over only once the adapter has undone it")
        await work(adapter, core)
        #expect(adapter.calls == ["prepare", "put", "revert"] && adapter.heldIDs.isEmpty)
        #expect(try lease().state == .ended && placements().map(\.outcome) == [.undone])
    }

    @Test(
        "an extension is put where the receiver knows the end, and only written down where it is ours alone",
        arguments: [(Capability.Expiry.receiver, false, true), (.monitor, true, true), (.monitor, false, false)])
    func extended(expiry: Capability.Expiry, hears: Bool, isPut: Bool) async throws {
        let adapter = StubAdapter(expiry: expiry, hearsOfExtensions: hears)
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await makeNoisy(core)
        await work(adapter, core)
        let first = try #require(adapter.ends.first)
        for _ in 0..<5 { await core.pass(Crowd.noisy, place.clock) }
        await work(adapter, core)
        let extended = try lease()
        #expect(extended.extensions > 0 && extended.expiresAt > first)
        #expect(adapter.calls == (isPut ? ["prepare", "put", "prepare", "put"] : ["prepare", "put"]))
        #expect(adapter.ends == [isPut ? extended.expiresAt : first])
        #expect(try placements().map(\.placed?.expiresAt) == [extended.expiresAt])
    }

    @Test("an operator's endpoint is told of each extension, whoever ends the lease", arguments: [Capability.Expiry.receiver, .monitor])
    func webhookExtended(expiry: Capability.Expiry) async throws {
        var options = ControlPlane.Options()
        options.now = { [place] in place.clock.now() }
        options.secret = "s1gningSecret4242"
        let plane = ControlPlane(options)
        try plane.start()
        defer { plane.stop() }
        let client = try HTTPClient()
        var hook = SignedWebhook.Settings(owner: "test")
        hook.expiry = expiry
        let adapter = SignedWebhook(
            hook, url: { Secret(plane.webhookURL) }, secret: { Secret("s1gningSecret4242") }, client: client, clock: place.clock)
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        let executor = Executor(adapter: adapter, core: core, clock: place.clock, logger: .silent)
        await makeNoisy(core)
        await executor.performDue(within: .minutes(2))
        let first = try lease()
        #expect(plane.leasesInForce.webhook == [first.id])
        // This endpoint ends leases by the newest end that it was told, whatever else it is told.
        for _ in 0..<12 {
            await core.pass(Crowd.noisy, place.clock)
            await executor.performDue(within: .minutes(2))
        }
        let extended = try lease()
        #expect(extended.id == first.id && extended.extensions > 0 && place.clock.now() > first.expiresAt)
        #expect(plane.leasesInForce.webhook == [first.id], "the endpoint knows the new end")
        #expect(plane.log.filter { $0.kind == .changed }.count == extended.extensions)
        for _ in 0..<14 {
            await core.pass(Crowd.calm, place.clock)
            await executor.performDue(within: .minutes(2))
        }
        #expect(try lease().state == .ended && plane.leasesInForce.webhook.isEmpty)
        await client.shutdown()
    }

    @Test("an extension that is refused takes the lease back: nobody would end it there", arguments: [Capability.Expiry.receiver, .monitor])
    func extensionRefused(expiry: Capability.Expiry) async throws {
        let adapter = StubAdapter(expiry: expiry, hearsOfExtensions: true)
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await makeNoisy(core)
        await work(adapter, core)
        adapter.behaviour = .refuses("not any longer")
        for _ in 0..<5 { await core.pass(Crowd.noisy, place.clock) }
        await work(adapter, core)
        #expect(adapter.calls == ["prepare", "put", "prepare", "put", "revert"])
        #expect(adapter.heldIDs.isEmpty)
        #expect(try lease().state == .ended && lease().endReason == "refused_by_adapter")
        let incident = try #require(try place.incidents().first)
        #expect(incident.handling.contains { $0.by == "stub" && $0.text.contains("not any longer") })
    }

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
                errand, errand.step == .prepare
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
            book.follow([lease], places: [.init(adapter: "core") { _ in Capability(expiry: .monitor) }], now: start) { _ in ("a test", false) }
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

    // MARK: - Restarts

    @Test("killed after the put, before its outcome was written: found to be there, not put again")
    func killedAfterPut() async throws {
        let adapter = StubAdapter()
        adapter.behaviour = .doneUnheard
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await makeNoisy(core)
        await work(adapter, core)
        await core.close()
        adapter.behaviour = .obeys
        let next = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        place.clock.advance(by: .seconds(5))
        await work(adapter, next)
        #expect(adapter.calls == ["prepare", "put"])
        #expect(try lease().state == .inForce)
        #expect(try kinds().contains("adapter.reconciled"))
    }

    @Test("killed after the intent, before the put: put, once")
    func killedBeforePut() async throws {
        let adapter = StubAdapter()
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await makeNoisy(core)
        let prepared = try #require(await core.errands(of: "stub", limit: 1).first)
        await core.settle(prepared, .preparation(.ready(AdapterMemo(["before": 7]))))
        #expect(try placements().map(\.phase) == [.intended])
        await core.close()
        let next = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await work(adapter, next)
        #expect(adapter.calls == ["put"])
        #expect(try placements().map(\.memo) == [AdapterMemo(["before": 7])])
        #expect(try lease().state == .inForce)
    }

    @Test("a lease of ours that nobody here knows is undone; one of a runtime that is not ours is left alone")
    func strangers() async throws {
        let adapter = StubAdapter()
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        let end = place.clock.now() + .hours(1)
        for runtime in [Crowd.runtime, "elsewhere"] {
            let key = LeaseKey(kind: .throttle, runtime: runtime, app: AppID("app-\(runtime)"))
            adapter.add(.init(id: "lease-\(runtime)", key: key, expiresAt: end))
        }
        await work(adapter, core)
        #expect(adapter.calls == ["revert"])
        await work(adapter, core)
        #expect(adapter.calls == ["revert"])
    }

    @Test("a receiver that forgot a lease gets it again; values that somebody else changed are left alone", arguments: [Capability.Expiry.receiver, .monitor])
    func forgotten(expiry: Capability.Expiry) async throws {
        let adapter = StubAdapter(expiry: expiry)
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await makeNoisy(core)
        await work(adapter, core)
        adapter.forget()
        await work(adapter, core)
        #expect(adapter.calls.filter { $0 == "put" }.count == (expiry == .receiver ? 2 : 1))
        #expect(adapter.heldIDs.count == (expiry == .receiver ? 1 : 0))
    }

    // MARK: - The kill switch

    @Test("stopped between intent and put: it is not put, and the lease will not come")
    func stoppedBeforePut() async throws {
        let adapter = StubAdapter()
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await makeNoisy(core)
        let prepared = try #require(await core.errands(of: "stub", limit: 1).first)
        await core.settle(prepared, .preparation(.ready(nil)))
        try place.folder.turnKillSwitchOn()
        await work(adapter, core)
        #expect(adapter.calls.isEmpty)
        #expect(try lease().state == .ended && placements().map(\.outcome) == [.withheld])
        try place.folder.turnKillSwitchOff()
        await core.pass(Crowd.calm, place.clock)
        await work(adapter, core)
        #expect(adapter.calls.isEmpty, "it does not come later")
    }

    @Test("stopped while nobody knows whether an earlier attempt landed: it is undone when its lease is over")
    func stoppedAfterAnUnheardPut() async throws {
        let adapter = StubAdapter(expiry: .monitor)
        adapter.behaviour = .doneUnheard
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await makeNoisy(core)
        await work(adapter, core)
        #expect(adapter.heldIDs.count == 1)
        place.clock.advance(by: .seconds(5))
        let again = try #require(await core.errands(of: "stub", limit: 1).first)
        #expect(again.step == .put)
        try place.folder.turnKillSwitchOn()
        // Handed out before, and held back at the last moment.
        await core.settle(again, .withheld)
        adapter.behaviour = .obeys
        for _ in 0..<8 { await core.pass(Crowd.calm, place.clock) }
        await work(adapter, core)
        #expect(adapter.heldIDs.isEmpty, "\(adapter.calls)")
        #expect(try lease().state == .ended && placements().map(\.outcome) == [.undone])
    }

    @Test("stopped while a put hangs: no other is put, and what is in force is undone in its time")
    func stoppedWhileHung() async throws {
        let adapter = StubAdapter(expiry: .monitor)
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await makeNoisy(core)
        await work(adapter, core)
        adapter.behaviour = .hangs
        try place.folder.turnKillSwitchOn()
        for _ in 0..<8 { await core.pass(Crowd.noisy, place.clock) }
        #expect(try lease().state == .reverting, "no extension")
        adapter.behaviour = .obeys
        await work(adapter, core)
        #expect(try lease().state == .ended && adapter.calls == ["prepare", "put", "revert"])
    }

    // MARK: - The journal

    @Test("a journal that cannot be written: nothing new is put, what is to be undone is undone", arguments: Obstacle.allCases)
    func brokenJournal(obstacle: Obstacle) async throws {
        let adapter = StubAdapter(expiry: .monitor)
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await makeNoisy(core)
        await work(adapter, core)
        let remove = try await obstacle.raise(core, place)
        for _ in 0..<8 { await core.pass(Crowd.calm, place.clock) }
        await work(adapter, core)
        #expect(adapter.calls == ["prepare", "put", "revert"])
        try await remove()
        #expect(await core.pass(Crowd.calm, place.clock))
        #expect(try lease().state == .ended)
        #expect(await core.drain())
    }

    @Test("an intent that cannot be written is not tried", arguments: Obstacle.allCases)
    func intentNotWritten(obstacle: Obstacle) async throws {
        let adapter = StubAdapter()
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await core.pass(Crowd.noisy, place.clock)
        let remove = try await obstacle.raise(core, place)
        await core.pass(Crowd.noisy, place.clock)
        await work(adapter, core)
        #expect(adapter.calls.isEmpty)
        try await remove()
        #expect(await core.pass(Crowd.noisy, place.clock))
        await work(adapter, core)
        #expect(adapter.calls == ["prepare", "put"])
    }

    // MARK: - Clocks

    @Test("a clock that jumps an hour ahead ends a lease early; nothing is left behind")
    func clockAhead() async throws {
        let adapter = StubAdapter(expiry: .monitor)
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await makeNoisy(core)
        await work(adapter, core)
        await core.pass(Crowd.noisy, place.clock, by: .hours(1))
        await work(adapter, core)
        #expect(adapter.calls.contains("revert"))
        #expect(try place.read { try $0.leases() }.filter { $0.state == .reverting }.isEmpty)
    }

    // MARK: - People

    @Test("taking everything back does not wait for a clock that was set back")
    func revertAllAfterClockSetBack() async throws {
        let adapter = StubAdapter(expiry: .monitor)
        let core = try place.core(settings, try Crowd.policies(), adapters: [adapter])
        await makeNoisy(core)
        await work(adapter, core)
        adapter.behaviour = .down("connection refused")
        try place.command(Commands.revertAll)
        #expect(await core.obey())
        await work(adapter, core)
        await core.close()
        adapter.behaviour = .obeys
        let back = Workplace(clock: ManualClock(place.clock.now() - .hours(1)), in: place.temporary)
        let next = try back.core(settings, try Crowd.policies(), adapters: [adapter])
        try back.command(Commands.revertAll)
        #expect(await next.obey())
        await Executor(adapter: adapter, core: next, clock: back.clock, logger: .silent).performDue(within: .minutes(2))
        #expect(adapter.heldIDs.isEmpty)
        #expect(await next.drain())
        #expect(try lease().state == .ended)
    }

    @Test("taking everything back reaches the adapter, and the gate's refusals are counted on the incident")
    func revertAll() async throws {
        let adapter = StubAdapter(expiry: .monitor)
        let gate = place.gate(settings)
        let core = try place.core(settings, try Crowd.policies(), gate: gate, adapters: [adapter])
        await makeNoisy(core)
        await work(adapter, core)
        for _ in 0..<3 { #expect(gate.refuses("app-shop")) }
        try place.command(Commands.revertAll)
        #expect(await core.obey())
        #expect(!gate.refuses("app-shop"))
        await work(adapter, core)
        #expect(adapter.heldIDs.isEmpty)
        #expect(await core.drain())
        #expect(try lease().state == .ended)
        let texts = try #require(try place.incidents().first).handling.map(\.text)
        #expect(texts.contains { $0.hasPrefix("the gate refused 3 starts while pause new runs was in force") }, "\(texts)")
    }
}
