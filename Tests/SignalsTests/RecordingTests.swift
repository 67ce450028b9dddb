import Collector
import Model
import TestKit
import Testing

@testable import Signals

@Suite("Recorded runtimes")
struct RecordingTests {
    static func feed(
        _ watched: inout Watched, _ folder: String, _ poll: String, at second: Double,
        _ endpoints: [(Endpoint, String)] = [(.health, "health"), (.activeRuns, "active-runs"), (.perf, "aggregate")]
    ) throws {
        for (endpoint, name) in endpoints {
            let answer = try Fixtures.answer("\(folder)/\(poll)\(name)")
            let at = (answer.date ?? FakeProcess.at(0)) + .seconds(1)
            try watched.ingest(
                Sample(
                    at: max(at, FakeProcess.at(second)), runtime: "shared", replica: Watched.url,
                    elapsedMilliseconds: 3, date: answer.date, content: Decoder.decode(answer, of: endpoint)))
        }
    }

    /// Seconds after `FakeProcess.start` at which the recording of a poll's perf answer is taken in.
    static func moment(_ folder: String, _ poll: Int) throws -> Double {
        let answer = try Fixtures.answer("\(folder)/\(two(poll))-aggregate")
        let date = try #require(answer.date)
        return Double(date.milliseconds - FakeProcess.start) / 1_000 + 1
    }

    static func two(_ poll: Int) -> String { poll < 10 ? "0\(poll)" : "\(poll)" }

    static func totals(_ folder: String, _ poll: Int) throws -> PerfTotals {
        let answer = try Fixtures.answer("\(folder)/\(two(poll))-aggregate")
        guard case .perf(let table) = Decoder.decode(answer, of: .perf) else { return try #require(nil) }
        return try #require(table.totals)
    }

    @Test("series: rates are the growth of the totals over the time they took")
    func series20() throws {
        let folder = "series"
        var watched = Watched()
        for poll in 0..<20 {
            try RecordingTests.feed(&watched, folder, RecordingTests.two(poll) + "-", at: 0)
            guard poll >= 12 else { continue }
            let now = try RecordingTests.moment(folder, poll)
            let minutes = (now - (try RecordingTests.moment(folder, 0))) / 60
            let totals = try RecordingTests.totals(folder, poll)
            let tokens = Double((totals.promptTokens ?? 0) + (totals.completionTokens ?? 0))
            #expect(
                abs(try watched.runtime("turns[5m]", at: now).number - Double(totals.agentTurns ?? 0) / minutes) < 1e-6)
            #expect(
                abs(try watched.runtime("tool_calls[5m]", at: now).number - Double(totals.toolCalls ?? 0) / minutes)
                    < 1e-6)
            #expect(
                abs(try watched.runtime("errors[5m]", at: now).number - Double(totals.errors ?? 0) / minutes) < 1e-6)
            #expect(abs(try watched.runtime("tokens[5m]", at: now).number - tokens / minutes) < 1e-4)
            #expect(abs(try watched.runtime("cost[5m]", at: now).number - (totals.cost ?? 0) * 60 / minutes) < 1e-6)
            #expect(
                abs(try watched.runtime("run_starts[5m]", at: now).number - Double(totals.trackedChats ?? 0) / minutes)
                    < 1e-6)
            #expect(try watched.runtime("open_runs", at: now) == .value(Double(totals.activeChats ?? -1)))
            #expect(try watched.runtime("active_runs", at: now) == .value(Double(totals.activeChats ?? -1)))
            #expect(try watched.runtime("restarts[5m]", at: now) == .value(0))
        }
        #expect(watched.signals.summary.deadCounters.isEmpty)
        #expect(watched.signals.summary.liveCounters == Counter.allCases)
        #expect(watched.signals.summary.replicas[0].stubNote == "Registry tracking disabled for simplicity")
    }

    @Test("series: the apps add up to the runtime")
    func appsAddUp() throws {
        var watched = Watched()
        for poll in 0..<20 { try RecordingTests.feed(&watched, "series", RecordingTests.two(poll) + "-", at: 0) }
        let now = try RecordingTests.moment("series", 19)
        let demand = ["turns[1m]", "tokens[1m]", "cost[1m]", "run_starts[1m]", "active_runs", "active_runs.share"].map {
            series($0)
        }
        let table = try watched.table(demand, at: now)
        for slot in 0..<5 {
            let sum = table.apps.indices.map { table.app($0, slot).number }.reduce(0, +)
            #expect(abs(sum - table.runtime(slot).number) < 1e-6, "\(demand[slot])")
        }
        #expect(abs(table.apps.indices.map { table.app($0, 5).number }.reduce(0, +) - 100) < 1e-9)
    }

    @Test("series-restart-at-poll-05: one restart, and no rate beyond what the polls between really grew")
    func restartSeries() throws {
        let folder = "series-restart-at-poll-05"
        var options = SignalOptions(replicas: [Watched.url])
        options.window = .seconds(10)
        var watched = Watched(options)
        var mostPerPoll = 0.0
        var sum = 0.0
        for poll in 0..<10 {
            try RecordingTests.feed(&watched, folder, RecordingTests.two(poll) + "-", at: 0)
            let totals = try RecordingTests.totals(folder, poll)
            let before = poll > 0 ? try RecordingTests.totals(folder, poll - 1) : PerfTotals(agentTurns: 0)
            let grown = poll == 5 ? 0 : Double(totals.agentTurns ?? 0) - Double(before.agentTurns ?? 0)
            mostPerPoll = max(mostPerPoll, grown)
            sum += grown
            guard poll >= 2 else { continue }
            let now = try RecordingTests.moment(folder, poll)
            let turns = try watched.runtime("turns", at: now).number
            // A poll takes a second or more.
            #expect(turns >= 0 && turns <= mostPerPoll * 60, "poll \(poll): \(turns)")
            #expect(try watched.runtime("open_runs", at: now) == .value(Double(totals.activeChats ?? -1)))
        }
        let now = try RecordingTests.moment(folder, 9)
        let minutes = (now - (try RecordingTests.moment(folder, 0))) / 60
        #expect(abs(try watched.runtime("turns[1m]", at: now).number - sum / minutes) < 1e-6)
        #expect(try watched.runtime("restarts[1m]", at: now) == .value(1))
        #expect(!watched.signals.summary.replicas[0].answersForSeveralProcesses)
    }

    static let rest: [(Endpoint, String)] = [
        (.health, "health"), (.activeRuns, "active-runs"), (.events, "events-metrics"), (.perf, "aggregate"),
    ]

    @Test("busy: what a single look shows")
    func busy() throws {
        var watched = Watched()
        try RecordingTests.feed(&watched, "busy", "", at: 0, RecordingTests.rest)
        let summary = watched.signals.summary
        let replica = try #require(summary.replicas.first)
        #expect(replica.openChats == 7)
        #expect(replica.trackedChats == 12)
        #expect(replica.appCount == 3)
        #expect(summary.apps == 3)
        #expect(replica.errors == 10)
        #expect(replica.websockets == 7)
        #expect(replica.mongoPingMilliseconds != nil)
        #expect(replica.usageDelta == 2)
        #expect(summary.total(\.websockets) == 7)
        #expect(summary.deadCounters.isEmpty)
        let now = Double(watched.signals.newestAt - FakeProcess.start) / 1_000
        #expect(try watched.runtime("open_runs", at: now) == .value(7))
        #expect(try watched.runtime("websockets", at: now) == .value(7))
        #expect(try watched.runtime("error_rate", at: now) == .missing(.tooLittleData))
        #expect(try watched.app("app-clinic", "error_rate", at: now) == .missing(.tooLittleData))
        #expect(try watched.runtime("up", at: now) == .value(1))
        #expect(try watched.runtime("healthy", at: now) == .value(1))
    }

    @Test("idle: counts are 0 and ratios are missing, not 0")
    func idle() throws {
        var watched = Watched()
        for second in stride(from: 0.0, through: 60, by: 20) {
            for (endpoint, name) in RecordingTests.rest {
                let answer = try Fixtures.answer("idle/" + name)
                try watched.ingest(Decoder.decode(answer, of: endpoint), at: second)
            }
        }
        for text in [
            "open_runs", "active_runs", "stalled_runs", "active_apps", "websockets", "run_starts[1m]", "turns[1m]",
        ] {
            #expect(try watched.runtime(text, at: 60) == .value(0), "\(text)")
        }
        for text in ["error_rate[1m]", "turn_latency.p95[1m]"] {
            #expect(try watched.runtime(text, at: 60) == .missing(.noTraffic), "\(text)")
        }
        #expect(try watched.runtime("silent_runs.share[1m]", at: 60) == .missing(.tooLittleData))
    }

    @Test("poison: both perf endpoints say 500 while health answers")
    func poison() throws {
        var watched = Watched()
        try RecordingTests.feed(&watched, "busy", "", at: 0, RecordingTests.rest)
        let now = Double(watched.signals.newestAt - FakeProcess.start) / 1_000 + 10
        let answer = try Fixtures.answer("errors/aggregate-nan-cost-500")
        try watched.health(at: now)
        try watched.ingest(Decoder.decode(answer, of: .perf), at: now)
        #expect(try watched.runtime("open_runs", at: now) == .missing(.error(status: 500)))
        #expect(try watched.runtime("healthy", at: now) == .value(1))
        #expect(watched.signals.summary.replicas[0].missing[.perf] == .error(status: 500))
    }
}
