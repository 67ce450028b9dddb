import Model

/// Why a condition is what it is: shown to people, kept on incidents.
public struct Explanation: Sendable, Equatable {
    /// A comparison or `missing(…)` with its values put in, and what it says.
    public struct Term: Sendable, Equatable {
        public let text: String
        public let truth: Truth
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
        let truths = program.withUnsafeBufferPointer { program in
            terms.map { CompiledCondition.truth(program, $0.instruction, source) }
        }
        return Explanation(
            written: text, withValues: shown.joined(), truth: evaluate(source),
            terms: zip(terms, truths).map { Explanation.Term(text: shown[$0.pieces].joined(), truth: $1) },
            readings: readings.map {
                ComparedReading(
                    series: $0.series.description, unit: $0.series.resultUnit, evidence: source.reading($0.slot))
            })
    }
}

extension SeriesRef {
    /// The unit of its values: the signal's, or what the function makes of it.
    public var resultUnit: Unit {
        function.map { UnitRules.result(of: $0, over: signal.unit) } ?? signal.unit
    }
}
