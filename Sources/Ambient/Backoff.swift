import Model

/// How long to wait before trying again: twice as long each time up to a limit, and less by a random part, so that
/// many who failed together do not come back together.
public struct Backoff: Sendable, Equatable {
    /// Of the first wait, before jitter. Above zero.
    public let base: TimeSpan
    public let limit: TimeSpan
    /// The share of a wait that chance may take off, within 0...1.
    public let jitter: Double

    public init(base: TimeSpan = .seconds(1), limit: TimeSpan = .minutes(5), jitter: Double = 0.5) {
        self.base = TimeSpan(milliseconds: max(1, base.milliseconds))
        self.limit = max(self.base, limit)
        self.jitter = min(1, max(0, jitter))
    }

    /// - Parameter attempt: how often it failed already, from 1.
    /// - Returns: a span within `(1 - jitter) ... 1` of the doubled base, at least 1 ms.
    public func wait(afterAttempt attempt: Int, using random: inout some RandomNumberGenerator) -> TimeSpan {
        let full = ceiling(afterAttempt: attempt)
        let least = max(1, min(full.milliseconds, Int64((Double(full.milliseconds) * (1 - jitter)).rounded(.up))))
        let choices = UInt64(full.milliseconds - least) + 1
        // One draw, whatever the generator: the bias of up to `choices` in 2^64 does not matter here.
        return TimeSpan(milliseconds: least + Int64(random.next().multipliedFullWidth(by: choices).high))
    }

    /// The longest that `wait` can return.
    public func ceiling(afterAttempt attempt: Int) -> TimeSpan {
        var span = base.milliseconds
        for _ in 1..<max(2, attempt) where attempt > 1 {
            guard span <= limit.milliseconds / 2 else { return limit }
            span *= 2
        }
        return TimeSpan(milliseconds: min(span, limit.milliseconds))
    }
}
