import Actions
import GateKit
import Model
import Testing

@Suite("gate table")
struct GateTableTests {
    /// What one start, `at` after GateSample.t0, is told, in one line.
    static func verdict(
        _ leases: [Lease], app: AppID = GateSample.app, pack: PackID = GateSample.pack, runtime: String = "shared", at: TimeSpan = .zero,
        openRuns: OpenRuns? = nil, starts: [TimeSpan] = []
    ) -> String {
        let table = GateTable(
            runtimes: ["shared", "other"], leases: leases, openRuns: openRuns.map { ["shared": $0] } ?? [:])
        var window = StartWindow()
        for start in starts { window.add(GateSample.t0 + start) }
        switch table.decide(runtime: runtime, app: app, pack: pack, now: GateSample.t0 + at, starts: window) {
        case .allow(.free): return "free"
        case .allow(.withinLimits): return "within limits"
        case .allow(.goesOn): return "goes on"
        case .allow(.failedOpen(let doubt)): return "failed open: \(doubt.rawValue)"
        case .refuse(let refusal): return "\(refusal.lease) \(refusal.cause) \(refusal.retryAfterSeconds)s"
        }
    }

    @Test("pause: everything of that app on that runtime, nothing else")
    func pause() {
        let leases = [GateSample.lease(.pause)]
        #expect(Self.verdict(leases) == "lease-1 paused 900s")
        #expect(Self.verdict(leases, pack: PackID("Other")) == "lease-1 paused 900s")
        #expect(Self.verdict(leases, app: AppID("app_nois")) == "free")
        #expect(Self.verdict(leases, app: AppID("APP_NOISY")) == "free")
        #expect(Self.verdict(leases, runtime: "other") == "free")
        #expect(Self.verdict(leases, runtime: "unheard-of") == "failed open: unknown_runtime")
    }

    @Test("apps are bytes: the same letter in other bytes is another app")
    func bytes() {
        let leases = [GateSample.lease(.pause, app: AppID("caf\u{E9}"))]
        #expect(Self.verdict(leases, app: AppID("caf\u{E9}")) == "lease-1 paused 900s")
        #expect(Self.verdict(leases, app: AppID("cafe\u{301}")) == "free")
    }

    @Test("disable_pack: that workflow only")
    func disablePack() {
        let leases = [GateSample.lease(.disablePack(GateSample.pack))]
        #expect(Self.verdict(leases) == "lease-1 packDisabled 900s")
        #expect(Self.verdict(leases, pack: PackID("generator")) == "free")
        #expect(Self.verdict(leases, app: AppID("app_other")) == "free")
    }

    @Test("where figures contradict each other what surely runs counts, and no more", arguments: [(2, true), (3, true), (1, false)])
    func least(least: Int, isRefused: Bool) {
        let runs = OpenRuns(at: GateSample.t0, apps: [GateSample.app: OpenRuns.App(active: nil, least: least)])
        let verdict = Self.verdict([GateSample.lease(GateSample.throttle(runs: 2))], openRuns: runs)
        #expect(verdict.hasPrefix("lease-1 openRuns") == isRefused)
        #expect((verdict == "failed open: open_runs_unknown") == !isRefused)
    }

    @Test("leases that are not there: shadows, reverting, ended")
    func absent() {
        #expect(Self.verdict([GateSample.lease(.pause, shadow: true)]) == "free")
        #expect(Self.verdict([GateSample.lease(.pause, state: .reverting)]) == "free")
        #expect(Self.verdict([GateSample.lease(.pause, state: .ended)]) == "free")
        #expect(Self.verdict([GateSample.lease(.pause, state: .intended)]) == "lease-1 paused 900s")
    }

    @Test("expiry: holds until the last millisecond, then open and counted")
    func expiry() {
        let leases = [GateSample.lease(.pause, ttl: .seconds(10))]
        #expect(Self.verdict(leases, at: TimeSpan(milliseconds: 9_999)) == "lease-1 paused 1s")
        #expect(Self.verdict(leases, at: .seconds(10)) == "failed open: expired_lease")
        #expect(Self.verdict(leases, at: .hours(24)) == "failed open: expired_lease")
    }

    @Test("requests_per_minute: any sixty seconds, and room when the oldest leaves")
    func startsPerMinute() {
        let leases = [GateSample.lease(GateSample.throttle(perMinute: 3))]
        let starts: [TimeSpan] = [.seconds(0), .seconds(10), .seconds(20)]
        #expect(Self.verdict(leases, at: .seconds(20), starts: Array(starts.prefix(2))) == "within limits")
        #expect(Self.verdict(leases, at: .seconds(30), starts: starts) == "lease-1 startsPerMinute(limit: 3) 30s")
        #expect(
            Self.verdict(leases, at: TimeSpan(milliseconds: 59_999), starts: starts)
                == "lease-1 startsPerMinute(limit: 3) 1s")
        #expect(Self.verdict(leases, at: .seconds(60), starts: starts) == "within limits")
    }

    @Test("a limit that was lowered waits for as many starts to leave as it takes")
    func loweredLimit() {
        let starts: [TimeSpan] = [.seconds(0), .seconds(10), .seconds(20), .seconds(30)]
        let leases = [GateSample.lease(GateSample.throttle(perMinute: 2))]
        #expect(Self.verdict(leases, at: .seconds(30), starts: starts) == "lease-1 startsPerMinute(limit: 2) 50s")
    }

    @Test("concurrent_workflows: the poll's count and the starts since")
    func openRuns() {
        let leases = [GateSample.lease(GateSample.throttle(runs: 3))]
        func polled(_ open: Int) -> OpenRuns { OpenRuns(at: GateSample.t0, byApp: [GateSample.app: open]) }
        #expect(Self.verdict(leases, openRuns: polled(2)) == "within limits")
        #expect(Self.verdict(leases, openRuns: polled(3)) == "lease-1 openRuns(limit: 3, open: 3) 10s")
        #expect(
            Self.verdict(leases, at: .seconds(5), openRuns: polled(2), starts: [.seconds(-1), .seconds(1)])
                == "lease-1 openRuns(limit: 3, open: 3) 10s")
        #expect(
            Self.verdict(leases, at: .seconds(5), openRuns: polled(2), starts: [.seconds(-1)]) == "within limits")
        #expect(Self.verdict(leases, openRuns: OpenRuns(at: GateSample.t0, byApp: [:])) == "within limits")
    }

    @Test("concurrent_workflows without evidence, or with old evidence, holds nobody back")
    func doubtfulOpenRuns() {
        let leases = [GateSample.lease(GateSample.throttle(runs: 1))]
        let polled = OpenRuns(at: GateSample.t0, byApp: [GateSample.app: 50])
        #expect(Self.verdict(leases) == "failed open: open_runs_unknown")
        #expect(Self.verdict(leases, at: .minutes(2), openRuns: polled) == "lease-1 openRuns(limit: 1, open: 50) 10s")
        #expect(
            Self.verdict(leases, at: TimeSpan(milliseconds: 120_001), openRuns: polled)
                == "failed open: open_runs_stale")
    }

    /// Told by whoever runs them: so many right now, whatever the last poll showed, how old it is and what was let through since.
    @Test(
        "of a runtime that is one process what it counts itself goes before all figures",
        arguments: [(0, nil), (1, nil), (2, "openRuns(limit: 2, open: 2)"), (3, "openRuns(limit: 2, open: 3)")] as [(Int, String?)])
    func told(running: Int, refusal: String?) {
        let leases = [GateSample.lease(GateSample.throttle(runs: 2))]
        let busy = OpenRuns(at: GateSample.t0, byApp: [GateSample.app: 2])
        let idle = OpenRuns(at: GateSample.t0, byApp: [:])
        func answer(_ openRuns: OpenRuns?, single: Set<String>, at: TimeSpan = .seconds(1)) -> GateDecision {
            let table = GateTable(
                runtimes: ["shared"], leases: leases, openRuns: openRuns.map { ["shared": $0] } ?? [:], single: single)
            return table.decide(
                runtime: "shared", app: GateSample.app, pack: GateSample.pack, now: GateSample.t0 + at, starts: StartWindow(),
                pending: 1, running: running)
        }
        for openRuns in [busy, idle, nil] {
            for at in [TimeSpan.seconds(1), .minutes(9)] {
                if case .refuse(let told) = answer(openRuns, single: ["shared"], at: at) {
                    #expect("\(told.cause)" == refusal)
                } else {
                    #expect(refusal == nil && answer(openRuns, single: ["shared"], at: at) == .allow(.withinLimits))
                }
            }
        }
        // One of several processes knows its own runs only.
        guard case .refuse(let counted) = answer(busy, single: []) else {
            Issue.record("let through by what one process of several says")
            return
        }
        #expect(counted.cause == .openRuns(limit: 2, open: 3))
        #expect(answer(nil, single: []) == .allow(.failedOpen(.openRunsUnknown)))
    }

    @Test("doubt about one limit does not lift the other")
    func partialDoubt() {
        let leases = [GateSample.lease(GateSample.throttle(runs: 1, perMinute: 1))]
        #expect(Self.verdict(leases, starts: [.zero]) == "lease-1 startsPerMinute(limit: 1) 60s")
    }

    @Test("several leases: the one that refuses longest answers; an expired one lifts nothing")
    func strictest() {
        let leases = [
            GateSample.lease(GateSample.throttle(perMinute: 1), id: "lease-throttle"),
            GateSample.lease(.pause, id: "lease-pause", ttl: .minutes(5)),
            GateSample.lease(.disablePack(GateSample.pack), id: "lease-pack", ttl: .minutes(10)),
        ]
        #expect(Self.verdict(leases, starts: [.zero]) == "lease-pack packDisabled 600s")
        #expect(Self.verdict(leases.reversed(), starts: [.zero]) == "lease-pack packDisabled 600s")
        #expect(Self.verdict(leases, pack: PackID("x"), starts: [.zero]) == "lease-pause paused 300s")
        #expect(
            Self.verdict(leases, pack: PackID("x"), at: .minutes(5), starts: [.minutes(5)])
                == "lease-throttle startsPerMinute(limit: 1) 60s")
    }

    @Test("a limit below one is one: a throttle never becomes a pause")
    func limitsBelowOne() {
        let leases = [GateSample.lease(GateSample.throttle(runs: 0, perMinute: -5))]
        #expect(Self.verdict(leases, openRuns: OpenRuns(at: GateSample.t0, byApp: [:])) == "within limits")
    }

    @Test("the retry is at least a second and at most an hour")
    func retryBounds() {
        #expect(Self.verdict([GateSample.lease(.pause, ttl: TimeSpan(milliseconds: 1))]) == "lease-1 paused 1s")
        #expect(Self.verdict([GateSample.lease(.pause, ttl: .hours(2))]) == "lease-1 paused 3600s")
    }

    @Test(
        "the sender's text says when to come back",
        arguments: [
            (1, "1 second"), (90, "90 seconds"), (119, "119 seconds"), (120, "2 minutes"), (121, "3 minutes"),
            (3_600, "60 minutes"),
        ])
    func text(seconds: Int, span: String) throws {
        var texts = GateTexts()
        texts.paused = "{ {retry_after}{x} {retry_after"
        let table = GateTable(
            runtimes: ["shared"], leases: [GateSample.lease(.pause, ttl: .seconds(Double(seconds)))], texts: texts)
        let decision = table.decide(
            runtime: "shared", app: GateSample.app, pack: GateSample.pack, now: GateSample.t0, starts: StartWindow())
        guard case .refuse(let refusal) = decision else { throw Unexpected.decision(decision) }
        #expect(refusal.text == "{ \(span){x} {retry_after")
    }

    enum Unexpected: Error { case decision(GateDecision) }

    @Test("which runtime a proxy means")
    func runtimes() {
        #expect(GateTable(runtimes: ["a"]).runtime(named: nil) == "a")
        #expect(GateTable(runtimes: ["a"]).runtime(named: "a") == "a")
        #expect(GateTable(runtimes: ["a"]).runtime(named: "b") == nil)
        #expect(GateTable(runtimes: ["a", "b"]).runtime(named: nil) == nil)
        #expect(GateTable(runtimes: []).runtime(named: nil) == nil)
    }
}

@Suite("start window")
struct StartWindowTests {
    private func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

    @Test("counts, forgets and finds, against a plain array")
    func model() {
        var window = StartWindow()
        var plain: [Timestamp] = []
        var seed: UInt64 = 7
        for step in 0..<1_000 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let moment = at(Int64(step) * 10 + Int64(seed >> 60))
            window.add(moment)
            plain.append(max(moment, plain.last ?? moment))
            if step % 37 == 0 {
                let edge = at(Int64(step) * 10 - 2_000)
                window.forget(through: edge)
                plain.removeAll { $0 <= edge }
            }
            let since = at(Int64(step) * 10 - Int64(seed >> 52))
            #expect(window.count(after: since) == plain.count { $0 > since })
            #expect(window.moment(latest: 5) == (plain.count > 5 ? plain[plain.count - 6] : nil))
        }
    }

    @Test("a clock that goes backwards counts as standing still")
    func backwards() {
        var window = StartWindow()
        window.add(at(1_000))
        window.add(at(10))
        #expect(window.count(after: at(999)) == 2)
    }

    @Test("bounded")
    func bounded() {
        var window = StartWindow()
        for step in 0..<(StartWindow.capacity + 100) { window.add(at(Int64(step))) }
        #expect(window.count(after: at(-1)) == StartWindow.capacity)
    }
}
