import Model
import Testing
@testable import Signals

/// Dead counters, and what is counted by durations.
extension RunTests {
    @Test("each counter dies by itself after five ended runs and lives from its first movement on")
    func deadCounters() throws {
        let derived: [(Counter, [String])] = [
            (.errors, ["errors[1m]", "error_rate[1m]"]), (.turns, ["turns[1m]", "turn_latency.p95[1m]"]),
            (.tools, ["tool_calls[1m]"]), (.tokens, ["tokens[1m]"]), (.cost, ["cost[1m]"]),
        ]
        for (counter, signals) in derived {
            var watched = Watched()
            var process = FakeProcess()
            process.open("x", app: "a", at: -20)
            process.work(
                "x", turns: counter == .turns ? 0 : 1, tools: counter == .tools ? 0 : 1,
                errors: counter == .errors ? 0 : 1, prompt: counter == .tokens ? 0 : 1, cost: counter == .cost ? 0 : 1)
            try watched.perf(process, at: 0)
            for index in 0..<4 {
                process.open("e\(index)", app: "a", at: 1)
                process.end("e\(index)", at: 2)
            }
            try watched.perf(process, at: 30)
            for text in signals { #expect(try watched.app("a", text, at: 30) != .missing(.deadCounter), "\(text)") }
            process.end("x", at: 31)
            try watched.perf(process, at: 40)
            // Where tokens are counted five runs without an error are no dead counter.
            let reason: MissingReason = counter == .errors ? .tooLittleData : .deadCounter
            for text in signals {
                #expect(try watched.app("a", text, at: 40) == .missing(reason), "\(text)")
                #expect(try watched.runtime(text, at: 40) == .missing(reason), "\(text)")
            }
            #expect(try watched.runtime("dead_counters", at: 40) == .value(counter == .errors ? 0 : 1))
            #expect(watched.signals.summary.deadCounters == (counter == .errors ? [] : [counter]))
            #expect(watched.signals.summary.endedRuns == 5)
            // The others are not touched.
            #expect(try watched.app("a", "run_ends[1m]", at: 40).value != nil)
            process.work(
                "e0", turns: counter == .turns ? 6 : 0, tools: counter == .tools ? 6 : 0,
                errors: counter == .errors ? 6 : 0, completion: counter == .tokens ? 6 : 0,
                cost: counter == .cost ? 6 : 0)
            try watched.perf(process, at: 60)
            #expect(try watched.runtime("dead_counters", at: 60) == .value(0))
            if counter != .errors {
                #expect(try watched.app("a", signals[0], at: 60) == .value(counter == .cost ? 360 : 6), "\(signals[0])")
            }
        }
    }

    @Test("where tokens are counted it takes five hundred runs without an error to call that counter dead, elsewhere five")
    func errorsThatNeverCome() throws {
        for (ended, tokens, isDead) in [(499, 1, false), (500, 1, true), (5, 0, true)] as [(Int, Int64, Bool)] {
            var watched = Watched()
            var process = FakeProcess()
            for index in 0..<ended {
                process.open("e\(index)", app: "a", at: -20)
                process.work("e\(index)", turns: 1, prompt: tokens)
                process.end("e\(index)", at: -10)
            }
            try watched.perf(process, at: 0)
            #expect(watched.signals.summary.deadCounters.contains(.errors) == isDead, "\(ended) \(tokens)")
        }
    }

    @Test("runs that ended before we looked count for dead counters, and so do those of a process that is gone")
    func deadAtOnce() throws {
        var watched = Watched()
        try watched.perf(RunTests.dead, at: 0)
        #expect(watched.signals.summary.deadCounters == Counter.allCases)
        try watched.perf(FakeProcess(), at: 10)
        #expect(watched.signals.summary.deadCounters == Counter.allCases)
    }

    @Test("error_rate is dead when both of its denominators are, and has no traffic when neither moved")
    func errorRate() throws {
        var watched = Watched()
        var process = RunTests.dead
        process.work("dead0", errors: 1)
        try watched.perf(process, at: 0)
        process.work("dead0", errors: 1)
        try watched.perf(process, at: 60)
        #expect(try watched.app("w", "error_rate[1m]", at: 60) == .missing(.deadCounter))
        #expect(try watched.app("w", "errors[1m]", at: 60) == .value(1))
        process.work("dead0", turns: 4)
        try watched.perf(process, at: 120)
        #expect(try watched.app("w", "error_rate[1m]", at: 120) == .value(0))
        try watched.perf(process, at: 180)
        #expect(try watched.app("w", "error_rate[1m]", at: 180) == .missing(.noTraffic))
    }

    @Test("latency quantiles: one duration a moved turn counter, within one per cent", arguments: [100, 3_000])
    func latency(count: Int) throws {
        var watched = Watched()
        var process = FakeProcess()
        for index in 0..<count { process.open("c\(index)", app: "a", at: -20) }
        try watched.perf(process, at: 0)
        for index in process.chats.indices {
            process.chats[index].agentTurns += 1
            process.chats[index].lastTurnSeconds = Double(index + 1) * 10 / Double(count)
        }
        try watched.perf(process, at: 30)
        // Shown again, not counted again.
        try watched.perf(process, at: 60)
        for (text, expected) in [("p50", 5.0), ("p95", 9.5), ("p99", 9.9)] {
            let value = try watched.app("a", "turn_latency.\(text)[1m]", at: 60).number
            #expect(abs(value - expected) / expected < 0.01, "\(text)")
            #expect(try watched.runtime("turn_latency.\(text)[1m]", at: 60) == .value(value))
        }
        try watched.perf(process, at: 100)
        #expect(try watched.app("a", "turn_latency.p50[1m]", at: 100) == .missing(.noTraffic))
    }

    @Test(
        "bucket middles lie within 0.8 % of what falls into them",
        arguments: [1e-3, 0.01, 0.5, 0.999, 1, 1.5, 30, 9_999, 1e6])
    func buckets(seconds: Double) {
        let middle = LatencyBuckets.middle(LatencyBuckets.bucket(seconds))
        #expect(abs(middle - seconds) / seconds < 0.008)
    }

    @Test(
        "hostile durations land in the outermost buckets",
        arguments: [-1.0, 0, .nan, .infinity, 1e300, 1e-300, -.infinity])
    func hostileBuckets(seconds: Double) {
        #expect(Int(LatencyBuckets.bucket(seconds)) < LatencyBuckets.count)
        #expect(LatencyBuckets.middle(LatencyBuckets.bucket(seconds)).isFinite)
    }
}
