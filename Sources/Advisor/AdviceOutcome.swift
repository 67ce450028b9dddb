import Model

/// What came of asking a model about an incident.
public struct AdviceOutcome: Hashable, Sendable {
    public enum Ending: Hashable, Sendable {
        /// May be shown; `repaired` when the first answer was refused and the second was not.
        case accepted(Advice, repaired: Bool)
        /// Both answers were refused: the deterministic text stands.
        case fallenBack
        /// No answer could be had.
        case failed(AdvisorError)
    }

    public let ending: Ending
    /// What was wrong, answer by answer.
    public let faults: [[Fault]]
    /// Of all questions together; an estimate where the service did not say.
    public let usage: TokenUsage
    /// Millionths of a USD; nil where no price is known.
    public let microUSD: Int64?

    public var advice: Advice? {
        if case .accepted(let advice, _) = ending { advice } else { nil }
    }

    /// One word: `accepted`, `repaired`, `fallen_back`, `failed`.
    public var word: String {
        switch ending {
        case .accepted(_, let repaired): repaired ? "repaired" : "accepted"
        case .fallenBack: "fallen_back"
        case .failed: "failed"
        }
    }
}

/// Where the spending is written down before it happens, so that no restart refills a budget.
public protocol AdviceLedger: Sendable {
    /// Takes what a question may cost at most out of the budget. Returns its number. Throws `.budget` when it does not fit,
    /// `.ledger` when it cannot be written.
    func reserve(_ question: AdviceQuestion) async throws(AdvisorError) -> Int64

    /// Writes what it did cost, and what came of it in a word. What cannot be written stays as it was reserved.
    func settle(_ id: Int64, tokens: Int, microUSD: Int64, outcome: String) async
}

/// A question that is about to be asked.
public struct AdviceQuestion: Hashable, Sendable {
    public let incident: String
    public let model: String
    /// The most that it may take.
    public let tokens: Int
    /// Millionths of a USD.
    public let microUSD: Int64

    public init(incident: String, model: String, tokens: Int, microUSD: Int64) {
        self.incident = incident
        self.model = model
        self.tokens = tokens
        self.microUSD = microUSD
    }
}
