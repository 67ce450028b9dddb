import Collector
import CycleKit
import Model
import Policy
import Simulator
import TestKit
import Testing

@testable import Cycle
@testable import Daemon

/// The same observations give the same incidents, whoever turns the crank.
@Suite struct SameIncidentsTests {
    @Test("fed directly, pass by pass through a journal, and from a tape: the same bytes", arguments: Story.all)
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
        arguments: Story.all.filter { ["noisy-neighbor", "saturated-with-errors"].contains($0.scenario) })
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

    @Test(
        "killed after each cycle: the same incidents, and so the same truth", arguments: Scenario.all.filter { $0.truth != nil }.map(\.name)
    )
    func killed(name: String) async throws {
        let scenario = try #require(Scenario.named(name))
        let truth = try #require(scenario.truth)
        let past = Past(scenario, length: truth.length, interval: .seconds(20))
        let direct = Replay.direct(past)
        #expect(try await Replay.passes(past) == Replay.bytes(direct))
        for row in truth.judged(.init(direct.values)) { #expect(row.isMet, "\(row.sentence)") }
    }

    @Test("every scenario has its story here")
    func complete() {
        #expect(Set(Story.all.map(\.scenario)) == Set(Scenario.all.map(\.name)))
    }
}

/// The ways that need a tape or a journal.
extension Replay {
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
