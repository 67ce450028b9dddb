import Model

/// Why an attempt of an adapter ends before its last step.
enum Setback: Error, Equatable {
    case retry(after: TimeSpan? = nil, String)
    /// No later attempt will do better.
    case refused(String)
}

extension Preparation {
    init(_ setback: Setback) {
        switch setback {
        case .retry(let after, let reason): self = .retry(after: after, reason: reason)
        case .refused(let reason): self = .refused(reason: reason)
        }
    }
}

extension Landing {
    init(_ setback: Setback) {
        switch setback {
        case .retry(let after, let reason): self = .retry(after: after, reason: reason)
        case .refused(let reason): self = .refused(reason: reason)
        }
    }
}

extension Undoing {
    init(_ setback: Setback) {
        switch setback {
        case .retry(let after, let reason): self = .retry(after: after, reason: reason)
        case .refused(let reason): self = .refused(reason: reason)
        }
    }

    /// Tried again whatever it was: a person may mend what refuses.
    init(trying setback: Setback) {
        switch setback {
        case .retry(let after, let reason): self = .retry(after: after, reason: reason)
        case .refused(let reason): self = .retry(after: nil, reason: reason)
        }
    }
}

extension Holding {
    /// Nothing follows from not being told.
    init(_ setback: Setback) {
        switch setback {
        case .retry(_, let reason), .refused(let reason): self = .unknown(reason: reason)
        }
    }
}
