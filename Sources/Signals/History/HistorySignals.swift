import Model

/// Readings from what is kept of a runtime's past: the counterpart of `RuntimeSignals`, with minutes in the place of
/// answers. Exact at the end of each minute; between those it knows nothing.
///
/// A window is a whole number of minutes, at least one: `run_starts[90s]` reads two. What a minute does not hold is
/// missing, with the reason that was kept.
public struct HistorySignals: Sendable {
    public let runtime: String
    public var options: SignalOptions
    private var apps = AppDirectory()
    private var history = MinuteHistory()
    /// The newest minutes, oldest first: as many as the longest window has.
    fileprivate var recent: [Minute] = []
    private var columns = HistoryColumns()

    /// A minute with its apps' rows by their slots.
    fileprivate struct Minute: Sendable {
        let whole: MinuteRow
        let rows: [MinuteRow]
        let slots: [Int]
    }

    public init(runtime: String, options: SignalOptions = SignalOptions()) {
        self.runtime = runtime
        self.options = options
    }

    /// The minute that was taken in last; nil before the first.
    public var newest: MinuteRow? { recent.last?.whole }

    /// Takes in the next minute: the runtime's row, then those of its apps. Minutes that were left out are a gap, in which
    /// nothing is known.
    public mutating func take(_ rows: [MinuteRow]) {
        guard let whole = rows.first, whole.app == nil else { return }
        columns.forget()
        fillGap(before: whole.minute)
        guard !history.hasBegun || whole.minute == history.nextMinute else { return }
        history.begin(at: whole.minute * 60_000)
        let ids = rows.dropFirst().compactMap(\.app)
        let slots = apps.slots(of: ids)
        let end = (whole.minute + 1) * 60_000
        for slot in slots { apps.lastSeen[slot] = end }
        // By slot, as the history asks for them.
        let order = slots.indices.sorted { slots[$0] < slots[$1] }
        let sorted = order.map { rows[$0 + 1] }
        let sortedSlots = order.map { slots[$0] }
        history.add([whole] + sorted, slots: sortedSlots, options)
        recent.append(Minute(whole: whole, rows: sorted, slots: sortedSlots))
        let longest = Int(HistorySignals.minutes(options.longestWindow))
        if recent.count > longest { recent.removeFirst(recent.count - longest) }
        let expired = apps.expire(before: end - options.appLifetime.milliseconds).slots
        guard !expired.isEmpty else { return }
        let freed = FreedSlots(expired)
        history.clear(freed)
        for index in recent.indices { recent[index] = recent[index].without(freed) }
    }

    /// Minutes of which nothing is kept stand in the history as not watched, those of a long gap not one by one.
    private mutating func fillGap(before minute: Int64) {
        guard history.hasBegun, minute > history.nextMinute else { return }
        let longest = (options.ranges.values.max() ?? .zero).milliseconds / 60_000
        recent = []
        if minute - history.nextMinute > longest { return history.skip(to: minute) }
        while history.nextMinute < minute { history.add([.unwatched(history.nextMinute)], slots: [], options) }
    }

    private static func minutes(_ span: TimeSpan) -> Int64 { max(1, (span.milliseconds + 59_999) / 60_000) }

    // MARK: - Readings

    /// The readings at the end of the newest minute, one slot for each element of `demand`; nil before the first minute.
    public mutating func readings(demand: [SeriesRef]) -> ReadingTable? {
        guard let newest = recent.last else { return nil }
        let view = View(signals: self, newest: newest)
        var runtimeColumn: [Evidence] = []
        var plain: [ReadingTable.Column] = []
        var replicaColumns: [[Evidence]] = []
        let replicas = newest.whole.watch?.replicas ?? []
        let kind = newest.whole.watch?.kind ?? .runtime
        var windows: [Int64: Window] = [:]
        var stretches: [Int: Range<Int64>] = [:]
        var floors: [Int: ReadingTable.Floors] = [:]
        let end = Timestamp(milliseconds: (newest.whole.minute + 1) * 60_000)
        for (slot, ref) in demand.enumerated() {
            let subjects = ref.signal.info.subjects
            let whole: Evidence
            let own: ReadingTable.Column
            let count = HistorySignals.minutes(ref.window ?? options.window)
            if ref.scope == .workflow {
                // Minutes tell of apps.
                runtimeColumn.append(.missing(.notTracked))
                plain.append(.same(.missing(.notTracked)))
                replicaColumns.append([])
                continue
            }
            if ref.metric != nil {
                // Of pages of metrics nothing is kept.
                whole = .missing(.notTracked)
                own = .same(whole)
            } else if let period = ref.period {
                let figure = history.totals.figure(ref.signal, period, at: end, zone: options.zone, apps: apps.sorted)
                whole = subjects.contains(kind.subject) ? figure.runtime : .missing(.notTracked)
                own = figure.apps.isEmpty ? .same(figure.runtime) : .plain(figure.apps)
                floors[slot] = figure.floors
            } else if let function = ref.function, let range = ref.range {
                let key = ref.ofSubject
                let column = columns.column(key) { history.column(key, function, range, order: apps.order, near: $0) }
                stretches[slot] = column.stretch
                whole = subjects.contains(kind.subject) ? column.value(at: apps.order.count) : .missing(.notTracked)
                own = .history(column)
            } else {
                let window = ref.signal.isWindowed ? windows[count] ?? self.window(count) : Window()
                if ref.signal.isWindowed { windows[count] = window }
                whole = subjects.contains(kind.subject) ? view.runtime(ref.signal, window) : .missing(.notTracked)
                let isNeeded = subjects.contains(.app) && ref.scope.isOfApp
                own = isNeeded ? view.apps(ref.signal, window) : .same(.missing(.notTracked))
            }
            runtimeColumn.append(whole)
            plain.append(ref.scope == .runtime ? .same(whole) : own)
            replicaColumns.append(
                replicas.indices.map { index in
                    guard ref.function == nil else { return .missing(.notTracked) }
                    return self.replica(index, replicas[index].url, ref.signal, count)
                })
        }
        return ReadingTable(
            runtime: runtime, kind: kind, at: end, demand: demand,
            apps: apps.sorted, replicas: replicas.map(\.url), runtimeColumn: runtimeColumn, columns: plain,
            replicaColumns: replicaColumns, floors: floors, stretches: stretches, namesAllReplicas: !replicas.isEmpty)
    }

    /// Sums over the newest minutes.
    fileprivate struct Window {
        var minutes: Int64 = 0
        /// Why the window says nothing about chats.
        var missing: MissingReason?
        var total = MinuteSums()
        /// By slot.
        var sums: ContiguousArray<MinuteSums> = []
        /// By slot: runs that ended with nothing done.
        var silent: ContiguousArray<Double> = []
        /// Watched minutes.
        var watched = 0.0
        var watch = WatchMinute()
        /// What the gate counted, of all and by slot.
        var gate = GateSums()
        var gateApps: ContiguousArray<GateSums> = []
        /// Why it says nothing.
        var gateMissing: MissingReason?
        /// The parts of it, oldest first.
        var parts: ArraySlice<Minute> = []
        /// What was counted of latencies, once it was asked for: by every quantile, of apps and of the runtime.
        var counted: CountedLatencies?

        /// The restarts of the process that had most; nil where minutes of earlier versions tell of no process.
        var mostRestarts: Double? {
            var counts: [String: Double] = [:]
            for minute in parts {
                guard let replicas = minute.whole.watch?.replicas else { return nil }
                for replica in replicas { counts[replica.url, default: 0] += replica.restarts }
            }
            return counts.values.max()
        }
    }

    fileprivate final class CountedLatencies {
        var bySlot: ContiguousArray<[MinuteRow.LatencyCount]>?
        var all: [MinuteRow.LatencyCount]?
    }

    private func window(_ count: Int64) -> Window {
        var window = Window(minutes: count, sums: ContiguousArray(repeating: MinuteSums(), count: apps.capacity))
        window.counted = CountedLatencies()
        window.silent = ContiguousArray(repeating: 0, count: apps.capacity)
        window.parts = recent.suffix(Int(count))
        for minute in window.parts where minute.whole.chatsMissing == nil {
            window.total.add(minute.whole.sums)
            window.watched += minute.whole.watched
            // By index: a copy of a row counts references to all that it holds, for each app of each minute.
            for index in minute.slots.indices {
                window.sums[minute.slots[index]].add(minute.rows[index].sums)
                window.silent[minute.slots[index]] += minute.rows[index].silent
            }
        }
        for minute in window.parts {
            guard let watch = minute.whole.watch else { continue }
            window.watch.judgedEnds += watch.judgedEnds
            window.watch.silentEnds += watch.silentEnds
            window.watch.llmCalls += watch.llmCalls
            window.watch.llmWatched += watch.llmWatched
        }
        window.gateApps = ContiguousArray(repeating: GateSums(), count: apps.capacity)
        for minute in window.parts {
            guard let watched = minute.whole.watch?.gateWatched, watched > 0 else { continue }
            window.watch.gateWatched += watched
            window.gate.add(minute.whole.gate)
            for index in minute.slots.indices { window.gateApps[minute.slots[index]].add(minute.rows[index].gate) }
        }
        window.gateMissing = window.parts.last?.whole.reading(.gateStarts).reason
        if window.gateMissing == nil, window.watch.gateWatched < Double(count) * Evaluation.leastCoverage {
            window.gateMissing = .tooLittleData
        }
        // As live: what was heard last must be evidence, and enough of the window must have been watched.
        window.missing = window.parts.last?.whole.chatsMissing
        if window.missing == nil, window.watched < Double(count) * Evaluation.leastCoverage {
            window.missing = .tooLittleData
        }
        return window
    }

    /// The readings at the end of one minute.
    private struct View {
        let signals: HistorySignals
        let newest: Minute
        private(set) var rules: CounterRules

        init(signals: HistorySignals, newest: Minute) {
            self.signals = signals
            self.newest = newest
            rules = CounterRules(
                alive: newest.whole.liveCounters, dead: newest.whole.deadCounters, price: signals.options.price)
            rules.hasRuns = newest.whole.gauges.open > 0 || newest.whole.sums.starts > 0 || newest.whole.sums.ends > 0
        }

        func apps(_ signal: Signal, _ window: Window) -> ReadingTable.Column {
            if signal.isOfGate {
                if let reason = window.gateMissing { return .same(.missing(reason)) }
                return .plain(
                    ContiguousArray(
                        signals.apps.order.map { slot in
                            .value((window.gateApps[slot].part(signal) ?? 0) / window.watch.gateWatched)
                        }))
            }
            if let reason = rules.deadReason(signal) { return .same(.missing(reason)) }
            let order = signals.apps.order
            if signal.info.shape == .gauge {
                if let reason = newest.whole.chatsMissing { return .same(.missing(reason)) }
                var gauges = ContiguousArray(repeating: RunGauges(), count: signals.apps.capacity)
                for (row, slot) in zip(newest.rows, newest.slots) { gauges[slot] = row.gauges }
                return .plain(
                    ContiguousArray(order.map { rules.gauge(signal, gauges[$0], total: newest.whole.gauges) }))
            }
            if let reason = window.missing { return .same(.missing(reason)) }
            if signal == .errorRate { return .plain(ContiguousArray(order.map { rules.errorRate(window.sums[$0]) })) }
            if let quantile = Evaluation.quantile(signal) {
                let counts = window.latencies(capacity: signals.apps.capacity)
                return .plain(
                    ContiguousArray(
                        order.map { slot in
                            LatencyIndex.quantile(quantile, counts[slot]).map { .value($0) } ?? .missing(.noTraffic)
                        }))
            }
            if signal == .silentRuns {
                guard rules.sight == .sighted else { return .same(.missing(rules.dead == 0 ? .tooLittleData : .deadCounter)) }
                return .plain(ContiguousArray(order.map { .value(window.silent[$0] / window.watched) }))
            }
            return .plain(
                ContiguousArray(
                    order.map { slot in
                        rules.part(signal, window.sums[slot]).map { .value($0 / window.watched) }
                            ?? .missing(.notTracked)
                    }))
        }

        func runtime(_ signal: Signal, _ window: Window) -> Evidence {
            if signal.isOfGate {
                if let reason = window.gateMissing { return .missing(reason) }
                return .value((window.gate.part(signal) ?? 0) / window.watch.gateWatched)
            }
            if let reason = rules.deadReason(signal) { return .missing(reason) }
            let now = newest.whole.reading(signal)
            switch signal.info.shape {
            case .gauge: return signal == .up ? HistorySignals.up(now, newest.whole.reading) : now
            case .count:
                guard case .value = now else { return now }
                if signal == .restarts, let most = window.mostRestarts { return .value(most) }
                return .value(window.parts.reduce(0) { $0 + ($1.whole.reading(signal).value ?? 0) })
            case .rate, .ratio, .quantile: break
            }
            if signal == .llmCalls {
                // Missing in the newest minute for another reason than that nothing was counted in it: so it is.
                if case .missing(let reason) = now, reason != .tooLittleData { return now }
                guard window.watch.llmWatched >= Double(window.minutes) * Evaluation.leastCoverage else {
                    return .missing(.tooLittleData)
                }
                return .value(window.watch.llmCalls / window.watch.llmWatched)
            }
            if signal == .healthFailures || signal == .lostPolls {
                // Minutes hold as many polls as each other, but for the missing ones.
                guard now.value != nil || now.reason == .noTraffic else { return now }
                let values = window.parts.compactMap { $0.whole.reading(signal).value }
                return values.isEmpty ? now : .value(values.reduce(0, +) / Double(values.count))
            }
            if signal.info.subjects.contains(.app)
                || [.silentRunsShare, .silentRunsRest, .errorRateRest, .turnLatencyP95Rest].contains(signal),
                let reason = window.missing
            {
                return .missing(reason)
            }
            if signal == .silentRunsShare {
                if case .missing(let reason) = now, reason != .noTraffic { return now }
                return CounterRules.ratio(window.watch.silentEnds, window.watch.judgedEnds)
            }
            if signal == .silentRunsRest {
                // Whose runs were silent is not kept: the minutes' own answers stand for the window's.
                guard now.value != nil || now.reason == .noTraffic else { return now }
                let values = window.parts.compactMap { $0.whole.reading(signal).value }
                return values.isEmpty ? now : .value(values.reduce(0, +) / Double(values.count))
            }
            if signal == .errorRate { return rules.errorRate(window.total) }
            if signal == .errorRateRest { return rules.errorRateRest(window.total, window.sums) }
            if signal == .turnLatencyP95Rest {
                let counts = window.latencies(capacity: signals.apps.capacity)
                return LatencyIndex.quantileOfRest(0.95, counts, all: window.allLatencies()).map { .value($0) } ?? .missing(.noTraffic)
            }
            if let quantile = Evaluation.quantile(signal) {
                return LatencyIndex.quantile(quantile, window.allLatencies()).map { .value($0) } ?? .missing(.noTraffic)
            }
            guard let part = rules.part(signal, window.total) else { return now }
            return .value(part / window.watched)
        }
    }

    /// A minute keeps what its last poll said of `up`. One in which a process started, or in which its health was good at
    /// times, was not down from end to end: a process that dies within each minute is no outage of many minutes.
    private static func up(_ now: Evidence, _ reading: (Signal) -> Evidence) -> Evidence {
        guard now == .value(0) else { return now }
        let hasAnswered = (reading(.restarts).value ?? 0) > 0 || (reading(.healthFailures).value ?? 100) < 100
        return hasAnswered ? .value(1) : now
    }

    /// A replica's reading; a count is summed over the window.
    private func replica(_ index: Int, _ url: String, _ signal: Signal, _ count: Int64) -> Evidence {
        func reading(_ minute: Minute) -> Evidence {
            let replicas = minute.whole.watch?.replicas ?? []
            guard let place = replicas.firstIndex(where: { $0.url.isSame(as: url) }) else {
                return .missing(.tooLittleData)
            }
            let raw = Int(signal.rawValue)
            return raw < replicas[place].readings.count ? replicas[place].readings[raw] : .missing(.notTracked)
        }
        guard let newest = recent.last else { return .missing(.tooLittleData) }
        let now = reading(newest)
        if signal == .up {
            return HistorySignals.up(now) { other in
                let raw = Int(other.rawValue)
                let own = newest.whole.watch?.replicas.first { $0.url.isSame(as: url) }?.readings ?? []
                return raw < own.count ? own[raw] : .missing(.notTracked)
            }
        }
        guard signal.info.shape == .count || signal.info.shape == .rate, case .value = now else { return now }
        let values = recent.suffix(Int(count)).compactMap { reading($0).value }
        let sum = values.reduce(0, +)
        return .value(signal.info.shape == .count ? sum : sum / Double(max(1, values.count)))
    }
}

extension HistorySignals.Minute {
    /// The same without apps whose slots are to be given to others.
    fileprivate func without(_ freed: FreedSlots) -> HistorySignals.Minute {
        guard slots.contains(where: freed.contains) else { return self }
        let kept = slots.indices.filter { !freed.contains(slots[$0]) }
        return .init(whole: whole, rows: kept.map { rows[$0] }, slots: kept.map { slots[$0] })
    }
}

extension HistorySignals.Window {
    /// Counts of latencies by slot, each ascending by bucket.
    fileprivate func latencies(capacity: Int) -> ContiguousArray<[MinuteRow.LatencyCount]> {
        if let known = counted?.bySlot { return known }
        var counts = ContiguousArray<[MinuteRow.LatencyCount]>(repeating: [], count: capacity)
        for minute in parts where minute.whole.chatsMissing == nil {
            for (row, slot) in zip(minute.rows, minute.slots) where !row.latencies.isEmpty {
                counts[slot].append(contentsOf: row.latencies)
            }
        }
        for slot in counts.indices where counts[slot].count > 1 { counts[slot].sort { $0.bucket < $1.bucket } }
        counted?.bySlot = counts
        return counts
    }

    fileprivate func allLatencies() -> [MinuteRow.LatencyCount] {
        if let known = counted?.all { return known }
        var totals = ContiguousArray<UInt32>(repeating: 0, count: LatencyBuckets.count)
        for minute in parts where minute.whole.chatsMissing == nil {
            for row in minute.rows {
                for latency in row.latencies { totals[Int(latency.bucket)] &+= latency.count }
            }
        }
        let all = totals.indices.filter { totals[$0] > 0 }.map { MinuteRow.LatencyCount(bucket: UInt16($0), count: totals[$0]) }
        counted?.all = all
        return all
    }
}
