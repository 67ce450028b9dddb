import Model

/// Increments of one app (or a whole replica), summed up since it was first seen.
struct AppTotals: BitwiseCopyable, Hashable {
    var starts: Int64 = 0
    var ends: Int64 = 0
    var turns: Int64 = 0
    var tools: Int64 = 0
    var errors: Int64 = 0
    var prompt: Int64 = 0
    var completion: Int64 = 0
    /// USD.
    var cost = 0.0
    /// Ended runs whose own counters tell whether anything was done, and those in which nothing was.
    var judged: Int64 = 0
    var silent: Int64 = 0

    mutating func add(_ other: AppTotals) {
        Clamp.add(&starts, other.starts)
        Clamp.add(&ends, other.ends)
        Clamp.add(&turns, other.turns)
        Clamp.add(&tools, other.tools)
        Clamp.add(&errors, other.errors)
        Clamp.add(&prompt, other.prompt)
        Clamp.add(&completion, other.completion)
        cost += other.cost
        Clamp.add(&judged, other.judged)
        Clamp.add(&silent, other.silent)
    }

    /// Whether any run counted anything besides errors, which alone are nothing done.
    var hasWorked: Bool { turns != 0 || tools != 0 || prompt != 0 || completion != 0 || cost != 0 }

    /// Whether any counter of work moved.
    var isProgress: Bool { turns != 0 || tools != 0 || errors != 0 || prompt != 0 || completion != 0 || cost != 0 }
}

/// What one perf poll left behind: totals and open runs by app slot. Apps that came later are beyond the end.
struct PerfRow {
    var apps: ContiguousArray<AppTotals> = []
    var gauges: ContiguousArray<RunGauges> = []
    /// Of the whole replica.
    var total = AppTotals()
    var totalGauges = RunGauges()
    /// Ended runs of which it could be told whether anything happened, and those in which nothing did.
    var judgedEnds: Int64 = 0
    var silentEnds: Int64 = 0
}

/// The perf polls of one replica, oldest first, for as long as windows and minutes need them.
struct PerfLog {
    private(set) var axis = TimeAxis()
    private(set) var rows: ContiguousArray<PerfRow> = []

    mutating func append(_ row: PerfRow, at moment: Int64, isWatched: Bool) {
        axis.append(moment, isWatched: isWatched)
        rows.append(row)
    }

    mutating func trim(before moment: Int64) {
        axis.trim(&rows, before: moment)
    }

    /// Forgets what slots held, so that other apps may have them.
    mutating func clear(_ freed: FreedSlots) {
        for index in rows.indices {
            for slot in freed.slots where slot < rows[index].apps.count {
                rows[index].apps[slot] = AppTotals()
                rows[index].gauges[slot] = RunGauges()
            }
        }
    }

    /// Adds what happened within a stretch to `sums`, by slot, times `scale`.
    func add(_ stretch: TimeAxis.Stretch, scale: Double, to sums: inout ContiguousArray<MinuteSums>) {
        stretch.parts { older, newer, share in PerfLog.add(rows[older], rows[newer], share * scale, to: &sums) }
    }

    private static func add(
        _ older: PerfRow, _ newer: PerfRow, _ scale: Double, to sums: inout ContiguousArray<MinuteSums>
    ) {
        guard scale > 0 else { return }
        let known = older.apps.count
        let zero = AppTotals()
        newer.apps.withUnsafeBufferPointer { new in
            older.apps.withUnsafeBufferPointer { old in
                sums.withUnsafeMutableBufferPointer { sums in
                    for slot in 0..<min(new.count, sums.count) {
                        sums[slot].add(new[slot], minus: slot < known ? old[slot] : zero, scale)
                    }
                }
            }
        }
    }

    /// What happened on the whole replica within a stretch.
    func total(_ stretch: TimeAxis.Stretch) -> MinuteSums {
        var sums = MinuteSums()
        stretch.parts { older, newer, share in sums.add(rows[newer].total, minus: rows[older].total, share) }
        return sums
    }
}

extension MinuteSums {
    @inline(__always)
    mutating func add(_ newer: AppTotals, minus older: AppTotals, _ scale: Double) {
        starts += Double(newer.starts - older.starts) * scale
        ends += Double(newer.ends - older.ends) * scale
        turns += Double(newer.turns - older.turns) * scale
        tools += Double(newer.tools - older.tools) * scale
        errors += Double(newer.errors - older.errors) * scale
        promptTokens += Double(newer.prompt - older.prompt) * scale
        completionTokens += Double(newer.completion - older.completion) * scale
        cost += (newer.cost - older.cost) * scale
    }

    mutating func add(_ other: MinuteSums, times scale: Double = 1) {
        starts += other.starts * scale
        ends += other.ends * scale
        turns += other.turns * scale
        tools += other.tools * scale
        errors += other.errors * scale
        promptTokens += other.promptTokens * scale
        completionTokens += other.completionTokens * scale
        cost += other.cost * scale
    }
}

extension RunGauges {
    /// Of two replicas. The busiest user's runs are compared, not added: that it is the same user cannot be told.
    mutating func add(_ other: RunGauges) {
        young = young.addingClamped(other.young)
        progressing = progressing.addingClamped(other.progressing)
        quiet = quiet.addingClamped(other.quiet)
        unwatched = unwatched.addingClamped(other.unwatched)
        busiestUser = max(busiestUser, other.busiestUser)
        ghosts = ghosts.addingClamped(other.ghosts)
    }
}

extension Int32 {
    fileprivate func addingClamped(_ other: Int32) -> Int32 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

// MARK: - Kept state

extension PerfLog {
    /// The first row whole, each later one as what changed since the one before.
    func encode(to writer: inout StateWriter) {
        axis.encode(to: &writer)
        var previous = PerfRow()
        for row in rows {
            row.encode(to: &writer, since: previous)
            previous = row
        }
    }

    init(from reader: inout StateReader, capacity: Int, version: UInt8) throws(SignalStateError) {
        axis = try TimeAxis(from: &reader)
        var previous = PerfRow()
        for _ in 0..<axis.count {
            previous = try PerfRow(from: &reader, since: previous, capacity: capacity, version: version)
            rows.append(previous)
        }
    }
}

extension PerfRow {
    fileprivate func encode(to writer: inout StateWriter, since older: PerfRow) {
        total.encode(to: &writer, since: older.total)
        totalGauges.encode(to: &writer)
        writer.put(judgedEnds - older.judgedEnds)
        writer.put(silentEnds - older.silentEnds)
        writer.put(apps.count)
        let changed = apps.indices.filter { slot in
            slot < older.apps.count
                ? apps[slot] != older.apps[slot] || gauges[slot] != older.gauges[slot]
                : apps[slot] != AppTotals() || gauges[slot] != RunGauges()
        }
        writer.put(each: changed) { writer, slot in
            writer.put(slot)
            apps[slot].encode(to: &writer, since: slot < older.apps.count ? older.apps[slot] : AppTotals())
            gauges[slot].encode(to: &writer)
        }
    }

    fileprivate init(
        from reader: inout StateReader, since older: PerfRow, capacity: Int, version: UInt8
    ) throws(SignalStateError) {
        self = older
        total = try AppTotals(from: &reader, since: older.total, version: version)
        totalGauges = try RunGauges(from: &reader, knowsGhosts: version > 2)
        judgedEnds = try reader.sum(older.judgedEnds)
        silentEnds = try reader.sum(older.silentEnds)
        let count = try reader.integer(Int.self)
        guard count >= older.apps.count, count <= capacity else { throw reader.failure("a row has too many apps") }
        apps.append(contentsOf: repeatElement(AppTotals(), count: count - apps.count))
        gauges.append(contentsOf: repeatElement(RunGauges(), count: count - gauges.count))
        for _ in 0..<(try reader.count()) {
            let slot = try reader.integer(Int.self)
            guard apps.indices.contains(slot) else { throw reader.failure("an app is out of range") }
            apps[slot] = try AppTotals(from: &reader, since: apps[slot], version: version)
            gauges[slot] = try RunGauges(from: &reader, knowsGhosts: version > 2)
        }
    }
}

extension StateReader {
    /// A sum from the one before and what was written of its growth; never negative.
    fileprivate mutating func sum(_ older: Int64) throws(SignalStateError) -> Int64 {
        let (value, overflow) = older.addingReportingOverflow(try integer())
        guard !overflow, value >= 0 else { throw failure("a sum is out of range") }
        return value
    }
}

extension AppTotals {
    func encode(to writer: inout StateWriter, since older: AppTotals) {
        writer.put(starts - older.starts)
        writer.put(ends - older.ends)
        writer.put(turns - older.turns)
        writer.put(tools - older.tools)
        writer.put(errors - older.errors)
        writer.put(prompt - older.prompt)
        writer.put(completion - older.completion)
        writer.put(cost != older.cost)
        if cost != older.cost { writer.put(cost) }
        writer.put(judged - older.judged)
        writer.put(silent - older.silent)
    }

    init(from reader: inout StateReader, since older: AppTotals, version: UInt8) throws(SignalStateError) {
        starts = try reader.sum(older.starts)
        ends = try reader.sum(older.ends)
        turns = try reader.sum(older.turns)
        tools = try reader.sum(older.tools)
        errors = try reader.sum(older.errors)
        prompt = try reader.sum(older.prompt)
        completion = try reader.sum(older.completion)
        cost = try reader.flag() ? try reader.double() : older.cost
        guard version > 3 else { return }
        judged = try reader.sum(older.judged)
        silent = try reader.sum(older.silent)
    }
}

extension RunGauges {
    func encode(to writer: inout StateWriter) {
        for value in parts { writer.put(Int64(value)) }
    }

    /// - Parameter knowsGhosts: false for what earlier versions wrote.
    init(from reader: inout StateReader, knowsGhosts: Bool) throws(SignalStateError) {
        func next() throws(SignalStateError) -> Int32 {
            let value = try reader.integer(Int32.self)
            guard value >= 0 else { throw reader.failure("a negative count") }
            return value
        }
        self.init()
        young = try next()
        progressing = try next()
        quiet = try next()
        unwatched = try next()
        busiestUser = try next()
        guard knowsGhosts else { return }
        ghosts = try next()
        sockets = try next()
    }
}
