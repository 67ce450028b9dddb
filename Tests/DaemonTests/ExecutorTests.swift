import Actions
import Ambient
import CycleKit
import Glibc
import HTTP
import JSONParsing
import Model
import Settings
import Simulator
import TestKit
import Testing

@testable import Cycle
@testable import Daemon
@testable import Journal

/// Leases at adapters besides the gate: put, undone, never twice, never forgotten.
@Suite struct ExecutorTests: ExecutorStory {
    let place = Workplace()
    let settings = Crowd.settings()

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
        var hook = SignedWebhook.Settings(url: .literal(Secret(plane.webhookURL)), secret: .literal(Secret("s1gningSecret4242")))
        hook.expiry = expiry
        let adapter = SignedWebhook(hook, Means(client: client, clock: place.clock), owner: "test")
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

    @Test(
        "an extension that is refused takes the lease back: nobody would end it there", arguments: [Capability.Expiry.receiver, .monitor])
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
