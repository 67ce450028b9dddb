import Model

/// The newest window against those before it: `spike`, `outgrew`, `excess`.
///
/// The past is cut into windows of the same length. Its usual is their median, and the same hour of the days before
/// where the range reaches so far and that hour is busier: what comes every morning is no change. Of active runs it is the
/// three hours before and after, since batches move. Nor is a batch that
/// ran three times before, as large and with pauses between, for what is spent (tokens, cost, model calls) and for active runs. How far a window may
/// lie off by chance is the greater of two: what counts of this size do (Poisson; of sums such as tokens a sum of events
/// of their usual size), and what the windows before did (their median absolute deviation).
extension MinuteWindow {
    /// Of a normal distribution the standard deviation is so many median absolute deviations.
    static let normalScale = 1.4826
    /// What lies fewer standard errors above what is expected is no excess.
    private static let certain = 3.0
    /// Of all runs: an excess that is less carries nothing.
    private static let leastPart = 0.02
    /// The error of a median, as a multiple of that of a mean.
    private static let errorOfMedian = 1.2533
    /// Minutes before and after the same moment of an earlier day that count as its hour.
    private static let hourMargin: Int64 = 30
    /// The same of active runs, so that a nightly batch of up to an hour may come two hours later or earlier.
    private static let hourMarginOfRuns: Int64 = 180
    private static let day: Int64 = 1_440
    /// What came so often, with pauses between, comes again.
    private static let batchesBefore = 3
    /// So long a stretch of an earlier day's hour stands for it, where it had most.
    private static let leastStretch: Int64 = 20
    /// Runs that are fewer for so many minutes are over.
    private static let pauseOfRuns: Int64 = 20

    private var length: Int64 { Swift.max(1, exclude) }
    private var start: Int64 { end - range }
    /// Windows before the newest one, newest first.
    private var blockCount: Int { Int(Swift.max(0, range - length) / length) }

    /// Earlier days whose same hour the range holds.
    private var dayCount: Int { Int(Swift.max(0, range - length - MinuteWindow.hourMargin) / MinuteWindow.day) }

    /// The newest window, the windows before it, then the same hour of each earlier day.
    var comparedCount: Int { 1 + blockCount + dayCount }

    /// The stretch of minutes of one of them.
    func comparedRange(_ part: Int) -> Range<Int64> {
        let blocks = blockCount
        guard part > blocks else { return end - Int64(part + 1) * length..<end - Int64(part) * length }
        let back = Int64(part - blocks) * MinuteWindow.day
        let margin = signal == .activeRuns ? MinuteWindow.hourMarginOfRuns : MinuteWindow.hourMargin
        // Of the wider margin as much as the range holds.
        return Swift.max(start, end - back - length - margin)..<end - back + margin
    }

    /// What a subject usually does in a window, and how much that varies.
    private struct Usual {
        var level = 0.0
        /// By what the windows did: one standard deviation.
        var spread = 0.0
        /// The size of one event, as this signal counts it.
        var event = 1.0
        /// Known minutes before the newest window.
        var minutes = 0
        /// Windows that its level was taken from.
        var windows = 1
    }

    /// - Parameter known: of how many parts there is anything to read; the others are not even looked at.
    func compare(_ function: HistoryFunction, _ whole: [MinuteValues]?, known: Int, _ read: (Int) -> MinuteValues) -> Evidence {
        let newest = MinuteWindow.mean(read(0))
        guard case .value(let now) = newest else { return newest }
        let past = (1..<Swift.max(1, Swift.min(comparedCount, known))).map(read)
        guard let usual = usual(past[...], now: now) else {
            return .missing(past.lazy.compactMap(\.missing).first ?? .tooLittleData)
        }
        if function == .spike { return .value((now - usual.level) / error(at: usual.level, usual)) }
        let rest = Swift.max(1, growthOfRest(whole, now, usual.level))
        if function == .outgrew {
            guard usual.level > 0 else { return .value(now > 0 ? .infinity : 1) }
            return .value(now / usual.level / rest)
        }
        let expected = usual.level * rest
        // The usual is not known exactly either, and where the rest grew many times that is multiplied with it: when all of
        // them fill the machine none carries what is too much. Of few runs the median is often too low, and its error with
        // it: that is taken at the upper end of what it may be.
        let windows = Double(usual.windows).squareRoot()
        let unsure = MinuteWindow.errorOfMedian * rest * error(at: usual.level + error(at: usual.level, usual) / windows, usual) / windows
        let chance = error(at: expected, usual)
        let excess = now - expected
        guard excess > MinuteWindow.certain * (chance * chance + unsure * unsure).squareRoot() else { return .value(0) }
        return .value(isCarried(excess, of: whole) ? excess : 0)
    }

    /// Whether it is any part of what the runtime carries. Of hundreds of small apps one always has more runs than it ever had, by
    /// chance: who has a few of hundreds is not who fills the machine.
    private func isCarried(_ excess: Double, of whole: [MinuteValues]?) -> Bool {
        switch signal.shape {
        case .gauge, .count: break
        case .rate, .ratio, .quantile: return true
        }
        guard let whole, case .value(let all) = MinuteWindow.mean(whole[0]) else { return true }
        return excess >= all * MinuteWindow.leastPart
    }

    /// How many minutes more must be watched until there is a past to compare with.
    func wantingToCompare(_ read: (Int) -> MinuteValues) -> Int64 {
        let past = (1..<blockCount + 1).map(read)
        let minutes = Int64(past.reduce(0) { $0 + $1.count })
        let windows = Int64(past.count { $0.count * 2 >= Int(length) })
        return Swift.max(
            Int64(MinuteWindow.leastBaselineMinutes) - minutes, (MinuteWindow.leastWindows - windows) * length, read(0).count == 0 ? 1 : 0)
    }

    private static let leastWindows: Int64 = 3

    /// Nil while too little of the past was watched.
    /// - Parameter now: what the newest window holds.
    private func usual(_ past: ArraySlice<MinuteValues>, now: Double) -> Usual? {
        var usual = Usual()
        var means: [Double] = []
        means.reserveCapacity(blockCount)
        for block in past.prefix(blockCount) {
            usual.minutes += block.count
            // Half a window is enough to stand for it.
            guard block.count * 2 >= Int(length), case .value(let mean) = MinuteWindow.mean(block) else { continue }
            means.append(mean)
        }
        guard usual.minutes >= MinuteWindow.leastBaselineMinutes, means.count >= Int(MinuteWindow.leastWindows) else { return nil }
        usual.windows = means.count
        let median = Selection.median(of: means, among: means.count, least: 1) ?? 0
        let distances = means.lazy.map { abs($0 - median) }
        usual.spread = (Selection.median(of: distances, among: means.count, least: 1) ?? 0) * MinuteWindow.normalScale
        // Who works in fewer than half of the windows has a mean all the same.
        usual.level = median > 0 ? median : means.reduce(0, +) / Double(means.count)
        for hour in past.dropFirst(blockCount) where hour.count >= MinuteWindow.leastBaselineMinutes {
            if let busiest = busiest(of: hour) { usual.level = Swift.max(usual.level, busiest) }
        }
        if let batch = batch(past, asLargeAs: now) { usual.level = Swift.max(usual.level, batch) }
        if signal == .tokens || signal == .cost {
            let busy = past.prefix(blockCount).flatMap { $0.entries.lazy.map(\.value).filter { $0 > 0 } }
            usual.event = Selection.median(of: busy, among: busy.count, least: 1) ?? 1
        }
        return usual
    }

    /// The mean of an hour, or of the stretch of it that had most. A batch of forty minutes is as large every night as it is,
    /// whatever stands before and after it. The stretch is long enough that a few busy minutes are not taken for the usual.
    private func busiest(of hour: MinuteValues) -> Double? {
        guard case .value(var most) = MinuteWindow.mean(hour) else { return nil }
        let stretch = Swift.max(length, MinuteWindow.leastStretch)
        let entries = hour.entries
        let isDense = hour.withoutTraffic == 0 && hour.missing == nil
        var (sum, first) = (0.0, entries.startIndex)
        for index in entries.indices {
            sum += entries[index].value
            while entries[index].minute - entries[first].minute >= stretch {
                sum -= entries[first].value
                first += 1
            }
            let known = Int64(index - first + 1)
            // Minutes that have no entry are idle ones where all were watched; elsewhere they say nothing.
            if isDense || known == stretch { most = Swift.max(most, sum / Double(stretch)) }
        }
        return most
    }

    /// How large the batches before were, where there were several of at least half the newest window's size. One that
    /// still goes on is part of the newest; a loop that burns for hours is one, however long.
    private func batch(_ past: ArraySlice<MinuteValues>, asLargeAs now: Double) -> Double? {
        guard [.tokens, .cost, .llmCalls, .activeRuns].contains(signal), now > 0 else { return nil }
        // A process that dies takes the runs along: what is back within a few minutes is no other batch.
        let pause = signal == .activeRuns ? MinuteWindow.pauseOfRuns : 1
        var low: Int64 = 0
        var peaks: [Double] = []
        var peak: Double?
        // What is not known ends no batch: it begins at the newest window.
        var isOfNewest = true
        for block in past.prefix(blockCount) {
            guard block.count * 2 >= Int(length), case .value(let mean) = MinuteWindow.mean(block) else { continue }
            if mean * 2 >= now {
                low = 0
                if !isOfNewest { peak = Swift.max(peak ?? 0, mean) }
            } else {
                low += 1
                guard low * length >= pause else { continue }
                isOfNewest = false
                if let ended = peak { peaks.append(ended) }
                peak = nil
            }
        }
        if let ended = peak { peaks.append(ended) }
        guard peaks.count >= MinuteWindow.batchesBefore else { return nil }
        return Selection.median(of: peaks, among: peaks.count, least: 1)
    }

    /// One standard error of a window whose level is `level`. Never 0.
    private func error(at level: Double, _ usual: Usual) -> Double {
        let least = usual.event / Double(Swift.max(1, usual.minutes))
        let chance: Double =
            switch signal.shape {
            case .rate: (Swift.max(level, least) * usual.event / Double(length)).squareRoot()
            // A gauge stands for the same runs in all minutes of a window: they are counted once.
            case .gauge, .count: Swift.max(level, least).squareRoot()
            // Nothing is counted; a twentieth of the level keeps a figure that never moves from being infinitely sure.
            case .ratio, .quantile: Swift.max(level / 20, least)
            }
        return Swift.max(chance, usual.spread)
    }

    /// How the runtime without this app grew; 1 where there is no rest.
    private func growthOfRest(_ whole: [MinuteValues]?, _ now: Double, _ level: Double) -> Double {
        guard let whole, case .value(let all) = MinuteWindow.mean(whole[0]), let usual = usual(whole.dropFirst(), now: all),
            usual.level > level
        else { return 1 }
        return Swift.max(0, all - now) / (usual.level - level)
    }
}
