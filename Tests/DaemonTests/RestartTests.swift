import CycleKit
import Model
import Policy
import Synchronization
import TestKit
import Testing

@testable import Cycle
@testable import Daemon
@testable import Simulator

/// What a restart may change, and what not: docs/architecture.md, "What a restart keeps".
@Suite struct RestartTests {
    /// Lives through a past with a core that is killed before some of the cycles: not drained, its signals up to a
    /// minute old.
    private func decisions(of past: Past, killedBefore kills: Set<Int>) async throws -> [Incident] {
        let place = Workplace(clock: ManualClock(past.now(0)))
        var core = try place.core(past.settings)
        for index in past.indices {
            place.clock.move(to: past.now(index))
            if kills.contains(index) {
                await core.close()
                core = try place.core(past.settings)
            }
            #expect(await core.cycle(SimulatedPolls.runtimeName, past.observations(index)))
        }
        await core.close()
        return try place.incidents().sorted { ($0.rule, $0.id) < ($1.rule, $1.id) }
    }

    @Test(
        "killed at any moments: the same incidents, opened and resolved within a minute of the same time"
    )
    func killed() async throws {
        let past = try Story(scenario: "noisy-neighbor", minutes: 32, interval: .seconds(20)).past()
        let whole = try await decisions(of: past, killedBefore: [])
        #expect(Set(whole.map(\.rule)).isSuperset(of: ["noisy-neighbor", "dead-counters"]))
        #expect(whole.contains { $0.resolvedAt != nil })
        var random = SplitMix64(seed: 7)
        for _ in 0..<4 {
            let kills = Set((0..<8).map { _ in random.integer(1...past.polls.count - 1) })
            let torn = try await decisions(of: past, killedBefore: kills)
            #expect(torn.map(\.rule) == whole.map(\.rule), "\(kills.sorted())")
            #expect(torn.map(\.subject) == whole.map(\.subject), "\(kills.sorted())")
            for (a, b) in zip(torn, whole) {
                #expect(abs((a.openedAt - b.openedAt).milliseconds) <= 60_000, "\(a.rule) \(kills.sorted())")
                #expect((a.resolvedAt == nil) == (b.resolvedAt == nil), "\(a.rule) \(kills.sorted())")
                if let (x, y) = a.resolvedAt.flatMap({ x in b.resolvedAt.map { (x, $0) } }) {
                    #expect(abs((x - y).milliseconds) <= 60_000, "\(a.rule) \(kills.sorted())")
                }
                #expect(
                    a.decisions.map(\.verdict.word) == b.decisions.map(\.verdict.word), "\(a.rule) \(kills.sorted())")
            }
        }
    }

    @Test("dying with the runtime, again and again within a minute: each of its restarts counts all the same")
    func together() async throws {
        let place = Workplace()
        let policies = try Crowd.policies {
            $0 += """
                  restarts:
                    subject: runtime
                    when: restarts[30m] >= 3
                    for: 0s
                    severity: critical
                    summary: It restarts again and again.

                """
        }
        for life in 0..<5 {
            let core = try place.core(Crowd.settings(), policies)
            // Whoever starts with the runtime is there before it.
            let refused = Observation(
                at: place.clock.now(), runtime: Crowd.runtime, replica: Crowd.replica, endpoint: .health, elapsedMilliseconds: 1,
                outcome: .failure(.refused, detail: "connection refused"))
            #expect(await core.cycle(Crowd.runtime, [refused]))
            place.clock.advance(by: .seconds(10))
            let now = place.clock.now()
            #expect(await core.cycle(Crowd.runtime, Crowd.poll(Crowd.calm, at: now, created: "\(now - .seconds(5))")), "life \(life)")
            await core.close()
            place.clock.advance(by: .seconds(20))
        }
        #expect(try place.incidents().contains { $0.rule == "restarts" })
    }

    @Test("stopped and not killed: the same bytes", arguments: [[5], [20, 21, 22], [31, 60, 80]])
    func drained(stops: [Int]) async throws {
        let past = try Story(scenario: "noisy-neighbor", minutes: 30, interval: .seconds(20)).past()
        let place = Workplace(clock: ManualClock(past.now(0)))
        var core = try place.core(past.settings)
        for index in past.indices {
            place.clock.move(to: past.now(index))
            if stops.contains(index) {
                #expect(await core.drain())
                await core.close()
                core = try place.core(past.settings)
            }
            #expect(await core.cycle(SimulatedPolls.runtimeName, past.observations(index)))
        }
        await core.close()
        #expect(try place.decisions() == Replay.bytes(Replay.direct(past)))
    }

    @Test("a minute that was not written down is made up for by the next answer: no rate jumps, none goes missing")
    func rates() async throws {
        let past = try Story(scenario: "busy", minutes: 12, interval: .seconds(10)).past()
        func rates(killedBefore kill: Int?) async throws -> [Double?] {
            let place = Workplace(clock: ManualClock(past.now(0)))
            let all = RateLog()
            var core = try place.core(past.settings, onReport: { all.add($0) })
            for index in past.indices {
                place.clock.move(to: past.now(index))
                if index == kill {
                    await core.close()
                    core = try place.core(past.settings, onReport: { all.add($0) })
                }
                await core.cycle(SimulatedPolls.runtimeName, past.observations(index))
            }
            return all.rates
        }
        let whole = try await rates(killedBefore: nil)
        let kill = 41
        let torn = try await rates(killedBefore: kill)
        for (index, (a, b)) in zip(torn, whole).enumerated() {
            guard let b else { continue }
            let a = try #require(a, "cycle \(index)")
            #expect(abs(a - b) <= 0.1 * b + 1, "cycle \(index): \(a) instead of \(b)")
        }
        // Once the torn minute has left the window there is no trace of it.
        #expect(torn.last == whole.last)
    }
}

/// Turns a minute, cycle by cycle.
private final class RateLog: Sendable {
    private let all = Mutex<[Double?]>([])

    func add(_ report: CycleReport) {
        let turns = report.runtimeReadings.first { $0.series.signal == .turns }?.evidence.value
        all.withLock { $0.append(turns) }
    }

    var rates: [Double?] { all.withLock { $0 } }
}
