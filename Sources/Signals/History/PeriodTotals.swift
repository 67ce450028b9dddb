import Model

/// What rates add up to since the day or the month began, of a runtime and of each of its apps. Minutes are added as they
/// close, so that a month takes no more to keep than a day.
///
/// A sum of which every minute was seen is what it is. One with gaps is that much at the least: nobody can tell what
/// happened while nobody looked.
struct PeriodTotals: Sendable {
    /// In the order in which policies ask for them.
    private(set) var totals: [Total] = []

    /// Apps that are told apart. By their ids: one that is forgotten for a while comes back to what it had used.
    private static let mostApps = 20_000
    /// What share of a minute must have been watched for it to count as seen: the ends of intervals between polls leave a grain.
    private static let wholeMinute = 0.98

    /// One sum so far.
    struct Total: Hashable, Sendable {
        let of: SignalOptions.Total
        /// In minutes since 1970.
        let begins: Int64
        /// One past the newest minute that was added.
        var next: Int64
        /// Minutes that were seen whole.
        var seen: Int64 = 0
        /// Why the newest minute was not known; nil where it was.
        var missing: MissingReason?
        var sum = 0.0
        var apps: [AppID: Double] = [:]
        /// Whether apps were left out.
        var isCrowded = false

        var isWhole: Bool { seen == next - begins }
    }

    /// Adds the next minute: its runtime row, and behind it those of its apps.
    mutating func add(_ rows: [MinuteRow], _ rules: CounterRules, _ options: SignalOptions) {
        if !totals.lazy.map(\.of).elementsEqual(options.totals) {
            totals = options.totals.map { wanted in
                totals.first { $0.of == wanted } ?? Total(of: wanted, begins: .min, next: .min)
            }
        }
        for index in totals.indices {
            let begins = options.zone.begins(totals[index].of.period, at: Timestamp(minute: rows[0].minute)).minute
            if totals[index].begins != begins { totals[index] = Total(of: totals[index].of, begins: begins, next: begins) }
            totals[index].add(rows, rules)
        }
    }

    /// Takes over what was kept, where the journal's minutes tell no more.
    mutating func adopt(_ kept: PeriodTotals) {
        for index in totals.indices {
            guard let other = kept.totals.first(where: { $0.of == totals[index].of }), other.begins == totals[index].begins,
                other.next == totals[index].next, other.seen >= totals[index].seen
            else { continue }
            totals[index] = other
        }
    }

    // MARK: - Reading

    /// One sum, of the runtime and of apps.
    struct Figure {
        var runtime = Evidence.missing(.tooLittleData)
        /// In the order of the apps that were asked for.
        var apps: ContiguousArray<Evidence> = []
        /// What they are at the least, where something was not seen.
        var floors: ReadingTable.Floors?
    }

    /// A sum as of a moment.
    func figure(_ signal: Signal, _ period: CalendarPeriod, at moment: Timestamp, zone: Zone, apps ids: [AppID]) -> Figure {
        var figure = Figure(apps: ContiguousArray(repeating: .missing(.tooLittleData), count: ids.count))
        let begins = zone.begins(period, at: moment).minute
        // Where no minute of the new day is over nothing is known of it.
        guard let total = totals.first(where: { $0.of.signal == signal && $0.of.period == period }), total.begins == begins else {
            return figure
        }
        let gap = total.isWhole ? nil : total.missing ?? .tooLittleData
        var floors = ReadingTable.Floors(runtime: total.sum)
        figure.runtime = gap.map { .missing($0) } ?? .value(total.sum)
        for (row, id) in ids.enumerated() {
            let sum = total.apps[id]
            let unknown = gap ?? (sum == nil && total.isCrowded ? .tooLittleData : nil)
            figure.apps[row] = unknown.map { .missing($0) } ?? .value(sum ?? 0)
            floors.apps.append(sum ?? 0)
        }
        if gap != nil || total.isCrowded { figure.floors = floors }
        return figure
    }
}

extension PeriodTotals.Total {
    fileprivate mutating func add(_ rows: [MinuteRow], _ rules: CounterRules) {
        let (whole, signal) = (rows[0], of.signal)
        guard whole.minute >= next else { return }
        next = whole.minute + 1
        missing = whole.reading(signal).reason.flatMap { $0 == .noTraffic ? nil : $0 }
        guard missing == nil else { return }
        let watched = signal.isOfGate ? whole.watch?.gateWatched ?? 0 : whole.watched
        if watched >= PeriodTotals.wholeMinute { seen += 1 }
        // Spend is by the hour where all else is by the minute.
        let parts = signal.unit == .dollarsPerHour ? 60.0 : 1
        func amount(_ row: MinuteRow) -> Double {
            ((signal.isOfGate ? row.gate.part(signal) : rules.part(signal, row.sums)) ?? 0) / parts
        }
        sum += amount(whole)
        for row in rows.dropFirst() {
            guard let app = row.app else { continue }
            let amount = amount(row)
            guard amount > 0 else { continue }
            guard apps[app] != nil || apps.count < PeriodTotals.mostApps else {
                isCrowded = true
                continue
            }
            apps[app, default: 0] += amount
        }
    }
}

// MARK: - State

extension PeriodTotals {
    func encode(to writer: inout StateWriter) {
        writer.put(each: totals) { writer, total in
            writer.put(byte: total.of.signal.rawValue)
            writer.put(total.of.period.rawValue)
            writer.put(total.begins)
            writer.put(total.next - total.begins)
            writer.put(total.seen)
            writer.put(optional: total.missing) { $0.put($1) }
            writer.put(total.sum)
            writer.put(total.isCrowded)
            writer.put(each: total.apps.sorted { $0.key < $1.key }) { writer, app in
                writer.put(app.key.bytes)
                writer.put(app.value)
            }
        }
    }

    init(from reader: inout StateReader) throws(SignalStateError) {
        totals = try reader.each { (reader) throws(SignalStateError) in try Total(from: &reader) }
    }
}

extension PeriodTotals.Total {
    fileprivate init(from reader: inout StateReader) throws(SignalStateError) {
        guard let signal = Signal(rawValue: try reader.byte()) else { throw reader.failure("an unknown signal") }
        guard let period = CalendarPeriod(rawValue: try reader.string()) else { throw reader.failure("an unknown period") }
        let begins = try reader.integer()
        let length = try reader.integer()
        guard Clamp.moments.contains(begins), (0...50_000).contains(length) else { throw reader.failure("a sum is out of range") }
        self.init(of: SignalOptions.Total(signal: signal, period: period), begins: begins, next: begins + length)
        seen = try reader.integer()
        guard (0...length).contains(seen) else { throw reader.failure("more minutes were seen than there were") }
        missing = try reader.optional { (reader) throws(SignalStateError) in try reader.reason() }
        sum = try PeriodTotals.Total.amount(from: &reader)
        isCrowded = try reader.flag()
        var last: AppID?
        for _ in 0..<(try reader.count()) {
            let app = AppID(bytes: try reader.data())
            guard last.map({ $0 < app }) ?? true else { throw reader.failure("an app is out of order") }
            last = app
            apps[app] = try PeriodTotals.Total.amount(from: &reader)
        }
    }

    private static func amount(from reader: inout StateReader) throws(SignalStateError) -> Double {
        let value = try reader.double()
        guard value.isFinite, value >= 0 else { throw reader.failure("a sum is out of range") }
        return value
    }
}
