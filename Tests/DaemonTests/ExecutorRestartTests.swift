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

/// Killed, stopped, or without a journal, at every step.
@Suite struct ExecutorRestartTests: ExecutorStory {
    let place = Workplace()
    let settings = Crowd.settings()

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

    @Test(
        "a receiver that forgot a lease gets it again; values that somebody else changed are left alone",
        arguments: [Capability.Expiry.receiver, .monitor])
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
}
