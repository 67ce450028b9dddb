import Model
import Synchronization

/// A function over the minutes of all apps' (or the runtime's) past, computed for a subject when first asked and then
/// remembered. The value can only change when a minute closes, and then there is a new column.
final class HistoryColumn: Sendable {
    private let function: HistoryFunction
    private let window: MinuteWindow
    private let count: Int
    /// The minutes of a subject in one of the window's parts, by its index and the part's.
    private let source: @Sendable (Int, Int) -> MinuteValues
    /// The first parts of the runtime as a whole; its own column has no rest to compare with.
    private let whole: [MinuteValues]
    /// Of how many parts any minute is known: most of a day's are not in a process that was just started.
    private let parts: Int
    /// What the medians of the subjects were a minute ago, by index; NaN, or nothing, where that is not known.
    private let guesses: ContiguousArray<Double>
    private let known: Mutex<ContiguousArray<Evidence?>>

    init(
        function: HistoryFunction, window: MinuteWindow, count: Int,
        whole: [MinuteValues] = [], parts: Int = .max, guesses: ContiguousArray<Double> = [],
        source: @escaping @Sendable (Int, Int) -> MinuteValues
    ) {
        self.function = function
        self.window = window
        self.source = source
        self.whole = whole
        self.parts = parts
        self.guesses = guesses
        self.count = count
        known = Mutex(ContiguousArray(repeating: nil, count: count))
    }

    func value(at index: Int) -> Evidence {
        known.withLock { known in
            if let evidence = known[index] { return evidence }
            // The last one is the runtime itself.
            let rest = index == count - 1 || whole.isEmpty ? nil : whole
            let evidence = window.apply(function, whole: rest, known: parts, near: index < guesses.count ? guesses[index] : .nan) {
                source(index, $0)
            }
            known[index] = evidence
            return evidence
        }
    }

    /// The medians that were worked out, and before them those that were guessed; nil of a function that is none.
    var medians: ContiguousArray<Double>? {
        guard function == .baseline else { return nil }
        let worked = known.withLock { $0 }
        return ContiguousArray(worked.indices.lazy.map { worked[$0]?.value ?? ($0 < self.guesses.count ? self.guesses[$0] : .nan) })
    }

    /// When that was which it is of, from the first of its minutes to one past the last; nil where that is up to now.
    var stretch: Range<Int64>? { window.isEarlier ? window.end - window.range..<window.end : nil }

    /// For how long a subject must still be watched until there is a value, at the least; nil where that is not what it lacks.
    func wanting(at index: Int) -> TimeSpan? {
        guard case .missing(.tooLittleData) = value(at: index) else { return nil }
        return window.wanting(function) { source(index, $0) }
    }
}

/// The functions that were asked for since the newest minute closed, and what their medians were before.
struct HistoryColumns: Sendable {
    private var known: [SeriesRef: HistoryColumn] = [:]
    private var medians: [SeriesRef: ContiguousArray<Double>] = [:]

    /// Of a series; made where it was not asked for yet, of what the medians were.
    mutating func column(_ series: SeriesRef, _ make: (ContiguousArray<Double>) -> HistoryColumn) -> HistoryColumn {
        if let column = known[series] { return column }
        let column = make(medians[series] ?? [])
        known[series] = column
        return column
    }

    /// What is remembered changes. Nothing of it may be held here then: a column has part in the minutes that it reads.
    mutating func forget() {
        guard !known.isEmpty else { return }
        medians = known.compactMapValues(\.medians)
        known = [:]
    }
}

/// One signal of one subject in one minute.
struct MinuteEntry: BitwiseCopyable {
    var minute: Int64
    /// NaN where it is kept that nothing can be said of the minute.
    var value: Double
}

/// What a stretch of minutes says about one signal of one subject.
struct MinuteValues {
    /// The minutes that have a value, oldest first. Zeros of idle minutes are only counted.
    var entries: ArraySlice<MinuteEntry> = []
    /// Minutes that were watched while nothing happened, whose value is 0.
    var zeros = 0
    /// Watched minutes of a ratio without traffic.
    var withoutTraffic = 0
    /// Why the newest of the minutes that were missing was so.
    var missing: MissingReason?

    var count: Int { entries.count + zeros }

    /// Why there is no value at all.
    var reason: MissingReason {
        if let missing { return missing }
        return withoutTraffic > 0 ? .noTraffic : .tooLittleData
    }
}

/// The minutes that a function looks at: `range` closed minutes, the newest `exclude` of them left out by `baseline`.
struct MinuteWindow: Hashable, Sendable {
    let signal: Signal
    /// One past the newest closed minute.
    var end: Int64
    /// In minutes, at least 1.
    var range: Int64
    var exclude: Int64
    /// Whether it ends before the newest minute.
    var isEarlier = false
    /// How far a line is followed beyond it, in minutes.
    var ahead = 0.0

    /// A baseline of fewer non-zero minutes says nothing.
    static let leastBaselineMinutes = 30

    /// - Parameter end: one past the newest closed minute; the window ends `offset` before it.
    init(_ signal: Signal, end: Int64, range: TimeSpan, exclude: TimeSpan?, offset: TimeSpan? = nil, ahead: TimeSpan? = nil) {
        func minutes(_ span: TimeSpan) -> Int64 { (max(0, span.milliseconds) + 59_999) / 60_000 }
        self.signal = signal
        self.end = end - (offset.map(minutes) ?? 0)
        isEarlier = offset != nil
        self.ahead = Double(ahead?.milliseconds ?? 0) / 60_000
        self.range = max(1, minutes(range))
        self.exclude = exclude.map(minutes) ?? 0
    }

    /// The stretches of minutes that a function reads, its parts, in the order in which `apply` asks for them.
    func ranges(_ function: HistoryFunction) -> [Range<Int64>] { (0..<partCount(function)).map { part(function, $0) } }

    func partCount(_ function: HistoryFunction) -> Int {
        switch function {
        case .avg, .min, .max, .baseline, .mad, .predict, .earlier, .total: 1
        case .rise: 2
        case .spike, .outgrew, .excess: comparedCount
        }
    }

    /// One of them. Worked out anew each time: kept for each function of each runtime they took more memory than the minutes.
    func part(_ function: HistoryFunction, _ index: Int) -> Range<Int64> {
        let start = end - range
        switch function {
        case .avg, .min, .max, .predict, .earlier, .total: return start..<end
        case .rise:
            let third = Swift.max(1, range / 3)
            return index == 0 ? start..<start + third : end - third..<end
        case .baseline, .mad: return start..<Swift.max(start, end - exclude)
        case .spike, .outgrew, .excess: return comparedRange(index)
        }
    }

    /// - Parameters:
    ///   - whole: the stretches of the runtime, for an app of it.
    ///   - known: of how many parts any minute is known; the others say nothing.
    ///   - guess: what a `baseline` may well be; NaN: nothing is guessed. It changes the time that it takes and nothing else.
    ///   - read: a part of the subject, by its index in `ranges`.
    func apply(
        _ function: HistoryFunction, whole: [MinuteValues]? = nil, known: Int = .max, near guess: Double = .nan,
        _ read: (Int) -> MinuteValues
    ) -> Evidence {
        let evidence = value(function, whole: whole, known: known, near: guess, read)
        // What kept it from being seen then is no trouble of now.
        guard isEarlier, let reason = evidence.reason, reason != .noTraffic else { return evidence }
        return .missing(.tooLittleData)
    }

    private func value(
        _ function: HistoryFunction, whole: [MinuteValues]?, known: Int, near guess: Double, _ read: (Int) -> MinuteValues
    ) -> Evidence {
        switch function {
        case .avg:
            return MinuteWindow.mean(read(0))
        case .earlier:
            let minutes = read(0)
            let seen = Double(minutes.count + minutes.withoutTraffic)
            return seen < Double(range) * Evaluation.leastCoverage ? .missing(.tooLittleData) : MinuteWindow.mean(minutes)
        case .min:
            let minutes = read(0)
            guard minutes.count > 0 else { return .missing(minutes.reason) }
            let least = minutes.entries.lazy.map(\.value).min() ?? 0
            return .value(minutes.zeros > 0 ? Swift.min(0, least) : least)
        case .max:
            let minutes = read(0)
            guard minutes.count > 0 else { return .missing(minutes.reason) }
            let most = minutes.entries.lazy.map(\.value).max() ?? 0
            return .value(minutes.zeros > 0 ? Swift.max(0, most) : most)
        case .rise:
            let last = MinuteWindow.mean(read(1))
            let first = MinuteWindow.mean(read(0))
            guard case .value(let newer) = last else { return last }
            guard case .value(let older) = first else { return first }
            if older == 0 { return .value(newer > 0 ? .infinity : 1) }
            return .value(newer / older)
        case .baseline, .mad:
            let minutes = read(0)
            // Zeros do not count: the usual is that of the minutes in which something happened.
            let busy = minutes.entries.lazy.map(\.value).filter { $0 != 0 }
            let (among, least) = (minutes.entries.count, MinuteWindow.leastBaselineMinutes)
            guard let usual = Selection.median(of: busy, among: among, least: least, near: function == .baseline ? guess : .nan) else {
                return .missing(minutes.count == 0 ? minutes.missing ?? .tooLittleData : .tooLittleData)
            }
            guard function == .mad else { return .value(usual) }
            let distance = Selection.median(of: busy.map { abs($0 - usual) }, among: among, least: 1) ?? 0
            return .value(distance * MinuteWindow.normalScale)
        case .spike, .outgrew, .excess: return compare(function, whole, known: known, read)
        case .predict:
            let minutes = read(0)
            // What a minute holds is what was seen last in it.
            let points = minutes.entries.map { TrendLine.Point(minute: Double($0.minute + 1 - end), value: $0.value) }
            guard let value = TrendLine.value(through: points, range: Double(range), at: ahead) else {
                return .missing(minutes.count == 0 ? minutes.reason : .tooLittleData)
            }
            return .value(value)
        // Added up minute by minute, as they close: `PeriodTotals`.
        case .total: return .missing(.tooLittleData)
        }
    }

    /// The minutes that a function still needs of a subject: of those in which something happens, for a baseline.
    func wanting(_ function: HistoryFunction, _ read: (Int) -> MinuteValues) -> TimeSpan? {
        var minutes: Int64
        guard !isEarlier else { return nil }
        switch function {
        case .avg, .min, .max, .rise, .earlier, .total: minutes = 1
        case .baseline, .mad:
            let known = read(0)
            let busy = known.entries.count { $0.value != 0 }
            minutes = Int64(MinuteWindow.leastBaselineMinutes - busy)
            // The newest minutes are left out: until they are old enough none of them counts.
            if known.count == 0 { minutes += exclude }
        case .spike, .outgrew, .excess: minutes = wantingToCompare(read)
        case .predict:
            let known = read(0).entries
            let length = (known.last?.minute ?? 0) - (known.first?.minute ?? 0)
            minutes = Swift.max(Int64(TrendLine.leastPoints - known.count), range / 2 - length)
        }
        return minutes > 0 ? .minutes(Int(minutes)) : nil
    }

    static func mean(_ minutes: MinuteValues) -> Evidence {
        guard minutes.count > 0 else { return .missing(minutes.reason) }
        return .value(minutes.entries.reduce(0) { $0 + $1.value } / Double(minutes.count))
    }
}
