/// The moments of a series of observations, and how much of the time between them was really watched.
/// What is summed along it grows evenly between two observations; an interval that was too long grows nothing.
struct TimeAxis {
    /// Milliseconds, never falling.
    private(set) var at: ContiguousArray<Int64> = []
    /// Watched milliseconds up to each moment.
    private(set) var covered: ContiguousArray<Int64> = []

    var count: Int { at.count }
    var last: Int64? { at.last }

    /// `isWatched`: whether the time since the last moment counts as watched.
    mutating func append(_ moment: Int64, isWatched: Bool) {
        let step = isWatched ? moment - (at.last ?? moment) : 0
        covered.append((covered.last ?? 0) &+ step)
        at.append(moment)
    }

    /// Forgets what nothing needs any more, here and in what has a row for each moment.
    mutating func trim<Row>(_ rows: inout ContiguousArray<Row>, before moment: Int64) {
        let count = expendable(before: moment)
        guard count > 0 else { return }
        removeFirst(count)
        rows.removeFirst(count)
    }

    mutating func removeFirst(_ count: Int) {
        at.removeFirst(count)
        covered.removeFirst(count)
    }

    /// How many moments at the front no stretch that begins at or after `moment` needs.
    func expendable(before moment: Int64) -> Int { Swift.max(0, firstIndex(after: moment) - 1) }

    /// The first index whose moment is later; `count` when there is none.
    func firstIndex(after moment: Int64) -> Int {
        var low = 0
        var high = at.count
        while low < high {
            let middle = (low + high) / 2
            if at[middle] <= moment { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The index of the newest observation at or before a moment.
    func index(asOf moment: Int64) -> Int? {
        let next = firstIndex(after: moment)
        return next > 0 ? next - 1 : nil
    }

    /// A stretch of the axis: where sums begin and end.
    struct Stretch {
        /// Sums begin `fromPart` into the interval that ends at `from`, and end `toPart` into the one that ends at `to`.
        var from: Int
        var fromPart: Double
        var to: Int
        var toPart: Double
        /// Watched time within, in milliseconds.
        var covered: Double

        /// Names each part of the stretch by the two indices between which something grew, and by how much of that growth lies
        /// within: first the whole intervals in one, then what is left of the interval that it begins in, and of the one that it
        /// ends in. Parts of which nothing lies within are left out.
        @inline(__always)
        func parts(_ body: (_ older: Int, _ newer: Int, _ share: Double) -> Void) {
            if from == to {
                if toPart > fromPart { body(from - 1, from, toPart - fromPart) }
                return
            }
            body(from, to - 1, 1)
            if fromPart < 1 { body(from - 1, from, 1 - fromPart) }
            if toPart > 0 { body(to - 1, to, toPart) }
        }

        /// The growth within the stretch, by a function that gives the growth between two indices.
        @inline(__always)
        func sum(_ growth: (Int, Int) -> Double) -> Double {
            var total = 0.0
            parts { total += $2 * growth($0, $1) }
            return total
        }
    }

    /// Nil with fewer than two observations.
    func stretch(from start: Int64, to end: Int64) -> Stretch? {
        guard count >= 2 else { return nil }
        let (from, fromPart) = position(start)
        let (to, toPart) = position(end)
        guard from < to || (from == to && fromPart <= toPart) else { return nil }
        var stretch = Stretch(from: from, fromPart: fromPart, to: to, toPart: toPart, covered: 0)
        stretch.covered = stretch.sum { Double(covered[$1] - covered[$0]) }
        return stretch
    }

    private func position(_ moment: Int64) -> (index: Int, part: Double) {
        let next = firstIndex(after: moment)
        if next == 0 { return (1, 0) }
        if next == count { return (count - 1, 1) }
        return (next, Double(moment - at[next - 1]) / Double(at[next] - at[next - 1]))
    }

    func encode(to writer: inout StateWriter) {
        writer.put(count)
        var lastAt: Int64 = 0
        var lastCovered: Int64 = 0
        for index in at.indices {
            writer.put(at[index] &- lastAt)
            writer.put(covered[index] &- lastCovered)
            lastAt = at[index]
            lastCovered = covered[index]
        }
    }

    init() {}

    init(from reader: inout StateReader) throws(SignalStateError) {
        var moment: Int64 = 0
        var watched: Int64 = 0
        for index in 0..<(try reader.count()) {
            let step = try reader.integer()
            let watchedStep = try reader.integer()
            guard Clamp.moments.contains(moment &+ step), index == 0 || step >= 0, watchedStep >= 0,
                index == 0 || watchedStep <= step, Clamp.moments.contains(watched &+ watchedStep)
            else { throw reader.failure("a moment is out of order") }
            moment &+= step
            watched &+= watchedStep
            at.append(moment)
            covered.append(watched)
        }
    }
}

/// The ranges that hostile figures are held to, so that sums and differences cannot overflow.
enum Clamp {
    /// 1970 to the end of 9999, in ms.
    static let moments: ClosedRange<Int64> = 0...253_402_300_799_999

    static func moment(_ value: Int64) -> Int64 { min(max(value, moments.lowerBound), moments.upperBound) }
    static func counter(_ value: Int64) -> UInt32 { UInt32(clamping: value) }
    /// USD of one chat: finite and not negative.
    static func cost(_ value: Double) -> Double { value > 0 ? min(value, 1e12) : 0 }

    static func add(_ sum: inout Int64, _ value: Int64) {
        let (result, overflow) = sum.addingReportingOverflow(value)
        sum = overflow ? .max : result
    }
}
