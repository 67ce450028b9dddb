import Model

/// Why a condition is what it is: shown to people, kept on incidents.
public struct Explanation: Sendable, Equatable {
    /// A comparison or `missing(…)` with its values put in, and what it says.
    public struct Term: Sendable, Equatable {
        public let text: String
        public let truth: Truth
        /// Whether the condition says what it says because of this term: of a false `and` the false operands, of an
        /// unknown one those that are unknown.
        public let isDecisive: Bool
        /// Whether it stands under a `not`, so that the condition wants it false.
        public let isNegated: Bool

        /// Whether it is otherwise than the condition wants it.
        public var isAgainst: Bool { truth == (isNegated ? .yes : .no) }
    }

    /// The condition as written.
    public let written: String
    /// `active_runs.share (61%) > $noisy_share (40%) and tokens[5m] (missing: dead_counter) > 2000/min`.
    public let withValues: String
    public let truth: Truth
    /// In the order of the text.
    public let terms: [Term]
    /// Every reading of the condition, each once, in the order of the text.
    public let readings: [ComparedReading]
}

extension CompiledCondition {
    /// The condition with the values put in. Reads everything, also what evaluation would skip; allocates.
    public func explain(_ source: some ReadingSource) -> Explanation {
        let shown = pieces.map { piece in
            switch piece {
            case .text(let text): return text
            case .threshold(let name, let value): return "$\(name) (\(value))"
            case .reading(let slot, let series):
                return "\(series) (\(Figure.text(source.reading(slot), series.resultUnit)))"
            }
        }
        var marks: [Int: Mark] = [:]
        let truths = program.withUnsafeBufferPointer { program in
            CompiledCondition.mark(program, program.count - 1, Mark(isDecisive: true, isNegated: false), source, &marks)
            return terms.map { CompiledCondition.truth(program, $0.instruction, source) }
        }
        return Explanation(
            written: text, withValues: shown.joined(), truth: evaluate(source),
            terms: zip(terms, truths).map { term, truth in
                let mark = marks[term.instruction]
                return Explanation.Term(
                    text: shown[term.pieces].joined(), truth: truth, isDecisive: mark?.isDecisive ?? false,
                    isNegated: mark?.isNegated ?? false)
            },
            readings: readings.map {
                ComparedReading(
                    series: $0.series.description, unit: $0.series.resultUnit, evidence: source.reading($0.slot))
            })
    }
}

extension CompiledCondition {
    /// What a term has to do with what the whole condition says.
    private struct Mark {
        var isDecisive: Bool
        var isNegated: Bool
    }

    /// Marks the terms below a step: decisive are those operands that say what the step itself says.
    private static func mark<S: ReadingSource>(
        _ program: UnsafeBufferPointer<Instruction>, _ index: Int, _ mark: Mark, _ source: S, _ marks: inout [Int: Mark]
    ) {
        let step = program[index]
        switch step.operation {
        case .and, .or:
            let whole = isLost(truth(program, index, source))
            for operand in [Int(step.left), Int(step.right)] {
                var own = mark
                let says = isLost(truth(program, operand, source))
                own.isDecisive = mark.isDecisive && says == whole
                CompiledCondition.mark(program, operand, own, source, &marks)
            }
        case .not:
            CompiledCondition.mark(
                program, Int(step.left), Mark(isDecisive: mark.isDecisive, isNegated: !mark.isNegated), source, &marks)
        default: marks[index] = mark
        }
    }

    /// Unknown for whichever reason is one answer here.
    private static func isLost(_ truth: Truth) -> Truth { truth == .noTraffic ? .unknown : truth }
}

extension SeriesRef {
    /// The unit of its values: the signal's, or what the function makes of it.
    public var resultUnit: Unit {
        function.map { UnitRules.result(of: $0, over: signal.unit) } ?? signal.unit
    }
}
