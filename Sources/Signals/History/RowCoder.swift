import Model

/// Writes rows of one subject one after the other: a mask of what is not as expected, then only that.
struct RowCoder: Sendable {
    /// Of the row before.
    var gauges: [Int64] = [0, 0, 0, 0, 0, 0, 0]
    /// Of the row before, in steps: what part of the minute the gate was read in. Always 0 in an app's row.
    var gateWatched: UInt64 = 0

    /// Bits of the mask, those that are set most often first, so that it usually takes one byte or two.
    private enum Bit {
        static let gap = 0
        /// By place in `MinuteSums.parts`: starts, ends, turns, tools, errors, prompt, completion, cost.
        static let sums = [1, 2, 5, 6, 12, 8, 9, 10]
        /// Young, progressing, quiet, unwatched, busiest user; ghosts and sockets, which older blocks have none of.
        static let gauges = [3, 11, 13, 14, 4, 18, 19]
        static let latencies = 7
        /// Starts asked of the gate and refused by it. Blocks from before it was counted have none of these.
        static let gate = [15, 16]
        static let gateWatched = 17
        /// An app's runs that ended with nothing done; older blocks have none.
        static let silent = 20
        static let count = 21
    }

    /// - Parameter gap: how many minutes since the row before have none.
    mutating func write(_ row: MinuteRow, gap: Int = 0, to writer: inout StateWriter) {
        var sums: [UInt64] = []
        var mask: UInt64 = gap > 0 ? 1 << UInt64(Bit.gap) : 0
        for (index, part) in row.sums.parts.enumerated() {
            let steps = RowCoder.steps(part, MinuteStep.sums[index])
            sums.append(steps)
            if steps != 0 { mask |= 1 << UInt64(Bit.sums[index]) }
        }
        let now = row.gauges.parts.map { Int64($0) }
        for index in now.indices where now[index] != gauges[index] { mask |= 1 << UInt64(Bit.gauges[index]) }
        if !row.latencies.isEmpty { mask |= 1 << UInt64(Bit.latencies) }
        let gate = [row.gate.asked, row.gate.refused].map { RowCoder.steps($0, MinuteStep.events) }
        for index in gate.indices where gate[index] != 0 { mask |= 1 << UInt64(Bit.gate[index]) }
        let watched = RowCoder.steps(row.watch?.gateWatched ?? 0, MinuteStep.time)
        if watched != gateWatched { mask |= 1 << UInt64(Bit.gateWatched) }
        let silent = RowCoder.steps(row.silent, MinuteStep.events)
        if silent != 0 { mask |= 1 << UInt64(Bit.silent) }
        writer.put(mask)
        if gap > 0 { writer.put(UInt64(gap)) }
        for steps in sums where steps != 0 { writer.put(steps) }
        for index in now.indices where now[index] != gauges[index] { writer.put(now[index] - gauges[index]) }
        gauges = now
        for steps in gate where steps != 0 { writer.put(steps) }
        if watched != gateWatched { writer.put(watched) }
        gateWatched = watched
        if silent != 0 { writer.put(silent) }
        guard !row.latencies.isEmpty else { return }
        writer.put(UInt64(row.latencies.count))
        var last: UInt64 = 0
        for latency in row.latencies {
            // Most buckets hold one: the last bit tells the others.
            writer.put((UInt64(latency.bucket) &- last) << 1 | (latency.count > 1 ? 1 : 0))
            if latency.count > 1 { writer.put(UInt64(latency.count)) }
            last = UInt64(latency.bucket)
        }
    }

    /// Reads the sums, gauges and latencies of a row. How many minutes since the row before have none.
    mutating func read(_ row: inout MinuteRow, from reader: inout StateReader) throws(SignalStateError) -> Int {
        let mask = try reader.unsigned()
        guard mask >> UInt64(Bit.count) == 0 else { throw reader.failure("a row has unknown parts") }
        func has(_ bit: Int) -> Bool { mask >> UInt64(bit) & 1 != 0 }
        var gap: UInt64 = 0
        if has(Bit.gap) {
            gap = try reader.unsigned()
            guard gap < 60 else { throw reader.failure("a minute is out of range") }
        }
        var parts = [Double](repeating: 0, count: MinuteStep.sums.count)
        for index in parts.indices where has(Bit.sums[index]) {
            parts[index] = Double(try reader.unsigned()) / MinuteStep.sums[index]
        }
        row.sums = MinuteSums(parts: parts)
        for index in gauges.indices where has(Bit.gauges[index]) {
            let (value, overflow) = gauges[index].addingReportingOverflow(try reader.integer())
            guard !overflow, value >= 0, value <= Int64(Int32.max) else { throw reader.failure("a gauge is out of range") }
            gauges[index] = value
        }
        row.gauges = RunGauges(parts: gauges.map { Int32($0) })
        if has(Bit.gate[0]) { row.gate.asked = Double(try reader.unsigned()) / MinuteStep.events }
        if has(Bit.gate[1]) { row.gate.refused = Double(try reader.unsigned()) / MinuteStep.events }
        if has(Bit.gateWatched) { gateWatched = try reader.unsigned() }
        if has(Bit.silent) { row.silent = Double(try reader.unsigned()) / MinuteStep.events }
        guard has(Bit.latencies) else { return Int(gap) }
        let count = try reader.unsigned()
        guard count <= UInt64(LatencyBuckets.count) else { throw reader.failure("a row has too many latencies") }
        var last: UInt64 = 0
        for _ in 0..<count {
            let packed = try reader.unsigned()
            guard packed >> 1 < UInt64(LatencyBuckets.count) else { throw reader.failure("a latency is out of range") }
            last += packed >> 1
            let times = packed & 1 == 0 ? 1 : try reader.unsigned()
            guard last < UInt64(LatencyBuckets.count), let times = UInt32(exactly: times) else {
                throw reader.failure("a latency is out of range")
            }
            row.latencies.append(.init(bucket: UInt16(last), count: times))
        }
        return Int(gap)
    }

    private static func steps(_ value: Double, _ steps: Double) -> UInt64 {
        let scaled = (value * steps).rounded()
        return scaled > 0 ? UInt64(min(scaled, 9e15)) : 0
    }
}

extension RunGauges {
    /// In the order of the fields.
    var parts: [Int32] { [young, progressing, quiet, unwatched, busiestUser, ghosts, sockets] }

    init(parts: [Int32]) {
        young = parts[0]
        progressing = parts[1]
        quiet = parts[2]
        unwatched = parts[3]
        busiestUser = parts[4]
        ghosts = parts[5]
        sockets = parts[6]
    }
}
