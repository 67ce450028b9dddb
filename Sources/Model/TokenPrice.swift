/// What a model's tokens cost, in USD for a million.
public struct TokenPrice: Hashable, Sendable {
    public var promptPerMillion: Double
    public var completionPerMillion: Double

    public init(promptPerMillion: Double, completionPerMillion: Double) {
        self.promptPerMillion = promptPerMillion
        self.completionPerMillion = completionPerMillion
    }

    /// The dearest of several, by a million tokens of each; nil of none. Where it is not known which of them it was, it never
    /// understates.
    public static func dearest(_ prices: some Sequence<TokenPrice>) -> TokenPrice? {
        prices.max { $0.promptPerMillion + $0.completionPerMillion < $1.promptPerMillion + $1.completionPerMillion }
    }
}
