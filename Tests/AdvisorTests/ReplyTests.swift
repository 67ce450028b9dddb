import EvalCases
import JSONParsing
import Model
import Testing

@testable import Advisor

/// Answers in the forms in which services and models give them.
@Suite struct ReplyTests {
    private static let good = GoodAnswer.text(summary: "It is above its threshold.", playbook: nil)

    private func chat(_ message: JSON, _ reason: String = "stop") -> [UInt8] {
        (["choices": [["message": message, "finish_reason": .string(reason)]]] as JSON).serializedBytes()
    }

    static let contents: [JSON] = [
        [["type": "text", "text": .string(good)]],
        [["type": "thinking", "thinking": [["type": "text", "text": "hm {"]]], ["type": "text", "text": .string(good)]],
        [["type": "reasoning", "text": "no"], ["type": "output_text", "text": .string(good)]],
        [["type": "text", "text": ["value": .string(good)]]], ["type": "text", "text": .string(good)],
        [.string(good)],
    ]

    @Test("content in parts", arguments: contents) func parts(content: JSON) throws {
        let reply = try #require(Reply.read(chat(["content": content]), .openai))
        #expect(reply.content == Self.good)
    }

    @Test("an answer as a call of a function, and of the older form") func others() throws {
        let call: JSON = ["content": nil, "tool_calls": [["function": ["name": "advice", "arguments": .string(Self.good)]]]]
        #expect(Reply.read(chat(call), .openai)?.content == Self.good)
        let old: JSON = ["choices": [["text": .string(Self.good)]]]
        #expect(Reply.read(old.serializedBytes(), .openai)?.content == Self.good)
    }

    static let wrapped: [String] = [
        "\u{FEFF}\(good)", "Let me look.\n</think>\n\n\(good)", "<think>\nx\n</think>\(good)", "<thinking>{}</thinking>\n\(good)",
        "<THINK>a</THINK>\(good)", "<think>a</think>\n<think>{}</think>\(good)", "```json\n\u{FEFF}\(good)\n```",
        "```json\n\(good)\n```", "```json \(good) ```", "Here is the JSON:\n```json\n\(good)\n```", "\(good)<|im_end|>",
    ]

    @Test("what models put around an answer", arguments: wrapped) func unwraps(content: String) {
        guard case .success = RawAnswer.read(content) else {
            Issue.record("\(content)")
            return
        }
    }

    @Test("words around an answer are a fault", arguments: ["\(good) Good luck!", "Sure: \(good)", "```\n\(good)\n```\n```\n\(good)\n```"])
    func around(content: String) {
        if case .success = RawAnswer.read(content) { Issue.record("\(content)") }
    }

    static let refusals: [(body: String, status: Int)] = [
        (#"{"error":{"message":"Rate limit exceeded: free-models-per-day","code":429}}"#, 429),
        (#"{"choices":null,"error":{"message":"Provider returned error","code":"502"}}"#, 502),
        (#"{"choices":[{"error":{"code":503,"message":"x"},"message":{"content":""}}]}"#, 503),
        (#"{"type":"error","error":{"type":"rate_limit_error","message":"x"}}"#, 429),
        (#"{"error":"model not found"}"#, 404), (#"{"error":{"message":"bad api key"}}"#, 401), (#"{"error":"x"}"#, 503),
    ]

    @Test("an error with status 200", arguments: refusals.indices) func refusal(index: Int) throws {
        let (body, status) = Self.refusals[index]
        #expect(Reply.Refusal(Array(body.utf8))?.status == status)
    }

    @Test("an answer is none, with a remark beside it or not") func noRefusal() {
        #expect(Reply.Refusal(chat(["content": .string(Self.good)])) == nil)
        let both: JSON = ["error": nil, "choices": [["message": ["content": .string(Self.good)]]]]
        #expect(Reply.Refusal(both.serializedBytes()) == nil)
    }

    @Test("a reset in milliseconds is read") func reset() {
        let body = #"{"error":{"code":429,"metadata":{"headers":{"X-RateLimit-Reset":"1743292800000"}}}}"#
        #expect(Reply.Refusal(Array(body.utf8))?.resetAt == 1_743_292_800_000)
    }
}
