import Model
import YAML

public enum PriceKeys {
    static let prompt = SettingKey("prompt", .price, isRequired: true, "For a million prompt tokens")
    static let completion = SettingKey("completion", .price, isRequired: true, "For a million completion tokens")
    public static let section = SettingSection([prompt, completion])
}

extension SettingReader {
    /// `{prompt: 0.15 USD/M, completion: 0.60 USD/M}`; nil, and reported, where it is none.
    public func price(_ entry: YAMLNode.Entry) -> TokenPrice? {
        guard let fields = Fields(entry.value, "a price", reporter, place: entry.key.start) else { return nil }
        let prompt = fields.node(PriceKeys.prompt).flatMap { Amounts.price($0, reporter) }
        let completion = fields.node(PriceKeys.completion).flatMap { Amounts.price($0, reporter) }
        fields.finish()
        guard let prompt, let completion else { return nil }
        return TokenPrice(promptPerMillion: prompt, completionPerMillion: completion)
    }
}
