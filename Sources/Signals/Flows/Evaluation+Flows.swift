import Model

/// Readings of workflows: of what was counted by them as it is made of what is counted by app.
extension Evaluation {
    /// The workflows in the order of the table.
    var flowRows: [ReadingTable.Workflow] {
        let directory = state.shared.flows.directory
        guard options.tracksWorkflows, !directory.isEmpty else { return [] }
        var ranks = ContiguousArray(repeating: -1, count: capacity)
        for (rank, slot) in order.enumerated() { ranks[slot] = rank }
        return directory.order.compactMap { slot in
            directory.flows[slot].map { ReadingTable.Workflow(app: ranks[$0.app], name: PackID(bytes: $0.name)) }
        }
    }

    /// A window's sums by workflow, over all replicas that count.
    struct FlowWindow {
        var missing: MissingReason?
        /// By slot, plain.
        var sums: ContiguousArray<MinuteSums> = []
        /// By slot, per minute of watched time.
        var rates: ContiguousArray<MinuteSums> = []
        /// Runs that ended with nothing done, per minute of watched time.
        var silent: ContiguousArray<Double> = []
    }

    /// Open runs by workflow, over all replicas that count.
    struct FlowRuns {
        var missing: MissingReason?
        /// By slot, as the bodies show them.
        var flows: ContiguousArray<RunGauges> = []
        /// The same of their apps, by the app's slot.
        var apps: ContiguousArray<RunGauges> = []
    }

    /// One demanded series.
    func flows(_ signal: Signal, from start: Int64, _ shared: inout SharedWindows) -> FlowColumns.Column {
        let directory = state.shared.flows.directory
        guard signal.info.subjects.contains(.workflow) else { return .init() }
        if let reason = rules.deadReason(signal) { return .init(same: .missing(reason)) }
        if signal.info.shape == .gauge { return openFlows(signal, &shared) }
        let window = flowWindow(from: start, &shared)
        if let reason = window.missing { return .init(same: .missing(reason)) }
        func column(_ reading: (Int) -> Evidence) -> FlowColumns.Column {
            .init(plain: ContiguousArray(directory.order.lazy.map(reading)))
        }
        if signal == .errorRate { return column { rules.errorRate(window.sums[$0]) } }
        if let quantile = Evaluation.quantile(signal) {
            let latencies = flowLatencies(from: start, &shared)
            return column { latencies.quantile(quantile, slot: $0).map { .value($0) } ?? .missing(.noTraffic) }
        }
        if signal == .silentRuns {
            guard rules.sight == .sighted else {
                return .init(same: .missing(state.endedRuns >= CounterWatch.leastEndedRuns ? .deadCounter : .tooLittleData))
            }
            // Of a workflow of which no run was ever seen to count anything nothing is known of single runs.
            return column { slot in
                let isCounted = window.silent[slot] <= 0 || directory.flows[slot]?.hasWorked == true
                return isCounted ? .value(window.silent[slot]) : .missing(.deadCounter)
            }
        }
        return column { rules.part(signal, window.rates[$0]).map { .value($0) } ?? .missing(.notTracked) }
    }

    // MARK: - Windows

    private func flowWindow(from start: Int64, _ shared: inout SharedWindows) -> FlowWindow {
        if let known = shared.flows.first(where: { $0.start == start }) { return known.window }
        let window = flowWindow(from: start)
        shared.flows.append((start, window))
        return window
    }

    private func flowWindow(from start: Int64) -> FlowWindow {
        var window = FlowWindow()
        var stretches: [(FlowLog, TimeAxis.Stretch)] = []
        let least = Double(at - start) * Evaluation.leastCoverage
        window.missing = combine(
            present.map { replica in
                if let reason = replica.chatsMissing(asOf: at, options) { return reason }
                // Workflows may be counted for less long than apps are.
                guard let stretch = replica.flows.axis.stretch(from: start, to: at), stretch.covered > 0, stretch.covered >= least
                else { return .tooLittleData }
                stretches.append((replica.flows, stretch))
                return nil
            })
        guard window.missing == nil else { return window }
        let count = state.shared.flows.directory.capacity
        window.sums = ContiguousArray(repeating: MinuteSums(), count: count)
        window.rates = window.sums
        window.silent = ContiguousArray(repeating: 0, count: count)
        for (log, stretch) in stretches {
            let perMinute = 60_000 / stretch.covered
            log.parts(stretch) { flow, totals, share in
                window.sums[flow].add(totals, minus: AppTotals(), share)
                window.rates[flow].add(totals, minus: AppTotals(), share * perMinute)
                window.silent[flow] += Double(totals.silent) * share * perMinute
            }
        }
        return window
    }

    private func flowLatencies(from start: Int64, _ shared: inout SharedWindows) -> LatencyIndex {
        if let known = shared.flowLatencies.first(where: { $0.start == start }) { return known.index }
        let flows = state.shared.flows
        let index = LatencyIndex(flows.latencies, flows.latencies.range(from: start, to: at), capacity: flows.directory.capacity)
        shared.flowLatencies.append((start, index))
        return index
    }

    // MARK: - Open runs

    private func openFlows(_ signal: Signal, _ shared: inout SharedWindows) -> FlowColumns.Column {
        let open = open(asOf: at, checksNow: true, &shared)
        let runs = flowRuns(&shared)
        if let reason = open.missing ?? runs.missing { return .init(same: .missing(reason)) }
        let directory = state.shared.flows.directory
        var column = FlowColumns.Column()
        for slot in directory.order {
            let app = directory.flows[slot]?.app ?? 0
            let own = runs.flows[slot]
            guard open.isTold, open.apps[app] != runs.apps[app] else {
                column.plain.append(rules.gauge(signal, own, total: open.total))
                column.floors.append(rules.floor(signal, own, total: open.total))
                continue
            }
            let (reading, floor) = Told(app: open.apps[app], shown: runs.apps[app], own: own).reading(signal, rules)
            column.plain.append(reading)
            column.floors.append(floor)
        }
        if column.floors.allSatisfy({ $0 == nil }) { column.floors = [] }
        return column
    }

    private func flowRuns(_ shared: inout SharedWindows) -> FlowRuns {
        if let known = shared.flowRuns { return known }
        var runs = FlowRuns()
        runs.missing = combine(
            present.map { replica in
                // Counted since the newest answer only, or not yet: the next one tells.
                replica.flows.axis.last == replica.log.axis.last ? nil : .tooLittleData
            })
        if runs.missing == nil {
            runs.flows = ContiguousArray(repeating: RunGauges(), count: state.shared.flows.directory.capacity)
            runs.apps = ContiguousArray(repeating: RunGauges(), count: capacity)
            for replica in present {
                for slot in replica.flows.gauges.indices { runs.flows[slot].add(replica.flows.gauges[slot]) }
                guard let row = replica.log.rows.last else { continue }
                for slot in row.gauges.indices { runs.apps[slot].add(row.gauges[slot]) }
            }
        }
        shared.flowRuns = runs
        return runs
    }
}

/// What follows for one workflow from what the runtime itself tells of its app: how many of the app's runs really run, and not
/// which. Where that leaves several numbers open, the workflow's is not known.
private struct Told {
    /// The app's open runs as the runtime tells them, and as its chats show them.
    let app: RunGauges
    let shown: RunGauges
    /// The workflow's, as its chats show them.
    let own: RunGauges

    /// The reading, and what it is at the least where it is not known.
    func reading(_ signal: Signal, _ rules: CounterRules) -> (Evidence, floor: Double?) {
        let running = Int64(app.young)
        // Those that run again after their end stand open nowhere, and are of any workflow.
        let more = max(0, running + Int64(app.ghosts) - shown.open)
        let least = min(own.open, max(0, running - more - (shown.open - own.open)))
        let most = min(own.open, running)
        switch signal {
        case .openRuns: return (.value(Double(own.open)), nil)
        case .activeRuns:
            let isKnown = least == most && more == 0
            return isKnown ? (.value(Double(least)), nil) : (.missing(.contradictory), least > 0 ? Double(least) : nil)
        case .stalledRuns:
            guard rules.sight == .sighted else { return (rules.stalled(own), nil) }
            return least == most && more == 0 ? (.value(Double(own.open - least)), nil) : (.missing(.contradictory), nil)
        case .ghostRuns:
            if app.ghosts == 0 || own.open == 0 { return (.value(0), nil) }
            return own.open == shown.open ? (.value(Double(app.ghosts)), nil) : (.missing(.contradictory), nil)
        default: return (.missing(.notTracked), nil)
        }
    }
}
