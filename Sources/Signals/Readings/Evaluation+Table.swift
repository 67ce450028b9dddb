import Model

extension Evaluation {
    /// Every demanded reading.
    func table(_ demand: [SeriesRef], _ history: inout HistoryColumns) -> ReadingTable {
        var shared = SharedWindows()
        var runtimeColumn: [Evidence] = []
        var columns: [ReadingTable.Column] = []
        var floors: [Int: ReadingTable.Floors] = [:]
        var stretches: [Int: Range<Int64>] = [:]
        var flowColumns = FlowColumns()
        for (slot, ref) in demand.enumerated() {
            if let query = ref.metric {
                let whole = metric(ref, query)
                runtimeColumn.append(whole)
                columns.append(.same(ref.scope == .runtime ? whole : .missing(.notTracked)))
                continue
            }
            let subjects = ref.signal.info.subjects
            let start = at - (ref.window ?? options.window).milliseconds
            if ref.scope == .workflow {
                // Of nobody else, so nobody else is counted for it.
                runtimeColumn.append(.missing(.notTracked))
                columns.append(.same(.missing(.notTracked)))
                flowColumns.set(flows(ref.signal, from: start, &shared), slot: slot)
                continue
            }
            let own: ReadingTable.Column
            let whole: Evidence
            if let period = ref.period {
                let figure = state.history.totals.figure(
                    ref.signal, period, at: Timestamp(milliseconds: at), zone: options.zone, apps: state.shared.apps.sorted)
                whole = subjects.contains(options.kind.subject) ? figure.runtime : .missing(.notTracked)
                own = figure.apps.isEmpty ? .same(figure.runtime) : .plain(figure.apps)
                floors[slot] = figure.floors
            } else if let function = ref.function, let range = ref.range {
                let key = ref.ofSubject
                let column = history.column(key) { state.history.column(key, function, range, order: order, near: $0) }
                stretches[slot] = column.stretch
                whole = subjects.contains(options.kind.subject) ? column.value(at: order.count) : .missing(.notTracked)
                own = .history(column)
            } else {
                whole =
                    subjects.contains(options.kind.subject)
                    ? runtime(ref.signal, from: start, to: at, checksNow: true, &shared) : .missing(.notTracked)
                let isNeeded = subjects.contains(.app) && ref.scope.isOfApp
                own = isNeeded ? apps(ref.signal, from: start, &shared) : .same(.missing(.notTracked))
            }
            if ref.function == nil { floors[slot] = self.floors(ref.signal, shared.open) }
            runtimeColumn.append(whole)
            columns.append(ref.scope == .runtime ? .same(whole) : own)
        }
        return ReadingTable(
            runtime: state.runtime, kind: options.kind, at: Timestamp(milliseconds: at), demand: demand, apps: state.shared.apps.sorted,
            replicas: state.replicas.map(\.url), runtimeColumn: runtimeColumn, columns: columns,
            replicaColumns: replicaColumns(demand), floors: floors, stretches: stretches, namesAllReplicas: state.knowsReplicas,
            workflows: flowRows, flowColumns: flowColumns)
    }

    /// The readings of each replica, by slot. Replica by replica: what is remembered of one has some fifty parts, and to take it
    /// out of its array anew for each slot cost as much as to read it.
    private func replicaColumns(_ demand: [SeriesRef]) -> [[Evidence]] {
        var columns = [[Evidence]](repeating: [], count: demand.count)
        for replica in state.replicas {
            for (slot, ref) in demand.enumerated() { columns[slot].append(reading(ref, of: replica)) }
        }
        return columns
    }

    private func reading(_ ref: SeriesRef, of replica: ReplicaState) -> Evidence {
        guard ref.scope != .workflow else { return .missing(.notTracked) }
        if let query = ref.metric { return metric(ref, query, of: replica) }
        guard ref.function == nil, ref.period == nil else { return .missing(.notTracked) }
        return self.replica(ref.signal, replica, from: at - (ref.window ?? options.window).milliseconds, to: at)
    }

    /// What a signal is at the least where it is missing since figures contradict each other.
    private func floors(_ signal: Signal, _ open: OpenRuns?) -> ReadingTable.Floors? {
        guard let open, open.missing == nil, open.total.excess > 0 else { return nil }
        switch signal {
        case .activeRuns, .activeRunsShare:
            return .init(
                runtime: signal == .activeRuns ? rules.floor(signal, open.total, total: open.total) : nil,
                apps: ContiguousArray(order.lazy.map { rules.floor(signal, open.apps[$0], total: open.total) }))
        case .activeApps: return .init(runtime: leastActiveApps(open))
        default: return nil
        }
    }

    /// The fewest apps that can have an active run; nil where something else is missing than agreement.
    private func leastActiveApps(_ open: OpenRuns) -> Double? {
        guard activeApps(open) == .missing(.contradictory) else { return nil }
        return Double(rules.fewestApps(order.map { open.apps[$0] }, total: open.total))
    }

    /// What slots over the same window share.
    struct SharedWindows {
        fileprivate var perf: [(start: Int64, window: PerfWindow)] = []
        fileprivate var latencies: [(start: Int64, index: LatencyIndex)] = []
        fileprivate var open: OpenRuns?
        fileprivate var gate: [(start: Int64, window: GateLog.Window)] = []
        var flows: [(start: Int64, window: FlowWindow)] = []
        var flowLatencies: [(start: Int64, index: LatencyIndex)] = []
        var flowRuns: FlowRuns?
    }

    private func window(from start: Int64, to end: Int64, checksNow: Bool, _ shared: inout SharedWindows) -> PerfWindow {
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

    func open(asOf moment: Int64, checksNow: Bool, _ shared: inout SharedWindows) -> OpenRuns {
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
        guard options.kind == .runtime else { return fold(signal, present.map { beside(signal, $0, from: start, to: end) }) }
        if let reason = rules.deadReason(signal) { return .missing(reason) }
        switch signal {
        case .activeRuns, .openRuns, .stalledRuns, .ghostRuns, .activeApps:
            if signal == .activeRuns, let counted = registryCount(asOf: end) { return .value(counted) }
            let open = open(asOf: end, checksNow: checksNow, &shared)
            if let reason = open.missing { return .missing(reason) }
            return signal == .activeApps ? activeApps(open) : rules.gauge(signal, open.total, total: open.total)
        case .runStarts, .runEnds, .errors, .turns, .toolCalls, .tokens, .cost, .errorRate, .silentRunsShare,
            .silentRunsRest, .errorRateRest:
            let window = window(from: start, to: end, checksNow: checksNow, &shared)
            if signal == .silentRunsShare { return silentShare(window, asOf: end, checksNow: checksNow) }
            if signal == .silentRunsRest { return silentRest(window, from: start, to: end, checksNow: checksNow) }
            if let reason = window.missing { return .missing(reason) }
            if signal == .errorRate { return rules.errorRate(window.total) }
            if signal == .errorRateRest { return rules.errorRateRest(window.total, window.sums) }
            return rules.part(signal, window.totalRate).map { .value($0) } ?? .missing(.notTracked)
        case .turnLatencyP95Rest:
            let window = window(from: start, to: end, checksNow: checksNow, &shared)
            if let reason = window.missing { return .missing(reason) }
            return latencies(from: start, to: end, &shared).quantileOfRest(0.95).map { .value($0) }
                ?? .missing(.noTraffic)
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
        // A page of the whole runtime says it for all of its processes.
        case .metricSeries where state.page.newestAt != nil: return state.page.series(asOf: end, maxGap: state.pageMaxGap)
        default:
            if present.isEmpty, state.isDeserted(asOf: end) { return signal == .up ? .value(0) : .missing(.unreachable) }
            return fold(signal, present.map { replica(signal, $0, from: start, to: end) })
        }
    }

    private func activeApps(_ open: OpenRuns) -> Evidence {
        var count = 0
        for slot in order {
            let active: Double
            switch rules.active(open.apps[slot], total: open.total) {
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
        case .healthFailures, .lostPolls:
            // One process that fails is not excused by another that is not read.
            if let most = values.max(), most > 0 { return .value(most) }
        default: break
        }
        var reasons = readings.map(\.reason)
        // Of what was lost on the way nothing is said: the others' checks stand.
        if signal == .healthFailures, !values.isEmpty { reasons.removeAll { $0 == .noTraffic } }
        if let reason = Evaluation.combine(reasons) { return .missing(reason) }
        switch signal {
        case .healthy, .uptime: return .value(values.min() ?? 0)
        case .healthLatency, .mongodbLatency, .perfSeconds, .perfPolled, .healthFailures, .lostPolls, .lineLoss, .loopLag,
            // A deploy that goes from process to process restarts each of them once: a loop is one process's.
            .restarts:
            return .value(values.max() ?? 0)
        default: return .value(values.reduce(0, +))
        }
    }
}
