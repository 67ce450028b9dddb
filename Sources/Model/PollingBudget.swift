/// How often an expensive endpoint may be asked so that asking costs the runtime at most a share of its time.
///
/// The perf endpoint holds the runtime's event loop for as long as it takes (runtime-facts, 4), so its interval stretches
/// with what it took: `max(interval, typical elapsed / share)`. Typical is the median of the last three, so that one slow
/// answer does not blind the monitor and steady growth is followed. Pure: a replay stretches exactly as the live poll did.
public struct PollingBudget: Hashable, Sendable {
    /// Of the runtime's time, 0 < share <= 1.
    public let share: Double
    /// As configured: the shortest interval.
    public let interval: TimeSpan
    /// However slow, it is asked at least this often.
    public let longest: TimeSpan
    /// Milliseconds that the last answers took, newest last; at most three.
    public private(set) var elapsed: [Double]

    public init(interval: TimeSpan, share: Double = 0.02, longest: TimeSpan = .minutes(15), elapsed: [Double] = []) {
        self.interval = interval
        self.share = share
        self.longest = longest
        self.elapsed = Array(elapsed.suffix(3))
    }

    /// Takes in what one answer (or timeout) took, in milliseconds.
    public mutating func observe(elapsed milliseconds: Double) {
        guard milliseconds.isFinite, milliseconds >= 0 else { return }
        elapsed.append(milliseconds)
        if elapsed.count > 3 { elapsed.removeFirst() }
    }

    /// The interval to keep now.
    public var effective: TimeSpan {
        guard !elapsed.isEmpty else { return interval }
        let sorted = elapsed.sorted()
        let typical = sorted[sorted.count / 2]
        let needed = min(typical / share, Double(longest.milliseconds))
        return max(interval, TimeSpan(milliseconds: Int64(needed.rounded(.up))))
    }

    /// The share of its time that asking costs the runtime now, by what answers take; nil before the first answer.
    public var cost: Double? {
        guard !elapsed.isEmpty else { return nil }
        let sorted = elapsed.sorted()
        return sorted[sorted.count / 2] / Double(max(effective.milliseconds, 1))
    }
}
