import Model

/// What a reading is over many rows: between which two its values lie, and whether it is missing of some.
public struct Spread: Sendable {
    /// The least and the greatest of its values; the least above the greatest where it has none.
    @usableFromInline var low: Double
    @usableFromInline var high: Double
    @usableFromInline var isMissingSomewhere: Bool

    @usableFromInline init(_ low: Double, _ high: Double, isMissingSomewhere: Bool) {
        self.low = low
        self.high = high
        self.isMissingSomewhere = isMissingSomewhere
    }

    /// Of no row at all: add those that there are.
    public init() { self.init(.infinity, -.infinity, isMissingSomewhere: false) }

    /// Where it is not known, or nobody looked.
    public static let anything = Spread(-.infinity, .infinity, isMissingSomewhere: true)

    var hasValue: Bool { low <= high }
    private var isUnknown: Bool { low == -.infinity && high == .infinity }

    /// Counts one more row. What is no number is beyond what bounds can say: the answer is whether they still say something.
    @inlinable public mutating func add(_ reading: Evidence) -> Bool {
        guard case .value(let value) = reading else {
            isMissingSomewhere = true
            return true
        }
        if value < low { low = value }
        if value > high { high = value }
        return !value.isNaN
    }

    private static let missing = Spread(.infinity, -.infinity, isMissingSomewhere: true)

    /// Of what is computed from two of them. Each operation rounds the same way at every value, so that it is greatest and least
    /// at ends; where one of these is infinite or a divisor may be zero, nothing is said.
    func combined(_ step: Instruction, _ other: Spread) -> Spread {
        guard hasValue, other.hasValue else { return .missing }
        guard low.isFinite, high.isFinite, other.low.isFinite, other.high.isFinite else { return .anything }
        let ends: (Double, Double, Double, Double)
        switch step.operation {
        case .add: ends = (low + other.low, high + other.high, low + other.low, high + other.high)
        case .subtract: ends = (low - other.high, high - other.low, low - other.high, high - other.low)
        case .multiply:
            let factor = step.constant
            ends = (low * other.low * factor, low * other.high * factor, high * other.low * factor, high * other.high * factor)
        case .divide:
            guard other.low > 0 || other.high < 0 else { return .anything }
            let factor = step.constant
            ends = (low / other.low * factor, low / other.high * factor, high / other.low * factor, high / other.high * factor)
        default: return .anything
        }
        return Spread(
            min(ends.0, ends.1, ends.2, ends.3), max(ends.0, ends.1, ends.2, ends.3),
            isMissingSomewhere: isMissingSomewhere || other.isMissingSomewhere)
    }

    func canBe(_ operation: Instruction.Operation, _ other: Spread) -> Bool {
        guard hasValue, other.hasValue else { return false }
        // Of what no number is, bounds say nothing: it is not even infinite.
        if isUnknown || other.isUnknown { return true }
        return switch operation {
        case .above: high > other.low
        case .atLeast: high >= other.low
        case .below: low < other.high
        case .atMost: low <= other.high
        case .equal: low <= other.high && other.low <= high
        // Only two fixed and equal numbers never differ.
        case .unequal: low != high || other.low != other.high || low != other.low
        default: true
        }
    }
}

extension CompiledCondition {
    /// Whether it can be true of any row, by what its readings are over all of them. Where it cannot, no row needs to be looked at:
    /// of a thousand apps on a calm day none is. It errs on the side of "can", for figures over apps, labels and clocks always.
    /// - Parameter spread: of a slot. What a missing reading is at the least counts as well: of a slot of which such is known, it
    ///   must say `anything`.
    public func canHold(_ spread: (Int) -> Spread) -> Bool { can(true, program.count - 1, spread) }

    private func can(_ wanted: Bool, _ index: Int, _ spread: (Int) -> Spread) -> Bool {
        let step = program[index]
        switch step.operation {
        case .not: return can(!wanted, Int(step.left), spread)
        case .and, .or:
            // Both operands, or either of them.
            if (step.operation == .and) == wanted {
                return can(wanted, Int(step.left), spread) && can(wanted, Int(step.right), spread)
            }
            return can(wanted, Int(step.left), spread) || can(wanted, Int(step.right), spread)
        case .isMissing:
            let operand = number(Int(step.left), spread)
            return wanted ? operand.isMissingSomewhere : operand.hasValue
        case .isMissingFor: return !wanted || number(Int(step.left), spread).isMissingSomewhere
        case .above, .atLeast, .below, .atMost, .equal, .unequal:
            let operation = wanted ? step.operation : step.operation.negated
            return number(Int(step.left), spread).canBe(operation, number(Int(step.right), spread))
        case .labelIs, .labelIsNot, .labelIsMissing: return true
        case .constant, .reading, .clock, .count, .sum, .quantile, .negate, .add, .subtract, .multiply, .divide:
            CompiledCondition.unreachable()
        }
    }

    private func number(_ index: Int, _ spread: (Int) -> Spread) -> Spread {
        let step = program[index]
        switch step.operation {
        case .constant: return Spread(step.constant, step.constant, isMissingSomewhere: false)
        case .reading: return spread(Int(step.left))
        case .negate:
            let operand = number(Int(step.left), spread)
            return Spread(-operand.high, -operand.low, isMissingSomewhere: operand.isMissingSomewhere)
        case .add, .subtract, .multiply, .divide:
            return number(Int(step.left), spread).combined(step, number(Int(step.right), spread))
        default: return .anything
        }
    }
}
