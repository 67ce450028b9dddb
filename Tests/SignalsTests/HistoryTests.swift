import Model
import Testing

@testable import Signals

@Suite("Functions over minutes")
struct HistoryTests {
    /// Polls every 10 s from `from` on for some minutes; `work` gives the turns of each minute (counted from 0).
    static func feed(
        _ watched: inout Watched, _ process: inout FakeProcess, minutes: Range<Int>, tick: Bool = true,
        turns: (Int) -> Int64?
    ) throws {
        for minute in minutes {
            for step in 1...6 {
                let second = Double(minute * 60 + step * 10)
                guard let count = turns(minute) else { continue }
                if step == 3 { process.work("x", turns: count) }
                try watched.perf(process, at: second)
            }
            if tick { _ = try watched.runtime("turns", at: Double(minute * 60 + 60)) }
        }
    }

    static func prepared(_ demand: [String]) throws -> (Watched, FakeProcess) {
        var watched = Watched()
        for text in demand { watched.signals.options.retain(for: [series(text)]) }
        var process = RunTests.alive
        process.open("x", app: "a", at: -5)
        process.work("x", turns: 1, turnSeconds: 2)
        try watched.perf(process, at: 0)
        return (watched, process)
    }

    @Test("avg, min, max and rise over minutes, idle ones counting as zero")
    func functions() throws {
        let demand = ["avg(turns[9m])", "min(turns[9m])", "max(turns[9m])", "rise(turns[9m])", "avg(open_runs[9m])"]
        var (watched, process) = try HistoryTests.prepared(demand)
        let turns: [Int64] = [2, 0, 4, 0, 0, 0, 6, 6, 6]
        try HistoryTests.feed(&watched, &process, minutes: 0..<9) { turns[$0] }
        let expected: [Double] = [24.0 / 9, 0, 6, 3, 1]
        let table = try watched.table(demand.map(series), at: 545)
        let index = try #require(table.index(of: AppID("a")))
        let idle = try #require(table.index(of: AppID("w")))
        for (slot, value) in expected.enumerated() {
            #expect(abs(table.app(index, slot).number - value) < 1e-9, "\(demand[slot])")
            #expect(abs(table.runtime(slot).number - value) < 1e-9, "\(demand[slot])")
        }
        #expect(table.app(idle, 0) == .value(0))
        #expect(table.app(idle, 3) == .value(1))
        #expect(table.app(idle, 4) == .value(0))
    }

    @Test("rise from nothing is infinite; without a first or last third it is missing")
    func rise() throws {
        var (watched, process) = try HistoryTests.prepared(["rise(turns[9m])"])
        try HistoryTests.feed(&watched, &process, minutes: 0..<6) { _ in 0 }
        #expect(try watched.app("a", "rise(turns[9m])", at: 365) == .missing(.tooLittleData))
        try HistoryTests.feed(&watched, &process, minutes: 6..<9) { _ in 5 }
        #expect(try watched.app("a", "rise(turns[9m])", at: 545) == .value(.infinity))
    }

    @Test("a minute without evidence is missing, not zero")
    func gap() throws {
        var (watched, process) = try HistoryTests.prepared(["avg(turns[6m])"])
        try HistoryTests.feed(&watched, &process, minutes: 0..<6) { $0 < 2 || $0 == 5 ? 6 : nil }
        // Minutes 2, 3 and 4 were not watched. Of minute 5, fifty seconds were.
        let expected = (12.0 + 7.2) / 3
        #expect(abs(try watched.app("a", "avg(turns[6m])", at: 365).number - expected) < 1e-9)
        #expect(abs(try watched.runtime("avg(turns[6m])", at: 365).number - expected) < 1e-9)
    }

    @Test("a ratio's minutes without traffic are skipped; without any traffic there is none to average")
    func ratios() throws {
        let demand = ["avg(error_rate[4m])", "avg(turn_latency.p95[4m])"]
        var (watched, process) = try HistoryTests.prepared(demand)
        try HistoryTests.feed(&watched, &process, minutes: 0..<1) { _ in 0 }
        process.work("x", errors: 1)
        try HistoryTests.feed(&watched, &process, minutes: 1..<4) { $0 == 1 ? 4 : 0 }
        #expect(try watched.app("a", demand[0], at: 245) == .value(25))
        #expect(abs(try watched.app("a", demand[1], at: 245).number - 1) < 0.01)
        #expect(try watched.app("w", demand[0], at: 245) == .missing(.noTraffic))
    }

    @Test("baseline: the median of non-zero minutes before the window, and thirty of them at least")
    func baseline() throws {
        let text = "baseline(turns[1h]-5m)"
        var (watched, process) = try HistoryTests.prepared([text])
        try HistoryTests.feed(&watched, &process, minutes: 0..<58) { $0 % 2 == 0 ? Int64($0 + 2) : 0 }
        #expect(try watched.app("a", text, at: 3_485) == .missing(.tooLittleData))
        // A spike in the last five minutes does not raise its own baseline.
        try HistoryTests.feed(&watched, &process, minutes: 58..<65) { $0 < 60 ? 100 : 9_000 }
        // Minutes 5 to 59: 6, 8, …, 58 (27 of them), 100, 100, of which thirty are needed.
        #expect(try watched.app("a", text, at: 3_905) == .missing(.tooLittleData))
        var (dense, busy) = try HistoryTests.prepared([text])
        try HistoryTests.feed(&dense, &busy, minutes: 0..<65) { $0 < 60 ? Int64($0 + 1) : 9_000 }
        // Minutes 5 to 59 have 6 to 60 turns.
        #expect(try dense.app("a", text, at: 3_905) == .value(33))
        #expect(try dense.runtime(text, at: 3_905) == .value(33))
    }

    @Test("dead counters make a function missing for that reason")
    func dead() throws {
        var watched = Watched()
        watched.signals.options.retain(for: [series("avg(errors[3m])")])
        var process = RunTests.dead
        process.open("x", app: "a", at: -5)
        for second in stride(from: 0.0, through: 240, by: 10) { try watched.perf(process, at: second) }
        #expect(try watched.app("a", "avg(errors[3m])", at: 245) == .missing(.deadCounter))
        #expect(try watched.runtime("avg(errors[3m])", at: 245) == .missing(.deadCounter))
        #expect(try watched.app("a", "avg(open_runs[3m])", at: 245).reason == .tooLittleData)
    }

    @Test(
        "of a minute in which nothing was read no last value is seen, though it stands for some intervals; and it is known when evidence ended"
    )
    func outage() throws {
        var (watched, process) = try HistoryTests.prepared([])
        try HistoryTests.feed(&watched, &process, minutes: 0..<3) { _ in 1 }
        for second in stride(from: 190.0, through: 600, by: 10) { try watched.missing(.perf, .unreachable, at: second) }
        _ = try watched.runtime("turns", at: 600)
        let rows = Array(watched.signals.drainClosedMinutes().filter { $0.app == nil }.prefix(6))
        let held = rows.map { $0.readings[Int(Signal.openRuns.rawValue)].value != nil }
        #expect(held == [true, true, true, true, true, false], "what a rule may still go by")
        for signal in [Signal.openRuns, .activeRuns] {
            #expect(rows.map { $0.seen(signal).value != nil } == [true, true, true, false, false, false], "\(signal)")
            #expect(rows[3].seen(signal) == .missing(.unreachable))
        }
        #expect(watched.signals.summary.replicas[0].heardAt == [.perf: FakeProcess.at(180)])
    }

    @Test("increments of an interval are spread over the minutes it spans")
    func spread() throws {
        var (watched, process) = try HistoryTests.prepared(["max(turns[3m])"])
        try watched.perf(process, at: 30)
        process.work("x", turns: 60)
        try watched.perf(process, at: 150)
        try watched.perf(process, at: 200)
        _ = try watched.runtime("turns", at: 200)
        let rows = watched.signals.drainClosedMinutes().filter { $0.app == AppID("a") }
        #expect(rows.map(\.sums.turns) == [15, 30, 15])
        #expect(try watched.app("a", "max(turns[3m])", at: 200) == .value(30))
    }

    @Test("closed minutes come out once, in order, the runtime before apps, idle apps not at all")
    func rows() throws {
        var (watched, process) = try HistoryTests.prepared([])
        try HistoryTests.feed(&watched, &process, minutes: 0..<3) { $0 == 1 ? 5 : 0 }
        process.end("x", at: 181)
        try HistoryTests.feed(&watched, &process, minutes: 3..<5) { _ in 0 }
        let rows = watched.signals.drainClosedMinutes()
        let first = FakeProcess.at(0).minute
        #expect(rows.map(\.minute) == [0, 0, 1, 1, 2, 2, 3, 3, 4].map { first + $0 })
        #expect(rows.map(\.app) == [nil, "a", nil, "a", nil, "a", nil, "a", nil].map { $0.map { AppID($0) } })
        #expect(rows[3].sums.turns == 5)
        #expect(rows[3].latencies.map(\.count) == [1])
        #expect(rows[7].sums.ends == 1)
        #expect(watched.signals.drainClosedMinutes().isEmpty)
        for row in rows { #expect(try MinuteRow(decoding: row.encoded()) == row) }
    }

    @Test("a monitor that was off for long does not count every minute of it")
    func longPause() throws {
        var (watched, process) = try HistoryTests.prepared(["avg(turns[5m])"])
        try HistoryTests.feed(&watched, &process, minutes: 0..<3) { _ in 6 }
        let week = 10_080
        try HistoryTests.feed(&watched, &process, minutes: week..<week + 6) { _ in 12 }
        #expect(try watched.app("a", "avg(turns[5m])", at: Double(week * 60 + 365)) == .value(12))
        #expect(watched.signals.drainClosedMinutes().count < 400)
    }

    @Test("the value moves when a minute closes and not before, and a plain reading keeps moving")
    func stepwise() throws {
        var (watched, process) = try HistoryTests.prepared(["avg(turns[3m])"])
        try HistoryTests.feed(&watched, &process, minutes: 0..<3) { _ in 6 }
        #expect(try watched.app("a", "avg(turns[3m])", at: 180) == .value(6))
        process.work("x", turns: 100)
        try watched.perf(process, at: 190)
        #expect(try watched.app("a", "avg(turns[3m])", at: 190) == .value(6))
        #expect(try watched.app("a", "turns[1m]", at: 190).number > 90)
    }

    @Test("an unknown minute of a gauge is skipped by its functions")
    func unknownGauge() throws {
        var watched = Watched()
        watched.signals.options.retain(for: [series("max(active_runs[30m])")])
        var process = RunTests.alive
        process.open("ghost", app: "a", at: -5_000)
        for second in stride(from: 0.0, through: 300, by: 10) { try watched.perf(process, at: second) }
        #expect(try watched.app("a", "max(active_runs[30m])", at: 300) == .missing(.tooLittleData))
        for second in stride(from: 310.0, through: 780, by: 10) { try watched.perf(process, at: second) }
        #expect(try watched.app("a", "max(active_runs[30m])", at: 780) == .value(0))
    }
}
