import Model
import Testing

@testable import Signals

/// What the extension inside a runtime says is what runs; without it everything is as it was.
@Suite struct InsideTests {
    private static func view(_ apps: [(String, Int64)], isShortened: Bool = false, lag: Double? = 0.02) -> InsideView {
        InsideView(
            runs: apps.reduce(0) { $0 + $1.1 }, apps: apps.map { .init(app: AppID($0.0), runs: $0.1) },
            isShortened: isShortened, loopLag: lag)
    }

    /// One young run and one that is old and was never seen to move, of one app; a young one of another.
    private static func shown(_ options: SignalOptions = SignalOptions(replicas: [Watched.url])) throws -> Watched {
        var watched = Watched(options)
        var process = RunTests.alive
        process.open("young", app: "a", at: -30)
        process.open("old", app: "a", at: -3_000)
        process.open("other", app: "b", at: -30)
        for (index, url) in options.replicas.enumerated() {
            var own = process
            // Chats of its own: one that two processes show is one.
            for place in own.chats.indices where index > 0 { own.chats[place].key = FakeProcess.key("process \(index), chat \(place)") }
            try watched.perf(own, at: 0, replica: url)
        }
        return watched
    }

    @Test func `what really runs takes the place of what counters let suppose`() throws {
        var watched = try InsideTests.shown()
        #expect(try watched.app("a", "active_runs", at: 1) == .missing(.tooLittleData))
        try watched.ingest(.inside(InsideTests.view([("a", 1)])), at: 1)
        #expect(try watched.app("a", "active_runs", at: 1) == .value(1))
        #expect(try watched.app("b", "active_runs", at: 1) == .value(0))
        #expect(try watched.app("a", "active_runs.share", at: 1) == .value(100))
        #expect(try watched.app("a", "open_runs", at: 1) == .value(2))
        #expect(try watched.app("a", "stalled_runs", at: 1) == .value(1))
        #expect(try watched.runtime("active_runs", at: 1) == .value(1))
        #expect(try watched.runtime("active_apps", at: 1) == .value(1))
        // An ended chat that runs again, which the perf page calls ended.
        try watched.ingest(.inside(InsideTests.view([("a", 1), ("w", 2)])), at: 2)
        #expect(try watched.app("w", "active_runs", at: 2) == .value(2))
        #expect(try watched.runtime("active_runs", at: 2) == .value(3))
    }

    @Test func `the gate counts what really runs`() throws {
        var watched = try InsideTests.shown()
        // One of the two is old and was never seen to move: how many run is not known yet.
        let before = try #require(watched.signals.runningChats(of: [AppID("a")])?.apps.first)
        #expect(before.active == nil && before.open?.count == 2)
        try watched.ingest(.inside(InsideTests.view([("b", 1)])), at: 1, elapsed: 100)
        #expect(watched.signals.runningChats(of: [AppID("a")])?.apps.first?.active == 0)
    }

    @Test func `what was let in and has not begun counts at the gate, and in no rule`() throws {
        var watched = try InsideTests.shown()
        let coming = InsideView(runs: 1, apps: [.init(app: AppID("a"), runs: 1, coming: 2), .init(app: AppID("new"), runs: 0, coming: 1)])
        // Asked for before the newest perf answer came: what was let in since is in neither.
        try watched.ingest(.inside(coming), at: 1, elapsed: 1_500)
        let apps = ["a", "b", "new", "unknown"].map { AppID($0) }
        let running = try #require(watched.signals.runningChats(of: apps))
        #expect(running.apps.map(\.active) == [3, 0, 1, 0])
        #expect(running.at == FakeProcess.at(-0.5))
        #expect(try watched.app("a", "active_runs", at: 1) == .value(1))
        #expect(try watched.runtime("active_runs", at: 1) == .value(1))
    }

    @Test func `a run whose person left at its question is a ghost, and no load`() throws {
        var watched = try InsideTests.shown()
        // Two run of which one waits for nobody; of another app, whose two are open again after their end, none.
        let parked = InsideView(
            runs: 4, parked: 3, apps: [.init(app: AppID("a"), runs: 2, parked: 1), .init(app: AppID("w"), runs: 2, parked: 2)])
        try watched.ingest(.inside(parked), at: 1)
        #expect(try watched.app("a", "active_runs", at: 1) == .value(1))
        #expect(try watched.app("a", "ghost_runs", at: 1) == .value(1))
        #expect(try watched.app("a", "stalled_runs", at: 1) == .value(1))
        #expect(try watched.app("a", "active_runs.share", at: 1) == .value(100))
        #expect(try watched.app("a", "open_runs", at: 1) == .value(2))
        #expect(try watched.app("w", "active_runs", at: 1) == .value(0))
        #expect(try watched.runtime("active_runs", at: 1) == .value(1))
        // Nor at the gate: with nothing running a start is always let through.
        let running = try #require(watched.signals.runningChats(of: [AppID("a"), AppID("w")]))
        #expect(running.apps.map(\.active) == [1, 0])
        // Whoever was asked is back.
        try watched.ingest(.inside(InsideTests.view([("a", 2)])), at: 2)
        #expect(try watched.app("a", "active_runs", at: 2) == .value(2))
        #expect(try watched.app("a", "ghost_runs", at: 2) == .value(0))
    }

    @Test func `what it does not tell, or no longer, is as without it`() throws {
        var without = try InsideTests.shown()
        let expected = [
            try without.app("a", "active_runs", at: 1), try without.app("b", "active_runs", at: 1),
            try without.runtime("active_runs", at: 1),
        ]
        let views: [Decoded] = [
            .missing(.inside, .error(status: 404), detail: ""), .missing(.inside, .unauthorized, detail: ""),
            .inside(InsideView(runs: nil, apps: [.init(app: AppID("a"), runs: 0)], loopLag: 0.5)),
        ]
        for view in views {
            var watched = try InsideTests.shown()
            try watched.ingest(view, at: 1)
            #expect(try watched.app("a", "active_runs", at: 1) == expected[0])
            #expect(try watched.app("b", "active_runs", at: 1) == expected[1])
            #expect(try watched.runtime("active_runs", at: 1) == expected[2])
        }
        // An answer that is too old says nothing of now.
        var watched = try InsideTests.shown()
        try watched.ingest(.inside(InsideTests.view([])), at: 1)
        var process = RunTests.alive
        process.open("young", app: "b", at: 480)
        try watched.perf(process, at: 500)
        #expect(try watched.app("b", "active_runs", at: 500) == .value(1))
    }

    @Test func `of an app that a shortened list leaves out nothing is known`() throws {
        var watched = try InsideTests.shown()
        try watched.ingest(.inside(InsideTests.view([("b", 0)], isShortened: true)), at: 1)
        #expect(try watched.app("a", "active_runs", at: 1) == .missing(.tooLittleData))
        #expect(try watched.app("b", "active_runs", at: 1) == .value(0))
    }

    @Test func `one of two processes that does not tell leaves everything as it was`() throws {
        let urls = [Watched.url, "http://127.0.0.1:8001"]
        var watched = try InsideTests.shown(SignalOptions(replicas: urls))
        try watched.ingest(.inside(InsideTests.view([])), at: 1, replica: urls[0])
        #expect(try watched.app("b", "active_runs", at: 1) == .value(2))
        try watched.ingest(.inside(InsideTests.view([("b", 1)])), at: 1, replica: urls[1])
        #expect(try watched.app("b", "active_runs", at: 1) == .value(1))
    }

    @Test func `the loop's lag is missing without the extension, and the worst of the processes with it`() throws {
        let urls = [Watched.url, "http://127.0.0.1:8001"]
        var watched = try InsideTests.shown(SignalOptions(replicas: urls))
        #expect(try watched.runtime("loop_lag", at: 1) == .missing(.notTracked))
        for url in urls { try watched.ingest(.missing(.inside, .error(status: 404), detail: ""), at: 1, replica: url) }
        #expect(try watched.runtime("loop_lag", at: 1) == .missing(.notTracked))
        for (url, lag) in zip(urls, [0.25, 4.5]) {
            try watched.ingest(.inside(InsideTests.view([], lag: lag)), at: 2, replica: url)
        }
        #expect(try watched.runtime("loop_lag", at: 2) == .value(4.5))
    }

    @Test func `it is asked in every cycle where it answers, and seldom where it is not`() throws {
        var signals = RuntimeSignals(runtime: "shared", options: SignalOptions(replicas: [Watched.url]))
        func isDue(_ second: Double) -> Bool { signals.isDue(.inside, replica: Watched.url, now: FakeProcess.at(second)) }
        func take(_ content: Decoded, _ second: Double) {
            signals.ingest(Sample(at: FakeProcess.at(second), runtime: "shared", replica: Watched.url, content: content))
        }
        #expect(isDue(0))
        take(.missing(.inside, .error(status: 404), detail: ""), 0)
        #expect(!isDue(10) && !isDue(299) && isDue(300))
        take(.inside(InsideTests.view([])), 300)
        #expect(isDue(310))
        // The process is down: it is asked again with everything else.
        take(.missing(.inside, .unreachable, detail: ""), 310)
        #expect(isDue(320))
        take(.missing(.inside, .unauthorized, detail: ""), 320)
        #expect(!isDue(330) && isDue(10))
    }

    @Test func `what it said is kept, and states of before are read`() throws {
        var watched = try InsideTests.shown()
        try watched.ingest(.inside(InsideTests.view([("a", 1), ("b", 7)])), at: 1)
        let bytes = watched.signals.encoded()
        var again = try RuntimeSignals(decoding: bytes, options: watched.signals.options)
        #expect(again.encoded() == bytes)
        watched.signals = again
        #expect(try watched.app("b", "active_runs", at: 1) == .value(7))
        again.ingest(Sample(at: FakeProcess.at(2), runtime: "shared", replica: Watched.url, content: .inside(InsideView())))
        #expect(again.encoded() != bytes)
    }
}
