import Model

// Figures over the apps of a runtime: `count(active_runs > 5)`, `sum(cost)`, `quantile(0.9, active_runs)`.

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
        if step.operation == .quantile { return quantile(step, source) }
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

    /// Below what a share of the apps lies. Apps of which nothing is known may be as low as they are at the least, and as high as
    /// anything: both are asked. Where none has a value there is no quantile.
    private static func quantile<S: ReadingSource>(_ step: Instruction, _ source: S) -> AppsFigure {
        let (slot, rows) = (Int(step.left), source.appCount)
        var figure = AppsFigure()
        withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, rows)) { values in
            // The known ones in front, behind them what the others are at the least.
            var (known, all) = (0, rows)
            for row in 0..<rows {
                let app = source.app(at: row)
                switch app.reading(slot) {
                case .value(let value):
                    values[known] = value
                    known += 1
                case .missing(.noTraffic): continue
                case .missing(let reason):
                    all -= 1
                    values[all] = app.floor(slot) ?? 0
                    figure.reason = figure.reason ?? reason
                }
            }
            let unknown = rows - all
            guard known + unknown > 0 else {
                (figure.low, figure.high) = (-.infinity, .infinity)
                figure.reason = rows == 0 ? source.emptyReason(slot) ?? .noTraffic : .noTraffic
                return
            }
            for place in 0..<unknown { values[known + place] = values[all + place] }
            let count = known + unknown
            var front = UnsafeMutableBufferPointer(rebasing: values[..<known])
            front.sort()
            figure.high = ranked(step.constant, front, among: count)
            var whole = UnsafeMutableBufferPointer(rebasing: values[..<count])
            whole.sort()
            figure.low = ranked(step.constant, whole, among: count)
        }
        return figure
    }

    /// A quantile of numbers, linear between the two nearest, as Prometheus has it; those that are not there are infinite.
    private static func ranked(_ share: Double, _ sorted: UnsafeMutableBufferPointer<Double>, among count: Int) -> Double {
        let rank = share * Double(count - 1)
        let below = Int(rank.rounded(.down))
        func value(_ place: Int) -> Double { place < sorted.count ? sorted[place] : .infinity }
        let part = rank - Double(below)
        let (low, high) = (value(below), part > 0 ? value(below + 1) : 0)
        if part <= 0 || low == high { return low }
        return high.isFinite ? low + (high - low) * part : .infinity
    }

    /// The first thing that is missing in a part of a condition.
    private static func gap(
        _ program: UnsafeBufferPointer<Instruction>, _ index: Int, _ reading: (Int) -> MissingReason?, _ label: (Int) -> MissingReason?
    ) -> MissingReason? {
        let step = program[index]
        switch step.operation {
        case .constant, .clock, .count, .sum, .quantile, .labelIsMissing: return nil
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
