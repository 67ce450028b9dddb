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
        // How both grew is no proof of how many run: websockets of before may have been those of runs too young to be counted.
        #expect(try watched.runtime("active_runs", at: 240) == (isContradictory ? .missing(.contradictory) : .value(50)))
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
}
