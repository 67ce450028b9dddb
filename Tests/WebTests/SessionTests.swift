import Ambient
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

/// Signing in, and the page's own forms.
@Suite struct SessionTests {
    /// A browser with a cookie.
    struct Browser {
        let face: Face
        var cookie = ""

        func get(_ target: String) -> ServerResponse { face.get(target, [("Cookie", cookie), ("Host", "localhost:9464")]) }

        func post(_ target: String, _ fields: [(String, String)], _ more: [(name: String, value: String)] = []) -> ServerResponse {
            let body = fields.map { "\($0.0)=\(PercentEncoding.encode($0.1.utf8))" }.joined(separator: "&")
            let origin: [(name: String, value: String)] = [
                ("Host", "localhost:9464"), ("Origin", "http://localhost:9464"), ("Sec-Fetch-Site", "same-origin"),
                ("Content-Type", "application/x-www-form-urlencoded"), ("Cookie", cookie),
            ]
            let names = more.map(\.name)
            return face.answer(
                World.post(target, body, origin.filter { !names.contains($0.name) } + more.filter { !$0.value.isEmpty }))
        }

        /// The hidden fields of the page's form with that action, as it would be sent.
        func form(_ page: String, _ action: String) throws -> [(String, String)] {
            let mark = "action=\"\(action)\""
            let start = try #require(page.firstIndex(ofBytes: mark), "no form for \(action)")
            let inside = page[start...].dropFirst(mark.count)
            let end = try #require(inside.firstIndex(ofBytes: "</form>"))
            // name="form" value="…"
            var fields: [(String, String)] = []
            var rest = inside[..<end]
            while let field = rest.firstIndex(ofBytes: "type=\"hidden\" ") {
                rest = rest[field...].dropFirst(14)
                let parts = rest.split(separator: "\"", maxSplits: 4, omittingEmptySubsequences: false)
                fields.append((String(parts[1]), String(parts[3]).replacing(bytesOf: "&amp;", with: "&")))
            }
            return fields
        }

        static func signedIn(_ world: World, _ token: String, _ face: Face? = nil) throws -> Browser {
            var browser = Browser(face: face ?? world.face())
            let answer = browser.post("/sign-in", [("token", token), ("then", "/")])
            #expect(answer.status == 303 && answer.header("Location") == "/", "\(answer.text)")
            let cookie = try #require(answer.header("Set-Cookie"))
            #expect(cookie.contains("HttpOnly; SameSite=Strict") && !cookie.contains(token.dropFirst(7)), "a session, not the token")
            browser.cookie = String(cookie.prefix { $0 != ";" })
            return browser
        }
    }

    @Test("an approver goes from a link to a yes by pressing; whoever only looks changes nothing")
    func approving() throws {
        let world = try World()
        let approval = try world.offer()
        let incident = World.incident(1)
        let place = "/incidents/" + incident.id
        let stranger = Browser(face: world.face())
        let before = stranger.get(place).text
        #expect(before.contains("mozaiks-ops actions approve \(approval.id)") && !before.contains("<button class=\"yes\""))
        #expect(before.contains("/sign-in?then=%2Fincidents%2F"))
        let browser = try Browser.signedIn(world, world.token("maria", .approver))
        let page = browser.get(place).text
        #expect(page.contains("maria") && page.contains("Sign out"))
        #expect(page.contains("<div data-ask=\"\(approval.id)\" data-ends=\"3600\">"), "an hour is left")
        #expect(try world.engine.waitingCommands().isEmpty)
        let fields = try browser.form(page, "/do/approvals/\(approval.id)/approve")
        let answer = browser.post("/do/approvals/\(approval.id)/approve", fields + [("comment", "it's <agreed> & done")])
        let row = try #require(try world.engine.waitingCommands().first)
        #expect(answer.status == 303 && answer.header("Location") == "\(place)?asked=\(row.id)", "\(answer.text)")
        #expect(row.kind == "approve" && row.actor == "token:maria" && row.arguments.contains("it's <agreed> & done"))
        // Nobody presses once more what is answered, and everybody sees who did.
        for reader in [browser, Browser(face: world.face())] {
            let answered = reader.get(place).text
            #expect(
                answered.contains("Yes, said <bdi>token:maria</bdi>") && !answered.contains("<div data-ask"), "\(answered.prefix(4_000))")
            #expect(!answered.contains("approvals/\(approval.id)") && !answered.contains("actions approve"))
        }
        // Twice pressed is once asked.
        _ = browser.post("/do/approvals/\(approval.id)/approve", fields + [("comment", "it's <agreed> & done")])
        #expect(try world.engine.waitingCommands().count == 1)
        #expect(browser.get("\(place)?asked=\(row.id)").text.contains("takes it at its next poll"))
        try world.engine.commitTick(
            TickRecord(commands: [CommandResult(id: row.id, takenAt: World.start, result: "approved a <b>: x")]))
        let told = Browser(face: world.face(), cookie: browser.cookie).get("\(place)?asked=\(row.id)").text
        #expect(told.contains("approved a &lt;b&gt;: x"))
        // What the guard then says is what came of it; what was said of the offer before is not.
        func decided(_ verdict: Verdict, at: Timestamp, of offer: String) -> ActionDecision {
            ActionDecision(
                at: at, incident: incident.id, key: approval.key, effect: approval.effect, ttl: approval.ttl, verdict: verdict,
                approval: offer, approvedBy: "token:maria")
        }
        func notice(_ decisions: [ActionDecision]) throws -> String {
            var after = incident
            after.decisions = decisions
            try world.commit([after])
            return Browser(face: world.face(), cookie: browser.cookie).get("\(place)?asked=\(row.id)").text
        }
        let refused = Verdict.refused(Refusal(.approval, "the runtime restarted"))
        let tooEarly = World.start - .seconds(10)
        for earlier in [decided(refused, at: tooEarly, of: approval.id), decided(refused, at: World.start, of: "zzzz")] {
            #expect(try notice([earlier]).contains("</span> approved a &lt;b&gt;: x"))
        }
        let bad = try notice([decided(refused, at: World.start, of: approval.id)])
        #expect(bad.contains("</span> Approved, but refused: ") && !bad.contains("</span> approved a"), "\(bad.prefix(4_000))")
        #expect(bad.contains("<p class=\"notice bad\" role=\"alert\">"))
        let good = try notice([decided(.act, at: World.start, of: approval.id)])
        #expect(good.contains("</span> Approved, and done: ") && good.contains("<p class=\"notice good\" role=\"status\">"))
    }

    @Test("from a list a whole rule is silenced on a runtime, and each incident acknowledged; one comes back to it")
    func listed() throws {
        let world = try World()
        try world.commit((1...6).map { World.incident($0, app: "app-\($0)") }, states: [World.sight()])
        let browser = try Browser.signedIn(world, world.token("tom", .operator))
        let place = "/incidents?rule=noisy-neighbor&runtime=shared"
        let page = browser.get(place).text
        #expect(PageTests.faults(page).isEmpty, "\(PageTests.faults(page).prefix(3))")
        let silence = browser.post("/do/silences", try browser.form(page, "/do/silences") + [("for", "1h"), ("comment", "known")])
        let acknowledge = "/do/incidents/\(World.incident(3).id)/ack"
        let seen = browser.post(acknowledge, try browser.form(page, acknowledge))
        let rows = try world.engine.waitingCommands()
        #expect(rows.map(\.kind) == ["silence_add", "acknowledge"], "\(silence.text) \(seen.text)")
        #expect(rows[0].arguments.contains("noisy-neighbor") && rows[0].arguments.contains("shared"))
        #expect(seen.header("Location") == "\(place)&asked=\(rows[1].id)", "\(seen.headers)")
        #expect(!browser.get("/incidents?rule=noisy-neighbor").text.contains("/do/silences"), "on which runtime is not said")
        #expect(!world.face().get(place).text.contains("action=\"/do/"), "nobody in particular has no buttons")
    }

    @Test("a silence that names what nobody has is warned about where one comes back to")
    func strangers() throws {
        let world = try World()
        let settings = try world.see()
        try world.commit((1...2).map { World.incident($0, app: "app-\($0)") }, states: [World.sight()])
        let browser = try Browser.signedIn(world, world.token("tom", .operator), world.face(settings: settings))
        let fields = try browser.form(browser.get("/incidents?rule=noisy-neighbor&runtime=shared").text, "/do/silences")
        func silence(_ app: String) throws -> String {
            let answer = browser.post("/do/silences", fields + [("for", "1h"), ("app", app)])
            return browser.get(try #require(answer.header("Location"), "\(answer.text)")).text
        }
        let page = try silence("app-clinik<b>")
        #expect(page.contains("no app &#39;app-clinik&lt;b&gt;&#39; was seen: it may hold back nothing"), "\(page)")
        #expect(PageTests.faults(page).isEmpty, "\(PageTests.faults(page).prefix(3))")
        #expect(try !silence("app-bank").contains("it may hold back nothing"))
    }

    @Test("what cannot be written is said to be not taken, with the way back; an ended session says why and leads back too")
    func notTaken() throws {
        let world = try World()
        try world.commit([World.incident(1)], states: [World.sight()])
        let token = try world.token("tom", .operator)
        let browser = try Browser.signedIn(world, token)
        let place = "/incidents/" + World.incident(1).id
        let action = "/do/incidents/\(World.incident(1).id)/ack"
        let fields = try browser.form(browser.get(place).text, action)
        try #require(rename(world.folder.path + "/journal.db", world.folder.path + "/journal.away") == 0)
        let answer = browser.post(action, fields)
        #expect(answer.status == 503 && answer.text.contains("Not taken") && answer.text.contains("press again"), "\(answer.text)")
        #expect(answer.text.contains("<a href=\"\(place)\">Back</a>") && answer.header("Retry-After") != nil)
        let api = browser.face.post("/api/v1" + action.dropFirst(3), "{}", bearer: token)
        #expect(api.status == 503 && api.text.contains("Not taken"), "\(api.text)")
        #expect(browser.face.get("/incidents").text.contains("cannot be read now"), "what is only looked at is another matter")
        try #require(rename(world.folder.path + "/journal.away", world.folder.path + "/journal.db") == 0)
        #expect(try TokenFile(world.folder).revoke("tom", by: "cli:ann", now: World.start))
        let ended = browser.post(action, fields)
        #expect(ended.status == 401 && ended.text.contains("was revoked; nothing was asked for"), "\(ended.text)")
        #expect(ended.text.contains("name=\"then\" value=\"\(place)\""), "signing in leads back to the incident")
    }

    @Test(
        "each button leaves its row",
        arguments: [
            ("/do/incidents/ID/ack", [("for", "1h"), ("comment", "on it")], "acknowledge"),
            ("/do/silences", [("for", "4h"), ("comment", "")], "silence_add"),
        ])
    func buttons(action: String, more: [(String, String)], kind: String) throws {
        let world = try World()
        try world.commit([World.incident(1)], states: [World.sight()])
        let browser = try Browser.signedIn(world, world.token("tom", .operator))
        let place = "/incidents/" + World.incident(1).id
        let action = action.split(separator: "ID", omittingEmptySubsequences: false).joined(separator: World.incident(1).id)
        let fields = try browser.form(browser.get(place).text, action)
        #expect(browser.post(action, fields + more).status == 303)
        #expect(try world.engine.waitingCommands().map(\.kind) == [kind])
    }

    @Test("a viewer has no buttons, and pressing them all the same does nothing")
    func viewer() throws {
        let world = try World()
        let approval = try world.offer()
        let browser = try Browser.signedIn(world, world.token("eve", .viewer))
        let page = browser.get("/").text
        #expect(page.contains("eve, viewer") || page.contains("<bdi>eve</bdi>, viewer"))
        #expect(!page.contains("action=\"/do/"))
        let form = try browser.form(page, "/sign-out")
        for path in ["approvals/\(approval.id)/approve", "incidents/\(World.incident(1).id)/ack", "actions/stop", "leases/revert"] {
            #expect(browser.post("/do/" + path, form + [("digest", approval.digest)]).status == 403, "\(path)")
        }
        let tom = try Browser.signedIn(world, world.token("tom", .operator))
        let operators = tom.get("/").text
        #expect(operators.contains("action=\"/do/incidents/") && !operators.contains("action=\"/do/approvals/"))
        let own = try tom.form(operators, "/sign-out")
        #expect(tom.post("/do/approvals/\(approval.id)/approve", own + [("digest", approval.digest)]).status == 403)
        #expect(try world.engine.waitingCommands().isEmpty && !world.folder.isKillSwitchOn)
    }

    @Test(
        "a form of another page is refused",
        arguments: [
            [("Sec-Fetch-Site", "cross-site")], [("Sec-Fetch-Site", "same-site")], [("Sec-Fetch-Site", "none")],
            [("Origin", "http://evil.example")], [("Origin", "null")], [("Origin", "http://localhost:8000"), ("Sec-Fetch-Site", "")],
            [("Origin", ""), ("Sec-Fetch-Site", "")], [("Origin", "http://localhost:9464.evil.example")],
            [("Content-Type", "text/plain")], [("Content-Type", "application/json")], [("Cookie", "")],
            [("Cookie", "mozaiks-ops=wrong")], [("Host", "evil.example"), ("Origin", "http://evil.example")],
        ] as [[(String, String)]])
    func foreign(headers: [(String, String)]) throws {
        let world = try World()
        try world.commit([World.incident(1)], states: [World.sight()])
        let token = try world.token("maria", .approver)
        let browser = try Browser.signedIn(world, token)
        let fields = try browser.form(browser.get("/").text, "/do/actions/stop")
        let more = headers.map { (name: $0.0, value: $0.1) }
        let answer = browser.post("/do/actions/stop", fields, more)
        #expect([401, 403, 415].contains(answer.status), "\(answer.status)")
        #expect(!world.folder.isKillSwitchOn)
        for place in [-1, 0, 1] where !headers.contains(where: { $0.0 == "Cookie" }) {
            // The form's own word missing, cut, or of another session.
            var wrong = fields.filter { $0.0 != "form" }
            if place == 0 { wrong.append(("form", "x")) }
            if place == 1 {
                let other = try Browser.signedIn(world, token, browser.face)
                wrong += try other.form(other.get("/").text, "/do/actions/stop").filter { $0.0 == "form" }
            }
            #expect(browser.post("/do/actions/stop", wrong).status == 403)
        }
        #expect(!world.folder.isKillSwitchOn)
        #expect(browser.post("/do/actions/stop", fields).status == 303 && world.folder.isKillSwitchOn, "the real one")
    }

    @Test("a session ends by signing out, with its token, after twelve hours, and never opens the API's orders")
    func ends() throws {
        let world = try World()
        try world.commit([World.incident(1)], states: [World.sight()])
        let face = world.face(isLoopback: false)
        let token = try world.token("maria", .approver)
        var browser = try Browser.signedIn(world, token, face)
        #expect(browser.get("/").status == 200 && Browser(face: face).get("/").status == 401)
        let cookie = [("Cookie", browser.cookie), ("Host", "localhost:9464"), ("Sec-Fetch-Site", "same-origin")]
        #expect(face.answer(World.post("/api/v1/actions/stop", "", cookie)).status == 403)
        let out = try browser.form(browser.get("/").text, "/sign-out")
        let answer = browser.post("/sign-out", out)
        #expect(answer.status == 303 && answer.header("Set-Cookie")?.contains("Max-Age=0") == true)
        #expect(browser.get("/").status == 401, "the cookie that was stolen before opens nothing either")
        browser = try Browser.signedIn(world, token, face)
        _ = try TokenFile(world.folder).revoke("maria", by: "cli:ann", now: World.start)
        #expect(browser.get("/").status == 403)
        #expect(!world.folder.isKillSwitchOn)
        let sessions = Sessions()
        let value = sessions.begin(token: [1], now: 5)
        #expect(sessions.session(value, now: 6) != nil && sessions.session(value, now: 43_200_000_000_006) == nil)
    }

    @Test("who follows a link of another site is asked once more, and never in circles")
    func linked() throws {
        let world = try World()
        try world.commit([World.incident(1)], states: [World.sight()])
        let face = world.face()
        let link = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Dest", "document"), ("Host", "localhost:9464")]
        #expect(face.get("/incidents/0000", link).text.contains("What happened"), "nobody is signed in")
        let browser = try Browser.signedIn(world, world.token("maria", .approver), face)
        let first = face.get("/incidents/0000", link).text
        #expect(first.contains("content=\"0;url=/incidents/0000?here=1\"") && !first.contains("What happened"))
        #expect(face.get("/incidents/0000?here=1", link).text.contains("What happened"))
        #expect(browser.get("/incidents/0000?here=1").text.contains("/do/"))
        #expect(face.get("/api/v1/situation", link).status == 200 && face.get("/x\"><b", link).status == 404)
        #expect(face.get("/?here=2").status == 400)
    }

    @Test("the form in the place of a page is sent to that page's own address, so that a browser keeps the part that a link named")
    func inPlace() throws {
        let world = try World()
        try world.commit([World.incident(1)], states: [World.sight()])
        let token = try world.token("maria", .approver)
        let face = world.face(isLoopback: false)
        let browser = Browser(face: face)
        for (target, then) in [
            ("/incidents/0000000000000001", "/incidents/0000000000000001"), ("/", "/"), ("/rules", "/rules"),
            ("/incidents?rule=a&show=all", "/incidents?rule=a&amp;show=all"), ("/?range=6h", "/?range=6h"),
            ("/incidents/0000000000000001?here=1", "/incidents/0000000000000001"),
        ] {
            let page = browser.get(target).text
            #expect(
                page.contains("<form class=\"card sign\" method=\"post\"><input type=\"hidden\" name=\"then\" value=\"\(then)\">"),
                "\(page)")
        }
        let fields = [("then", "/incidents/0000000000000001"), ("name", "mozaiks-ops")]
        let wrong = browser.post("/incidents/0000000000000001", fields + [("token", "mozops_nope")])
        #expect(wrong.status == 401 && wrong.text.contains("nobody has that token"))
        #expect(wrong.text.contains("<form class=\"card sign\" method=\"post\"><input"), "still in its place")
        let right = browser.post("/incidents/0000000000000001", fields + [("token", token)])
        #expect(right.status == 303 && right.header("Location") == "/incidents/0000000000000001" && right.header("Set-Cookie") != nil)
        let list = browser.post("/incidents?rule=a&show=all", [("then", "/incidents?rule=a&show=all"), ("token", token)])
        #expect(list.status == 303 && list.header("Location") == "/incidents?rule=a&show=all")
        // Elsewhere, and of what is no page, a form has its own place.
        #expect(browser.get("/sign-in?then=/rules").text.contains("method=\"post\" action=\"/sign-in\">"))
        for place in ["/lab", "/nowhere"] {
            #expect(browser.get(place).text.contains("method=\"post\" action=\"/sign-in\">"), "\(place)")
        }
        #expect(
            browser.post("/rules", fields + [("token", token)], [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")])
                .status == 403)
        #expect(browser.post("/nowhere", fields + [("token", token)]).status == 405)
    }

    @Test("who may not say yes hears who may, and everybody what a yes would be refused for now")
    func asked() throws {
        let world = try World()
        var approval = try world.offer()
        for (role, mays) in [(Role.viewer, false), (.operator, false), (.approver, true)] {
            let browser = try Browser.signedIn(world, world.token("\(role)", role))
            let first = browser.get("/").text
            #expect(
                first.contains(mays ? "your yes or no to 1 action</a>" : "a yes or no, which needs an approver, to 1 action</a>"), "\(role)"
            )
            #expect(first.contains("A yes or no needs an approver; you are \(role.rawValue).") != mays)
            #expect(!first.contains("refused now"))
        }
        #expect(world.face().get("/").text.contains("your yes or no to 1 action</a>"), "nobody in particular may sign in")
        approval.obstacle = Refusal(.storm, "10 incidents opened within 10m: a storm is no time to act on one app")
        var state = GuardState()
        state.approvals = [approval]
        try world.commit([], states: [StateRow(key: "guard", bytes: state.document.serializedBytes())])
        for target in ["/", "/incidents/0000000000000001"] {
            let page = world.face().get(target).text
            #expect(page.contains("A yes would be refused now: 10 incidents opened within 10m: a storm"), "\(target)")
            #expect(PageTests.faults(page).isEmpty)
        }
        #expect(world.face().get("/").text.contains("to 1 action</a> (a yes would be refused now)"))
        let document = try world.face().get("/api/v1/approvals").json()["approvals"]?[0]?["obstacle"]
        #expect(document?["step"]?.string == "storm")
    }

    @Test("by TLS a cookie of the plain name is nobody's")
    func tossed() throws {
        let world = try World()
        let token = try world.token("eve", .approver)
        let face = world.face(isLoopback: false, publicURL: "https://ops.example.com")
        let plain = try Browser.signedIn(world, token, face).cookie
        #expect(plain.hasPrefix("mozaiks-ops="))
        #expect(face.get("/", [("Cookie", plain), ("Host", "ops.example.com")]).status == 401)
        #expect(face.get("/", [("Cookie", "__Host-" + plain), ("Host", "ops.example.com")]).status == 200)
        #expect(face.get("/", [("Cookie", plain), ("Host", "127.0.0.1:9464")]).status == 200)
    }

    @Test("who mistypes hears so, who guesses is slowed, and nobody is sent elsewhere")
    func signingIn() throws {
        let world = try World()
        let token = try world.token("maria", .approver)
        let browser = Browser(face: world.face())
        let page = browser.get("/sign-in?then=/incidents/a3f2").text
        #expect(page.contains("type=\"password\"") && page.contains("value=\"/incidents/a3f2\""))
        let wrong = browser.post("/sign-in", [("token", "mozops_nope")])
        #expect(wrong.status == 401 && wrong.text.contains("nobody has that token") && !wrong.text.contains("nope"))
        #expect(wrong.header("Set-Cookie") == nil)
        for then in [
            "https://evil.example/", "//evil.example", "/\\evil", "/incidents/../../x", "/incidents/a?b", "/incidents/", "/do/x",
            "\r\nX: y",
        ] {
            #expect(browser.post("/sign-in", [("token", token), ("then", then)]).header("Location") == "/", "\(then)")
        }
        #expect(browser.post("/sign-in", [("token", token), ("then", "/incidents/a3f2")]).header("Location") == "/incidents/a3f2")
        #expect(browser.post("/sign-in", [("token", token)], [("Origin", "http://evil.example")]).status == 403)
        let statuses = (0..<25).map { _ in browser.post("/sign-in", [("token", "x")]).status }
        #expect(statuses.last == 429)
        #expect(browser.post("/sign-in", [("token", token)]).status == 303, "a right one is let in all the same")
    }
}
