import Ambient
import Model
import YAML

/// The model that explains incidents; off unless configured.
public struct AdvisorSection: Sendable {
    public let provider: AdviceProvider
    /// Nil: the provider's own.
    public let baseURL: String?
    /// On Azure the deployment.
    public let model: String
    /// Nil where none is needed.
    public let apiKey: SecretSource?
    /// Nil: the provider's usual.
    public let apiVersion: String?
    public let timeout: TimeSpan
    public let maxTokens: Int
    /// Incidents below it are not asked about.
    public let minSeverity: Severity
    public let budget: AdviceBudget
    /// USD for a million tokens; nil: not known.
    public let price: Price?
    public let origin: SettingOrigin
    public var tls = TLSFiles()
}

/// Reads `advisor:`.
struct AdvisorReader {
    let reader: ConfigurationReader

    private var reporter: Reporter { reader.reporter }

    func read(_ fields: Fields, prices: [Price]) -> AdvisorSection? {
        guard let entry = fields.entry(Keys.advisor), !entry.value.isNull,
            let inner = Fields(entry.value, "'advisor'", reporter, place: entry.key.start)
        else { return nil }
        let provider = inner.node(AdvisorKeys.provider).flatMap { node -> AdviceProvider? in
            reporter.choice(node, "provider")
        }
        let baseURL = reader.url(inner, AdvisorKeys.baseURL)
        if let provider, provider.defaultURL == nil, inner.entry(AdvisorKeys.baseURL) == nil {
            reporter.report(
                "missing-key", "'advisor' needs 'base_url' with provider \(provider.rawValue)", at: entry.key,
                hint: provider == .azure ? "such as https://NAME.openai.azure.com" : "such as http://127.0.0.1:8001/v1")
        }
        let model = inner.node(AdvisorKeys.model).flatMap { self.model($0) }
        let key = reader.secret(inner, AdvisorKeys.apiKey, isRequired: provider?.needsKey ?? false)
        let version = inner.node(AdvisorKeys.apiVersion).flatMap { self.version($0) }
        let timeout = reader.span(inner, AdvisorKeys.timeout)
        let maxTokens = reader.whole(inner, AdvisorKeys.maxTokens)
        let severity = inner.node(AdvisorKeys.minSeverity).flatMap { node -> Severity? in reporter.choice(node, "min_severity") }
        let price = self.price(inner, prices, model)
        let budget = self.budget(inner, hasPrice: price != nil)
        let tls = NetworkReader(reader: reader).tls(inner)
        inner.finish()
        guard let provider, let model else { return nil }
        return AdvisorSection(
            provider: provider, baseURL: baseURL, model: model, apiKey: key, apiVersion: version,
            timeout: timeout ?? .seconds(30), maxTokens: maxTokens ?? 800, minSeverity: severity ?? .warning,
            budget: budget, price: price, origin: reader.origin(entry.value), tls: tls)
    }

    /// It is shown beside what the model wrote, so it is plain text.
    private func model(_ node: YAMLNode) -> String? {
        guard let text = reader.text(node, "'model'") else { return nil }
        guard (1...120).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            reporter.report("value", "'model' must be a name of at most 120 plain characters", at: node)
            return nil
        }
        return text
    }

    private func version(_ node: YAMLNode) -> String? {
        guard let text = reader.text(node, "'api_version'") else { return nil }
        guard reader.isName(text) else {
            reporter.report("value", "'api_version' must be a version", at: node, hint: "such as 2024-10-21")
            return nil
        }
        return text
    }

    /// Its own, or the one of that model under `prices`.
    private func price(_ fields: Fields, _ prices: [Price], _ model: String?) -> Price? {
        guard let entry = fields.entry(AdvisorKeys.price), !entry.value.isNull,
            let inner = Fields(entry.value, "a price", reporter, place: entry.key.start)
        else { return prices.first { $0.model == model } }
        let prompt = inner.node(PriceKeys.prompt).flatMap { Amounts.price($0, reporter) }
        let completion = inner.node(PriceKeys.completion).flatMap { Amounts.price($0, reporter) }
        inner.finish()
        guard let prompt, let completion else { return nil }
        return Price(model: model ?? "", prompt: prompt, completion: completion)
    }

    private func budget(_ fields: Fields, hasPrice: Bool) -> AdviceBudget {
        guard let entry = fields.entry(AdvisorKeys.budget), !entry.value.isNull,
            let inner = Fields(entry.value, "'budget'", reporter, place: entry.key.start)
        else { return .standard }
        var budget = AdviceBudget.standard
        for (key, path) in [(BudgetKeys.tokensPerHour, \AdviceBudget.tokensPerHour), (BudgetKeys.tokensPerDay, \.tokensPerDay)]
        where inner.node(key) != nil {
            budget[keyPath: path] = reader.whole(inner, key)
        }
        for (key, path) in [(BudgetKeys.usdPerHour, \AdviceBudget.microUSDPerHour), (BudgetKeys.usdPerDay, \.microUSDPerDay)] {
            let name = key.name
            guard let node = inner.node(key) else { continue }
            budget[keyPath: path] = dollars(node, name)
            guard !hasPrice else { continue }
            reporter.report(
                "missing-key", "'\(name)' needs the price of the model", at: node,
                hint: "price: {prompt: 0.15 USD/M, completion: 0.60 USD/M}, or the model under 'prices:'")
        }
        inner.finish()
        return budget
    }

    /// Millionths of a USD.
    private func dollars(_ node: YAMLNode, _ name: String) -> Int64? {
        guard let text = node.text, let value = Double(text), value.isFinite, (0.000_1...1_000_000).contains(value) else {
            reporter.report("type", "'\(name)' must be an amount in USD", at: node, hint: "such as 1 or 0.25")
            return nil
        }
        return Int64((value * 1_000_000).rounded())
    }
}

extension AdvisorSection {
    /// For `config show`: never the key.
    var entries: [Configuration.Entry] {
        func entry(_ key: String, _ value: String) -> Configuration.Entry {
            Configuration.Entry(key: "advisor.\(key)", value: value, origin: origin)
        }
        func amount(_ value: Int64?) -> String { value.map { "\(Double($0) / 1_000_000) USD" } ?? "none" }
        return tls.entries("advisor", origin) + [
            entry("provider", provider.rawValue), entry("base_url", baseURL ?? provider.defaultURL ?? ""), entry("model", model),
            entry("api_key", apiKey.map { "from \($0.location)" } ?? "none"),
            entry("timeout", "\(timeout)"), entry("max_tokens", "\(maxTokens)"), entry("min_severity", minSeverity.rawValue),
            entry(
                "budget",
                "\(budget.tokensPerHour.map { "\($0)" } ?? "any") tokens an hour, \(budget.tokensPerDay.map { "\($0)" } ?? "any") a day"),
            entry("budget.usd_per_hour", amount(budget.microUSDPerHour)), entry("budget.usd_per_day", amount(budget.microUSDPerDay)),
        ]
    }
}
