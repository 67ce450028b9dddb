import Model

/// One decoded observation of one replica: all that enters the derivation of signals.
public struct Sample: Sendable {
    public enum Content: Sendable {
        case health(Health)
        case activeRuns(ActiveRuns)
        /// From the aggregate, or from its fallback (then without totals).
        case perf(PerfTable)
        case events(EventMetrics)
        /// No usable answer of that endpoint. `detail` is for people.
        case missing(Endpoint, MissingReason, detail: String)
    }

    /// When the answer was complete, by the monitor's clock.
    public let at: Timestamp
    public let runtime: String
    /// Base URL of the replica.
    public let replica: String
    public let elapsedMilliseconds: Double
    /// The response's own `date` header: the runtime's clock, to the second and up to two seconds behind.
    public let date: Timestamp?
    public let content: Content

    public init(
        at: Timestamp, runtime: String, replica: String, elapsedMilliseconds: Double = 0, date: Timestamp? = nil,
        content: Content
    ) {
        self.at = at
        self.runtime = runtime
        self.replica = replica
        self.elapsedMilliseconds = elapsedMilliseconds
        self.date = date
        self.content = content
    }

    /// The endpoint that the sample speaks of. The fallback of the perf endpoint counts as the perf endpoint.
    public var endpoint: Endpoint {
        switch content {
        case .health: .health
        case .activeRuns: .activeRuns
        case .perf: .perf
        case .events: .events
        case .missing(.perfChats, _, _): .perf
        case .missing(let endpoint, _, _): endpoint
        }
    }
}
