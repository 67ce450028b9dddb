import Model

/// Durations in buckets whose middle is within 0.8 % of all that falls into them: 64 to an octave, from about a
/// millisecond to about half a year. Taken from the bits of the number, so every machine agrees.
public enum LatencyBuckets {
    private static let shift: UInt64 = 46
    /// 2^-10 s.
    private static let lowest: UInt64 = 0x3F50_0000_0000_0000 >> 46
    public static let count = 34 * 64

    /// The bucket of a duration in seconds; what is shorter or longer than all buckets falls into the outermost.
    public static func bucket(_ seconds: Double) -> UInt16 {
        guard seconds > 0 else { return 0 }
        let place = seconds.bitPattern >> shift
        return place <= lowest ? 0 : UInt16(min(place - lowest, UInt64(count - 1)))
    }

    /// The middle of a bucket, in seconds.
    public static func middle(_ bucket: UInt16) -> Double {
        let low = (lowest + UInt64(bucket)) << shift
        return (Double(bitPattern: low) + Double(bitPattern: low + 1 << shift)) / 2
    }
}

/// Durations of turns, in the order in which polls brought them.
struct LatencyLog {
    struct Entry: BitwiseCopyable, Hashable {
        var app: UInt32
        var bucket: UInt16
    }

    private(set) var entries: ContiguousArray<Entry> = []
    /// How many at the front are forgotten. They go when they are the most, not whenever a minute closes.
    private var forgotten = 0
    /// When each poll was that brought some, and how many entries there were after it.
    private var ends: ContiguousArray<(at: Int64, count: Int)> = []

    mutating func append(_ new: ContiguousArray<Entry>, at moment: Int64) {
        guard !new.isEmpty else { return }
        entries.append(contentsOf: new)
        ends.append((max(moment, ends.last?.at ?? moment), entries.count))
    }

    mutating func trim(before moment: Int64) {
        let polls = firstPoll(after: moment)
        guard polls > 0 else { return }
        forgotten = ends[polls - 1].count
        ends.removeFirst(polls)
        guard forgotten > entries.count / 2 else { return }
        entries.removeFirst(forgotten)
        for index in ends.indices { ends[index].count -= forgotten }
        forgotten = 0
    }

    mutating func clear(_ freed: FreedSlots) {
        var kept: ContiguousArray<Entry> = []
        var start = forgotten
        forgotten = 0
        for index in ends.indices {
            kept.append(contentsOf: entries[start..<ends[index].count].filter { !freed.contains(Int($0.app)) })
            start = ends[index].count
            ends[index].count = kept.count
        }
        entries = kept
    }

    /// The entries of polls in (start, end].
    func range(from start: Int64, to end: Int64) -> Range<Int> {
        func count(_ polls: Int) -> Int { polls > 0 ? ends[polls - 1].count : forgotten }
        let low = count(firstPoll(after: start))
        return low..<max(low, count(firstPoll(after: end)))
    }

    private func firstPoll(after moment: Int64) -> Int {
        var low = 0
        var high = ends.count
        while low < high {
            let middle = (low + high) / 2
            if ends[middle].at <= moment { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func encode(to writer: inout StateWriter) {
        writer.put(ends.count)
        var start = forgotten
        for end in ends {
            writer.put(end.at)
            writer.put(each: entries[start..<end.count]) { writer, entry in
                writer.put(UInt64(entry.app))
                writer.put(UInt64(entry.bucket))
            }
            start = end.count
        }
    }

    init() {}

    init(from reader: inout StateReader, capacity: Int) throws(SignalStateError) {
        var last = Int64.min
        for _ in 0..<(try reader.count()) {
            let at = try reader.integer()
            guard Clamp.moments.contains(at), at >= last else { throw reader.failure("a moment is out of order") }
            last = at
            for _ in 0..<(try reader.count()) {
                guard let app = UInt32(exactly: try reader.unsigned()), app < capacity,
                    let bucket = UInt16(exactly: try reader.unsigned()), bucket < LatencyBuckets.count
                else { throw reader.failure("a latency is out of range") }
                entries.append(Entry(app: app, bucket: bucket))
            }
            ends.append((at, entries.count))
        }
    }
}

/// Latencies of a stretch of time sorted by app: one counting sort serves all apps and all quantiles.
struct LatencyIndex {
    private var starts: ContiguousArray<Int>
    private var buckets: ContiguousArray<UInt16>
    /// Of all apps, by bucket.
    private var totals: ContiguousArray<Int>

    init(_ log: LatencyLog, _ range: Range<Int>, capacity: Int) {
        starts = ContiguousArray(repeating: 0, count: capacity + 1)
        buckets = ContiguousArray(repeating: 0, count: range.count)
        totals = ContiguousArray(repeating: 0, count: LatencyBuckets.count)
        for index in range {
            let entry = log.entries[index]
            starts[Int(entry.app) + 1] += 1
            totals[Int(entry.bucket)] += 1
        }
        for slot in 0..<capacity { starts[slot + 1] += starts[slot] }
        var next = starts
        for index in range {
            let entry = log.entries[index]
            buckets[next[Int(entry.app)]] = entry.bucket
            next[Int(entry.app)] += 1
        }
        buckets.withUnsafeMutableBufferPointer { buckets in
            for slot in 0..<capacity where starts[slot + 1] - starts[slot] > 1 {
                LatencyIndex.sort(UnsafeMutableBufferPointer(rebasing: buckets[starts[slot]..<starts[slot + 1]]))
            }
        }
    }

    /// By insertion where they are few, as an app's nearly always are, by counting where they are many.
    private static func sort(_ buckets: UnsafeMutableBufferPointer<UInt16>) {
        switch buckets.count {
        case ...32:
            for index in 1..<max(1, buckets.count) {
                let bucket = buckets[index]
                var place = index
                while place > 0, buckets[place - 1] > bucket {
                    buckets[place] = buckets[place - 1]
                    place -= 1
                }
                buckets[place] = bucket
            }
        case ...1_024:
            var buckets = buckets
            buckets.sort()
        default:
            var counts = ContiguousArray(repeating: 0, count: LatencyBuckets.count)
            for bucket in buckets { counts[Int(bucket)] += 1 }
            var next = 0
            for bucket in counts.indices {
                for _ in 0..<counts[bucket] {
                    buckets[next] = UInt16(bucket)
                    next += 1
                }
            }
        }
    }

    func isEmpty(slot: Int) -> Bool { starts[slot] == starts[slot + 1] }

    /// By nearest rank, `quantile` in 0...1. Nil without any.
    func quantile(_ quantile: Double, slot: Int) -> Double? {
        let count = starts[slot + 1] - starts[slot]
        guard count > 0 else { return nil }
        return LatencyBuckets.middle(buckets[starts[slot] + LatencyIndex.rank(quantile, count)])
    }

    /// Over all apps.
    func quantileOfAll(_ quantile: Double) -> Double? {
        guard !buckets.isEmpty else { return nil }
        return LatencyBuckets.middle(LatencyIndex.bucket(LatencyIndex.rank(quantile, buckets.count), totals))
    }

    /// Over all apps but the one that has most of the turns that are as slow as the quantile of all. Nil without others.
    func quantileOfRest(_ quantile: Double) -> Double? {
        guard !buckets.isEmpty else { return nil }
        let slow = LatencyIndex.bucket(LatencyIndex.rank(quantile, buckets.count), totals)
        let slots = starts.indices.dropLast()
        func count(_ slot: Int) -> Int { buckets[starts[slot]..<starts[slot + 1]].reversed().prefix { $0 >= slow }.count }
        guard let slowest = slots.map({ (slot: $0, count: count($0)) }).max(by: { $0.count < $1.count })?.slot else { return nil }
        var rest = totals
        for bucket in buckets[starts[slowest]..<starts[slowest + 1]] { rest[Int(bucket)] -= 1 }
        let left = buckets.count - (starts[slowest + 1] - starts[slowest])
        return left > 0 ? LatencyBuckets.middle(LatencyIndex.bucket(LatencyIndex.rank(quantile, left), rest)) : nil
    }

    /// The bucket that holds what stands at a rank, of counts by bucket.
    private static func bucket(_ rank: Int, _ totals: ContiguousArray<Int>) -> UInt16 {
        var rest = rank
        for bucket in totals.indices {
            if rest < totals[bucket] { return UInt16(bucket) }
            rest -= totals[bucket]
        }
        return UInt16(max(0, totals.count - 1))
    }

    /// The counts of an app's buckets, ascending.
    func counts(slot: Int) -> [MinuteRow.LatencyCount] {
        let range = starts[slot]..<starts[slot + 1]
        guard !range.isEmpty else { return [] }
        // One allocation: there are ten thousand of these a minute.
        let distinct = range.dropFirst().reduce(1) { buckets[$1] == buckets[$1 - 1] ? $0 : $0 + 1 }
        var counts: [MinuteRow.LatencyCount] = []
        counts.reserveCapacity(distinct)
        for index in range {
            if index > range.lowerBound, buckets[index] == buckets[index - 1] {
                counts[counts.count - 1].count &+= 1
            } else {
                counts.append(.init(bucket: buckets[index], count: 1))
            }
        }
        return counts
    }

    static func rank(_ quantile: Double, _ count: Int) -> Int {
        min(max(Int((quantile * Double(count)).rounded(.up)) - 1, 0), count - 1)
    }
}

extension LatencyIndex {
    /// From counts of buckets in ascending order. Nil without any.
    static func quantile(_ quantile: Double, _ counts: [MinuteRow.LatencyCount]) -> Double? {
        let all = counts.reduce(0) { $0 + Int($1.count) }
        guard all > 0 else { return nil }
        var rest = rank(quantile, all)
        for entry in counts {
            if rest < Int(entry.count) { return LatencyBuckets.middle(entry.bucket) }
            rest -= Int(entry.count)
        }
        return nil
    }

    /// `quantileOfRest` from counts: of each app by slot, and of all together, in ascending order of their buckets.
    static func quantileOfRest(
        _ quantile: Double, _ apps: ContiguousArray<[MinuteRow.LatencyCount]>, all: [MinuteRow.LatencyCount]
    ) -> Double? {
        guard let slow = self.quantile(quantile, all) else { return nil }
        func slowTurns(_ counts: [MinuteRow.LatencyCount]) -> Int {
            counts.reduce(0) { LatencyBuckets.middle($1.bucket) >= slow ? $0 + Int($1.count) : $0 }
        }
        guard let slowest = apps.indices.map({ (slot: $0, count: slowTurns(apps[$0])) }).max(by: { $0.count < $1.count })?.slot
        else { return nil }
        var own: [UInt16: UInt32] = [:]
        for entry in apps[slowest] { own[entry.bucket, default: 0] &+= entry.count }
        let rest = all.compactMap { entry -> MinuteRow.LatencyCount? in
            let left = entry.count - min(entry.count, own[entry.bucket] ?? 0)
            return left > 0 ? .init(bucket: entry.bucket, count: left) : nil
        }
        return self.quantile(quantile, rest)
    }
}
