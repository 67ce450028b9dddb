import Model

/// What a condition can come to at all, whatever the readings are within the bounds of their signals: finds conditions
/// that are never true. It errs on the side of "can be": of expressions it knows bounds only, and no relation between
/// different signals.
struct ConditionReach {
    private let program: ContiguousArray<Instruction>
    private let bounds: [Int: Bounds]

    /// More ways than this to make a condition true are not followed: then it counts as possible.
    private static let mostWays = 64

    init(_ condition: CompiledCondition) {
        program = condition.program
        bounds = Dictionary(condition.readings.map { ($0.slot, Bounds(of: $0.series)) }) { first, _ in first }
    }

    /// What is known of each reading on one way to the wanted answer; nothing for slots that are not there.
    typealias Way = [Int: Known]

    enum Known {
        case value(Bounds)
        /// With the code of its reason and the status of an error, where these are known; status 0: any.
        case missing(code: UInt8?, status: UInt16)
    }

    /// Whether the part of the program that ends at `index` can be known true (or known false).
    func isPossible(_ wanted: Bool, at index: Int? = nil, from start: Way = [:]) -> Bool {
        let root = index ?? program.count - 1
        guard let once = ways(root, wanted, [start]) else { return true }
        // A second time, since what one comparison says bounds the others.
        guard let twice = ways(root, wanted, once) else { return true }
        return !twice.isEmpty
    }

    /// All ways on which the part comes to `wanted`; nil when there are too many to follow.
    private func ways(_ index: Int, _ wanted: Bool, _ from: [Way]) -> [Way]? {
        guard from.count <= ConditionReach.mostWays else { return nil }
        let step = program[index]
        switch step.operation {
        case .not: return ways(Int(step.left), !wanted, from)
        case .and, .or:
            // Both operands, or either of them.
            if (step.operation == .and) == wanted {
                return ways(Int(step.left), wanted, from).flatMap { ways(Int(step.right), wanted, $0) }
            }
            guard let left = ways(Int(step.left), wanted, from), let right = ways(Int(step.right), wanted, from) else {
                return nil
            }
            return left + right
        case .isMissing, .isMissingFor: return from.compactMap { missing(step, wanted, $0) }
        default: return from.compactMap { comparison(step, wanted, $0) }
        }
    }

    private func missing(_ step: Instruction, _ wanted: Bool, _ way: Way) -> Way? {
        var way = way
        let slot = Int(program[Int(step.left)].left)
        let isAny = step.operation == .isMissing
        switch way[slot] {
        case nil:
            if wanted {
                way[slot] = .missing(code: isAny ? nil : step.reason, status: isAny ? 0 : step.status)
            } else if isAny {
                way[slot] = .value(bounds[slot] ?? .anything)
            }
            return way
        case .value: return wanted ? nil : way
        case .missing(let code, let status):
            if isAny { return wanted ? way : nil }
            guard let code else {
                if wanted { way[slot] = .missing(code: step.reason, status: step.status) }
                return way
            }
            let differs = code != step.reason || (status != 0 && step.status != 0 && status != step.status)
            let isSame = code == step.reason && (step.status == 0 || status == step.status)
            return wanted ? (differs ? nil : way) : (isSame ? nil : way)
        }
    }

    private func comparison(_ step: Instruction, _ wanted: Bool, _ way: Way) -> Way? {
        let operation = wanted ? step.operation : step.operation.negated
        guard let left = span(Int(step.left), way), let right = span(Int(step.right), way) else { return nil }
        guard left.canBe(operation, right) else { return nil }
        var way = way
        fix(Int(step.left), &way)
        fix(Int(step.right), &way)
        // A reading that stands alone on one side is bounded by the other.
        for (side, own, other, operation) in [
            (step.left, left, right, operation), (step.right, right, left, operation.mirrored),
        ] where program[Int(side)].operation == .reading {
            let bounded = own.bounded(operation, other)
            guard !bounded.isEmpty else { return nil }
            way[Int(program[Int(side)].left)] = .value(bounded)
        }
        return way
    }

    /// Every reading of a number that was compared has a value.
    private func fix(_ index: Int, _ way: inout Way) {
        let step = program[index]
        switch step.operation {
        case .constant: return
        case .reading:
            let slot = Int(step.left)
            if way[slot] == nil { way[slot] = .value(bounds[slot] ?? .anything) }
        case .negate: fix(Int(step.left), &way)
        default:
            fix(Int(step.left), &way)
            fix(Int(step.right), &way)
        }
    }

    /// The bounds of a number; nil when something in it is missing on this way.
    private func span(_ index: Int, _ way: Way) -> Bounds? {
        let step = program[index]
        switch step.operation {
        case .constant: return Bounds(step.constant, step.constant)
        case .reading:
            switch way[Int(step.left)] {
            case nil: return bounds[Int(step.left)] ?? .anything
            case .value(let bounds): return bounds
            case .missing: return nil
            }
        case .negate: return span(Int(step.left), way).map { Bounds(-$0.high, -$0.low) }
        default:
            guard let left = span(Int(step.left), way), let right = span(Int(step.right), way) else { return nil }
            return left.combined(step.operation, right, factor: step.constant)
        }
    }
}

extension Instruction.Operation {
    /// What holds where this does not.
    fileprivate var negated: Instruction.Operation {
        switch self {
        case .above: .atMost
        case .atLeast: .below
        case .below: .atLeast
        case .atMost: .above
        case .equal: .unequal
        case .unequal: .equal
        default: self
        }
    }

    /// The same with its sides changed.
    fileprivate var mirrored: Instruction.Operation {
        switch self {
        case .above: .below
        case .atLeast: .atMost
        case .below: .above
        case .atMost: .atLeast
        default: self
        }
    }
}

extension CompiledCondition {
    /// Whether it can be known true where some of its readings are missing for good, each for its reason.
    public func canBeTrue(lacking: (SeriesRef) -> MissingReason?) -> Bool {
        var way: ConditionReach.Way = [:]
        for (slot, series) in readings {
            guard let reason = lacking(series) else { continue }
            let status: UInt16 = if case .error(let status) = reason { status } else { 0 }
            way[slot] = .missing(code: reason.code, status: status)
        }
        return ConditionReach(self).isPossible(true, from: way)
    }

    /// What is assumed of a reading.
    enum Assumed {
        case zero, unreachable
    }

    /// Whether it can be known true with some readings as assumed.
    func canBeTrue(knowing: (SeriesRef) -> Assumed?) -> Bool {
        var way: ConditionReach.Way = [:]
        for (slot, series) in readings {
            switch knowing(series) {
            case .zero: way[slot] = .value(Bounds(0, 0))
            case .unreachable: way[slot] = .missing(code: MissingReason.unreachable.code, status: 0)
            case nil: continue
            }
        }
        return ConditionReach(self).isPossible(true, from: way)
    }

    /// What is allowed in it and cannot be meant: parts that are never or always true. Places are in `text`, as written.
    func findings(in text: String) -> [ConditionFault] {
        let reach = ConditionReach(self)
        func why(_ term: Term) -> String? {
            let step = program[term.instruction]
            guard step.operation != .isMissing, step.operation != .isMissingFor else { return nil }
            for side in [step.left, step.right] where program[Int(side)].operation == .reading {
                guard let series = readings.first(where: { $0.slot == Int(program[Int(side)].left) })?.series else {
                    continue
                }
                return "\(series) is \(Bounds(of: series).words(series.resultUnit))"
            }
            return nil
        }
        // Several errors of one turn make a rate above the whole: that can be, and is rarely what was meant.
        func overWhole(_ term: Term) -> ConditionFault? {
            let step = program[term.instruction]
            for (side, other) in [(step.left, step.right), (step.right, step.left)] {
                guard program[Int(side)].operation == .reading, program[Int(other)].operation == .constant, program[Int(other)].constant > 100,
                    let series = readings.first(where: { $0.slot == Int(program[Int(side)].left) })?.series, series.resultUnit == .percent
                else { continue }
                return ConditionFault(
                    "over-whole", "\(series) is above 100% only where each turn brings more than one error", term.range,
                    hint: "write at most '100%', or compare the errors themselves: errors[10m] > 5/min")
            }
            return nil
        }
        var found: [ConditionFault] = []
        for term in terms {
            if !reach.isPossible(true, at: term.instruction) {
                found.append(ConditionFault("never-true", "this is never true", term.range, hint: why(term)))
            } else if !reach.isPossible(false, at: term.instruction) {
                found.append(
                    ConditionFault("always-true", "this is true whatever the reading is", term.range, hint: why(term)))
            } else if let error = overWhole(term) {
                found.append(error)
            }
        }
        guard found.allSatisfy({ $0.code != "never-true" }), !reach.isPossible(true) else { return found }
        found.append(
            ConditionFault(
                "never-true", "no readings make this true: its parts contradict each other", 0..<text.utf8.count))
        return found
    }
}
