import Model

/// A way to reach people. It delivers one message at a time and never decides whether to send.
public protocol Channel: Sendable {
    /// Its name in the configuration.
    var name: String { get }

    /// Hands the message to the service. Never throws: what went wrong is in the answer, without secrets.
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

/// When an undelivered message is tried again.
public struct RetrySchedule: Sendable {
    /// Before the second attempt.
    public var first = TimeSpan.seconds(2)
    public var longest = TimeSpan.minutes(10)
    /// After this the message becomes a dead letter.
    public var giveUpAfter = TimeSpan.hours(24)

    public init() {}

    /// The wait after `attempts` failed ones: doubling from `first` to `longest`, then spread by `jitter` (0 ..< 1) over
    /// the upper half; never shorter than what the service asked for.
    public func wait(attempts: Int, jitter: Double, asked: TimeSpan?) -> TimeSpan {
        let doubled = first * (Int64(1) << Int64(min(max(attempts - 1, 0), 20)))
        let base = min(doubled, longest)
        let spread = TimeSpan(milliseconds: base.milliseconds / 2 + Int64(Double(base.milliseconds / 2) * jitter))
        return max(spread, min(asked ?? .zero, .hours(6)))
    }
}
