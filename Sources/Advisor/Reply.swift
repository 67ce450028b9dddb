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
        guard let document = try? JSON(parsing: bytes, limits: JSONParser.Limits(bytes: 1 << 20, depth: 64)) else { return nil }
        return provider == .anthropic ? messages(document) : chat(document)
    }

    private static func chat(_ document: JSON) -> Reply? {
        guard let choice = document["choices"]?[0], let message = choice["message"]?.object else { return nil }
        let refusal = message["refusal"]?.string
        return Reply(
            content: message["content"]?.string ?? "",
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

    private static let refused = Fault(.notAnAnswer, "", "the model refused to answer")

    private static func stopped(_ reason: String?) -> Fault? {
        switch reason {
        case "length", "max_tokens", "model_context_window_exceeded":
            Fault(.notAnAnswer, "", "the answer was cut off: it was too long")
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
