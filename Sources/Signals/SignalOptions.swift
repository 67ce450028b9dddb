import Model

/// What the configuration and the policies say about deriving signals. Not part of the kept state.
public struct SignalOptions: Hashable, Sendable {
    /// What is watched: which signals it has follows from that.
    public var kind: WatchedKind
    /// Base URLs in the order of the configuration. Empty: whatever replicas samples come from.
    public var replicas: [String]
    /// How often an endpoint is asked when nothing stretches it.
    public var interval: TimeSpan
    /// The share of the runtime's time that polling the perf endpoint may cost; stretches its interval.
    public var perfShare: Double
    /// A replica that gives no answer for longer counts as absent; until then its runtime is `partial`.
    public var missingAfter: TimeSpan
    /// An open run older than this without progress for this long is stalled.
    public var stalledAfter: TimeSpan
    /// The window of a signal that names none.
    public var window: TimeSpan
    /// The shortest length of `max_gap`, which is otherwise three effective intervals.
    public var shortestMaxGap: TimeSpan
    /// Used where tokens flow and the reported cost is dead. The perf body names no model, so one price serves all.
    public var price: TokenPrice?
    /// For how long observations are kept: the longest demanded window.
    public var longestWindow: TimeSpan
    /// For how long minutes are kept, by signal: the longest range of a function over it. Other signals keep none.
    public var ranges: [Signal: TimeSpan]
    /// What is added up since the day or the month began, each once.
    public private(set) var totals: [Total] = []
    /// By whose clocks days and months begin.
    public var zone = Zone.utc
    /// What policies ask of pages of metrics, each once: of all that a page shows, only this is remembered.
    public var metrics: [MetricQuery] = []
    /// Of these, for how long single values are kept, for a line through them.
    public private(set) var trends: [MetricQuery: TimeSpan] = [:]
    /// Whether a policy asks for workflows: else nothing is counted by them.
    public var tracksWorkflows = false
    /// How long an app stays a subject after it was last seen.
    public var appLifetime: TimeSpan

    public init(
        replicas: [String] = [], interval: TimeSpan = .seconds(10), perfShare: Double = 0.02,
        missingAfter: TimeSpan = .minutes(5), stalledAfter: TimeSpan = .minutes(10), window: TimeSpan = .minutes(5),
        shortestMaxGap: TimeSpan = .minutes(2), price: TokenPrice? = nil, longestWindow: TimeSpan = .minutes(10),
        ranges: [Signal: TimeSpan] = [:], appLifetime: TimeSpan = .hours(24), kind: WatchedKind = .runtime
    ) {
        self.kind = kind
        self.replicas = replicas
        self.interval = interval
        self.perfShare = perfShare
        self.missingAfter = missingAfter
        self.stalledAfter = stalledAfter
        self.window = window
        self.shortestMaxGap = shortestMaxGap
        self.price = price
        self.longestWindow = longestWindow
        self.ranges = ranges
        self.appLifetime = appLifetime
    }

    /// One sum.
    public struct Total: Hashable, Sendable {
        public let signal: Signal
        public let period: CalendarPeriod
    }

    /// So much of the past is read back for a sum that is asked for anew: a day, also where it has an hour more.
    static let dayRange = TimeSpan.hours(25)

    /// Keeps enough of the past for every reading in `demand`. Call it after every load of policies.
    public mutating func retain(for demand: [SeriesRef]) {
        for ref in demand {
            if ref.scope == .workflow { tracksWorkflows = true }
            if let metric = ref.metric {
                if !metrics.contains(metric) { metrics.append(metric) }
                longestWindow = max(longestWindow, ref.window ?? .zero)
                if let range = ref.range { trends[metric] = max(trends[metric] ?? .zero, range) }
                continue
            }
            if let period = ref.period {
                let total = Total(signal: ref.signal, period: period)
                if !totals.contains(total) { totals.append(total) }
                ranges[ref.signal] = max(ranges[ref.signal] ?? .zero, SignalOptions.dayRange)
                // Who used something and went is still to be counted.
                appLifetime = max(appLifetime, period == .today ? SignalOptions.dayRange : .hours(32 * 24))
            }
            if let reach = ref.reach {
                ranges[ref.signal] = max(ranges[ref.signal] ?? .zero, reach)
                // Who comes once a week is to be known when it comes again.
                if ref.offset != nil { appLifetime = max(appLifetime, reach) }
            } else if ref.signal.isWindowed {
                longestWindow = max(longestWindow, ref.window ?? window)
            }
        }
    }
}
