import Model
import Testing

@testable import Signals

/// Runtimes of which everything is known, without the extension and without a counter that moves: only websockets tell.
@Suite("Where only websockets tell, nothing that runs is taken for a ghost, and ghosts for load not for long")
struct GhostTruthTests {
    private static func watch(_ seed: UInt64) -> TruthWatch {
        var dice = Dice(state: seed &* 77)
        let lag = dice.pick([0, 300, 1_000, 2_500, 4_000, 7_000, 12_000] as [Int64])
        let interval = dice.pick([5_000, 7_000, 10_000, 15_000, 30_000] as [Int64])
        let ghosts = dice.pick([0, 0.1, 0.2, 0.4])
        return TruthWatch(
            KnownRuntime(seed: seed) {
                ($0.socketLag, $0.hasSockets, $0.ghosts, $0.lives) = (lag, true, ghosts, [300...500, 8...12, 5...14])
                ($0.alive, $0.lostPolls, $0.restarts, $0.isShort) = ([], seed % 3 == 0 ? 0.02 : 0, seed % 4 == 0 ? 8 : nil, false)
                ($0.interval, $0.minutes, $0.hasInside, $0.isRegistryReal) = (interval, 15, false, false)
                ($0.hasEvents, $0.slowHealth) = (true, seed % 2 == 0 ? 0.1 : 0)
            })
    }

    @Test("each reading is missing with a reason, or no less than the truth and not much more", arguments: UInt64(1)...10)
    func truth(seed: UInt64) throws {
        var watch = GhostTruthTests.watch(seed)
        try watch.run()
        #expect(watch.faults.isEmpty, "seed \(seed), \(watch.world.habits)\n\(watch.faults.prefix(8).joined(separator: "\n"))")
        #expect(watch.told > 0)
        // Of the first minutes of a watch, and where ten minutes make a ghost old, a few; where little is told, a handful. Each is
        // counted twice, of the app and of its workflow.
        #expect(watch.tooMany <= max(10, watch.told / 10), "seed \(seed), \(watch.world.habits): \(watch.tooMany) of \(watch.told)")
    }

    /// Four short chats of another tenant at nearly all times, and six starts of one app whose websocket never came.
    private static func beside(
        _ watched: inout Watched, from start: Double, lag: Double, to end: Double, check: (inout Watched, Double) throws -> Void
    ) throws {
        var process = RunTests.dead
        var chats: [(name: String, began: Double, length: Double)] = []
        for (place, length) in [9.5, 11.2, 8.3, 12.1].enumerated() {
            var at = -2.9 * Double(place)
            while at < end {
                chats.append(("s\(place)-\(chats.count)", at, length))
                at += length + 0.9 + 0.3 * Double(place)
            }
        }
        var rest = chats.map { ($0.name, "busy", $0.began) } + (0..<6).map { ("g\($0)", "innocent", start + 2 * Double($0)) }
        rest.sort { $0.2 < $1.2 }
        var running: [(name: String, began: Double, length: Double)] = []
        for second in stride(from: 5.0, through: end, by: 5) {
            while let next = rest.first, next.2 <= second {
                process.open(next.0, app: next.1, at: next.2)
                running += chats.filter { $0.name == next.0 }
                rest.removeFirst()
            }
            for chat in running where chat.began + chat.length <= second { process.end(chat.name, at: chat.began + chat.length) }
            running.removeAll { $0.began + $0.length <= second }
            let counted = second - 0.1
            let sockets = chats.count { $0.began + lag <= counted && counted < $0.began + $0.length }
            try watched.ingest(
                .health(Health(isHealthy: true, mongoPingMilliseconds: 4, websocketConnections: Int64(sockets))), at: counted)
            try watched.perf(process, at: second)
            try check(&watched, second)
        }
    }

    @Test(
        "six ghosts beside four short chats of somebody else are an innocent app's load for too short to hold anybody",
        arguments: [0.3, 1, 4], [-60.0, 120])
    func innocent(lag: Double, start: Double) throws {
        var watched = Watched()
        var load: [Double] = []
        try GhostTruthTests.beside(&watched, from: start, lag: lag, to: 420) { watched, second in
            // Younger ones may still get their websocket.
            guard second >= max(60, start + 45) else { return }
            let own = try watched.app("innocent", "active_runs", at: second)
            if own != .value(0), own != .missing(.contradictory) { load.append(second) }
            if second >= 360 { #expect(own == .value(0) || own == .missing(.contradictory), "at \(second) s") }
        }
        // The shortest time for which a rule holds before an app is held back is minutes.
        #expect(load.count <= 6, "load at \(load) s")
    }

    @Test("what is known at the least is no more than the truth, and is known at times")
    func floors() throws {
        var known = 0
        for seed in UInt64(3)...5 {
            var watch = GhostTruthTests.watch(seed)
            try watch.run()
            known += watch.floors
        }
        #expect(known > 30)
    }

    @Test("what is above the bar whoever the ghosts are is known to be, and to what it runs at the least")
    func floor() throws {
        var watched = Watched()
        var process = RunTests.dead
        for index in 0..<40 { process.open("n\(index)", app: "noisy", at: -100) }
        for index in 0..<4 { process.open("o\(index)", app: "other", at: -100) }
        for index in 0..<10 { process.open("g\(index)", app: "flaky", at: -100) }
        for (second, sockets) in [(0.0, 43), (30, 44), (60, 44), (90, 44)] {
            try watched.ingest(
                .health(Health(isHealthy: true, mongoPingMilliseconds: 4, websocketConnections: Int64(sockets))), at: second)
            try watched.perf(process, at: second + 1)
        }
        #expect(try watched.app("noisy", "active_runs", at: 91) == .missing(.contradictory))
        let table = try watched.table([series("active_runs"), series("active_runs.share"), series("active_apps")], at: 91)
        func least(_ app: String, _ slot: Int) -> Double? { table.index(of: AppID(app)).flatMap { table.floor($0, slot) } }
        // Fifty-four stand open beside 44 websockets: ten are ghosts, and be they all its own, thirty run, or one less: not all is
        // counted in the same instant.
        #expect(least("noisy", 0) == 29)
        #expect(try abs(#require(least("noisy", 1)) - 100 * 29 / 44) < 1e-9)
        #expect(least("other", 0) == nil && least("flaky", 0) == nil)
        // Forty of the 44 at the most are its own.
        #expect(table.floor(nil, 2) == 2)
    }
}
