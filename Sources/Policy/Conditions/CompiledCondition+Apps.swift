import Model

// Figures over the apps of a runtime: `count(active_runs > 5)`, `sum(cost)`.

/// What such a figure is at the least and at the most. One that is known has no reason.
@usableFromInline struct AppsFigure: Sendable {
    @usableFromInline var low = 0.0
    @usableFromInline var high = 0.0
    @usableFromInline var reason: MissingReason?

    @usableFromInline init() {}

    /// One more app, of which nothing is known but that it brings no less than `least` and no more than `most`.
    @usableFromInline mutating func add(unknown gap: MissingReason?, least: Double, most: Double) {
        low += least
        high += most
        reason = reason ?? gap ?? .notTracked
    }
}

extension CompiledCondition {
    /// A figure over all apps that there are. Apps in which nothing happened that could be measured are none of which
    /// something holds, and add nothing.
    @usableFromInline static func apps<S: ReadingSource>(
        _ program: UnsafeBufferPointer<Instruction>, _ step: Instruction, _ source: S
    ) -> AppsFigure {
        var figure = AppsFigure()
        let (inner, rows) = (Int(step.left), source.appCount)
        if rows == 0 {
            // Nobody is there, or nobody was seen.
            let gap = step.operation == .sum ? source.emptyReason(inner) : gap(program, inner, { source.emptyReason($0) }, { _ in nil })
            if let gap { figure.add(unknown: gap, least: 0, most: .infinity) }
            return figure
        }
        for row in 0..<rows {
            let app = source.app(at: row)
            if step.operation == .sum {
                switch app.reading(inner) {
                case .value(let value):
                    figure.low += value
                    figure.high += value
                case .missing(.noTraffic): continue
                case .missing(let reason):
                    figure.add(unknown: reason, least: app.floor(inner) ?? 0, most: .infinity)
                }
                continue
            }
            switch truth(program, inner, app) {
            case .yes:
                figure.low += 1
                figure.high += 1
            case .no, .noTraffic: continue
            case .unknown:
                figure.add(
                    unknown: gap(program, inner, { app.reading($0).reason }, { app.label($0) == nil ? .notTracked : nil }), least: 0,
                    most: 1)
            }
        }
        return figure
    }

    /// The first thing that is missing in a part of a condition.
    private static func gap(
        _ program: UnsafeBufferPointer<Instruction>, _ index: Int, _ reading: (Int) -> MissingReason?, _ label: (Int) -> MissingReason?
    ) -> MissingReason? {
        let step = program[index]
        switch step.operation {
        case .constant, .clock, .count, .sum, .labelIsMissing: return nil
        case .reading: return reading(Int(step.left)).flatMap { $0 == .noTraffic ? nil : $0 }
        case .labelIs, .labelIsNot: return label(Int(step.left))
        case .negate, .not, .isMissing, .isMissingFor: return gap(program, Int(step.left), reading, label)
        default: return gap(program, Int(step.left), reading, label) ?? gap(program, Int(step.right), reading, label)
        }
    }

    /// What a comparison comes to that has a figure over apps of which a part is not known: it may be certain all the same.
    @usableFromInline static func decided<S: ReadingSource>(
        _ program: UnsafeBufferPointer<Instruction>, _ step: Instruction, _ left: Evidence, _ right: Evidence, _ source: S
    ) -> Truth? {
        func span(_ index: Int32, _ evidence: Evidence) -> (low: Double, high: Double)? {
            if case .value(let value) = evidence { return (value, value) }
            guard program[Int(index)].isOverApps else { return nil }
            let figure = apps(program, program[Int(index)], source)
            return (figure.low, figure.high)
        }
        guard let a = span(step.left, left), let b = span(step.right, right) else { return nil }
        switch step.operation {
        case .above: return a.low > b.high ? .yes : a.high <= b.low ? .no : nil
        case .atLeast: return a.low >= b.high ? .yes : a.high < b.low ? .no : nil
        case .below: return a.high < b.low ? .yes : a.low >= b.high ? .no : nil
        case .atMost: return a.high <= b.low ? .yes : a.low > b.high ? .no : nil
        case .equal: return a.high < b.low || a.low > b.high ? .no : nil
        case .unequal: return a.high < b.low || a.low > b.high ? .yes : nil
        default: return nil
        }
    }

    /// A figure over apps with its value, for people; and why it is not known, where that decides.
    func shown(_ piece: AppsPiece, decides truth: Truth, _ source: some ReadingSource) -> (text: String, gap: MissingReason?) {
        let figure = program.withUnsafeBufferPointer { CompiledCondition.apps($0, program[piece.instruction], source) }
        func text(_ value: Double) -> String { Figure.text(value, piece.unit) }
        guard let reason = figure.reason else { return ("\(piece.shown) (\(text(figure.low)))", nil) }
        guard truth.isKnown else { return (piece.shown, reason) }
        return (
            "\(piece.shown) (\(figure.high.isFinite ? "\(text(figure.low)) to \(text(figure.high))" : "at least \(text(figure.low))"))", nil
        )
    }

    /// What conditions compare that is over apps, with its value now.
    public func comparedFigures(_ source: some ReadingSource) -> [ComparedReading] {
        figures.map { piece in
            let figure = program.withUnsafeBufferPointer { CompiledCondition.apps($0, program[piece.instruction], source) }
            return ComparedReading(
                series: piece.written, unit: piece.unit, evidence: figure.reason.map { .missing($0) } ?? .value(figure.low))
        }
    }

    /// In the order of the text.
    var figures: [AppsPiece] { pieces.compactMap { if case .apps(let piece) = $0 { piece } else { nil } } }
}

/// How a figure over apps is shown.
struct AppsPiece: Sendable {
    let instruction: Int
    /// `count(active_runs > $many)`.
    let written: String
    /// The same with what thresholds are: `count(active_runs > $many (12))`.
    let shown: String
    let unit: Unit
    let thresholds: [String]
}
