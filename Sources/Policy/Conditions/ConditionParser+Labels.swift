import Model

/// Labels: texts, that are equal or not, and nothing else.
extension ConditionParser {
    /// Whether `label(` stands here.
    var isAtLabel: Bool { current.kind == .name("label") && tokens[min(position + 1, tokens.count - 1)].kind == .open }

    /// `label(NAME) == "TEXT"`.
    mutating func labelComparison() throws(ConditionFault) -> Expression {
        let (name, place) = try label()
        let shown = written(place)
        guard case .comparison(let comparison) = current.kind else {
            throw ConditionFault(
                "type", "'\(shown)' is a text, and neither true nor false", place, hint: "write '\(shown) == \"…\"'")
        }
        let operatorRange = take().range
        guard comparison == .equal || comparison == .unequal else {
            throw ConditionFault(
                "type", "texts are equal or not: there is no '\(comparison.rawValue)' of them", operatorRange, hint: "write '=='")
        }
        guard case .text(let value) = current.kind else {
            var hint: String?
            if case .name(let word) = current.kind { hint = "write '\"\(word)\"'" }
            if case .quantity(let quantity) = current.kind { hint = "write '\"\(quantity.text)\"'" }
            let fault = unexpected("a text in quotes")
            throw hint.map(fault.with(hint:)) ?? fault
        }
        let text = take()
        return Expression(
            kind: .label(LabelTest(name: name, value: value), isEqual: comparison == .equal, place),
            range: place.lowerBound..<text.range.upperBound)
    }

    /// The name in `label(NAME)`, and where all of that stands. A name that is more than letters, digits, dots and lines stands in quotes.
    mutating func label() throws(ConditionFault) -> (name: String, place: Range<Int>) {
        let first = take().range.lowerBound
        _ = take(.open)
        let start = current.range.lowerBound
        let name: String
        if case .text(let quoted) = current.kind {
            name = quoted
            _ = take()
        } else {
            // `cost-center` is three words to the lexer.
            var end = start
            while current.kind != .close, current.kind != .end, current.range.lowerBound == end { end = take().range.upperBound }
            name = written(start..<end)
            guard !name.isEmpty else { throw unexpected("a label's name").with(hint: "write 'label(tier)'") }
            guard name.utf8.allSatisfy(ConditionParser.isOfName) else {
                throw ConditionFault(
                    "syntax", "no name of a label stands here", start..<end, hint: "write 'label(tier)', or 'label(\"the tier\")'")
            }
        }
        let end = current.range.upperBound
        guard take(.close) else { throw unexpected("')'") }
        return (name, first..<end)
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case 45, 46, 47, 48...57, 65...90, 95, 97...122: true
        default: false
        }
    }

    /// A text where there is none to be compared with: a fault with what was probably meant.
    func strayText(_ text: String, _ place: Range<Int>) -> ConditionFault {
        var hint = ConditionHints.clock(text.lowercased()) ?? "names stand without quotes"
        if position >= 2, case .comparison(let comparison) = tokens[position - 1].kind, case .name(let name) = tokens[position - 2].kind,
            Signal(name: name) == nil
        {
            let label = name.split(separator: ".").last.map(String.init) ?? name
            hint = "labels are asked for by name: write 'label(\(label)) \(comparison.rawValue) \"\(text)\"'"
        }
        return ConditionFault(
            "syntax", "'\(written(place.lowerBound..<place.lowerBound + 1))' has no meaning here", place.lowerBound..<place.lowerBound + 1,
            hint: hint)
    }
}
