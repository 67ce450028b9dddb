import Model

// What a fault of a condition leads to: the hint that mends it.

extension ConditionCompiler {
    /// The fault with a hint that leads to no other fault: who writes `tokens > 10k` is told of `10000/min` at once, since
    /// `10000` would be refused for its unit.
    static func followed(
        _ fault: ConditionFault, _ text: String, _ context: ConditionContext, _ demand: DemandTable, steps: Int = 3
    ) -> ConditionFault {
        guard steps > 0, let fix = fault.fix else { return fault }
        let bytes = Array(text.utf8)
        let mended = String(decoding: bytes[..<fix.range.lowerBound] + Array(fix.text.utf8) + bytes[fix.range.upperBound...], as: UTF8.self)
        let next: ConditionFault
        do throws(ConditionFault) {
            let expression = try ConditionParser.parse(mended)
            var compiler = ConditionCompiler(text: mended, context: context, demand: demand)
            _ = compiler.emit(expression)
            guard let first = compiler.faults.first else { return fault }
            next = first
        } catch {
            next = followed(error, mended, context, demand, steps: steps - 1)
        }
        // Of what was suggested; what is wrong elsewhere is said when this is mended.
        let place = fix.range.lowerBound..<fix.range.lowerBound + fix.text.utf8.count
        guard let hint = next.hint, next.code == "unit-mismatch" || next.code == "unknown-unit", next.range.overlaps(place) else {
            return fault
        }
        return fault.with(hint: hint)
    }

    /// The signal that `active-runs` was to be.
    func dashed(_ left: Expression, _ right: Expression, _ range: Range<Int>) -> String? {
        guard case .reading(let first) = left.kind, case .reading = right.kind, Signal(name: first.name) == nil,
            left.range.upperBound + 1 == right.range.lowerBound
        else { return nil }
        let joined = written(range).replacing(bytesOf: "-", with: "_")
        return Signal(name: Signal.withoutScope(joined)) == nil ? nil : joined
    }

    mutating func mismatch(
        _ verb: String, _ left: Expression, _ a: Unit, _ right: Expression, _ b: Unit, _ range: Range<Int>
    ) {
        let (first, second) = (written(left.range), written(right.range))
        var hint: String?
        var place = range
        if verb == "compared" || verb == "added" || verb == "subtracted" {
            if let found = rewording(left, of: a, beside: right, of: b) { (hint, place) = (found, left.range) }
            if let found = rewording(right, of: b, beside: left, of: a) { (hint, place) = (found, right.range) }
            if hint == nil, a.isCount, b.isCount { hint = "divide one by the other and compare that with a number" }
        }
        fault(
            "unit-mismatch", "'\(first)' is \(a.noun) and '\(second)' \(b.noun): they cannot be \(verb)", place,
            hint: hint)
    }

    /// How a number or a threshold is written so that it fits what stands beside it; nil for all else.
    private func rewording(_ expression: Expression, of unit: Unit, beside: Expression, of other: Unit) -> String? {
        switch expression.kind {
        case .number(let quantity) where beside.isOfMetric && other == .number && unit == .percent:
            // Of a gauge that counts in percent it is the figure itself; of a ratio it is a hundredth.
            let share = Figure.number(quantity.value / 100)
            return beside.isRatio
                ? "a ratio of metrics is a fraction: write '\(share)'"
                : "metrics have no units: write '\(share)', or '\(Figure.number(quantity.value))' if the page counts in percent"
        case .number(let quantity) where beside.isOfMetric && other == .number:
            // What the page counts in nobody knows here.
            return unit == .perMinute
                ? "a rate of a metric is per second and has no unit: write '\(Figure.number(quantity.value)) / 60'"
                : "metrics have no units: write '\(Figure.number(quantity.value))', if that is what the page counts in"
        case .number(let quantity) where unit == .number && other == .percent && (0...1).contains(quantity.value):
            // A share written as a fraction.
            return "write '\(Figure.number(quantity.value * 100))%'"
        case .number(let quantity) where unit == .number:
            // Nobody waits two hundred seconds for a ping.
            let isLong = other == .seconds && quantity.value >= 100
            return "write '\(quantity.text)\(other.suffix)'" + (isLong ? " or '\(quantity.text)ms'" : "")
        case .number(let quantity) where unit == .dollars && other == .dollarsPerHour:
            return "write '\(Figure.number(quantity.value)) USD/h'"
        case .number(let quantity) where unit == .perMinute && other == .dollarsPerHour:
            return "write '\(quantity.text.replacing(bytesOf: "/", with: " USD/"))'"
        case .number(let quantity) where unit == .percent && other == .number:
            return "write '\(Figure.number(quantity.value / 100))'"
        case .number(let quantity) where other == .flag:
            return quantity.value == 0 ? "write '0'" : "write '1'"
        case .number(let quantity):
            // Some other unit: the figure with the one that fits.
            let digits = quantity.text.prefix { $0.isNumber || $0 == "." }
            let part = unit == .percent ? share(of: beside) : nil
            return "write '\(digits)\(other.suffix)'" + (part.map { ", or compare '\($0)' with \(quantity.text)" } ?? "")
        case .threshold(let name) where unit == .number:
            return context.thresholds[name].map {
                "give the threshold its unit, '\(name): \($0.text)\(other.suffix)' (\($0.origin))"
            }
        default: return nil
        }
    }

    /// The signal that is the share of a count: `active_runs.share` of `active_runs`.
    private func share(of expression: Expression) -> String? {
        guard case .reading(let use) = expression.kind, use.function == nil, !use.ofRuntime, !use.ofApp,
            let share = Signal(name: use.name + ".share"), share.info.subjects.contains(subject)
        else { return nil }
        return share.name
    }
}

extension Expression {
    /// `true` or `false`, as other languages have them.
    var answer: Bool? {
        guard case .reading(let use) = kind, use.function == nil, use.bracket == nil else { return nil }
        return ["true": true, "false": false][use.name.lowercased()]
    }

    /// `null` and its like, as other languages have them.
    var isNothing: Bool {
        guard case .reading(let use) = kind, use.function == nil, use.bracket == nil else { return false }
        return ["null", "nil", "none", "nan", "undefined", "unknown", "missing", "absent"].contains(use.name.lowercased())
    }

    /// A bare 0.
    var isZero: Bool {
        guard case .number(let quantity) = kind else { return false }
        return quantity.value == 0 && quantity.unit == .number
    }

    /// Whether it is where a line will be.
    var isPredicted: Bool {
        guard case .reading(let use) = kind else { return false }
        return use.function == .predict
    }

    /// Whether a metric is read in it, and nothing that has a unit.
    fileprivate var isOfMetric: Bool {
        switch kind {
        case .reading(let use): use.metric != nil
        case .negate(let inner): inner.isOfMetric
        case .arithmetic(_, let left, let right): left.isOfMetric || right.isOfMetric
        default: false
        }
    }

    /// Whether one is divided by the other.
    fileprivate var isRatio: Bool {
        switch kind {
        case .negate(let inner): inner.isRatio
        case .arithmetic(.divide, let left, let right): left.isOfMetric && right.isOfMetric
        default: false
        }
    }

    /// Whether `not` before it means all of it.
    var isWhole: Bool {
        switch kind {
        case .logic, .comparison: false
        default: true
        }
    }
}
