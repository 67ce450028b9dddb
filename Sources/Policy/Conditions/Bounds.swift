import Model

/// The values that a number can take: from `low` to `high`, each end included or not.
struct Bounds {
    var low: Double
    var high: Double
    var lowOpen = false
    var highOpen = false

    static let anything = Bounds(-.infinity, .infinity)

    init(_ low: Double, _ high: Double, lowOpen: Bool = false, highOpen: Bool = false) {
        self.low = low
        self.high = high
        self.lowOpen = lowOpen
        self.highOpen = highOpen
    }

    /// What a reading can be: none is negative but what somebody else counts.
    init(of series: SeriesRef) {
        if let metric = series.metric {
            self = metric.mayBeNegative ? .anything : Bounds(0, .infinity)
            return
        }
        switch series.function {
        case .rise, .outgrew: self.init(0, .infinity)
        case .spike, .predict: self.init(-.infinity, .infinity)
        // The median of minutes that are not zero.
        case .baseline: self.init(0, Bounds.most(series.signal), lowOpen: true)
        case nil, .avg, .min, .max, .mad, .excess, .earlier, .total: self.init(0, Bounds.most(series.signal))
        }
    }

    init(of part: LocalHour.Part) {
        switch part {
        case .hour: self.init(0, 23)
        case .weekday: self.init(1, 7)
        }
    }

    /// Shares are of a whole; an error rate is not, since one turn may bring several errors.
    private static func most(_ signal: Signal) -> Double {
        switch signal {
        case .activeRunsShare, .silentRunsShare, .silentRunsRest, .healthFailures, .lostPolls, .lineLoss, .cpu, .cpuThrottled, .memory,
            .swap, .diskFree, .inodesFree, .openFiles, .pressureCPU, .pressureMemory, .pressureIO:
            100
        case .deadCounters: Double(Counter.allCases.count)
        default: signal.unit == .flag ? 1 : .infinity
        }
    }

    var isEmpty: Bool { low > high || (low == high && (lowOpen || highOpen)) }

    /// `between 0% and 100%`, `never below 0`.
    func words(_ unit: Unit) -> String {
        let least = (lowOpen ? "above " : "") + Figure.text(low, unit)
        if high == .infinity { return lowOpen ? "always \(least)" : "never below \(least)" }
        return "between \(Figure.text(low, unit)) and \(Figure.text(high, unit))"
    }

    // MARK: Comparing

    func canBe(_ operation: Instruction.Operation, _ other: Bounds) -> Bool {
        switch operation {
        case .above: return high > other.low
        case .atLeast: return high > other.low || (high == other.low && !highOpen && !other.lowOpen)
        case .below: return other.high > low
        case .atMost: return other.high > low || (other.high == low && !lowOpen && !other.highOpen)
        case .equal: return canBe(.atLeast, other) && canBe(.atMost, other)
        // Only two fixed and equal numbers never differ.
        case .unequal: return !(low == high && other.low == other.high && low == other.low)
        default: return true
        }
    }

    /// What is left of it where it compares so with the other.
    func bounded(_ operation: Instruction.Operation, _ other: Bounds) -> Bounds {
        var bounds = self
        func raise(_ value: Double, open: Bool) {
            guard value > bounds.low || (value == bounds.low && open) else { return }
            (bounds.low, bounds.lowOpen) = (value, open)
        }
        func lower(_ value: Double, open: Bool) {
            guard value < bounds.high || (value == bounds.high && open) else { return }
            (bounds.high, bounds.highOpen) = (value, open)
        }
        switch operation {
        case .above: raise(other.low, open: true)
        case .atLeast: raise(other.low, open: other.lowOpen)
        case .below: lower(other.high, open: true)
        case .atMost: lower(other.high, open: other.highOpen)
        case .equal:
            raise(other.low, open: other.lowOpen)
            lower(other.high, open: other.highOpen)
        default: break
        }
        // An end at infinity is reached: a rise may be infinite.
        return bounds
    }

    // MARK: Calculating

    func combined(_ operation: Instruction.Operation, _ other: Bounds, factor: Double) -> Bounds {
        switch operation {
        case .add: return Bounds.of([low + other.low, high + other.high])
        case .subtract: return Bounds.of([low - other.high, high - other.low])
        case .multiply:
            let corners = [low * other.low, low * other.high, high * other.low, high * other.high]
            // Nothing times infinite is nothing, at the end of a range.
            return Bounds.of(corners.map { ($0.isNaN ? 0 : $0) * factor })
        case .divide:
            guard other.low > 0 || (other.low == 0 && low >= 0) else { return .anything }
            let most = other.low == 0 ? Double.infinity : (high.isInfinite ? high : high / other.low)
            let least = low < 0 ? (other.low == 0 ? -.infinity : low / other.low) : low / other.high
            return Bounds.of([least * factor, most * factor])
        default: return .anything
        }
    }

    /// From the least to the greatest; anything, where one of them is no number.
    private static func of(_ ends: [Double]) -> Bounds {
        guard !ends.contains(where: \.isNaN), let low = ends.min(), let high = ends.max() else { return .anything }
        return Bounds(low, high)
    }
}
