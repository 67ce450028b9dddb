import Model

extension Evaluation {
    /// Every demanded reading.
    func table(_ demand: [SeriesRef], _ history: inout [SeriesRef: HistoryColumn]) -> ReadingTable {
        var shared = SharedWindows()
        var runtimeColumn: [Evidence] = []
        var columns: [ReadingTable.Column] = []
        var replicaColumns: [[Evidence]] = []
        for ref in demand {
            let subjects = ref.signal.info.subjects
            let start = at - (ref.window ?? options.window).milliseconds
            let own: ReadingTable.Column
            let whole: Evidence
            if let function = ref.function, let range = ref.range {
                let key = SeriesRef(
                    signal: ref.signal, window: nil, function: function, range: range, exclude: ref.exclude)
                let column = history[key] ?? state.history.column(key, function, range, order: order)
                history[key] = column
                whole = subjects.contains(.runtime) ? column.value(at: order.count) : .missing(.notTracked)
                own = .history(column)
            } else {
                whole =
                    subjects.contains(.runtime)
                    ? runtime(ref.signal, from: start, to: at, checksNow: true, &shared) : .missing(.notTracked)
                let isNeeded = subjects.contains(.app) && ref.scope == .own
                own = isNeeded ? apps(ref.signal, from: start, &shared) : .same(.missing(.notTracked))
            }
            runtimeColumn.append(whole)
            columns.append(ref.scope == .runtime ? .same(whole) : own)
            replicaColumns.append(
                state.replicas.map { replica in
                    guard ref.function == nil else { return .missing(.notTracked) }
                    return self.replica(ref.signal, replica, from: start, to: at)
                })
        }
        return ReadingTable(
            runtime: state.runtime, at: Timestamp(milliseconds: at), demand: demand, apps: state.shared.apps.sorted,
            replicas: state.replicas.map(\.url), runtimeColumn: runtimeColumn, columns: columns,
            replicaColumns: replicaColumns)
    }

    /// What slots over the same window share.
    struct SharedWindows {
        fileprivate var perf: [(start: Int64, window: PerfWindow)] = []
        fileprivate var latencies: [(start: Int64, index: LatencyIndex)] = []
        fileprivate var open: OpenRuns?
        fileprivate var gate: [(start: Int64, window: GateLog.Window)] = []
    }

    private func window(from start: Int64, to end: Int64, checksNow: Bool, _ shared: inout SharedWindows) -> PerfWindow
    {
        if let known = shared.perf.first(where: { $0.start == start }) { return known.window }
        let window = perfWindow(from: start, to: end, checksNow: checksNow)
        shared.perf.append((start, window))
        return window
    }

    private func latencies(from start: Int64, to end: Int64, _ shared: inout SharedWindows) -> LatencyIndex {
        if let known = shared.latencies.first(where: { $0.start == start }) { return known.index }
        let log = state.shared.latencies
        let index = LatencyIndex(log, log.range(from: start, to: end), capacity: capacity)
        shared.latencies.append((start, index))
        return index
    }

    private func open(asOf moment: Int64, checksNow: Bool, _ shared: inout SharedWindows) -> OpenRuns {
        if let open = shared.open { return open }
        let open = openRuns(asOf: moment, checksNow: checksNow)
        shared.open = open
        return open
    }

    private func gate(from start: Int64, to end: Int64, _ shared: inout SharedWindows) -> GateLog.Window {
        if let known = shared.gate.first(where: { $0.start == start }) { return known.window }
        let window = gateWindow(from: start, to: end)
        shared.gate.append((start, window))
        return window
    }

    // MARK: - Apps

    private func apps(_ signal: Signal, from start: Int64, _ shared: inout SharedWindows) -> ReadingTable.Column {
        if signal.isOfGate { return gateApps(signal, gate(from: start, to: at, &shared)) }
        if let reason = rules.deadReason(signal) { return .same(.missing(reason)) }
        let order = order
        if signal.info.shape == .gauge {
            let open = open(asOf: at, checksNow: true, &shared)
            if let reason = open.missing { return .same(.missing(reason)) }
            return .plain(ContiguousArray(order.lazy.map { rules.gauge(signal, open.apps[$0], total: open.total) }))
        }
        let window = window(from: start, to: at, checksNow: true, &shared)
        if let reason = window.missing { return .same(.missing(reason)) }
        if signal == .errorRate {
            return .plain(ContiguousArray(order.lazy.map { rules.errorRate(window.sums[$0]) }))
        }
        if let quantile = Evaluation.quantile(signal) {
            let latencies = latencies(from: start, to: at, &shared)
            return .plain(
                ContiguousArray(
                    order.lazy.map { slot in
                        latencies.quantile(quantile, slot: slot).map { .value($0) } ?? .missing(.noTraffic)
                    }))
        }
        if signal == .silentRuns {
            // Where no counter moves nothing is known of single runs.
            guard rules.sight == .sighted else {
                return .same(.missing(state.endedRuns >= CounterWatch.leastEndedRuns ? .deadCounter : .tooLittleData))
            }
            let silent = silentByApp(from: start, to: at)
            let counted = countedApps(silent)
            return .plain(
                ContiguousArray(
                    order.lazy.map { counted[$0] ? .value(silent[$0].perMinute) : .missing(.deadCounter) }))
        }
        let (rates, scale) = window.rates.isEmpty ? (window.sums, window.perMinute) : (window.rates, 1)
        return .plain(
            ContiguousArray(
                order.lazy.map { slot in
                    rules.part(signal, rates[slot]).map { .value($0 * scale) } ?? .missing(.notTracked)
                }))
    }

    private func gateApps(_ signal: Signal, _ window: GateLog.Window) -> ReadingTable.Column {
        if let reason = window.missing { return .same(.missing(reason)) }
        return .plain(ContiguousArray(order.lazy.map { window.reading(signal, slot: $0) }))
    }

    // MARK: - The runtime

    /// The runtime's reading over (start, end], or as of its end. `checksNow` as for `perfWindow`.
    func runtime(
        _ signal: Signal, from start: Int64, to end: Int64, checksNow: Bool, _ shared: inout SharedWindows
    ) -> Evidence {
        if let reason = rules.deadReason(signal) { return .missing(reason) }
        switch signal {
        case .activeRuns, .openRuns, .stalledRuns, .ghostRuns, .activeApps:
            if signal == .activeRuns, let counted = registryCount(asOf: end) { return .value(counted) }
            let open = open(asOf: end, checksNow: checksNow, &shared)
            if let reason = open.missing { return .missing(reason) }
            return signal == .activeApps ? activeApps(open) : rules.gauge(signal, open.total, total: open.total, isWhole: true)
        case .runStarts, .runEnds, .errors, .turns, .toolCalls, .tokens, .cost, .errorRate, .silentRunsShare,
            .silentRunsRest, .errorRateRest:
            let window = window(from: start, to: end, checksNow: checksNow, &shared)
            if signal == .silentRunsShare { return silentShare(window, asOf: end, checksNow: checksNow) }
            if signal == .silentRunsRest { return silentRest(window, from: start, to: end, checksNow: checksNow) }
            if let reason = window.missing { return .missing(reason) }
            if signal == .errorRate { return rules.errorRate(window.total) }
            if signal == .errorRateRest { return rules.errorRateRest(window.total, window.sums) }
            return rules.part(signal, window.totalRate).map { .value($0) } ?? .missing(.notTracked)
        case .turnLatencyP50, .turnLatencyP95, .turnLatencyP99:
            let window = window(from: start, to: end, checksNow: checksNow, &shared)
            if let reason = window.missing { return .missing(reason) }
            let quantile = Evaluation.quantile(signal) ?? 0.5
            return latencies(from: start, to: end, &shared).quantileOfAll(quantile).map { .value($0) }
                ?? .missing(.noTraffic)
        case .gateStarts, .gateRefusals:
            let window = gate(from: start, to: end, &shared)
            if let reason = window.missing { return .missing(reason) }
            return window.total.part(signal).map { .value($0 * window.perMinute) } ?? .missing(.notTracked)
        case .deadCounters:
            let reasons = present.map { $0.chatsMissing(asOf: end, options) }
            if let reason = Evaluation.combine(reasons) { return .missing(reason) }
            return .value(Double(rules.dead.nonzeroBitCount))
        default:
            return fold(signal, present.map { replica(signal, $0, from: start, to: end) })
        }
    }

    private func activeApps(_ open: OpenRuns) -> Evidence {
        var count = 0
        for slot in order {
            let active: Double
            switch rules.active(open.apps[slot], total: open.total, isWhole: false) {
            case .value(let value): active = value
            case .missing(let reason): return .missing(reason)
            }
            if active > 0 { count += 1 }
        }
        return .value(Double(count))
    }

    /// What the active-runs endpoints count, when those of all replicas are real and answer.
    private func registryCount(asOf moment: Int64) -> Double? {
        var sum = 0.0
        for replica in present {
            guard replica.registry.missing(asOf: moment, maxGap: replica.maxGap(.activeRuns, options)) == nil,
                !replica.identity.isSeveral(asOf: moment),
                let figures = replica.registry.entry(asOf: moment)?.figures, figures.isReal
            else { return nil }
            sum += Double(figures.activeCount)
        }
        return present.isEmpty ? nil : sum
    }

    /// One reading of several replicas': the worst, the sum or the youngest, as the signal asks for.
    private func fold(_ signal: Signal, _ readings: [Evidence]) -> Evidence {
        let values = readings.compactMap(\.value)
        switch signal {
        case .up:
            if let most = values.max() { return .value(most) }
        case .healthy:
            if values.contains(0) { return .value(0) }
        case .healthFailures:
            // One process that fails is not excused by another that is not read.
            if let most = values.max(), most > 0 { return .value(most) }
        default: break
        }
        if let reason = Evaluation.combine(readings.map(\.reason)) { return .missing(reason) }
        switch signal {
        case .healthy, .uptime: return .value(values.min() ?? 0)
        case .healthLatency, .mongodbLatency, .perfSeconds, .perfPolled, .healthFailures, .loopLag,
            // A deploy that goes from process to process restarts each of them once: a loop is one process's.
            .restarts:
            return .value(values.max() ?? 0)
        default: return .value(values.reduce(0, +))
        }
    }

    // MARK: - Replicas

    func replica(_ signal: Signal, _ replica: ReplicaState, from start: Int64, to end: Int64) -> Evidence {
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
        case .healthFailures: return healthFailures(replica, from: start, to: end)
        case .loopLag: return replica.loopLag(asOf: end, options)
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

    /// The share of a window's health polls that failed: said no, were answered with a server's error or not at all. What
    /// cannot be read is no statement of the runtime's health, and a build without the endpoint fails at nothing.
    private func healthFailures(_ replica: ReplicaState, from start: Int64, to end: Int64) -> Evidence {
        if let reason = replica.health.missing(asOf: end, maxGap: replica.maxGap(.health, options)),
            reason == .stale || reason == .tooLittleData
        {
            return .missing(reason)
        }
        var (judged, failed, seen) = (0.0, 0.0, 0.0)
        for entry in replica.health.entries where entry.at > start && entry.at <= end {
            seen += 1
            switch entry.missing {
            case nil: if entry.figures?.isHealthy == false { failed += 1 }
            case .unreachable, .error(status: 500...599): failed += 1
            default: continue
            }
            judged += 1
        }
        let interval = Double(replica.interval(.health, options))
        guard judged * interval >= Double(end - start) * Evaluation.leastCoverage,
            seen * interval >= Double(end - start) * Evaluation.leastPolled
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
