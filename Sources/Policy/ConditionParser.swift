import Model
import YAML

/// Reads the condition language. Binding, loosest first: `or`, `and`, `not`, comparisons, `+ -`, `* /`, unary `-`.
struct ConditionParser {
    private let text: String
    private let tokens: [Token]
    private var position = 0
    private var depth = 0

    static let longestText = 4_096
    /// Parentheses and signs within each other.
    static let deepest = 40
    private static let functions = HistoryFunction.allCases.map(\.rawValue)

    /// The condition's structure.
    static func parse(_ text: String) throws(ConditionFault) -> Expression {
        guard text.utf8.count <= longestText else {
            throw ConditionFault("syntax", "a condition of \(text.utf8.count) bytes; at most \(longestText)", 0..<1)
        }
        var parser = ConditionParser(text: text, tokens: try ConditionLexer.tokens(text))
        if case .end = parser.current.kind { throw ConditionFault("syntax", "the condition is empty", 0..<1) }
        let expression = try parser.or()
        guard case .end = parser.current.kind else { throw parser.unexpected("an operator") }
        return expression
    }

    /// `top(3, active_runs)`: how many, and by which reading.
    static func parseTop(_ text: String) throws(ConditionFault) -> (count: Int, countRange: Range<Int>, use: SignalUse)
    {
        var parser = ConditionParser(text: text, tokens: try ConditionLexer.tokens(text))
        guard case .name("top") = parser.current.kind else { throw parser.unexpected("top(n, signal)") }
        _ = parser.take()
        guard parser.take(.open) else { throw parser.unexpected("'('") }
        guard case .quantity(let quantity) = parser.current.kind, let count = Int(quantity.text) else {
            throw parser.unexpected("a whole number")
        }
        let countRange = parser.take().range
        guard parser.take(.comma) else { throw parser.unexpected("','") }
        guard case .name(let name) = parser.current.kind else { throw parser.unexpected("a signal") }
        let token = parser.take()
        let use: SignalUse
        if let function = HistoryFunction(rawValue: name), parser.current.kind == .open {
            use = try parser.call(function, token)
        } else {
            use = try parser.signalUse(name, token, function: nil, start: token.range.lowerBound)
        }
        guard parser.take(.close) else { throw parser.unexpected("')'") }
        guard case .end = parser.current.kind else { throw parser.unexpected("nothing more") }
        return (count, countRange, use)
    }

    private init(text: String, tokens: [Token]) {
        self.text = text
        self.tokens = tokens
    }

    private var current: Token { tokens[position] }

    private mutating func take() -> Token {
        defer { if position < tokens.count - 1 { position += 1 } }
        return tokens[position]
    }

    private mutating func take(_ kind: Token.Kind) -> Bool {
        guard current.kind == kind else { return false }
        _ = take()
        return true
    }

    private func unexpected(_ wanted: String) -> ConditionFault {
        if case .end = current.kind {
            let end = text.utf8.count
            return ConditionFault(
                "syntax", "the condition ends where \(wanted) should stand", max(0, end - 1)..<max(1, end))
        }
        let written = String(decoding: Array(text.utf8)[current.range], as: UTF8.self)
        let counted = counted
        return ConditionFault(
            "syntax", "'\(written)' stands where \(wanted) should", current.range,
            hint: counted.flatMap { $0.text.hasSuffix("/s") || $0.text.hasSuffix("/min") || $0.text.hasSuffix("/h") ? "write '\($0.text)'" : nil }
                ?? hint(wanted), fix: counted)
    }

    /// `100 tokens/min`, `5 per minute`: a number with the name of what it counts, and what to write in its place.
    private var counted: ConditionFault.Fix? {
        guard position > 0, case .quantity(let quantity) = tokens[position - 1].kind, quantity.unit == .number,
            case .name(var name) = current.kind, !ConditionHints.money.contains(name)
        else { return nil }
        var end = position
        var unit = ""
        func isName(_ index: Int) -> String? {
            if index < tokens.count, case .name(let word) = tokens[index].kind { word } else { nil }
        }
        if name != "per", let next = isName(position + 1), next == "per" { (end, name) = (position + 1, next) }
        let isSlash = position + 1 < tokens.count && tokens[position + 1].kind == .over
        if name == "per" || isSlash, let word = isName(end + (isSlash ? 2 : 1)), let known = ConditionHints.rates[word.lowercased()] {
            end += isSlash ? 2 : 1
            unit = known
        } else if name == "per" || isSlash || ConditionHints.behind(name, number: nil) != nil {
            return nil
        }
        return ConditionFault.Fix(range: tokens[position - 1].range.lowerBound..<tokens[end].range.upperBound, text: quantity.text + unit)
    }

    /// What was probably meant by the current word.
    private func hint(_ wanted: String) -> String? {
        let before = position > 0 ? tokens[position - 1].kind : nil
        let after = position + 1 < tokens.count ? tokens[position + 1].kind : nil
        switch current.kind {
        case .quantity(let quantity) where wanted == "a reason" || before == .name("error"):
            return "write 'error(\(quantity.text))'"
        case .plus:
            if case .quantity(let quantity)? = after { return "write '\(quantity.text)'" }
        case .comma:
            if case .quantity(let whole)? = before, case .quantity(let rest)? = after { return "write '\(whole.text).\(rest.text)'" }
        case .name(let name):
            // `if active_runs > 5`
            if position == 1, case .name(let first)? = before, ["if", "when", "where"].contains(first.lowercased()) {
                return "leave '\(first)' away"
            }
            var number: String?
            if case .quantity(let quantity)? = before { number = quantity.text }
            // `active runs > 10`
            if case .name(let first)? = before, let signal = [first + "_" + name, first + "." + name].first(where: { Signal(name: $0) != nil }) {
                return "did you mean '\(signal)'?"
            }
            return ConditionHints.behind(name, number: number)
        default: break
        }
        return nil
    }

    private mutating func nested<T>(_ body: (inout ConditionParser) throws(ConditionFault) -> T) throws(ConditionFault)
        -> T
    {
        depth += 1
        defer { depth -= 1 }
        guard depth <= ConditionParser.deepest else {
            throw ConditionFault("syntax", "nested deeper than \(ConditionParser.deepest) levels", current.range)
        }
        return try body(&self)
    }

    // MARK: Truths

    private mutating func or() throws(ConditionFault) -> Expression {
        var left = try and()
        while take(.or) {
            let right = try and()
            left = Expression(kind: .logic(.or, left, right), range: left.range.lowerBound..<right.range.upperBound)
        }
        return left
    }

    private mutating func and() throws(ConditionFault) -> Expression {
        var left = try not()
        while take(.and) {
            let right = try not()
            left = Expression(kind: .logic(.and, left, right), range: left.range.lowerBound..<right.range.upperBound)
        }
        return left
    }

    private mutating func not() throws(ConditionFault) -> Expression {
        let start = current.range.lowerBound
        guard take(.not) else { return try comparison() }
        let operand = try nested { (parser) throws(ConditionFault) in try parser.not() }
        return Expression(kind: .not(operand), range: start..<operand.range.upperBound)
    }

    private mutating func comparison() throws(ConditionFault) -> Expression {
        let left = try sum()
        guard case .comparison(let comparison) = current.kind else { return left }
        _ = take()
        let right = try sum()
        let whole = Expression(
            kind: .comparison(comparison, left, right), range: left.range.lowerBound..<right.range.upperBound)
        guard case .comparison(let second) = current.kind else { return whole }
        let place = take().range
        let third = try sum()
        throw ConditionFault(
            "chained-comparison", "comparisons cannot be chained", place,
            hint:
                "write '\(written(whole.range)) and \(written(right.range)) \(second.rawValue) \(written(third.range))'"
        )
    }

    private func written(_ range: Range<Int>) -> String {
        String(decoding: Array(text.utf8)[range], as: UTF8.self)
    }

    // MARK: Numbers

    private mutating func sum() throws(ConditionFault) -> Expression {
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

    private mutating func unary() throws(ConditionFault) -> Expression {
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
        default:
            throw unexpected("a value")
        }
    }

    private mutating func named(_ name: String, _ token: Token) throws(ConditionFault) -> Expression {
        guard case .open = current.kind else {
            if name == "missing", case .name(let signal) = current.kind {
                throw ConditionFault(
                    "syntax", "'missing' needs parentheses", token.range, hint: "write 'missing(\(signal))'")
            }
            let use = try signalUse(name, token, function: nil, start: token.range.lowerBound)
            return Expression(kind: .reading(use), range: use.range)
        }
        if name == "missing" { return try missing(token) }
        guard let function = HistoryFunction(rawValue: name) else {
            let known = ConditionParser.functions + ["missing"]
            throw ConditionFault(
                "unknown-function", "no function '\(name)'", token.range,
                hint: ConditionHints.function(name, of: argument, among: known))
        }
        let use = try call(function, token)
        return Expression(kind: .reading(use), range: use.range)
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
    private mutating func call(_ function: HistoryFunction, _ token: Token) throws(ConditionFault) -> SignalUse {
        guard take(.open) else { throw unexpected("'('") }
        guard case .name(let name) = current.kind else { throw unexpected("a signal") }
        let inner = try signalUse(name, take(), function: function, start: token.range.lowerBound)
        // `avg(active_runs, 10m)`
        if inner.bracket == nil, case .comma = current.kind, position + 1 < tokens.count, case .quantity(let span) = tokens[position + 1].kind,
            let length = TimeSpan(span.text)
        {
            let range = length.milliseconds % 60_000 == 0 && length >= .minutes(3) ? span.text : ConditionHints.range(of: function)
            throw ConditionFault(
                "syntax", "the range of a function stands in brackets behind its signal", current.range.lowerBound..<tokens[position + 1].range.upperBound,
                hint: "write '\(function.rawValue)(\(written(inner.nameRange))[\(range)])'")
        }
        let end = current.range.upperBound
        guard take(.close) else { throw unexpected("')'") }
        // What is no signal at all is said by whoever knows them.
        guard inner.bracket != nil || Signal(name: inner.name) == nil else {
            throw ConditionFault(
                "missing-range", "\(function.rawValue)(…) needs a range", inner.nameRange,
                hint: "write '\(function.rawValue)(\(written(inner.nameRange))[\(ConditionHints.range(of: function))])'")
        }
        return SignalUse(
            name: inner.name, nameRange: inner.nameRange, ofRuntime: inner.ofRuntime, bracket: inner.bracket,
            bracketRange: inner.bracketRange, function: function, range: token.range.lowerBound..<end)
    }

    private mutating func signalUse(
        _ name: String, _ token: Token, function: HistoryFunction?, start: Int
    ) throws(ConditionFault) -> SignalUse {
        let ofRuntime = name.hasPrefix("runtime.")
        var bracket: TimeSpan?
        var bracketRange: Range<Int>?
        let opening = current.range
        if take(.openBracket) {
            guard case .quantity(let quantity) = current.kind, let span = TimeSpan(quantity.text) else {
                throw ConditionFault(
                    "syntax", "brackets hold a length of time", opening.lowerBound..<current.range.upperBound,
                    hint: "write '[10m]'")
            }
            _ = take()
            bracketRange = opening.lowerBound..<current.range.upperBound
            guard take(.closeBracket) else { throw unexpected("']'") }
            bracket = span
        }
        return SignalUse(
            name: ofRuntime ? String(name.dropFirst(8)) : name, nameRange: token.range, ofRuntime: ofRuntime,
            bracket: bracket,
            bracketRange: bracketRange, function: function, range: start..<(bracketRange ?? token.range).upperBound)
    }

    /// `missing(signal)` or `missing(signal, reason)`, behind the word.
    private mutating func missing(_ token: Token) throws(ConditionFault) -> Expression {
        _ = take(.open)
        guard case .name(let name) = current.kind else { throw unexpected("a signal") }
        let nameToken = take()
        let use: SignalUse
        if let function = HistoryFunction(rawValue: name), current.kind == .open {
            use = try call(function, nameToken)
        } else {
            use = try signalUse(name, nameToken, function: nil, start: nameToken.range.lowerBound)
        }
        let pattern = take(.comma) ? try reason() : nil
        let end = current.range.upperBound
        guard take(.close) else { throw unexpected("')'") }
        return Expression(kind: .missing(use, pattern), range: token.range.lowerBound..<end)
    }

    private mutating func reason() throws(ConditionFault) -> MissingPattern {
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
