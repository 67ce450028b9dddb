import Model

/// Why there is no answer, for people. No key and no word of a model's stands in it; of a service's own words about an error
/// only what `ServiceWords` lets through.
public struct AdvisorError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// The incident is over.
        case resolved
        case budget
        /// The service failed too often and is left alone for now.
        case resting
        case noKey
        /// No answer came.
        case unreachable
        /// An answer with that status.
        case refused(status: Int)
        /// 200 with a body that is none of this service's.
        case malformed
        /// The journal cannot be written, so that the budget cannot be kept.
        case ledger
    }

    public let kind: Kind
    public let why: String
    public let hint: String?

    public init(_ kind: Kind, _ why: String, hint: String? = nil) {
        self.kind = kind
        self.why = why
        self.hint = hint
    }

    /// Whether the same question may be answered later without anybody changing anything.
    public var isRetryable: Bool {
        switch kind {
        case .resolved, .noKey, .malformed: false
        case .budget, .resting, .unreachable, .ledger: true
        case .refused(let status): status == 408 || status == 429 || status >= 500
        }
    }

    public var description: String { why + (hint.map { "; \($0)" } ?? "") }
}
