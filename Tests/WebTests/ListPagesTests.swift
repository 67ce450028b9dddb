import Guard
import JSONParsing
import Journal
import Model
import Policy
import Server
import TestKit
import Testing

@testable import Cycle
@testable import Web

/// Every list comes page by page, and what was made when can be asked for.
@Suite("Lists by page")
struct ListPagesTests {
    private static let silences = (1...7).map { number in
        Silence(
            // Two of the same moment: the id decides.
            id: "silence-\(number)", match: IncidentMatch(incident: "x-\(number)"), createdAt: World.start - .minutes(number / 2 * 10),
            by: "cli:pat",
            comment: "", until: World.start + .hours(1))
    }

    private static func lease(_ number: Int) -> LeaseRow {
        let created = World.start - .minutes(number / 2 * 10)
        let lease: JSON = [
            "schema": "mozaiks.ops/lease/v1", "id": .string("lease-\(number)"), "action": "pause", "runtime": "shared",
            "app_id": "app-clinic",
            "state": "in_force", "shadow": false, "created_at": .moment(created), "expires_at": .moment(World.start + .hours(1)),
            "extensions": 0, "holders": .array([]), "end_reason": .null, "ended_at": .null,
        ]
        return LeaseRow(
            id: "lease-\(number)", key: LeaseKey(kind: .pause, runtime: "shared", app: AppID("app-clinic")), state: .inForce, shadow: false,
            createdAt: created, expiresAt: World.start + .hours(1), endedAt: nil, document: lease.serialized())
    }

    private func world() throws -> World {
        let world = try World()
        var telling: JSONObject = ["schema": "mozaiks.ops/telling-state/v1", "silences": .array(Self.silences.map(\.document))]
        for key in ["incidents", "digests", "channels"] { telling.append(key, .array([])) }
        try world.engine.commitTick(
            TickRecord(
                states: [World.sight(), StateRow(key: "telling", bytes: JSON.object(telling).serializedBytes())],
                leases: (1...7).map(Self.lease)))
        return world
    }

    @Test("one page follows the other without a gap or a repetition", arguments: ["silences", "leases"], [1, 2, 3, 7, 8])
    func pages(list: String, size: Int) throws {
        let world = try world()
        let face = world.face()
        var seen: [String] = []
        var cursor: String?
        repeat {
            let answer = try face.get("/api/v1/\(list)?limit=\(size)\(cursor.map { "&cursor=\($0)" } ?? "")").json()
            let page = try #require(answer[list]?.array, "\(answer)").compactMap { $0["id"]?.string }
            #expect(page.count <= size && (!page.isEmpty || seen.count == 7))
            seen += page
            cursor = answer["next_cursor"]?.string
        } while cursor != nil && seen.count < 30
        let name = list == "leases" ? "lease" : "silence"
        #expect(seen == [1, 2, 3, 4, 5, 6, 7].map { "\(name)-\($0)" }, "newest first, of the same moment by id")
    }

    @Test(
        "what was made when",
        arguments: [
            ("since=15m", [1, 2, 3]), ("until=15m", [4, 5, 6, 7]), ("since=2026-11-21T08:40:00Z&until=2026-11-21T08:50:00Z", [4, 5]),
            ("since=1m", [1]),
        ])
    func when(query: String, numbers: [Int]) throws {
        let world = try world()
        let face = world.face()
        for (list, name) in [("silences", "silence"), ("leases", "lease")] {
            let answer = try face.get("/api/v1/\(list)?\(query)").json()
            #expect(answer[list]?.array?.compactMap { $0["id"]?.string } == numbers.map { "\(name)-\($0)" }, "\(list) \(answer)")
        }
    }

    @Test("messages of a time")
    func messages() throws {
        let world = try World()
        let made = (0..<4).map { hour in
            OutboxMessage(
                incident: "a-1", channel: "ops", event: .opened, createdAt: World.start - .hours(hour), dueAt: World.start, document: "{}")
        }
        try world.commit([], messages: made)
        func ids(_ query: String) throws -> [Int64] {
            try world.face().get("/api/v1/messages?\(query)").json()["messages"]?.array?.compactMap { $0["id"]?.int } ?? []
        }
        #expect(try ids("since=90m") == [2, 1] && ids("until=90m") == [4, 3] && ids("since=150m&until=30m") == [3, 2])
        #expect(try ids("since=150m&limit=2") == [3, 2])
    }

    @Test("a rule's place is where its condition is written, though the rest is inherited")
    func ownCondition() throws {
        let world = try World()
        let text = """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            extends: builtin
            rules:
              runtime-down:
                when: active_runs > 3

            """
        try world.commit([], states: [World.policies(text), World.sight()])
        let rules = try #require(try world.face().get("/api/v1/rules").json()["rules"]?.array)
        let rule = try #require(rules.first { $0["name"] == "runtime-down" })
        #expect(rule["condition"] == "active_runs > 3" && rule["origin"] == "ops_policy.default.yaml:6", "\(rule)")
    }

    @Test("an incident stands at the rule that decided it: of an app with a policy of its own at that app's")
    func incidentsOfRules() throws {
        let world = try World()
        let files: [JSON] = [
            ["file": .string(DefaultPolicy.file), "text": .string(DefaultPolicy.text)],
            [
                "file": "ops_policy.app-clinic.yaml",
                "text": "schema: mozaiks.ops/policy/v1\nops_policy: app-clinic\nthresholds: {noisy_share: 60%}\n",
            ],
        ]
        let row = StateRow(key: "policies", bytes: (["files": .array(files)] as JSON).serializedBytes())
        let (own, other) = (World.incident(1), World.incident(2, app: "app-shop"))
        let wide = World.incident(3, rule: "runtime-down", app: nil, severity: .critical)
        try world.commit([own, other, wide], states: [row, World.sight()])
        let rules = try #require(try world.face().get("/api/v1/rules?limit=1000").json()["rules"]?.array)
        func incidents(_ rule: String, _ app: String?) -> [String]? {
            rules.first { $0["name"]?.string == rule && $0["app"]?.string == app }?["open_incidents"]?.array?.compactMap(\.string)
        }
        #expect(incidents("noisy-neighbor", "app-clinic") == [own.id] && incidents("noisy-neighbor", nil) == [other.id])
        #expect(incidents("runtime-down", nil) == [wide.id])
    }

    @Test("rules come in parts of their own order; a cursor whose end is gone says so")
    func parts() throws {
        let world = try World()
        try world.commit([], states: [World.policies("")])
        let face = world.face()
        let all = try #require(face.get("/api/v1/rules").json()["rules"]?.array).compactMap { $0["name"]?.string }
        #expect(all.count > 20)
        var seen: [String] = []
        var cursor: String?
        repeat {
            let answer = try face.get("/api/v1/rules?limit=9\(cursor.map { "&cursor=\($0)" } ?? "")").json()
            seen += answer["rules"]?.array?.compactMap { $0["name"]?.string } ?? []
            cursor = answer["next_cursor"]?.string
        } while cursor != nil && seen.count <= all.count
        #expect(seen == all)
        #expect(face.get("/api/v1/rules?cursor=\(String(repeating: "0", count: 32))").status == 409)
    }

    @Test(
        "nonsense is refused",
        arguments: [
            "silences?cursor=x", "silences?limit=0", "leases?cursor=1.A", "leases?since=soon", "approvals?limit=1001", "rules?cursor=zz",
            "rules?x=1",
            "standings?cursor=1.a", "standings?limit=0", "messages?until=never",
        ])
    func nonsense(target: String) throws {
        let world = try world()
        #expect(world.face().get("/api/v1/" + target).status == 400)
    }
}
