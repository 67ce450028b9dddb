import Model
import YAML

/// What a condition may refer to.
struct ConditionContext {
    let subject: SubjectKind
    /// The policy's window.
    let window: TimeSpan
    let thresholds: [String: Threshold]
    /// Thresholds whose values were reported already: nothing more is said about them.
    let faultyThresholds: Set<String>
    let origin: Origin
}

/// The readings that a whole policy set asks for: each once, in the order of first use.
struct DemandTable {
    private(set) var entries: [PolicySet.Demand] = []
    private var slots: [SeriesRef: Int] = [:]
    private(set) var labels: [LabelTest] = []

    mutating func slot(_ series: SeriesRef, for subject: SubjectKind) -> Int {
        let slot = slots[series] ?? entries.count
        if slot == entries.count {
            entries.append(PolicySet.Demand(series: series, subjects: []))
            slots[series] = slot
        }
        entries[slot].subjects.insert(subject)
        return slot
    }

    mutating func position(of test: LabelTest) -> Int {
        if let known = labels.firstIndex(of: test) { return known }
        labels.append(test)
        return labels.count - 1
    }
}

/// Looks up names, checks units and turns an expression into a program. Collects every fault it finds.
struct ConditionCompiler {
    let text: String
    let context: ConditionContext
    private var demand: DemandTable
    private(set) var faults: [ConditionFault] = []
    private(set) var program: ContiguousArray<Instruction> = []
    private var readings: [(slot: Int, series: SeriesRef)] = []
    private var labels: [(index: Int, test: LabelTest)] = []
    /// What is read of apps under `count` and `sum`.
    private var appReadings: [(slot: Int, series: SeriesRef)] = []
    /// Whose readings the part is about that is compiled: under `count` and `sum` an app.
    private(set) var subject: SubjectKind
    private(set) var usedThresholds: [String] = []
    var layout = ConditionLayout()

    static let longestProgram = 512
    /// Ranges of functions over history.
    static let longestRange = TimeSpan.hours(24 * 7)
    static let longestWindow = TimeSpan.hours(24)
    /// How far ahead a line is followed.
    static let longestAhead = TimeSpan.hours(24 * 30)
    /// How long ago something may have been; the window before that moment comes on top.
    static let longestOffset = TimeSpan.hours(24 * 7)

    /// The compiled condition, or all that is wrong with it. `demand` grows by what the condition asks for; `used`
    /// gets the names of thresholds it mentions.
    static func compile(
        _ text: String, _ context: ConditionContext, demand: inout DemandTable, used: inout Set<String>
    ) -> Result<CompiledCondition, ConditionFaults> {
        let expression: Expression
        do throws(ConditionFault) {
            expression = try ConditionParser.parse(text)
        } catch {
            return .failure(ConditionFaults(all: [followed(error, text, context, demand)]))
        }
        var compiler = ConditionCompiler(text: text, context: context, demand: demand)
        let root = compiler.emit(expression)
        used.formUnion(compiler.usedThresholds)
        if case .number(let unit) = root.type {
            compiler.fault(
                "not-a-condition", "this is \(unit.noun), not something true or false", expression.range,
                hint: unit == .flag
                    ? "write '\(compiler.written(expression.range)) == 1'" : "compare it with something: > 0")
        }
        if compiler.program.count > longestProgram {
            compiler.fault("syntax", "a condition of more than \(longestProgram) steps", expression.range)
        }
        guard compiler.faults.isEmpty else { return .failure(ConditionFaults(all: compiler.faults)) }
        demand = compiler.demand
        let (pieces, terms) = compiler.layout.pieces(of: text)
        return .success(
            CompiledCondition(
                text: ConditionLayout.folded(text), origin: context.origin, subject: context.subject, program: compiler.program,
                pieces: pieces,
                terms: terms, readings: compiler.readings, appReadings: compiler.appReadings, labels: compiler.labels))
    }

    init(text: String, context: ConditionContext, demand: DemandTable) {
        self.text = text
        self.context = context
        self.demand = demand
        subject = context.subject
    }

    /// Compiles a part that is about each app of the runtime. Its readings and its layout are its own.
    mutating func overApps(_ body: (inout ConditionCompiler) -> Part) -> (part: Part, layout: ConditionLayout) {
        let outer = (readings, layout)
        (readings, layout, subject) = ([], ConditionLayout(), .app)
        let part = body(&self)
        let inner = layout
        for reading in readings where !appReadings.contains(where: { $0.slot == reading.slot }) { appReadings.append(reading) }
        (readings, layout) = outer
        subject = context.subject
        return (part, inner)
    }

    /// A part that was emitted.
    struct Part {
        let index: Int
        let type: ValueType
        /// Roughly what reading it costs: 1 a plain reading, more for history.
        let cost: Int
    }

    func written(_ range: Range<Int>) -> String {
        ConditionLayout.folded(String(decoding: Array(text.utf8)[range], as: UTF8.self))
    }

    mutating func fault(_ code: String, _ message: String, _ range: Range<Int>, hint: String? = nil) {
        faults.append(ConditionFault(code, message, range, hint: hint))
    }

    mutating func put(_ instruction: Instruction, _ type: ValueType, cost: Int) -> Part {
        program.append(instruction)
        return Part(index: program.count - 1, type: type, cost: cost)
    }

    var faulty: Part { Part(index: 0, type: .faulty, cost: 0) }

    mutating func emit(_ expression: Expression) -> Part {
        switch expression.kind {
        case .number(let quantity):
            return put(Instruction(operation: .constant, constant: quantity.value), .number(quantity.unit), cost: 0)
        case .threshold(let name): return threshold(name, expression.range)
        case .reading(let use): return reading(use)
        case .clock(let part):
            layout.insert(.clock(part), expression.range)
            return put(Instruction(operation: .clock, left: part.slot), .number(.number), cost: 0)
        case .missing(let use, let pattern): return missing(use, pattern, expression.range)
        case .count(let inner): return count(inner, expression.range)
        case .sum(let use): return sum(use, expression.range)
        case .quantile(let share, let word, let use): return quantile(share, word, use, expression.range)
        case .label(let test, let isEqual, let place):
            return label(test, isEqual ? .labelIs : .labelIsNot, place, expression.range)
        case .missingLabel(let name, let place):
            return label(LabelTest(name: name, value: ""), .labelIsMissing, place, expression.range)
        case .negate(let operand): return negate(operand)
        case .arithmetic(let operation, let left, let right):
            return arithmetic(operation, left, right, expression.range)
        case .comparison(let comparison, let left, let right):
            return self.comparison(comparison, left, right, expression.range)
        case .not(let operand):
            let part = truth(operand, "not")
            guard part.type == .truth else { return faulty }
            return put(Instruction(operation: .not, left: Int32(part.index)), .truth, cost: part.cost)
        case .logic(let logic, _, _): return self.logic(logic, expression)
        }
    }

    // MARK: Truths

    private mutating func truth(_ expression: Expression, _ word: String) -> Part {
        let part = emit(expression)
        if case .number(let unit) = part.type {
            let name = written(expression.range)
            fault(
                "type", "'\(word)' joins what is true or false; '\(name)' is \(unit.noun)", expression.range,
                hint: unit == .flag
                    ? "write '\(name) == \(word == "not" ? 0 : 1)'\(word == "not" ? " without 'not'" : "")"
                    : "compare it with something: '\(name) > …'")
            return faulty
        }
        return part
    }

    /// A chain of the same operator, the cheaper operands first: all of them are pure, so the order changes nothing but
    /// the time it takes.
    private mutating func logic(_ logic: Expression.Logic, _ expression: Expression) -> Part {
        var operands: [Expression] = []
        var rest = expression
        while case .logic(let operation, let left, let right) = rest.kind, operation == logic {
            operands.append(right)
            rest = left
        }
        operands.append(rest)
        let parts = operands.reversed().map { truth($0, logic.rawValue) }
        guard parts.allSatisfy({ $0.type == .truth }) else { return faulty }
        let ordered = parts.enumerated().sorted { ($0.element.cost, $0.offset) < ($1.element.cost, $1.offset) }.map(
            \.element)
        return ordered.dropFirst().reduce(ordered[0]) { left, right in
            put(
                Instruction(operation: logic == .and ? .and : .or, left: Int32(left.index), right: Int32(right.index)),
                .truth, cost: left.cost + right.cost)
        }
    }

    private mutating func comparison(
        _ comparison: Expression.Comparison, _ left: Expression, _ right: Expression, _ range: Range<Int>
    ) -> Part {
        if let answer = right.answer, emit(left).type == .truth {
            let asked = written(left.range)
            let holds = answer == (comparison == .equal)
            fault(
                "type", "'\(asked)' is true or false by itself", range,
                hint: holds ? "write '\(asked)'" : "write 'not \(left.isWhole ? asked : "(\(asked))")'")
            return faulty
        }
        if right.isNothing, case .reading(let use) = left.kind, comparison == .equal || comparison == .unequal {
            fault(
                "unknown-signal", "no signal '\(written(right.range))'", right.range,
                hint: "whether something is known is asked by '\(comparison == .equal ? "" : "not ")missing(\(written(use.range)))'")
            return faulty
        }
        let first = number(left, comparison.rawValue)
        let second = number(right, comparison.rawValue)
        guard case .number(let a) = first.type, case .number(let b) = second.type else { return faulty }
        // Where a line goes below nothing: that is the same in every unit.
        let isSign = left.isPredicted && right.isZero || left.isZero && right.isPredicted
        guard UnitRules.common(a, b) != nil || isSign else {
            mismatch("compared", left, a, right, b, range)
            return faulty
        }
        let operation: Instruction.Operation =
            switch comparison {
            case .above: .above
            case .atLeast: .atLeast
            case .below: .below
            case .atMost: .atMost
            case .equal: .equal
            case .unequal: .unequal
            }
        let part = put(
            Instruction(operation: operation, left: Int32(first.index), right: Int32(second.index)), .truth,
            cost: first.cost + second.cost + 1)
        layout.term(part.index, range)
        return part
    }

    private mutating func missing(_ use: SignalUse, _ pattern: MissingPattern?, _ range: Range<Int>) -> Part {
        let operand = reading(use)
        guard operand.type != .faulty else { return faulty }
        let part = put(
            Instruction(
                operation: pattern == nil ? .isMissing : .isMissingFor, reason: pattern?.code ?? 0,
                status: pattern?.status ?? 0, left: Int32(operand.index)),
            .truth, cost: operand.cost + 1)
        layout.term(part.index, range)
        return part
    }

    private mutating func label(
        _ test: LabelTest, _ operation: Instruction.Operation, _ place: Range<Int>, _ range: Range<Int>
    ) -> Part {
        let index = demand.position(of: test)
        if !labels.contains(where: { $0.index == index }) { labels.append((index, test)) }
        let part = put(Instruction(operation: operation, left: Int32(index)), .truth, cost: 0)
        layout.insert(.label(index, name: test.name), place)
        layout.term(part.index, range)
        return part
    }

    // MARK: Numbers

    private mutating func number(_ expression: Expression, _ word: String) -> Part {
        let part = emit(expression)
        if part.type == .truth {
            fault("type", "'\(word)' needs numbers; '\(written(expression.range))' is true or false", expression.range)
            return faulty
        }
        return part
    }

    private mutating func negate(_ operand: Expression) -> Part {
        let part = number(operand, "-")
        guard case .number = part.type else { return faulty }
        return put(Instruction(operation: .negate, left: Int32(part.index)), part.type, cost: part.cost)
    }

    private mutating func arithmetic(
        _ operation: Expression.Arithmetic, _ left: Expression, _ right: Expression, _ range: Range<Int>
    ) -> Part {
        if operation == .subtract, let signal = dashed(left, right, range) {
            fault("unknown-signal", "no signal '\(written(range))'", range, hint: "did you mean '\(signal)'?")
            return faulty
        }
        let first = number(left, operation.rawValue)
        let second = number(right, operation.rawValue)
        guard case .number(let a) = first.type, case .number(let b) = second.type else { return faulty }
        var factor = 1.0
        let unit: Unit?
        let code: Instruction.Operation
        switch operation {
        case .add: (unit, code) = (UnitRules.common(a, b), .add)
        case .subtract: (unit, code) = (UnitRules.common(a, b), .subtract)
        case .divide: (unit, code) = (UnitRules.quotient(a, b), .divide)
        case .multiply:
            let product = UnitRules.product(a, b)
            (unit, code) = (product?.unit, .multiply)
            factor = product?.factor ?? 1
        }
        guard let unit else {
            let verb = [.add: "added", .subtract: "subtracted", .multiply: "multiplied"][operation] ?? "divided"
            mismatch(verb, left, a, right, b, range)
            return faulty
        }
        return put(
            Instruction(operation: code, left: Int32(first.index), right: Int32(second.index), constant: factor),
            .number(unit), cost: first.cost + second.cost)
    }

    // MARK: Names

    private mutating func threshold(_ name: String, _ range: Range<Int>) -> Part {
        usedThresholds.append(name)
        guard let threshold = context.thresholds[name] else {
            if context.faultyThresholds.contains(name) { return faulty }
            let known = (Array(context.thresholds.keys) + context.faultyThresholds).inByteOrder()
            fault(
                "unknown-threshold", "no threshold '\(name)'", range,
                hint: Nearest.name(to: name, among: known).map { "did you mean '$\($0)'?" }
                    ?? "set it under 'thresholds:'")
            return faulty
        }
        layout.insert(.threshold(name: name, value: threshold.text), range)
        return put(Instruction(operation: .constant, constant: threshold.value), .number(threshold.unit), cost: 0)
    }

    mutating func reading(_ use: SignalUse) -> Part {
        guard let (series, unit) = series(use) else { return faulty }
        let slot = demand.slot(series, for: subject)
        if !readings.contains(where: { $0.slot == slot }) { readings.append((slot, series)) }
        layout.insert(.reading(slot: slot, series: series), use.range)
        let cost: Int =
            switch series.function {
            case nil: 1
            case .baseline, .mad: 20
            case .spike, .outgrew, .excess: 30
            default: 10
            }
        return put(Instruction(operation: .reading, left: Int32(slot)), .number(unit), cost: cost)
    }

    private mutating func series(_ use: SignalUse) -> (SeriesRef, Unit)? {
        let count = faults.count
        let resolution = SignalResolution(subject: subject, window: context.window, thresholds: context.thresholds)
        guard let series = resolution.resolve(use, &faults), faults.count == count else { return nil }
        return (series, series.resultUnit)
    }
}

/// Everything wrong with one condition.
struct ConditionFaults: Error {
    let all: [ConditionFault]
}
