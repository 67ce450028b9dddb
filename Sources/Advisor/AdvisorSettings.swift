import Ambient
import Model
import Settings

/// The model that explains incidents, off unless configured: who is asked, and what it may cost.
public struct AdvisorSettings: Sendable, Equatable {
    public typealias Provider = AdviceProvider

    public var provider: Provider
    /// Without a slash at its end.
    public var baseURL: String
    /// The model's name; on Azure the deployment's.
    public var model: String
    /// Of the service's interface, where it has versions.
    public var version: String?
    /// Of one question, from sending to the last byte.
    public var timeout = TimeSpan.seconds(30)
    /// The longest answer, in tokens.
    public var maxTokens = 800
    /// USD for a million tokens; nil: not known.
    public var price: TokenPrice?
    /// What it is asked with; nil where none is needed.
    public var apiKey: SecretSource?
    /// Incidents below it are not asked about.
    public var minSeverity = Severity.warning
    public var budget = AdviceBudget.standard
    public var origin = SettingOrigin.builtIn
    public var tls = TLSFiles()
    /// Failures in a row after which the service is left alone.
    public var breakerFailures = 3
    /// For how long; doubled each time it still fails, up to an hour.
    public var breakerRest = TimeSpan.minutes(5)

    public init(provider: Provider, baseURL: String? = nil, model: String, version: String? = nil) {
        self.provider = provider
        self.baseURL = baseURL ?? provider.defaultURL ?? ""
        self.model = model
        self.version = version ?? provider.defaultVersion
    }

    /// Millionths of a USD, rounded up; 0 where no price is known.
    func cost(_ usage: TokenUsage) -> Int64 {
        guard let price else { return 0 }
        let dollars = Double(usage.prompt) * price.promptPerMillion + Double(usage.completion) * price.completionPerMillion
        return Int64(dollars.rounded(.up))
    }
}

/// Tokens that a question took.
public struct TokenUsage: Hashable, Sendable {
    public var prompt: Int
    public var completion: Int

    public init(prompt: Int, completion: Int) {
        self.prompt = prompt
        self.completion = completion
    }

    public var total: Int { prompt + completion }

    static func + (a: TokenUsage, b: TokenUsage) -> TokenUsage {
        TokenUsage(prompt: a.prompt + b.prompt, completion: a.completion + b.completion)
    }
}
