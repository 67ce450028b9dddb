import JSONParsing
import Model
import Testing

@testable import Simulator

/// What Slack takes and what it refuses.
@Suite struct SlackTests {
    private static func section(_ characters: Int) -> JSON {
        ["type": "section", "text": ["type": "mrkdwn", "text": .string(String(repeating: "x", count: characters))]]
    }

    private static func header(_ characters: Int) -> JSON {
        ["type": "header", "text": ["type": "plain_text", "text": .string(String(repeating: "x", count: characters))]]
    }

    private static func message(_ blocks: [JSON], text: String = "fallback") -> JSON {
        ["text": .string(text), "blocks": .array(blocks)]
    }

    static let cases: [(name: String, document: JSON, refusal: String?)] = [
        ("text alone", ["text": "hello"], nil),
        ("nothing", [:], "no_text"),
        ("empty text", ["text": ""], "no_text"),
        ("fifty blocks", message(Array(repeating: section(1), count: 50)), nil),
        ("fifty-one blocks", message(Array(repeating: section(1), count: 51)), "invalid_blocks"),
        ("section at its limit", message([section(3_000)]), nil),
        ("section above its limit", message([section(3_001)]), "invalid_blocks"),
        ("empty section", message([section(0)]), "invalid_blocks"),
        ("header at its limit", message([header(150)]), nil),
        ("header above its limit", message([header(151)]), "invalid_blocks"),
        (
            "header in mrkdwn", message([["type": "header", "text": ["type": "mrkdwn", "text": "x"]]]), "invalid_blocks"
        ),
        ("unknown block", message([["type": "heading"]]), "invalid_blocks"),
        ("no type", message([[:]]), "invalid_blocks"),
        (
            "eleven fields",
            message([
                [
                    "type": "section",
                    "fields": .array(Array(repeating: ["type": "mrkdwn", "text": "x"], count: 11)),
                ]
            ]), "invalid_blocks"
        ),
        (
            "a field above its limit",
            message([
                [
                    "type": "section",
                    "fields": [["type": "mrkdwn", "text": .string(String(repeating: "x", count: 2_001))]],
                ]
            ]), "invalid_blocks"
        ),
        ("context without elements", message([["type": "context", "elements": []]]), "invalid_blocks"),
        ("context", message([["type": "context", "elements": [["type": "mrkdwn", "text": "id"]]]]), nil),
        (
            "the same block id twice",
            message([["type": "divider", "block_id": "a"], ["type": "divider", "block_id": "a"]]), "invalid_blocks"
        ),
        ("blocks that are no array", ["text": "x", "blocks": "y"], "invalid_blocks"),
        ("text that is too long", ["text": .string(String(repeating: "x", count: 40_001))], "msg_too_long"),
    ]

    @Test("judged as Slack does", arguments: cases.map(\.name))
    func judged(name: String) throws {
        let entry = try #require(Self.cases.first { $0.name == name })
        let payload = SlackPayload(body: entry.document.serializedBytes())
        #expect(payload.verdict == (entry.refusal.map { .refused($0) } ?? .ok))
        #expect(payload.remarks.isEmpty == (entry.refusal == nil))
    }

    @Test("what is no JSON object is an invalid payload", arguments: ["", "{", "[]", "\"text\"", "payload=%7B%7D"])
    func invalid(body: String) {
        #expect(SlackPayload(body: Array(body.utf8)).verdict == .refused("invalid_payload"))
    }

    @Test func blocksWithoutFallbackTextAreTakenWithARemark() {
        let payload = SlackPayload(body: Self.message([Self.section(3)], text: "").serializedBytes())
        #expect(payload.verdict == .ok)
        #expect(payload.remarks.count == 1)
    }

    @Test func theSinkFollowsItsScriptAndThenJudges() throws {
        let sink = SlackSink(script: [
            .status(500), .rateLimited(retryAfterSeconds: 3), .status(403), .status(404), .status(410), .dropped,
        ])
        try sink.start()
        defer { sink.stop() }
        func post(_ body: String) throws -> LoopbackClient.Reply {
            try LoopbackClient(port: sink.port, timeoutMilliseconds: 20_000)
                .send("POST", Array(SlackSink.path.utf8), body: Array(body.utf8))
        }
        let good = #"{"text":"hello"}"#
        #expect(try post(good).status == 500)
        let limited = try post(good)
        #expect(limited.status == 429)
        #expect(limited.header("retry-after") == "3")
        for (status, word) in [(403, "action_prohibited"), (404, "no_service"), (410, "channel_is_archived")] {
            let reply = try post(good)
            #expect(reply.status == status)
            #expect(String(decoding: reply.body, as: UTF8.self) == word)
        }
        #expect(sink.posts.isEmpty)
        #expect(throws: LoopbackClient.Failure.self) { try post(good) }
        #expect(sink.posts.count == 1, "taken, though the sender was told nothing")
        let ok = try post(good)
        #expect(ok.status == 200)
        #expect(String(decoding: ok.body, as: UTF8.self) == "ok")
        #expect(try post("{}").status == 400)
        #expect(sink.refusals.count == 1)
        #expect(sink.posts.map { $0.payload.document["text"]?.string } == ["hello", "hello"])
        #expect(sink.requests == 8)
        #expect(try Wire.get(SlackSink.path, port: sink.port).status == 405)
    }
}
