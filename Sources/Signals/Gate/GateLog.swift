import Model

/// Starts that the gate was asked about, and those among them that it refused.
struct GateTotals: Hashable, Sendable {
    var asked: Int64 = 0
    var refused: Int64 = 0

    init() {}

    init(_ starts: GateCounts.Starts) {
        asked = starts.asked
        refused = starts.refused
    }

    mutating func add(_ other: GateTotals) {
        Clamp.add(&asked, other.asked)
        Clamp.add(&refused, other.refused)
    }

    /// What was counted since; a counter that fell restarts from what it shows.
    func grown(since older: GateTotals) -> GateTotals {
        guard asked >= older.asked, refused >= older.refused else { return self }
        var grown = self
        grown.asked -= older.asked
        grown.refused -= older.refused
        return grown
    }
}

/// What the gate counted before one runtime, oldest first, for as long as windows and minutes need it.
///
/// - Counts of one gate process grow from zero: an app that was not among them was at zero. Another process starts anew;
///   what it counted before it was first read says nothing about a rate.
/// - Counts by app are kept for apps that the runtime has shown. The others count for the runtime only: whoever invents
///   ids makes no subject, no row of history and no incident of them.
struct GateLog: Sendable {
    struct Row: Sendable {
        /// By app slot: increments so far. Apps that came later are beyond the end.
        var apps: ContiguousArray<GateTotals> = []
        /// Of all apps, the unknown ones among them.
        var total = GateTotals()
    }

    private var track = EndpointTrack<GateFigures>()
    private(set) var axis = TimeAxis()
    private(set) var rows: ContiguousArray<Row> = []
    /// The process whose counts were read last, by its start; nil before the first time.
    private var process: [UInt8]?
    /// As that process showed them: whatever was above zero, also of apps without a slot.
    private var shown: [AppID: GateTotals] = [:]
    private var shownTotal = GateTotals()
    /// When a proxy last asked about a start, ms; nil: never.
    var lastAskedAt: Int64?

    private static let longestMark = 128

    /// When the gate was last read, ms; nil before the first time.
    var newestAt: Int64? { track.newest?.at }

    func wasHeard(from start: Int64, to end: Int64) -> Bool { track.entry(asOf: end).map { $0.at > start } ?? false }

    // MARK: - Taking in

    /// - Parameter directory: the apps that the runtime has shown.
    mutating func ingest(_ counts: GateCounts, at: Int64, directory: AppDirectory, maxGap: Int64) {
        let mark = Array(counts.since.utf8.prefix(GateLog.longestMark))
        var shown: [AppID: GateTotals] = [:]
        shown.reserveCapacity(counts.apps.count)
        var total = GateTotals(counts.others)
        // An app that stands twice counts once.
        for app in counts.apps where shown[app.app] == nil {
            let totals = GateTotals(app.starts)
            shown[app.app] = totals
            total.add(totals)
        }
        let isSame = process == mark && total.asked >= shownTotal.asked && total.refused >= shownTotal.refused
        let isWatched = isSame && axis.last.map { at > $0 && at - $0 <= maxGap } ?? false
        var row = rows.last ?? Row()
        if isWatched {
            row.total.add(total.grown(since: shownTotal))
            for (app, totals) in shown {
                guard let slot = directory.slot(of: app) else { continue }
                let grown = totals.grown(since: self.shown[app] ?? GateTotals())
                guard grown != GateTotals() else { continue }
                while row.apps.count <= slot { row.apps.append(GateTotals()) }
                row.apps[slot].add(grown)
            }
        }
        // Also those of which nothing was asked: since when a row has an app tells since when it is counted by name.
        while row.apps.count < directory.capacity { row.apps.append(GateTotals()) }
        if total.asked > (isSame ? shownTotal.asked : 0) { lastAskedAt = at }
        axis.append(at, isWatched: isWatched)
        rows.append(row)
        track.append(
            .init(at: at, elapsedMilliseconds: 0, missing: nil, figures: GateFigures(lastAskedAt: lastAskedAt)),
            detail: "")
        (process, self.shown, shownTotal) = (mark, shown, total)
    }

    mutating func ingest(missing reason: MissingReason, detail: String, at: Int64) {
        track.append(.init(at: at, elapsedMilliseconds: 0, missing: reason), detail: detail)
    }

    // MARK: - Reading

    /// Sums over a stretch of time, by app slot and of all.
    struct Window {
        var missing: MissingReason?
        var apps: ContiguousArray<GateSums> = []
        var total = GateSums()
        /// Watched milliseconds.
        var covered = 0.0
        /// Of apps that the runtime showed only within the window: watched milliseconds since then. What was asked of them
        /// before was counted among the others.
        var lateCovered: [Int: Double] = [:]
        /// How much must have been watched.
        var leastCovered = 0.0

        var perMinute: Double { 60_000 / covered }

        /// An app's rate.
        func reading(_ signal: Signal, slot: Int) -> Evidence {
            let covered = lateCovered[slot] ?? self.covered
            guard covered > 0, covered >= leastCovered else { return .missing(.tooLittleData) }
            return .value((apps[slot].part(signal) ?? 0) * 60_000 / covered)
        }
    }

    /// Why nothing can be said as of a moment; nil when something can. A gate that nobody asked within `lifetime` may
    /// well stand beside the way that starts take: then its zero says nothing.
    func missing(asOf moment: Int64, maxGap: Int64, lifetime: Int64) -> MissingReason? {
        guard let entry = track.entry(asOf: moment) else { return .notTracked }
        if let reason = entry.missing { return reason }
        guard let asked = entry.figures?.lastAskedAt, moment - asked <= lifetime else { return .notTracked }
        return moment - entry.at > maxGap ? .stale : nil
    }

    func window(
        from start: Int64, to end: Int64, capacity: Int, maxGap: Int64, lifetime: Int64
    ) -> Window {
        var window = Window()
        window.missing = missing(asOf: end, maxGap: maxGap, lifetime: lifetime)
        guard window.missing == nil else { return window }
        guard let stretch = axis.stretch(from: start, to: end), stretch.covered > 0,
            stretch.covered >= Double(end - start) * Evaluation.leastCoverage
        else {
            window.missing = .tooLittleData
            return window
        }
        window.covered = stretch.covered
        window.leastCovered = Double(end - start) * Evaluation.leastCoverage
        // Rows grow: an app that some row of the window lacks came within it.
        let known = rows[stretch.from - 1].apps.count
        if known < capacity {
            var since = stretch.from
            for slot in known..<capacity {
                while since < rows.count, rows[since].apps.count <= slot { since += 1 }
                let begin = since < rows.count ? max(start, axis.at[since - 1]) : end
                window.lateCovered[slot] = axis.stretch(from: begin, to: end)?.covered ?? 0
            }
        }
        window.total.asked = stretch.sum { Double(rows[$1].total.asked - rows[$0].total.asked) }
        window.total.refused = stretch.sum { Double(rows[$1].total.refused - rows[$0].total.refused) }
        window.apps = ContiguousArray(repeating: GateSums(), count: capacity)
        stretch.parts { older, newer, share in
            let (old, new) = (rows[older].apps, rows[newer].apps)
            for slot in 0..<min(new.count, capacity) {
                let before = slot < old.count ? old[slot] : GateTotals()
                window.apps[slot].asked += Double(new[slot].asked - before.asked) * share
                window.apps[slot].refused += Double(new[slot].refused - before.refused) * share
            }
        }
        return window
    }

    // MARK: - Forgetting

    mutating func trim(before moment: Int64) {
        track.trim(before: moment)
        axis.trim(&rows, before: moment)
    }

    /// Forgets what slots held, so that other apps may have them.
    mutating func clear(_ freed: FreedSlots) {
        for index in rows.indices {
            for slot in freed.slots where slot < rows[index].apps.count { rows[index].apps[slot] = GateTotals() }
        }
    }

    // MARK: - Kept state

    func encode(to writer: inout StateWriter) {
        track.encode(to: &writer)
        axis.encode(to: &writer)
        var older = Row()
        for row in rows {
            row.encode(to: &writer, since: older)
            older = row
        }
        writer.put(optional: process) { $0.put($1) }
        writer.put(each: shown.sorted { $0.key < $1.key }) { writer, app in
            writer.put(app.key.bytes)
            app.value.encode(to: &writer, since: GateTotals())
        }
        shownTotal.encode(to: &writer, since: GateTotals())
        writer.put(optional: lastAskedAt) { $0.put($1) }
    }

    init() {}

    init(from reader: inout StateReader, capacity: Int) throws(SignalStateError) {
        track = try EndpointTrack(from: &reader)
        axis = try TimeAxis(from: &reader)
        var older = Row()
        for _ in 0..<axis.count {
            older = try Row(from: &reader, since: older, capacity: capacity)
            rows.append(older)
        }
        process = try reader.optional { (reader) throws(SignalStateError) in try reader.data() }
        for _ in 0..<(try reader.count()) {
            let app = AppID(bytes: try reader.data())
            guard shown.updateValue(try GateTotals(from: &reader, since: GateTotals()), forKey: app) == nil else {
                throw reader.failure("an app stands twice")
            }
        }
        shownTotal = try GateTotals(from: &reader, since: GateTotals())
        lastAskedAt = try reader.optional { (reader) throws(SignalStateError) in try reader.moment() }
    }
}

extension GateLog.Row {
    func encode(to writer: inout StateWriter, since older: Self) {
        total.encode(to: &writer, since: older.total)
        writer.put(apps.count)
        let changed = apps.indices.filter { apps[$0] != older.totals($0) }
        writer.put(each: changed) { writer, slot in
            writer.put(slot)
            apps[slot].encode(to: &writer, since: older.totals(slot))
        }
    }

    fileprivate init(from reader: inout StateReader, since older: Self, capacity: Int) throws(SignalStateError) {
        self = older
        total = try GateTotals(from: &reader, since: older.total)
        let count = try reader.integer(Int.self)
        guard count >= apps.count, count <= capacity else { throw reader.failure("a row has too many apps") }
        apps.append(contentsOf: repeatElement(GateTotals(), count: count - apps.count))
        for _ in 0..<(try reader.count()) {
            let slot = try reader.integer(Int.self)
            guard apps.indices.contains(slot) else { throw reader.failure("an app is out of range") }
            apps[slot] = try GateTotals(from: &reader, since: apps[slot])
        }
    }

    private func totals(_ slot: Int) -> GateTotals { slot < apps.count ? apps[slot] : GateTotals() }
}

extension GateTotals {
    func encode(to writer: inout StateWriter, since older: GateTotals) {
        writer.put(asked - older.asked)
        writer.put(refused - older.refused)
    }

    fileprivate init(from reader: inout StateReader, since older: GateTotals) throws(SignalStateError) {
        func next(_ older: Int64) throws(SignalStateError) -> Int64 {
            let (value, overflow) = older.addingReportingOverflow(try reader.integer())
            guard !overflow, value >= 0 else { throw reader.failure("a sum is out of range") }
            return value
        }
        asked = try next(older.asked)
        refused = try next(older.refused)
    }
}
