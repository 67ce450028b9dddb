import Actions
import Ambient
import CycleKit
import Guard
import Model
import Policy
import Synchronization
import Testing

@testable import Cycle
@testable import Daemon
@testable import Journal

/// The machine's clock is set an hour ahead or back under a daemon: its own clock, its pipeline, its journal, an adapter.
@Suite struct ClockJumpTests {
    /// A wall clock that is set by hand; real time is the manual clock's.
    private final class Machine: Clock {
        let real: ManualClock
        private let offset = Mutex<TimeSpan>(.zero)

        init(_ real: ManualClock) {
            self.real = real
        }

        func step(_ span: TimeSpan) { offset.withLock { $0 = $0 + span } }
        func now() -> Timestamp { real.now() + offset.withLock { $0 } }
        func monotonicNanoseconds() -> UInt64 { real.monotonicNanoseconds() }
        func sleep(for span: TimeSpan) async throws(CancellationError) { try await real.sleep(for: span) }
    }

    /// A daemon's core on a machine, restarted at will.
    private final class Bench {
        let place = Workplace()
        let machine: Machine
        let adapter: StubAdapter
        let settings: MonitorSettings
        let policies: PolicySet
        var clock: SteadyClock
        var core: Core

        init(_ expiry: Capability.Expiry = .monitor, maxLease: TimeSpan = .hours(2), _ change: (inout String) -> Void = { _ in }) throws {
            var settings = Crowd.settings()
            settings.guardOptions.cooldown = .minutes(10)
            settings.guardOptions.maxLease = maxLease
            self.settings = settings
            policies = try Crowd.policies(change)
            machine = Machine(place.clock)
            adapter = StubAdapter(expiry: expiry)
            clock = SteadyClock(machine)
            core = try place.core(settings, policies, adapters: [adapter], clock: clock)
        }

        /// As the daemon does at its start: time goes on from what the journal knows.
        func restart() async throws {
            await core.close()
            var kept = Pipeline(settings: settings, policies: policies)
            try place.read { try kept.restore(from: $0, now: machine.now()) { _ in } }
            clock = SteadyClock(machine, notBefore: kept.newestMoment)
            core = try place.core(settings, policies, adapters: [adapter], clock: clock)
        }

        /// Ten real seconds, one poll, and what is due at the adapter.
        func pass(_ open: [String: Int]) async {
            place.clock.advance(by: .seconds(10))
            await core.cycle(Crowd.runtime, Crowd.poll(open, at: clock.now()))
            await Executor(adapter: adapter, core: core, clock: clock, logger: .silent).performDue(within: .minutes(2))
        }

        /// Passes until the adapter holds a lease; how long that took in real time, nil when it took longer than `limit`.
        func untilHeld(_ isHeld: Bool, _ open: [String: Int], limit: TimeSpan) async -> TimeSpan? {
            let begun = place.clock.now()
            while place.clock.now() - begun < limit {
                if adapter.heldIDs.isEmpty != isHeld { return place.clock.now() - begun }
                await pass(open)
            }
            return adapter.heldIDs.isEmpty != isHeld ? limit : nil
        }

        func leases() throws -> [LeaseRow] { try place.read { try $0.leases(states: []) } }
    }

    static let steps: [TimeSpan] = [.hours(1), .hours(-1)]
    private static func slow(_ text: inout String) { text = text.replacing("for: 10s", with: "for: 5m") }

    @Test("a jump while nothing is wrong opens nothing and does nothing", arguments: steps)
    func calm(step: TimeSpan) async throws {
        let bench = try Bench()
        for _ in 0..<30 { await bench.pass(Crowd.calm) }
        bench.machine.step(step)
        for _ in 0..<30 { await bench.pass(Crowd.calm) }
        #expect(try bench.place.incidents().isEmpty && bench.leases().isEmpty && bench.adapter.calls.isEmpty)
        await bench.core.close()
    }

    @Test("the hour of a jump is not time for which a condition was true", arguments: steps)
    func pending(step: TimeSpan) async throws {
        let bench = try Bench(.monitor, ClockJumpTests.slow)
        for _ in 0..<24 { await bench.pass(Crowd.noisy) }
        bench.machine.step(step)
        await bench.pass(Crowd.noisy)
        #expect(try bench.place.incidents().isEmpty && bench.leases().isEmpty, "not by the jump itself")
        let wait = try #require(await bench.untilHeld(true, Crowd.noisy, limit: .minutes(20)))
        // Ahead, what was seen before the hole does not count; set back, time goes on, a tenth slower.
        #expect(step > .zero ? wait >= .minutes(5) : wait >= .minutes(1) - .seconds(10))
        #expect(wait <= .minutes(5) + .seconds(20))
        await bench.core.close()
    }

    @Test(
        "ahead: the lease is over, at the adapter too, and no other begins before the cool-down is",
        arguments: [Capability.Expiry.receiver, .monitor])
    func aheadWithLease(expiry: Capability.Expiry) async throws {
        let bench = try Bench(expiry)
        _ = await bench.untilHeld(true, Crowd.noisy, limit: .minutes(5))
        let first = try #require(try bench.leases().first?.id)
        bench.machine.step(.hours(1))
        await bench.pass(Crowd.noisy)
        #expect(try bench.leases().map(\.id) == [first], "nothing new by the jump itself")
        await bench.pass(Crowd.noisy)
        #expect(try bench.leases().map(\.state) == [.ended])
        #expect(expiry == .receiver || bench.adapter.heldIDs.isEmpty)
        for _ in 0..<50 { await bench.pass(Crowd.noisy) }
        #expect(try bench.leases().count == 1, "the cool-down holds")
        #expect(bench.adapter.calls.filter { $0 == "put" }.count == 1)
        await bench.core.close()
    }

    @Test("back: a lease neither ends early nor lasts more than a ninth longer, across a restart too", arguments: [false, true])
    func backWithLease(restarts: Bool) async throws {
        let bench = try Bench { $0 = $0.replacing("ttl: 1m", with: "ttl: 9m") }
        _ = await bench.untilHeld(true, Crowd.noisy, limit: .minutes(5))
        for _ in 0..<6 { await bench.pass(Crowd.calm) }
        bench.machine.step(.hours(-1))
        for _ in 0..<6 { await bench.pass(Crowd.calm) }
        if restarts { try await bench.restart() }
        let rest = try #require(await bench.untilHeld(false, Crowd.calm, limit: .minutes(30)))
        let whole = rest + .minutes(2)
        #expect(whole >= .minutes(9) - .seconds(10), "\(whole)")
        #expect(whole <= .minutes(10) + .seconds(20), "\(whole)")
        #expect(try bench.leases().count == 1)
        await bench.core.close()
    }

    @Test("either way: extended by a tenant that stays noisy, a lease does not outlast the longest allowed", arguments: steps)
    func longest(step: TimeSpan) async throws {
        let bench = try Bench(.monitor, maxLease: .minutes(9))
        _ = await bench.untilHeld(true, Crowd.noisy, limit: .minutes(5))
        for _ in 0..<12 { await bench.pass(Crowd.noisy) }
        #expect(try bench.leases().count == 1 && !bench.adapter.heldIDs.isEmpty, "extended by now")
        bench.machine.step(step)
        let rest = try #require(await bench.untilHeld(false, Crowd.noisy, limit: .minutes(30)))
        #expect(rest <= .minutes(8) + .seconds(20), "\(rest)")
        if step < .zero {
            #expect(rest >= .minutes(7) - .seconds(10), "not early: \(rest)")
            let incident = try #require(try bench.place.incidents().first)
            #expect(incident.decisions.contains { $0.verdict.reason?.contains("longest allowed") ?? false })
        }
        await bench.core.close()
    }
}
