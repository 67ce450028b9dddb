import Ambient
import Configuration
import JSONParsing
import Journal
import Model
import Server
import TestKit
import Testing

@testable import Cycle
@testable import Guard
@testable import Web

/// People whom a proxy names, and sessions that have ended.
@Suite struct ProxyTests {
    private let proxies = TrustedProxies(
        header: "X-Forwarded-User", ranges: [AddressRange("10.0.0.0/8")!, AddressRange("::1")!], operators: ["otto"],
        approvers: ["maria@example.com"])

    private func ask(
        _ face: Face, _ target: String, _ headers: [(name: String, value: String)], from peer: String, method: String = "GET",
        body: String = "",
        isEncrypted: Bool = false
    ) -> ServerResponse {
        var request = ServerRequest(method: method, target: target, headers: headers, body: Array(body.utf8))
        request.remoteAddress = peer
        request.isEncrypted = isEncrypted
        return face.answer(request)
    }

    @Test(
        "a header counts from a trusted proxy alone, and only when it names one person",
        arguments: [
            ("10.1.2.3", ["maria@example.com"], 200, "<bdi>maria@example.com</bdi>, approver"),
            ("::ffff:10.1.2.3", ["otto"], 200, "<bdi>otto</bdi>, operator"),
            ("::1", ["somebody"], 200, "<bdi>somebody</bdi>, viewer"), ("11.0.0.1", ["maria@example.com"], 401, "Who are you?"),
            ("127.0.0.1", ["maria@example.com"], 401, "Who are you?"), ("", ["maria@example.com"], 401, "Who are you?"),
            ("10.1.2.3", [], 401, "Who are you?"), ("10.1.2.3", ["a", "b"], 400, "more than one"), ("10.1.2.3", [""], 400, "no name"),
            ("10.1.2.3", [String(repeating: "x", count: 201)], 400, "no name"), ("10.1.2.3", ["a\u{202E}b"], 400, "no name"),
            ("10.1.2.3", ["Maria@example.com"], 200, "viewer"), ("10.1.2.3", ["<script>"], 200, "&lt;script&gt;"),
        ] as [(String, [String], Int, String)])
    func named(peer: String, users: [String], status: Int, words: String) throws {
        let world = try World()
        _ = try world.token("anybody", .viewer)
        try world.commit([World.incident(1)], states: [World.sight()])
        let face = world.face(isLoopback: false, publicURL: "https://ops.example.com", proxies: proxies)
        let answer = ask(face, "/", users.map { ("x-forwarded-user", $0) } + [("Host", "ops.example.com")], from: peer)
        #expect(answer.status == status && answer.text.contains(words), "\(answer.status) \(answer.text.prefix(2_000))")
        #expect(!answer.text.contains("<script>") || answer.text.contains("<script>(() =>"))
    }

    @Test(
        "with a secret a name counts only beside it, wherever it comes from",
        arguments: [
            (["proxy-5c1d"], "maria@example.com</bdi>, approver"), ([], "Who are you?"), (["proxy-5c1"], "Who are you?"),
            ([""], "Who are you?"),
            (["proxy-5c1d", "proxy-5c1d"], "Who are you?"),
        ] as [([String], String)])
    func secret(shown: [String], words: String) throws {
        let world = try World()
        _ = try world.token("anybody", .viewer)
        try world.commit([World.incident(1)], states: [World.sight()])
        let face = world.face(isLoopback: false, publicURL: "https://ops.example.com", proxies: proxies, proxySecret: "proxy-5c1d")
        let headers =
            shown.map { ("X-Mozaiks-Proxy-Secret", $0) } + [("X-Forwarded-User", "maria@example.com"), ("Host", "ops.example.com")]
        let answer = ask(face, "/", headers, from: "::1")
        #expect(answer.text.contains(words) && !answer.text.contains("proxy-5c1d"), "\(answer.status) \(answer.text.prefix(2_000))")
    }

    @Test("whom a proxy names presses by a form of ours, is in the audit by that name, and never by the API")
    func presses() throws {
        let world = try World()
        let approval = try world.offer()
        let face = world.face(isLoopback: false, publicURL: "https://ops.example.com", proxies: proxies)
        func headers(_ user: String) -> [(name: String, value: String)] {
            [
                ("X-Forwarded-User", user), ("Host", "ops.example.com"), ("Origin", "https://ops.example.com"),
                ("Sec-Fetch-Site", "same-origin"),
                ("Content-Type", "application/x-www-form-urlencoded"),
            ]
        }
        let page = ask(face, "/incidents/" + World.incident(1).id, headers("maria@example.com"), from: "10.0.0.1").text
        #expect(page.contains("Approve") && !page.contains("Sign out") && !page.contains("Sign in"))
        let padded = ask(face, "/incidents/" + World.incident(1).id, headers(" \tmaria@example.com "), from: "10.0.0.1").text
        #expect(padded.contains("Approve") && padded.contains(">maria@example.com<"), "blanks around a name are none of it")
        let mark = "name=\"form\" value=\""
        let start = try #require(page.firstIndex(ofBytes: mark))
        let form = String(page[start...].dropFirst(mark.count).prefix { $0 != "\"" })
        let digest = "digest=\(approval.digest)&form=\(form)"
        func press(_ user: String, _ body: String, from peer: String = "10.0.0.1") -> Int {
            ask(face, "/do/approvals/\(approval.id)/approve", headers(user), from: peer, method: "POST", body: body).status
        }
        #expect(press("maria@example.com", "digest=\(approval.digest)&form=x") == 403)
        #expect(press("otto", digest) == 403, "somebody else's form")
        #expect(press("maria@example.com", digest, from: "11.0.0.1") == 403, "nobody may read here without a token")
        #expect(press("maria@example.com", digest) == 303)
        let rows = try world.engine.waitingCommands()
        #expect(rows.map(\.actor) == ["user:maria@example.com"] && rows.map(\.kind) == ["approve"])
        let api = ask(
            face, "/api/v1/actions/stop", [("X-Forwarded-User", "maria@example.com"), ("Host", "ops.example.com")], from: "10.0.0.1",
            method: "POST")
        #expect(api.status == 403 && !world.folder.isKillSwitchOn)
    }

    @Test("over TLS of our own one signs in from anywhere, with a cookie for TLS alone")
    func encrypted() throws {
        let world = try World()
        let token = try world.token("maria", .approver)
        let face = world.face(isLoopback: false)
        func signIn(_ isEncrypted: Bool) -> ServerResponse {
            ask(
                face, "/sign-in",
                [
                    ("Host", "monitor.example:9464"), ("Origin", "https://monitor.example:9464"), ("Sec-Fetch-Site", "same-origin"),
                    ("Content-Type", "application/x-www-form-urlencoded"),
                ], from: "192.0.2.1", method: "POST", body: "token=\(token)", isEncrypted: isEncrypted)
        }
        #expect(signIn(false).status == 403)
        let cookie = try #require(signIn(true).header("Set-Cookie"))
        #expect(cookie.hasPrefix("__Host-mozaiks-ops=") && cookie.contains("; Secure"))
        let kept = [(name: "Cookie", value: String(cookie.prefix { $0 != ";" })), (name: "Host", value: "monitor.example:9464")]
        #expect(ask(face, "/", kept, from: "192.0.2.1", isEncrypted: true).text.contains("maria"))
    }

    @Test("who signed in with a token that has ended since hears so, where anybody reads and where nobody does")
    func ended() throws {
        for isLoopback in [true, false] {
            let world = try World()
            let token = try world.token("maria", .approver, until: World.start + .hours(1))
            _ = try world.token("other", .viewer)
            try world.commit([], states: [World.sight()])
            let face = world.face(isLoopback: isLoopback, at: StandingClock())
            let signed = ask(
                face, "/sign-in",
                [
                    ("Host", "localhost:9464"), ("Origin", "http://localhost:9464"), ("Sec-Fetch-Site", "same-origin"),
                    ("Content-Type", "application/x-www-form-urlencoded"),
                ],
                from: "127.0.0.1", method: "POST", body: "token=\(token)")
            let cookie = [
                (name: "Cookie", value: String(try #require(signed.header("Set-Cookie")).prefix { $0 != ";" })),
                (name: "Host", value: "localhost:9464"),
            ]
            #expect(ask(face, "/", cookie, from: "127.0.0.1").text.contains("Sign out"))
            _ = try TokenFile(world.folder).revoke("maria", by: "cli:test", now: World.start)
            let after = ask(face, "/", cookie, from: "127.0.0.1")
            #expect(after.status == (isLoopback ? 200 : 401))
            #expect(
                after.text.contains("ou are signed out: the token &#39;maria&#39; was revoked") && !after.text.contains("Sign out"),
                "\(after.text.prefix(3_000))")
        }
    }
}
