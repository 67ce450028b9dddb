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
        var rest =
            (calm.map { ($0.0, "calm", $0.1) } + ghosts.map { ($0.name, "flaky", $0.began) } + long.map { ($0.name, "long", $0.began) })
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

    @Test(
        "websockets that come late make no ghost of what runs",
        arguments: [0, 4_000, 9_000, 14_000] as [Int64], [0, 0.1, 0.4])
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
            // Where it is not known how late they come the runtime's own may be in doubt as well.
            #expect((watch.values[.activeRuns]?[.runtime] ?? 0) > (ghosts > 0 ? 0 : 10))
        }
    }

    /// Polls every five seconds of two chats at a time that last ten, begin at half minutes and have their websocket after a second.
    private static func polls(_ count: Int, standing: [Int64] = [], sockets: Int64 = 0) -> SocketCounts {
        var counts = SocketCounts()
        let chats = (0..<200).flatMap { turn in [Int64(turn) * 17_000, Int64(turn) * 17_000 + 4_000] }
        func end(_ chat: Int64) -> Int64 { chat + 10_000 }
        for poll in 0..<count {
            let clock = 100_000 + Int64(poll) * 5_000
            for chat in chats where end(chat) > clock - 5_000 && end(chat) <= clock { counts.ended(began: chat) }
            let open = chats.filter { $0 <= clock && end($0) > clock }
            let own = Int64(open.count { clock - $0 >= 1_000 })
            counts.add(.init(at: clock, clock: clock, sockets: own + sockets))
            counts.learn(began: (standing + open).sorted())
        }
        return counts
    }

    @Test("how late websockets come is learnt beside ghosts that stand all the while, and beside runs", arguments: [0, 2, 6] as [Int64])
    func standing(running: Int64) throws {
        let standing = (0..<6).map { Int64($0) * 1_000 - 60_000 }
        let counts = SocketCountTests.polls(50, standing: standing, sockets: running)
        let place = try #require(counts.lags.max())
        #expect(counts.lags.count >= 4 && SocketCounts.ages[place] <= 8_000)
        // Of the six so many can be running as have a websocket.
        let told = counts.most(at: 345_000, began: standing)
        #expect(try #require(told.sure) >= running && told.likely == nil)
        #expect(try #require(told.sure) < 6 || running == 6)
        // All six are told only where none has.
        #expect((counts.emptied != nil) == (running == 0))
    }

    @Test("what few polls say is doubted, and nothing more")
    func few() {
        let counts = SocketCountTests.polls(4, standing: [0, 1, 2])
        #expect(counts.lags.isEmpty && counts.emptied == nil)
        let told = counts.most(at: 115_000, began: [0, 1, 2])
        #expect(told.sure == nil && told.likely != nil)
        #expect(SocketCounts().most(at: 0, began: []) == (nil, nil))
    }

    @Test(
        "a slow answer of health counts with runs that much older, and teaches nothing",
        arguments: [(400, 0), (2_000, 2_000), (6_000, nil)] as [(Double, Int64?)])
    func slow(elapsed: Double, older: Int64?) throws {
        var watched = Watched()
        var process = RunTests.dead
        process.open("c", app: "a", at: -300)
        try watched.perf(process, at: 0)
        try watched.ingest(
            .health(Health(isHealthy: true, mongoPingMilliseconds: 4, websocketConnections: 3)), at: 9, elapsed: elapsed)
        let replica = watched.signals.replicas[0]
        let at = try #require(replica.health.newest?.at)
        let count = replica.socketCount(at: at, clock: 1_000_000)
        #expect(count?.isMute == older.map { $0 > 0 })
        #expect(count?.clock == older.map { 1_000_000 - Int64(elapsed) - $0 })
    }
}
