import Model

/// Figures over the apps of a runtime.
extension ConditionParser {
    /// Whether a call goes over apps; its `(` is the current word. The largest and the smallest of something without a range are
    /// those of the apps: over a range they are functions of the past.
    func isOverApps(_ name: String) -> Bool {
        switch name {
        case "count", "sum", "quantile", "median": return true
        case "max", "min":
            guard position + 3 < tokens.count, case .name = tokens[position + 1].kind else { return false }
            if case .close = tokens[position + 2].kind { return true }
            guard case .openBracket = tokens[position + 2].kind, case .name = tokens[position + 3].kind else { return false }
            return true
        default: return false
        }
    }

    /// `count(CONDITION)`, `sum(SIGNAL)`, `quantile(0.9, SIGNAL)`, behind the word.
    mutating func overApps(_ word: String, _ token: Token) throws(ConditionFault) -> Expression {
        _ = take(.open)
        let start = current.range.lowerBound
        let kind: Expression.Kind
        switch word {
        case "count": kind = .count(try nested { (parser) throws(ConditionFault) in try parser.or() })
        case "sum": kind = .sum(try signalOfApps())
        case "quantile":
            let share = try share(token)
            kind = .quantile(share, word, try signalOfApps())
        default: kind = .quantile(word == "max" ? 1 : word == "min" ? 0 : 0.5, word, try signalOfApps())
        }
        let end = current.range.upperBound
        guard take(.close) else {
            let fault = unexpected("')'")
            throw word == "count" ? fault : behindSignal(word, from: start).map(fault.with(hint:)) ?? fault
        }
        return Expression(kind: kind, range: token.range.lowerBound..<end)
    }

    /// What was meant where more than a signal stands in the parentheses.
    private func behindSignal(_ word: String, from start: Int) -> String? {
        switch current.kind {
        case .comparison:
            guard let end = tokens[position...].first(where: { $0.kind == .close })?.range.lowerBound else { return nil }
            return "of how many apps that holds is 'count(\(written(start..<end)))'"
        case .plus, .minus, .times, .over, .comma:
            return "'\(word)' takes one signal" + (current.kind == .comma ? "" : ": reckon with what it comes to")
        default: return nil
        }
    }

    private mutating func signalOfApps() throws(ConditionFault) -> SignalUse {
        guard case .name(let name) = current.kind else { throw unexpected("a signal") }
        let inner = take()
        if let function = HistoryFunction(rawValue: name), current.kind == .open { return try call(function, inner) }
        return try signalUse(name, inner, function: nil, start: inner.range.lowerBound)
    }

    /// `0.9,` or `90%,`.
    private mutating func share(_ token: Token) throws(ConditionFault) -> Double {
        let place = current.range
        guard case .quantity(let quantity) = current.kind, quantity.unit == .number || quantity.unit == .percent else {
            throw ConditionFault(
                "quantile", "'quantile' is to be told which", token.range, hint: "write 'quantile(0.9, active_runs)'")
        }
        _ = take()
        let share = quantity.unit == .percent ? quantity.value / 100 : quantity.value
        guard (0...1).contains(share) else {
            throw ConditionFault(
                "quantile", "which quantile is between 0 and 1", place,
                hint: "write '\((2...100).contains(share) ? Figure.number(share / 100) : "0.9")'")
        }
        guard take(.comma) else { throw unexpected("','") }
        return share
    }
}
