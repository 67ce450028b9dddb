import Model
import Testing

@testable import Signals

@Suite("Ghosts behind the websockets of chats that are over before they are old")
struct SocketCountTests {
    /// Five chats of ten seconds at once, every twelve seconds.
    private static let calm = (0..<60).flatMap { turn in (0..<5).map { ("c\(turn)-\($0)", 12 * Double(turn) - 0.5) } }
    private static let length = 10.0

    /// Polls every five seconds; websockets are a second younger than their chats.
    private static func run(
        _ watched: inout Watched, ghosts: [(name: String, began: Double)], long: [(name: String, began: Double)] = [], to end: Double,
        check: (inout Watched, Double, Double) throws -> Void
    ) throws {
        var process = RunTests.dead
        var rest = (calm.map { ($0.0, "calm", $0.1) } + ghosts.map { ($0.name, "flaky", $0.began) } + long.map { ($0.name, "long", $0.began) })
            .sorted { $0.2 < $1.2 }
        var running: [(String, Double)] = []
        for second in stride(from: 5.0, through: end, by: 5) {
            while let next = rest.first, next.2 <= second {
                process.open(next.0, app: next.1, at: next.2)
                if next.1 == "calm" { running.append((next.0, next.2)) }
                rest.removeFirst()
            }
            for chat in running where chat.1 + length <= second { process.end(chat.0, at: chat.1 + length) }
            running.removeAll { $0.1 + length <= second }
            let counted = second - 1
            let sockets = calm.count { $0.1 + 1 <= counted && counted < $0.1 + length } + long.count { $0.began + 1 <= counted }
            try watched.ingest(
                .health(Health(isHealthy: true, mongoPingMilliseconds: 4, websocketConnections: Int64(sockets))), at: counted)
            try watched.perf(process, at: second)
            try check(&watched, second, Double(running.count))
        }
    }

    @Test("they are told within minutes, and nobody else is taken for one", arguments: [false, true])
    func told(isForgetful: Bool) throws {
        var watched = Watched()
        watched.isForgetful = isForgetful
        // Fewer than there are websockets, so that these alone could be theirs.
        let ghosts = (0..<4).map { ("g\($0)", 200 + 6 * Double($0)) }
        try SocketCountTests.run(&watched, ghosts: ghosts, to: 420) { watched, second, calm in
            let read = try watched.app("calm", "active_runs", at: second)
            #expect(read == .value(calm) || read == .missing(.contradictory), "at \(second) s")
            if second < 200 { #expect(read == .value(calm), "at \(second) s") }
            guard second >= 340 else { return }
            let flaky = (try watched.app("flaky", "active_runs", at: second), try watched.app("flaky", "ghost_runs", at: second))
            #expect(flaky.0 == .value(0) && flaky.1 == .value(4), "at \(second) s")
            #expect(read == .value(calm), "at \(second) s")
        }
    }

    @Test("as many runs that really run, beside the same chats, are never taken for ghosts")
    func running() throws {
        var watched = Watched()
        let long = (0..<4).map { ("l\($0)", 200 + 6 * Double($0)) }
        try SocketCountTests.run(&watched, ghosts: [], long: long, to: 420) { watched, second, _ in
            guard second >= 220 else { return }
            let read = try watched.app("long", "active_runs", at: second)
            #expect(read == .value(4), "at \(second) s")
        }
    }

    // Where four of ten chats are left and websockets come nine seconds late as well, the older ways of ``GhostSense`` may be
    // one too low at a poll.
    @Test(
        "websockets that come late make no ghost of what runs",
        arguments: zip([0, 4_000, 9_000, 14_000, 0, 4_000] as [Int64], [0, 0, 0, 0, 0.4, 0.4]))
    func late(lag: Int64, ghosts: Double) throws {
        for seed in UInt64(1)...2 {
            var watch = TruthWatch(
                KnownRuntime(seed: seed) {
                    ($0.socketLag, $0.hasSockets, $0.ghosts, $0.lives) = (lag, true, ghosts, [300...500, 8...12, 8...14])
                    ($0.alive, $0.lostPolls, $0.restarts, $0.isShort) = ([], 0, nil, false)
                    ($0.interval, $0.minutes, $0.hasInside, $0.isRegistryReal) = (5_000, 15, false, false)
                })
            try watch.run()
            #expect(watch.faults.isEmpty, "seed \(seed)\n\(watch.faults.prefix(8).joined(separator: "\n"))")
            #expect((watch.values[.activeRuns]?[.runtime] ?? 0) > 10)
        }
    }

    @Test("what is left of a count is what ended since leaves, by the age at which websockets are there")
    func counts() {
        var counts = SocketCounts()
        // Eight polls whose runs all ended, with a websocket for each that was a second old.
        for turn in 0..<8 {
            let clock = Int64(turn) * 20_000
            counts.add(.init(at: clock, clock: clock, sockets: 1))
            counts.ended(began: clock - 6_000)
            counts.ended(began: clock - 500)
            counts.learn(oldest: clock + 1)
        }
        #expect(counts.lags == Array(repeating: 1, count: 8))
        #expect(counts.all.allSatisfy { $0.isClosed && $0.left(0) == -1 && $0.left(4) == 0 })
        // All of these polls say that none was left.
        #expect(counts.emptied == 80_000 - GhostSense.grace)
        #expect(counts.most(at: 140_000, began: [20_000, 100_000, 139_000]) == 1)
        // Where more has ended than there were websockets nothing is told any more.
        for turn in 0..<3 { counts.ended(began: Int64(turn) - 20_000) }
        #expect(counts.most(at: 140_000, began: []) == nil)
        var few = SocketCounts()
        few.add(.init(at: 0, clock: 0, sockets: 3))
        #expect(few.most(at: 0, began: []) == nil && few.emptied == nil)
    }
}
