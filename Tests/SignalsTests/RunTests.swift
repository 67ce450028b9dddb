import Model
import Testing

@testable import Signals

@Suite("Open, active, stalled and silent runs; dead counters")
struct RunTests {
    /// Counters alive: an ended chat that shows them all.
    static var alive: FakeProcess {
        var process = FakeProcess()
        process.open("warm", app: "w", at: -5_000)
        process.work("warm", turns: 9, tools: 9, errors: 1, prompt: 10, completion: 10, cost: 0.1)
        process.end("warm", at: -4_900)
        return process
    }

    /// Counters dead: five ended chats that show none.
    static var dead: FakeProcess {
        var process = FakeProcess()
        for index in 0..<5 {
            process.open("dead\(index)", app: "w", at: -5_000)
            process.end("dead\(index)", at: -4_900)
        }
        return process
    }

    static func feed(_ watched: inout Watched, _ process: FakeProcess, from: Double, to: Double) throws {
        for second in stride(from: from, through: to, by: 30) { try watched.perf(process, at: second) }
    }

    @Test(
        "a young run is active; an old one that was not watched makes the count missing; watched without progress it is stalled"
    )
    func ghost() throws {
        var watched = Watched()
        var process = RunTests.alive
        process.open("young", app: "b", at: -30)
        process.open("ghost", app: "a", at: -3_000)
        try RunTests.feed(&watched, process, from: 0, to: 0)
        #expect(try watched.app("a", "active_runs", at: 0) == .missing(.tooLittleData))
        #expect(try watched.app("a", "open_runs", at: 0) == .value(1))
        #expect(try watched.app("b", "active_runs", at: 0) == .value(1))
        #expect(try watched.runtime("active_runs", at: 0) == .missing(.tooLittleData))
        try RunTests.feed(&watched, process, from: 30, to: 570)
        #expect(try watched.app("a", "stalled_runs", at: 570) == .missing(.tooLittleData))
        // Ten minutes old now, and thirty seconds short of ten minutes watched.
        #expect(try watched.app("b", "active_runs", at: 570) == .missing(.tooLittleData))
        try RunTests.feed(&watched, process, from: 600, to: 600)
        #expect(try watched.app("a", "active_runs", at: 600) == .value(0))
        #expect(try watched.app("a", "stalled_runs", at: 600) == .value(1))
        #expect(try watched.app("b", "stalled_runs", at: 600) == .value(1))
        // One turn wakes the ghost, for as long again.
        process.work("ghost", turns: 1)
        try RunTests.feed(&watched, process, from: 630, to: 630)
        #expect(try watched.app("a", "active_runs", at: 630) == .value(1))
        try RunTests.feed(&watched, process, from: 660, to: 1_230)
        #expect(try watched.app("a", "active_runs", at: 1_230) == .value(0))
        #expect(try watched.app("a", "stalled_runs", at: 1_230) == .value(1))
    }

    @Test("a run watched from its start stalls at stalled_after without an unknown moment")
    func watchedFromStart() throws {
        var watched = Watched()
        var process = RunTests.alive
        try watched.perf(process, at: 0)
        process.open("x", app: "a", at: 5)
        for second in stride(from: 30.0, through: 900, by: 30) {
            try watched.perf(process, at: second)
            #expect(try watched.app("a", "active_runs", at: second) == .value(second < 605 ? 1 : 0))
            #expect(try watched.app("a", "stalled_runs", at: second) == .value(second < 605 ? 0 : 1))
        }
    }

    @Test("with dead counters the young ones are active, and stalled_runs is missing")
    func blind() throws {
        var watched = Watched()
        var process = RunTests.dead
        process.open("young", app: "a", at: -30)
        process.open("old", app: "a", at: -3_000)
        try watched.perf(process, at: 0)
        #expect(try watched.app("a", "active_runs", at: 0) == .value(1))
        #expect(try watched.runtime("active_runs", at: 0) == .value(1))
        #expect(try watched.app("a", "stalled_runs", at: 0) == .missing(.deadCounter))
        #expect(try watched.app("a", "open_runs", at: 0) == .value(2))
        #expect(try watched.runtime("dead_counters", at: 0) == .value(5))
    }

    /// Health with so many websockets, and the figures behind it.
    private static func poll(_ watched: inout Watched, _ process: FakeProcess, sockets: Int64, at second: Double) throws {
        try watched.ingest(
            .health(Health(isHealthy: true, mongoPingMilliseconds: 4, websocketConnections: sockets)), at: second - 1)
        try watched.perf(process, at: second)
    }

    @Test(
        "runs grew and websockets did not: whose are ghosts is not known, however many idle websockets are open",
        arguments: [(0, true), (9, true), (24, false), (30, false)])
    func unmatched(brought: Int, isContradictory: Bool) throws {
        var watched = Watched()
        var process = RunTests.dead
        for index in 0..<20 { process.open("u\(index)", app: "usual\(index % 4)", at: -300) }
        try RunTests.poll(&watched, process, sockets: 99, at: 0)
        try RunTests.poll(&watched, process, sockets: 100, at: 30)
        #expect(try watched.app("usual1", "active_runs", at: 30) == .value(5))
        for index in 0..<30 { process.open("n\(index)", app: "new", at: 40) }
        for second in stride(from: 60.0, through: 240, by: 30) {
            try RunTests.poll(&watched, process, sockets: 100 + Int64(brought), at: second)
        }
        let own = try watched.app("new", "active_runs", at: 240)
        #expect(own == (isContradictory ? .missing(.contradictory) : .value(30)))
        #expect(try watched.app("new", "active_runs.share", at: 240).value == (isContradictory ? nil : 60))
        // Of the whole it is known how many can be running.
        #expect(try watched.runtime("active_runs", at: 240) == .value(isContradictory ? 20 + Double(brought) + 1 : 50))
    }

    @Test("idle websockets that close while a tenant grows hide him only until the runs of that time are over")
    func idleSocketsClose() throws {
        var watched = Watched()
        var process = RunTests.dead
        for index in 0..<20 { process.open("u\(index)", app: "usual\(index % 4)", at: -300) }
        try RunTests.poll(&watched, process, sockets: 99, at: 0)
        try RunTests.poll(&watched, process, sockets: 100, at: 30)
        for index in 0..<30 { process.open("n\(index)", app: "new", at: 40) }
        // Thirty came and sixty went.
        for second in [60.0, 90] { try RunTests.poll(&watched, process, sockets: 70, at: second) }
        #expect(try watched.app("new", "active_runs", at: 90) == .missing(.contradictory))
        for index in 0..<30 {
            process.end("n\(index)", at: 110)
            process.open("m\(index)", app: "new", at: 120)
        }
        for second in [150.0, 180] { try RunTests.poll(&watched, process, sockets: 70, at: second) }
        #expect(try watched.app("new", "active_runs", at: 180) == .value(30))
    }

    @Test("while it cannot be told whether counters live, the young ones are active and old ones unknown as stalled")
    func undecided() throws {
        var watched = Watched()
        var process = FakeProcess()
        process.open("young", app: "a", at: -30)
        try watched.perf(process, at: 0)
        #expect(try watched.app("a", "stalled_runs", at: 0) == .value(0))
        process.open("old", app: "a", at: -3_000)
        try watched.perf(process, at: 10)
        #expect(try watched.app("a", "active_runs", at: 10) == .value(1))
        #expect(try watched.app("a", "stalled_runs", at: 10) == .missing(.tooLittleData))
        #expect(try watched.runtime("dead_counters", at: 10) == .value(0))
    }

    @Test("share, active apps and the busiest user")
    func shares() throws {
        var watched = Watched()
        var process = RunTests.alive
        for index in 0..<6 { process.open("n\(index)", app: "noisy", user: index < 4 ? "bob" : "eve", at: -20) }
        process.open("b", app: "b", user: "bob", at: -20)
        process.open("c", app: "c", at: -20)
        try watched.perf(process, at: 0)
        #expect(try watched.app("noisy", "active_runs.share", at: 0) == .value(75))
        #expect(try watched.app("b", "active_runs.share", at: 0) == .value(12.5))
        #expect(try watched.app("w", "active_runs.share", at: 0) == .value(0))
        #expect(try watched.app("noisy", "active_runs.max_per_user", at: 0) == .value(4))
        #expect(try watched.runtime("active_apps", at: 0) == .value(3))
        #expect(try watched.app("b", "runtime.active_runs", at: 0) == .value(8))
        #expect(try watched.app("b", "runtime.active_apps", at: 0) == .value(3))
        #expect(try watched.runtime("active_runs.share", at: 0) == .missing(.notTracked))
        var idle = Watched()
        try idle.perf(RunTests.alive, at: 0)
        #expect(try idle.app("w", "active_runs.share", at: 0) == .missing(.noTraffic))
        #expect(try idle.app("w", "active_runs", at: 0) == .value(0))
    }

    @Test("the active-runs endpoint counts only when it is real")
    func registry() throws {
        var watched = Watched()
        var process = RunTests.alive
        process.open("x", app: "a", at: -20)
        try watched.perf(process, at: 0)
        try watched.ingest(
            .activeRuns(ActiveRuns(isTracked: false, activeCount: 0, totalRuns: 0, listedRuns: 0, note: "disabled")),
            at: 0)
        #expect(try watched.runtime("active_runs", at: 0) == .value(1))
        #expect(watched.signals.summary.replicas[0].stubNote == "disabled")
        try watched.ingest(.activeRuns(ActiveRuns(isTracked: true, activeCount: 5)), at: 10)
        #expect(try watched.runtime("active_runs", at: 10) == .value(5))
        // Above zero once, its zeros count too, whatever the note.
        try watched.ingest(.activeRuns(ActiveRuns(isTracked: false, activeCount: 0, note: "disabled")), at: 20)
        try watched.perf(process, at: 20)
        #expect(try watched.runtime("active_runs", at: 20) == .value(0))
        try watched.missing(.activeRuns, .error(status: 404), at: 30)
        #expect(try watched.runtime("active_runs", at: 30) == .value(1))
    }

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
            for text in signals {
                #expect(try watched.app("a", text, at: 40) == .missing(.deadCounter), "\(text)")
                #expect(try watched.runtime(text, at: 40) == .missing(.deadCounter), "\(text)")
            }
            #expect(try watched.runtime("dead_counters", at: 40) == .value(1))
            #expect(watched.signals.summary.deadCounters == [counter])
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

    @Test("provider trouble: runs that end while nothing happens are silent, and with work going on they are not")
    func silent() throws {
        var watched = Watched()
        var process = RunTests.dead
        var usage: Int64 = 10
        func round(_ second: Double, works: Bool) throws {
            process.open("r\(second)", app: "a", at: second - 8)
            process.end("r\(second)", at: second - 2)
            if works { usage += 1 }
            try watched.events(usage, at: second - 0.1)
            try watched.perf(process, at: second)
        }
        try watched.events(usage, at: -0.1)
        try watched.perf(process, at: 0)
        for step in 1...12 { try round(Double(step) * 10, works: true) }
        #expect(try watched.runtime("silent_runs.share[1m]", at: 120) == .value(0))
        for step in 13...24 { try round(Double(step) * 10, works: false) }
        #expect(try watched.runtime("silent_runs.share[1m]", at: 240) == .value(100))
        #expect(try watched.runtime("silent_runs.share[2m]", at: 240).number < 100)
        #expect(try watched.runtime("run_ends[1m]", at: 240) == .value(6))
        for step in 25...36 { try round(Double(step) * 10, works: true) }
        #expect(try watched.runtime("silent_runs.share[1m]", at: 360) == .value(0))
        #expect(try watched.runtime("llm_calls[1m]", at: 360) == .value(6))
    }

    @Test("one app whose runs die at once and are tried again is told from all the others", arguments: [false, true])
    func silentByApp(isForgetful: Bool) throws {
        var watched = Watched()
        watched.isForgetful = isForgetful
        var process = RunTests.alive
        try watched.events(0, at: -0.1)
        try watched.perf(process, at: 0)
        var count = 0
        func round(_ second: Double, _ app: String, runs: Int, turns: Int64, errors: Int64 = 0) {
            for _ in 0..<runs {
                count += 1
                process.open("r\(count)", app: app, at: second - 8)
                if turns > 0 { process.work("r\(count)", turns: turns, errors: errors) }
                process.end("r\(count)", at: second - 2)
            }
        }
        for step in 1...12 {
            let second = Double(step) * 10
            // Of each app a run that works in every round: silence counts only where runs are counted.
            for app in ["a", "b", "c"] { round(second, app, runs: 1, turns: 4, errors: app == "b" ? 2 : 0) }
            round(second, "a", runs: 9, turns: 0)
            if step % 6 == 0 { round(second, "c", runs: 1, turns: 0) }
            try watched.events(0, at: second - 0.1)
            try watched.perf(process, at: second)
        }
        #expect(try watched.app("a", "silent_runs[1m]", at: 120) == .value(54))
        #expect(try watched.app("b", "silent_runs[1m]", at: 120) == .value(0))
        #expect(try watched.app("c", "silent_runs[1m]", at: 120) == .value(1))
        // 55 of 73; without a 1 of 13.
        #expect(abs(try watched.runtime("silent_runs.share[1m]", at: 120).number - 5_500.0 / 73) < 1e-9)
        #expect(abs(try watched.runtime("silent_runs.rest[1m]", at: 120).number - 100.0 / 13) < 1e-9)
        // Half of b's turns, and none of the others'.
        #expect(abs(try watched.runtime("error_rate[1m]", at: 120).number - 100.0 / 6) < 1e-9)
        #expect(try watched.runtime("error_rate.rest[1m]", at: 120) == .value(0))
    }

    @Test(
        "apps whose workflows count nothing, answered from a cache, are no outage beside apps that are counted",
        arguments: [0, 1, 6])
    func uncountedCache(dying: Int) throws {
        var watched = Watched()
        var process = RunTests.alive
        try watched.events(0, at: -0.1)
        try watched.perf(process, at: 0)
        for step in 1...12 {
            let second = Double(step) * 10
            for app in ["x", "y", "x2"] + (0..<6).map({ "a\($0 % 2)-\($0)" }) {
                // Of six counted runs so many die with nothing done, once it is known that they count.
                let isCounted = app.hasPrefix("a")
                let dies = isCounted && step > 6 && (app.utf8.last.map { Int($0) - 48 } ?? 9) < dying
                process.open("\(app)-\(step)", app: isCounted ? String(app.prefix(2)) : app, at: second - 8)
                if isCounted, !dies { process.work("\(app)-\(step)", turns: 3) }
                process.end("\(app)-\(step)", at: second - 3)
            }
            try watched.events(0, at: second - 0.1)
            try watched.perf(process, at: second)
        }
        #expect(try watched.app("x", "silent_runs[1m]", at: 120) == .missing(.deadCounter))
        // Without the app that has most silent runs.
        let rest: [Int: Double] = [0: 0, 1: 0, 6: 100]
        #expect(try watched.runtime("silent_runs.rest[1m]", at: 120) == .value(rest[dying] ?? -1))
        #expect(try watched.runtime("silent_runs.share[1m]", at: 120).number > 30)
    }

    @Test("nothing but apps that count nothing: nothing is known of the rest, and that is not that there is none")
    func uncountedOnly() throws {
        var watched = Watched()
        var process = RunTests.alive
        try watched.events(0, at: -0.1)
        try watched.perf(process, at: 0)
        for step in 1...6 {
            process.open("x\(step)", app: "x", at: Double(step) * 10 - 8)
            process.end("x\(step)", at: Double(step) * 10 - 3)
            try watched.events(0, at: Double(step) * 10 - 0.1)
            try watched.perf(process, at: Double(step) * 10)
        }
        #expect(try watched.runtime("silent_runs.rest[1m]", at: 60) == .missing(.deadCounter))
    }

    @Test("a sole app has no others")
    func noRest() throws {
        var watched = Watched()
        var process = RunTests.alive
        try watched.events(0, at: -0.1)
        try watched.perf(process, at: 0)
        for step in 1...6 {
            process.open("r\(step)", app: "a", at: Double(step) * 10 - 8)
            process.work("r\(step)", turns: 2, errors: 1)
            process.end("r\(step)", at: Double(step) * 10 - 2)
            try watched.events(0, at: Double(step) * 10 - 0.1)
            try watched.perf(process, at: Double(step) * 10)
        }
        #expect(try watched.runtime("error_rate[1m]", at: 60) == .value(50))
        #expect(try watched.runtime("error_rate.rest[1m]", at: 60) == .missing(.noTraffic))
        #expect(try watched.runtime("silent_runs.rest[1m]", at: 60) == .missing(.noTraffic))
    }

    @Test("a run in which an early turn happened is not silent when it ends in a quiet poll")
    func notSilent() throws {
        var watched = Watched()
        var process = RunTests.alive
        try watched.events(0, at: -0.1)
        try watched.perf(process, at: 0)
        process.open("x", app: "a", at: 5)
        process.work("x", turns: 1)
        try watched.events(0, at: 9.9)
        try watched.perf(process, at: 10)
        for second in stride(from: 20.0, through: 50, by: 10) {
            try watched.events(0, at: second - 0.1)
            try watched.perf(process, at: second)
        }
        process.end("x", at: 55)
        for second in stride(from: 60.0, through: 80, by: 10) {
            try watched.events(0, at: second - 0.1)
            try watched.perf(process, at: second)
        }
        #expect(try watched.runtime("silent_runs.share[1m]", at: 80) == .value(0))
    }

    @Test("silence cannot be told without the events endpoint, nor where nothing ever moved")
    func silenceUnknown() throws {
        var watched = Watched()
        var process = RunTests.dead
        try watched.events(0, at: -0.1)
        try watched.perf(process, at: 0)
        process.open("x", app: "a", at: 5)
        process.end("x", at: 7)
        for second in stride(from: 10.0, through: 60, by: 10) {
            try watched.events(0, at: second - 0.1)
            try watched.perf(process, at: second)
        }
        #expect(try watched.runtime("silent_runs.share[1m]", at: 60) == .missing(.deadCounter))
        #expect(try watched.runtime("llm_calls[1m]", at: 60) == .missing(.deadCounter))
        try watched.missing(.events, .error(status: 404), at: 61)
        #expect(try watched.runtime("silent_runs.share[1m]", at: 61) == .missing(.error(status: 404)))
    }
}
