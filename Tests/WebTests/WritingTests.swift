import Ambient
import Digest
import Glibc
import JSONParsing
import Journal
import Model
import Server
import TestKit
import Testing

@testable import Cycle
@testable import Guard
@testable import Web

/// Who may change what, and how it reaches the engine.
@Suite struct WritingTests {
    @Test(
        "each deed needs a token with its role; nothing else leaves a row",
        arguments: [
            ("incidents/0000000000000001/ack", "{}", Role.operator, "acknowledge"),
            ("incidents/0000000000000001/unack", "", .operator, "unacknowledge"),
            ("silences", #"{"rule":"*","for":"1h"}"#, .operator, "silence_add"),
            ("marks", #"{"name":"v1"}"#, .operator, "mark"), ("leases/revert", "", .operator, "revert_all"),
        ])
    func roles(path: String, body: String, needed: Role, kind: String) throws {
        let world = try World()
        try world.commit([World.incident(1)], states: [World.sight()])
        let face = world.face()
        let target = "/api/v1/" + path
        #expect(face.post(target, body).status == 401, "without a token")
        #expect(face.post(target, body, bearer: "mozops_guessed").status == 401)
        #expect(face.post(target, body, bearer: "").status == 401)
        for role in Role.allCases {
            let token = try world.token(role.rawValue, role)
            let basic = [("Authorization", "Basic " + encoded("x:" + token)), ("Content-Type", "application/json")]
            #expect(face.answer(World.post(target, body, basic)).status == 403, "browsers send that along by themselves")
            let answer = face.post(target, body, bearer: token)
            #expect(answer.status == (role >= needed ? 202 : 403), "\(role) \(answer.text)")
        }
        let rows = try world.engine.waitingCommands()
        #expect(rows.map(\.kind) == [kind, kind] && rows.map(\.actor) == ["token:operator", "token:approver"], "\(rows)")
        let answer = try face.get("/api/v1/commands/\(rows[0].id)").json()
        #expect(answer["kind"]?.string == kind && answer["done"]?.isNull == true && answer["result"]?.isNull == true)
    }

    @Test("approving is an approver's, of exactly what was looked at, while it waits")
    func approving() throws {
        let world = try World()
        let approval = try world.offer()
        let face = world.face()
        let (maria, tom) = (try world.token("maria", .approver), try world.token("tom", .operator))
        let target = "/api/v1/approvals/\(approval.id)/approve"
        let digest = #"{"digest":"\#(approval.digest)","comment":"agreed"}"#
        #expect(face.post(target, digest, bearer: tom).status == 403)
        #expect(face.post(target, "{}", bearer: maria).text.contains("'digest'"))
        #expect(face.post(target, #"{"digest":"00"}"#, bearer: maria).status == 409)
        #expect(face.post("/api/v1/approvals/zzzz/approve", digest, bearer: maria).status == 404)
        #expect(face.post(target, digest, bearer: maria).status == 202)
        #expect(face.post("/api/v1/approvals/\(approval.id)/deny", "", bearer: maria).status == 202)
        let rows = try world.engine.waitingCommands()
        #expect(rows.map(\.kind) == ["approve", "deny"])
        #expect(rows[0].arguments.contains(approval.digest) && rows[0].arguments.contains("agreed"))
        let late = world.face(at: StandingClock(moment: World.start + .hours(2)))
        let answer = late.post(target, digest, bearer: maria)
        #expect(answer.status == 409 && answer.text.contains("it waits no more: \(approval.id) expired at "), "\(answer.text)")
    }

    @Test("the switch turns at once and says who turned it")
    func stopping() throws {
        let world = try World()
        let face = world.face()
        let token = try world.token("tom", .operator)
        #expect(face.post("/api/v1/actions/stop", "").status == 401 && !world.folder.isKillSwitchOn)
        #expect(try face.post("/api/v1/actions/stop", "", bearer: token).json()["stopped"] == true)
        #expect(world.folder.isKillSwitchOn && world.folder.killSwitchActor(isOn: true) == "token:tom")
        #expect(try face.post("/api/v1/actions/resume", "", bearer: token).json()["stopped"] == false)
        #expect(!world.folder.isKillSwitchOn)
    }

    @Test("a token that was revoked, or has ended, opens nothing from that moment on")
    func revoked() throws {
        let world = try World()
        try world.commit([World.incident(1)])
        let face = world.face(isLoopback: false)
        #expect(face.get("/api/v1/situation").status == 403, "closed before there is a token")
        let file = TokenFile(world.folder)
        let token = try world.token("tom", .operator)
        let bearer = [("Authorization", "Bearer " + token)]
        #expect(face.get("/api/v1/situation").status == 401)
        #expect(face.get("/api/v1/situation", bearer).status == 200)
        #expect(try file.revoke("tom", by: "cli:ann", now: World.start))
        #expect(try !file.revoke("tom", by: "cli:ann", now: World.start))
        #expect(face.get("/api/v1/situation", bearer).status == 403)
        #expect(face.post("/api/v1/incidents/0000/ack", "{}", bearer: token).status == 403)
        let brief = try world.token("brief", .operator, until: World.start + .hours(1))
        #expect(face.get("/api/v1/situation", [("Authorization", "Bearer " + brief)]).status == 200)
        let later = world.face(isLoopback: false, at: StandingClock(moment: World.start + .hours(1)))
        #expect(later.get("/api/v1/situation", [("Authorization", "Bearer " + brief)]).status == 403)
        #expect(throws: TokenFile.Failure.self, "names are not given twice") { try world.token("tom", .viewer) }
        #expect(try world.engine.waitingCommands().isEmpty)
    }

    @Test("of tokens only digests are kept, in a file for its owner alone; what others may write to is not believed")
    func kept() throws {
        let world = try World()
        let token = try world.token("tom", .approver)
        let file = TokenFile(world.folder)
        let text = String(decoding: try #require(Fixtures.read(file.path)), as: UTF8.self)
        #expect(token.utf8.count > 45 && token.hasPrefix("mozops_") && !text.contains(token.dropFirst(7)))
        var status = stat()
        #expect(stat(file.path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        let face = world.face()
        chmod(file.path, 0o620)
        #expect(face.post("/api/v1/actions/stop", "", bearer: token).status == 503)
        chmod(file.path, 0o600)
        rename(file.path, file.path + ".moved")
        symlink(file.path + ".moved", file.path)
        #expect(face.post("/api/v1/actions/stop", "", bearer: token).status == 503)
        unlink(file.path)
        world.temporary.write("{", to: "state/tokens.json")
        #expect(face.post("/api/v1/actions/stop", "", bearer: token).status == 503)
        #expect(!world.folder.isKillSwitchOn)
        for name in ["", "a b", "a\n", "../x", "ü", String(repeating: "a", count: 41)] { #expect(!AccessToken.isName(name)) }
    }

    @Test("a token in an address is refused, also a right one, also encoded")
    func inAddress() throws {
        let world = try World()
        let token = try world.token("tom", .approver)
        for target in [
            "/?token=\(token)", "/api/v1/situation?access_token=\(token)", "/incidents/\(token)", "/?x=%6d\(token.dropFirst())",
            "/?x=\(token.uppercased())", "/?x=mozops_mozops_\(token)",
        ] {
            let answer = world.face().get(target)
            #expect(answer.status == 400 && answer.text.contains("revoke it") && !answer.text.contains(token), "\(target)")
        }
        // Apps may be called so, and have a page.
        for target in ["/apps/mozops_abcdefgh", "/api/v1/incidents?app=mozops_x"] {
            #expect(!world.face().get(target).text.contains("revoke it"), "\(target)")
        }
    }

    @Test(
        "nothing is changed over a connection that others can read along",
        arguments: [
            ("127.0.0.1:9464", "127.0.0.1", true), ("localhost:9464", "::1", true), ("ops.example.com", "10.0.0.7", true),
            ("OPS.example.com", "127.0.0.1", true), ("10.0.0.5:9464", "10.0.0.7", false), ("127.0.0.1:9464", "10.0.0.7", false),
            ("evil.example", "127.0.0.1", false), ("ops.example.com:9464", "10.0.0.7", false),
        ])
    func plain(host: String, peer: String, isFine: Bool) throws {
        let world = try World()
        let token = try world.token("tom", .operator)
        let face = world.face(isLoopback: false, publicURL: "https://ops.example.com/x")
        let headers = [("Host", host), ("Authorization", "Bearer " + token)]
        #expect(face.answer(World.post("/api/v1/actions/stop", "", headers, from: peer)).status == (isFine ? 200 : 403))
        #expect(world.folder.isKillSwitchOn == isFine)
        let form = [("Host", host), ("Sec-Fetch-Site", "same-origin"), ("Content-Type", "application/x-www-form-urlencoded")]
        let answer = face.answer(World.post("/sign-in", "token=" + token, form, from: peer))
        #expect(answer.status == (isFine ? 303 : 403), "\(answer.text)")
        let cookie = answer.header("Set-Cookie") ?? ""
        #expect(cookie.isEmpty == !isFine)
        #expect(cookie.contains("; Secure") == (isFine && host.lowercased() == "ops.example.com"), "\(cookie)")
        #expect(!isFine || cookie.contains("; HttpOnly; SameSite=Strict"))
        let overHTTP = world.face(isLoopback: false, publicURL: "http://ops.example.com")
        let same = [("Host", "ops.example.com"), ("Authorization", "Bearer " + token)]
        #expect(overHTTP.answer(World.post("/api/v1/actions/stop", "", same, from: "127.0.0.1")).status == 403)
    }

    @Test(
        "what is wrong with an order is said, and leaves nothing",
        arguments: [
            ("silences", #"{"rule":"*"}"#, 400, "when it ends"), ("silences", #"{"for":"1h"}"#, 400, "say what to silence"),
            ("silences", #"{"rule":"*","for":"1h","until_resolved":true}"#, 400, "once"),
            ("silences", #"{"rule":"*","fro":"1h","for":"1h"}"#, 400, "no 'fro'"), ("silences", #"{"rule":"*","for":"-1h"}"#, 400, "'for'"),
            ("silences", #"{"rule":"*","until":"2020-01-01T00:00:00Z"}"#, 400, "past"),
            ("silences", #"{"rule":"*","until":"2999-01-01T00:00:00Z"}"#, 400, "within a year"),
            ("silences", #"{"rule":"*","for":"1h","for":"2h"}"#, 400, "twice"),
            ("silences", #"{"rule":"*","severity":"bad","for":"1h"}"#, 400, "severity"), ("silences", #"{"rule":{"a":1}}"#, 400, "a text"),
            ("silences", #"{"rule":"*","for":"99999999d"}"#, 400, "'for'"),
            ("silences", #"{"app":"","for":"1h"}"#, 400, "'app' is empty"),
            ("silences", #"{"rule":["*",""],"for":"1h"}"#, 400, "'rule' is empty"),
            ("marks", #"{"name":"  "}"#, 400, "'name'"),
            ("silences", "[]", 400, "not an object"), ("silences", "{", 400, "not JSON"), ("silences", "\u{0}", 400, "not JSON"),
            ("silences/nope/expire", "", 404, "no silence 'nope'"), ("incidents/nope/ack", "", 404, "no incident"),
            ("incidents/0000000000000002/ack", "", 409, "resolved"), ("incidents/%00/ack", "", 404, "no incident"),
            ("incidents//ack", "", 404, "no id"), ("incidents/%2e%2e/ack", "", 404, "no incident"),
            ("leases/x/revert", "", 404, "no lease"),
            // A misspelt member is named, and not only what lacks under its right name.
            ("silences", #"{"ap":"app-clinic","for":"1h"}"#, 400, "there is no 'ap' here; did you mean 'app'?"),
            ("silences", #"{"app":"app-clinic","fro":"1h"}"#, 400, "there is no 'fro' here; did you mean 'for'?"),
            ("marks", #"{"nmae":"v1"}"#, 400, "there is no 'nmae' here; did you mean 'name'?"),
            ("marks", #"{"version":"v1"}"#, 400, "there is no 'version' here; there are: name, runtime"),
            ("incidents/0000000000000001/unack", #"{"comment":"x"}"#, 400, "there is no 'comment' here; nothing comes along here"),
            ("marks", "{}", 400, "'name'"), ("marks", #"{"name":"a\nb"}"#, 400, "one line"),
            ("incidents/0000000000000001/ack/", "", 405, "nothing is changed"),
            ("incidents/0000000000000001", "", 405, "nothing is changed"),
            ("../v1/actions/stop", "", 405, "nothing is changed"), ("actions//stop", "", 405, "nothing is changed"),
            ("actions/stop?x=1", "", 400, "no parameter"), ("Actions/stop", "", 405, "nothing is changed"),
            ("approvals/nope/deny", "", 404, "no approval"),
        ])
    func wrong(path: String, body: String, status: Int, words: String) throws {
        let world = try World()
        try world.commit([World.incident(1), World.incident(2, resolved: true)])
        let token = try world.token("maria", .approver)
        let answer = world.face().post("/api/v1/" + path, body, bearer: token)
        #expect(answer.status == status && answer.text.contains(words), "\(answer.status) \(answer.text)")
        #expect(answer.header("Content-Type") == "application/problem+json")
        #expect(try world.engine.waitingCommands().isEmpty && !world.folder.isKillSwitchOn)
    }

    @Test("a comment that is too long, another type, a second Host or token: refused")
    func shapes() throws {
        let world = try World()
        try world.commit([World.incident(1)])
        let token = try world.token("maria", .approver)
        let face = world.face()
        let target = "/api/v1/incidents/0000/ack"
        let long = String(repeating: "x", count: 1_001)
        #expect(face.post(target, #"{"comment":"\#(long)"}"#, bearer: token).status == 400)
        let bearer = ("Authorization", "Bearer " + token)
        #expect(face.answer(World.post(target, "{}", [bearer, ("Content-Type", "text/plain")])).status == 415)
        #expect(face.answer(World.post(target, "{}", [bearer])).status == 415)
        #expect(face.answer(World.post(target, "", [bearer, bearer])).status == 401)
        #expect(face.answer(World.post(target, "", [bearer, ("Host", "127.0.0.1"), ("Host", "x")])).status != 202)
        #expect(face.get("/api/v1/actions/stop", [bearer]).header("Allow") == "POST")
        #expect(face.get("/api/v1/silences", method: "PUT", [bearer]).header("Allow") == "GET, HEAD, POST")
        #expect(face.get("/do/actions/stop", [bearer]).status == 404, "opening a link changes nothing")
        #expect(try world.engine.waitingCommands().isEmpty && !world.folder.isKillSwitchOn)
    }

    @Test("the same key is the same order; for something else it is refused")
    func idempotent() throws {
        let world = try World()
        let token = try world.token("maria", .approver)
        let other = try world.token("tom", .operator)
        let face = world.face()
        func silence(_ rule: String, key: String, _ token: String) -> ServerResponse {
            face.answer(
                World.post(
                    "/api/v1/silences", #"{"rule":"\#(rule)","for":"1h"}"#,
                    [("Authorization", "Bearer " + token), ("Content-Type", "application/json"), ("Idempotency-Key", key)]))
        }
        let first = silence("*", key: "k1", token)
        #expect(first.status == 202 && silence("*", key: "k1", token).text == first.text)
        #expect(silence("x", key: "k1", token).status == 422)
        #expect(silence("*", key: "k1", other).text != first.text)
        #expect(silence("*", key: "a b", token).status == 400)
        #expect(try world.engine.waitingCommands().count == 2)
    }

    @Test("guesses are counted by address; who has a token is not kept out by them")
    func guesses() throws {
        let world = try World()
        let face = world.face(isLoopback: false, token: "right")
        let token = try world.token("tom", .operator)
        func read(_ token: String) -> Int { face.get("/api/v1/situation", [("Authorization", "Bearer " + token)]).status }
        let statuses = (0..<25).map { read("wrong\($0)") }
        #expect(statuses == Array(repeating: 401, count: 20) + Array(repeating: 429, count: 5))
        #expect(read("right") == 429, "what could be guessed is not even compared")
        #expect(read(token) == 200)
        let later = world.face(isLoopback: false, token: "right", at: StandingClock(nanoseconds: 61_000_000_000))
        #expect(later.get("/api/v1/situation", [("Authorization", "Bearer right")]).status == 200)
    }

    @Test("a token asks for so much in a minute and no more")
    func limited() throws {
        let world = try World()
        let token = try world.token("tom", .operator)
        let face = world.face()
        let answers = (0..<61).map { _ in face.post("/api/v1/leases/revert", "", bearer: token) }
        #expect(answers.filter { $0.status == 202 }.count == 60 && answers.last?.status == 429)
        #expect(answers.last?.header("Retry-After") != nil)
    }

    @Test("whatever is sent without a token leaves nothing; with one nothing falls over", arguments: [false, true])
    func fuzzed(withToken: Bool) throws {
        let world = try World()
        let approval = try world.offer()
        let token = try world.token("maria", .approver)
        let face = world.face()
        var seed: UInt64 = withToken ? 7 : 11
        func pick<T>(_ from: [T]) -> T {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return from[Int((seed >> 33) % UInt64(from.count))]
        }
        let bodies: [String] = [
            "", "{}", "[]", "{", "null", #"{"for":"1h"}"#, #"{"for":1e999}"#, #"{"comment":"\ud800"}"#,
            #"{"rule":["*","\u0000"],"for":"1h"}"#,
            #"{"digest":"\#(approval.digest)"}"#, #"{"name":"v1"}"#, "form=x&once=y&then=/", "a=%zz", "token=\(token)&x",
            #"{"a":{"b":[[[[]]]]}}"#,
            String(repeating: "[", count: 5_000), #"{"incident":"0000","until_resolved":true}"#,
        ]
        let paths =
            Order.Kind.allCases.map { kind in kind.path.map { $0.isEmpty ? "ID" : $0 }.joined(separator: "/") } + [
                "sign-in", "", "..", "situation",
            ]
        let ids = ["0000000000000001", approval.id, "%00", "..", "%2F", "", "*", "a%", "\u{FF}", String(repeating: "a", count: 300)]
        let types = ["application/json", "application/x-www-form-urlencoded", "text/plain", "application/json; charset=utf-8", ""]
        for _ in 0..<1_500 {
            let base = pick(["/api/v1/", "/do/", "/", "//", "/api/v1//"])
            let path = pick(paths).split(separator: "ID", omittingEmptySubsequences: false).joined(separator: pick(ids))
            var headers: [(name: String, value: String)] = [
                ("Host", pick(["127.0.0.1", "localhost:1", "evil.example", ""])), ("Content-Type", pick(types)),
            ]
            headers.append(("Origin", pick(["http://127.0.0.1", "null", "http://evil.example"])))
            headers.append(("Cookie", pick(["mozaiks-ops=x", "mozaiks-ops=", "=;;=", "__Host-mozaiks-ops=\(token)"])))
            if withToken {
                headers.append(("Authorization", "Bearer " + token))
            } else {
                headers.append(("Authorization", pick(["Bearer x", "Basic !!", "Bearer", ""])))
            }
            var request = World.post(base + path + pick(["", "?", "?x=1", "?asked=1"]), pick(bodies), headers)
            request.method = pick(["POST", "POST", "POST", "GET", "PUT", "DELETE", "post"])
            let answer = face.answer(request)
            #expect((200..<600).contains(answer.status) && !answer.text.contains(token))
            if answer.status >= 400, request.path.hasPrefix("/api") {
                #expect(answer.header("Content-Type") == "application/problem+json", "\(request.path)")
            }
        }
        guard !withToken else { return }
        #expect(try world.engine.waitingCommands().isEmpty && !world.folder.isKillSwitchOn)
    }

    private func encoded(_ text: String) -> String { World.base64(text) }
}

extension World {
    func token(_ name: String, _ role: Role, until: Timestamp? = nil) throws -> String {
        try TokenFile(folder).create(name, role, by: "cli:test", now: World.start, expiresAt: until)
    }

    static func post(
        _ target: String, _ body: String, _ headers: [(name: String, value: String)], from peer: String = "127.0.0.1"
    ) -> ServerRequest {
        var request = ServerRequest(method: "POST", target: target, headers: headers, body: Array(body.utf8))
        request.remoteAddress = peer
        return request
    }

    static func base64(_ text: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var out = ""
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let three = bytes[start..<min(start + 3, bytes.count)]
            var word = 0
            for place in 0..<3 { word = word << 8 | (place < three.count ? Int(three[start + place]) : 0) }
            for place in 0..<4 { out.append(place <= three.count ? alphabet[word >> (18 - 6 * place) & 63] : "=") }
        }
        return out
    }

    /// An action that waits for a person, on incident 1.
    func offer() throws -> Approval {
        let incident = World.incident(1)
        let approval = Approval(
            incident: incident.id,
            key: LeaseKey(kind: .throttle, runtime: "shared", app: AppID("app-clinic")),
            effect: .throttle(Limits(concurrentWorkflows: 1, requestsPerMinute: nil)), ttl: .minutes(10),
            reason: Refusal(.approval, "the policy asks a person"), offeredAt: World.start, expiresAt: World.start + .hours(1),
            isTaken: { _ in false })
        var state = GuardState()
        state.approvals = [approval]
        try commit(
            [incident], states: [World.sight(), StateRow(key: "guard", bytes: state.document.serializedBytes())])
        return approval
    }
}

extension Face {
    func post(_ target: String, _ body: String, bearer: String? = nil) -> ServerResponse {
        var headers: [(name: String, value: String)] = [("Host", "127.0.0.1:9464")]
        if !body.isEmpty { headers.append(("Content-Type", "application/json")) }
        if let bearer { headers.append(("Authorization", "Bearer " + bearer)) }
        return answer(World.post(target, body, headers))
    }
}
