import Model

/// Where conditions read from: one subject at one moment. Slots are positions in `PolicySet.demand`.
public protocol ReadingSource {
    func reading(_ slot: Int) -> Evidence
    /// What a reading that is missing is at the least, since figures contradict each other or a part of it was not seen; nil
    /// where nothing is known of it.
    func floor(_ slot: Int) -> Double?
    /// What clocks show at that moment; nil where there are none.
    var localHour: LocalHour? { get }
    /// What a test of a label finds, by its position in `PolicySet.labelTests`; nil where there is no such label.
    func label(_ test: Int) -> KnownLabel?
    /// When that was which a reading of the past is of, for people; nil for what is read up to that moment.
    func whenRead(_ slot: Int) -> String?
    /// The apps of the runtime that it is about, and a view of each.
    var appCount: Int { get }
    func app(at row: Int) -> Self
    /// Where there are no apps: why it is not known whether there are some, by what is read of them; nil: there are none.
    func emptyReason(_ slot: Int) -> MissingReason?
}

extension ReadingSource {
    public func floor(_ slot: Int) -> Double? { nil }
    public var localHour: LocalHour? { nil }
    public func whenRead(_ slot: Int) -> String? { nil }
    public func label(_ test: Int) -> KnownLabel? { nil }
    public var appCount: Int { 0 }
    public func app(at row: Int) -> Self { self }
    public func emptyReason(_ slot: Int) -> MissingReason? { .notTracked }
}

/// A parsed, unit-checked condition: a flat program over the slots of its policy set. Pure; evaluation never allocates.
public struct CompiledCondition: Sendable {
    /// As written, runs of white space folded to one space.
    public let text: String
    public let origin: Origin
    /// What it is judged on.
    public let subject: SubjectKind
    /// Operands before their operators; the last one is the condition.
    @usableFromInline let program: ContiguousArray<Instruction>
    /// What `explain` prints, in the order of the text.
    let pieces: [Piece]
    /// The comparisons and `missing(…)` tests in the order of the text.
    let terms: [Term]
    /// Every reading it may ask for, each once, in the order of the text.
    public let readings: [(slot: Int, series: SeriesRef)]
    /// What it reads of apps for figures over all of them, each once.
    public let appReadings: [(slot: Int, series: SeriesRef)]
    /// The endpoints whose answers it needs, in the order of `Endpoint`.
    public let endpoints: [Endpoint]
    /// What it asks of labels, with its position in `PolicySet.labelTests`.
    public let labels: [(index: Int, test: LabelTest)]

    init(
        text: String, origin: Origin, subject: SubjectKind, program: ContiguousArray<Instruction>, pieces: [Piece], terms: [Term],
        readings: [(slot: Int, series: SeriesRef)], appReadings: [(slot: Int, series: SeriesRef)], labels: [(index: Int, test: LabelTest)]
    ) {
        self.text = text
        self.origin = origin
        self.subject = subject
        self.program = program
        self.pieces = pieces
        self.terms = terms
        self.readings = readings
        self.appReadings = appReadings
        self.labels = labels
        let needed = Set((readings + appReadings).map { $0.series.signal.info.endpoint(on: subject) })
        endpoints = Endpoint.allCases.filter(needed.contains)
    }

    /// One piece of the text: as it is, or with a value to put behind it.
    enum Piece: Sendable {
        case text(String)
        case reading(slot: Int, series: SeriesRef)
        /// `$name` and its value as written in a policy: `40%`.
        case threshold(name: String, value: String)
        case clock(LocalHour.Part)
        case label(Int, name: String)
        case apps(AppsPiece)
    }

    /// A truth-valued leaf.
    struct Term: Sendable {
        /// Index into `program`.
        let instruction: Int
        /// The pieces that show it.
        let pieces: Range<Int>
        /// UTF-8 offsets in the text as written.
        let range: Range<Int>
    }

    /// The names of the thresholds that it uses, without the `$`, in the order of the text.
    public var thresholds: [String] {
        pieces.flatMap { piece -> [String] in
            switch piece {
            case .threshold(let name, _): [name]
            case .apps(let piece): piece.thresholds
            case .text, .reading, .clock, .label: []
            }
        }
    }

    /// Whether what clocks show has a part in it, or in how it is told.
    public var readsClock: Bool { asksClock || (readings + appReadings).contains { $0.series.offset != nil || $0.series.period != nil } }

    /// Whether the time of day or the day of the week has a part in it.
    var asksClock: Bool { program.contains { $0.operation == .clock } }

    /// Whether it reads nothing of a runtime, only what is known without asking it.
    var readsNothing: Bool { readings.isEmpty && appReadings.isEmpty && (asksClock || !labels.isEmpty) }

    /// The longest window or range it looks back over; zero when it reads the moment only. What was long ago is no part of it:
    /// nothing that happens now changes that.
    public var longestRange: TimeSpan {
        (readings + appReadings).map { $0.series.offset == nil ? $0.series.range ?? $0.series.window ?? .zero : .zero }.max() ?? .zero
    }

    /// The readings that are missing now, whether or not they would change the answer, in the order of the text.
    public func missing(_ source: some ReadingSource) -> [(series: SeriesRef, reason: MissingReason)] {
        readings.compactMap { entry in source.reading(entry.slot).reason.map { (entry.series, $0) } }
    }
}

/// One step of a condition's program. `left` and `right` are positions of operands in the program, or a slot.
@usableFromInline struct Instruction: Sendable {
    @usableFromInline enum Operation: UInt8, Sendable {
        // Numbers.
        case constant, reading, clock, count, sum, quantile, negate, add, subtract, multiply, divide
        // Truths over numbers.
        case above, atLeast, below, atMost, equal, unequal, isMissing, isMissingFor
        // Truths over texts: `left` is the position of a test of a label.
        case labelIs, labelIsNot, labelIsMissing
        // Truths over truths.
        case and, or, not
    }

    @usableFromInline var operation: Operation
    /// For `isMissingFor`: the code of the reason, and the status of an `error(status)`, 0 for any.
    @usableFromInline var reason: UInt8 = 0
    @usableFromInline var status: UInt16 = 0
    @usableFromInline var left: Int32 = 0
    @usableFromInline var right: Int32 = 0

    /// `left` of what clocks show: below all slots, so that whoever goes by slots may take it for one.
    @usableFromInline static let hour: Int32 = -1
    @usableFromInline static let weekday: Int32 = -2

    /// Whether it is a figure over the apps of a runtime: `left` is the part that is counted, or the slot that is added
    /// up, or of which a quantile is asked.
    @inlinable var isOverApps: Bool { operation == .count || operation == .sum || operation == .quantile }

    /// Whether it is a value from outside, named by its slot.
    var isRead: Bool { operation == .reading || operation == .clock }

    /// For `constant` the value, for `quantile` which of them; for `multiply` and `divide` a factor that makes units fit (percent
    /// of something).
    @usableFromInline var constant: Double = 1
}

extension LocalHour.Part {
    /// What stands for it where readings have their slot.
    var slot: Int32 { self == .hour ? Instruction.hour : Instruction.weekday }
}

extension CompiledCondition {
    /// True, false or unknown. Where one operand of `and` or `or` decides, the dearer one is not read.
    @inlinable public func evaluate<S: ReadingSource>(_ source: S) -> Truth {
        program.withUnsafeBufferPointer { program in
            CompiledCondition.truth(program, program.count - 1, source)
        }
    }

    @usableFromInline static func unreachable() -> Never {
        preconditionFailure("the compiler of conditions keeps numbers and truths apart")
    }

    @inlinable static func truth<S: ReadingSource>(
        _ program: UnsafeBufferPointer<Instruction>, _ index: Int, _ source: S
    ) -> Truth {
        let step = program[index]
        switch step.operation {
        case .and:
            let first = truth(program, Int(step.left), source)
            return first == .no ? .no : first && truth(program, Int(step.right), source)
        case .or:
            let first = truth(program, Int(step.left), source)
            return first == .yes ? .yes : first || truth(program, Int(step.right), source)
        case .not:
            return !truth(program, Int(step.left), source)
        case .isMissing:
            if case .missing = number(program, Int(step.left), source) { return .yes }
            return .no
        case .isMissingFor:
            guard case .missing(let reason) = number(program, Int(step.left), source), reason.code == step.reason
            else { return .no }
            if step.status != 0, case .error(let status) = reason { return Truth(status == step.status) }
            return .yes
        case .above, .atLeast, .below, .atMost, .equal, .unequal:
            let (left, right) = (number(program, Int(step.left), source), number(program, Int(step.right), source))
            if case .value = left, case .value = right { return comparison(step, left, right) }
            if isCertain(program, step, left, right, source) { return .yes }
            // Asked here, in the loop over all apps, so that only figures over apps pay for it.
            guard program[Int(step.left)].isOverApps || program[Int(step.right)].isOverApps else { return unknown(left, right) }
            return decided(program, step, left, right, source) ?? unknown(left, right)
        case .labelIsMissing: return Truth(source.label(Int(step.left)) == nil)
        case .labelIs, .labelIsNot:
            guard let known = source.label(Int(step.left)) else { return .unknown }
            return Truth(known.isSame == (step.operation == .labelIs))
        case .constant, .reading, .clock, .count, .sum, .quantile, .negate, .add, .subtract, .multiply, .divide:
            unreachable()
        }
    }

    /// Whether a comparison holds though a reading is missing: more is asked for of it, and it is more at the least.
    @inlinable static func isCertain<S: ReadingSource>(
        _ program: UnsafeBufferPointer<Instruction>, _ step: Instruction, _ left: Evidence, _ right: Evidence, _ source: S
    ) -> Bool {
        func least(_ index: Int32) -> Double? {
            program[Int(index)].operation == .reading ? source.floor(Int(program[Int(index)].left)) : nil
        }
        switch (step.operation, left, right) {
        case (.above, .missing, .value(let bar)): return least(step.left).map { $0 > bar } ?? false
        case (.atLeast, .missing, .value(let bar)): return least(step.left).map { $0 >= bar } ?? false
        case (.below, .value(let bar), .missing): return least(step.right).map { $0 > bar } ?? false
        case (.atMost, .value(let bar), .missing): return least(step.right).map { $0 >= bar } ?? false
        default: return false
        }
    }

    @inlinable static func comparison(_ step: Instruction, _ left: Evidence, _ right: Evidence) -> Truth {
        guard case .value(let a) = left, case .value(let b) = right else { return unknown(left, right) }
        switch step.operation {
        case .above: return Truth(a > b)
        case .atLeast: return Truth(a >= b)
        case .below: return Truth(a < b)
        case .atMost: return Truth(a <= b)
        case .equal: return Truth(a == b)
        case .unequal: return Truth(a != b)
        default: unreachable()
        }
    }

    /// Of two operands at least one of which is missing: `noTraffic` when that is the only reason.
    @inlinable static func unknown(_ left: Evidence, _ right: Evidence) -> Truth {
        if case .missing(let reason) = left, reason != .noTraffic { return .unknown }
        if case .missing(let reason) = right, reason != .noTraffic { return .unknown }
        return .noTraffic
    }

    @inlinable static func number<S: ReadingSource>(
        _ program: UnsafeBufferPointer<Instruction>, _ index: Int, _ source: S
    ) -> Evidence {
        let step = program[index]
        switch step.operation {
        case .constant: return .value(step.constant)
        case .reading: return source.reading(Int(step.left))
        case .count, .sum, .quantile:
            let figure = apps(program, step, source)
            return figure.reason.map { .missing($0) } ?? .value(figure.low)
        case .clock:
            guard let local = source.localHour else { return .missing(.notTracked) }
            return .value(Double(step.left == Instruction.hour ? local.hour : local.weekday))
        case .negate:
            let operand = number(program, Int(step.left), source)
            if case .value(let value) = operand { return .value(-value) }
            return operand
        case .add, .subtract, .multiply, .divide:
            return arithmetic(step, number(program, Int(step.left), source), number(program, Int(step.right), source))
        default: unreachable()
        }
    }

    /// The first missing operand, except that a reason other than "no traffic" wins. What has no finite meaning
    /// (division by zero, infinite minus infinite) is missing, so that NaN never reaches a comparison.
    @inlinable static func arithmetic(_ step: Instruction, _ left: Evidence, _ right: Evidence) -> Evidence {
        guard case .value(let a) = left else {
            if case .missing(.noTraffic) = left, case .missing = right { return right }
            return left
        }
        guard case .value(let b) = right else { return right }
        let result: Double
        switch step.operation {
        case .add: result = a + b
        case .subtract: result = a - b
        case .multiply: result = a * b * step.constant
        case .divide:
            if b == 0 { return .missing(.noTraffic) }
            result = a / b * step.constant
        default: unreachable()
        }
        return result.isNaN ? .missing(.noTraffic) : .value(result)
    }
}
