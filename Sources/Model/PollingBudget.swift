/// How often an expensive endpoint may be asked so that asking costs the runtime at most a share of its time.
///
/// The perf endpoint holds the runtime's event loop for as long as it takes (runtime-facts, 4), so its interval stretches
/// with what it took: `max(interval, cost / share)`. The cost is the least of the last three answers: an answer waits for
/// whatever else the loop does, which only adds, so that one quick answer proves that it is quick, and no busy minute
/// blinds the monitor; steady growth is followed all the same. What other endpoints waited just before is taken off by
/// whoever observes. Pure: a replay stretches exactly as the live poll did.
///
/// A timeout is no cost: what hung for a minute is not known to be expensive, and to ask rarely then is to be blind. Only
/// where the rest of the runtime answered meanwhile, and that again and again, is it the endpoint itself that takes so
/// long: then the interval doubles with each one, up to what such an answer would allow.
public struct PollingBudget: Hashable, Sendable {
    /// Of the runtime's time, 0 < share <= 1.
    public let share: Double
    /// As configured: the shortest interval.
    public let interval: TimeSpan
    /// However slow, it is asked at least this often.
    public let longest: TimeSpan
    /// Milliseconds that the last answers took, newest last; at most three. Timeouts are not among them.
    public private(set) var elapsed: [Double]
    /// Timeouts in a row during which the runtime's other endpoints answered, and the milliseconds of the last.
    public let timeouts: Int
    public let waited: Double

    public init(
        interval: TimeSpan, share: Double = 0.02, longest: TimeSpan = .minutes(15), elapsed: [Double] = [],
        timeouts: Int = 0, waited: Double = 0
    ) {
        self.interval = interval
        self.share = share
        self.longest = longest
        self.elapsed = Array(elapsed.suffix(3))
        self.timeouts = timeouts
        self.waited = waited
    }

    /// Takes in what one answer took, in milliseconds.
    public mutating func observe(elapsed milliseconds: Double) {
        guard milliseconds.isFinite, milliseconds >= 0 else { return }
        elapsed.append(milliseconds)
        if elapsed.count > 3 { elapsed.removeFirst() }
    }

    /// The interval to keep now.
    public var effective: TimeSpan {
        var needed = (elapsed.min() ?? 0) / share
        if timeouts > 1 {
            let doubled = Double(PollingBudget.firstPause) * Double(1 << min(timeouts - 2, 10))
            needed = max(needed, min(doubled, waited / share))
        }
        return max(interval, TimeSpan(milliseconds: Int64(min(needed, Double(longest.milliseconds)).rounded(.up))))
    }

    /// After two timeouts in a row, ms.
    private static let firstPause: Int64 = 60_000

    /// The share of its time that asking costs the runtime now, by what answers take; nil before the first answer.
    public var cost: Double? {
        elapsed.min().map { $0 / Double(max(effective.milliseconds, 1)) }
    }
}
