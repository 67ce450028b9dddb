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

@testable import Cycle
@testable import Web

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
            page.contains("The last hour") && page.contains("Concurrent runs by app: <strong>7")
                && page.contains("no evidence for 2m, in 2 stretches"))
        #expect(page.contains("<title>08:55:00 to 08:56:00: the runtime gave no answer"), "a gap says why")
        try world.commit([World.incident(700)])
        let marked = world.face().get("/").text
        #expect(
            marked.contains("class=\"event incident\"") && marked.contains("08:55:00: noisy-neighbor opened on app-clinic"),
            "an opening stands on the chart")
        #expect(
            try world.face().get("/api/v1/history?runtime=shared&since=1ms").json()["series"]?.array?.isEmpty == true)
        for (query, status) in [
            ("", 400), ("?runtime=shared&since=25h", 400), ("?runtime=other", 404),
            ("?runtime=shared&since=2027-01-01T00:00:00Z", 400),
        ] {
            #expect(world.face().get("/api/v1/history" + query).status == status, "\(query)")
        }
    }

    @Test("an id that several begin with names them, and no file of ours")
    func several() throws {
        let world = try World()
        try world.commit([World.incident(1), World.incident(2, rule: "runtime-down", app: nil)])
        let answer = world.face().get("/api/v1/incidents/0000")
        let detail = try answer.json()["detail"]?.string ?? ""
        #expect(answer.status == 409 && detail.hasPrefix("'0000' is the beginning of several incidents; give more digits"), "\(detail)")
        #expect(detail.contains("(runtime-down on runtime shared") && !detail.contains("journal.db"), "\(detail)")
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
            let whole = later.get(target).body.count
            #expect(again.ending == .unsent(length: whole), "as RFC 9110 8.6 has it")
            #expect(later.get(target, [("If-None-Match", "\"other\"")]).status == 200)
        }
        let tag = try #require(world.face().get("/api/v1/situation").header("ETag"))
        try world.commit([World.incident(2)])
        #expect(world.face().get("/api/v1/situation", [("If-None-Match", tag)]).status == 200)
    }

    @Test("an event comes when something happened, and only then; who may not read hears nothing")
    func events() throws {
        let world = try World()
        try world.commit([], states: [World.sight()])
        func ask(_ last: String?, _ face: Face) -> String {
            face.get("/api/v1/events", last.map { [("Last-Event-ID", $0)] } ?? []).text
        }
        let first = ask(nil, world.face())
        #expect(first.hasPrefix("retry: 2000\nevent: situation\nid: ") && first.hasSuffix("\n\n"))
        let id = String(try #require(first.split(separator: "\n").first { $0.hasPrefix("id: ") }).dropFirst(4))
        let later = StandingClock(moment: World.start + .seconds(30))
        #expect(!ask(id, world.face(at: later)).contains("event:"), "ages alone are no news")
        try world.commit([World.incident(1)])
        #expect(ask(id, world.face()).contains("event: situation"))
        #expect(world.face().get("/api/v1/events").header("Content-Type") == "text/event-stream")
        #expect(world.face(isLoopback: false).get("/api/v1/events").status == 403)
        #expect(world.face().get("/api/v1/events?x=1").status == 400)
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
        let entry = AuditEntry(at: World.start, actor: "token:maria", kind: "command.mark", reason: "marked v1", document: "{}")
        try world.engine.commitTick(TickRecord(audit: [entry, entry]))
        let approval = try world.offer()
        let token = try world.token("maria", .approver)
        let face = world.face()
        let audit = try face.get("/api/v1/audit?limit=1").json()
        #expect(audit["rows"]?[0]?["actor"]?.string == "token:maria" && audit["next_cursor"]?.string == "1")
        #expect(try face.get("/api/v1/audit?cursor=1").json()["rows"]?[0]?["seq"]?.int == 2)
        #expect(try face.get("/api/v1/audit?since=2027-01-01T00:00:00Z").json()["rows"]?.array?.isEmpty == true)
        var exchanges: [(method: String, target: String, body: String)] = [
            "/api/v1/situation", "/api/v1/incidents?limit=1&state=open&severity=warning",
            "/api/v1/incidents/0000000000000001", "/api/v1/incidents/ffff",
            "/api/v1/incidents/0000", "/api/v1/leases?all=true", "/api/v1/approvals", "/api/v1/silences?all=false",
            "/api/v1/messages?limit=5&channel=ops",
            "/api/v1/audit?since=24h&limit=1", "/api/v1/rules", "/api/v1/nothing", "/api/v1/incidents?cursor=x",
            "/api/v1/history?runtime=shared&since=1h",
            "/api/v1/history?runtime=shared&signal=active_runs&step=5m&of=max", "/api/v1/leases?all=true&limit=5&since=1h&until=1m",
            "/api/v1/messages?since=1h&until=1m", "/api/v1/rules?limit=1", "/api/v1/apps/app-clinic",
        ].map { ("GET", $0, "") }
        exchanges += [
            ("incidents/0000000000000001/ack", #"{"for":"2h","comment":"on it"}"#), ("incidents/0000000000000001/unack", ""),
            ("silences", #"{"app":["a","b-*"],"rule":"*","severity":"info","label":"a=b","until_resolved":true}"#),
            ("silences", #"{"incident":"0000000000000001","for":"1h","comment":"known"}"#), ("silences", "{}"),
            ("silences/nope/expire", ""), ("approvals/\(approval.id)/approve", #"{"digest":"\#(approval.digest)"}"#),
            ("approvals/\(approval.id)/deny", #"{"comment":"no"}"#), ("leases/nope/revert", ""), ("leases/revert", ""),
            ("marks", #"{"name":"v1.42","runtime":"shared"}"#), ("actions/stop", ""), ("actions/resume", ""), ("situation", ""),
        ].map { ("POST", "/api/v1/" + $0.0, $0.1) }
        exchanges.append(("GET", "/api/v1/commands/1", ""))
        let lines = try exchanges.map { method, target, body -> String in
            let answer = method == "GET" ? face.get(target) : face.post(target, body, bearer: token)
            let line: JSON = [
                "method": .string(method), "path": .string(target), "status": .int(Int64(answer.status)),
                "type": .string(answer.header("Content-Type") ?? ""), "body": try answer.json(),
                "sent": body.isEmpty ? .null : try JSON(parsing: Array(body.utf8)),
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
        // What needs an engine that was at work is tested beside a daemon.
        #expect(
            ending.output == exchanges.map { _ in "ok\n" }.joined()
                + "never asked: get /api/v1/apps/{id} get /api/v1/events post /api/v1/leases/{id}/revert get /api/v1/policy get /api/v1/rules post /api/v1/silences/{id}/expire get /api/v1/standings\n",
            "\(ending.output)\(ending.errors)")
    }
}
