import Model

/// A fixed value that a condition holds a reading against.
public struct ConditionLimit: Hashable, Sendable {
    public let series: SeriesRef
    /// Whether the condition speaks of what lies above it; else of what lies below.
    public let isAbove: Bool
    /// In the base of the signal's unit.
    public let value: Double
}

extension CompiledCondition {
    /// What may be drawn into a chart: comparisons of a plain reading with what needs no other reading, each once, in the
    /// order of the text. What stands under a `not` is left out, as are readings under functions: their curve is another.
    public var limits: [ConditionLimit] {
        var found: [ConditionLimit] = []
        collect(program.count - 1, &found)
        return found
    }

    private func collect(_ index: Int, _ found: inout [ConditionLimit]) {
        let step = program[index]
        switch step.operation {
        case .and, .or:
            collect(Int(step.left), &found)
            collect(Int(step.right), &found)
        case .above, .atLeast, .below, .atMost:
            let isAbove = step.operation == .above || step.operation == .atLeast
            let (left, right) = (Int(step.left), Int(step.right))
            let limit: ConditionLimit? =
                if let series = plain(left), let value = fixed(right) {
                    ConditionLimit(series: series, isAbove: isAbove, value: value)
                } else if let series = plain(right), let value = fixed(left) {
                    ConditionLimit(series: series, isAbove: !isAbove, value: value)
                } else {
                    nil
                }
            if let limit, !found.contains(limit) { found.append(limit) }
        default: return
        }
    }

    /// The reading that an operand is; nil for anything else, and for one over history.
    private func plain(_ index: Int) -> SeriesRef? {
        guard program[index].operation == .reading else { return nil }
        let series = readings.first { $0.slot == Int(program[index].left) }?.series
        return series?.function == nil ? series : nil
    }

    /// The value of an operand that no reading changes.
    private func fixed(_ index: Int) -> Double? {
        guard isFixed(index) else { return nil }
        let value = program.withUnsafeBufferPointer { CompiledCondition.number($0, index, NoReadings()) }
        return value.value.flatMap { $0.isFinite ? $0 : nil }
    }

    private func isFixed(_ index: Int) -> Bool {
        let step = program[index]
        return switch step.operation {
        case .constant: true
        case .negate: isFixed(Int(step.left))
        case .add, .subtract, .multiply, .divide: isFixed(Int(step.left)) && isFixed(Int(step.right))
        default: false
        }
    }
}

/// Where nothing is read.
private struct NoReadings: ReadingSource {
    func reading(_ slot: Int) -> Evidence { .missing(.notTracked) }
}
