import Model

/// What the daemon says of itself, for health answers and the service manager.
public struct CoreProgress: Sendable {
    public var cycles = 0
    public var lastCycle: Timestamp?
    /// Why the journal cannot be written; nil while it can.
    public var journalError: String?
    /// Another process has become the engine: what this one remembers counts no more.
    public var isDeposed = false
    /// Actions that resist being undone, and are tried again.
    public var revertsDue = 0
    /// Where the audit log ends, `SEQ:DIGEST`; nil while it is empty.
    public var auditHead: String?
}

extension Verdict {
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
