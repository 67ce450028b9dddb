import Collector
import CycleKit
import Journal
import Model
import Policy
import Synchronization
import Simulator
import TestKit
import Testing
@testable import Cycle
@testable import Daemon

/// What a real runtime answered, through the whole pipeline.
@Suite struct RecordedTests {
    /// The recorded answers of a folder, as one poll.
    private func look(_ folder: String) async throws -> CycleReport {
        let at = Timestamp(milliseconds: 1_795_251_680_000)
        let names: [(String, Endpoint)] = [
            ("health", .health), ("active-runs", .activeRuns), ("events-metrics", .events), ("aggregate", .perf),
        ]
        let observations = try names.map { name, endpoint in
            Observation(
                at: at, runtime: Crowd.runtime, replica: Crowd.replica, endpoint: endpoint, elapsedMilliseconds: 2,
                outcome: .answer(try Fixtures.answer("\(folder)/\(name)")))
        }
        let reports = Reports()
        let place = Workplace(clock: ManualClock(at))
        let core = try place.core(Crowd.settings(), onReport: { reports.add($0) })
        #expect(await core.cycle(Crowd.runtime, observations))
        #expect(await core.openIncidents.isEmpty)
        return try #require(reports.last)
    }

    @Test("busy: 7 open chats of 12, 3 apps, Mongo ping, 7 websockets, 10 errors")
    func busy() async throws {
        let summary = try await look("busy").summary
        #expect(summary.total(\.openChats) == 7)
        #expect(summary.total(\.trackedChats) == 12)
        #expect(summary.apps == 3)
        #expect(summary.replicas.first?.mongoPingMilliseconds == 0.04)
        #expect(summary.total(\.websockets) == 7)
        #expect(summary.total(\.errors) == 10)
        #expect(summary.deadCounters.isEmpty)
    }

    @Test("idle: counts are 0, ratios are missing and not 0")
    func idle() async throws {
        let report = try await look("idle")
        let readings = Dictionary(report.runtimeReadings.map { ($0.series.signal, $0.evidence) }) { first, _ in first }
        for signal in [Signal.activeRuns, .openRuns, .activeApps] {
            #expect(readings[signal] == .value(0), "\(signal)")
        }
        for signal in [Signal.errorRate, .turns, .tokens, .cost] {
            #expect(readings[signal]?.value == nil, "\(signal)")
        }
        #expect(report.summary.total(\.trackedChats) == 0)
        #expect(report.summary.apps == 0)
    }

    /// The tape of a recorded series.
    private func tape(_ polls: [FixtureTape.Poll]) -> Past {
        var settings = Crowd.settings()
        settings.interval = .seconds(1.5)
        settings.runtimes = [.init(name: FixtureTape.runtime, replicas: [FixtureTape.replica])]
        return Past(settings: settings, polls: polls.map(\.exchanges))
    }

    @Test("a tape of series-restart-at-poll-05 replays without a false spike, and without an incident")
    func restart() throws {
        let folder = TemporaryFolder()
        try Replay.write(tape(try FixtureTape.restart()), to: folder.path("a.tape"))
        let settings = tape([]).settings
        // Eager rules: whatever a restart made look like a rise would fire at once.
        let eager = try Crowd.policies {
            $0 = $0.replacing("for: 10s", with: "for: 0s").replacing(
                "active_runs.share > $noisy_share",
                with: "errors < 0/min or tokens < 0/min or turns < 0/min or errors > 600/min or tokens > 3000000/min "
                    + "or turns > 1200/min or run_starts > 600/min")
        }
        #expect(try Replay.tape(folder.path("a.tape"), settings, eager).isEmpty)
        #expect(try Replay.tape(folder.path("a.tape"), settings).isEmpty)
    }

    @Test("the eager rules of the restart's tape would see a spike")
    func restartSpike() throws {
        // The totals of the fifth poll as increments within a second and a half: what a naive difference shows.
        let eager = try Crowd.policies {
            $0 = $0.replacing("for: 10s", with: "for: 0s")
                .replacing("active_runs.share > $noisy_share", with: "turns > 0/min or errors > 0/min")
        }
        let folder = TemporaryFolder()
        try Replay.write(tape(try FixtureTape.series()), to: folder.path("a.tape"))
        #expect(try !Replay.tape(folder.path("a.tape"), tape([]).settings, eager).isEmpty)
    }

    @Test("counters that stay dead while runs come and go are called dead, one by one")
    func deadCounters() throws {
        let past = try Story(scenario: "dead-counters", minutes: 12).past()
        var pipeline = Pipeline(settings: past.settings, policies: .embeddedDefault)
        var summaries: [[Counter]] = []
        for index in past.indices {
            for observation in past.observations(index) { pipeline.take(observation) }
            guard let result = pipeline.tick(SimulatedPolls.runtimeName, now: past.now(index)),
                let report = pipeline.report(result)
            else { continue }
            summaries.append(report.summary.deadCounters)
        }
        #expect(Set(summaries.last ?? []) == [.errors, .tokens, .cost])
        let incident = try #require(Replay.direct(past).values.first { $0.rule == "dead-counters" })
        #expect(incident.severity == .info)
    }
}

/// The newest report of a core.
final class Reports: Sendable {
    private let box = Mutex<CycleReport?>(nil)

    func add(_ report: CycleReport) { box.withLock { $0 = report } }
    var last: CycleReport? { box.withLock { $0 } }
}
