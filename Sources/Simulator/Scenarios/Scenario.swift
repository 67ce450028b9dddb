import Model

/// A named story: tenants, what they do, what breaks and when. The same scenario and seed give the same bytes.
public struct Scenario: Sendable {
    public var name: String
    /// One line for listings.
    public var summary: String
    public var seed: UInt64 = 20_261_121
    public var tenants: [Tenant] = []
    public var faults: [FaultWindow] = []
    public var counters = LiveCounters.today
    public var replicas = 1
    /// One URL for all replicas: each request lands on the next one.
    public var balanced = false
    /// Whether `/health/active-runs` counts; today's builds answer a constant stub.
    public var tracksActiveRuns = false
    /// Whether each process shows a page of Prometheus metrics at `/metrics`, as some builds do.
    public var showsMetrics = false
    /// Nil: no authentication.
    public var authentication: Authentication?
    /// Simulated before the origin, so that runs are open when the first poll comes.
    public var warmUp = TimeSpan.minutes(5)
    /// Ended chats that the process has tracked already when the story begins.
    public var trackedBefore = 0
    /// Event-loop time that one chat costs in a perf answer. As measured: 49 µs.
    public var microsecondsPerChat = 0.0
    /// A start that fails for want of MongoDB is counted all the same, and its run stays open for ever.
    public var failedStartsStay = false
    /// Websockets that are open all the time and have nothing running behind them.
    public var idleSockets = 0
    /// What a careful operator expects of it; nil where that is not written down.
    public var truth: ScenarioTruth?
    /// When the story is over; nil: it goes on for ever.
    public var duration: TimeSpan?

    public init(name: String, summary: String) {
        self.name = name
        self.summary = summary
    }

    /// Who may read, and where tokens come from.
    public struct Authentication: Sendable {
        public var clientID = "ops-monitor"
        public var clientSecret = "dev-secret"
        public var tokenLifetime = TimeSpan.minutes(5)
        /// How long after its end a token is still taken. As measured: 120 s.
        public var skew = TimeSpan.minutes(2)
        /// Tokens that are valid for ever, for pollers without OAuth2.
        public var staticTokens: [String] = []

        public init() {}
    }
}
