import Collector
import CycleKit
import JSONParsing
import Model
import Policy
import Synchronization
import TestKit
import Testing

@testable import Cycle
@testable import Daemon
@testable import Simulator

/// The same observations give the same incidents, whoever turns the crank.
@Suite struct SameIncidentsTests {
    struct Story: Sendable, CustomTestStringConvertible {
        let scenario: String
        var minutes = 20
        var interval = TimeSpan.seconds(20)
        /// Rules of which an incident must come, so that the comparison is not one of nothing with nothing.
        var rules: Set<String> = []

        var testDescription: String { scenario }

        func past() throws -> Past { Past(try world(), length: .minutes(minutes), interval: interval) }

        func world() throws -> Scenario {
            var scenario = try #require(Scenario.named(scenario))
            if scenario.trackedBefore > 0 {
                // The same cost with smaller bodies.
                scenario.microsecondsPerChat *= Double(scenario.trackedBefore) / 500
                scenario.trackedBefore = 500
            }
            return scenario
        }
    }

    static let stories = [
        Story(scenario: "quiet", minutes: 10),
        Story(scenario: "busy", minutes: 10),
        Story(scenario: "noisy-neighbor", minutes: 30, rules: ["noisy-neighbor", "dead-counters"]),
        Story(scenario: "saturated-with-errors", minutes: 20, interval: .seconds(30), rules: ["runtime-saturated"]),
        Story(scenario: "token-burn", minutes: 75, interval: .seconds(60), rules: ["token-burn-spike"]),
        Story(scenario: "provider-down", minutes: 20, rules: ["provider-trouble"]),
        Story(scenario: "restart", minutes: 20),
        Story(scenario: "poisoned", minutes: 15, rules: ["perf-poisoned"]),
        Story(scenario: "mongo-down", minutes: 14, rules: ["runtime-unhealthy"]),
        Story(scenario: "unauthorized", minutes: 15),
        Story(scenario: "down", minutes: 16),
        Story(scenario: "dead-counters", minutes: 12, rules: ["dead-counters"]),
        Story(scenario: "two-replicas", minutes: 10),
        Story(scenario: "ghost-actives", minutes: 12),
        Story(scenario: "growing", minutes: 20, interval: .seconds(30), rules: ["perf-expensive"]),
        Story(scenario: "user-hog", minutes: 28, interval: .seconds(30), rules: ["user-hogging"]),
        Story(scenario: "restart-loop", minutes: 22, interval: .seconds(30), rules: ["restart-loop"]),
        Story(scenario: "stalled", minutes: 50, interval: .seconds(60), rules: ["stalled-runs"]),
        Story(scenario: "mongo-slow", minutes: 18, interval: .seconds(30), rules: ["mongodb-slow"]),
        Story(scenario: "spending", minutes: 85, interval: .seconds(60), rules: ["model-calls-spike"]),
        Story(scenario: "crowded", minutes: 30, interval: .seconds(60), rules: ["runtime-crowded"]),
        Story(scenario: "demo", minutes: 2, interval: .seconds(1)),
        Story(scenario: "bypass", minutes: 50, interval: .seconds(60), rules: ["noisy-neighbor"]),
        Story(scenario: "ghosts", minutes: 20, interval: .seconds(30)),
        Story(scenario: "cached-provider", minutes: 20, interval: .seconds(30), rules: ["provider-silent"]),
        Story(scenario: "hang", minutes: 16, rules: ["runtime-down"]),
        Story(scenario: "mongo-killed", minutes: 25, interval: .seconds(30), rules: ["runtime-unhealthy"]),
        Story(scenario: "crash-loop", minutes: 62, interval: .seconds(60), rules: ["restart-loop"]),
        Story(scenario: "short-lives", minutes: 52, interval: .seconds(20), rules: ["noisy-neighbor"]),
        Story(scenario: "hidden-ghosts", minutes: 52, interval: .seconds(20)),
    ]

    @Test("fed directly, pass by pass through a journal, and from a tape: the same bytes", arguments: stories)
    func sameBytes(story: Story) async throws {
        let past = try story.past()
        let direct = Replay.direct(past)
        #expect(Set(direct.values.map(\.rule)).isSuperset(of: story.rules), "\(direct.values.map(\.rule))")

        let tape = TemporaryFolder()
        try Replay.write(past, to: tape.path("a.tape"))
        let first = try Replay.tape(tape.path("a.tape"), past.settings)
        #expect(Replay.bytes(first) == Replay.bytes(direct))
        #expect(Replay.bytes(try Replay.tape(tape.path("a.tape"), past.settings)) == Replay.bytes(first))

        let passes = try await Replay.passes(past)
        #expect(passes == Replay.bytes(direct))
    }

    @Test(
        "a daemon with a gate comes to the same decisions as the replay of its tape",
        arguments: stories.filter { ["noisy-neighbor", "saturated-with-errors"].contains($0.scenario) })
    func daemon(story: Story) async throws {
        let past = try story.past()
        let place = Workplace(clock: ManualClock(past.now(0)))
        let gate = place.gate(past.settings)
        let core = try place.core(past.settings, gate: gate)
        for index in past.indices {
            // The daemon's clock is a little ahead of the answers that it judges.
            place.clock.move(to: past.now(index) + TimeSpan(milliseconds: 7))
            #expect(await core.cycle(SimulatedPolls.runtimeName, past.observations(index)))
        }
        await core.close()
        #expect(try place.decisions() == Replay.bytes(Replay.direct(past)))
    }

    @Test("every scenario has its story here")
    func complete() {
        #expect(Set(SameIncidentsTests.stories.map(\.scenario)) == Set(Scenario.all.map(\.name)))
    }
}

/// The ways to live through a past.
enum Replay {
    static func direct(_ past: Past, _ policies: PolicySet = .embeddedDefault) -> [String: Incident] {
        var pipeline = Pipeline(settings: past.settings, policies: policies)
        var incidents: [String: Incident] = [:]
        for index in past.indices {
            for observation in past.observations(index) { pipeline.take(observation) }
            let result = pipeline.tick(SimulatedPolls.runtimeName, now: past.now(index))
            for incident in result?.incidents ?? [] { incidents[incident.id] = incident }
        }
        return incidents
    }

    static func bytes(_ incidents: [String: Incident]) -> [String: String] {
        incidents.mapValues { $0.replayedDocument.serialized() }
    }

    static func write(_ past: Past, to path: String) throws {
        let header = TapeHeader(
            interval: past.settings.interval,
            runtimes: past.settings.runtimes.map { .init(name: $0.name, replicas: $0.replicas) })
        let writer = try TapeWriter(path: path, header: header)
        for index in past.indices {
            for observation in past.observations(index) { try writer.write(.exchange(observation)) }
            try writer.write(.tick(at: past.now(index), runtime: SimulatedPolls.runtimeName, count: Int64(index + 1)))
        }
    }

    static func tape(
        _ path: String, _ settings: MonitorSettings, _ policies: PolicySet = .embeddedDefault
    ) throws -> [String: Incident] {
        var reader = try TapeReader(path: path)
        var replay = TapeReplay(settings: settings, policies: policies, followsTape: true)
        while let line = try reader.next() { replay.take(line) }
        #expect(reader.warnings.isEmpty)
        return Dictionary(uniqueKeysWithValues: replay.story.incidents.map { ($0.id, $0) })
    }

    /// As `check` from cron: a new process for each cycle.
    static func passes(_ past: Past, _ policies: PolicySet = .embeddedDefault) async throws -> [String: String] {
        let place = Workplace(clock: ManualClock(past.now(0)))
        for index in past.indices {
            place.clock.move(to: past.now(index))
            let core = try place.core(past.settings, policies)
            #expect(await core.cycle(SimulatedPolls.runtimeName, past.observations(index)))
            #expect(await core.drain())
            await core.close()
        }
        #expect(place.lines.containing("restore:").isEmpty)
        return try place.decisions()
    }
}
