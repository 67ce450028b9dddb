import Model
import YAML

/// Numbers, and the names that stand for them.
extension ConditionParser {
    mutating func sum() throws(ConditionFault) -> Expression {
        var left = try product()
        while current.kind == .plus || current.kind == .minus {
            let operation: Expression.Arithmetic = take().kind == .plus ? .add : .subtract
            let right = try product()
            left = Expression(
                kind: .arithmetic(operation, left, right), range: left.range.lowerBound..<right.range.upperBound)
        }
        return left
    }

    private mutating func product() throws(ConditionFault) -> Expression {
        var left = try unary()
        while current.kind == .times || current.kind == .over {
            let operation: Expression.Arithmetic = take().kind == .times ? .multiply : .divide
            let right = try unary()
            left = Expression(
                kind: .arithmetic(operation, left, right), range: left.range.lowerBound..<right.range.upperBound)
        }
        return left
    }

    mutating func unary() throws(ConditionFault) -> Expression {
        let start = current.range.lowerBound
        guard take(.minus) else { return try primary() }
        let operand = try nested { (parser) throws(ConditionFault) in try parser.unary() }
        return Expression(kind: .negate(operand), range: start..<operand.range.upperBound)
    }

    private mutating func primary() throws(ConditionFault) -> Expression {
        let token = current
        switch token.kind {
        case .quantity(let quantity):
            _ = take()
            return Expression(kind: .number(quantity), range: token.range)
        case .threshold(let name):
            _ = take()
            return Expression(kind: .threshold(name), range: token.range)
        case .open:
            _ = take()
            let inner = try nested { (parser) throws(ConditionFault) in try parser.or() }
            let end = current.range.upperBound
            guard take(.close) else { throw unexpected("')'") }
            return Expression(kind: inner.kind, range: token.range.lowerBound..<end)
        case .name(let name):
            _ = take()
            return try named(name, token)
        case .text(let text):
            throw strayText(text, token.range)
        case .metric(let call):
            let use = try metricUse(call, take())
            return Expression(kind: .reading(use), range: use.range)
        default:
            throw unexpected("a value")
        }
    }

    /// A metric with its window, behind its word.
    private mutating func metricUse(_ call: MetricCall, _ token: Token) throws(ConditionFault) -> SignalUse {
        var use = try signalUse(
            call.ofRuntime ? "runtime.metric" : "metric", token, function: nil, start: token.range.lowerBound)
        use.metric = call
        // `metric("x").rate(5m)`
        if case .open = current.kind, call.query.reading.isWindowed {
            var span = "5m"
            if position + 1 < tokens.count, case .quantity(let quantity) = tokens[position + 1].kind, TimeSpan(quantity.text) != nil {
                span = quantity.text
            }
            throw ConditionFault("syntax", "a window stands in brackets", current.range, hint: "write '\(call.query)[\(span)]'")
        }
        return use
    }

    /// A fault where a function is called with a metric: what is made of it stands behind it.
    private func checkArgument(_ name: String, _ token: Token) throws(ConditionFault) {
        if let call = quantileOfMetric(name) {
            throw ConditionFault(
                "unknown-function", name == "quantile" ? "'quantile' is not called with a metric" : "no function '\(name)'", token.range,
                hint: "write '\(call)[5m]'")
        }
        guard case .open = current.kind, position + 1 < tokens.count, case .metric(let call) = tokens[position + 1].kind else { return }
        var window = ""
        if position + 3 < tokens.count, tokens[position + 2].kind == .openBracket, case .quantity(let span) = tokens[position + 3].kind,
            TimeSpan(span.text) != nil
        {
            window = "[\(span.text)]"
        }
        throw ConditionFault(
            "unknown-function", "'\(name)' is not called with a metric", token.range,
            hint: MetricHints.function(name, call.query, window: window))
    }

    /// `histogram_quantile(0.95, rate(metric("x_bucket")[5m]))`: the metric that is meant.
    private func quantileOfMetric(_ name: String) -> MetricQuery? {
        guard ["quantile", "histogram_quantile", "percentile"].contains(name.lowercased()), case .open = current.kind else { return nil }
        var percent = 95
        for token in tokens[(position + 1)...] {
            switch token.kind {
            case .quantity(let quantity):
                let share = quantity.unit == .percent ? quantity.value : quantity.value * 100
                if (1...99).contains(share), abs(share - share.rounded()) < 1e-6 { percent = Int(share.rounded()) }
            case .comma, .open, .name: continue
            case .metric(let call):
                let family = call.query.name
                return MetricQuery(
                    family.hasSuffix("_bucket") ? String(family.dropLast("_bucket".count)) : family,
                    call.query.matchers.filter { !$0.label.isSame(as: "le") }, .quantile(percent))
            default: return nil
            }
        }
        return nil
    }

    private mutating func named(_ name: String, _ token: Token) throws(ConditionFault) -> Expression {
        if name != "missing", name != "count", name != HistoryFunction.predict.rawValue { try checkArgument(name, token) }
        guard case .open = current.kind else {
            if name == "missing", case .name(let signal) = current.kind {
                throw ConditionFault(
                    "syntax", "'missing' needs parentheses", token.range, hint: "write 'missing(\(signal))'")
            }
            let use = try signalUse(name, token, function: nil, start: token.range.lowerBound)
            return Expression(kind: .reading(use), range: use.range)
        }
        if name == "missing" { return try missing(token) }
        if name == "label" {
            throw ConditionFault(
                "type", "a label is a text: it is no number to be counted with", token.range, hint: "write 'label(tier) == \"enterprise\"'")
        }
        if isOverApps(name) { return try overApps(name, token) }
        if let part = LocalHour.Part(rawValue: name) { return try clock(part, token) }
        guard let function = HistoryFunction(rawValue: name) else {
            let known =
                ConditionParser.functions + ["missing", "label", "count", "sum", "quantile", "median"]
                + LocalHour.Part.allCases.map { $0.rawValue + "()" }
            throw ConditionFault(
                "unknown-function", "no function '\(name)'", token.range,
                hint: ConditionHints.function(name, of: argument, among: known))
        }
        let use = try call(function, token)
        return Expression(kind: .reading(use), range: use.range)
    }

    /// `hour()`, behind the word.
    private mutating func clock(_ part: LocalHour.Part, _ token: Token) throws(ConditionFault) -> Expression {
        _ = take(.open)
        let end = current.range.upperBound
        guard take(.close) else {
            if case .end = current.kind { throw unexpected("')'") }
            throw ConditionFault(
                "syntax", "'\(part.rawValue)()' is of the moment and takes nothing", current.range,
                hint: "write '\(part.rawValue)()'; the zone is the configuration's 'timezone'")
        }
        return Expression(kind: .clock(part), range: token.range.lowerBound..<end)
    }

    /// The signal that stands as the only argument of a call whose `(` is the current word, with its bracket as written.
    private var argument: (signal: String, bracket: String)? {
        guard position + 1 < tokens.count, case .name(let name) = tokens[position + 1].kind else { return nil }
        guard position + 4 < tokens.count, tokens[position + 2].kind == .openBracket, case .quantity(let span) = tokens[position + 3].kind,
            TimeSpan(span.text) != nil
        else { return (name, "") }
        return (name, "[\(span.text)]")
    }

    /// `function(signal[range])`, behind the function's name.
    mutating func call(_ function: HistoryFunction, _ token: Token) throws(ConditionFault) -> SignalUse {
        guard take(.open) else { throw unexpected("'('") }
        let inner: SignalUse
        if function == .predict, case .metric(let metric) = current.kind {
            inner = try metricUse(metric, take())
        } else {
            guard case .name(let name) = current.kind else { throw unexpected("a signal") }
            inner = try signalUse(name, take(), function: function, start: token.range.lowerBound)
        }
        let ahead = function == .predict ? try ahead(of: inner) : nil
        // `avg(active_runs, 10m)`
        if inner.bracket == nil, case .comma = current.kind, position + 1 < tokens.count,
            case .quantity(let span) = tokens[position + 1].kind,
            let length = TimeSpan(span.text)
        {
            let range = length.milliseconds % 60_000 == 0 && length >= .minutes(3) ? span.text : ConditionHints.range(of: function)
            throw ConditionFault(
                "syntax", "the range of a function stands in brackets behind its signal",
                current.range.lowerBound..<tokens[position + 1].range.upperBound,
                hint: "write '\(function.rawValue)(\(written(inner.nameRange))[\(range)])'")
        }
        let end = current.range.upperBound
        guard take(.close) else { throw unexpected("')'") }
        // What is no signal at all is said by whoever knows them.
        guard inner.bracket != nil || inner.period != nil || Signal(name: inner.name) == nil else {
            throw ConditionFault(
                "missing-range", "\(function.rawValue)(…) needs a range", inner.nameRange,
                hint: "write '\(ConditionHints.call(function, written(inner.nameRange)))'")
        }
        return SignalUse(
            name: inner.name, nameRange: inner.nameRange, ofRuntime: inner.ofRuntime, ofApp: inner.ofApp, bracket: inner.bracket,
            bracketRange: inner.bracketRange, function: function, range: token.range.lowerBound..<end, metric: inner.metric,
            offset: inner.offset, period: inner.period, ahead: ahead)
    }

    /// `, 4h`, behind what is predicted.
    private mutating func ahead(of use: SignalUse) throws(ConditionFault) -> TimeSpan {
        let place = current.range
        guard take(.comma), case .quantity(let quantity) = current.kind, let span = TimeSpan(quantity.text) else {
            let range = use.bracket?.description ?? ConditionHints.range(of: .predict)
            throw ConditionFault(
                "predict", "'predict' is to be told how far ahead", place,
                hint: "write 'predict(\(written(use.nameRange))[\(range)], 4h)'")
        }
        _ = take()
        return span
    }

    mutating func signalUse(
        _ name: String, _ token: Token, function: HistoryFunction?, start: Int
    ) throws(ConditionFault) -> SignalUse {
        let (ofRuntime, ofApp) = (name.hasPrefix("runtime."), name.hasPrefix("app."))
        var bracket: TimeSpan?
        var period: CalendarPeriod?
        var bracketRange: Range<Int>?
        let opening = current.range
        if take(.openBracket) {
            if case .quantity(let quantity) = current.kind, let span = TimeSpan(quantity.text) {
                bracket = span
            } else if case .name(let name) = current.kind, let named = CalendarPeriod(rawValue: name) {
                period = named
            } else {
                var hint = "write '[10m]'"
                if case .name(let name) = current.kind { hint = ConditionHints.bracket(name) ?? hint }
                throw ConditionFault(
                    "syntax", "brackets hold a length of time", opening.lowerBound..<current.range.upperBound, hint: hint)
            }
            _ = take()
            bracketRange = opening.lowerBound..<current.range.upperBound
            guard take(.closeBracket) else { throw unexpected("']'") }
        }
        let offset = try offset()
        // `tokens offset 1d[1h]`
        if let offset, bracketRange == nil, case .openBracket = current.kind {
            var window = "1h"
            if position + 1 < tokens.count, case .quantity(let span) = tokens[position + 1].kind { window = span.text }
            throw ConditionFault(
                "syntax", "the window stands before the offset", current.range, hint: "write '\(name)[\(window)] offset \(offset.span)'")
        }
        return SignalUse(
            name: Signal.withoutScope(name), nameRange: token.range, ofRuntime: ofRuntime, ofApp: ofApp, bracket: bracket,
            bracketRange: bracketRange, function: function, range: start..<(offset?.range ?? bracketRange ?? token.range).upperBound,
            offset: offset, period: period)
    }

    /// `offset 7d`, behind a signal and its window.
    private mutating func offset() throws(ConditionFault) -> SignalUse.Offset? {
        guard case .name("offset") = current.kind else { return nil }
        let start = take().range.lowerBound
        if case .minus = current.kind {
            throw ConditionFault(
                "offset", "an offset reaches into the past", start..<current.range.upperBound, hint: "write it without the '-'")
        }
        guard case .quantity(let quantity) = current.kind, let span = TimeSpan(quantity.text) else {
            throw ConditionFault(
                "offset", "behind 'offset' stands how long ago", start..<current.range.upperBound, hint: "write 'offset 7d'")
        }
        return SignalUse.Offset(span: span, range: start..<take().range.upperBound)
    }

    /// `missing(signal)` or `missing(signal, reason)`, behind the word.
    private mutating func missing(_ token: Token) throws(ConditionFault) -> Expression {
        _ = take(.open)
        if isAtLabel {
            let (name, place) = try label()
            let end = current.range.upperBound
            guard take(.close) else { throw unexpected("')'") }
            return Expression(kind: .missingLabel(name, place), range: token.range.lowerBound..<end)
        }
        let use: SignalUse
        if case .metric(let call) = current.kind {
            use = try metricUse(call, take())
            return try missing(use, token)
        }
        guard case .name(let name) = current.kind else { throw unexpected("a signal") }
        let nameToken = take()
        if let function = HistoryFunction(rawValue: name), current.kind == .open {
            use = try call(function, nameToken)
        } else {
            use = try signalUse(name, nameToken, function: nil, start: nameToken.range.lowerBound)
        }
        return try missing(use, token)
    }

    /// The reason and the end of `missing(…)`.
    private mutating func missing(_ use: SignalUse, _ token: Token) throws(ConditionFault) -> Expression {
        let pattern = take(.comma) ? try reason() : nil
        let end = current.range.upperBound
        guard take(.close) else { throw unexpected("')'") }
        return Expression(kind: .missing(use, pattern), range: token.range.lowerBound..<end)
    }

    mutating func reason() throws(ConditionFault) -> MissingPattern {
        guard case .name(let name) = current.kind else { throw unexpected("a reason") }
        let token = take()
        guard let code = MissingReason.names.firstIndex(of: name) else {
            throw ConditionFault(
                "unknown-reason", "no reason '\(name)'", token.range,
                hint: ConditionHints.reason(name, among: MissingReason.names))
        }
        guard name == "error", take(.open) else { return MissingPattern(code: UInt8(code), status: 0) }
        guard case .quantity(let quantity) = current.kind, let status = UInt16(quantity.text),
            (100...599).contains(status)
        else { throw unexpected("an HTTP status") }
        _ = take()
        guard take(.close) else { throw unexpected("')'") }
        return MissingPattern(code: UInt8(code), status: status)
    }
}
