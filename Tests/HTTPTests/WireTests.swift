import Ambient
import Glibc
import Model
import TestKit
import Testing

@testable import HTTP

/// Calls to servers that speak no HTTP, over real sockets.
@Suite struct WireTests {
    /// Says a word, and is done when so much came back.
    private struct Exchange: WireDialogue {
        var word: String
        var wanted: Int
        var heard: [UInt8] = []
        var hasEnded = false

        init(_ word: String, wanted: Int) {
            self.word = word
            self.wanted = wanted
        }

        mutating func begin() -> WireStep { word.isEmpty ? .listen : .say(Array(word.utf8)) }

        mutating func receive(_ bytes: [UInt8]) -> WireStep {
            heard += bytes
            return heard.count >= wanted ? .done(farewell: Array("bye".utf8)) : .listen
        }

        mutating func end() { hasEnded = true }
    }

    private func call(
        _ port: UInt16, _ dialogue: Exchange = Exchange("hello", wanted: 5), timeoutMs: Int = 20_000, readLimit: Int = 1 << 20
    ) async -> WireOutcome<Exchange> {
        var call = WireCall(host: "127.0.0.1", port: port)
        call.timeoutMs = timeoutMs
        call.readLimit = readLimit
        return await WireClient().call(call, dialogue)
    }

    @Test func `what is said is heard, the answer comes in pieces, and the farewell is the last word`() async throws {
        let server = try MisbehavingServer(conversing: { peer, _ in
            var heard: [UInt8] = []
            while heard.count < 5, let more = peer.read() { heard += more }
            for byte in heard { peer.write([byte]) }
            // The farewell of whoever was answered, byte for byte, before the connection ends.
            var rest: [UInt8] = []
            while let more = peer.read() { rest += more }
            peer.write(rest)
        })
        let outcome = await call(server.port)
        server.stop()
        #expect(outcome.error == nil && outcome.dialogue.heard == Array("hello".utf8) && !outcome.dialogue.hasEnded)
        #expect(outcome.address == "127.0.0.1" && outcome.certificateEnd == nil)
        let phases = outcome.phases
        #expect(phases.resolve != nil && phases.connect != nil && phases.tls == nil && phases.processing != nil && phases.transfer != nil)
    }

    @Test func `nothing is said where only a connection is wanted`() async throws {
        let server = try MisbehavingServer(conversing: { peer, _ in peer.waitUntilClosed() })
        defer { server.stop() }
        let outcome = await WireClient().call(WireCall(host: "127.0.0.1", port: server.port), SilentDialogue())
        #expect(outcome.error == nil && outcome.phases.connect != nil && outcome.phases.processing == nil)
    }

    @Test func `a server that closes ends the dialogue, one that is not there is refused`() async throws {
        let server = try MisbehavingServer(conversing: { peer, _ in
            _ = peer.read()
            peer.write("hel")
        })
        defer { server.stop() }
        let half = await call(server.port)
        #expect(half.error == nil && half.dialogue.hasEnded && half.dialogue.heard == Array("hel".utf8))
        let gone = await call(try Loopback.closedPort())
        #expect(gone.error?.kind == .refused && gone.error?.location.hasPrefix("tcp://127.0.0.1:") == true)
        #expect(gone.phases.processing == nil && gone.error?.isOurs == false)
    }

    @Test func `who takes the connection and says nothing is waited for as long as was said`() async throws {
        let server = try MisbehavingServer(conversing: { peer, _ in peer.waitUntilClosed() })
        defer { server.stop() }
        #expect(await call(server.port, timeoutMs: 300).error?.kind == .timeout(.waitingForAnswer, afterMs: 300))
        // And who drips gets no more time than that.
        let dripping = try MisbehavingServer(conversing: { peer, _ in
            while peer.read() != nil { peer.write("x") }
        })
        defer { dripping.stop() }
        let slow = await call(dripping.port, Exchange("a", wanted: 1_000), timeoutMs: 300)
        #expect(slow.error?.kind == .timeout(.waitingForAnswer, afterMs: 300) && slow.dialogue.heard == Array("x".utf8))
    }

    @Test func `who talks without end is not listened to`() async throws {
        let server = try MisbehavingServer(conversing: { peer, _ in
            // Ends when the client hangs up, which a write then tells; far more than the limit.
            for _ in 0..<1_000 { peer.write([UInt8](repeating: 7, count: 10_000)) }
        })
        let outcome = await call(server.port, Exchange("", wanted: .max), readLimit: 50_000)
        #expect(outcome.error?.kind == .bodyTooLarge(limit: 50_000))
        #expect(outcome.dialogue.heard.count <= 50_000)
        server.stop()
    }

    @Test func `a call that nobody waits for any more ends`() async throws {
        let mute = try Loopback.MutePort()
        let port = mute.port
        let task = Task { await call(port, timeoutMs: 600_000).error?.kind }
        let guest = mute.waitForGuest()
        task.cancel()
        #expect(await task.value == .cancelled)
        withExtendedLifetime(guest) {}
    }

    @Test func `what is no host is asked nowhere, and too many calls wait for nobody`() async throws {
        for host in ["", "a/b", "a@b", "a b", "[::1]", "a#b", "a?b", "a\\b", "a%41"] {
            let outcome = await WireClient().call(WireCall(host: host, port: 1), SilentDialogue())
            #expect(outcome.error?.kind == .invalidRequest("its host is no name and no address"), "\(host)")
            #expect(outcome.error?.isOurs == true)
        }
        let none = await WireClient(mostCalls: 0).call(WireCall(host: "127.0.0.1", port: 1), SilentDialogue())
        #expect(none.error?.kind == .overloaded(limit: 0) && none.error?.isOurs == true)
        let unknown = await WireClient().call(WireCall(host: "no-such-host.invalid", port: 1), SilentDialogue())
        #expect(unknown.error?.kind == .unresolvable(host: "no-such-host.invalid"))
    }

    // MARK: TLS

    /// openssl's own server, which answers HTTP with a page about the connection.
    private func withTLS<R>(
        _ span: (from: String, to: String)? = nil, _ test: (_ port: UInt16, _ files: CertificateFiles) async throws -> R
    ) async throws -> R {
        let files = CertificateFiles()
        try files.make("db.example", span: span)
        let server = try TLSPeer(files)
        defer { server.stop() }
        return try await test(server.port, files)
    }

    private func secured(_ port: UInt16) -> WireCall {
        var call = WireCall(host: "127.0.0.1", port: port)
        call.isEncrypted = true
        call.timeoutMs = 20_000
        return call
    }

    @Test func `a handshake is timed, and the end of the certificate is read`() async throws {
        try await withTLS(("20260101000000Z", "20991231235959Z")) { port, files in
            var call = secured(port)
            let refused = await WireClient().call(call, SilentDialogue())
            #expect(refused.error?.isAboutTheirCertificate == true && refused.certificateEnd == nil)
            call.tls.caFile = "/nowhere/ca.pem"
            let ours = await WireClient().call(call, SilentDialogue())
            #expect(ours.error?.isOurs == true && ours.error?.isAboutTheirCertificate == false)
            // What `ca` made has no address in it, so that only who does not verify comes through.
            call.tls.caFile = files.certificate
            #expect(await WireClient().call(call, SilentDialogue()).error?.isAboutTheirCertificate == true)
            call.verifiesPeer = false
            let looked = await WireClient().call(call, SilentDialogue())
            #expect(looked.error == nil && looked.phases.tls != nil)
            #expect(looked.certificateEnd == Timestamp(rfc3339: "2099-12-31T23:59:59Z"))
        }
        try await withTLS { port, files in
            var call = secured(port)
            call.tls.caFile = files.certificate
            let trusted = await WireClient().call(call, SilentDialogue())
            #expect(trusted.error == nil && trusted.certificateEnd != nil)
        }
    }

    @Test func `a certificate that has ended is read by who does not verify`() async throws {
        try await withTLS(("20200101000000Z", "20200201000000Z")) { port, files in
            var call = secured(port)
            call.verifiesPeer = false
            let outcome = await WireClient().call(call, SilentDialogue())
            #expect(outcome.certificateEnd == Timestamp(rfc3339: "2020-02-01T00:00:00Z"))
        }
    }

    @Test func `a measured request says what its parts took, and when the certificate ends`() async throws {
        try await withTLS(("20260101000000Z", "20991231235959Z")) { port, files in
            let client = try HTTPClient()
            var request = HTTPRequest(.get, "https://127.0.0.1:\(port)/")
            request.isMeasured = true
            request.verifiesPeer = false
            for _ in 0..<2 {
                let answer = try await client.send(request)
                #expect(answer.status == 200 && !answer.reusedConnection)
                #expect(answer.phases.named.map(\.name) == ["resolve", "connect", "tls", "processing", "transfer"])
                #expect(answer.certificateEnd == Timestamp(rfc3339: "2099-12-31T23:59:59Z"))
            }
            await client.shutdown()
        }
    }

    @Test func `a measured request has a connection of its own, others are verified after one that is not`() async throws {
        try await withServer { _, peer in
            peer.answer(200, "x")
        } asking: { client, server in
            var measured = HTTPRequest(.get, server.url)
            measured.isMeasured = true
            for _ in 0..<2 {
                let answer = try await client.send(measured)
                #expect(answer.phases.named.map(\.name) == ["resolve", "connect", "processing", "transfer"])
                #expect(answer.certificateEnd == nil)
            }
            #expect(server.connectionCount == 2)
        }
        try await withTLS { port, _ in
            let client = try HTTPClient()
            var request = HTTPRequest(.get, "https://127.0.0.1:\(port)/")
            request.verifiesPeer = false
            #expect(try await client.send(request).status == 200)
            request.verifiesPeer = true
            guard case .tls = await failure(client, request) else {
                Issue.record("an unverified connection was used again")
                return
            }
            await client.shutdown()
        }
    }

    // MARK: Values

    @Test func `ends of certificates as libcurl writes them`() {
        let lines: [(String, String?)] = [
            ("Expire date:Dec  3 12:24:27 2026 GMT", "2026-12-03T12:24:27Z"),
            ("Expire date:Feb 29 00:00:00 2028 GMT", "2028-02-29T00:00:00Z"),
            ("Expire date:2026-12-03 12:24:27 GMT", "2026-12-03T12:24:27Z"), ("Start date:Dec  3 12:24:27 2026 GMT", nil),
            ("Expire date:", nil), ("Expire date:Dec  3 12:24:27 2026", nil), ("Expire date:Feb 30 00:00:00 2028 GMT", nil),
            ("Expire date:Foo  3 12:24:27 2026 GMT", nil), ("Expire date:Dec -3 12:24:27 2026 GMT", nil), ("", nil),
        ]
        for (line, expected) in lines {
            #expect(CertificateDate.read(line) == expected.flatMap { Timestamp(rfc3339: $0) }, "\(line)")
        }
    }

    @Test func `parts that did not come about are none, and parts of several exchanges add up`() {
        let whole = PhaseTimes(resolved: 1_000, connected: 3_000, secured: 10_000, asked: 10_000, answered: 60_000, ended: 70_000)
        #expect(whole == PhaseTimes(resolve: 0.001, connect: 0.002, tls: 0.007, processing: 0.05, transfer: 0.01))
        let broken = PhaseTimes(resolved: 1_000, connected: 0, secured: 0, asked: 0, answered: 0, ended: 90_000)
        #expect(broken == PhaseTimes(resolve: 0.001))
        let sum = whole + broken
        #expect(sum.resolve == 0.002 && sum.connect == 0.002 && sum.tls == 0.007)
        #expect(PhaseTimes(connect: 0.25, transfer: 0.5).total == 0.75 && PhaseTimes().total == 0)
    }
}
