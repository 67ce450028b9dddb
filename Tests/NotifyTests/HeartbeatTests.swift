import Ambient
import HTTP
import TestKit
import Testing

@testable import Notify

/// Pings against a server that answers as a test says.
@Suite struct HeartbeatTests {
    private static let secret = "5e4a0c11-9c1e-4d1b-secret"

    /// What came of each beat, and what the server was asked.
    private func send(
        _ beats: [Heartbeat.Beat], answer: String, timeoutMs: Int = 5_000, query: String = ""
    ) async throws -> (faults: [String?], paths: [String]) {
        let server = try MisbehavingServer { _, peer in
            if answer.isEmpty { peer.waitUntilClosed() } else { peer.write(answer) }
        }
        defer { server.stop() }
        let url = "\(server.url)/\(HeartbeatTests.secret)\(query)"
        let faults = try await withClient { client in
            let heartbeat = Heartbeat(url: { Secret(url) }, client: client, timeoutMs: timeoutMs)
            var faults: [String?] = []
            for beat in beats { faults.append(await heartbeat.send(beat)) }
            return faults
        }
        for fault in faults { #expect(fault?.contains("secret") != true, "\(fault ?? "")") }
        return (faults, server.requests.map { "\($0.method) \($0.path)" })
    }

    private static func answer(_ status: String, _ body: String = "OK") -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test func `each beat asks for its own path`() async throws {
        let beats: [Heartbeat.Beat] = [.start, .success, .failure, .exit(0), .exit(3), .exit(-1), .exit(1_000)]
        let (faults, paths) = try await send(beats, answer: HeartbeatTests.answer("200 OK"))
        #expect(faults == Array(repeating: nil, count: beats.count))
        #expect(
            paths == ["/start", "", "/fail", "/0", "/3", "/0", "/255"].map { "GET /\(HeartbeatTests.secret)\($0)" })
    }

    @Test func `what is appended stands before the query`() async throws {
        let (_, paths) = try await send(
            [.start, .success], answer: HeartbeatTests.answer("200 OK"), query: "?create=1")
        #expect(paths == ["GET /\(HeartbeatTests.secret)/start?create=1", "GET /\(HeartbeatTests.secret)?create=1"])
    }

    @Test func `a push monitor of Uptime Kuma is told by its query`() async throws {
        let server = try MisbehavingServer { request, peer in
            let isKnown = request.path.hasPrefix("/api/push/k3y?")
            peer.write(Self.answer(isKnown ? "200 OK" : "404 Not Found", "{\"ok\":\(isKnown)}"))
        }
        defer { server.stop() }
        let url = "\(server.url)/api/push/k3y?status=up&msg=OK&ping="
        let faults = try await withClient { client in
            let heartbeat = Heartbeat(url: { Secret(url) }, client: client)
            return [
                await heartbeat.send(.start), await heartbeat.send(.success), await heartbeat.send(.failure),
                await heartbeat.send(.exit(0)), await heartbeat.send(.exit(3)),
            ]
        }
        #expect(faults == [nil, nil, nil, nil, nil])
        #expect(
            server.requests.map(\.path)
                == ["up&msg=OK", "down&msg=failure", "up&msg=OK", "down&msg=exit+3"].map {
                    "/api/push/k3y?status=\($0)&ping="
                })
    }

    @Test func `only the URL itself says that a check is gone`() async throws {
        let server = try MisbehavingServer { request, peer in
            peer.write(Self.answer(request.path == "/beat/x" ? "200 OK" : "404 Not Found"))
        }
        defer { server.stop() }
        let url = "\(server.url)/beat/x"
        let faults = try await withClient { client in
            let heartbeat = Heartbeat(url: { Secret(url) }, client: client)
            return [await heartbeat.send(.start), await heartbeat.send(.exit(0)), await heartbeat.send(.failure)]
        }
        #expect(faults[0] == nil && faults[1] == nil)
        #expect(faults[2]?.contains("no word for a failure") == true, "\(faults)")
        #expect(server.requests.map(\.path) == ["/beat/x/start", "/beat/x/0", "/beat/x", "/beat/x/fail"])
    }

    static let targets: [(String, String?)] = [
        ("https://hc-ping.com/uuid", "https://hc-ping.com/uuid/start"),
        ("https://hc-ping.com/uuid/", "https://hc-ping.com/uuid/start"),
        ("https://hc-ping.com/key/slug#x", "https://hc-ping.com/key/slug/start"),
        ("HTTPS://Example.com/a?b=/c/", "HTTPS://Example.com/a/start?b=/c/"),
        ("http://[::1]:80/a", "http://[::1]:80/a/start"),
        ("hunter2", nil), ("ftp://x/y", nil), ("https:///path", nil), ("https://", nil), ("", nil),
    ]

    @Test("the URL of a beat", arguments: targets) func target(_ url: String, _ expected: String?) {
        #expect(Heartbeat.target(url, .start) == expected)
    }

    static let answers: [(String, String)] = [
        (answer("200 OK", "OK (not found)"), "the service does not know this check; copy its URL anew"),
        (answer("200 OK", "OK (rate limited)"), "the service finds the pings too many; make the interval longer"),
        (answer("404 Not Found"), "it answered 404: the check is gone; copy its URL anew"),
        (answer("503 Service Unavailable"), "it answered 503"),
        (
            "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
            "it answered 302, a redirect: check the URL"
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nOK", "no answer within 300 ms"),
        ("SSH-2.0-OpenSSH\r\n", "the answer is none of such a service"),
    ]

    @Test("a ping that does not count says why", arguments: answers) func faulty(_ answer: String, _ why: String)
        async throws
    {
        let (faults, paths) = try await send([.success], answer: answer, timeoutMs: 300)
        #expect(faults == [why])
        #expect(!paths.contains { $0.contains("elsewhere") }, "redirects are not followed")
    }

    @Test func `a service that hangs ends with the time limit`() async throws {
        let (faults, _) = try await send([.success], answer: "", timeoutMs: 50)
        #expect(faults == ["no answer within 50 ms"])
    }

    @Test func `nothing of a secret that is no URL, or cannot be read, is shown`() async throws {
        let faults = try await withClient { client in
            var faults: [String?] = []
            for url in ["hunter2", "https://user:hunter2@[bad/hunter2", "http://127.0.0.1:1/hunter2"] {
                faults.append(await Heartbeat(url: { Secret(url) }, client: client).send(.success))
            }
            struct Unreadable: Error {}
            faults.append(await Heartbeat(url: { throw Unreadable() }, client: client).send(.success))
            return faults
        }
        #expect(
            faults == [
                "its secret is not a URL; it should read https://hc-ping.com/…",
                "its secret is not a URL; it should read https://hc-ping.com/…", "connection refused",
                "cannot read its URL",
            ])
    }
}
