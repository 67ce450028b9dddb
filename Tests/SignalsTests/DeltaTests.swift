import Model
import Testing

@testable import Signals

@Suite("Per-chat deltas")
struct DeltaTests {
    @Test("a chat that started after the previous answer counts from zero; an older one sets a baseline")
    func firstSight() throws {
        var watched = Watched()
        var process = FakeProcess()
        process.open("old", app: "a", at: -100)
        process.work("old", turns: 50)
        try watched.perf(process, at: 0)
        #expect(try watched.app("a", "turns[1m]", at: 0) == .missing(.tooLittleData))
        process.open("new", app: "a", at: 3)
        process.work("new", turns: 4)
        process.work("old", turns: 2)
        // Started before the previous answer, seen only now: another process's, or a broken body before.
        process.open("late", app: "a", at: -5)
        process.work("late", turns: 100)
        try watched.perf(process, at: 30)
        #expect(try watched.app("a", "turns[1m]", at: 30) == .value(12))
        #expect(try watched.app("a", "run_starts[1m]", at: 30) == .value(2))
        #expect(try watched.runtime("turns[1m]", at: 30) == .value(12))
    }

    struct Step: CustomTestStringConvertible {
        let name: String
        let from: Int64
        let to: Int64
        let delta: Double
        var testDescription: String { name }
    }

    @Test(
        "what a counter's step counts",
        arguments: [
            Step(name: "grows", from: 10, to: 14, delta: 4),
            Step(name: "stays", from: 10, to: 10, delta: 0),
            Step(name: "falls: restarts from what it shows", from: 10, to: 3, delta: 3),
            Step(name: "falls to zero", from: 10, to: 0, delta: 0),
            Step(name: "falls below zero", from: 10, to: -7, delta: 0),
            Step(name: "comes back from below zero", from: -7, to: 5, delta: 5),
            Step(name: "smallest integer", from: 5, to: .min, delta: 0),
            Step(name: "from the smallest", from: .min, to: 1, delta: 1),
            Step(name: "largest integer is held", from: 0, to: .max, delta: Double(UInt32.max)),
            Step(name: "stays at the largest", from: .max, to: .max, delta: 0),
        ])
    func steps(step: Step) throws {
        var watched = Watched()
        var process = FakeProcess()
        process.open("c", app: "a", at: -10)
        process.open("live", app: "b", at: -10)
        process.work("live", turns: 1, tools: 1)
        process.change("c") { $0.toolCalls = step.from }
        try watched.perf(process, at: 0)
        process.change("c") { $0.toolCalls = step.to }
        try watched.perf(process, at: 60)
        #expect(try watched.app("a", "tool_calls[1m]", at: 60) == .value(step.delta))
    }

    @Test("a window is the growth within it, an interval's growth spread evenly over it")
    func windows() throws {
        var watched = Watched()
        var process = FakeProcess()
        process.open("c", app: "a", at: -10)
        process.work("c", turns: 1)
        try watched.perf(process, at: 0)
        process.work("c", turns: 60)
        try watched.perf(process, at: 60)
        try watched.perf(process, at: 120)
        // (60, 120] holds nothing, (0, 60] sixty.
        #expect(try watched.app("a", "turns[1m]", at: 120) == .value(0))
        #expect(try watched.app("a", "turns[2m]", at: 120) == .value(30))
        #expect(abs(try watched.app("a", "turns[90s]", at: 120).number - 20) < 1e-9)
        // Only watched time counts: 120 s of the 5 m.
        #expect(try watched.app("a", "turns[5m]", at: 120) == .value(30))
        // Later, without a new answer, the window has moved on: (100, 120] of it was watched.
        #expect(try watched.app("a", "turns[1m]", at: 160) == .value(0))
    }

    @Test("a window that was watched for less than a fifth says nothing")
    func coverage() throws {
        var watched = Watched()
        var process = FakeProcess()
        process.open("c", app: "a", at: -10)
        process.work("c", turns: 1)
        try watched.perf(process, at: 0)
        process.work("c", turns: 5)
        try watched.perf(process, at: 50)
        #expect(try watched.app("a", "turns[5m]", at: 50) == .missing(.tooLittleData))
        try watched.perf(process, at: 60)
        #expect(try watched.app("a", "turns[5m]", at: 60) == .value(5))
    }

    @Test("an interval longer than max_gap is discarded, not lumped")
    func gaps() throws {
        var watched = Watched()
        var process = FakeProcess()
        process.open("c", app: "a", at: -10)
        process.work("c", turns: 1)
        for second in stride(from: 0.0, through: 60, by: 10) { try watched.perf(process, at: second) }
        process.work("c", turns: 10_000)
        process.open("d", app: "a", at: 100)
        process.work("d", turns: 10_000)
        try watched.perf(process, at: 60 + 121)
        #expect(try watched.app("a", "turns[5m]", at: 181) == .value(0))
        #expect(try watched.app("a", "run_starts[5m]", at: 181) == .value(0))
        #expect(try watched.app("a", "open_runs", at: 181) == .value(2))
        process.work("d", turns: 7)
        try watched.perf(process, at: 191)
        // 60 s before the gap and 10 s after it were watched.
        #expect(abs(try watched.app("a", "turns[5m]", at: 191).number - 6) < 1e-9)
    }

    @Test("an interval of exactly max_gap still counts")
    func gapBoundary() throws {
        var watched = Watched()
        var process = FakeProcess()
        process.open("c", app: "a", at: -10)
        process.work("c", turns: 1)
        try watched.perf(process, at: 0)
        process.work("c", turns: 12)
        try watched.perf(process, at: 120)
        #expect(try watched.app("a", "turns[2m]", at: 120) == .value(6))
    }

    @Test("a duplicate poll and a clock that went back change no rate")
    func clockBackwards() throws {
        var watched = Watched()
        var process = FakeProcess()
        process.open("c", app: "a", at: -10)
        process.work("c", turns: 1)
        try watched.perf(process, at: 0)
        process.work("c", turns: 6)
        try watched.perf(process, at: 60)
        try watched.perf(process, at: 60)
        process.work("c", turns: 500)
        try watched.perf(process, at: -3_000)
        #expect(try watched.app("a", "turns[1m]", at: 60) == .value(6))
        #expect(try watched.app("a", "turns[1m]", at: -3_000) == .value(6))
        process.work("c", turns: 2)
        try watched.perf(process, at: 70)
        #expect(abs(try watched.app("a", "turns[70s]", at: 70).number - 8 * 60 / 70) < 1e-9)
    }

    @Test("a counter that a body shows late sets a baseline first")
    func lateField() throws {
        var watched = Watched()
        var process = FakeProcess()
        process.open("c", app: "a", at: -10)
        process.work("c", turns: 1, tools: 900)
        process.change("c") { $0.present.remove(.toolCalls) }
        try watched.perf(process, at: 0)
        process.change("c") { $0.present.insert(.toolCalls) }
        try watched.perf(process, at: 30)
        process.work("c", tools: 3)
        try watched.perf(process, at: 60)
        #expect(try watched.app("a", "tool_calls[1m]", at: 60) == .value(3))
    }

    @Test("a chat that stands twice in a body counts once, and one of an app that is not there not at all")
    func twice() throws {
        var watched = Watched()
        var process = FakeProcess()
        process.open("c", app: "a", at: -10)
        process.work("c", turns: 1)
        try watched.perf(process, at: 0)
        process.work("c", turns: 3)
        var table = process.table(at: 60)
        table.chats.append(table.chats[0])
        table.chats[1].agentTurns = 999
        var stray = table.chats[0]
        stray.key = FakeProcess.key("stray")
        stray.app = 77
        table.chats.append(stray)
        try watched.ingest(.perf(table), at: 60)
        #expect(try watched.app("a", "turns[1m]", at: 60) == .value(3))
        #expect(try watched.app("a", "open_runs", at: 60) == .value(1))
    }

    @Test(
        "runs start and end once; one that starts and ends between two polls counts as both; a reopened one starts again"
    )
    func startsAndEnds() throws {
        var watched = Watched()
        var process = FakeProcess()
        try watched.perf(process, at: 0)
        process.open("x", app: "a", at: 5)
        process.open("short", app: "a", at: 6)
        process.end("short", at: 8)
        try watched.perf(process, at: 60)
        #expect(try watched.app("a", "run_starts[1m]", at: 60) == .value(2))
        #expect(try watched.app("a", "run_ends[1m]", at: 60) == .value(1))
        process.end("x", at: 70)
        // Counters may grow after the end.
        process.work("short", turns: 3)
        try watched.perf(process, at: 120)
        #expect(try watched.app("a", "run_starts[1m]", at: 120) == .value(0))
        #expect(try watched.app("a", "run_ends[1m]", at: 120) == .value(1))
        #expect(try watched.app("a", "turns[1m]", at: 120) == .value(3))
        process.change("x") { $0.present.insert(.open) }
        try watched.perf(process, at: 180)
        #expect(try watched.app("a", "run_starts[1m]", at: 180) == .value(1))
        #expect(try watched.app("a", "open_runs", at: 180) == .value(1))
    }

    @Test("cost counts exact sums, and binary noise is no restart")
    func cost() throws {
        var watched = Watched()
        var process = FakeProcess()
        process.open("c", app: "a", at: -10)
        process.work("c", cost: 0.3)
        try watched.perf(process, at: 0)
        process.change("c") { $0.cost = 0.1 + 0.2 - 1e-16 }
        try watched.perf(process, at: 30)
        process.change("c") { $0.cost = 0.35 }
        try watched.perf(process, at: 60)
        #expect(abs(try watched.app("a", "cost[1m]", at: 60).number - 0.05 * 60) < 1e-9)
    }

    @Test("with a price, cost comes from tokens where the reported one is dead")
    func priced() throws {
        var options = SignalOptions(replicas: [Watched.url])
        options.price = TokenPrice(promptPerMillion: 1, completionPerMillion: 10)
        var watched = Watched(options)
        var process = FakeProcess()
        for index in 0..<6 {
            process.open("e\(index)", app: "a", at: -100)
            process.end("e\(index)", at: -50)
        }
        process.open("c", app: "a", at: -10)
        process.work("c", prompt: 10, completion: 10)
        try watched.perf(process, at: 0)
        process.work("c", prompt: 100_000, completion: 10_000)
        try watched.perf(process, at: 60)
        #expect(abs(try watched.app("a", "cost[1m]", at: 60).number - 0.2 * 60) < 1e-9)
        watched.signals.options.price = nil
        #expect(try watched.app("a", "cost[1m]", at: 60) == .missing(.deadCounter))
    }
}
