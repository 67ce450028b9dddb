import Model
import Policy

/// When each endpoint of a runtime was last heard of, and how far apart its polls really are.
public struct ObservationClock: Hashable, Sendable {
    private var newest: [Timestamp?]
    private var intervals: [TimeSpan]

    /// Nothing heard yet; every endpoint polled at `interval`.
    public init(interval: TimeSpan) {
        newest = Array(repeating: nil, count: Endpoint.allCases.count)
        intervals = Array(repeating: interval, count: Endpoint.allCases.count)
    }

    /// An exchange with `endpoint` was complete at `at`, whatever its outcome. The newest one stays.
    public mutating func note(_ endpoint: Endpoint, at: Timestamp) {
        let index = Int(endpoint.rawValue)
        newest[index] = newest[index].map { max($0, at) } ?? at
    }

    /// The effective interval: the configured one, stretched by the polling budget.
    public mutating func setInterval(_ interval: TimeSpan, of endpoint: Endpoint) {
        intervals[Int(endpoint.rawValue)] = interval
    }

    /// When the newest exchange was complete; nil before the first. The perf table may come from either of two
    /// endpoints; whichever answered last counts for both.
    public func newest(_ endpoint: Endpoint) -> Timestamp? {
        guard endpoint == .perf else { return newest[Int(endpoint.rawValue)] }
        let both = [newest[Int(Endpoint.perf.rawValue)], newest[Int(Endpoint.perfChats.rawValue)]]
        return both.compactMap { $0 }.max()
    }

    public func interval(_ endpoint: Endpoint) -> TimeSpan { intervals[Int(endpoint.rawValue)] }

    /// The moment up to which a condition on these endpoints is observed: the newest observation of the endpoint that
    /// lags most, since a timer may only count what all of its evidence covers. Endpoints that were never asked do not
    /// hold the others back. Nil when none was asked yet.
    ///
    /// The gate is read in every cycle, behind the endpoints: where it lags it is not there any more, as in a pass from
    /// cron beside the daemon, and must not hold back a rule that can also see without it.
    func observed(_ endpoints: [Endpoint]) -> Timestamp? {
        let polled = endpoints.filter(\.isPolled).compactMap(newest)
        return polled.min() ?? endpoints.compactMap(newest).min()
    }

    /// How long a condition must be true: its `for`, and so long that its `polls` fit in, polls that come a little early
    /// included.
    public func hold(of rule: Rule) -> TimeSpan {
        guard rule.leastPolls > 1 else { return rule.hold }
        let interval = rule.when.endpoints.map(interval).max() ?? .zero
        let polls = TimeSpan(milliseconds: interval.milliseconds * Int64(2 * rule.leastPolls - 3) / 2)
        return max(rule.hold, polls)
    }

    /// For how long a condition that is waited for may be false and its `for` goes on all the same, polls that come a
    /// little late included; zero: not at all.
    func dips(of rule: Rule) -> TimeSpan {
        rule.dips > .zero ? rule.dips + TimeSpan(milliseconds: slack(of: rule).milliseconds / 3) : .zero
    }

    /// A poll and a half of the slowest endpoint that the rule reads.
    func slack(of rule: Rule) -> TimeSpan {
        TimeSpan(milliseconds: (rule.when.endpoints.map(interval).max() ?? .zero).milliseconds * 3 / 2)
    }

    /// How long a condition of this rule may stay unknown or unobserved and still count as held: three intervals of
    /// the slowest endpoint that it needs, at least two minutes; or what the rule itself says.
    func maxGap(of rule: Rule) -> TimeSpan {
        rule.maxGap ?? rule.when.endpoints.map { interval($0) * 3 }.reduce(Rule.leastMaxGap, max)
    }
}
