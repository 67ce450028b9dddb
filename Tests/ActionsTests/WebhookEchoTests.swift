import Ambient
import HTTP
import JSONParsing
import Model
import Settings
import TestKit
import Testing

@testable import Actions

/// An action webhook that says the secret of its signature, which no request carries, or its own URL.
@Suite struct WebhookEchoTests {
    private static let secret = "s1gning/Secret+4242"

    /// As an endpoint's framework writes what it was given, or what it compared with.
    static let echoes: [(name: String, text: String)] = [
        ("as it is", secret), ("in a URL", "s1gning%2FSecret%2B4242"), ("in JSON", #"s1gning\/Secret\u002b4242"#),
        ("in base64", Base64.encode(secret.utf8)), ("in base64 with its name", Base64.encode("secret=\(secret)".utf8)),
        ("in hexadecimal digits", Hex.encode(secret.utf8)), ("in small letters", secret.lowercased()),
        // What a reason has of a long answer ends within it.
        ("at the end of what is shown", String(repeating: "x", count: 173) + " " + secret),
        ("the last part of the URL, in base64", Base64.encode("/hooks/T0000AAAA-own".utf8)),
    ]

    private func hook(_ server: MisbehavingServer, _ client: HTTPClient) -> SignedWebhook {
        let settings = SignedWebhook.Settings(
            url: .literal(Secret("\(server.url)/hooks/T0000AAAA-own")), secret: .literal(Secret(Self.secret)))
        return SignedWebhook(settings, Means(client: client, clock: TestClock()), owner: "production")
    }

    private static let order = LeaseOrder(
        id: "lease-0123456789abcdef", key: AdapterUnderContract.key, effect: .throttle(Limits(concurrentWorkflows: 2)),
        createdAt: TestClock.start, expiresAt: TestClock.start + .minutes(15), reason: "asked by noisy-neighbor", memo: nil)

    private func expectHidden(_ reason: String, _ location: SourceLocation = #_sourceLocation) {
        let lower = reason.lowercased()
        for piece in ["s1gning", "4242", "T0000", "own", "\(Base64.encode("Secret".utf8).prefix(6))", Hex.encode("Secret".utf8)] {
            #expect(!lower.contains(piece.lowercased()), "\(reason)", sourceLocation: location)
        }
    }

    @Test("in what it refuses with", arguments: echoes.map(\.name))
    func refusal(name: String) async throws {
        let text = try #require(Self.echoes.first { $0.name == name }).text
        let body = JSON.object(["detail": .string("bad signature for \(text)")]).serialized()
        let server = try MisbehavingServer { _, peer in peer.answer(422, body) }
        defer { server.stop() }
        let client = try HTTPClient()
        let reason = await hook(server, client).put(Self.order).reason
        await client.shutdown()
        #expect(reason.contains("bad signature for"), "\(reason)")
        expectHidden(reason)
    }

    @Test("in what it says with its signature", arguments: echoes.map(\.name))
    func answer(name: String) async throws {
        let text = try #require(Self.echoes.first { $0.name == name }).text
        let server = try MisbehavingServer { request, peer in
            let nonce = (try? JSON(parsing: request.body))?["nonce"] ?? .null
            let body = JSON.object([
                "schema": "mozaiks.ops/lease-answer/v1", "id": .string(Self.order.id), "nonce": nonce, "state": "refused",
                "reason": .string("bad signature for \(text)"),
            ]).serialized()
            let signature = BodySignature.value(of: Array(body.utf8), key: Secret(Self.secret), at: TestClock.start, purpose: "answer")
            peer.answer(200, body, headers: ["\(BodySignature.field): \(signature)"])
        }
        defer { server.stop() }
        let client = try HTTPClient()
        let landing = await hook(server, client).put(Self.order)
        await client.shutdown()
        #expect(Outcome(landing) == .refused)
        #expect(landing.reason.contains("did not put the lease in force: bad signature for"), "\(landing)")
        expectHidden(landing.reason)
    }
}
