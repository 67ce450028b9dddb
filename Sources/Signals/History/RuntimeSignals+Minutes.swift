import Model

extension RuntimeSignals {
    /// Rows that nobody drains are held to this many, the newest.
    private static var mostClosedRows: Int { 50_000 }
    /// Minutes without any watching behind which the history starts anew, beyond the longest range.
    private static var mostEmptyMinutes: Int64 { 120 }

    /// Closes the minutes that every replica has polled past, and those that none will any more.
    mutating func closeMinutes() {
        guard history.hasBegun, !replicas.isEmpty || isDeserted else { return }
        let longest = (options.ranges.values.max() ?? .zero).milliseconds / 60_000 + RuntimeSignals.mostEmptyMinutes
        let oldest = Timestamp(milliseconds: newestAt).minute - longest
        if history.nextMinute < oldest { history.skip(to: oldest) }
        while isOver(history.nextMinute) { close(history.nextMinute) }
        if closed.count > RuntimeSignals.mostClosedRows {
            closed.removeFirst(closed.count - RuntimeSignals.mostClosedRows)
        }
    }

    private func isOver(_ minute: Int64) -> Bool {
        let end = (minute + 1) * 60_000
        guard newestAt >= end else { return false }
        return replicas.allSatisfy { replica in
            // What is no runtime shows no chats: its own looks tell how far it was seen.
            (options.kind.endpoint.map { replica.newestAt($0) ?? .min } ?? replica.log.axis.last ?? .min) >= end
                || replica.isAbsent(asOf: newestAt, options)
                || newestAt - end > replica.maxGap(.perf, options)
        }
    }

    private mutating func close(_ minute: Int64) {
        historyColumns.forget()
        let (rows, slots) = Evaluation(self, at: (minute + 1) * 60_000).minute(minute)
        history.add(rows, slots: slots, options)
        // Usually everything was drained, and the rows need not be copied.
        if closed.isEmpty { closed = rows } else { closed.append(contentsOf: rows) }
    }

    /// Brings back minutes that `drainClosedMinutes` gave out, in any order. They replace what is remembered of minutes;
    /// those that have not closed yet by the kept core, and those before a gap, are left out. Without a core the newest
    /// row ends the past. Call it again with the journal's rows when policies look further back than before.
    public mutating func restore(minutes rows: [MinuteRow]) {
        historyColumns.forget()
        let end = history.hasBegun ? history.nextMinute : (rows.map(\.minute).max() ?? -1) + 1
        let longest = (options.ranges.values.max() ?? .zero).milliseconds / 60_000 + RuntimeSignals.mostEmptyMinutes
        let wanted = rows.filter { $0.minute < end && $0.minute >= end - longest }
        guard let first = wanted.map(\.minute).min() else { return }
        let knowsApps = shared.apps.capacity > 0
        let newApps = wanted.compactMap { $0.app }
        if !knowsApps {
            let slots = shared.apps.slots(of: newApps)
            for (slot, row) in zip(slots, wanted.filter { $0.app != nil }) {
                shared.apps.lastSeen[slot] = max(shared.apps.lastSeen[slot], (row.minute + 1) * 60_000)
            }
        }
        let byMinute = Dictionary(grouping: wanted, by: \.minute)
        var rebuilt = MinuteHistory()
        rebuilt.begin(at: first * 60_000)
        for minute in first..<end {
            let rows = byMinute[minute] ?? []
            let whole =
                rows.first { $0.app == nil }
                ?? MinuteRow(
                    minute: minute, app: nil, readings: Signal.allCases.map { _ in .missing(.tooLittleData) },
                    chatsMissing: .tooLittleData)
            let apps = rows.compactMap { row in
                row.app.flatMap { shared.apps.slot(of: $0) }.map { (slot: $0, row: row) }
            }.sorted { $0.slot < $1.slot }
            rebuilt.add([whole] + apps.map(\.row), slots: apps.map(\.slot), options)
        }
        rebuilt.totals.adopt(history.totals)
        history = rebuilt
    }
}

extension Evaluation {
    /// A closed minute's rows: the runtime's first, then those of the apps that were not idle, by their bytes, with the
    /// slots of these.
    func minute(_ minute: Int64) -> (rows: [MinuteRow], slots: [Int]) {
        let start = minute * 60_000
        var shared = SharedWindows()
        let window = perfWindow(from: start, to: at, checksNow: false)
        let open = openRuns(asOf: at, checksNow: false)
        let log = state.shared.latencies
        let latencies = LatencyIndex(log, log.range(from: start, to: at), capacity: capacity)
        var whole = MinuteRow(minute: minute, app: nil)
        whole.chatsMissing = window.missing ?? open.missing
        whole.deadCounters = rules.dead
        whole.liveCounters = rules.alive
        whole.sums = window.total.rounded()
        whole.gauges = open.total
        whole.watched = MinuteStep.round(window.watched, MinuteStep.time)
        let gate = gateWindow(from: start, to: at)
        whole.gate = gate.total.rounded()
        var watch = watchMinute(from: start, window)
        watch.gateWatched = gate.missing == nil ? MinuteStep.round(gate.covered / Double(at - start), MinuteStep.time) : 0
        whole.watch = watch
        whole.readings = Signal.allCases.map { signal in
            guard signal.info.subjects.contains(options.kind.subject) else { return .missing(.notTracked) }
            if signal.isOfGate {
                return whole.gateReading(signal) ?? .missing(gate.missing ?? .tooLittleData)
            }
            // As for an app, so that apps add up to their runtime.
            if whole.chatsMissing == nil, rules.part(signal, whole.sums) != nil || signal == .errorRate {
                return rules.minute(signal, whole, of: whole)
            }
            if signal == .restarts, let seen = watch.restartsSeen { return .value(seen) }
            let reading = runtime(signal, from: start, to: at, checksNow: false, &shared).rounded()
            guard case .value = reading else { return reading }
            if signal == .mongodbLatency, let worst = worstPing(present, from: start, to: at) {
                return Evidence.value(worst).rounded()
            }
            return watch.reading(signal) ?? reading
        }
        guard whole.chatsMissing == nil || watch.gateWatched > 0 else { return ([whole], []) }
        var rows: [MinuteRow] = []
        var slots: [Int] = []
        let asked = gate.apps.map { $0.rounded() }
        func starts(_ slot: Int) -> GateSums { slot < asked.count ? asked[slot] : GateSums() }
        guard whole.chatsMissing == nil else {
            // Nothing is known of chats; the gate counted all the same.
            rows.append(whole)
            for (slot, id) in zip(order, state.shared.apps.sorted) where starts(slot) != GateSums() {
                var row = MinuteRow(minute: minute, app: id)
                row.gate = starts(slot)
                rows.append(row)
                slots.append(slot)
            }
            return (rows, slots)
        }
        var sums = window.sums
        for slot in sums.indices { sums[slot] = sums[slot].rounded() }
        func isIdle(_ slot: Int) -> Bool {
            latencies.isEmpty(slot: slot) && open.apps[slot] == RunGauges() && sums[slot] == MinuteSums()
                && starts(slot) == GateSums()
        }
        let silent = rules.sight == .sighted ? silentByApp(from: start, to: at) : []
        let busy = order.reduce(0) { isIdle($1) ? $0 : $0 + 1 }
        rows.reserveCapacity(1 + busy)
        slots.reserveCapacity(busy)
        rows.append(whole)
        for (slot, id) in zip(order, state.shared.apps.sorted) {
            guard !isIdle(slot) else { continue }
            var row = MinuteRow(
                minute: minute, app: id, sums: sums[slot], gauges: open.apps[slot],
                latencies: latencies.counts(slot: slot))
            row.gate = starts(slot)
            if slot < silent.count { row.silent = MinuteStep.round(silent[slot].silent, MinuteStep.events) }
            rows.append(row)
            slots.append(slot)
        }
        return (rows, slots)
    }

    /// How the minute that ends now was polled, and its sums of the whole runtime.
    private func watchMinute(from start: Int64, _ window: PerfWindow) -> WatchMinute {
        var watch = WatchMinute()
        if window.missing == nil {
            watch.judgedEnds = MinuteStep.round(window.judgedEnds, MinuteStep.events)
            watch.silentEnds = MinuteStep.round(window.silentEnds, MinuteStep.events)
        }
        var watched = 0.0
        for replica in present {
            guard let stretch = replica.usageAxis.stretch(from: start, to: at), stretch.covered > 0 else { continue }
            watch.llmCalls += stretch.sum { Double(replica.usageSums[$1] - replica.usageSums[$0]) }
            watched += stretch.covered / Double(at - start) / Double(present.count)
        }
        watch.llmCalls = MinuteStep.round(watch.llmCalls, MinuteStep.events)
        watch.llmWatched = MinuteStep.round(watched, MinuteStep.time)
        for endpoint in options.kind.endpoint.map({ [$0] }) ?? WatchMinute.endpoints where endpoint != .gate {
            // Where nobody is, everybody was asked.
            let isAsked = state.isDeserted(asOf: at) && state.found.map { $0.askedAt > start } == true
            if isAsked || state.replicas.contains(where: { $0.wasHeard(endpoint, from: start, to: at) }) {
                watch.hear(endpoint)
            }
            watch.intervals.append(
                state.replicas.map { $0.interval(endpoint, options) }.max() ?? options.interval.milliseconds)
        }
        if state.gate.wasHeard(from: start, to: at) {
            watch.hear(.gate)
            watch.intervals.append(options.interval.milliseconds)
        }
        watch.replicas = state.replicas.map { replica in
            WatchMinute.Replica(
                url: replica.url,
                readings: Signal.allCases.map { signal in
                    guard signal.info.subjects.contains(.replica) else { return .missing(.notTracked) }
                    // A restart that was seen within the minute counts, though at its end the process is gone again.
                    if signal == .restarts, !replica.identity.isSeveral(asOf: at) {
                        let seen = replica.identity.restarts(from: start, to: at)
                        if seen > 0 { return .value(Double(seen)) }
                    }
                    let reading = self.replica(signal, replica, from: start, to: at)
                    if signal == .mongodbLatency, reading.value != nil, let worst = worstPing([replica], from: start, to: at) {
                        return Evidence.value(worst).rounded()
                    }
                    return reading.rounded()
                })
        }
        return watch
    }
}
