import Model
import YAML

/// One word of a condition with its place.
struct Token: Sendable {
    enum Kind: Hashable, Sendable {
        case quantity(Quantity)
        /// A name, dots included: `active_runs.share`, `avg`, `runtime.active_runs`.
        case name(String)
        /// Without the `$`.
        case threshold(String)
        /// What stands in quotes.
        case text(String)
        /// `metric("family", label="value").rate`, all of it.
        case metric(MetricCall)
        case and, or, not
        case comparison(Expression.Comparison)
        case plus, minus, times, over
        case open, close, openBracket, closeBracket, comma
        case end
    }

    let kind: Kind
    let range: Range<Int>
}

/// Splits a condition into words. ASCII; white space separates.
struct ConditionLexer {
    let bytes: [UInt8]
    var index = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// All words, an `end` last.
    static func tokens(_ text: String) throws(ConditionFault) -> [Token] {
        var lexer = ConditionLexer(text)
        var tokens: [Token] = []
        while true {
            let token = try lexer.next()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    private mutating func next() throws(ConditionFault) -> Token {
        while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
        let start = index
        guard index < bytes.count else { return Token(kind: .end, range: start..<start) }
        let kind: Token.Kind
        switch bytes[index] {
        case 48...57, 46: kind = try quantity()
        case 65...90, 95, 97...122: kind = try word()
        case 36: kind = try threshold()
        case 34, 39: kind = try quoted()
        default: kind = try symbol()
        }
        return Token(kind: kind, range: start..<index)
    }

    private mutating func quantity() throws(ConditionFault) -> Token.Kind {
        var scanner = QuantityScanner(bytes, at: index)
        switch scanner.scan() {
        case .success(let quantity):
            let figures = bytes[index...].prefix { (48...57).contains($0) || $0 == 46 }
            if let (number, length) = QuantitySpelling.dotted(String(decoding: figures, as: UTF8.self)) {
                throw ConditionFault(
                    "syntax", "not a number", index..<index + length, hint: "a dot is a decimal point: write '\(number)'",
                    fix: ConditionFault.Fix(range: index..<index + length, text: number))
            }
            if let fault = spaced(quantity, start: index, end: scanner.index) { throw fault }
            if let fault = strange(quantity, start: index, end: scanner.index) { throw fault }
            // Of ASCII only the dollar is one.
            if scanner.index < bytes.count, bytes[scanner.index] >= 0x80,
                String(decoding: bytes[scanner.index...], as: UTF8.self).unicodeScalars.first?.properties.generalCategory
                    == .currencySymbol
            {
                throw foreignMoney(quantity, index..<scanner.index, sign: scanner.index)
            }
            index = scanner.index
            return .quantity(quantity)
        case .failure(.notANumber):
            throw ConditionFault(
                "syntax", "not a number", index..<index + 1, hint: "write a digit before the point: 0.5")
        case .failure(.unknownUnit(let unit)):
            let end = scanner.index
            let rest = String(decoding: bytes[index...], as: UTF8.self)
            // `missing(tokens, error(5xx))`
            let isStatus = unit.lowercased() == "xx" && end - index == 3 && bytes[..<index].suffix(6).elementsEqual("error(".utf8)
            throw ConditionFault(
                "unknown-unit", "no unit '\(unit)'", end - unit.utf8.count..<end,
                hint: isStatus
                    ? "one status is asked for: write 'error(\(bytes[index] - 48)00)', or 'error' for any of them"
                    : QuantitySpelling.hint(rest) ?? Nearest.hint(to: unit, among: Quantity.knownUnits) ?? "units: "
                        + Quantity.knownUnits.joined(separator: " "),
                fix: isStatus ? nil : fix(rest, at: index))
        }
    }

    /// `50 USD/day` and the like: a number that a unit follows which nobody knows.
    private func strange(_ quantity: Quantity, start: Int, end: Int) -> ConditionFault? {
        guard quantity.unit == .dollars || quantity.unit == .number, end < bytes.count else { return nil }
        let rest = String(decoding: bytes[start...], as: UTF8.self)
        guard let length = QuantitySpelling.length(rest), length > end - start, let hint = QuantitySpelling.hint(rest) else { return nil }
        return ConditionFault("unknown-unit", "no unit is spelled so", start..<start + length, hint: hint, fix: fix(rest, at: start))
    }

    /// What a hint on a quantity says to write.
    private func fix(_ rest: String, at start: Int) -> ConditionFault.Fix? {
        guard let length = QuantitySpelling.length(rest), let hint = QuantitySpelling.hint(rest) else { return nil }
        let quoted = hint.split(separator: "'")
        return quoted.count < 2 ? nil : ConditionFault.Fix(range: start..<start + length, text: String(quoted[1]))
    }

    /// `20 %` and `5 €/h`: a sign one blank behind its number.
    private func spaced(_ quantity: Quantity, start: Int, end: Int) -> ConditionFault? {
        guard quantity.unit == .number, let sign = bytes[end...].firstIndex(where: { $0 != 0x20 }), sign > end else { return nil }
        if bytes[sign] == 37 {
            let text = quantity.text + "%"
            return ConditionFault(
                "syntax", "a '%' that stands alone", sign..<sign + 1, hint: "write it right behind the number: \(text)",
                fix: ConditionFault.Fix(range: start..<sign + 1, text: text))
        }
        let rest = String(decoding: bytes[sign...], as: UTF8.self)
        guard rest.unicodeScalars.first.map({ $0.properties.generalCategory == .currencySymbol && $0 != "$" }) == true else { return nil }
        return foreignMoney(quantity, start..<end, sign: sign)
    }

    /// `5€`, `5 €/h`: of a spend, or of what is no money at all.
    private func foreignMoney(_ quantity: Quantity, _ range: Range<Int>, sign: Int) -> ConditionFault {
        var end = sign + 1
        while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
        if end < bytes.count, bytes[end] == 47 {
            end += 1
            while end < bytes.count, (97...122).contains(bytes[end]) { end += 1 }
        }
        let text = quantity.text + " USD/h"
        return ConditionFault(
            "unknown-unit", "no unit is spelled so", range, hint: "money is in USD: write '\(text)'",
            fix: ConditionFault.Fix(range: range.lowerBound..<end, text: text))
    }

    /// `"enterprise"`: without escapes, on one line.
    mutating func quoted() throws(ConditionFault) -> Token.Kind {
        let start = index
        let inner = bytes[(start + 1)...].prefix { $0 != bytes[start] && $0 != 0x0A }
        guard inner.endIndex < bytes.count, bytes[inner.endIndex] == bytes[start] else {
            throw ConditionFault("syntax", "a text that does not end", start..<start + 1, hint: "close it with a quote like this one")
        }
        index = inner.endIndex + 1
        return .text(String(decoding: inner, as: UTF8.self))
    }

    private mutating func name() -> String {
        let start = index
        while index < bytes.count {
            switch bytes[index] {
            case 46, 48...57, 65...90, 95, 97...122: index += 1
            default: return String(decoding: bytes[start..<index], as: UTF8.self)
            }
        }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func word() throws(ConditionFault) -> Token.Kind {
        let start = index
        let word = name()
        switch word {
        case "and": return .and
        case "or": return .or
        case "not": return .not
        case "AND", "OR", "NOT", "And", "Or", "Not":
            throw ConditionFault("syntax", "no operator '\(word)'", start..<index, hint: "write '\(word.lowercased())'")
        case "metric" where rest.first == 40: return try metric(ofRuntime: false, from: start)
        case "runtime.metric" where rest.first == 40: return try metric(ofRuntime: true, from: start)
        case _ where rest.first == 40 && ["metric", "metrics", "runtime.metric", "runtime.metrics"].contains(word.lowercased()):
            let meant = word.lowercased().hasPrefix("runtime.") ? "runtime.metric" : "metric"
            throw ConditionFault(
                "unknown-function", "no function '\(word)'", start..<index, hint: "did you mean '\(meant)(\"…\")'?",
                fix: ConditionFault.Fix(range: start..<index, text: meant))
        default: return .name(word)
        }
    }

    /// What follows, behind white space.
    private var rest: ArraySlice<UInt8> { bytes[index...].drop { $0 == 0x20 } }

    private mutating func threshold() throws(ConditionFault) -> Token.Kind {
        let start = index
        // `$5/h`: nobody's threshold, since names begin with a letter.
        if index + 1 < bytes.count, (48...57).contains(bytes[index + 1]) || bytes[index + 1] == 46 {
            let rest = String(decoding: bytes[start...], as: UTF8.self)
            throw ConditionFault(
                "unknown-unit", "money is written with its unit behind it", start..<start + (QuantitySpelling.length(rest) ?? 1),
                hint: QuantitySpelling.hint(rest) ?? "write '5 USD/h'", fix: fix(rest, at: start))
        }
        index += 1
        let word = name()
        guard !word.isEmpty else {
            let inner = bytes[index...].first == 123 ? bytes[(index + 1)...].prefix { $0 != 125 } : []
            throw ConditionFault(
                "syntax", "a threshold's name must follow '$'", start..<start + 1,
                hint: inner.isEmpty ? nil : "write '$\(String(decoding: inner, as: UTF8.self))'")
        }
        return .threshold(word)
    }

    /// What is a word by itself, whatever follows.
    private func single(_ byte: UInt8) -> Token.Kind? {
        switch byte {
        case 43: .plus
        case 45: .minus
        case 42: .times
        case 47: .over
        case 40: .open
        case 41: .close
        case 91: .openBracket
        case 93: .closeBracket
        case 44: .comma
        default: nil
        }
    }

    /// What people write from other languages, and what it is here. Nothing that is a word by itself begins one.
    private static let foreign: [(written: String, instead: String)] = [
        ("&&", "and"), ("||", "or"), ("<>", "!="), ("=>", ">="), ("=<", "<="), ("===", "=="), ("!", "not"), ("=", "=="),
        ("&", "and"), ("|", "or"), ("≥", ">="), ("≤", "<="), ("≠", "!="), ("×", "*"), ("÷", "/"),
    ]

    private mutating func symbol() throws(ConditionFault) -> Token.Kind {
        if let kind = single(bytes[index]) {
            index += 1
            return kind
        }
        func follows(_ text: String) -> Bool { bytes[index...].starts(with: text.utf8) }
        let start = index
        for foreign in ConditionLexer.foreign where follows(foreign.written) {
            if foreign.written == "=" && follows("==") && !follows("===") { continue }
            if foreign.written == "!" && follows("!=") { continue }
            throw ConditionFault(
                "syntax", "no operator '\(foreign.written)'", start..<start + foreign.written.utf8.count,
                hint: "write '\(foreign.instead)'")
        }
        for comparison in [Expression.Comparison.atLeast, .atMost, .equal, .unequal, .above, .below]
        where follows(comparison.rawValue) {
            index += comparison.rawValue.utf8.count
            return .comparison(comparison)
        }
        index += 1
        switch bytes[start] {
        case 37:
            throw ConditionFault(
                "syntax", "a '%' that stands alone", start..<index, hint: "a percentage is a number with its sign, such as 40%")
        default:
            // The whole character, so that the underline fits.
            while index < bytes.count, bytes[index] & 0xC0 == 0x80 { index += 1 }
            let character = String(decoding: bytes[start..<index], as: UTF8.self)
            let hint: String? =
                switch character {
                case "{":
                    "there are no selectors: a rule on apps is judged for each app; what differs for one stands in ops_policy.<app_id>.yaml"
                case ":": "an hour is a whole number: 'hour() >= 22 or hour() < 6'"
                case ";": "write 'and' or 'or'"
                case "@": "a threshold is written '$name'"
                case "#": "a comment stands outside of the condition"
                default: nil
                }
            throw ConditionFault("syntax", "'\(character)' has no meaning here", start..<index, hint: hint)
        }
    }
}
