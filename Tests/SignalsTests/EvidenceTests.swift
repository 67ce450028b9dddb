import Model
import Testing

@testable import Signals

@Suite("Evidence and its absence")
struct EvidenceTests {
    static let all = Signal.allCases.map { SeriesRef(signal: $0) }

    @Test("before any sample nothing has a value but the interval, which is configured")
    func nothing() throws {
        var watched = Watched()
        let table = try watched.table(EvidenceTests.all, at: 0)
        for (slot, ref) in table.demand.enumerated() where ref.signal != .perfPolled {
            #expect(table.runtime(slot).reason != nil, "\(ref)")
        }
        #expect(table.apps.isEmpty)
        #expect(try watched.runtime("perf_interval", at: 0) == .value(10))
    }

    struct Case: CustomTestStringConvertible {
        let name: String
        let reason: MissingReason
        let up: Double
        /// In percent of the polls.
        let failures: Double
        var testDescription: String { name }
    }

    @Test(
        "a missing answer reads as its reason at once, also where windows still hold older answers",
        arguments: [
            Case(name: "401", reason: .unauthorized, up: 1, failures: 0),
            Case(name: "500", reason: .error(status: 500), up: 1, failures: 12.5),
            Case(name: "garbage", reason: .malformed, up: 1, failures: 0),
            Case(name: "refused", reason: .unreachable, up: 0, failures: 12.5),
        ])
    func reasons(example: Case) throws {
        var watched = Watched()
        var process = RunTests.alive
        process.open("x", app: "a", at: -5)
        for second in stride(from: 0.0, through: 60, by: 10) {
            try watched.health(at: second)
            try watched.events(5, at: second)
            try watched.perf(process, at: second)
        }
        #expect(try watched.app("a", "active_runs", at: 60) == .value(1))
        for endpoint in [Endpoint.health, .activeRuns, .events, .perf] {
            try watched.missing(endpoint, example.reason, at: 70)
        }
        let table = try watched.table(EvidenceTests.all, at: 70)
        let index = try #require(table.index(of: AppID("a")))
        // The gate counts by itself, whatever the runtime answers.
        #expect(try watched.runtime("health_failures[80s]", at: 70) == .value(example.failures))
        for (slot, ref) in table.demand.enumerated() where !ref.signal.isOfGate {
            let subjects = ref.signal.info.subjects
            switch ref.signal {
            case .up: #expect(table.runtime(slot) == .value(example.up))
            case .perfPolled: #expect(table.runtime(slot) == .value(10))
            // Missing answers are its evidence: of eight polls one failed, where it was a failure and not a refusal. Eight
            // are too few for five minutes.
            case .healthFailures, .lostPolls: #expect(table.runtime(slot) == .missing(.tooLittleData), "\(ref)")
            // Whatever it said, and a refusal too: it came back.
            case .lineLoss: #expect(table.runtime(slot) == .value(0))
            // Of the extension, and of a page that nobody asks for.
            case .loopLag, .metric, .metricSeries: #expect(table.runtime(slot) == .missing(.notTracked))
            case _ where subjects.contains(.runtime): #expect(table.runtime(slot) == .missing(example.reason), "\(ref)")
            default: break
            }
            if subjects.contains(.app) { #expect(table.app(index, slot) == .missing(example.reason), "\(ref)") }
        }
        try watched.perf(process, at: 80)
        #expect(try watched.app("a", "active_runs", at: 80) == .value(1))
    }

    @Test("a value stands for three intervals, at least two minutes, and is stale afterwards")
    func stale() throws {
        var watched = Watched()
        try watched.health(at: 0)
        try watched.perf(RunTests.alive, at: 0)
        #expect(try watched.runtime("websockets", at: 120) == .value(7))
        #expect(try watched.runtime("open_runs", at: 120) == .value(0))
        #expect(try watched.runtime("websockets", at: 120.001) == .missing(.stale))
        #expect(try watched.runtime("open_runs", at: 121) == .missing(.stale))
        #expect(try watched.runtime("up", at: 121) == .missing(.stale))
        #expect(try watched.app("w", "turns", at: 121) == .missing(.stale))
    }

    @Test("max_gap follows how often polls really come, and what they cost")
    func effectiveInterval() throws {
        var watched = Watched()
        for step in 0..<6 { try watched.perf(RunTests.alive, at: Double(step) * 300) }
        // As from cron, every five minutes.
        #expect(try watched.runtime("perf_interval", at: 1_500) == .value(300))
        #expect(watched.signals.effectiveInterval(of: .perf) == .minutes(5))
        #expect(try watched.runtime("open_runs", at: 1_500 + 900) == .value(0))
        #expect(try watched.runtime("open_runs", at: 1_500 + 901) == .missing(.stale))
        var costly = Watched()
        for step in 0..<3 { try costly.ingest(.perf(RunTests.alive.table(at: 0)), at: Double(step), elapsed: 4_900) }
        #expect(try costly.runtime("perf_interval", at: 3) == .value(245))
        #expect(try costly.runtime("perf_seconds", at: 3) == .value(4.9))
        // Waiting only adds: one quick answer proves that it is quick.
        try costly.ingest(.perf(RunTests.alive.table(at: 0)), at: 4, elapsed: 50)
        #expect(costly.signals.pollingBudget(of: Watched.url).effective == costly.signals.pollingBudget(of: Watched.url).interval)
    }

    @Test("what other endpoints wait for, too, is not the cost of this one", arguments: [(3_900.0, 5.0), (10, 195)])
    func busyLoop(health: Double, interval: Double) throws {
        var watched = Watched()
        for step in 0..<4 {
            let begin = Double(step) * 200
            try watched.health(at: begin, elapsed: health)
            try watched.ingest(.perf(RunTests.alive.table(at: 0)), at: begin + 3.9, elapsed: 3_900)
        }
        let budget = watched.signals.pollingBudget(of: Watched.url)
        #expect(budget.effective == max(budget.interval, TimeSpan(milliseconds: Int64(interval * 1_000))))
    }

    @Test("up: an answer on any endpoint counts, until a failure elsewhere is more than an interval younger")
    func up() throws {
        var watched = Watched()
        try watched.missing(.health, .unreachable, at: 30)
        #expect(try watched.runtime("up", at: 30) == .value(0))
        try watched.perf(RunTests.alive, at: 30.1)
        #expect(try watched.runtime("up", at: 31) == .value(1))
        #expect(try watched.runtime("healthy", at: 31) == .missing(.unreachable))
        try watched.missing(.health, .unreachable, at: 40)
        #expect(try watched.runtime("up", at: 40) == .value(1))
        try watched.missing(.health, .unreachable, at: 50)
        #expect(try watched.runtime("up", at: 50) == .value(0))
    }

    @Test("an unhealthy runtime is a value; unauthorized is not")
    func health() throws {
        var watched = Watched()
        try watched.health(false, at: 0)
        #expect(try watched.runtime("healthy", at: 0) == .value(0))
        #expect(try watched.runtime("health_latency", at: 0) == .value(0.01))
        #expect(try watched.runtime("mongodb_latency", at: 0) == .value(0.004))
        try watched.missing(.health, .unauthorized, at: 10)
        #expect(try watched.runtime("healthy", at: 10) == .missing(.unauthorized))
        #expect(try watched.runtime("up", at: 10) == .value(1))
    }

    @Test("two of three polls are no two thirds of ten minutes: most of a window must have been polled")
    func healthFailuresOfAWholeWindow() throws {
        var watched = Watched()
        watched.signals.options.longestWindow = .minutes(10)
        for poll in 0..<60 {
            let second = Double(poll) * 10
            if poll % 3 == 0 { try watched.health(at: second) } else { try watched.missing(.health, .unreachable, at: second) }
            if poll == 12 { #expect(try watched.runtime("health_failures[10m]", at: second) == .missing(.tooLittleData)) }
        }
        #expect(abs(try watched.runtime("health_failures[10m]", at: 590).number - 66.7) < 1.5)
    }

    @Test("a poll that was broken off by us says nothing")
    func cancelled() throws {
        var watched = Watched()
        try watched.health(at: 0)
        try watched.missing(.health, .stale, at: 10)
        #expect(try watched.runtime("healthy", at: 10) == .value(1))
    }

    @Test(
        "an app stays a subject with count 0 for a day after it was last seen, and its place goes to the next one clean"
    )
    func lifetime() throws {
        var watched = Watched()
        var process = FakeProcess()
        process.open("x", app: "zz", at: -5)
        process.work("x", turns: 5)
        try watched.perf(process, at: 0)
        process.work("x", turns: 5)
        try watched.perf(process, at: 10)
        let day = 86_400.0
        try watched.perf(FakeProcess(), at: 20)
        #expect(try watched.app("zz", "open_runs", at: 20) == .value(0))
        for second in stride(from: day - 120, through: day + 10, by: 10) { try watched.perf(FakeProcess(), at: second) }
        #expect(try watched.app("zz", "open_runs", at: day + 10) == .value(0))
        try watched.perf(FakeProcess(), at: day + 20)
        #expect(try watched.table([], at: day + 20).apps.isEmpty)
        var next = FakeProcess()
        next.open("y", app: "aa", at: day + 21)
        next.work("y", turns: 1)
        try watched.perf(next, at: day + 30)
        #expect(try watched.table([], at: day + 30).apps == [AppID("aa")])
        #expect(abs(try watched.app("aa", "turns[1m]", at: day + 30).number - 1) < 1e-9)
    }

    @Test("apps are sorted by bytes, and ids that look alike are two apps")
    func order() throws {
        var watched = Watched()
        var process = FakeProcess()
        for id in ["é", "e\u{301}", "b", "a", "Z", "日本"] {
            process.open("c" + id.utf8.map { "\($0)" }.joined(), app: id, at: -5)
        }
        process.apps = ["é", "e\u{301}", "b", "a", "Z", "日本"].map { AppID($0) }
        for index in process.chats.indices { process.chats[index].app = UInt32(index) }
        try watched.perf(process, at: 0)
        let table = try watched.table([series("open_runs")], at: 0)
        #expect(table.apps == ["Z", "a", "b", "e\u{301}", "é", "日本"].map { AppID($0) })
        for index in table.apps.indices { #expect(table.app(index, 0) == .value(1)) }
    }

    @Test("samples of another runtime are left alone")
    func otherRuntime() throws {
        var watched = Watched()
        try watched.ingest(
            Sample(
                at: FakeProcess.at(0), runtime: "else", replica: Watched.url,
                content: .perf(RunTests.alive.table(at: 0))))
        #expect(try watched.table([], at: 0).apps.isEmpty)
    }
}

extension EvidenceTests {
    @Test("totals that no body can hold are cut: sums over replicas do not overflow")
    func hugeTotals() throws {
        let urls = ["http://127.0.0.1:8000", "http://127.0.0.1:8001"]
        var watched = Watched(SignalOptions(replicas: urls))
        var table = PerfTable()
        table.totals = PerfTotals(
            activeChats: .max, trackedChats: .max, agentTurns: .max, toolCalls: .max, errors: .max, promptTokens: .max,
            completionTokens: .min, cost: 1)
        for url in urls { try watched.ingest(.perf(table), at: 0, replica: url) }
        let summary = watched.signals.summary
        #expect(summary.total(\.errors) == 1 << 54)
        #expect(summary.total(\.trackedChats) == 1 << 54)
        #expect(summary.total(\.completionTokens) == 0)
    }
}
