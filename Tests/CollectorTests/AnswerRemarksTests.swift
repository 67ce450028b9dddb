import Ambient
import HTTP
import Model
import TestKit
import Testing

@testable import Collector

/// What an answer's head says of its body and of logins is told, live and from a tape.
@Suite struct AnswerRemarksTests {
    private func detail(
        _ method: Authenticator.Method = .none, _ behave: @escaping MisbehavingServer.Behaviour
    ) async throws -> (live: String, taped: String) {
        let server = try MisbehavingServer(behave)
        defer { server.stop() }
        let client = try HTTPClient()
        let target = Target(runtime: "shared", replicas: [server.url], authenticator: Authenticator(method, client: client))
        let observations = await Poller(client: client).poll(target, [(replica: server.url, endpoints: [.health])])
        await client.shutdown()
        let observation = try #require(observations.first)
        let contents = try TapeTests.read(TapeWriter.bytes(of: TapeTests.header) + TapeWriter.bytes(of: .exchange(observation)))
        guard case .exchange(let read)? = contents.lines.first else { return ("", "no exchange") }
        return (words(observation), words(read))
    }

    private func words(_ observation: Observation) -> String {
        if case .missing(_, _, let detail) = Decoder.decode(observation) { detail } else { "" }
    }

    @Test("a compressed answer is called that", arguments: ["gzip", "deflate", "br", "zstd"]) func compressed(encoding: String) async throws
    {
        let said = try await detail { _, peer in peer.answer(200, "\u{1}\u{2}\u{3}", headers: ["Content-Encoding: \(encoding)"]) }
        #expect(said.live.contains("compressed (\(encoding))") && said.taped == said.live, "\(said)")
    }

    @Test func `what its head does not say is seen by how it begins`() {
        let bodies: [([UInt8], String?)] = [
            ([0x1F, 0x8B, 8], "gzip"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"), ([0x78, 0x9C, 1], "deflate"), ([0x78, 0x79], nil),
            (Array("x {".utf8), nil), ([0x78, 0x5E], "deflate"),
            (Array("{".utf8), nil), ([], nil),
        ]
        for (bytes, expected) in bodies {
            #expect(Observation.Answer(status: 200, date: nil, contentType: nil, body: Body(bytes)).compression == expected)
        }
    }

    static let basic = Authenticator.Method.basic(user: "ops", { Secret("pass-word-5c1d") })
    static let bearer = Authenticator.Method.bearer({ Secret("token-5c1d") })
    static let challenges: [(Authenticator.Method, String, String?)] = [
        (.none, "Basic realm=\"x\"", "auth: {basic:"), (.none, "Bearer", "bearer_file"), (bearer, "Basic realm=x", "auth: {basic:"),
        (basic, "Bearer error=\"x\"", "bearer_file"), (bearer, "bearer realm=x", nil), (basic, "Bearer, Basic realm=\"x\"", nil),
        (.none, "Digest realm=x", "by digest"), (.none, "Strange \u{7F}", nil),
    ]

    @Test("the login that is wanted and was not sent is named", arguments: challenges.indices) func challenge(index: Int) async throws {
        let (method, challenge, says) = Self.challenges[index]
        let said = try await detail(method) { _, peer in peer.answer(401, "", headers: ["WWW-Authenticate: \(challenge)"]) }
        #expect(said.live.hasPrefix("status 401") && said.taped == said.live, "\(said)")
        if let says { #expect(said.live.contains(says), "\(said)") } else { #expect(said.live == "status 401") }
    }

    @Test(
        "what a proxy may have said itself is called that, live and from a tape; a runtime's own words are not",
        arguments: [
            (403, "text/html", "<html>no</html>", true), (503, "text/html", "<html>no</html>", true),
            (502, "text/plain", "bad gateway", true),
            (404, "text/html", "", true), (200, "text/html", "<html>log in</html>", true),
            (401, "application/json", #"{"detail": "Missing token"}"#, false),
            (503, "application/json", #"{"detail": "MongoDB is down"}"#, false),
            (200, "application/json", #"{"status": "healthy"}"#, false),
        ]) func throughProxy(status: Int, type: String, body: String, isDoubtful: Bool) async throws
    {
        let proxy = try MisbehavingServer { _, peer in peer.answer(status, body, headers: ["Content-Type: \(type)"]) }
        defer { proxy.stop() }
        var network = NetworkOptions()
        network.httpProxy = Secret(proxy.url)
        let client = try HTTPClient(HTTPClient.Options(network: network))
        let target = Target(runtime: "shared", replicas: ["http://rt.invalid"], authenticator: Authenticator(.none, client: client))
        let seen = await Poller(client: client).poll(target, [(replica: "http://rt.invalid", endpoints: [.health])])
        await client.shutdown()
        let observation = try #require(seen.first)
        let contents = try TapeTests.read(TapeWriter.bytes(of: TapeTests.header) + TapeWriter.bytes(of: .exchange(observation)))
        guard case .exchange(let read)? = contents.lines.first else { throw Observation.Unread() }
        let said = words(observation)
        #expect(said == words(read))
        #expect(said.contains("asked through the proxy \(proxy.url), which may have answered itself") == isDoubtful, "\(said)")
    }
}

extension Observation {
    fileprivate struct Unread: Error {}
}
