import JSONParsing
import Model

/// What a service answered: the model's words, how it stopped, and what it took.
struct Reply: Hashable, Sendable {
    /// What the model wrote; empty when it wrote nothing.
    let content: String
    /// Why the words cannot be used whatever they are: cut off, refused.
    let stopped: Fault?
    /// Nil where the service does not say.
    let usage: TokenUsage?

    /// Reads the body of an answer with status 200. Nil when it is none of this service's.
    static func read(_ bytes: [UInt8], _ provider: AdvisorSettings.Provider) -> Reply? {
        guard let document = Reply.document(bytes) else { return nil }
        return provider == .anthropic ? messages(document) : chat(document)
    }

    /// The JSON of a body, with a byte order mark before it or not.
    private static func document(_ bytes: [UInt8]) -> JSON? {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        return try? JSON(
            parsing: bytes.starts(with: mark) ? Array(bytes.dropFirst(3)) : bytes, limits: JSONParser.Limits(bytes: 1 << 20, depth: 64))
    }

    private static func chat(_ document: JSON) -> Reply? {
        guard let choice = document["choices"]?[0], choice["message"]?.object != nil || choice["text"]?.string != nil else { return nil }
        let message = choice["message"]?.object ?? JSONObject()
        let refusal = message["refusal"]?.string
        var content = message["content"].map(text) ?? choice["text"]?.string ?? ""
        // Some servers bind an answer to a schema by a call of a function that they name themselves.
        if content.isEmpty { content = message["tool_calls"]?[0]?["function"]?["arguments"]?.string ?? "" }
        return Reply(
            content: content,
            stopped: refusal.map { _ in refused } ?? stopped(choice["finish_reason"]?.string),
            usage: usage(document, "prompt_tokens", "completion_tokens"))
    }

    private static func messages(_ document: JSON) -> Reply? {
        guard let blocks = document["content"]?.array else { return nil }
        let called = blocks.first { $0["type"]?.string == "tool_use" }?["input"]
        let text = blocks.compactMap { $0["type"]?.string == "text" ? $0["text"]?.string : nil }.joined()
        return Reply(
            content: called?.serialized() ?? text, stopped: stopped(document["stop_reason"]?.string),
            usage: usage(document, "input_tokens", "output_tokens"))
    }

    /// A text, or the parts that it comes in: those of text, one behind the other. What a model thinks is no answer.
    private static func text(_ content: JSON) -> String {
        if let text = content.string { return text }
        let parts = content.array ?? (content.object == nil ? [] : [content])
        return parts.compactMap { part -> String? in
            if let text = part.string { return text }
            guard ["text", "output_text", nil].contains(part["type"]?.string) else { return nil }
            return part["text"]?.string ?? part["text"]?["value"]?.string ?? part["content"]?.string
        }.joined()
    }

    /// What services and those who pass their answers on say with status 200 where there is no answer: `error` beside no
    /// choice, or in the choice itself. Its words may repeat what was asked; they are only read for what they mean.
    struct Refusal: Hashable, Sendable {
        /// As if it had been the answer's: the service's own, or what its words mean.
        let status: Int
        /// Whether the service gave that status. One that it did not give is not told.
        let isGiven: Bool
        /// What it says in its own words, as sent; `ServiceWords` makes them fit to be shown.
        let said: String
        /// When it may be asked again, by the service's clock in milliseconds.
        let resetAt: Int64?
        let text: String

        /// Nil for an answer, and for what is no error's document.
        init?(_ bytes: [UInt8]) {
            guard let document = Reply.document(bytes) else { return nil }
            let choice = document["choices"]?[0]
            guard let error = [document["error"], choice?["error"], document["detail"]].compactMap({ $0 }).first(where: { $0 != .null })
            else { return nil }
            // An answer beside a remark is an answer.
            let isAnswer = choice?["message"]?["content"].map { !Reply.text($0).isEmpty } ?? (document["content"]?.array?.isEmpty == false)
            guard !isAnswer else { return nil }
            text = String(error.serialized().prefix(4_096))
            let words = text.lowercased()
            let codes = [error["code"], error["status"], error["status_code"], document["code"], document["status"]]
            let given = codes.lazy.compactMap { $0?.int ?? $0?.string.flatMap { Int64($0) } }.first { (400...599).contains($0) }
            status = given.map { Int($0) } ?? Refusal.meant(words)
            isGiven = given != nil
            said = error.string ?? error["message"]?.string ?? error["detail"]?.string ?? error["type"]?.string ?? ""
            let headers = error["metadata"]?["headers"]
            let reset = headers?["X-RateLimit-Reset"] ?? headers?["x-ratelimit-reset"]
            resetAt = reset.flatMap { $0.int ?? $0.string.flatMap { Int64($0) } }
                .flatMap { (1...99_999_999_999_999).contains($0) ? ($0 < 100_000_000_000 ? $0 * 1_000 : $0) : nil }
        }

        private static func meant(_ words: String) -> Int {
            func says(_ parts: String...) -> Bool { parts.contains { words.contains(bytesOf: $0) } }
            if says("rate limit", "rate_limit", "ratelimit", "too many requests", "quota", "throttl") { return 429 }
            if says("api key", "api_key", "authentication", "unauthorized", "permission") { return 401 }
            if says("not found", "not_found", "does not exist", "no such model") { return 404 }
            if says("invalid_request", "invalid request", "context_length", "unsupported") { return 400 }
            return 503
        }
    }

    private static let refused = Fault(.notAnAnswer, "", "the model refused to answer")

    /// Whether it was cut off for want of room.
    var isCutOff: Bool { stopped == Reply.cutOff }

    private static let cutOff = Fault(.notAnAnswer, "", "the answer was cut off: it was too long")

    private static func stopped(_ reason: String?) -> Fault? {
        switch reason {
        case "length", "max_tokens", "model_context_window_exceeded":
            cutOff
        case "content_filter", "refusal": refused
        default: nil
        }
    }

    /// Counts that no service would have are none.
    private static func usage(_ document: JSON, _ prompt: String, _ completion: String) -> TokenUsage? {
        guard let usage = document["usage"], let asked = usage[prompt]?.int, let answered = usage[completion]?.int,
            (0...100_000_000).contains(asked), (0...100_000_000).contains(answered)
        else { return nil }
        return TokenUsage(prompt: Int(asked), completion: Int(answered))
    }
}
