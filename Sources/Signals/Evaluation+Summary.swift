import Model

extension Evaluation {
    /// What the runtime shows, unprocessed.
    func summary() -> RuntimeSummary {
        RuntimeSummary(
            runtime: state.runtime, replicas: state.replicas.map(summary), apps: order.count,
            deadCounters: Counter.allCases.filter(rules.isDead), liveCounters: Counter.allCases.filter(rules.isAlive),
            endedRuns: state.endedRuns)
    }

    private func summary(_ replica: ReplicaState) -> RuntimeSummary.Replica {
        let interval = TimeSpan(milliseconds: replica.interval(.perf, options))
        var summary = RuntimeSummary.Replica(url: replica.url, perfInterval: interval)
        func note<F>(_ endpoint: Endpoint, _ track: EndpointTrack<F>) -> F? {
            guard let entry = track.newest else { return nil }
            summary.elapsedMilliseconds[endpoint] = entry.elapsedMilliseconds
            if let missing = entry.missing {
                summary.missing[endpoint] = missing
            } else if at - entry.at > replica.maxGap(endpoint, options) {
                summary.missing[endpoint] = .stale
            }
            if !track.detail.isEmpty { summary.detail[endpoint] = track.detail }
            return entry.figures
        }
        if let health = note(.health, replica.health) {
            summary.isHealthy = health.isHealthy
            summary.mongoPingMilliseconds = health.mongoPing
            summary.websockets = health.websockets
        }
        if let runs = note(.activeRuns, replica.registry), !runs.isReal { summary.stubNote = runs.note ?? "" }
        if let perf = note(.perf, replica.perf) {
            summary.trackedChats = Int(perf.trackedChats)
            summary.openChats = Int(perf.openChats)
            summary.unreadableFields = replica.unreadableFields
            summary.sharedChats = replica.sharedChats
            summary.appCount = Int(perf.apps)
            summary.turns = perf.turns
            summary.toolCalls = perf.toolCalls
            // A counter that is not known to move says nothing by standing at zero.
            if perf.errors > 0 || rules.isAlive(.errors) { summary.errors = perf.errors }
            summary.promptTokens = perf.promptTokens
            summary.completionTokens = perf.completionTokens
            summary.cost = perf.cost
        }
        if let events = note(.events, replica.events) {
            summary.usageDelta = events.usageDelta
            summary.uptime = events.uptime.map { TimeSpan(milliseconds: $0) }
        }
        if let inside = note(.inside, replica.inside) {
            summary.running = inside.runs
            summary.loopLag = inside.loopLag
        }
        summary.restarts = replica.identity.restarts.count
        summary.answersForSeveralProcesses = replica.identity.isSeveral(asOf: at)
        summary.isAbsent = replica.isAbsent(asOf: at, options)
        return summary
    }
}
