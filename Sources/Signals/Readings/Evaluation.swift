import Model

/// Derives readings from a runtime's state as of one moment. What several slots share is computed once.
struct Evaluation {
    let state: RuntimeSignals
    /// ms.
    let at: Int64
    /// The replicas that count: those that are not absent, or all when all are.
    let present: [ReplicaState]
    private(set) var rules: CounterRules
    var order: [Int] { state.shared.apps.order }
    var capacity: Int { state.shared.apps.capacity }
    var options: SignalOptions { state.options }

    init(_ state: RuntimeSignals, at: Int64) {
        self.state = state
        self.at = at
        // One alone counts in any case.
        let present = state.replicas.count == 1 ? [] : state.replicas.filter { !$0.isAbsent(asOf: at, state.options) }
        self.present = present.isEmpty ? state.replicas : present
        rules = CounterRules(
            alive: state.shared.counters.moved, dead: state.shared.counters.dead(ended: state.endedRuns),
            price: state.options.price)
        rules.hasRuns = state.replicas.contains { $0.chats.count > 0 }
    }

    /// One reason for all replicas: none, the worst when all lack evidence, `partial` when some do.
    static func combine(_ reasons: [MissingReason?]) -> MissingReason? {
        guard !reasons.isEmpty else { return .tooLittleData }
        let missing = reasons.compactMap { $0 }
        if missing.isEmpty { return nil }
        if missing.count < reasons.count { return .partial }
        return missing.min { rank($0) < rank($1) }
    }

    /// The same of the replicas that count; where nobody is, nobody can be reached.
    func combine(_ reasons: [MissingReason?]) -> MissingReason? {
        reasons.isEmpty && state.isDeserted(asOf: at) ? .unreachable : Evaluation.combine(reasons)
    }

    private static func rank(_ reason: MissingReason) -> Int {
        switch reason {
        case .unreachable: 0
        case .unauthorized: 1
        case .error: 2
        case .malformed: 3
        case .partial: 4
        case .deadCounter: 5
        case .notTracked: 6
        case .stale: 7
        case .tooLittleData: 8
        case .noTraffic: 9
        case .contradictory: 10
        case .ambiguous: 11
        }
    }

    // MARK: - Windows over perf polls

    /// A window's sums over all replicas that count.
    struct PerfWindow {
        var missing: MissingReason?
        /// By app slot, plain.
        var sums: ContiguousArray<MinuteSums> = []
        var total = MinuteSums()
        /// By app slot, per minute of watched time; empty with one replica, where `perMinute` makes it of `sums`.
        var rates: ContiguousArray<MinuteSums> = []
        var totalRate = MinuteSums()
        var perMinute = 0.0
        var judgedEnds = 0.0
        var silentEnds = 0.0
        /// The part of the window that was watched, 0...1; the mean over replicas.
        var watched = 0.0

        func rate(_ slot: Int, _ part: (MinuteSums) -> Double) -> Double {
            rates.isEmpty ? part(sums[slot]) * perMinute : part(rates[slot])
        }
    }

    /// What share of a window must have been watched for its sum to stand for it.
    static let leastCoverage = 0.2

    /// `checksNow`: the newest answers must be evidence too, not only the time behind them.
    func perfWindow(from start: Int64, to end: Int64, checksNow: Bool, apps: Bool = true) -> PerfWindow {
        var window = PerfWindow()
        var stretches: [(ReplicaState, TimeAxis.Stretch)] = []
        let least = Double(end - start) * Evaluation.leastCoverage
        window.missing = combine(
            present.map { replica in
                if checksNow, let reason = replica.chatsMissing(asOf: end, options) { return reason }
                if replica.identity.isSeveral(asOf: end) { return .partial }
                guard let stretch = replica.log.axis.stretch(from: start, to: end), stretch.covered > 0,
                    stretch.covered >= least
                else { return replica.chatsMissing(asOf: end, options) ?? .tooLittleData }
                stretches.append((replica, stretch))
                return nil
            })
        guard window.missing == nil else { return window }
        let single = stretches.count == 1
        if apps {
            window.sums = ContiguousArray(repeating: MinuteSums(), count: capacity)
            if !single { window.rates = window.sums }
        }
        for (replica, stretch) in stretches {
            let perMinute = 60_000 / stretch.covered
            if apps {
                replica.log.add(stretch, scale: 1, to: &window.sums)
                if !single { replica.log.add(stretch, scale: perMinute, to: &window.rates) }
            }
            let total = replica.log.total(stretch)
            window.total.add(total)
            window.totalRate.add(total, times: perMinute)
            window.perMinute = perMinute
            window.watched += stretch.covered / Double(end - start) / Double(stretches.count)
            window.judgedEnds += stretch.sum {
                Double(replica.log.rows[$1].judgedEnds - replica.log.rows[$0].judgedEnds)
            }
            window.silentEnds += stretch.sum {
                Double(replica.log.rows[$1].silentEnds - replica.log.rows[$0].silentEnds)
            }
        }
        return window
    }

    /// Of the runs that ended in a window, those in which nothing happened. `missing` is the window's.
    func silentShare(_ window: PerfWindow, asOf moment: Int64, checksNow: Bool) -> Evidence {
        if let reason = window.missing { return .missing(reason) }
        // Where runs have counters that move each is judged by its own; else only by model calls of the whole process.
        let isSighted = rules.sight == .sighted
        if checksNow, !isSighted, let reason = Evaluation.combine(present.map { $0.eventsMissing(asOf: moment, options) }) {
            return .missing(reason)
        }
        guard state.shared.counters.hasUsage || isSighted else {
            return .missing(state.endedRuns >= CounterWatch.leastEndedRuns ? .deadCounter : .tooLittleData)
        }
        return CounterRules.ratio(window.silentEnds, window.judgedEnds)
    }

    /// Of the ended runs of each app, by slot, those that their own counters judge, and the silent ones among them: in
    /// all, and per minute of watched time. The window's `missing` is to be asked before.
    func silentByApp(from start: Int64, to end: Int64) -> ContiguousArray<SilentRuns> {
        var runs = ContiguousArray(repeating: SilentRuns(), count: capacity)
        for replica in present {
            guard let stretch = replica.log.axis.stretch(from: start, to: end), stretch.covered > 0 else { continue }
            let rows = replica.log.rows
            for slot in 0..<min(capacity, rows.last?.apps.count ?? 0) {
                func totals(_ index: Int) -> AppTotals {
                    slot < rows[index].apps.count ? rows[index].apps[slot] : AppTotals()
                }
                let judged = stretch.sum { Double(totals($1).judged - totals($0).judged) }
                guard judged > 0 else { continue }
                let silent = stretch.sum { Double(totals($1).silent - totals($0).silent) }
                runs[slot].judged += judged
                runs[slot].silent += silent
                runs[slot].perMinute += silent * 60_000 / stretch.covered
            }
        }
        return runs
    }

    struct SilentRuns {
        var judged = 0.0
        var silent = 0.0
        var perMinute = 0.0
    }

    /// `silentShare` of all but the app that has most silent runs: one tenant whose runs die at once is no outage. Apps of
    /// which no run was ever seen to count anything are left out, too: what they run may be well without.
    func silentRest(_ window: PerfWindow, from start: Int64, to end: Int64, checksNow: Bool) -> Evidence {
        let whole = silentShare(window, asOf: end, checksNow: checksNow)
        guard case .value = whole else { return whole }
        let apps = silentByApp(from: start, to: end)
        let counted = countedApps(apps)
        var (judged, silent) = (window.judgedEnds, window.silentEnds)
        var most = SilentRuns()
        var areAllCounted = true
        for (slot, runs) in apps.enumerated() {
            guard counted[slot] else {
                (judged, silent, areAllCounted) = (judged - runs.judged, silent - runs.silent, false)
                continue
            }
            // Of two with as many the one with more that were well: what is left says the more.
            if (most.silent, most.judged) < (runs.silent, runs.judged) { most = runs }
        }
        // Parts of poll intervals leave a grain.
        if judged - most.judged > 1e-6 { return CounterRules.ratio(max(0, silent - most.silent), judged - most.judged) }
        if areAllCounted { return .missing(.noTraffic) }
        // One app alone is left that tells, and others' runs ended, too.
        return judged > 1e-6 ? CounterRules.ratio(max(0, silent), judged) : .missing(.deadCounter)
    }

    /// By app slot: whether a run of it was ever seen to count anything, as far as that matters: of an app without silent
    /// runs nobody asks.
    func countedApps(_ runs: ContiguousArray<SilentRuns>) -> ContiguousArray<Bool> {
        var counted = ContiguousArray(runs.map { $0.silent <= 0 })
        for replica in state.replicas {
            for slot in replica.totals.indices where slot < counted.count && replica.totals[slot].hasWorked { counted[slot] = true }
        }
        guard counted.contains(false) else { return counted }
        // Before it was watched, too.
        for replica in state.replicas {
            for index in 0..<replica.chats.count {
                let record = replica.chats[index]
                if record.hasWorked, Int(record.app) < counted.count { counted[Int(record.app)] = true }
            }
        }
        return counted
    }

    /// What the gate counted in (start, end].
    func gateWindow(from start: Int64, to end: Int64) -> GateLog.Window {
        state.gate.window(
            from: start, to: end, capacity: capacity, maxGap: state.gateMaxGap,
            lifetime: options.appLifetime.milliseconds)
    }

    // MARK: - Open runs

    /// What was open as of a moment, over all replicas that count.
    struct OpenRuns {
        var missing: MissingReason?
        /// By app slot.
        var apps: ContiguousArray<RunGauges> = []
        var total = RunGauges()
        /// By what the perf bodies say; nil when it cannot be told.
        var active: Int64?
        /// The runtime itself told what really runs.
        var isTold = false
    }

    /// `checksNow`: the newest answers must be evidence too, not only an answer not too long ago.
    func openRuns(asOf moment: Int64, checksNow: Bool) -> OpenRuns {
        var open = OpenRuns()
        open.missing = combine(
            present.map { replica in
                if checksNow { return replica.chatsMissing(asOf: moment, options) }
                if replica.identity.isSeveral(asOf: moment) { return .partial }
                guard let index = replica.log.axis.index(asOf: moment),
                    moment - replica.log.axis.at[index] <= replica.maxGap(.perf, options)
                else { return replica.chatsMissing(asOf: moment, options) ?? .tooLittleData }
                return nil
            })
        guard open.missing == nil else { return open }
        open.apps = ContiguousArray(repeating: RunGauges(), count: capacity)
        // Of several processes only when all of them tell.
        var bound: RunGauges.SocketBound?
        for replica in present {
            guard let index = replica.log.axis.index(asOf: moment) else { continue }
            let row = replica.log.rows[index]
            for slot in row.gauges.indices { open.apps[slot].add(row.gauges[slot]) }
            open.total.add(row.totalGauges)
            let own = row.totalGauges.socketBound
            bound = bound?.with(own) ?? own
        }
        open.total.socketBound = bound ?? .none
        applyInside(&open, asOf: moment)
        open.active = rules.active(open.total, total: open.total).value.map { Int64($0) }
        return open
    }

    static func quantile(_ signal: Signal) -> Double? {
        switch signal {
        case .turnLatencyP50: 0.5
        case .turnLatencyP95: 0.95
        case .turnLatencyP99: 0.99
        default: nil
        }
    }
}
