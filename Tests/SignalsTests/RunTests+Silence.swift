import Model
import Testing
@testable import Signals

/// Runs that end while nothing happens.
extension RunTests {
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
