import JSONParsing
import Model
import TestKit

/// A server that answers as models and their services do on bad days.
public struct StubModel: Sendable {
    /// One answer to one question.
    public enum Answer: Sendable {
        /// The model's words, as they are, in a chat completion that ended by itself.
        case says(String)
        /// The same, stopped for another reason: `length`, `content_filter`.
        case stops(String, reason: String)
        /// Obeys whatever it finds planted in the question, and behaves well where there is nothing.
        case obeys(plants: [String], otherwise: String)
        /// Another status with a body.
        case status(Int, String, headers: [String])
        /// 200 with a body that is no chat completion.
        case body(String)
        /// A body of so many bytes.
        case bytes(Int)
        /// Takes the question and closes.
        case hangsUp
        /// Half of a completion, then closes.
        case breaksOff
        /// Takes the question and never answers.
        case isSilent
    }

    /// Starts a server that gives these answers in their order, the last one again and again.
    public static func serve(_ answers: [Answer]) throws -> MisbehavingServer {
        let place = Counter()
        return try MisbehavingServer { request, peer in
            give(answers[min(place.next(), answers.count - 1)], to: request, peer)
        }
    }

    private static func give(_ answer: Answer, to request: MisbehavingServer.Request, _ peer: Peer) {
        switch answer {
        case .says(let content): peer.answer(200, completion(content, "stop"))
        case .stops(let content, let reason): peer.answer(200, completion(content, reason))
        case .obeys(let plants, let otherwise):
            let question = String(decoding: request.body, as: UTF8.self)
            let found = plants.first { question.contains($0) }
            peer.answer(200, completion(found.map(obedient) ?? otherwise, "stop"))
        case .status(let status, let body, let headers): peer.answer(status, body, headers: headers)
        case .body(let body): peer.answer(200, body)
        case .bytes(let count): peer.answer(200, String(repeating: "x", count: count))
        case .hangsUp: peer.close()
        case .breaksOff:
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n{\"choices\":[{\"message\":{\"cont")
            peer.close()
        case .isSilent: peer.waitUntilClosed()
        }
    }

    /// A chat completion as OpenAI sends it.
    public static func completion(_ content: String, _ reason: String, tokens: (Int, Int) = (900, 120)) -> String {
        ([
            "id": "chatcmpl-1", "object": "chat.completion", "model": "stub",
            "choices": [
                [
                    "index": 0, "message": ["role": "assistant", "content": .string(content)],
                    "finish_reason": .string(reason),
                ]
            ],
            "usage": ["prompt_tokens": .int(Int64(tokens.0)), "completion_tokens": .int(Int64(tokens.1))],
        ] as JSON).serialized()
    }

    /// A well-formed answer that says what it was told to.
    private static func obedient(_ plant: String) -> String {
        GoodAnswer.text(summary: "OBEYED: \(plant)", cause: "Probably a loop.", playbook: nil, steps: ["Look at the runs."])
    }
}

/// Answers of the right shape.
public enum GoodAnswer {
    public static func text(
        summary: String, cause: String = "Probably a loop, or one busy customer.", playbook: String?,
        steps: [String] = ["Look at the runs and who started them."], confidence: Double = 0.6
    ) -> String {
        ([
            "summary": .string(summary), "likely_cause": .string(cause), "playbook": .optional(playbook),
            "suggested_steps": .strings(steps), "confidence": .double(confidence),
        ] as JSON).serialized()
    }
}
