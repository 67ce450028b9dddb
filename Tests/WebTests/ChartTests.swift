import JSONParsing
import Journal
import Model
import Policy
import Signals
import TestKit
import Testing
import Views

import struct Journal.MinuteRow

@testable import Cycle
@testable import Web

/// The charts of the first page and the time that they show.
@Suite struct ChartTests {
    private static let now = World.start.minute

    /// A minute with readings of the runtime and active runs of apps.
    static func minute(
        _ minute: Int64, _ readings: [Signal: Evidence], apps: [(String, Int32)] = [], chatsMissing: MissingReason? = nil
    ) -> MinuteRow {
        var all = Signal.allCases.map { _ in Evidence.missing(.notTracked) }
        for (signal, evidence) in readings { all[Int(signal.rawValue)] = evidence }
        var whole = RecordedHistory.Row(minute: minute, app: nil, readings: all, chatsMissing: chatsMissing, liveCounters: 31, watched: 1)
        var rows: [RecordedHistory.Row] = []
        for (app, runs) in apps {
            var row = RecordedHistory.Row(minute: minute, app: AppID(app))
            row.gauges.young = runs
            row.sums.promptTokens = Double(runs) * 100
            whole.gauges.young += runs
            rows.append(row)
        }
        return MinuteRow(runtime: "shared", minute: minute, bytes: MinuteBlob.encode([whole] + rows))
    }

    private func past(_ world: World, _ minutes: [MinuteRow], hours: Int = 1) throws -> RuntimePast {
        try world.engine.commitTick(TickRecord(minutes: minutes))
        return try RuntimePast(
            world.engine, runtime: "shared", PastRange(from: World.start - .hours(hours), until: World.start), now: World.start, price: nil)
    }

    private func panel(_ past: RuntimePast, _ signal: Signal) throws -> RuntimePast.Panel {
        try #require(past.panels.first { $0.signals.contains(signal) })
    }

    @Test("layers are the largest apps and the rest: together what the runtime says, never more")
    func layers() throws {
        let apps = (1...8).map { ("app-\($0)", Int32($0)) }
        let sum = Double((1...8).reduce(0, +))
        let past = try past(
            World(),
            [Self.minute(Self.now - 3, [.activeRuns: .value(sum)], apps: apps), Self.minute(Self.now - 2, [.activeRuns: .value(3)])])
        let runs = try panel(past, .activeRuns)
        #expect(runs.series.map(\.name) == [8, 7, 6, 5, 4].map { .app(AppID("app-\($0)")) } + [.rest(isAll: false), .untold])
        #expect(runs.series.map { $0.values[0] } == [8, 7, 6, 5, 4, 6, 0])
        #expect(runs.series.map { $0.values[1] } == [nil, nil, nil, nil, nil, 0, 3], "three ran, and no app says that they were its")
    }

    @Test("where no app says what ran theirs is missing, and it is none of the others'; what is missing at the end has no newest")
    func missingApps() throws {
        let past = try past(
            World(),
            [
                Self.minute(Self.now - 5, [.activeRuns: .value(9)], apps: [("a", 6), ("b", 3)]),
                Self.minute(Self.now - 4, [.activeRuns: .value(9)]),
                Self.minute(Self.now - 3, [.activeRuns: .missing(.unreachable)]),
                Self.minute(Self.now - 2, [.activeRuns: .missing(.unreachable)]),
            ])
        let runs = try panel(past, .activeRuns)
        #expect(runs.series.map(\.name) == [.app(AppID("a")), .app(AppID("b")), .untold])
        #expect(runs.series.map(\.values) == [[6, nil, nil, nil], [3, nil, nil, nil], [0, 9, nil, nil]])
        #expect(runs.series.allSatisfy { $0.newest == nil }, "what was so before is not so now")
        let again = try self.past(
            World(),
            [Self.minute(Self.now - 3, [.activeRuns: .value(4)]), Self.minute(Self.now - 2, [.activeRuns: .missing(.unreachable)])])
        #expect(try panel(again, .activeRuns).series.map(\.newest) == [4], "the last minute's comes some seconds after it")
    }

    @Test("what nobody says whose it is stands on the floor of the stack: a hole would read as zero")
    func untold() throws {
        let world = try World()
        try world.engine.commitTick(
            TickRecord(
                states: [World.sight()],
                minutes: [
                    Self.minute(Self.now - 3, [.activeRuns: .value(9)], apps: [("a", 6), ("b", 3)]),
                    Self.minute(Self.now - 2, [.activeRuns: .value(9)]),
                ]))
        let text = world.face().get("/").text
        #expect(text.contains("<path class=\"untold\" d=\"M300 110V6.2H600V110z\"/>"), "\(text.suffix(12_000).prefix(6_000))")
        #expect(text.contains("<span class=\"key untold\" aria-hidden=\"true\"></span>of which apps is not on record 9</li>"))
        #expect(!text.contains("</span>others"), "whose it was is not known")
    }

    @Test("charts begin with the first minute that was kept, also once its hour is one block")
    func beginning() throws {
        let world = try World()
        let hour = Self.now / 60 - 1
        let first = hour * 60 + 50
        try world.engine.commitTick(TickRecord(minutes: (first..<hour * 60 + 60).map { Self.minute($0, [.activeRuns: .value(3)]) }))
        try world.engine.fold(RecordedHistory.block(world.engine, runtime: "shared", hour: hour).0)
        let kept = try #require(try world.engine.historyRuntimes().first)
        #expect(kept.minutes.lowerBound == hour * 60, "a block is of its whole hour")
        #expect(try RecordedHistory.firstMinute(world.engine, runtime: "shared", in: kept.minutes) == first)
        let past = try past(world, [])
        #expect(past.range.from == Timestamp(minute: first))
        #expect(try panel(past, .activeRuns).gaps.isEmpty, "nobody was there to look")
    }

    @Test("a gap is where nothing was seen, with its reason; what had nothing to measure is none")
    func gaps() throws {
        let past = try past(
            World(),
            [
                Self.minute(Self.now - 9, [.activeRuns: .value(3), .errorRate: .missing(.noTraffic)]),
                Self.minute(Self.now - 8, [.activeRuns: .missing(.unreachable), .errorRate: .value(0)]),
                Self.minute(Self.now - 7, [.activeRuns: .missing(.unreachable), .errorRate: .value(0)]),
                Self.minute(Self.now - 4, [.activeRuns: .value(0), .errorRate: .value(0)]),
                Self.minute(Self.now - 2, [.activeRuns: .value(1), .errorRate: .value(0)]),
            ])
        let runs = try panel(past, .activeRuns)
        #expect(past.range.from == Timestamp(minute: Self.now - 9), "before the first minute that was kept there is no gap")
        #expect(
            runs.gaps.map { [$0.minutes.lowerBound - Self.now, $0.minutes.upperBound - Self.now] } == [[-8, -6], [-6, -4], [-3, -2]])
        #expect(runs.gaps.map(\.reason) == [MissingReason.unreachable.explanation, "nobody looked", "nobody looked"])
        #expect(runs.series[0].values == [3, nil, nil, nil, nil, 0, nil, 1], "a gap is no zero, and a zero no gap")
        let errors = try panel(past, .errorRate)
        #expect(errors.gaps.count == 2 && errors.series[0].values[0] == nil)
        #expect(try !panel(past, .cost).hasEvidence)
    }

    @Test("of steps of several minutes lines keep the highest and layers the mean of what was seen")
    func steps() throws {
        let minutes = (1...360).reversed().map { back in
            Self.minute(
                Self.now - Int64(back),
                [.activeRuns: back == 100 ? .missing(.unreachable) : .value(2), .websockets: .value(back == 99 ? 50 : 5)],
                apps: [("a", 2)])
        }
        let past = try past(World(), minutes, hours: 6)
        #expect(past.range.step == 2 && past.range.count == 180)
        let sockets = try panel(past, .websockets).series[0].values.compactMap { $0 }
        #expect(sockets.max() == 50 && sockets.filter { $0 == 5 }.count == 179)
        let runs = try panel(past, .activeRuns)
        #expect(runs.series.map(\.name) == [.app(AppID("a"))])
        #expect(runs.series[0].values.allSatisfy { $0 == 2 }, "a minute that is missing makes no mean smaller")
    }

    @Test("a restart that the history saw stands in the charts")
    func restarts() throws {
        let minutes = (2...9).reversed().map { Self.minute(Self.now - $0, [.activeRuns: .value(1), .restarts: .value($0 <= 5 ? 1 : 0)]) }
        let world = try World()
        #expect(try past(world, minutes).restarts == [Timestamp(minute: Self.now - 5)])
        try world.commit([], states: [World.sight()])
        #expect(world.face().get("/").text.contains("08:55:00: restart"))
    }

    @Test("thresholds of the policy in force are drawn, gaps said in words, apps named; too far a threshold is told only")
    func drawn() throws {
        let world = try World()
        try world.engine.commitTick(
            TickRecord(
                states: [World.sight(), World.policies("")],
                minutes: (2...40).reversed().map { back in
                    Self.minute(
                        Self.now - Int64(back),
                        [
                            .activeRuns: (10...14).contains(back) ? .missing(.unreachable) : .value(180), .websockets: .value(30),
                            .mongodbLatency: .value(0.15), .turnLatencyP50: .value(6), .turnLatencyP95: .value(14),
                        ], apps: [("app-<b>", 120), ("app-shop", 60)])
                }))
        let page = world.face().get("/").text
        #expect(page.contains("<line class=\"level\"") && page.contains("above 200: runtime-saturated"))
        #expect(page.contains("above 200ms: mongodb-slow"))
        #expect(
            page.contains("</span>turn_latency.p50 above 5s: turn-latency-rise")
                && page.contains("</span>turn_latency.p95 above 10s: turn-"),
            "of two lines, which it holds for")
        #expect(page.contains("above 1000: websockets-high (far above this picture)"))
        #expect(page.contains("<summary>no evidence for 5m</summary>") && page.contains("08:46:00 to 08:51:00: the runtime gave no answer"))
        #expect(page.contains("<span class=\"key c0\"") && page.contains("app-&lt;b&gt;") && !page.contains("app-<b>"))
        #expect(page.contains("href=\"/?range=6h#charts\"") && page.contains("href=\"/?range=1h#charts\" aria-current=\"true\""))
        #expect(page.contains("No evidence in that time of error_rate"))
    }

    @Test("of many things the runtime's charts come first, then what is unwell; the others are linked")
    func many() throws {
        let world = try World()
        var ill = World.incident(1, rule: "service-down", app: nil, severity: .critical)
        ill = Incident(
            fingerprint: ill.fingerprint, id: ill.id, rule: ill.rule, subject: .service("zeta"), severity: ill.severity,
            summary: ill.summary, origin: ill.origin, condition: ill.condition, openedAt: ill.openedAt, since: ill.since,
            transitions: [], evidence: [], suggestions: [], nextSteps: [], playbook: nil, labels: [:])
        try world.commit(
            [ill], states: [World.sight()] + ["a", "b", "c", "d", "zeta"].map { World.sight($0, kind: .service) })
        let text = world.face().get("/").text
        let rest = try #require(text.split(separator: "<section id=\"charts\"").last)
        let charts = String(try #require(rest.split(separator: "</section>").first))
        let headings = charts.split(separator: "<h3><bdi>").dropFirst().map { $0.prefix { $0 != "<" } }
        #expect(headings.map(String.init) == ["shared", "zeta", "a", "b"], "\(headings)")
        #expect(charts.contains("Charts of 4 of 6 things that are watched; the figures of the others: "))
        #expect(
            charts.contains(
                "<a href=\"/api/v1/history?runtime=c\"><bdi>c</bdi></a>, <a href=\"/api/v1/history?runtime=d\"><bdi>d</bdi></a></p>"),
            "\(charts)")
    }

    /// A minute of what stands beside a runtime.
    private static func minute(_ minute: Int64, of name: String, _ endpoint: Endpoint, _ readings: [Signal: Evidence]) -> MinuteRow {
        var all = Signal.allCases.map { _ in Evidence.missing(.notTracked) }
        for (signal, evidence) in readings { all[Int(signal.rawValue)] = evidence }
        var watch = WatchMinute()
        // Looks at services have the bit of a fallback that is never kept by itself.
        watch.heard = 1 << (endpoint == .probe ? Endpoint.perfChats : endpoint).rawValue
        watch.intervals = [10_000]
        let row = RecordedHistory.Row(minute: minute, app: nil, readings: all, watched: 1, watch: watch)
        return MinuteRow(runtime: name, minute: minute, bytes: MinuteBlob.encode([row]))
    }

    @Test("of hosts and services limits to stay above are drawn, too, however far; what is missing there is not said of a runtime")
    func below() throws {
        let world = try World()
        try world.engine.commitTick(
            TickRecord(
                states: [World.policies(""), World.sight("this", kind: .host), World.sight("website", kind: .service)],
                minutes: (2...300).reversed().flatMap { back in
                    [
                        Self.minute(Self.now - Int64(back), of: "this", .host, [.diskFree: .value(40), .inodesFree: .value(90)]),
                        Self.minute(
                            Self.now - Int64(back), of: "website", .probe, [.up: .value(back == 99 ? 0 : 1), .certificateDays: .value(2)]),
                    ]
                }))
        let page = world.face().get("/").text
        for words in [
            "</span>disk_free below 3%: host-disk-full</li>", "</span>disk_free below 10%: ", "</span>inodes_free below 10%: ",
            "</span>below 14: certificate-expiring</li>", "</span>below 3: certificate-ending</li>",
            "No evidence in that time of latency: no look at this service tells it",
            "Left on the fullest disk: <strong>space 40%, inodes 90%</strong> <span class=\"faint\">as of 08:59:00, space 40% to 40%, inodes 90% to 90% ·",
        ] {
            #expect(page.contains(words), "\(words)")
        }
        #expect(!page.contains("this runtime does not track it"))
        let history = try world.face().get("/api/v1/history?runtime=website").json()
        #expect(history["series"]?.array?.map { $0["series"]?.string } == ["up", "latency"], "\(history)")
        let hours = world.face().get("/?range=6h").text
        #expect(hours.contains("0 to 1, the lowest minute of each 2"), "the minute in which it was down is not lost")
    }

    @Test("a range, or a time of one's own by one's own clocks; nonsense is said to be")
    func frames() throws {
        let world = try World()
        try world.engine.commitTick(
            TickRecord(states: [World.sight()], minutes: (2...300).reversed().map { Self.minute(Self.now - $0, [.activeRuns: .value(4)]) }))
        let face = world.face()
        #expect(face.get("/?range=6h").text.contains("The last 6 hours"))
        #expect(face.get("/?range=3h").text.contains("The last 3h"))
        let own = face.get("/?from=2026-11-21T06:00&to=2026-11-21T07:00:00Z")
        #expect(own.status == 200 && own.text.contains("A time of your own") && own.text.contains("value=\"2026-11-21T06:00\""))
        #expect(own.text.contains("<span>06:00:00</span><span>07:00:00</span>"))
        #expect(face.get("/?from=&to=&range=24h").text.contains("The last 24 hours"), "empty fields were not filled in")
        for (query, words) in [
            ("range=x", "'range' is a span of 5m to 31d"), ("range=32d", "5m to 31d"), ("range=1m", "5m to 31d"),
            ("range=-1h", "5m to 31d"),
            ("range=1h&range=6h", "given 2 times"), ("range=1h&from=2026-11-21T06:00", "not both"), ("to=2026-11-21T06:00", "'from'"),
            ("from=2026-11-21T08:00&to=2026-11-21T07:00", "lies before"), ("from=2026-11-21T07:00&to=2026-11-21T07:00", "lies before"),
            ("from=2027-01-01", "in the future"), ("from=2026-01-01", "31 days"), ("from=yesterday", "is a moment such as"),
            ("from=2026-02-30T00:00", "is a moment such as"), ("from=2026-11-21T08:58&to=2026-11-21T08:59", "at least five"),
            ("from=%3Cscript%3E", "is a moment such as"), ("zone=Mars/Base", "is a time zone such as"),
            ("zone=../../etc/passwd", "is a time zone"),
            ("zone=%2Fetc%2Fpasswd", "is a time zone"), ("rnge=1h", "there is no parameter"), ("range=99999999999999999999d", "5m to 31d"),
        ] {
            let answer = face.get("/?" + query)
            #expect(
                answer.status == 400 && answer.text.contains(words.replacing(bytesOf: "'", with: "&#39;")),
                "\(query): \(answer.status) \(answer.text.suffix(900))")
            #expect(!answer.text.contains("<script>window") && !answer.text.contains("/usr/share"))
        }
    }

    @Test("whose clocks a reader chose holds for all pages, by a cookie of theirs; what is no zone is none")
    func zones() throws {
        let world = try World()
        try world.commit([World.incident(1)], states: [World.sight()])
        let face = world.face()
        let chosen = face.get("/?zone=%2B05:30")
        #expect(
            chosen.text.contains("as of <time datetime=\"2026-11-21T09:00:00.000Z\">14:30:00</time> UTC+05:30"),
            "\(chosen.text.prefix(300))")
        let cookie = try #require(chosen.header("Set-Cookie"))
        #expect(cookie.hasPrefix("mozaiks-ops-zone=%2B05%3A30; ") && cookie.contains("SameSite=Lax"))
        let kept = [(name: "Cookie", value: String(cookie.prefix { $0 != ";" }))]
        for target in ["/", "/incidents/0000000000000001", "/?range=6h"] {
            #expect(face.get(target, kept).text.contains("14:30:00"), "\(target)")
            #expect(!face.get(target).text.contains("14:30:00"), "nobody else's clocks changed")
        }
        #expect(face.get("/", [("Cookie", "mozaiks-ops-zone=../../etc/passwd")]).status == 200)
        // In the hour before clocks are set back: by Berlin's 08:00 is 07:00 UTC in winter.
        let berlin = Timeframe.field(World.start, Zone(fixed: "+01:00")!)  // A literal of this file.
        #expect(berlin == "2026-11-21T10:00")
        var query = try Query(.init(target: "/?from=2026-11-21T08:00&to=2026-11-21T09:00"))
        let frame = try Timeframe(&query, now: World.start, Zone(fixed: "+01:00")!)  // As above.
        #expect(frame.from == World.start - .hours(2) && frame.until == World.start - .hours(1))
    }

    @Test("pages of a week are drawn once in a while, however many look")
    func kept() throws {
        let world = try World()
        try world.engine.commitTick(
            TickRecord(states: [World.sight()], minutes: (2...300).reversed().map { Self.minute(Self.now - $0, [.activeRuns: .value(4)]) }))
        let face = world.face()
        let first = face.get("/?range=7d").text
        try world.engine.commitTick(TickRecord(minutes: [Self.minute(Self.now - 1, [.activeRuns: .value(99)])]))
        #expect(
            face.get("/?range=7d&here=1").text.contains("Concurrent runs by app: <strong>4</strong>")
                && first.contains("<strong>4</strong>"))
        #expect(face.get("/?range=24h").text.contains("<strong>"), "another range is another reading")
    }
}
