import Glibc
import HTTP
import Model
import TestKit
import Testing

/// A server's misdeed and what the client must call it.
struct Misdeed: Sendable, CustomTestStringConvertible {
    let name: String
    let behave: MisbehavingServer.Behaviour
    let expected: @Sendable (HTTPError.Kind) -> Bool

    init(
        _ name: String, _ behave: @escaping MisbehavingServer.Behaviour,
        _ expected: @escaping @Sendable (HTTPError.Kind) -> Bool
    ) {
        self.name = name
        self.behave = behave
        self.expected = expected
    }

    var testDescription: String { name }

    /// Writes and hangs up.
    static func sends(_ text: String) -> MisbehavingServer.Behaviour {
        { _, peer in
            peer.write(text)
            peer.close()
        }
    }

    static let isMalformed: @Sendable (HTTPError.Kind) -> Bool = {
        if case .malformedResponse = $0 { true } else { false }
    }
    static let isLost: @Sendable (HTTPError.Kind) -> Bool = { if case .connectionLost = $0 { true } else { false } }
    static func isTooLarge(_ limit: Int) -> @Sendable (HTTPError.Kind) -> Bool { { $0 == .bodyTooLarge(limit: limit) } }

    static let all: [Misdeed] = [
        Misdeed("body shorter than announced", sends("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789")) {
            $0 == .truncated(received: 10, expected: 100)
        },
        Misdeed("chunks that stop", sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")) {
            $0 == .truncated(received: 3, expected: nil)
        },
        Misdeed(
            "reset inside the body",
            { _, peer in
                peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
                peer.reset()
            }
        ) { if case .truncated(_, 100) = $0 { true } else if case .connectionLost = $0 { true } else { false } },
        Misdeed(
            "chunks with a size that is none",
            sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"), isMalformed),
        Misdeed(
            "announced body over the limit", sends("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"), isTooLarge(1_000)
        ),
        Misdeed(
            "absurd announced length", sends("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n"),
            isTooLarge(1_000)),
        Misdeed(
            "body without end",
            { _, peer in
                peer.write("HTTP/1.1 200 OK\r\n\r\n")
                peer.write([UInt8](repeating: 120, count: 1_001))
                peer.waitUntilClosed()
            }, isTooLarge(1_000)),
        Misdeed(
            "chunks over the limit",
            { _, peer in
                peer.write(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1F4\r\n" + String(repeating: "x", count: 500))
                peer.write("\r\n1F5\r\n" + String(repeating: "x", count: 501) + "\r\n")
                peer.waitUntilClosed()
            }, isTooLarge(1_000)),
        Misdeed("another protocol", sends("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), isMalformed),
        Misdeed("bytes without sense", sends("\u{0}\u{1}\u{2}\r\n\r\n<html>"), isMalformed),
        Misdeed("a version that does not exist", sends("HTTP/7.7 200 OK\r\n\r\n"), isMalformed),
        Misdeed("length that is no number", sends("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nabc"), isMalformed),
        Misdeed(
            "flood of header lines",
            { _, peer in
                peer.write("HTTP/1.1 200 OK\r\n")
                for index in 0..<2_000 { peer.write("X-\(index): " + String(repeating: "y", count: 50) + "\r\n") }
                peer.waitUntilClosed()
            }, isMalformed),
        Misdeed(
            "header line without end",
            { _, peer in
                peer.write("HTTP/1.1 200 OK\r\nX: " + String(repeating: "y", count: 300_000))
                peer.waitUntilClosed()
            }, isMalformed),
        Misdeed("hangs up without a word", { _, peer in peer.close() }, isLost),
        Misdeed("resets without a word", { _, peer in peer.reset() }, isLost),
        Misdeed("hangs up inside the head", sends("HTTP/1.1 200 OK\r\nContent-Le")) {
            if case .connectionLost = $0 { true } else if case .malformedResponse = $0 { true } else { false }
        },
    ]
}

@Suite struct FailureTests {
    @Test(arguments: Misdeed.all)
    func `a misdeed has its name, and the client lives on`(misdeed: Misdeed) async throws {
        try await withServer { request, peer in
            if request.path == "/well" { peer.answer(200, "well") } else { misdeed.behave(request, peer) }
        } asking: { client, server in
            let kind = await failure(client, HTTPRequest(.get, server.url + "/bad", bodyLimit: 1_000))
            let found = try #require(kind)
            #expect(misdeed.expected(found), "\(found)")
            #expect(server.requests.count == 1, "a failure on a fresh connection is not tried again")
            let next = try await client.send(HTTPRequest(.get, server.url + "/well"))
            #expect(next.body.text == "well")
        }
    }

    @Test func `a body of exactly the limit is accepted`() async throws {
        try await withServer { _, peer in
            peer.answer(200, "12345")
        } asking: { client, server in
            let fits = try await client.send(HTTPRequest(.get, server.url, bodyLimit: 5))
            #expect(fits.body.count == 5)
            #expect(await failure(client, HTTPRequest(.get, server.url, bodyLimit: 4)) == .bodyTooLarge(limit: 4))
        }
    }

    @Test func `answers share a room: what does not fit beside others fails, small ones never do`() async throws {
        var options = HTTPClient.Options()
        options.bodyMemory = 1 << 20
        let large = String(repeating: "x", count: 700 << 10)
        try await withServer(options: options) { request, peer in
            peer.answer(200, request.path == "/small" ? String(repeating: "y", count: 60 << 10) : large)
        } asking: { client, server in
            let (big, small) = (HTTPRequest(.get, server.url + "/big", bodyLimit: 4 << 20), HTTPRequest(.get, server.url + "/small"))
            var held: HTTPResponse? = try await client.send(big)
            #expect(held?.body.count == large.utf8.count)
            #expect(await failure(client, big) == .noRoom(limit: 1 << 20))
            #expect(try await client.send(small).body.count == 60 << 10)
            held = nil
            #expect(try await client.send(big).body.count == large.utf8.count)
        }
    }

    @Test func `nobody listens`() async throws {
        let client = try HTTPClient()
        let request = HTTPRequest(
            .get, "http://127.0.0.1:\(try Loopback.closedPort())/x?k=v", label: "health of shared")
        do throws(HTTPError) {
            _ = try await client.send(request)
            Issue.record("answered")
        } catch {
            #expect(error.kind == .refused)
            #expect(error.isRetryable)
            #expect(error.transportFailure == .refused)
            #expect("\(error)".hasPrefix("health of shared at http://127.0.0.1:"))
            #expect("\(error)".hasSuffix("connection refused; is it running, and listening on this port?"))
        }
        await client.shutdown()
    }

    @Test func `a plain server asked for TLS`() async throws {
        // It speaks first, as a mail server does: nothing that a TLS client could take for a handshake.
        let speaker = try MisbehavingServer(greeting: "220 mail.example ESMTP\r\n")
        defer { speaker.stop() }
        let client = try HTTPClient()
        let kind = await failure(client, HTTPRequest(.get, "https://127.0.0.1:\(speaker.port)/"))
        guard case .tls = kind else {
            Issue.record("\(String(describing: kind))")
            return
        }
        await client.shutdown()
    }

    static let timeouts: [(String, MisbehavingServer.Behaviour, HTTPError.Phase)] = [
        ("silence", { _, peer in peer.waitUntilClosed() }, .waitingForAnswer),
        (
            "headers that trickle",
            { _, peer in
                peer.write("HTTP/1.1 200 OK\r\nX-Slow: 1\r\n")
                peer.waitUntilClosed()
            }, .readingHeaders
        ),
        (
            "a body that trickles",
            { _, peer in
                peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1")
                peer.waitUntilClosed()
            }, .readingBody
        ),
    ]

    @Test(arguments: timeouts)
    func `time runs out`(name: String, behave: @escaping MisbehavingServer.Behaviour, phase: HTTPError.Phase)
        async throws
    {
        try await withServer(behave) { client, server in
            let kind = await failure(client, HTTPRequest(.get, server.url, timeoutMs: 700))
            #expect(kind == .timeout(phase, afterMs: 700))
        }
    }

    @Test func `time runs out while connecting`() async throws {
        let deaf = try Loopback.DeafPort()
        let client = try HTTPClient()
        let kind = await failure(client, HTTPRequest(.get, "http://127.0.0.1:\(deaf.port)/", connectTimeoutMs: 200))
        #expect(kind == .timeout(.connecting, afterMs: 200))
        let shorter = await failure(client, HTTPRequest(.get, "http://127.0.0.1:\(deaf.port)/", timeoutMs: 150))
        #expect(shorter == .timeout(.connecting, afterMs: 150))
        await client.shutdown()
    }

    @Test func `time runs out while waiting for a connection`() async throws {
        var options = HTTPClient.Options()
        options.connectionsPerHost = 1
        try await withServer(options: options) { _, peer in
            peer.waitUntilClosed()
        } asking: { client, server in
            // Long enough to outlast a busy machine's pauses before the second request.
            async let first = failure(client, HTTPRequest(.get, server.url, timeoutMs: 8_000))
            while server.requests.isEmpty { await Task.yield() }
            #expect(
                await failure(client, HTTPRequest(.get, server.url, timeoutMs: 100)) == .timeout(.queued, afterMs: 100))
            #expect(await first == .timeout(.waitingForAnswer, afterMs: 8_000))
        }
    }

    @Test func `what was never sent is no failure of whom it was for`() {
        func evidence(_ kind: HTTPError.Kind) -> TransportFailure {
            HTTPError(kind, what: "health", location: "http://127.0.0.1").transportFailure
        }
        #expect(evidence(.timeout(.queued, afterMs: 100)) == .cancelled)
        #expect(evidence(.overloaded(limit: 1)) == .cancelled)
        #expect(evidence(.timeout(.waitingForAnswer, afterMs: 100)) == .timeout)
    }
}
