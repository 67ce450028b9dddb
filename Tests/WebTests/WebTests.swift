import Ambient
import Glibc
import JSONParsing
import Journal
import Model
import Server
import Signals
import TestKit
import Testing
import Views

import struct Journal.MinuteRow

@testable import Monitor
@testable import Web

/// A clock that stands where a test puts it.
private struct StandingClock: Clock {
    var moment = World.start
    var nanoseconds: UInt64 = 0

    func now() -> Timestamp { moment }
    func monotonicNanoseconds() -> UInt64 { nanoseconds }
    func sleep(for span: TimeSpan) async throws(CancellationError) {}
}

/// A state folder with a journal as an engine leaves it.
private struct World {
    static let start = Timestamp(rfc3339: "2026-11-21T09:00:00.000Z")!  // A literal of this file.

    let temporary = TemporaryFolder()
    let folder: StateFolder
    let engine: Journal

    init() throws {
        folder = try StateFolder(creating: temporary.path("state"))
        engine = try Journal.open(folder, mode: .engine(EngineLock(folder: folder, now: World.start)))
    }

    static func incident(
        _ number: Int, rule: String = "noisy-neighbor", app: String? = "app-clinic", severity: Severity = .warning,
        summary: String = "Too many runs.",
        resolved: Bool = false
    ) -> Incident {
        let opened = World.start + .seconds(Double(number) - 1_000)
        let subject: Subject = app.map { .app(AppID($0), runtime: "shared") } ?? .runtime("shared")
        let print = "0000000000000000".dropLast("\(number)".utf8.count) + "\(number)"
        var incident = Incident(
            fingerprint: String(print), id: "\(print)-\(opened.milliseconds)", rule: rule, subject: subject,
            severity: severity, summary: summary,
            origin: Origin(file: "policies/ops_policy.default.yaml", line: 12), condition: "active_runs > 3",
            openedAt: opened, since: opened,
            transitions: [
                Transition(
                    at: opened, rule: rule, subject: subject, from: .pending, to: .firing,
                    reason: "condition true for 5m",
                    condition: "active_runs (7) > 3", readings: [])
            ],
            evidence: [
                EvidenceSeries(
                    series: "active_runs", unit: .runs,
                    points: ([1, nil, 3, 5] as [Double?]).enumerated().map { index, value in
                        .init(
                            at: opened + .seconds(Double(index)),
                            evidence: value.map { .value($0) } ?? .missing(.unreachable))
                    })
            ], suggestions: [], nextSteps: ["Ask the tenant."], playbook: "noisy-neighbor", labels: [:])
        if resolved { incident.resolvedAt = opened + .seconds(60) }
        return incident
    }

    func commit(_ incidents: [Incident], states: [StateRow] = [], messages: [OutboxMessage] = []) throws {
        try engine.commitTick(
            TickRecord(
                states: states, incidents: incidents.map { IncidentRow($0, updatedAt: World.start) }, messages: messages
            ))
    }

    /// A minute of the history in which so many runs were active.
    static func minute(_ minute: Int64, _ runs: Evidence) -> MinuteRow {
        var readings = Signal.allCases.map { _ in Evidence.missing(.notTracked) }
        readings[Int(Signal.activeRuns.rawValue)] = runs
        let row = RecordedHistory.Row(minute: minute, app: nil, readings: readings, watched: 1)
        return MinuteRow(runtime: "shared", minute: minute, bytes: MinuteBlob.encode([row]))
    }

    /// What a poll just showed.
    static func sight(_ name: String = "shared", missing: [Endpoint: MissingReason] = [:]) -> StateRow {
        var replica = RuntimeSummary.Replica(url: "http://127.0.0.1:8000", perfInterval: .seconds(10))
        replica.isHealthy = missing[.health] == nil ? true : nil
        replica.missing = missing
        let summary = RuntimeSummary(
            runtime: name, replicas: [replica], apps: 3, deadCounters: [.errors], liveCounters: [], endedRuns: 0)
        let sight = RuntimeSight(
            summary: summary, polledAt: start, interval: .seconds(10), mode: .enforce, environment: "production",
            isOfDaemon: true)
        return StateRow(key: "sight:" + name, bytes: sight.document.serializedBytes())
    }

    func face(
        isLoopback: Bool = true, token: String? = nil, publicURL: String? = nil,
        at clock: StandingClock = StandingClock()
    ) -> Face {
        let secret = token.map { CachedSecret(.literal(Secret($0)), what: "the token", in: Environment([:])) }
        return Face(
            folder, Overview.Surroundings(), isLoopback: isLoopback, token: secret, publicURL: publicURL, clock: clock)
    }
}

extension Face {
    fileprivate func get(_ target: String, method: String = "GET", _ headers: [(name: String, value: String)] = [])
        -> ServerResponse
    {
        answer(ServerRequest(method: method, target: target, headers: headers))
    }
}

extension ServerResponse {
    fileprivate var text: String { String(decoding: body, as: UTF8.self) }
    fileprivate func json() throws -> JSON { try JSON(parsing: body) }
    fileprivate func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

// MARK: -

@Suite struct APITests {
    @Test("pages follow each other without a gap or a repetition, whatever opens in between")
    func paging() throws {
        let world = try World()
        try world.commit((1...7).map { World.incident($0) })
        let face = world.face()
        var cursor: String?
        var seen: [String] = []
        for page in 0..<4 {
            let answer = try face.get("/api/v1/incidents?limit=2" + (cursor.map { "&cursor=\($0)" } ?? "")).json()
            seen += try #require(answer["incidents"]?.array).compactMap { $0["id"]?.string }
            cursor = answer["next_cursor"]?.string
            #expect((cursor == nil) == (page == 3))
            if page == 0 { try world.commit([World.incident(9)]) }
        }
        #expect(seen == (1...7).reversed().map { World.incident($0).id })
    }

    @Test(
        "filters let through what they name",
        arguments: [
            ("severity=critical", [2]), ("severity=critical,info", [3, 2]), ("app=app%2Dclinic", [1]),
            ("rule=down", [2]), ("state=resolved", [3]),
            ("since=2026-11-21T08:43:22Z", [3, 2]), ("since=998s", [3, 2]), ("runtime=shared&state=open", [2, 1]),
            ("runtime=other", []),
        ])
    func filters(query: String, numbers: [Int]) throws {
        let world = try World()
        let all = [
            World.incident(1), World.incident(2, rule: "down", app: nil, severity: .critical),
            World.incident(3, rule: "x", app: "app-b", severity: .info, resolved: true),
        ]
        try world.commit(all)
        let answer = try world.face().get("/api/v1/incidents?" + query).json()
        #expect(
            answer["incidents"]?.array?.compactMap { $0["id"]?.string } == numbers.map { all[$0 - 1].id }, "\(answer)")
    }

    @Test(
        "what is wrong with a request is said, as a problem document",
        arguments: [
            ("/api/v1/incidents?severity=bad", 400, "one of info, warning, critical"),
            ("/api/v1/incidents?severty=info", 400, "no parameter 'severty'"),
            ("/api/v1/incidents?limit=0", 400, "from 1 to 200"),
            ("/api/v1/incidents?limit=99999999999999999999", 400, "from 1 to 200"),
            ("/api/v1/incidents?limit=1&limit=2", 400, "given 2 times"),
            ("/api/v1/incidents?cursor=x", 400, "'cursor'"),
            ("/api/v1/incidents?cursor=-1.a", 400, "'cursor'"),
            ("/api/v1/incidents?cursor=1.%27%3B--", 400, "'cursor'"),
            ("/api/v1/incidents?since=soon", 400, "a moment such as"),
            ("/api/v1/incidents?app=%zz", 400, "percent-encoded"),
            ("/api/v1/incidents?app=%FF", 400, "percent-encoded"),
            ("/api/v1/incidents/nope", 404, "no incident 'nope'"),
            ("/api/v1/incidents/%00", 404, "no incident"), ("/api/v1/incidents/", 404, "no id"),
            ("/api/v1/incidents/a/b", 404, "nothing at this path"),
            ("/api/v1/", 404, "nothing at this path"), ("/api", 404, "nothing at this path"),
            ("/api/v1/../etc", 404, "nothing at this path"),
            ("/api/v1/situation?x", 400, "no parameter 'x'"), ("/api/v1/messages?cursor=0", 400, "'cursor'"),
            ("/api/v1/leases?all=yes", 400, "true or false"),
            ("/api/v1/rules", 503, "no engine has written yet"),
        ])
    func problems(target: String, status: Int, words: String) throws {
        let world = try World()
        let answer = world.face().get(target)
        let problem = try answer.json()
        #expect(
            answer.status == status && answer.header("Content-Type") == "application/problem+json", "\(answer.text)")
        #expect(
            problem["status"]?.int == Int64(status) && problem["detail"]?.string?.contains(words) == true,
            "\(answer.text)")
    }

    @Test("a minute without evidence is a gap with its reason, on the page too; one that is not written yet is none")
    func history() throws {
        let world = try World()
        let now = World.start.minute
        try world.engine.commitTick(
            TickRecord(
                states: [World.sight()],
                minutes: [
                    World.minute(now - 6, .value(3)), World.minute(now - 5, .missing(.unreachable)),
                    World.minute(now - 3, .value(5)),
                    World.minute(now - 2, .value(7)),
                ]))
        let answer = try world.face().get("/api/v1/history?runtime=shared").json()
        let points = answer["series"]?.array?.first { $0["series"]?.string == "active_runs" }?["points"]?.array ?? []
        #expect(points.count == 5, "\(answer)")
        #expect(points.map { $0["value"]?.double } == [3, nil, nil, 5, 7])
        #expect(points.map { $0["missing"]?.string } == [nil, "unreachable", "too_little_data", nil, nil])
        let page = world.face().get("/").text
        #expect(
            page.contains("The last hour") && page.contains("active_runs: <strong>7")
                && page.contains("missing 2 of 5 times"))
        #expect(
            try world.face().get("/api/v1/history?runtime=shared&since=1ms").json()["series"]?.array?.isEmpty == true)
        for (query, status) in [
            ("", 400), ("?runtime=shared&since=25h", 400), ("?runtime=other", 404),
            ("?runtime=shared&since=2027-01-01T00:00:00Z", 400),
        ] {
            #expect(world.face().get("/api/v1/history" + query).status == status, "\(query)")
        }
    }

    @Test("nothing is written", arguments: ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get"])
    func methods(method: String) throws {
        let world = try World()
        let answer = world.face().get("/api/v1/situation", method: method)
        #expect(answer.status == 405 && answer.header("Allow") == "GET, HEAD")
    }

    @Test("what did not change is not sent again; of the situation ages do not count")
    func tags() throws {
        let world = try World()
        try world.commit([World.incident(1)], states: [World.sight()])
        for target in ["/api/v1/situation", "/api/v1/incidents", "/api/v1/incidents/0000"] {
            let tag = try #require(world.face().get(target).header("ETag"))
            let later = world.face(at: StandingClock(moment: World.start + .seconds(30)))
            let again = later.get(target, [("If-None-Match", "\"other\", \(tag)")])
            #expect(again.status == 304 && again.body.isEmpty && again.header("ETag") == tag, "\(target) \(again.text)")
            #expect(later.get(target, [("If-None-Match", "\"other\"")]).status == 200)
        }
        let tag = try #require(world.face().get("/api/v1/situation").header("ETag"))
        try world.commit([World.incident(2)])
        #expect(world.face().get("/api/v1/situation", [("If-None-Match", tag)]).status == 200)
    }

    @Test("however many ask, the journal is read once a second")
    func kept() throws {
        let world = try World()
        let face = world.face()
        #expect(try face.get("/api/v1/incidents").json()["incidents"]?.array?.isEmpty == true)
        try world.commit([World.incident(1)])
        #expect(try face.get("/api/v1/incidents").json()["incidents"]?.array?.isEmpty == true)
        #expect(
            try world.face(at: StandingClock(nanoseconds: 2_000_000_000)).get("/api/v1/incidents").json()["incidents"]?
                .array?.count == 1)
    }

    @Test("docs/api.yaml is OpenAPI, and every answer is as it says")
    func documented() throws {
        let world = try World()
        let incident = World.incident(1)
        let message = OutboxMessage(
            incident: incident.id, channel: "ops", event: .opened, createdAt: World.start, dueAt: World.start,
            document: "{}")
        try world.commit([incident, World.incident(2, resolved: true)], states: [World.sight()], messages: [message])
        try world.engine.commitTick(TickRecord(minutes: [World.minute(World.start.minute - 2, .value(3))]))
        let face = world.face()
        let targets = [
            "/api/v1/situation", "/api/v1/incidents?limit=1&state=open&severity=warning",
            "/api/v1/incidents/0000000000000001", "/api/v1/incidents/ffff",
            "/api/v1/incidents/0000", "/api/v1/leases?all=true", "/api/v1/approvals", "/api/v1/silences?all=false",
            "/api/v1/messages?limit=5&channel=ops",
            "/api/v1/rules", "/api/v1/nothing", "/api/v1/incidents?cursor=x", "/api/v1/history?runtime=shared&since=1h",
        ]
        let lines = try targets.map { target -> String in
            let answer = face.get(target)
            let line: JSON = [
                "path": .string(target), "status": .int(Int64(answer.status)),
                "type": .string(answer.header("Content-Type") ?? ""), "body": try answer.json(),
            ]
            return line.serialized() + "\n"
        }
        let python = Fixtures.repository + "/.build/venv/bin/python"
        try #require(access(python, X_OK) == 0, "run .ci/setup: it installs the validator")
        let file = world.temporary.write(lines.joined(), to: "exchanges")
        let ending = try RunningProgram(
            python, [Fixtures.repository + "/Tests/WebTests/openapi.py", Fixtures.repository + "/docs/api.yaml", file],
            environment: ["PATH": "/usr/bin:/bin"], in: world.temporary.path, atMost: 120
        ).waitForEnd()
        // The rules are in force only where an engine was at work; their shape is tested beside a daemon.
        #expect(
            ending.output == targets.map { _ in "ok\n" }.joined() + "never asked: /api/v1/rules\n",
            "\(ending.output)\(ending.errors)")
    }
}

// MARK: -

@Suite struct ReaderTests {
    @Test(
        "open on loopback; elsewhere closed without a token, page and API alike",
        arguments: ["/", "/api/v1/situation", "/incidents/0000", "/nothing"])
    func closed(target: String) throws {
        let world = try World()
        try world.commit([World.incident(1)])
        let answer = world.face(isLoopback: false).get(target)
        #expect(
            answer.status == 403 && answer.text.contains("read_token_file") && !answer.text.contains("noisy"),
            "\(answer.text)")
        #expect(world.face().get(target).status != 403)
    }

    @Test(
        "with a token: only who shows it reads, on loopback too",
        arguments: [
            ("Bearer right", true), ("bearer right", true), ("Basic \("b3BzOnJpZ2h0")", true), ("Bearer wrong", false),
            ("Bearer righ", false),
            ("Bearer right2", false), ("Bearer ", false), ("Basic !!", false), ("Basic \("cmlnaHQ=")", false),
            ("right", false), ("", false),
        ])
    func token(value: String, isRight: Bool) throws {
        let world = try World()
        for isLoopback in [true, false] {
            let face = world.face(isLoopback: isLoopback, token: "right")
            for target in ["/", "/api/v1/situation"] {
                let answer = face.get(target, value.isEmpty ? [] : [("Authorization", value)])
                #expect(answer.status == (isRight ? 200 : 401), "\(target)")
                #expect(answer.headers.contains { $0.name == "WWW-Authenticate" } == !isRight)
                #expect(!answer.text.contains("right"))
            }
        }
        #expect(
            world.face(token: "").get("/", [("Authorization", "Bearer ")]).status == 401, "an empty token opens nothing"
        )
    }

    @Test(
        "a name that somebody else pointed at this machine reads nothing",
        arguments: [
            ("localhost:9464", true), ("127.0.0.1:9464", true), ("127.0.0.1", true), ("[::1]:9464", true),
            ("OPS.example.com", true),
            ("evil.example", false), ("127.0.0.1.evil.example", false), ("localhost.evil.example:9464", false),
            ("127.evil", false),
        ])
    func host(name: String, isOwn: Bool) throws {
        let world = try World()
        let face = world.face(publicURL: "https://ops.example.com/status")
        for target in ["/", "/api/v1/situation"] {
            #expect(face.get(target, [("Host", name)]).status == (isOwn ? 200 : 403))
        }
    }

    @Test("a journal that is gone is a problem without a path of this machine")
    func gone() throws {
        let world = try World()
        let face = world.face()
        world.engine.close()
        unlink(world.folder.journalPath)
        for target in ["/", "/api/v1/situation"] {
            let answer = face.get(target)
            #expect(
                answer.status == 503 && answer.header("Retry-After") == "5" && !answer.text.contains(world.folder.path),
                "\(answer.text)")
        }
    }
}

// MARK: -

@Suite struct PageTests {
    /// Tags that do not close in their order, ids that come twice, anything inline that the policy forbids.
    private static func faults(_ page: String) -> [String] {
        var faults: [String] = []
        var open: [String] = []
        var ids: Set<String> = []
        var rest = page[...]
        while let start = rest.utf8.firstIndex(of: UInt8(ascii: "<")) {
            guard let end = rest[start...].utf8.firstIndex(of: UInt8(ascii: ">")) else {
                return faults + ["a tag without an end"]
            }
            let tag = String(rest[rest.index(after: start)..<end])
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("!") { continue }
            let name = String(tag.drop { $0 == "/" }.prefix { $0 != " " && $0 != "/" })
            if tag.hasPrefix("/") {
                if open.popLast() != name { faults.append("</\(name)> closes something else") }
                continue
            }
            for word in tag.split(separator: " ").dropFirst() {
                if word.hasPrefix("on") || word.hasPrefix("style=") { faults.append("inline \(word)") }
                if word.hasPrefix("id=\""), !ids.insert(String(word)).inserted { faults.append("\(word) twice") }
            }
            if ["meta", "link", "br"].contains(name) || tag.hasSuffix("/") { continue }
            open.append(name)
            if name == "style" || name == "script" {
                // What stands in them is no markup.
                let whole = Array("</\(name)>".utf8)
                guard let close = rest.utf8.indices.first(where: { rest.utf8[$0...].starts(with: whole) }) else {
                    return faults + ["<\(name)> without an end"]
                }
                rest = rest[close...]
            }
        }
        return faults + open.map { "<\($0)> stays open" }
    }

    @Test("each state answers what is wrong, where and what waits; as markup that holds")
    func states() throws {
        let fine = try World()
        try fine.commit([World.incident(1, resolved: true)], states: [World.sight()])
        let well = fine.face().get("/")
        #expect(well.status == 200 && well.text.contains("All is well") && well.text.contains("Resolved last"))

        let nothing = try World()
        let empty = nothing.face().get("/").text
        #expect(
            empty.contains("Not known") && empty.contains("has polled nothing yet") && !empty.contains("All is well"))

        let bad = try World()
        try bad.commit(
            [World.incident(1), World.incident(2, rule: "runtime-down", app: nil, severity: .critical)],
            states: [World.sight(missing: [.perf: .unreachable])])
        let critical = bad.face().get("/").text
        for words in [
            "Critical", "2 incidents are open, 1 critical", "runtime-down", "mozaiks-ops incidents ack ",
            "/metrics/perf/aggregate unreachable",
        ] {
            #expect(critical.contains(words), "\(words)")
        }
        let blind = try World()
        try blind.commit([], states: [World.sight(missing: [.health: .unreachable, .perf: .unreachable])])
        #expect(blind.face().get("/").text.contains("Not known"))

        let old = bad.face(at: StandingClock(moment: World.start + .hours(1))).get("/").text
        #expect(old.contains("the last poll was 1h ago") && old.contains("may be no more so"))

        let storm = try World()
        try storm.commit(
            (1...200).map { World.incident($0, app: "app-\($0)") }, states: (0..<500).map { World.sight("r\($0)") })
        let many = storm.face().get("/").text
        #expect(
            many.contains("200 incidents are open") && many.contains("and 180 more") && many.contains("and 460 more"))

        let incident = bad.face().get("/incidents/0000000000000001").text
        for words in [
            "active_runs (7) &gt; 3", "<svg", "missing 1 of 4 times", "nobody yet",
            "mozaiks-ops playbooks show noisy-neighbor", "Ask the tenant.",
        ] {
            #expect(incident.contains(words), "\(words)")
        }
        // The gap is a gap: a dot before it, a line behind it.
        #expect(incident.contains("<circle ") && incident.split(separator: "<polyline ").count == 2)
        for page in [well.text, empty, critical, old, many, incident, bad.face().get("/nothing").text] {
            #expect(PageTests.faults(page).isEmpty, "\(PageTests.faults(page).prefix(3))")
            #expect(!page.contains("&lt;p") && !page.contains("HTML("), "markup that was taken for text")
        }
    }

    @Test(
        "foreign text stays text",
        arguments: [
            "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "\u{202E}gnp.exe", "😀🏥",
            String(repeating: "x", count: 4_096), "a\u{0}b\nc", "&lt;b&gt;",
            "' onmouseover='x", "</title><script>", "{{7*7}}", "שלום",
        ])
    func hostile(text: String) throws {
        let world = try World()
        let incident = World.incident(1, rule: text, app: text, summary: text)
        try world.commit(
            [incident, World.incident(2, rule: text, app: text, summary: text, resolved: true)],
            states: [World.sight(text)])
        let face = world.face()
        let harmless = try World()
        try harmless.commit([World.incident(1), World.incident(2, resolved: true)], states: [World.sight()])
        for target in ["/", "/incidents/" + incident.id] {
            let page = face.get(target)
            #expect(
                page.status == 200 && PageTests.faults(page.text).isEmpty, "\(PageTests.faults(page.text).prefix(3))")
            // As many tags as with harmless ids: nothing of it became one.
            #expect(
                page.text.split(separator: "<").count == harmless.face().get(target).text.split(separator: "<").count)
            #expect(page.text.unicodeScalars.allSatisfy { $0 == "\n" || !Shown.isInvisible($0) })
            #expect(page.body.count < 60_000)
        }
        for target in [
            "/nothing/\(PercentEncoding.encode(text.utf8))", "/incidents/\(PercentEncoding.encode(text.utf8))",
        ] {
            let page = face.get(target)
            #expect(page.status == 404 && PageTests.faults(page.text).isEmpty && !page.text.contains("<script"))
        }
    }

    @Test("a browser runs and asks nothing but ours")
    func policy() throws {
        let world = try World()
        let answer = world.face().get("/")
        let policy = try #require(answer.header("Content-Security-Policy"))
        #expect(
            policy.hasPrefix("default-src 'none'; ") && !policy.contains("unsafe")
                && policy.contains("frame-ancestors 'none'"))
        for (name, text) in [("style", PageStyle.text.description), ("script", PageScript.text.description)] {
            #expect(answer.text.contains("<\(name)>\(text)</\(name)>"))
            #expect(policy.contains("\(name)-src 'sha256-"))
        }
        // No other host, anywhere; the one URL is the name of SVG.
        #expect(!answer.text.replacing(bytesOf: "http://www.w3.org/2000/svg", with: "").contains(bytesOf: "//"))
    }

    /// WCAG 2: what is read has a contrast of at least 4.5 to what it stands on.
    @Test("colours can be read, by day and by night", arguments: [0, 1])
    func contrast(theme: Int) throws {
        let themes = PageStyle.text.description.split(separator: ":root{", omittingEmptySubsequences: false).dropFirst()
        let colors = Dictionary(
            themes[themes.startIndex + theme].prefix { $0 != "}" }.split(separator: ";").compactMap {
                pair -> (String, [Double])? in
                let parts = pair.split(separator: ":")
                guard parts.count == 2, parts[1].hasPrefix("#") else { return nil }
                var digits = String(parts[1].dropFirst())
                if digits.utf8.count == 3 { digits = digits.map { "\($0)\($0)" }.joined() }
                let number = Int(digits, radix: 16) ?? 0
                return (String(parts[0].dropFirst(2)), [16, 8, 0].map { Double(number >> $0 & 255) / 255 })
            }
        ) { first, _ in first }
        func light(_ name: String) throws -> Double {
            let parts = try #require(colors[name]).map { $0 <= 0.04045 ? $0 / 12.92 : pow(($0 + 0.055) / 1.055, 2.4) }
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
        }
        for paper in ["paper", "card", "good-bg", "doubt-bg", "bad-bg", "unknown-bg"] {
            for ink in ["ink", "faint", "link"] {
                let (a, b) = (try light(ink), try light(paper))
                let ratio = (max(a, b) + 0.05) / (min(a, b) + 0.05)
                #expect(ratio >= 4.5, "\(ink) on \(paper): \(ratio)")
            }
        }
        for (ink, papers) in [
            ("good", ["card", "good-bg"]), ("doubt", ["card", "doubt-bg"]), ("bad", ["card", "bad-bg"]),
        ] {
            for paper in papers {
                let (a, b) = (try light(ink), try light(paper))
                #expect((max(a, b) + 0.05) / (min(a, b) + 0.05) >= 4.5, "\(ink) on \(paper)")
            }
        }
    }
}
