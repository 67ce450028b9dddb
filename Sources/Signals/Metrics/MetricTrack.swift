import Model

/// What one query found on the pages of one process: the newest value, or how what it counts grew.
struct MetricTrack: Sendable {
    /// What the newest page said.
    enum Standing: Hashable, Sendable {
        /// No such family.
        case absent
        /// The family without a series that matches, and none was ever seen here.
        case unmatched
        case number(Evidence)
        /// Counted: see the rows.
        case counting
        case unreadable(MissingReason)
    }

    /// `MetricQuery.description`.
    let query: String
    private(set) var standing = Standing.absent
    /// Upper bounds of a histogram's buckets; empty for a counter.
    private(set) var bounds: [Double] = []
    /// Growth summed up, for each moment of the axis: one figure, or one for each bound.
    private(set) var rows: ContiguousArray<[Double]> = []
    private(set) var axis = TimeAxis()
    /// The newest value of each minute, where a policy draws a line through them.
    private(set) var points: ContiguousArray<Point> = []
    /// What each series was when it was last seen, sorted by key.
    private var last: [Seen] = []

    /// One value.
    struct Point: Hashable, Sendable {
        /// ms.
        var at: Int64
        var value: Double
    }

    private struct Seen: Sendable {
        var key: UInt64
        var value: Double
        var created: Double?
    }

    /// Series that went from the page are remembered for when they come back, as long as there are no more than this.
    private static let mostRemembered = 2 * PageSearch.mostSeries
    /// A series whose own beginning lies so far before the last page was there then, ms.
    private static let slack = 60_000.0
    /// Most bounds of a histogram that are kept.
    private static let mostBounds = 4_096

    init(_ query: MetricQuery) {
        self.query = query.description
    }

    /// - Parameters:
    ///   - isWindowed: what is read of it is counted over a time.
    ///   - kept: for how long its values are kept one by one; nil: not at all.
    mutating func take(_ finding: PageFinding, isWindowed: Bool, kept: TimeSpan? = nil, at: Int64, maxGap: Int64) {
        keep(finding, for: kept, at: at)
        switch finding {
        case .absent, .unmatched:
            // A page that was read, and nothing to count on it: nothing grew. What comes later began at nothing since, and what was
            // counted here once grew by nothing: a process that began anew shows a label again when it has something to count.
            if isWindowed { append(growth: MetricTrack.nothing(bounds), at: at, maxGap: maxGap) }
            standing = finding == .absent ? .absent : last.isEmpty ? .unmatched : .counting
        case .number(let evidence): standing = .number(evidence)
        case .unreadable(let reason): standing = .unreadable(reason)
        case .counted(let counted, let bounds): count(counted, bounds, at: at, maxGap: maxGap)
        }
    }

    private mutating func keep(_ finding: PageFinding, for kept: TimeSpan?, at: Int64) {
        guard let kept else { return points = [] }
        if case .number(.value(let value)) = finding {
            let minute = Timestamp(milliseconds: at).minute
            if let last = points.last, Timestamp(milliseconds: last.at).minute >= minute { points.removeLast() }
            points.append(Point(at: at, value: value))
        }
        points.removeFirst(points.firstIndex { $0.at > at - kept.milliseconds } ?? points.count)
    }

    /// Where a line through the values of a range is some time ahead of a moment; nil where there are too few.
    func predicted(range: TimeSpan, ahead: TimeSpan, at moment: Int64) -> Double? {
        let minute = 60_000.0
        let line = points.lazy.filter { $0.at > moment - range.milliseconds }
            .map { TrendLine.Point(minute: Double($0.at - moment) / minute, value: $0.value) }
        return TrendLine.value(
            through: Array(line), range: Double(range.milliseconds) / minute, at: Double(ahead.milliseconds) / minute)
    }

    private static func nothing(_ bounds: [Double]) -> [Double] { [Double](repeating: 0, count: max(1, bounds.count)) }

    private mutating func count(_ counted: [PageFinding.Counted], _ bounds: [Double], at: Int64, maxGap: Int64) {
        standing = .counting
        if bounds != self.bounds {
            if last.isEmpty {
                // Nothing was counted yet, whatever the buckets.
                rows = ContiguousArray(repeating: MetricTrack.nothing(bounds), count: axis.count)
            } else {
                // Other buckets: nothing of before can be added to them.
                (rows, axis, last) = ([], TimeAxis(), [])
            }
            self.bounds = bounds
        }
        let before = axis.last
        var growth = MetricTrack.nothing(bounds)
        var seen: [Seen] = []
        seen.reserveCapacity(counted.count)
        var old = 0
        for series in counted {
            while old < last.count, last[old].key < series.key {
                seen.append(last[old])
                old += 1
            }
            let own = Seen(key: series.key, value: series.value, created: series.created)
            if old < last.count, last[old].key == series.key {
                growth[series.bound] += MetricTrack.growth(from: last[old], to: own)
                old += 1
            } else if let before, series.created.map({ $0 * 1_000 >= Double(before) - MetricTrack.slack }) ?? true {
                // It was not on the page before, so it began at nothing since.
                growth[series.bound] += series.value
            }
            seen.append(own)
        }
        seen += last[old...]
        if seen.count > MetricTrack.mostRemembered {
            seen = counted.map { Seen(key: $0.key, value: $0.value, created: $0.created) }
        }
        last = seen
        append(growth: growth, at: at, maxGap: maxGap)
    }

    /// A counter that fell, or says that it began anew, grew from nothing to what it is.
    private static func growth(from old: Seen, to new: Seen) -> Double {
        if let before = old.created, let now = new.created, now > before + 0.001 { return new.value }
        return new.value >= old.value ? new.value - old.value : new.value
    }

    private mutating func append(growth: [Double], at: Int64, maxGap: Int64) {
        let isWatched = axis.last.map { at > $0 && at - $0 <= maxGap } ?? false
        var row = rows.last ?? [Double](repeating: 0, count: growth.count)
        if isWatched { for index in row.indices where index < growth.count { row[index] += growth[index] } }
        axis.append(max(at, axis.last ?? at), isWatched: isWatched)
        rows.append(row)
    }

    mutating func trim(before moment: Int64) { axis.trim(&rows, before: moment) }

    /// What grew in (start, end], by bound, and the milliseconds that were watched; nil where too little was.
    func growth(from start: Int64, to end: Int64) -> (sums: [Double], covered: Double)? {
        guard let stretch = axis.stretch(from: start, to: end), stretch.covered > 0,
            stretch.covered >= Double(end - start) * Evaluation.leastCoverage
        else { return nil }
        let sums = (0..<(rows.last?.count ?? 0)).map { place in stretch.sum { rows[$1][place] - rows[$0][place] } }
        return (sums, stretch.covered)
    }
}

extension MetricTrack: StateCodable {
    /// In the place of a standing: single values stand before it.
    private static let pointsFollow: UInt8 = 5

    func encode(to writer: inout StateWriter) {
        writer.put(query)
        if !points.isEmpty {
            writer.put(byte: MetricTrack.pointsFollow)
            writer.put(each: points) { writer, point in
                writer.put(point.at)
                writer.put(point.value)
            }
        }
        switch standing {
        case .absent: writer.put(byte: 0)
        case .unmatched: writer.put(byte: 1)
        case .number(let evidence):
            writer.put(byte: 2)
            writer.put(evidence)
        case .counting: writer.put(byte: 3)
        case .unreadable(let reason):
            writer.put(byte: 4)
            writer.put(reason)
        }
        writer.put(each: bounds) { $0.put($1) }
        axis.encode(to: &writer)
        for row in rows { for figure in row { writer.put(figure) } }
        writer.put(each: last) { writer, series in
            writer.put(bits: series.key)
            writer.put(series.value)
            writer.put(optional: series.created) { $0.put($1) }
        }
    }

    init(from reader: inout StateReader) throws(SignalStateError) {
        query = try reader.string()
        if try reader.peek() == MetricTrack.pointsFollow {
            _ = try reader.byte()
            points = ContiguousArray(
                try reader.each { (reader) throws(SignalStateError) in Point(at: try reader.moment(), value: try reader.double()) })
            guard zip(points, points.dropFirst()).allSatisfy({ $0.at < $1.at }) else { throw reader.failure("values out of order") }
        }
        switch try reader.byte() {
        case 0: standing = .absent
        case 1: standing = .unmatched
        case 2: standing = .number(try reader.evidence())
        case 3: standing = .counting
        case 4: standing = .unreadable(try reader.reason())
        default: throw reader.failure("an unknown standing of a series")
        }
        bounds = try reader.each { (reader) throws(SignalStateError) in try reader.double() }
        guard bounds.count <= MetricTrack.mostBounds, zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw reader.failure("buckets out of order")
        }
        axis = try TimeAxis(from: &reader)
        for _ in 0..<axis.count {
            var row: [Double] = []
            for _ in 0..<max(1, bounds.count) { row.append(try reader.double()) }
            rows.append(row)
        }
        last = try reader.each { (reader) throws(SignalStateError) in
            Seen(
                key: try reader.bits(), value: try reader.double(),
                created: try reader.optional { (reader) throws(SignalStateError) in try reader.double() })
        }
        guard zip(last, last.dropFirst()).allSatisfy({ $0.key < $1.key }) else { throw reader.failure("series out of order") }
    }
}
