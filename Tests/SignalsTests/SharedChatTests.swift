import Model
import Testing

@testable import Signals

/// Behind a proxy without sticky sessions one process makes a chat and another runs it: both list it.
@Suite("A chat that two replicas show is one run")
struct SharedChatTests {
    private static let urls = ["http://127.0.0.1:8001", "http://127.0.0.1:8002"]

    /// Two chats that the first process made and the second runs, and one of each process's own; at 60 s.
    private static func shown(_ base: FakeProcess, order: [Int] = [0, 1]) throws -> (watched: Watched, processes: [FakeProcess]) {
        var watched = Watched(SignalOptions(replicas: urls))
        var processes = [base, base]
        for index in order { try watched.perf(processes[index], at: 0, replica: urls[index]) }
        for name in ["c1", "c2"] { processes[0].open(name, app: "a", at: 10) }
        for name in ["c1", "c2"] { processes[1].open(name, app: "a", at: 11) }
        processes[0].open("own", app: "b", at: 12)
        processes[1].open("mine", app: "b", at: 12)
        // At the second poll of both: at the first, whoever is asked first cannot know of the other yet.
        for second in [20.0, 30] { for index in order { try watched.perf(processes[index], at: second, replica: urls[index]) } }
        return (watched, processes)
    }

    @Test(
        "counters that move, or none that do; whichever was asked first", arguments: [RunTests.alive, RunTests.dead], [[0, 1], [1, 0]])
    func once(_ base: FakeProcess, _ order: [Int]) throws {
        var (watched, processes) = try SharedChatTests.shown(base, order: order)
        #expect(try watched.app("a", "active_runs", at: 31) == .value(2))
        #expect(try watched.app("b", "active_runs", at: 31) == .value(2))
        #expect(try watched.runtime("active_runs", at: 31) == .value(4))
        #expect(watched.signals.summary.replicas.map(\.sharedChats) == [2, 2])
        // They end where they ran; the first process never hears of it.
        for name in ["c1", "c2"] { processes[1].end(name, at: 40) }
        for index in order { try watched.perf(processes[index], at: 60, replica: SharedChatTests.urls[index]) }
        #expect(try watched.app("a", "active_runs", at: 61) == .value(0))
        let ghosts = try watched.app("a", "ghost_runs", at: 61)
        // Where nothing counts progress nobody can tell a ghost.
        #expect(ghosts == (base.chats.count == 1 ? .value(2) : .missing(.deadCounter)))
        #expect(try watched.app("b", "active_runs", at: 61) == .value(2))
        // Each was started once, in a minute that was watched.
        let starts = try watched.app("a", "run_starts[1m]", at: 60)
        // Of the first half minute a second is out of the window.
        #expect((1.9...2.0).contains(starts.value ?? 0), "\(starts)")
    }

    @Test("where work is seen it runs, whenever it was made")
    func work() throws {
        var (watched, processes) = try SharedChatTests.shown(RunTests.alive)
        for second in [60.0, 90, 120] {
            processes[0].work("c1", turns: 1)
            for index in [0, 1] { try watched.perf(processes[index], at: second, replica: SharedChatTests.urls[index]) }
        }
        processes[1].end("c1", at: 130)
        for index in [0, 1] { try watched.perf(processes[index], at: 150, replica: SharedChatTests.urls[index]) }
        #expect(try watched.app("a", "active_runs", at: 151) == .value(2))
        processes[0].end("c1", at: 160)
        for index in [0, 1] { try watched.perf(processes[index], at: 180, replica: SharedChatTests.urls[index]) }
        #expect(try watched.app("a", "active_runs", at: 181) == .value(1))
    }

    @Test("one process under two names is called that; two with chats in common, or created within one second, are not")
    func names() throws {
        func same(_ processes: [FakeProcess], created: Double) throws -> [String?] {
            var watched = Watched(SignalOptions(replicas: SharedChatTests.urls))
            for (url, process) in zip(SharedChatTests.urls, processes) {
                try watched.events(5, created: created, at: 10, replica: url)
                try watched.perf(process, at: 10, replica: url)
            }
            return watched.signals.summary.replicas.map(\.sameProcess)
        }
        var one = RunTests.alive
        one.open("c1", app: "a", at: 5)
        #expect(try same([one, one], created: -3_600.25) == [nil, SharedChatTests.urls[0]])
        #expect(try same([one, one], created: -3_600) == [nil, nil])
        let (_, two) = try SharedChatTests.shown(RunTests.alive)
        #expect(try same(two, created: -3_600.25) == [nil, nil])
    }

    @Test("the gate counts each once as well")
    func gate() throws {
        let (watched, _) = try SharedChatTests.shown(RunTests.alive)
        let running = try #require(watched.signals.runningChats(of: [AppID("a")])?.apps.first)
        #expect(running.active == 2 && running.open?.count == 2)
    }
}
