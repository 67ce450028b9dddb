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
    /// What policies ask of pages of metrics, each once: of all that a page shows, only this is remembered.
    public var metrics: [MetricQuery] = []
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

    /// Keeps enough of the past for every reading in `demand`. Call it after every load of policies.
    public mutating func retain(for demand: [SeriesRef]) {
        for ref in demand {
            if ref.scope == .workflow { tracksWorkflows = true }
            if let metric = ref.metric {
                if !metrics.contains(metric) { metrics.append(metric) }
                longestWindow = max(longestWindow, ref.window ?? .zero)
            }
            if ref.function != nil, let range = ref.range {
                ranges[ref.signal] = max(ranges[ref.signal] ?? .zero, range)
            } else if ref.signal.isWindowed {
                longestWindow = max(longestWindow, ref.window ?? window)
            }
        }
    }
}
