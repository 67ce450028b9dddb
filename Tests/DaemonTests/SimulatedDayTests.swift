import Collector
import CycleKit
import Model
import Policy
import TestKit
import Testing

@testable import Cycle
@testable import Daemon
@testable import Simulator

/// A long day in which everything happens that scenarios know, one after the other, on one runtime.
@Suite struct SimulatedDayTests {
    /// Every scenario for as long as its own story takes, each with a process of its own: what comes before is a restart. A
    /// poll a minute, as `check` from cron.
    static func day() throws -> Past {
        var at = Timestamp(milliseconds: 1_795_219_200_000)
        let settings = Past.settings(replicas: ["http://127.0.0.1:8000"], interval: .seconds(60))
        var pipeline = Pipeline(settings: settings, policies: .embeddedDefault)
        var polls: [[Observation]] = []
        for story in Story.all {
            let scenario = try story.world()
            // Its process started so long before its story begins: that must be after the last one was seen. Nobody polls then.
            at = at + scenario.warmUp + .minutes(1)
            let end = at + .minutes(story.minutes)
            var world = SimulatedPolls(scenario, origin: at)
            while at < end {
                let observations = world.poll(at: at, pipeline.due(SimulatedPolls.runtimeName, now: at))
                for observation in observations { pipeline.take(observation.copy) }
                let judged = observations.map(\.at).max() ?? at
                _ = pipeline.tick(SimulatedPolls.runtimeName, now: judged)
                polls.append(observations.map(\.copy))
                at = max(at + .seconds(60), judged)
            }
        }
        return Past(settings: settings, polls: polls)
    }

    @Test(
        "recorded while running live, replayed from the tape, and looked at once a minute: the same incidents, byte by byte")
    func day() async throws {
        let past = try SimulatedDayTests.day()
        let place = Workplace(clock: ManualClock(past.now(0)))
        let core = try place.core(past.settings, gate: place.gate(past.settings))
        let folder = TemporaryFolder()
        do {
            let tape = try TapeEventTests.Tape(folder.path("day.tape"), past.settings)
            for index in past.indices {
                place.clock.move(to: past.now(index) + TimeSpan(milliseconds: 3))
                #expect(
                    await core.cycle(SimulatedPolls.runtimeName, past.observations(index), recorder: { tape.write($0) }))
            }
        }
        #expect(await core.drain())
        await core.close()
        let lived = try place.decisions()
        let rules = Set(try place.incidents().map(\.rule))
        #expect(
            rules.isSuperset(of: [
                "noisy-neighbor", "runtime-saturated", "provider-trouble", "token-burn-spike", "perf-poisoned",
                "runtime-unhealthy", "user-hogging", "restart-loop", "stalled-runs", "mongodb-slow", "model-calls-spike",
                "runtime-crowded",
            ]), "\(rules.sorted())")

        var settings = past.settings
        // All that decisions follow from is on the tape, but for the names of channels.
        settings.mode = .observe
        settings.runtimes[0].labels = [:]
        settings.landable = []
        var reader = try TapeReader(path: folder.path("day.tape"))
        var replay = TapeReplay(settings: settings, policies: try Crowd.policies(), followsTape: true)
        while let line = try reader.next() { replay.take(line) }
        #expect(reader.warnings.isEmpty && replay.warnings.isEmpty)
        let replayed = Dictionary(
            uniqueKeysWithValues: replay.story.incidents.map { ($0.id, $0.replayedDocument.serialized()) })
        #expect(Set(replayed.keys) == Set(lived.keys))
        for (id, document) in lived { #expect(replayed[id] == document, "\(id)") }

        #expect(try await Replay.passes(past) == lived)
    }
}
