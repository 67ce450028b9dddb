import Model

/// Why a condition is what it is: shown to people, kept on incidents.
public struct Explanation: Sendable, Equatable {
    /// A comparison or `missing(…)` with its values put in, and what it says.
    public struct Term: Sendable, Equatable {
        public let text: String
        /// What is so, where that is about evidence that is there or missing: `healthy is missing (unreachable)`.
        public let fact: String?
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
    /// With its values, as a sentence of what is so: `active_runs.share (61%) > $noisy_share (40%) and tokens[5m] is missing
    /// (dead_counter)`. Of an `or` that holds only the sides that do.
    public let withValues: String
    public let truth: Truth
    /// In the order of the text.
    public let terms: [Term]
    /// Every reading of the condition, each once, in the order of the text.
    public let readings: [ComparedReading]
    /// Labels that it asks for and that are not there, by name.
    public let lackedLabels: [String]
}

extension CompiledCondition {
    /// The condition with the values put in. Reads everything, also what evaluation would skip; allocates.
    public func explain(_ source: some ReadingSource) -> Explanation {
        let sentences = terms.map { sentence(of: $0, source) }
        var marks: [Int: Mark] = [:]
        let whole = program.withUnsafeBufferPointer { program in
            CompiledCondition.mark(program, program.count - 1, Mark(isDecisive: true, isNegated: false), source, &marks)
            var places: [Int: Int] = [:]
            for (place, term) in terms.enumerated() { places[term.instruction] = place }
            return CompiledCondition.words(program, program.count - 1, isNegated: false, source) { index in
                places[index].map { ($0, sentences[$0]) }
            }
        }
        return Explanation(
            written: text, withValues: whole.text, truth: evaluate(source),
            terms: zip(terms, sentences).map { term, sentence in
                let mark = marks[term.instruction]
                return Explanation.Term(
                    text: sentence.claim, fact: sentence.fact(mark?.isNegated ?? false), truth: sentence.truth,
                    isDecisive: mark?.isDecisive ?? false, isNegated: mark?.isNegated ?? false)
            },
            readings: readings.map {
                ComparedReading(
                    series: $0.series.description, unit: $0.series.resultUnit, evidence: source.reading($0.slot),
                    least: source.floor($0.slot))
            } + comparedFigures(source),
            lackedLabels: pieces.reduce(into: []) { names, piece in
                guard case .label(let index, let name) = piece, source.label(index) == nil else { return }
                if !names.contains(where: { $0.isSame(as: name) }) { names.append(name) }
            })
    }
}

extension CompiledCondition {
    /// One term in words.
    private struct Sentence {
        /// As written, with the values that there are.
        var claim: String
        var truth: Truth
        /// Of evidence that is there or missing, what is so; nil for a comparison of what is known.
        var plain: String?
        /// The reading of a test for missing that is there: `healthy (1)`.
        var known: String?
        /// The reason that was asked for where it is missing for another one.
        var otherReason: String?

        func fact(_ isNegated: Bool) -> String? {
            guard let plain else { return nil }
            // Whoever asks for it not to be so is content with what it is.
            return isNegated ? plain : plain + (otherReason.map { ", not \($0)" } ?? "")
        }
    }

    private func sentence(of term: Term, _ source: some ReadingSource) -> Sentence {
        let step = program[term.instruction]
        let truth = program.withUnsafeBufferPointer { CompiledCondition.truth($0, term.instruction, source) }
        let isTest = step.operation == .isMissing || step.operation == .isMissingFor || step.operation == .labelIsMissing
        var gaps: [(series: String, reason: MissingReason)] = []
        var (known, claim) = ("", "")
        for piece in pieces[term.pieces] {
            switch piece {
            case .text(let text): claim += text
            case .threshold(let name, let value): claim += "$\(name) (\(value))"
            case .apps(let piece):
                let (text, gap) = shown(piece, decides: truth, source)
                claim += text
                if let gap { gaps.append((piece.written, gap)) }
            case .label(let index, let name):
                let label = source.label(index)
                // So that a text ends where its quote does.
                let shown = label.map { "label(\(name)) (\"\($0.text.replacing(bytesOf: "\"", with: "'"))\")" }
                if let shown {
                    claim += isTest ? "label(\(name))" : shown
                    known = shown
                } else {
                    claim += "label(\(name))"
                    gaps.append(("label(\(name))", .notTracked))
                }
            case .clock(let part):
                claim += "\(part.rawValue)()"
                if let local = source.localHour {
                    claim += " (\(local.text(part)))"
                } else {
                    gaps.append(("\(part.rawValue)()", .notTracked))
                }
            case .reading(let slot, let series):
                let evidence = source.reading(slot)
                let when = source.whenRead(slot)
                let shown = "\(series) (\(Figure.text(evidence, series.resultUnit))\(when.map { ", \($0)" } ?? ""))"
                if !isTest, truth == .yes, evidence.reason != nil, let least = source.floor(slot) {
                    claim += "\(series) (at least \(Figure.text(least, series.resultUnit)))"
                } else if let reason = evidence.reason {
                    claim += "\(series)"
                    // Of a sum that was seen in part people want to know how much that is.
                    let least = series.period == nil ? nil : source.floor(slot).map { "at least \(Figure.text($0, series.resultUnit))" }
                    let name = "\(series)\((when ?? least).map { " (\($0))" } ?? "")"
                    if !gaps.contains(where: { $0.series == name }) { gaps.append((name, reason)) }
                } else {
                    claim += isTest ? "\(series)" : shown
                    known = shown
                }
            }
        }
        var sentence = Sentence(claim: claim, truth: truth)
        if let first = gaps.first {
            let isOne = gaps.allSatisfy { $0.reason == first.reason }
            sentence.plain =
                isOne
                ? gaps.map(\.series).joined(separator: ", ") + (gaps.count == 1 ? " is" : " are") + " missing (\(first.reason))"
                : gaps.map { "\($0.series) is missing (\($0.reason))" }.joined(separator: ", ")
            if step.operation == .isMissingFor, truth == .no {
                sentence.otherReason = MissingReason.names[Int(step.reason)] + (step.status == 0 ? "" : "(\(step.status))")
            }
        } else if isTest {
            (sentence.plain, sentence.known) = (known + " is known", known)
        }
        return sentence
    }

    /// A condition, or part of one, in words.
    private struct Words {
        var text: String
        var truth: Truth
        /// The place of its first term in the text: the program has them in the order of their cost.
        var place: Int
        /// Nil for one term, or what stands for one.
        var joint: Instruction.Operation?
        /// What it says is there, where it says no more.
        var known: String?
    }

    /// A part of the condition as what is so. A `not` goes down to the terms, so that what is missing under it can be said
    /// as it is; the same is said once.
    private static func words<S: ReadingSource>(
        _ program: UnsafeBufferPointer<Instruction>, _ index: Int, isNegated: Bool, _ source: S,
        _ sentence: (Int) -> (place: Int, words: Sentence)?
    ) -> Words {
        let step = program[index]
        if step.operation == .not {
            return words(program, Int(step.left), isNegated: !isNegated, source, sentence)
        }
        let own = truth(program, index, source)
        let says = isNegated ? !own : own
        guard step.operation == .and || step.operation == .or else {
            guard let (place, found) = sentence(index) else { return Words(text: "", truth: says, place: 0) }
            return Words(
                text: found.fact(isNegated) ?? (isNegated ? "not " : "") + found.claim, truth: says, place: place,
                known: found.known)
        }
        let joint: Instruction.Operation = (step.operation == .and) != isNegated ? .and : .or
        var parts: [Words] = []
        func gather(_ place: Int, _ isNegated: Bool) {
            let step = program[place]
            switch step.operation {
            case .not: gather(Int(step.left), !isNegated)
            case .and, .or:
                if ((step.operation == .and) != isNegated ? .and : .or) == joint {
                    gather(Int(step.left), isNegated)
                    gather(Int(step.right), isNegated)
                } else {
                    parts.append(words(program, place, isNegated: isNegated, source, sentence))
                }
            default: parts.append(words(program, place, isNegated: isNegated, source, sentence))
            }
        }
        gather(Int(step.left), isNegated)
        gather(Int(step.right), isNegated)
        if joint == .or, says == .yes { parts.removeAll { $0.truth != .yes } }
        parts.sort { $0.place < $1.place }
        var told: [Words] = []
        for part in parts where !told.contains(where: { $0.text == part.text }) { told.append(part) }
        // Whoever sees a value need not be told that it is there.
        let others = told.filter { $0.known == nil }
        told.removeAll { part in part.known.map { known in others.contains { $0.text.contains(bytesOf: known) } } ?? false }
        let place = parts.first?.place ?? 0
        if told.count == 1 { return Words(text: told[0].text, truth: says, place: place, joint: told[0].joint, known: told[0].known) }
        // What is left of one side may join in.
        let texts = told.map { $0.joint == nil || $0.joint == joint ? $0.text : "(\($0.text))" }
        return Words(text: texts.joined(separator: joint == .and ? " and " : " or "), truth: says, place: place, joint: joint)
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
