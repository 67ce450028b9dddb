import Model

extension Evaluation {
    /// What the runtime shows, unprocessed.
    func summary() -> RuntimeSummary {
        var summary = RuntimeSummary(
            runtime: state.runtime, kind: options.kind, replicas: state.replicas.map(summary), apps: order.count,
            deadCounters: Counter.allCases.filter(rules.isDead), liveCounters: Counter.allCases.filter(rules.isAlive),
            endedRuns: state.endedRuns)
        summary.finding = state.finding
        for (index, replica) in state.replicas.enumerated() {
            summary.replicas[index].sameProcess = state.replicas[..<index].first { $0.isSameProcess(as: replica) }?.url
        }
        if state.page.newestAt != nil {
            var page = RuntimeSummary.Replica(url: Observation.page, perfInterval: options.interval)
            state.page.sum(up: &page, .metrics, of: ReplicaState(url: Observation.page), self)
            forget(state.page.newestAt, maxGap: state.pageMaxGap, in: &page)
            summary.page = page
        }
        return summary
    }

    private func summary(_ replica: ReplicaState) -> RuntimeSummary.Replica {
        let interval = TimeSpan(milliseconds: replica.interval(.perf, options))
        var summary = RuntimeSummary.Replica(url: replica.url, perfInterval: interval)
        for endpoint in Endpoint.allCases where ReplicaState.keptSince(endpoint) != nil {
            replica.track(endpoint)?.sum(up: &summary, endpoint, of: replica, self)
        }
        forget(replica.newestAt(.metrics), maxGap: replica.maxGap(.metrics, options), in: &summary)
        summary.restarts = replica.identity.restarts.count
        summary.answersForSeveralProcesses = replica.identity.isSeveral(asOf: at)
        summary.isAbsent = replica.isAbsent(asOf: at, options)
        return summary
    }

    /// Why a page could not be read is told while it is asked: a configuration may name none any more, or another one.
    private func forget(_ newest: Int64?, maxGap: Int64, in summary: inout RuntimeSummary.Replica) {
        if let newest, summary.missing[.metrics] != nil, at - newest > maxGap { summary.missing[.metrics] = .stale }
    }
}

// MARK: - What figures say

extension HealthFigures {
    func say(in summary: inout RuntimeSummary.Replica, of replica: ReplicaState, _ evaluation: Evaluation) {
        summary.isHealthy = isHealthy
        summary.mongoPingMilliseconds = mongoPing
        summary.websockets = websockets
    }
}

extension RegistryFigures {
    func say(in summary: inout RuntimeSummary.Replica, of replica: ReplicaState, _ evaluation: Evaluation) {
        if !isReal { summary.stubNote = note ?? "" }
    }
}

extension PerfFigures {
    func say(in summary: inout RuntimeSummary.Replica, of replica: ReplicaState, _ evaluation: Evaluation) {
        summary.trackedChats = Int(trackedChats)
        summary.openChats = Int(openChats)
        summary.unreadableFields = replica.unreadableFields
        summary.sharedChats = replica.sharedChats
        summary.appCount = Int(apps)
        summary.turns = turns
        summary.toolCalls = toolCalls
        // A counter that is not known to move says nothing by standing at zero.
        if errors > 0 || evaluation.rules.isAlive(.errors) { summary.errors = errors }
        summary.promptTokens = promptTokens
        summary.completionTokens = completionTokens
        summary.cost = cost
    }
}

extension EventFigures {
    func say(in summary: inout RuntimeSummary.Replica, of replica: ReplicaState, _ evaluation: Evaluation) {
        summary.usageDelta = usageDelta
        summary.uptime = uptime.map { TimeSpan(milliseconds: $0) }
    }
}

extension InsideFigures {
    func say(in summary: inout RuntimeSummary.Replica, of replica: ReplicaState, _ evaluation: Evaluation) {
        summary.running = runs
        summary.loopLag = loopLag
    }
}
