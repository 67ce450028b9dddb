/// A kind of service that explains incidents. All but Anthropic and Azure speak OpenAI's chat completions at
/// `<base>/chat/completions`.
public enum AdviceProvider: String, Hashable, Sendable, CaseIterable {
    case openai, azure, anthropic, ollama, vllm, llamacpp

    /// Where it answers unless one says otherwise; nil where there is no such place.
    public var defaultURL: String? {
        switch self {
        case .openai: "https://api.openai.com/v1"
        case .anthropic: "https://api.anthropic.com"
        case .ollama: "http://127.0.0.1:11434/v1"
        case .llamacpp: "http://127.0.0.1:8080/v1"
        case .azure, .vllm: nil
        }
    }

    /// Whether it answers nobody without a key.
    public var needsKey: Bool {
        switch self {
        case .openai, .azure, .anthropic: true
        case .ollama, .vllm, .llamacpp: false
        }
    }

    /// The version of its interface unless one says otherwise; nil where it has none.
    public var defaultVersion: String? {
        switch self {
        case .azure: "2024-10-21"
        case .anthropic: "2023-06-01"
        case .openai, .ollama, .vllm, .llamacpp: nil
        }
    }
}
