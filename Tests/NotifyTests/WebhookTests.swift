import Ambient
import Digest
import HTTP
import JSONParsing
import Model
import TestKit
import Settings
import Testing

@testable import Notify

/// The generic webhook against a receiver that checks what it is told to check.
@Suite struct WebhookTests {
    private static let key = "a shared secret"

    private func posted(_ messages: [Message], at moment: Timestamp) async throws -> [MisbehavingServer.Request] {
        let server = try MisbehavingServer(always: "HTTP/1.1 204 No Content\r\n\r\n")
        defer { server.stop() }
        let url = server.url + "/hooks/x?team=ops"
        try await withClient { client in
            let channel = Webhook(
                "hook", .init(url: .literal(Secret(url)), secret: .literal(Secret(Self.key))),
                Means(client: client, clock: FixedClock(moment)))
            for message in messages { #expect(await channel.deliver(message) == .delivered) }
        }
        return server.requests
    }

    private func header(_ name: String, _ request: MisbehavingServer.Request) -> String? {
        let lines = request.head.split(separator: "\r\n").filter { $0.lowercased().hasPrefix(name.lowercased() + ":") }
        return lines.count == 1 ? lines.first.map { String($0.dropFirst(name.count + 1).drop { $0 == " " }) } : nil
    }

    @Test func `a document that is read back as the message`() async throws {
        for (_, message) in Sample.messages {
            let request = try #require(try await posted([message], at: Sample.at(0)).first)
            #expect(try MessageDocument.decode(String(decoding: request.body, as: UTF8.self)) == message)
            #expect(request.path == "/hooks/x?team=ops" && request.method == "POST")
            #expect(header("X-Mozaiks-Event", request) == message.event.rawValue)
            #expect(header("Content-Type", request) == "application/json; charset=utf-8")
        }
    }

    @Test func `signed over the time and every byte`() async throws {
        let request = try #require(try await posted([Sample.messages[0].message], at: Sample.at(0.999)).first)
        let signature = try #require(header("X-Mozaiks-Signature", request))
        let seconds = "1795230005"
        let expected = HMACSHA256.hex(key: Array(Self.key.utf8), message: Array("\(seconds).".utf8) + request.body)
        #expect(signature == "t=\(seconds),v1=\(expected)")
        let other = Webhook.signature(of: request.body, key: Secret("another"), at: Sample.at(0))
        #expect(other != signature && other.utf8.count == signature.utf8.count)
    }

    /// Made with Python: `hmac.new(b"whsec", b'1795230005.{"a":1}', "sha256").hexdigest()`.
    @Test func `as another implementation signs it`() {
        #expect(
            Webhook.signature(of: Array(#"{"a":1}"#.utf8), key: Secret("whsec"), at: Sample.at(0))
                == "t=1795230005,v1=76b6cb3935198a470ae97b791d5a21ce99dab409f4e2217a6b6e94d8f6c08577")
    }

    @Test func `the same key for the same message, another for any other`() async throws {
        let messages = Sample.messages.map(\.message)
        let first = try await posted(messages, at: Sample.at(0)).map { header("Idempotency-Key", $0) }
        let second = try await posted(messages, at: Sample.at(900)).map { header("Idempotency-Key", $0) }
        #expect(first == second)
        #expect(first.allSatisfy { $0?.utf8.count == 32 })
        let distinct = Set(messages.map { "\($0.event) \($0.at) \($0.incident.id)" })
        #expect(Set(first).count == distinct.count)
    }

    @Test("what is too long is cut, and says so", arguments: Hostile.messages.map(\.name))
    func size(name: String) throws {
        let message = try #require(Hostile.messages.first { $0.name == name }).message
        let body = Webhook.body(message)
        #expect(body.count <= Webhook.bodyLimit)
        let whole = MessageDocument.document(message).serializedBytes()
        let document = try JSON(parsing: body)
        #expect((document["truncated"]?.bool == true) == (whole.count > Webhook.bodyLimit))
        // Still a message.
        #expect(try MessageDocument.decode(String(decoding: body, as: UTF8.self)).event == message.event)
    }

    @Test func `an incident with a long history is cut before it is refused`() throws {
        var incident = Sample.noisy()
        incident.transitions = Array(repeating: Sample.fired, count: 5_000)
        let body = Webhook.body(Sample.message(.updated, incident, 300))
        #expect(body.count <= Webhook.bodyLimit)
        #expect(try JSON(parsing: body)["truncated"]?.bool == true)
    }

    @Test("golden", arguments: ["noisy-throttled", "drill", "advice", "digest-together"])
    func golden(name: String) throws {
        let message = try #require(Sample.messages.first { $0.name == name }).message
        Golden.expect(
            try JSON(parsing: Webhook.body(message)).serialized(pretty: true) + "\n", is: "webhook-\(name).json")
    }
}

/// A clock that stands.
struct FixedClock: Clock {
    let moment: Timestamp

    init(_ moment: Timestamp) {
        self.moment = moment
    }

    func now() -> Timestamp { moment }
    func monotonicNanoseconds() -> UInt64 { 0 }
    func sleep(for span: TimeSpan) async throws(CancellationError) {}
}
