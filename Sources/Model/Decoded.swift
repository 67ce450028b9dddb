/// What one observation says: the values of its endpoint, or why there are none.
public enum Decoded: Sendable {
    /// Also of a failing health check: that the runtime calls itself unhealthy is a value.
    case health(Health)
    case activeRuns(ActiveRuns)
    /// From the aggregate, or from its fallback (then without totals).
    case perf(PerfTable)
    case events(EventMetrics)
    case gate(GateCounts)
    case inside(InsideView)
    case host(HostView)
    case probe(ProbeView)
    case targets(TargetList)
    case metrics(MetricsPage)
    /// No usable answer of that endpoint. `detail` is for people: bounded, without control characters or secrets.
    ///
    /// `error(404)`: this build does not have the endpoint. `error(500)` of a perf endpoint while health answers: poison
    /// (runtime-facts, 7).
    case missing(Endpoint, MissingReason, detail: String)

    /// The endpoint that it speaks of. The fallback of the perf endpoint counts as the perf endpoint.
    public var endpoint: Endpoint {
        switch self {
        case .health: .health
        case .activeRuns: .activeRuns
        case .perf, .missing(.perfChats, _, _): .perf
        case .events: .events
        case .gate: .gate
        case .inside: .inside
        case .host: .host
        case .probe: .probe
        case .targets: .targets
        case .metrics: .metrics
        case .missing(let endpoint, _, _): endpoint
        }
    }
}
