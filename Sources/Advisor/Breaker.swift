import Model

/// Leaves a service alone that fails: after several failures in a row nothing is asked for a time, then one question
/// probes, and its outcome decides. A value; times are arguments.
public struct Breaker: Sendable, Hashable {
    public enum State: Hashable, Sendable {
        case closed
        /// Nothing is asked before that moment.
        case open(until: Timestamp)
        /// One question is under way; the others wait for what comes of it.
        case probing
    }

    public private(set) var state = State.closed
    private var failures = 0
    private var rest: TimeSpan
    private let limit: Int
    private let firstRest: TimeSpan
    static let longestRest = TimeSpan.hours(1)

    public init(failures limit: Int, rest: TimeSpan) {
        self.limit = max(1, limit)
        firstRest = rest
        self.rest = rest
    }

    /// Whether a question may be asked now. Nil: yes, and `failed` or `succeeded` must follow. Else until when not; nil
    /// inside: until the probe's outcome is known.
    public mutating func ask(_ now: Timestamp) -> Wait? {
        switch state {
        case .closed: return nil
        case .probing: return Wait(until: nil)
        case .open(let until):
            // A clock that was set back must not keep it open for longer than the longest rest.
            guard now >= until || until - now > Breaker.longestRest else { return Wait(until: until) }
            state = .probing
            return nil
        }
    }

    public struct Wait: Hashable, Sendable {
        public let until: Timestamp?
    }

    public mutating func succeeded() {
        self = Breaker(failures: limit, rest: firstRest)
    }

    /// - Parameter retryAfter: the wait that the service asked for.
    public mutating func failed(_ now: Timestamp, retryAfter: TimeSpan? = nil) {
        failures += 1
        let isProbe = state == .probing
        guard isProbe || failures >= limit || retryAfter != nil else { return }
        let wait = min(max(rest, retryAfter ?? .zero), Breaker.longestRest)
        state = .open(until: now + wait)
        rest = min(rest * 2, Breaker.longestRest)
    }

    /// The question was not asked after all, and says nothing about the service.
    public mutating func withdrew(_ now: Timestamp) {
        if state == .probing { state = .open(until: now) }
    }
}
