import Ambient
import Model
import Settings
import YAML

extension AdvisorSettings {
    public static let key = SettingKey(
        "advisor", .section(AdvisorKeys.section), fallback: "off", "A language model that explains incidents and can never act")

    /// Nil where it is absent, or reported.
    /// - Parameter prices: those of the configuration, for the model's.
    public init?(_ root: Fields, prices: [(model: String, price: TokenPrice)], _ reader: SettingReader) {
        guard let entry = root.entry(AdvisorSettings.key), !entry.value.isNull,
            let inner = Fields(entry.value, "'advisor'", reader.reporter, place: entry.key.start)
        else { return nil }
        let reading = AdvisorReader(reader: reader)
        let reporter = reader.reporter
        let provider = inner.node(AdvisorKeys.provider).flatMap { node -> AdviceProvider? in
            reporter.choice(node, "provider")
        }
        let baseURL = reader.url(inner, AdvisorKeys.baseURL)
        if let provider, provider.defaultURL == nil, inner.entry(AdvisorKeys.baseURL) == nil {
            reporter.report(
                "missing-key", "'advisor' needs 'base_url' with provider \(provider.rawValue)", at: entry.key,
                hint: provider == .azure ? "such as https://NAME.openai.azure.com" : "such as http://127.0.0.1:8001/v1")
        }
        let model = inner.node(AdvisorKeys.model).flatMap { reading.model($0) }
        let key = reader.secret(inner, AdvisorKeys.apiKey, isRequired: provider?.needsKey ?? false)
        let version = inner.node(AdvisorKeys.apiVersion).flatMap { reading.version($0) }
        let timeout = reader.span(inner, AdvisorKeys.timeout)
        let maxTokens = reader.whole(inner, AdvisorKeys.maxTokens)
        let severity = inner.node(AdvisorKeys.minSeverity).flatMap { node -> Severity? in reporter.choice(node, "min_severity") }
        let price = reading.price(inner, prices, model)
        let budget = reading.budget(inner, hasPrice: price != nil)
        let tls = TLSReader(reader: reader).read(inner)
        inner.finish()
        guard let provider, let model else { return nil }
        self.init(provider: provider, baseURL: baseURL, model: model, version: version)
        if let timeout { self.timeout = timeout }
        if let maxTokens { self.maxTokens = maxTokens }
        if let severity { minSeverity = severity }
        (self.apiKey, self.budget, self.price, self.tls) = (key, budget, price, tls)
        origin = reader.origin(entry.value)
    }
}

/// Reads the values of `advisor` that are not plain.
private struct AdvisorReader {
    let reader: SettingReader

    private var reporter: Reporter { reader.reporter }

    /// It is shown beside what the model wrote, so it is plain text.
    func model(_ node: YAMLNode) -> String? {
        guard let text = reader.text(node, "'model'") else { return nil }
        guard (1...120).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            reporter.report("value", "'model' must be a name of at most 120 plain characters", at: node)
            return nil
        }
        return text
    }

    func version(_ node: YAMLNode) -> String? {
        guard let text = reader.text(node, "'api_version'") else { return nil }
        guard reader.isName(text) else {
            reporter.report("value", "'api_version' must be a version", at: node, hint: "such as 2024-10-21")
            return nil
        }
        return text
    }

    /// Its own, or the one of that model under `prices`.
    func price(_ fields: Fields, _ prices: [(model: String, price: TokenPrice)], _ model: String?) -> TokenPrice? {
        guard let entry = fields.entry(AdvisorKeys.price), !entry.value.isNull else { return prices.first { $0.model == model }?.price }
        return reader.price(entry)
    }

    func budget(_ fields: Fields, hasPrice: Bool) -> AdviceBudget {
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

extension AdvisorSettings {
    /// For `config show`: never the key.
    public var entries: [SettingEntry] {
        func entry(_ key: String, _ value: String) -> SettingEntry {
            SettingEntry(key: "advisor.\(key)", value: value, origin: origin)
        }
        func amount(_ value: Int64?) -> String { value.map { "\(Double($0) / 1_000_000) USD" } ?? "none" }
        return tls.entries("advisor", origin) + [
            entry("provider", provider.rawValue), entry("base_url", baseURL), entry("model", model),
            entry("api_key", apiKey.map { "from \($0.location)" } ?? "none"),
            entry("timeout", "\(timeout)"), entry("max_tokens", "\(maxTokens)"), entry("min_severity", minSeverity.rawValue),
            entry(
                "budget",
                "\(budget.tokensPerHour.map { "\($0)" } ?? "any") tokens an hour, \(budget.tokensPerDay.map { "\($0)" } ?? "any") a day"),
            entry("budget.usd_per_hour", amount(budget.microUSDPerHour)), entry("budget.usd_per_day", amount(budget.microUSDPerDay)),
        ]
    }
}

private enum AdvisorKeys {
    static let provider = SettingKey("provider", .choice(of: AdviceProvider.self), isRequired: true, "Who runs the model")
    static let baseURL = SettingKey("base_url", .url, fallback: "the provider's own", "Where it answers; azure, vllm and llamacpp need it")
    static let model = SettingKey("model", .text(), isRequired: true, "The model; on Azure the deployment")
    static let apiKey = SettingKey("api_key", .secret, "What it is asked with, where one is needed")
    static let apiVersion = SettingKey("api_version", .text(example: "2024-10-21"), fallback: "the provider's usual", "Version of its API")
    static let timeout = SettingKey(
        "timeout", .span(.seconds(1)...TimeSpan.minutes(10)), fallback: "30s", "How long an answer is waited for")
    static let maxTokens = SettingKey("max_tokens", .whole(100...32_000), fallback: "800", "Most tokens of an answer")
    static let minSeverity = SettingKey(
        "min_severity", .choice(of: Severity.self), fallback: "warning", "Incidents below it are not asked about")
    static let budget = SettingKey("budget", .section(BudgetKeys.section), "What it may spend")
    static let price = SettingKey(
        "price", .section(PriceKeys.section), fallback: "that of the model under `prices`", "What its tokens cost")
    static let section = SettingSection(
        [provider, baseURL, model, apiKey, apiVersion, timeout, maxTokens, minSeverity, budget, price] + TLSReader.keys)
}

private enum BudgetKeys {
    private static let tokens = 1...1_000_000_000
    static let tokensPerHour = SettingKey(
        "tokens_per_hour", .whole(tokens), fallback: AdviceBudget.standard.tokensPerHour.map { "\($0)" }, "Most tokens in an hour")
    static let tokensPerDay = SettingKey(
        "tokens_per_day", .whole(tokens), fallback: AdviceBudget.standard.tokensPerDay.map { "\($0)" }, "Most tokens in a day")
    static let usdPerHour = SettingKey("usd_per_hour", .dollars, "Most USD in an hour; needs a price")
    static let usdPerDay = SettingKey("usd_per_day", .dollars, "Most USD in a day; needs a price")
    static let section = SettingSection([tokensPerHour, tokensPerDay, usdPerHour, usdPerDay])
}
