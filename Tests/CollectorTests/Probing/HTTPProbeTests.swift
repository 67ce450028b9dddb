import Ambient
import HTTP
import Model
import Synchronization
import TestKit
import Testing

@testable import Collector

/// Looks at services by HTTP: what is asked, what is followed, and what the answer must be.
@Suite struct HTTPProbeTests {
    private func look(_ check: HTTPCheck, timeout: TimeSpan = .seconds(20)) async throws -> ProbeResult {
        let client = try HTTPClient()
        let result = await Prober(client: client).result(.http(check), timeout: timeout)
        await client.shutdown()
        return result
    }

    private func expected(_ change: (inout HTTPExpectation) -> Void) -> HTTPExpectation {
        var expected = HTTPExpectation()
        change(&expected)
        return expected
    }

    private static let body = #"{"status":"ok","items":[{"n":1},{"n":2.0}],"a.b":{"c":null},"up":true,"note":"all is well"}"#

    static let expectations: [(@Sendable (inout HTTPExpectation) -> Void, ProbeResult.Standing)] = [
        ({ _ in }, .up),
        ({ $0.statuses = [.exactly(200), .all(3)] }, .up),
        ({ $0.statuses = [.exactly(204), .all(3)] }, .down(.status, "status 200, not 204 or 3xx")),
        ({ $0.body = ["all is well"] }, .up), ({ $0.body = ["all is well", "gone"] }, .down(.body, "its body does not have gone in it")),
        ({ $0.notBody = ["gone"] }, .up), ({ $0.notBody = ["well"] }, .down(.body, "its body has well in it")),
        ({ $0.headers = [("x-version", "7")] }, .up), ({ $0.headers = [("X-Version", "8")] }, .down(.header, "header X-Version is not 8")),
        ({ $0.headers = [("X-Other", "8")] }, .down(.header, "the answer has no header X-Other")),
        ({ $0.json = [.init(path: "status", value: "ok")!] }, .up),
        ({ $0.json = [.init(path: "items.1.n", value: 2)!, .init(path: #"a\.b.c"#, value: nil)!, .init(path: "up", value: true)!] }, .up),
        ({ $0.json = [.init(path: "status", value: "fine")!] }, .down(.json, #"status is "ok", not "fine""#)),
        ({ $0.json = [.init(path: "items", value: 1)!] }, .down(.json, "items is a list, not 1")),
        ({ $0.json = [.init(path: "items.2.n", value: 1)!] }, .down(.json, "its JSON has no items.2.n")),
        ({ $0.json = [.init(path: "status.length", value: 2)!] }, .down(.json, "its JSON has no status.length")),
        ({ $0.json = [.init(path: "up", value: "true")!] }, .down(.json, #"up is true, not "true""#)),
    ]

    @Test("what an answer must be", arguments: expectations.indices)
    func expectation(index: Int) async throws {
        let (change, standing) = Self.expectations[index]
        let server = try MisbehavingServer { _, peer in peer.answer(200, Self.body, headers: ["X-Version: 7"]) }
        defer { server.stop() }
        let result = try await look(HTTPCheck(HTTPRequest(.get, server.url), expected: expected(change)))
        #expect(result.standing == standing && result.status == 200)
        #expect(result.latency != nil && result.phases.named.map(\.name) == ["resolve", "connect", "processing", "transfer"])
    }

    @Test func `statuses and paths that are none are refused`() {
        for text in ["", "0xx", "6xx", "2x", "20", "99", "600", "2000", "+20", "abc", "xx2"] {
            #expect(HTTPExpectation.Status(text) == nil, "\(text)")
        }
        #expect(HTTPExpectation.Status("2XX") == .all(2) && HTTPExpectation.Status("503") == .exactly(503))
        for path in ["", ".", "a.", ".a", "a..b", #"a\"#] { #expect(HTTPExpectation.Member(path: path, value: 1) == nil, "\(path)") }
        #expect(HTTPExpectation.Member(path: #"a\.b.c"#, value: 1)?.path == ["a.b", "c"])
    }

    @Test func `what an answer holds is shown short and plain`() async throws {
        let long = #"{"status":"\u001b[31m\#(String(repeating: "x", count: 500))","big":1e400}"#
        let server = try MisbehavingServer { _, peer in peer.answer(200, long) }
        defer { server.stop() }
        let check = HTTPCheck(HTTPRequest(.get, server.url), expected: expected { $0.json = [.init(path: "status", value: "ok")!] })
        guard case .down(_, let text) = try await look(check).standing else {
            Issue.record("up")
            return
        }
        #expect(text.utf8.count < 100 && text.utf8.allSatisfy { $0 >= 0x20 })
    }

    static let unreadable: [(body: String, head: [String], words: String)] = [
        ("<html>", [], "its body is not JSON"), ("", [], "its body cannot be read as JSON: nothing but white space, at byte 0"),
        (String(repeating: "[", count: 100), [], "its body cannot be read as JSON: nested deeper than 64 levels, at byte 64"),
        ("\u{1}", ["Content-Encoding: gzip"], "its body is compressed (gzip), which was not asked for: does a proxy in between do that?"),
    ]

    @Test("why a body cannot be read as JSON", arguments: unreadable.indices)
    func whyUnreadable(index: Int) async throws {
        let answer = Self.unreadable[index]
        let server = try MisbehavingServer { _, peer in peer.answer(200, answer.body, headers: answer.head) }
        defer { server.stop() }
        let check = HTTPCheck(HTTPRequest(.get, server.url), expected: expected { $0.json = [.init(path: "status", value: "ok")!] })
        #expect(try await look(check).standing == .down(.json, answer.words))
    }

    @Test func `an answer that is not JSON, too long, truncated or none at all`() async throws {
        let peers: [(ProbeResult.Fault, MisbehavingServer.Behaviour)] = [
            (.json, { _, peer in peer.answer(200, "<html>") }),
            (.json, { _, peer in peer.answer(200, String(repeating: "[", count: 10_000)) }),
            (.tooLarge, { _, peer in peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n") }),
            (
                .closed,
                { _, peer in
                    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf")
                    peer.close()
                }
            ),
            (.closed, { _, peer in peer.close() }),
            (
                .foreign,
                { _, peer in
                    peer.write("220 mail.example ESMTP\r\n")
                    peer.close()
                }
            ),
        ]
        let expected = expected { $0.json = [.init(path: "status", value: "ok")!] }
        for (index, (fault, behave)) in peers.enumerated() {
            let server = try MisbehavingServer(behave)
            let result = try await look(HTTPCheck(HTTPRequest(.get, server.url), expected: expected))
            guard case .down(fault, _) = result.standing else {
                Issue.record("\(index): \(result.standing)")
                continue
            }
            server.stop()
        }
        let mute = try MisbehavingServer { _, peer in peer.waitUntilClosed() }
        defer { mute.stop() }
        guard case .down(.timeout, _) = try await look(HTTPCheck(HTTPRequest(.get, mute.url)), timeout: .seconds(0.3)).standing else {
            Issue.record("answered")
            return
        }
    }

    @Test func `what is asked is what was said, with its secrets`() async throws {
        let server = try MisbehavingServer { request, peer in peer.answer(200, "token is t0ken-of-ours") }
        defer { server.stop() }
        let request = HTTPRequest(.post, server.url + "/check?key=s3cret", headers: [HTTPField("X-Plain", "1")], body: Array("{}".utf8))
        let check = HTTPCheck(
            request, secrets: [.init("Authorization", prefix: "Bearer ") { Secret("t0ken-of-ours") }],
            expected: expected { $0.notBody = ["t0ken-of-ours"] })
        let result = try await look(check)
        // What comes back of it is taken out where it comes in.
        #expect(result.standing == .up)
        let seen = try #require(server.requests.first)
        #expect(seen.method == "POST" && seen.body == Array("{}".utf8) && seen.head.contains("Authorization: Bearer t0ken-of-ours"))
        let place = ServiceCheck.http(check).place
        #expect(place == "http://127.0.0.1:\(server.port)/check?key=***")
    }

    @Test func `without its secret nothing is asked, and nothing is said of the service`() async throws {
        let server = try MisbehavingServer(always: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        defer { server.stop() }
        let source = SecretSource.file("/nowhere/token")
        let check = HTTPCheck(
            HTTPRequest(.get, server.url), secrets: [.init("X-Token") { try source.read("the token", in: Environment([:])) }])
        guard case .unknown(.unauthorized, let text) = try await look(check).standing else {
            Issue.record("asked")
            return
        }
        #expect(text.contains("/nowhere/token") && server.requests.isEmpty)
    }

    // MARK: Redirects

    @Test func `a redirect is an answer like any other unless it is followed`() async throws {
        let server = try MisbehavingServer { request, peer in
            if request.path == "/" { peer.answer(302, "", headers: ["Location: /next"]) } else { peer.answer(200, "here") }
        }
        defer { server.stop() }
        let plain = try await look(HTTPCheck(HTTPRequest(.get, server.url)))
        #expect(plain.standing == .down(.status, "status 302, not 2xx") && plain.status == 302)
        var check = HTTPCheck(HTTPRequest(.get, server.url), expected: expected { $0.statuses = [.all(3)] })
        #expect(try await look(check).standing == .up)
        check.followsRedirects = true
        check.expected = expected { $0.body = ["here"] }
        let followed = try await look(check)
        #expect(followed.standing == .up && followed.status == 200 && followed.seen.first?.value == 1)
    }

    @Test func `a circle of redirects ends`() async throws {
        let server = try MisbehavingServer { _, peer in peer.answer(302, "", headers: ["Location: /"]) }
        defer { server.stop() }
        var check = HTTPCheck(HTTPRequest(.get, server.url))
        check.followsRedirects = true
        #expect(try await look(check).standing == .down(.redirect, "it redirects more than 5 times"))
        #expect(server.requests.count == 6)
    }

    @Test func `what is secret goes to nobody else`() async throws {
        let other = try MisbehavingServer { _, peer in peer.answer(200, "other") }
        defer { other.stop() }
        let target = other.url
        let server = try MisbehavingServer { request, peer in
            peer.answer(307, "", headers: ["Location: " + (request.path == "/" ? "/again" : target + "/there")])
        }
        defer { server.stop() }
        var check = HTTPCheck(
            HTTPRequest(.get, server.url, headers: [HTTPField("X-Plain", "1")]),
            secrets: [.init("Authorization", prefix: "Bearer ") { Secret("t0ken-of-ours") }])
        check.followsRedirects = true
        #expect(try await look(check).standing == .up)
        #expect(server.requests.count == 2 && server.requests.allSatisfy { $0.head.contains("t0ken-of-ours") })
        let head = try #require(other.requests.first?.head)
        #expect(!head.contains("t0ken") && !head.contains("X-Plain") && !head.contains("Authorization"))
    }
}
