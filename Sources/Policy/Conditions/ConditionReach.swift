import Model

/// What a condition can come to at all, whatever the readings are within the bounds of their signals: finds conditions
/// that are never true. It errs on the side of "can be": of expressions it knows bounds only, and no relation between
/// different signals.
struct ConditionReach {
    private let program: ContiguousArray<Instruction>
    private let bounds: [Int: Bounds]
    /// Of readings of apps, those that are missing for good.
    var lackingOfApps: Way = [:]

    /// Parts of the program that are looked at before it counts as possible: without a bound a condition of many contradicting
    /// alternatives takes time exponential in its length. The longest built-in one needs a hundred.
    private static let mostSteps = 4_096

    init(_ condition: CompiledCondition) {
        program = condition.program
        var bounds = Dictionary((condition.readings + condition.appReadings).map { ($0.slot, Bounds(of: $0.series)) }) { first, _ in first }
        for part in LocalHour.Part.allCases { bounds[Int(part.slot)] = Bounds(of: part) }
        self.bounds = bounds
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
        var steps = ConditionReach.mostSteps
        return leads(root, wanted, start, &steps) { once, steps in
            // A second time, since what one comparison says bounds the others.
            leads(root, wanted, once, &steps) { _, _ in true }
        }
    }

    /// Whether a way on which the part comes to `wanted` leads on to where `then` says yes: the first one that does ends
    /// the search, so that a condition that can be true, as nearly all can, costs one walk.
    private func leads(
        _ index: Int, _ wanted: Bool, _ way: Way, _ steps: inout Int, _ then: (Way, inout Int) -> Bool
    ) -> Bool {
        steps -= 1
        guard steps > 0 else { return true }
        let step = program[index]
        switch step.operation {
        case .not: return leads(Int(step.left), !wanted, way, &steps, then)
        case .and, .or:
            // Both operands, or either of them.
            if (step.operation == .and) == wanted {
                return leads(Int(step.left), wanted, way, &steps) { leads(Int(step.right), wanted, $0, &$1, then) }
            }
            return leads(Int(step.left), wanted, way, &steps, then) || leads(Int(step.right), wanted, way, &steps, then)
        // Of texts nothing is excluded.
        case .labelIs, .labelIsNot, .labelIsMissing: return then(way, &steps)
        case .isMissing, .isMissingFor: return missing(step, wanted, way).map { then($0, &steps) } ?? false
        default: return comparison(step, wanted, way).map { then($0, &steps) } ?? false
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
        ] where program[Int(side)].isRead {
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
        case .constant, .count, .sum, .quantile: return
        case .reading, .clock:
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
        case .sum: return lackingOfApps[Int(step.left)] == nil ? Bounds(0, .infinity) : nil
        case .quantile: return lackingOfApps[Int(step.left)] == nil ? bounds[Int(step.left)] ?? .anything : nil
        case .count:
            let canHold = isPossible(true, at: Int(step.left), from: lackingOfApps)
            guard canHold || isPossible(false, at: Int(step.left), from: lackingOfApps) else { return nil }
            return Bounds(0, canHold ? .infinity : 0)
        case .reading, .clock:
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
    /// Whether its operands are two numbers that are held against each other.
    fileprivate var comparesNumbers: Bool {
        switch self {
        case .above, .atLeast, .below, .atMost, .equal, .unequal: true
        default: false
        }
    }

    /// What holds where this does not.
    var negated: Instruction.Operation {
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
        func way(_ readings: [(slot: Int, series: SeriesRef)]) -> ConditionReach.Way {
            var way: ConditionReach.Way = [:]
            for (slot, series) in readings {
                guard let reason = lacking(series) else { continue }
                let status: UInt16 = if case .error(let status) = reason { status } else { 0 }
                way[slot] = .missing(code: reason.code, status: status)
            }
            return way
        }
        var reach = ConditionReach(self)
        reach.lackingOfApps = way(appReadings)
        return reach.isPossible(true, from: way(readings))
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
            guard step.operation.comparesNumbers else { return nil }
            for side in [step.left, step.right] where program[Int(side)].isRead {
                if let part = LocalHour.Part.allCases.first(where: { $0.slot == program[Int(side)].left }) {
                    return "\(part.rawValue)() is \(Bounds(of: part).words(.number))"
                }
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
            guard step.operation.comparesNumbers else { return nil }
            for (side, other) in [(step.left, step.right), (step.right, step.left)] {
                guard program[Int(side)].operation == .reading, program[Int(other)].operation == .constant,
                    program[Int(other)].constant > 100,
                    let series = readings.first(where: { $0.slot == Int(program[Int(side)].left) })?.series, series.resultUnit == .percent,
                    series.function != .predict
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
        found += readings.compactMap { $0.series.metric }.flatMap(\.matchers).compactMap { CompiledCondition.literalGlob($0, in: text) }
        guard found.allSatisfy({ $0.code != "never-true" }), !reach.isPossible(true) else { return found }
        found.append(
            ConditionFault(
                "never-true", "no readings make this true: its parts contradict each other", 0..<text.utf8.count,
                hint: asksClock ? "hours over midnight are joined by 'or': hour() >= 22 or hour() < 6" : nil))
        return found
    }

    /// `code="5*"` asks for a star; nobody's labels have one.
    private static func literalGlob(_ matcher: MetricQuery.Matcher, in text: String) -> ConditionFault? {
        guard !matcher.isGlob, matcher.value.utf8.contains(UInt8(ascii: "*")) else { return nil }
        let (bytes, value) = (Array(text.utf8), Array(matcher.value.utf8))
        let start = bytes.indices.first { bytes[$0...].starts(with: value) }
        let glob = MetricQuery.Matcher(label: matcher.label, value: matcher.value, isNegated: matcher.isNegated, isGlob: true)
        return ConditionFault(
            "literal-glob", "'*' behind '\(matcher.isNegated ? "!=" : "=")' is the character itself",
            start.map { $0..<$0 + value.count } ?? 0..<bytes.count, hint: "write '\(glob.text)' for any text in its place")
    }
}
