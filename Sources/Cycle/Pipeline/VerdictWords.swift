import Model

extension Verdict {
    /// Every ``word`` that there is.
    public static let words = ["done", "would_have", "needs_approval", "refused", "already_in_force"]

    /// `done`, `would_have`, `needs_approval`, `refused`, `already_in_force`.
    public var word: String {
        switch self {
        case .act: "done"
        case .wouldHave, .wouldAsk: "would_have"
        case .needsApproval: "needs_approval"
        case .refused: "refused"
        case .alreadyInForce: "already_in_force"
        }
    }

    /// Why not, for people; nil where nothing stood against it.
    public var reason: String? {
        switch self {
        case .wouldAsk(let refusal): "a person would be asked: \(refusal.text)"
        case .needsApproval(let refusal), .refused(let refusal): refusal.text
        case .act, .wouldHave, .alreadyInForce: nil
        }
    }
}
