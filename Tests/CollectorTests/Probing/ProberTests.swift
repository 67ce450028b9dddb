import Ambient
import Glibc
import HTTP
import JSONParsing
import Model
import Synchronization
import TestKit
import Testing

@testable import Collector

/// Looks at services over real sockets, and what becomes of them as documents.
@Suite struct ProberTests {
    func look(_ check: ServiceCheck, timeout: TimeSpan = .seconds(20)) async throws -> ProbeResult {
        let client = try HTTPClient()
        let result = await Prober(client: client).result(check, timeout: timeout)
        await client.shutdown()
        return result
    }

    func place(_ port: UInt16) throws -> ServicePlace { try #require(ServicePlace("127.0.0.1:\(port)", port: nil)) }

    /// A server that does something with each connection, for the length of a test.
    func with<R>(
        _ converse: @escaping @Sendable (Peer, Int) -> Void, _ test: (ServicePlace) async throws -> R
    ) async throws -> R {
        let server = try MisbehavingServer(conversing: converse)
        defer { server.stop() }
        return try await test(try place(server.port))
    }

    func fault(_ result: ProbeResult) -> ProbeResult.Fault? {
        if case .down(let fault, _) = result.standing { fault } else { nil }
    }

    /// All that are no HTTP and hold a dialogue.
    private func dialogues(_ place: ServicePlace) -> [ServiceCheck] {
        [.mongodb(place, .init()), .postgres(place, .init()), .redis(place, nil)]
    }

    // MARK: Peers that behave badly

    @Test func `who is not there is refused, and who takes no connection is waited for in vain`() async throws {
        let closed = try place(try Loopback.closedPort())
        for check in dialogues(closed) + [.tcp(closed), .tls(closed, .init())] {
            #expect(try await fault(look(check)) == .refused, "\(check.place)")
        }
        let deaf = try Loopback.DeafPort()
        #expect(try await fault(look(.tcp(try place(deaf.port)), timeout: .seconds(0.3))) == .timeout)
    }

    @Test func `who takes the connection and says nothing, drips, closes half way or greets with garbage is not up`() async throws {
        let peers: [(ProbeResult.Fault, @Sendable (Peer, Int) -> Void)] = [
            (.timeout, { peer, _ in peer.waitUntilClosed() }),
            (
                .timeout,
                { peer, _ in
                    // What every one of them would believe as the beginning of an answer, if it went on.
                    _ = peer.read()
                    peer.write([UInt8(ascii: "E"), 0, 0, 0])
                    peer.waitUntilClosed()
                }
            ),
            (.closed, { peer, _ in _ = peer.read() }),
            (
                .foreign,
                { peer, _ in
                    peer.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                    peer.waitUntilClosed()
                }
            ),
            (
                .foreign,
                { peer, _ in
                    peer.write([UInt8](repeating: 0, count: 4_096))
                    peer.waitUntilClosed()
                }
            ),
        ]
        for (index, (expected, behave)) in peers.enumerated() {
            try await with(behave) { place in
                for check in dialogues(place) {
                    let result = try await look(check, timeout: .seconds(expected == .timeout ? 0.3 : 20))
                    // An `E` with nothing behind it is the beginning of PostgreSQL's answer alone.
                    let isForeign = index == 1 && !check.place.hasPrefix("postgres")
                    #expect(fault(result) == (isForeign && check.place.hasPrefix("redis") ? .foreign : expected), "\(index) \(check.place)")
                }
            }
        }
    }

    @Test func `who closes without an answer took no time to answer, who only has to be there did`() async throws {
        try await with({ peer, _ in _ = peer.read() }) { place in
            for check in dialogues(place) {
                let result = try await look(check)
                #expect(fault(result) == .closed && result.latency == nil, "\(check.place)")
            }
            #expect(try await look(.tcp(place)).latency != nil)
        }
    }

    @Test func `who talks without end is not listened to for ever`() async throws {
        try await with({ peer, _ in
            for _ in 0..<1_000 { peer.write(Talk.postgres("N", [UInt8](repeating: 0, count: 10_000))) }
        }) { place in
            let result = try await look(.postgres(place, .init()))
            #expect(fault(result) == .foreign)
        }
        try await with({ peer, _ in
            _ = peer.read()
            peer.write("N")
            _ = peer.read()
            for _ in 0..<1_000 { peer.write(Talk.postgres("N", [UInt8](repeating: 0, count: 10_000))) }
        }) { place in
            let result = try await look(.postgres(place, .init()))
            #expect(fault(result) == .tooLarge)
        }
    }

    // MARK: TLS

    @Test func `a certificate that has run out is told with how long ago`() async throws {
        let files = CertificateFiles()
        try files.make("db.example", span: ("20200101000000Z", "20200201000000Z"))
        let server = try TLSPeer(files)
        defer { server.stop() }
        let place = try place(server.port)
        let checks: [ServiceCheck] = [.tls(place, .init()), .http(HTTPCheck(HTTPRequest(.get, "https://127.0.0.1:\(server.port)/")))]
        for check in checks {
            let result = try await look(check)
            #expect(fault(result) == .certificate && result.certificateEnd == Timestamp(rfc3339: "2020-02-01T00:00:00Z"), "\(check.place)")
            let now = try #require(Timestamp(rfc3339: "2020-02-03T12:00:00Z"))
            #expect(result.document(of: check.place, at: now)["certificate_days"]?.double == -2.5)
        }
        let unverified = try await look(.tls(place, .init(verifies: false)))
        #expect(unverified.standing == .up && unverified.certificateEnd != nil && unverified.phases.tls != nil)
        #expect(try await fault(look(.tls(place, .init(files: TLSFiles(caFile: "/nowhere/ca.pem"))))) == nil)
        guard case .unknown(.notTracked, _) = try await look(.tls(place, .init(files: TLSFiles(caFile: "/nowhere/ca.pem")))).standing else {
            Issue.record("a file of ours is told as a fault of theirs")
            return
        }
    }

    @Test func `a port without TLS is told as that`() async throws {
        let server = try MisbehavingServer(conversing: { peer, _ in
            peer.write("220 mail.example ESMTP\r\n")
            peer.waitUntilClosed()
        })
        defer { server.stop() }
        #expect(try await fault(look(.tls(try place(server.port), .init()))) == .tls)
    }

    // MARK: Names and pings

    private func dns(_ server: NameServer, _ type: String = "SRV", timeout: TimeSpan = .seconds(20)) async throws -> ProbeResult {
        let check = try #require(
            ServiceCheck.DNSCheck(name: "db.example", type: type, server: try place(server.port)))
        return try await look(.dns(check), timeout: timeout)
    }

    private static func message(_ question: [UInt8]) throws -> DNSMessage {
        try #require(DNSMessage(id: UInt16(question[0]) << 8 | UInt16(question[1]), name: "db.example", type: .srv))
    }

    @Test func `a name server is asked again where nothing comes, and others' answers are not heard`() async throws {
        let server = try NameServer { question, ordinal in
            guard ordinal > 1, let message = try? Self.message(question) else { return [] }
            var forged = Talk.dns(message, records: [])
            forged[0] ^= 1
            return [forged, [], [1, 2, 3], Talk.dns(message, records: [33, 33])]
        }
        defer { server.stop() }
        let result = try await dns(server, timeout: .seconds(3))
        #expect(result.standing == .up && result.seen.first?.value == 2 && server.questions == 2)
        #expect(result.phases.resolve != nil && result.phases.processing != nil)
    }

    @Test func `a name that is not there is told apart from a server that cannot tell`() async throws {
        let codes: [(UInt16, ProbeResult.Fault)] = [(0, .noRecord), (3, .noRecord), (2, .unresolvable), (5, .rejected), (4, .foreign)]
        for (code, expected) in codes {
            let server = try NameServer { question, _ in
                guard let message = try? Self.message(question) else { return [] }
                return [Talk.dns(message, records: [], code: code)]
            }
            #expect(try await fault(dns(server)) == expected, "\(code)")
            server.stop()
        }
        let mute = try NameServer { _, _ in [] }
        #expect(try await fault(dns(mute, timeout: .seconds(0.3))) == .timeout)
        mute.stop()
        let other = try NameServer { question, _ in
            guard let message = try? Self.message(question) else { return [] }
            var forged = Talk.dns(message, records: [33])
            forged[0] ^= 1
            return [forged]
        }
        // It is waited to the end of the time for the right one, so what came must have been read by then.
        #expect(try await fault(dns(other, timeout: .seconds(2))) == .foreign)
        other.stop()
        let gone = try #require(ServicePlace("127.0.0.1:\(try Loopback.closedPort())", port: nil))
        let check = try #require(ServiceCheck.DNSCheck(name: "db.example", type: "MX", server: gone))
        #expect(try await fault(look(.dns(check), timeout: .seconds(1))) == .refused)
    }

    @Test func `this machine's own name is found as programs find it`() async throws {
        let found = try await look(.dns(try #require(ServiceCheck.DNSCheck(name: "localhost"))))
        #expect(found.standing == .up && found.phases.resolve != nil)
        let missing = try await look(.dns(try #require(ServiceCheck.DNSCheck(name: "no-such-host.invalid"))))
        #expect([.noRecord, .unresolvable, .timeout].contains(fault(missing)))
    }

    @Test func `a ping is answered, or not permitted, which is not down`() async throws {
        let result = try await look(.icmp(host: "127.0.0.1"), timeout: .seconds(10))
        switch result.standing {
        case .up: #expect(result.phases.processing != nil)
        case .unknown(let reason, let text): #expect(reason == .notTracked && text.contains("net.ipv4.ping_group_range"))
        case .down: Issue.record("\(result.standing)")
        }
        #expect(try await fault(look(.icmp(host: "no-such-host.invalid"))) != nil)
    }

    @Test func `the name servers of a machine are those of its file`() {
        let folder = TemporaryFolder()
        let file = folder.write(
            "# comment\nsearch example.com\nnameserver 192.0.2.1\nnameserver\nnameserver fd00::1\noptions ndots:2\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n",
            to: "resolv.conf")
        #expect(BlockingProbes.nameServers(file).map(\.description) == ["192.0.2.1:53", "[fd00::1]:53", "192.0.2.2:53"])
        #expect(BlockingProbes.nameServers(folder.path("none")).isEmpty)
    }

    // MARK: Nobody waits, and what is written down

    @Test func `a look that nobody waits for any more ends as one that says nothing`() async throws {
        let mute = try Loopback.MutePort()
        let port = try place(mute.port)
        let task = Task { try await look(.redis(port, nil), timeout: .minutes(10)).standing }
        let guest = mute.waitForGuest()
        task.cancel()
        guard case .unknown(.stale, _) = try await task.value else {
            Issue.record("not cancelled")
            return
        }
        withExtendedLifetime(guest) {}
    }

    @Test func `every result is read as it was written`() async throws {
        var up = ProbeResult(.up)
        up.phases = PhaseTimes(resolve: 0.25, connect: 0.5, processing: 1)
        (up.latency, up.status, up.certificateEnd) = (1.75, 200, Timestamp(milliseconds: 86_400_000 * 10))
        up.seen = [("role", "primary")]
        let document = up.document(of: "https://a.example/", at: Timestamp(milliseconds: 0))
        let written =
            #"{"up":1,"checked":"https://a.example/","latency_s":1.75,"status":200,"certificate_days":10.0,"#
            + #""phases":{"resolve":0.25,"connect":0.5,"processing":1.0},"seen":{"role":"primary"}}"#
        #expect(document.serialized() == written)
        guard case .probe(let view) = Decoder.decode(Observation.Answer(look: document), of: .probe) else {
            Issue.record("not read")
            return
        }
        #expect(
            view
                == ProbeView(
                    isUp: true, latency: 1.75, status: 200, certificateDays: 10, phases: [.resolve: 0.25, .connect: 0.5, .processing: 1]))

        let down = ProbeResult.down(.status, "status 503,\nnot 2xx").document(of: "x", at: Timestamp(milliseconds: 0))
        #expect(down.serialized() == #"{"up":0,"why":"status","detail":"status 503, not 2xx","checked":"x"}"#)
        guard case .probe(let view) = Decoder.decode(Observation.Answer(look: down), of: .probe) else {
            Issue.record("not read")
            return
        }
        #expect(!view.isUp && view.detail == "status 503, not 2xx")

        let unknown = ProbeResult.unknown(.notTracked, "not permitted").document(of: "x", at: Timestamp(milliseconds: 0))
        guard case .missing(.probe, .notTracked, "not permitted") = Decoder.decode(Observation.Answer(look: unknown), of: .probe) else {
            Issue.record("not missing")
            return
        }
    }

    @Test func `places are read, and what is none is not`() {
        let places: [(String, UInt16?, String?)] = [
            ("db.example:5432", nil, "db.example:5432"), ("db.example", 27_017, "db.example:27017"), ("db.example", nil, nil),
            ("[::1]:80", nil, "[::1]:80"), ("[::1]", 443, "[::1]:443"), ("::1", 443, "[::1]:443"), ("10.0.0.1:1", nil, "10.0.0.1:1"),
            ("", 1, nil), (":80", nil, nil), ("a:0", nil, nil), ("a:65536", nil, nil), ("a:+1", nil, nil), ("a/b:1", nil, nil),
            ("user@a:1", nil, nil), ("[a]:1", nil, nil), ("[a:80]:1", nil, nil), ("a:g:c", 1, nil), ("[::1]x:1", nil, nil),
            ("a b:1", nil, nil),
        ]
        for (text, port, expected) in places { #expect(ServicePlace(text, port: port)?.description == expected, "\(text)") }
    }
}
