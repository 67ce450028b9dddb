import Model

/// When an undelivered message is tried again. When it is given up is the outbox's rule.
public struct RetrySchedule: Sendable {
    /// Before the second attempt.
    public var first = TimeSpan.seconds(2)
    public var longest = TimeSpan.minutes(10)
    /// The longest wait that a service may ask for: beyond it, a wrong clock or header would lose the message.
    public var longestAsked = TimeSpan.hours(1)
    /// How long a channel rests whose set-up is at fault: a mended one goes on soon, and a wrong token is not hammered.
    public var blocked = TimeSpan.minutes(1)
    /// The longest rest of a channel whose service fails one attempt after the other.
    public var longestRest = TimeSpan.minutes(1)

    public init() {}

    /// The wait after `attempts` failed ones: doubling from `first` to `longest`, then spread by `jitter` (0 ..< 1) over
    /// the upper half; never shorter than what the service asked for.
    public func wait(attempts: Int, jitter: Double, asked: TimeSpan?) -> TimeSpan {
        let doubled = first * (Int64(1) << Int64(min(max(attempts - 1, 0), 20)))
        let half = min(doubled, longest).milliseconds / 2
        let spread = TimeSpan(milliseconds: half + Int64(Double(half) * min(max(jitter, 0), 1)))
        return max(spread, min(asked ?? .zero, longestAsked))
    }

    /// How long a whole channel rests after so many failures in a row; nil after the first, which may be the message's
    /// own: a service that is down is asked now and then, not once for each message that waits.
    public func rest(failures: Int, jitter: Double) -> TimeSpan? {
        failures < 2 ? nil : min(wait(attempts: failures - 1, jitter: jitter, asked: nil), longestRest)
    }
}
