import Model

/// A way to reach people. It delivers one message at a time and never decides whether to send.
public protocol Channel: Sendable {
    /// Its name in the configuration.
    var name: String { get }

    /// Hands the message to the service. Never throws: what went wrong is in the answer, without secrets. A message may
    /// come twice, after an attempt whose outcome is unknown. Cancelling the task ends the attempt soon, with `retry`.
    func deliver(_ message: Message) async -> Delivery
}

/// What came of one attempt.
public enum Delivery: Sendable, Equatable {
    case delivered
    /// Worth another attempt, not before `after` if the service said so.
    case retry(after: TimeSpan?, reason: String)
    /// The service will never take it; trying again is noise.
    case rejected(reason: String)
}
