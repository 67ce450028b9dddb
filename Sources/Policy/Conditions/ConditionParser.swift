import Model
import YAML

/// Reads the condition language. Binding, loosest first: `or`, `and`, `not`, comparisons, `+ -`, `* /`, unary `-`.
struct ConditionParser {
    let text: String
    let tokens: [Token]
    var position = 0
    private var depth = 0

    static let longestText = 4_096
    /// Parentheses and signs within each other.
    static let deepest = 40
    static let functions = HistoryFunction.named.map(\.rawValue)

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
    static func parseTop(_ text: String) throws(ConditionFault) -> (count: Int, countRange: Range<Int>, use: SignalUse) {
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

    var current: Token { tokens[position] }

    mutating func take() -> Token {
        defer { if position < tokens.count - 1 { position += 1 } }
        return tokens[position]
    }

    mutating func take(_ kind: Token.Kind) -> Bool {
        guard current.kind == kind else { return false }
        _ = take()
        return true
    }

    func unexpected(_ wanted: String) -> ConditionFault {
        if case .end = current.kind {
            let end = text.utf8.count
            return ConditionFault(
                "syntax", "the condition ends where \(wanted) should stand", max(0, end - 1)..<max(1, end))
        }
        let written = String(decoding: Array(text.utf8)[current.range], as: UTF8.self)
        let counted = counted
        return ConditionFault(
            "syntax", "'\(written)' stands where \(wanted) should", current.range,
            hint: counted.flatMap {
                $0.text.hasSuffix("/s") || $0.text.hasSuffix("/min") || $0.text.hasSuffix("/h") ? "write '\($0.text)'" : nil
            }
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
    func hint(_ wanted: String) -> String? {
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
            if case .name(let first)? = before,
                let signal = [first + "_" + name, first + "." + name].first(where: { Signal(name: $0) != nil })
            {
                return "did you mean '\(signal)'?"
            }
            // `tokens[1h] ofset 1d`
            if case .quantity(let span)? = after, TimeSpan(span.text) != nil, Nearest.name(to: name, among: ["offset"]) != nil,
                name != "offset"
            {
                return "did you mean 'offset \(span.text)'?"
            }
            return ConditionHints.behind(name, number: number)
        default: break
        }
        return nil
    }

    mutating func nested<T>(_ body: (inout ConditionParser) throws(ConditionFault) -> T) throws(ConditionFault)
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

    mutating func or() throws(ConditionFault) -> Expression {
        var left = try and()
        while take(.or) {
            let right = try and()
            left = Expression(kind: .logic(.or, left, right), range: left.range.lowerBound..<right.range.upperBound)
        }
        return left
    }

    mutating func and() throws(ConditionFault) -> Expression {
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
        if isAtLabel { return try labelComparison() }
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

    func written(_ range: Range<Int>) -> String {
        String(decoding: Array(text.utf8)[range], as: UTF8.self)
    }
}
