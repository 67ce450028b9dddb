import Model
import Testing

@testable import Signals

@Suite("Restarts, load balancers, replicas")
struct ProcessTests {
    static let other = "http://127.0.0.1:8001"

    static func busy(_ prefix: String, count: Int, turns: Int64, from start: Double) -> FakeProcess {
        var process = FakeProcess()
        for index in 0..<count {
            process.open("\(prefix)\(index)", app: "a", at: start + Double(index))
            process.work("\(prefix)\(index)", turns: turns)
        }
        return process
    }

    @Test("a restart that the creation date shows counts once; its chats count from zero and nothing spikes")
    func restart() throws {
        var watched = Watched()
        let before = ProcessTests.busy("x", count: 10, turns: 100, from: -500)
        try watched.events(1_000, created: -3_600, at: -0.1)
        try watched.perf(before, at: 0)
        try watched.events(1_010, created: -3_600, at: 59.9)
        try watched.perf(before, at: 60)
        // The process is gone and back at 65.
        var after = FakeProcess()
        after.open("n", app: "a", at: 66)
        after.work("n", turns: 3)
        try watched.events(2, created: 65, at: 69.9)
        try watched.perf(after, at: 70)
        try watched.events(2, created: 65, at: 79.9)
        try watched.perf(after, at: 80)
        #expect(try watched.runtime("restarts[5m]", at: 80) == .value(1))
        #expect(abs(try watched.app("a", "turns[80s]", at: 80).number - 3 * 60 / 80) < 1e-9)
        #expect(try watched.runtime("open_runs", at: 80) == .value(1))
        // 10 before and 2 after in 80 s.
        #expect(abs(try watched.runtime("llm_calls[80s]", at: 80).number - 12 * 60 / 80) < 0.02)
        // The `date` header has whole seconds.
        #expect(abs(try watched.runtime("uptime", at: 85).number - 20) <= 1)
        #expect(watched.signals.summary.replicas[0].restarts == 1)
        #expect(!watched.signals.summary.replicas[0].answersForSeveralProcesses)
    }

    @Test("a rolling deploy restarts each process once, and that is not three times")
    func rollingDeploy() throws {
        let urls = (1...3).map { "http://127.0.0.1:800\($0)" }
        var options = SignalOptions(replicas: urls)
        options.longestWindow = .minutes(30)
        var watched = Watched(options)
        for minute in 0...20 {
            let second = Double(minute) * 60
            for (index, url) in urls.enumerated() {
                let born = Double(index) * 240 + 100
                try watched.events(1, created: second > born ? born : -3_600, at: second, replica: url)
            }
        }
        #expect(try watched.runtime("restarts[30m]", at: 1_200) == .value(1))
        for index in urls.indices { #expect(try watched.replica(index, "restarts[30m]", at: 1_200) == .value(1)) }
        // One of them again: two of its own.
        try watched.events(1, created: 1_230, at: 1_260, replica: urls[1])
        for url in [urls[0], urls[2]] { try watched.events(1, created: url == urls[0] ? 100 : 580, at: 1_260, replica: url) }
        #expect(try watched.runtime("restarts[30m]", at: 1_260) == .value(2))
    }

    @Test("a chat that both processes know counts from zero after a restart that replaced the table's process")
    func resumedAcrossRestart() throws {
        var watched = Watched()
        var process = ProcessTests.busy("x", count: 1, turns: 5, from: -50)
        try watched.events(1, at: -0.1)
        try watched.perf(process, at: 0)
        process.chats[0].agentTurns = 8
        process.chats[0].startedAt = FakeProcess.at(21).milliseconds
        try watched.events(1, created: 20, at: 59.9)
        try watched.perf(process, at: 60)
        #expect(try watched.app("a", "turns[1m]", at: 60) == .value(8))
    }

    @Test("without the events endpoint a vanished chat is a restart")
    func vanished() throws {
        var watched = Watched()
        try watched.perf(ProcessTests.busy("x", count: 3, turns: 9, from: -500), at: 0)
        try watched.missing(.events, .error(status: 404), at: 9)
        try watched.perf(ProcessTests.busy("y", count: 2, turns: 4, from: 5), at: 60)
        #expect(try watched.runtime("restarts[5m]", at: 60) == .value(1))
        #expect(try watched.app("a", "turns[1m]", at: 60) == .value(8))
    }

    @Test("a restart between the events poll and the perf poll of one round counts once")
    func restartBetweenPolls() throws {
        var watched = Watched()
        try watched.events(1, at: -0.1)
        try watched.perf(ProcessTests.busy("x", count: 3, turns: 9, from: -500), at: 0)
        try watched.events(1, at: 9.9)
        try watched.perf(ProcessTests.busy("y", count: 1, turns: 2, from: 9.92), at: 10)
        try watched.events(0, created: 9.91, at: 19.9)
        try watched.perf(ProcessTests.busy("y", count: 1, turns: 2, from: 9.92), at: 20)
        #expect(try watched.runtime("restarts[5m]", at: 20) == .value(1))
        #expect(try watched.app("a", "turns[20s]", at: 20) == .value(6))
    }

    @Test("a vanished chat that comes back is a load balancer: no rates, no false spike")
    func loadBalancerByChats() throws {
        var watched = Watched()
        let one = ProcessTests.busy("x", count: 5, turns: 100, from: -500)
        let two = ProcessTests.busy("y", count: 5, turns: 900, from: -400)
        for (index, process) in [one, two, one, two, one].enumerated() {
            let second = Double(index) * 20
            try watched.perf(process, at: second)
            let turns = try watched.app("a", "turns[1m]", at: second)
            #expect(
                turns == .missing(index < 2 ? turns.reason ?? .partial : .partial) || turns == .value(0),
                "poll \(index)")
        }
        #expect(try watched.runtime("turns[1m]", at: 80) == .missing(.partial))
        #expect(try watched.runtime("open_runs", at: 80) == .missing(.partial))
        #expect(try watched.runtime("restarts[5m]", at: 80) == .missing(.partial))
        #expect(watched.signals.summary.replicas[0].answersForSeveralProcesses)
    }

    @Test("a list that lacks half of its chats for a poll, of a process that says it is the same, is no load balancer")
    func halfAList() throws {
        var watched = Watched()
        let all = ProcessTests.busy("x", count: 6, turns: 100, from: -500)
        let half = ProcessTests.busy("x", count: 3, turns: 100, from: -500)
        for (index, list) in [all, all, half, all, all].enumerated() {
            try watched.events(50, created: -1_000, at: Double(index) * 20)
            try watched.perf(list, at: Double(index) * 20 + 1)
        }
        #expect(!watched.signals.summary.replicas[0].answersForSeveralProcesses)
        #expect(try watched.runtime("open_runs", at: 82) == .value(6))
        // What came back is known already, and did nothing meanwhile.
        #expect(try watched.runtime("run_starts[1m]", at: 82) == .value(0))
        #expect(try watched.runtime("turns[1m]", at: 82) == .value(0))
        #expect(try watched.runtime("restarts[5m]", at: 82) == .value(0))
    }

    @Test("a creation date older than the previous answer, or one that was there before, is a load balancer")
    func loadBalancerByCreation() throws {
        var watched = Watched()
        try watched.health(at: 0)
        try watched.events(100, created: -1_000, at: 0)
        try watched.events(900, created: -2_000, at: 10)
        #expect(try watched.runtime("llm_calls[10s]", at: 10) == .missing(.partial))
        #expect(watched.signals.summary.replicas[0].answersForSeveralProcesses)
        #expect(try watched.runtime("up", at: 10) == .value(1))
        #expect(try watched.runtime("healthy", at: 10) == .value(1))
        // Forgotten half an hour after the last sign.
        for second in stride(from: 20.0, through: 1_900, by: 10) {
            try watched.events(900, created: -2_000, at: second)
        }
        #expect(!watched.signals.summary.replicas[0].answersForSeveralProcesses)
        #expect(try watched.runtime("llm_calls", at: 1_900) == .value(0))
    }

    @Test("a chat resumed after a restart, with a start of its own, is no load balancer")
    func resumedIsNoLoadBalancer() throws {
        var watched = Watched()
        try watched.perf(ProcessTests.busy("x", count: 2, turns: 9, from: -500), at: 0)
        try watched.perf(FakeProcess(), at: 10)
        try watched.perf(ProcessTests.busy("x", count: 1, turns: 2, from: 15), at: 60)
        #expect(!watched.signals.summary.replicas[0].answersForSeveralProcesses)
        #expect(try watched.app("a", "turns[1m]", at: 60) == .value(2))
    }

    static var pair: Watched { Watched(SignalOptions(replicas: [Watched.url, other])) }

    static func feed(_ watched: inout Watched, from: Double, to: Double, second: Bool) throws {
        var one = busy("x", count: 3, turns: 10, from: -500)
        var two = busy("y", count: 1, turns: 10, from: -300)
        for moment in stride(from: from, through: to, by: 10) {
            one.work("x0", turns: 1, errors: 0)
            two.work("y0", turns: 3)
            try watched.health(at: moment)
            try watched.perf(one, at: moment)
            if second {
                try watched.health(at: moment, replica: other)
                try watched.perf(two, at: moment, replica: other)
            } else {
                try watched.missing(.health, .unreachable, at: moment, replica: other)
                try watched.missing(.perf, .unreachable, at: moment, replica: other)
            }
        }
    }

    @Test("replicas sum up; one that refuses is partial, and after missing_after absent")
    func replicas() throws {
        var watched = ProcessTests.pair
        try ProcessTests.feed(&watched, from: 0, to: 60, second: true)
        #expect(try watched.runtime("turns[1m]", at: 60) == .value(24))
        #expect(try watched.app("a", "turns[1m]", at: 60) == .value(24))
        #expect(try watched.runtime("open_runs", at: 60) == .value(4))
        #expect(try watched.runtime("websockets", at: 60) == .value(14))
        #expect(try watched.runtime("up", at: 60) == .value(1))
        try ProcessTests.feed(&watched, from: 70, to: 120, second: false)
        #expect(try watched.app("a", "turns[1m]", at: 120) == .missing(.partial))
        #expect(try watched.runtime("open_runs", at: 120) == .missing(.partial))
        #expect(try watched.runtime("websockets", at: 120) == .missing(.partial))
        #expect(try watched.runtime("up", at: 120) == .value(1))
        #expect(try watched.replica(1, "up", at: 120) == .value(0))
        #expect(try watched.replica(0, "up", at: 120) == .value(1))
        // At the very moment at which a rule on partial evidence would fire for it, it is absent.
        var near = watched
        try ProcessTests.feed(&near, from: 130, to: 360, second: false)
        #expect(try near.runtime("tracked_chats", at: 369) == .missing(.partial))
        #expect(try near.runtime("tracked_chats", at: 370).value != nil)
        try ProcessTests.feed(&watched, from: 130, to: 380, second: false)
        #expect(try watched.app("a", "turns[1m]", at: 380) == .value(6))
        #expect(try watched.runtime("open_runs", at: 380) == .value(3))
        #expect(watched.signals.summary.replicas[1].isAbsent)
    }

    @Test("when every replica is gone the runtime is down, not empty")
    func allGone() throws {
        var watched = ProcessTests.pair
        try ProcessTests.feed(&watched, from: 0, to: 20, second: true)
        for second in stride(from: 30.0, through: 600, by: 10) {
            for url in [Watched.url, ProcessTests.other] {
                for endpoint in [Endpoint.health, .perf] {
                    try watched.missing(endpoint, .unreachable, at: second, replica: url)
                }
            }
            #expect(try watched.runtime("up", at: second) == .value(0))
        }
        #expect(try watched.runtime("open_runs", at: 600) == .missing(.unreachable))
        #expect(try watched.runtime("healthy", at: 600) == .missing(.unreachable))
    }

    @Test("ratios of replicas sum their parts first")
    func ratios() throws {
        var watched = ProcessTests.pair
        var one = ProcessTests.busy("x", count: 1, turns: 1, from: -100)
        var two = ProcessTests.busy("y", count: 1, turns: 1, from: -100)
        one.work("x0", errors: 1)
        try watched.perf(one, at: 0)
        try watched.perf(two, at: 0, replica: ProcessTests.other)
        one.work("x0", turns: 90, errors: 9)
        two.work("y0", turns: 10, errors: 10)
        try watched.perf(one, at: 60)
        try watched.perf(two, at: 60, replica: ProcessTests.other)
        #expect(try watched.app("a", "error_rate[1m]", at: 60) == .value(19))
        #expect(try watched.runtime("error_rate[1m]", at: 60) == .value(19))
    }

    @Test("a replica that the configuration no longer names is gone at once, and what it said with it")
    func removedReplica() throws {
        var watched = ProcessTests.pair
        try ProcessTests.feed(&watched, from: 0, to: 20, second: true)
        watched.signals.options.replicas = [Watched.url]
        try ProcessTests.feed(&watched, from: 30, to: 40, second: false)
        let table = try watched.table([series("open_runs")], at: 40)
        #expect(table.replicas == [Watched.url])
        #expect(watched.signals.summary.replicas.map(\.url) == [Watched.url])
    }

    @Test("a configured replica that was never heard of is partial evidence at most")
    func silentReplica() throws {
        var watched = ProcessTests.pair
        try watched.perf(ProcessTests.busy("x", count: 1, turns: 1, from: -100), at: 0)
        #expect(try watched.runtime("open_runs", at: 0) == .missing(.partial))
    }
}
