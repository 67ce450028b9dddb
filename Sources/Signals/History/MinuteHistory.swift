import Model

/// The closed UTC minutes of a runtime and its apps, for as long as functions look back. An app's minutes are kept only
/// where they are not what an idle app's are, so an idle app costs nothing.
struct MinuteHistory: Sendable {
    /// The first minute that has not closed.
    var nextMinute: Int64 = 0
    var hasBegun = false
    /// Of each minute from `firstMinute` on: why it says nothing about chats, and which counters were dead.
    var statuses: ContiguousArray<Status> = []
    /// By signal, in the order of the signals: those that functions look at.
    var tracks: [Track] = []
    /// What days and months brought so far.
    var totals = PeriodTotals()

    struct Status: Hashable, Sendable {
        var missing: MissingReason?
        var dead: UInt8
    }

    struct Track: Sendable {
        let signal: Signal
        /// The minute of the first element of `runtime`.
        var first: Int64
        var runtime: ContiguousArray<Evidence> = []
        /// By app slot.
        var apps: ContiguousArray<Series> = []
    }

    /// An app's minutes that are not idle. NaN: nothing can be said of that minute.
    struct Series: Sendable {
        var entries: ContiguousArray<MinuteEntry> = []
    }

    private var firstMinute: Int64 { nextMinute - Int64(statuses.count) }

    /// Starts with the minute of the first moment.
    mutating func begin(at moment: Int64) {
        guard !hasBegun else { return }
        hasBegun = true
        nextMinute = Timestamp(milliseconds: moment).minute
    }

    /// Leaves out minutes that were never watched, when there are too many to count them one by one.
    mutating func skip(to minute: Int64) {
        guard minute > nextMinute else { return }
        statuses = []
        tracks = []
        nextMinute = minute
    }

    /// Takes in the next minute: its runtime row, and behind it those of its apps, whose slots these are.
    mutating func add(_ rows: [MinuteRow], slots: [Int], _ options: SignalOptions) {
        let whole = rows[0]
        let capacity = (slots.max() ?? -1) + 1
        let rules = CounterRules(alive: whole.liveCounters, dead: whole.deadCounters, price: options.price)
        retrack(options.ranges)
        totals.add(rows, rules, options)
        for index in tracks.indices {
            let signal = tracks[index].signal
            let raw = Int(signal.rawValue)
            tracks[index].runtime.append(raw < whole.readings.count ? whole.readings[raw] : .missing(.notTracked))
            if signal.isOfGate {
                guard let watched = whole.watch?.gateWatched, watched > 0 else { continue }
                tracks[index].reserve(capacity)
                for place in slots.indices {
                    let asked = rows[place + 1].gate.part(signal) ?? 0
                    guard asked > 0 else { continue }
                    let value = asked / max(watched, Evaluation.leastCoverage)
                    tracks[index].apps[slots[place]].entries.append(MinuteEntry(minute: nextMinute, value: value))
                }
                continue
            }
            guard whole.chatsMissing == nil, rules.deadReason(signal) == nil else { continue }
            tracks[index].reserve(capacity)
            let keepsZero = !MinuteHistory.idleIsZero(signal)
            for place in slots.indices {
                let row = place + 1
                let value: Double
                switch rules.minute(signal, rows[row].sums, rows[row].gauges, rows[row].latencies, of: whole) {
                case .value(let known) where known != 0 || keepsZero: value = known
                case .missing(let reason) where reason != .noTraffic && reason != .notTracked: value = .nan
                default: continue
                }
                tracks[index].apps[slots[place]].entries.append(MinuteEntry(minute: nextMinute, value: value))
            }
        }
        statuses.append(Status(missing: whole.chatsMissing, dead: whole.deadCounters))
        nextMinute += 1
        trim(options.ranges)
    }

    /// Whether an app without a kept minute had 0 in it; else it had no traffic.
    static func idleIsZero(_ signal: Signal) -> Bool {
        switch signal.shape {
        case .ratio, .quantile: false
        case .gauge: signal != .activeRunsShare
        case .rate, .count: true
        }
    }

    /// Forgets apps' minutes, so that other apps may have their slots.
    mutating func clear(_ freed: FreedSlots) {
        for index in tracks.indices {
            for slot in freed.slots where slot < tracks[index].apps.count { tracks[index].apps[slot] = Series() }
        }
    }

    /// Keeps tracks for the signals that functions look at, in the order of the signals.
    private mutating func retrack(_ ranges: [Signal: TimeSpan]) {
        let wanted = Signal.allCases.filter { ranges[$0] != nil }
        guard !tracks.lazy.map(\.signal).elementsEqual(wanted) else { return }
        tracks = wanted.map { signal in
            tracks.first { $0.signal == signal } ?? Track(signal: signal, first: nextMinute)
        }
    }

    /// Drops what no range reaches, some minutes at a time.
    private mutating func trim(_ ranges: [Signal: TimeSpan]) {
        let slack: Int64 = 16
        func surplus(_ count: Int, _ range: TimeSpan) -> Int {
            let wanted = (range.milliseconds + 59_999) / 60_000
            return Int64(count) > wanted + slack ? count - Int(wanted) : 0
        }
        let longest = ranges.values.max() ?? .zero
        statuses.removeFirst(surplus(statuses.count, longest))
        for index in tracks.indices {
            let gone = surplus(tracks[index].runtime.count, ranges[tracks[index].signal] ?? .zero)
            guard gone > 0 else { continue }
            tracks[index].runtime.removeFirst(gone)
            tracks[index].first += Int64(gone)
            for slot in tracks[index].apps.indices { tracks[index].apps[slot].trim(before: tracks[index].first) }
        }
    }

    // MARK: - Reading

    /// A function over the minutes of each app in `order`, and behind them of the runtime itself.
    /// - Parameter guesses: what its medians may well be, in the same order.
    func column(_ ref: SeriesRef, _ function: HistoryFunction, _ range: TimeSpan, order: [Int], near guesses: ContiguousArray<Double> = [])
        -> HistoryColumn
    {
        let window = MinuteWindow(ref.signal, end: nextMinute, range: range, exclude: ref.exclude, offset: ref.offset, ahead: ref.ahead)
        guard let track = tracks.first(where: { $0.signal == ref.signal }) else {
            return HistoryColumn(function: function, window: window, count: order.count + 1, parts: 1) { _, _ in MinuteValues() }
        }
        let hasApps = ref.signal.info.subjects.contains(.app)
        // Up to the last part that reaches into what is remembered. Those behind it hold no minute of anybody.
        let count = window.partCount(function)
        let parts = (1..<count).last { window.part(function, $0).upperBound > track.first }.map { $0 + 1 } ?? 1
        let coverages = (0..<parts).map { coverage(track, window.part(function, $0)) }
        let whole = function.comparesWindows && hasApps ? track.runtimeValues((0..<parts).lazy.map { window.part(function, $0) }) : []
        return HistoryColumn(function: function, window: window, count: order.count + 1, whole: whole, parts: parts, guesses: guesses) {
            index, part in
            let isOfApp = index < order.count
            guard hasApps || !isOfApp else { return MinuteValues(missing: .notTracked) }
            guard part < parts else { return MinuteValues() }
            // Whoever was not seen by then may have been forgotten since.
            if isOfApp, window.isEarlier, !track.knows(slot: order[index], before: window.part(function, part).upperBound) {
                return MinuteValues()
            }
            if isOfApp { return track.values(slot: order[index], window.part(function, part), coverages[part]) }
            return whole.isEmpty ? track.runtimeValues(window.part(function, part)) : whole[part]
        }
    }

    struct Coverage: Sendable {
        /// Minutes that say something about the signal.
        var watched = 0
        /// Why the newest of the others does not.
        var missing: MissingReason?
    }

    private func coverage(_ track: Track, _ range: Range<Int64>) -> Coverage {
        var coverage = Coverage()
        let low = max(range.lowerBound, track.first, firstMinute)
        guard low < min(range.upperBound, nextMinute) else { return coverage }
        let isOfGate = track.signal.isOfGate
        let isCost = track.signal == .cost
        for minute in low..<min(range.upperBound, nextMinute) {
            let status = statuses[Int(minute - firstMinute)]
            // As nearly every minute is: watched, and nothing dead.
            if !isOfGate, !isCost, status.missing == nil, status.dead == 0 {
                coverage.watched += 1
                continue
            }
            let rules = CounterRules(alive: ~status.dead, dead: status.dead, price: nil)
            if isOfGate {
                // Whatever is known of chats: the gate counts by itself.
                if case .missing(let reason) = track.runtimeReading(minute) {
                    coverage.missing = reason
                } else {
                    coverage.watched += 1
                }
            } else if let reason = status.missing {
                coverage.missing = reason
            } else if track.signal != .cost, let reason = rules.deadReason(track.signal) {
                coverage.missing = reason
            } else if track.signal == .cost, case .missing(let reason) = track.runtimeReading(minute) {
                coverage.missing = reason
            } else {
                coverage.watched += 1
            }
        }
        return coverage
    }
}

extension MinuteHistory.Track {
    /// Has room for so many slots.
    fileprivate mutating func reserve(_ capacity: Int) {
        while apps.count < capacity { apps.append(MinuteHistory.Series()) }
    }

    fileprivate func runtimeReading(_ minute: Int64) -> Evidence {
        let index = minute - first
        return index >= 0 && index < Int64(runtime.count) ? runtime[Int(index)] : .missing(.tooLittleData)
    }

    fileprivate func runtimeValues(_ range: Range<Int64>) -> MinuteValues { runtimeValues(CollectionOfOne(range))[0] }

    /// The same of several stretches, whose entries lie in one array: a day of windows would be a hundred and fifty of them.
    fileprivate func runtimeValues(_ ranges: some Collection<Range<Int64>>) -> [MinuteValues] {
        let known = first..<first + Int64(runtime.count)
        var parts: [MinuteValues] = []
        var places: [Range<Int>] = []
        parts.reserveCapacity(ranges.count)
        places.reserveCapacity(ranges.count)
        let most = ranges.reduce(0) { $0 + $1.clamped(to: known).count }
        // A slice that grows entry by entry is copied again and again: a day of minutes, at each of them.
        let entries = [MinuteEntry](unsafeUninitializedCapacity: most) { buffer, count in
            for range in ranges {
                var minutes = MinuteValues()
                let start = count
                for minute in range.clamped(to: known) {
                    switch runtime[Int(minute - first)] {
                    case .value(let value):
                        buffer.initializeElement(at: count, to: MinuteEntry(minute: minute, value: value))
                        count += 1
                    case .missing(.noTraffic): minutes.withoutTraffic += 1
                    case .missing(let reason): minutes.missing = reason
                    }
                }
                parts.append(minutes)
                places.append(start..<count)
            }
        }
        for index in parts.indices { parts[index].entries = entries[places[index]] }
        return parts
    }

    /// Whether anything is kept of an app that was before a minute.
    fileprivate func knows(slot: Int, before minute: Int64) -> Bool {
        slot < apps.count && apps[slot].entries.first.map { $0.minute < minute } == true
    }

    fileprivate func values(slot: Int, _ range: Range<Int64>, _ coverage: MinuteHistory.Coverage) -> MinuteValues {
        var minutes = MinuteValues(missing: coverage.missing)
        var entries = 0
        if slot < apps.count {
            minutes.entries = apps[slot].entries(in: max(range.lowerBound, first)..<max(range.upperBound, first))
            entries = minutes.entries.count
            if minutes.entries.contains(where: \.value.isNaN) {
                minutes.missing = .tooLittleData
                minutes.entries = ArraySlice(minutes.entries.filter { !$0.value.isNaN })
            }
        }
        let idle = max(0, coverage.watched - entries)
        if MinuteHistory.idleIsZero(signal) { minutes.zeros = idle } else { minutes.withoutTraffic = idle }
        return minutes
    }
}

extension MinuteHistory.Series {
    private func firstIndex(from minute: Int64) -> Int {
        guard let last = entries.last, last.minute >= minute else { return entries.count }
        // Where it is if no minute is left out, as in an app that always works.
        let dense = entries.count - Int(last.minute - minute + 1)
        if dense <= 0, entries[0].minute >= minute { return 0 }
        if dense > 0, entries[dense].minute == minute { return dense }
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].minute < minute { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Those of a stretch of minutes, without copying them.
    func entries(in minutes: Range<Int64>) -> ArraySlice<MinuteEntry> {
        entries[firstIndex(from: minutes.lowerBound)..<firstIndex(from: minutes.upperBound)]
    }

    fileprivate mutating func trim(before minute: Int64) {
        entries.removeFirst(firstIndex(from: minute))
    }
}
