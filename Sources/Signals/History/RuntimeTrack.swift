import Model

/// Writes the runtime's own rows: what an app's has, and how the minute was watched.
struct RuntimeTrack: Sendable {
    private var coder = RowCoder()
    /// The row before.
    var before = MinuteRow(minute: 0, app: nil, watched: 1)

    private enum Part {
        static let missing: UInt8 = 1
        static let counters: UInt8 = 2
        static let watched: UInt8 = 4
        static let polled: UInt8 = 8
        static let sums: UInt8 = 16
        static let replicas: UInt8 = 32
        static let readings: UInt8 = 64
        static let isBare: UInt8 = 128
    }

    mutating func write(_ row: MinuteRow, to writer: inout StateWriter) {
        let (watch, last) = (row.watch ?? WatchMinute(), before.watch ?? WatchMinute())
        let expected = RuntimeTrack.expected(row, before)
        var parts: UInt8 = 0
        if row.chatsMissing != before.chatsMissing { parts |= Part.missing }
        if row.deadCounters != before.deadCounters || row.liveCounters != before.liveCounters { parts |= Part.counters }
        if row.watched != before.watched || watch.llmWatched != last.llmWatched { parts |= Part.watched }
        if watch.heard != last.heard || watch.intervals != last.intervals { parts |= Part.polled }
        if watch.judgedEnds != 0 || watch.silentEnds != 0 || watch.llmCalls != 0 { parts |= Part.sums }
        if watch.replicas.map(\.url) != last.replicas.map(\.url) { parts |= Part.replicas }
        let deviates =
            row.readings.count != expected.readings.count || row.readings != expected.readings
            || zip(watch.replicas, RuntimeTrack.replicas(watch, last, row)).contains { $0.readings != $1 }
        if deviates { parts |= Part.readings }
        if row.watch == nil { parts |= Part.isBare }
        writer.put(byte: parts)
        coder.write(row, to: &writer)
        if parts & Part.missing != 0 { writer.put(optional: row.chatsMissing) { $0.put($1) } }
        if parts & Part.counters != 0 {
            writer.put(byte: row.deadCounters)
            writer.put(byte: row.liveCounters)
        }
        if parts & Part.watched != 0 {
            writer.put(UInt64(RuntimeTrack.steps(row.watched, MinuteStep.time)))
            writer.put(UInt64(RuntimeTrack.steps(watch.llmWatched, MinuteStep.time)))
        }
        if parts & Part.polled != 0 {
            writer.put(byte: watch.heard)
            writer.put(each: watch.intervals) { $0.put($1) }
        }
        if parts & Part.sums != 0 {
            for sum in [watch.judgedEnds, watch.silentEnds, watch.llmCalls] {
                writer.put(UInt64(RuntimeTrack.steps(sum, MinuteStep.events)))
            }
        }
        if parts & Part.replicas != 0 { writer.put(each: watch.replicas) { $0.put($1.url) } }
        if deviates {
            RuntimeTrack.write(row.readings, expected.readings, to: &writer)
            for (replica, expected) in zip(watch.replicas, RuntimeTrack.replicas(watch, last, row)) {
                RuntimeTrack.write(replica.readings, expected, to: &writer)
            }
        }
        // What the reader will have: rows of earlier versions were not rounded.
        before = row
        before.sums = row.sums.rounded()
        before.watched = MinuteStep.round(row.watched, MinuteStep.time)
    }

    mutating func read(minute: Int64, from reader: inout StateReader) throws(SignalStateError) -> MinuteRow {
        var row = MinuteRow(minute: minute, app: nil)
        let last = before.watch ?? WatchMinute()
        var watch = WatchMinute()
        let parts = try reader.byte()
        _ = try coder.read(&row, from: &reader)
        watch.gateWatched = Double(coder.gateWatched) / MinuteStep.time
        row.chatsMissing = before.chatsMissing
        if parts & Part.missing != 0 {
            row.chatsMissing = try reader.optional { (reader) throws(SignalStateError) in try reader.reason() }
        }
        (row.deadCounters, row.liveCounters) = (before.deadCounters, before.liveCounters)
        if parts & Part.counters != 0 { (row.deadCounters, row.liveCounters) = (try reader.byte(), try reader.byte()) }
        (row.watched, watch.llmWatched) = (before.watched, last.llmWatched)
        if parts & Part.watched != 0 {
            row.watched = Double(try reader.unsigned()) / MinuteStep.time
            watch.llmWatched = Double(try reader.unsigned()) / MinuteStep.time
        }
        (watch.heard, watch.intervals) = (last.heard, last.intervals)
        if parts & Part.polled != 0 {
            watch.heard = try reader.byte()
            watch.intervals = try reader.each { (reader) throws(SignalStateError) in try reader.moment() }
        }
        if parts & Part.sums != 0 {
            watch.judgedEnds = Double(try reader.unsigned()) / MinuteStep.events
            watch.silentEnds = Double(try reader.unsigned()) / MinuteStep.events
            watch.llmCalls = Double(try reader.unsigned()) / MinuteStep.events
        }
        var urls = last.replicas.map(\.url)
        if parts & Part.replicas != 0 {
            urls = try reader.each { (reader) throws(SignalStateError) in try reader.string() }
        }
        watch.replicas = urls.map { WatchMinute.Replica(url: $0, readings: []) }
        row.watch = parts & Part.isBare == 0 ? watch : nil
        row.readings = RuntimeTrack.expected(row, before).readings
        if parts & Part.readings != 0 { row.readings = try RuntimeTrack.read(row.readings, from: &reader) }
        let expected = RuntimeTrack.replicas(watch, last, row)
        for index in watch.replicas.indices {
            watch.replicas[index].readings =
                parts & Part.readings != 0 ? try RuntimeTrack.read(expected[index], from: &reader) : expected[index]
        }
        if row.watch != nil { row.watch = watch }
        before = row
        return row
    }

    // MARK: - Readings

    /// The row with the readings that follow from the rest of it and from the row before.
    static func expected(_ row: MinuteRow, _ before: MinuteRow) -> MinuteRow {
        var expected = row
        let rules = CounterRules(alive: row.liveCounters, dead: row.deadCounters, price: nil)
        expected.readings = Signal.allCases.map { signal in
            let raw = Int(signal.rawValue)
            let last: Evidence = raw < before.readings.count ? before.readings[raw] : .missing(.notTracked)
            // Of what is watched beside runtimes nothing follows from anything but the row before.
            if signal.info.subjects.contains(where: \.isBesideRuntimes), signal != .uptime { return last }
            guard signal.info.subjects.contains(.runtime) else { return .missing(.notTracked) }
            if signal.isOfGate { return row.gateReading(signal) ?? last }
            if signal.info.subjects.contains(.app), let reason = rules.deadReason(signal) { return .missing(reason) }
            if let reading = row.watch?.reading(signal) { return reading }
            if row.chatsMissing == nil, rules.part(signal, row.sums) != nil || signal == .errorRate {
                return rules.minute(signal, row, of: row)
            }
            if row.chatsMissing == nil, [.activeRuns, .openRuns, .stalledRuns, .ghostRuns].contains(signal) {
                return rules.gauge(signal, row.gauges, total: row.gauges)
            }
            if let reason = row.chatsMissing, signal.info.subjects.contains(.app) { return .missing(reason) }
            if signal == .uptime, case .value(let age) = last { return .value(MinuteStep.round(age + 60, MinuteStep.readings)) }
            return last
        }
        return expected
    }

    /// The readings of each replica that follow from the runtime's, or from the row before.
    private static func replicas(_ watch: WatchMinute, _ last: WatchMinute, _ row: MinuteRow) -> [[Evidence]] {
        watch.replicas.indices.map { index in
            let older = index < last.replicas.count ? last.replicas[index].readings : []
            return Signal.allCases.map { signal in
                let raw = Int(signal.rawValue)
                guard signal.info.subjects.contains(.replica) else { return .missing(.notTracked) }
                if watch.replicas.count == 1, raw < row.readings.count { return row.readings[raw] }
                return raw < older.count ? older[raw] : .missing(.notTracked)
            }
        }
    }

    /// A list of readings as what differs from the one expected.
    static func write(_ readings: [Evidence], _ expected: [Evidence], to writer: inout StateWriter) {
        writer.put(readings.count)
        var mask = [UInt8](repeating: 0, count: (readings.count + 7) / 8)
        for index in readings.indices where index >= expected.count || readings[index] != expected[index] {
            mask[index / 8] |= 1 << UInt8(index % 8)
        }
        for byte in mask { writer.put(byte: byte) }
        for index in readings.indices where mask[index / 8] & 1 << UInt8(index % 8) != 0 {
            let last = index < expected.count ? expected[index].value ?? 0 : 0
            writer.put(readings[index], near: last)
        }
    }

    private static func read(_ expected: [Evidence], from reader: inout StateReader) throws(SignalStateError) -> [Evidence] {
        // Not `count()`: a reading that is as expected takes a bit, so there may be more of them than bytes left.
        guard let count = Int(exactly: try reader.integer()), (0...256).contains(count) else {
            throw reader.failure("too many readings")
        }
        var mask: [UInt8] = []
        for _ in 0..<(count + 7) / 8 { mask.append(try reader.byte()) }
        var readings: [Evidence] = []
        for index in 0..<count {
            let near = index < expected.count ? expected[index] : .missing(.notTracked)
            let differs = mask[index / 8] & 1 << UInt8(index % 8) != 0
            readings.append(differs ? try reader.evidence(near: near.value ?? 0) : near)
        }
        return readings
    }

    private static func steps(_ value: Double, _ steps: Double) -> Double {
        let scaled = (value * steps).rounded()
        return scaled > 0 ? min(scaled, 9e15) : 0
    }
}

extension StateWriter {
    /// As the difference from a value nearby, in steps, where that is exact; else whole.
    mutating func put(_ evidence: Evidence, near: Double) {
        guard case .value(let value) = evidence, let steps = StateWriter.steps(value), let from = StateWriter.steps(near)
        else { return put(evidence) }
        put(byte: StateWriter.stepped)
        put(steps - from)
    }

    /// Beside the codes of `put(_: Evidence)`.
    fileprivate static let stepped: UInt8 = 0xfe

    /// The number of steps that a reading stands for; nil where it is not a whole number of them.
    static func steps(_ value: Double) -> Int64? {
        let steps = (value * MinuteStep.readings).rounded()
        guard abs(steps) < 1e15, steps / MinuteStep.readings == value else { return nil }
        return Int64(steps)
    }
}

extension StateReader {
    fileprivate mutating func evidence(near: Double) throws(SignalStateError) -> Evidence {
        guard try peek() == StateWriter.stepped else { return try evidence() }
        _ = try byte()
        guard let from = StateWriter.steps(near) else { throw failure("a reading has nothing to differ from") }
        let (steps, overflow) = from.addingReportingOverflow(try integer())
        guard !overflow else { throw failure("a reading is out of range") }
        return .value(Double(steps) / MinuteStep.readings)
    }
}
