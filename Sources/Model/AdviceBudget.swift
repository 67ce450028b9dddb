/// What a model may cost, in tokens and in USD, in any hour and any day. The spans slide: there is no moment at which all
/// of it is free again.
public struct AdviceBudget: Hashable, Sendable {
    /// Nil: no limit.
    public var tokensPerHour: Int?
    public var tokensPerDay: Int?
    /// Millionths of a USD; nil: no limit.
    public var microUSDPerHour: Int64?
    public var microUSDPerDay: Int64?

    public init(
        tokensPerHour: Int? = nil, tokensPerDay: Int? = nil, microUSDPerHour: Int64? = nil, microUSDPerDay: Int64? = nil
    ) {
        self.tokensPerHour = tokensPerHour
        self.tokensPerDay = tokensPerDay
        self.microUSDPerHour = microUSDPerHour
        self.microUSDPerDay = microUSDPerDay
    }

    /// Of a configuration that says nothing: an answer takes about 2,500 tokens, so some twenty in an hour.
    public static let standard = AdviceBudget(tokensPerHour: 50_000, tokensPerDay: 200_000)

    /// Why a question does not fit, for people; nil when it does.
    public func refusal(of asked: AdviceSpending, hour: AdviceSpending, day: AdviceSpending) -> String? {
        func over(_ limit: Int64?, _ spent: Int64, _ more: Int64, _ unit: String, _ span: String) -> String? {
            guard let limit, spent + more > limit else { return nil }
            let money = { (value: Int64) in
                unit == "USD" ? "\(Double(value / 100) / 10_000)" : "\(value)"
            }
            return "the budget of \(money(limit)) \(unit) in \(span) does not hold \(money(more)) more: \(money(spent)) spent"
        }
        return over(tokensPerHour.map(Int64.init), Int64(hour.tokens), Int64(asked.tokens), "tokens", "an hour")
            ?? over(tokensPerDay.map(Int64.init), Int64(day.tokens), Int64(asked.tokens), "tokens", "a day")
            ?? over(microUSDPerHour, hour.microUSD, asked.microUSD, "USD", "an hour")
            ?? over(microUSDPerDay, day.microUSD, asked.microUSD, "USD", "a day")
    }
}

/// Tokens and their price.
public struct AdviceSpending: Hashable, Sendable {
    public var tokens: Int
    /// Millionths of a USD.
    public var microUSD: Int64

    public init(tokens: Int = 0, microUSD: Int64 = 0) {
        self.tokens = tokens
        self.microUSD = microUSD
    }
}
