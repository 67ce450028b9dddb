import Model

/// What is read of one process of a runtime.
extension Evaluation {
    func replica(_ signal: Signal, _ replica: ReplicaState, from start: Int64, to end: Int64) -> Evidence {
        guard options.kind == .runtime else { return beside(signal, replica, from: start, to: end) }
        switch signal {
        case .up: return replica.up(asOf: end, options)
        case .healthy, .healthLatency, .mongodbLatency, .websockets:
            return health(signal, replica, asOf: end)
        case .trackedChats, .perfSeconds:
            if let reason = replica.chatsMissing(asOf: end, options) { return .missing(reason) }
            guard let entry = replica.perf.entry(asOf: end), let figures = entry.figures else {
                return .missing(.tooLittleData)
            }
            return .value(signal == .trackedChats ? Double(figures.trackedChats) : entry.elapsedMilliseconds / 1_000)
        case .perfPolled: return .value(Double(replica.interval(.perf, options)) / 1_000)
        case .uptime:
            if let reason = replica.eventsMissing(asOf: end, options) { return .missing(reason) }
            guard let entry = replica.events.entry(asOf: end), let uptime = entry.figures?.uptime else {
                return .missing(.notTracked)
            }
            return .value(Double(uptime + end - entry.at) / 1_000)
        case .restarts:
            if replica.identity.isSeveral(asOf: end) { return .missing(.partial) }
            if let reason = replica.eventsMissing(asOf: end, options), replica.chatsMissing(asOf: end, options) != nil {
                return .missing(reason)
            }
            guard !replica.events.spacings.isEmpty || !replica.perf.spacings.isEmpty else {
                return .missing(.tooLittleData)
            }
            return .value(Double(replica.identity.restarts(from: start, to: end)))
        case .llmCalls: return llmCalls(replica, from: start, to: end)
        case .healthFailures, .lostPolls: return polls(signal, replica, from: start, to: end)
        case .lineLoss:
            // How it was when something was last heard of it, for as long as that stands.
            if let reason = replica.health.missing(asOf: end, maxGap: replica.maxGap(.health, options)),
                reason == .stale || reason == .tooLittleData
            {
                return .missing(reason)
            }
            return replica.line.loss.map { .value(100 * $0) } ?? .missing(.tooLittleData)
        case .loopLag: return replica.loopLag(asOf: end, options)
        case .metricSeries: return replica.metrics.series(asOf: end, maxGap: replica.maxGap(.metrics, options))
        default: return .missing(.notTracked)
        }
    }

    private func health(_ signal: Signal, _ replica: ReplicaState, asOf moment: Int64) -> Evidence {
        if let reason = replica.health.missing(asOf: moment, maxGap: replica.maxGap(.health, options)) {
            return .missing(reason)
        }
        guard let entry = replica.health.entry(asOf: moment), let figures = entry.figures else {
            return .missing(.tooLittleData)
        }
        switch signal {
        case .healthy: return .value(figures.isHealthy ? 1 : 0)
        case .healthLatency: return .value(entry.elapsedMilliseconds / 1_000)
        case .mongodbLatency: return figures.mongoPing.map { .value($0 / 1_000) } ?? .missing(.notTracked)
        default:
            if replica.identity.isSeveral(asOf: moment) { return .missing(.partial) }
            return figures.websockets.map { .value(Double($0)) } ?? .missing(.notTracked)
        }
    }

    /// The share of a window's polls of health that failed, or of which nothing came back at all.
    ///
    /// Failed are those that said no, that a server's error answered, or that were not answered though another endpoint
    /// was. What cannot be read is no statement of the runtime's health, a build without the endpoint fails at nothing,
    /// and what was lost on the way says nothing of what it was sent to.
    private func polls(_ signal: Signal, _ replica: ReplicaState, from start: Int64, to end: Int64) -> Evidence {
        if let reason = replica.health.missing(asOf: end, maxGap: replica.maxGap(.health, options)),
            reason == .stale || reason == .tooLittleData
        {
            return .missing(reason)
        }
        var (judged, failed, seen, lost) = (0.0, 0.0, 0.0, 0.0)
        for entry in replica.health.entries where entry.at > start && entry.at <= end {
            seen += 1
            switch entry.missing {
            case nil: if entry.figures?.isHealthy == false { failed += 1 }
            case .unreachable where replica.line.isLost(pollAt: entry.at):
                lost += 1
                continue
            case .unreachable, .error(status: 500...599): failed += 1
            default: continue
            }
            judged += 1
        }
        let interval = Double(replica.interval(.health, options))
        let isPolled = seen * interval >= Double(end - start) * Evaluation.leastPolled
        if signal == .lostPolls { return isPolled ? .value(100 * lost / seen) : .missing(.tooLittleData) }
        guard judged * interval >= Double(end - start) * Evaluation.leastCoverage, isPolled
        else { return .missing(judged == 0 ? .noTraffic : .tooLittleData) }
        return .value(100 * failed / judged)
    }

    /// So much of a window must have been polled for a share of its polls: two of the first three are no two thirds of ten
    /// minutes.
    private static let leastPolled = 0.75

    /// The slowest ping of the window, where there is one now: what is slow at every other poll is slow in each minute.
    func worstPing(_ replicas: [ReplicaState], from start: Int64, to end: Int64) -> Double? {
        replicas.flatMap(\.health.entries).filter { $0.at > start && $0.at <= end }
            .compactMap { $0.figures?.mongoPing.map { $0 / 1_000 } }.max()
    }

    private func llmCalls(_ replica: ReplicaState, from start: Int64, to end: Int64) -> Evidence {
        if let reason = replica.eventsMissing(asOf: end, options) { return .missing(reason) }
        guard replica.events.entry(asOf: end)?.figures?.usageDelta != nil else { return .missing(.notTracked) }
        if !state.shared.counters.hasUsage, state.endedRuns >= CounterWatch.leastEndedRuns {
            return .missing(.deadCounter)
        }
        guard let stretch = replica.usageAxis.stretch(from: start, to: end), stretch.covered > 0,
            stretch.covered >= Double(end - start) * Evaluation.leastCoverage
        else { return .missing(.tooLittleData) }
        let sum = stretch.sum { Double(replica.usageSums[$1] - replica.usageSums[$0]) }
        return .value(sum * 60_000 / stretch.covered)
    }
}
