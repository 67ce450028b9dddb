import Model
import YAML

/// `metric("http_requests_total", code=~"5*").rate` as a condition names it; the window behind it is the parser's.
struct MetricCall: Hashable, Sendable {
    let query: MetricQuery
    let ofRuntime: Bool
}

/// One word of a condition that has an inside: no operator and no quote in it means what it means elsewhere.
extension ConditionLexer {
    /// More labels than anybody asks for.
    private static var mostMatchers: Int { 16 }

    /// Behind `metric`: from its parenthesis to what is made of the series.
    mutating func metric(ofRuntime: Bool, from start: Int) throws(ConditionFault) -> Token.Kind {
        skipBlanks()
        index += 1
        skipBlanks()
        let family = try family()
        var matchers: [MetricQuery.Matcher] = []
        while true {
            skipBlanks()
            let place = index
            switch current {
            case UInt8(ascii: ")"):
                index += 1
                let reading = try reading(family, matchers, start)
                return .metric(MetricCall(query: MetricQuery(family, matchers, reading), ofRuntime: ofRuntime))
            case UInt8(ascii: ","):
                index += 1
                skipBlanks()
                matchers.append(try matcher())
                guard matchers.count <= ConditionLexer.mostMatchers else {
                    throw ConditionFault("syntax", "more than \(ConditionLexer.mostMatchers) labels", place..<index)
                }
            case nil:
                throw ConditionFault("syntax", "the condition ends where ')' should stand", max(0, place - 1)..<place)
            case UInt8(ascii: "{"):
                throw ConditionFault(
                    "syntax", "labels do not stand in braces here", place..<place + 1, hint: "write 'metric(\"\(family)\", code=\"500\")'")
            default:
                throw ConditionFault("syntax", "labels are parted by commas and end with ')'", place..<place + 1)
            }
        }
    }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipBlanks() {
        while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { index += 1 }
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// What stands here up to something that ends a name, for hints.
    private func bareWord() -> Range<Int> {
        index..<(bytes[index...].firstIndex { !ConditionLexer.isOfName($0) && $0 != UInt8(ascii: ":") } ?? bytes.count)
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case 46, 48...57, 65...90, 95, 97...122: true
        default: false
        }
    }

    private mutating func quotedText(_ what: String, hint: String?) throws(ConditionFault) -> String {
        guard current == 34 || current == 39 else {
            let word = bareWord()
            throw ConditionFault("syntax", "\(what) stands in quotes", word.isEmpty ? index..<index + 1 : word, hint: hint)
        }
        guard case .text(let text) = try quoted() else { return "" }
        return text
    }

    private mutating func family() throws(ConditionFault) -> String {
        let start = index
        let word = text(bareWord())
        let name = try quotedText(
            "the name of a metric", hint: word.isEmpty ? "write 'metric(\"http_requests_total\")'" : "write 'metric(\"\(word)\")'")
        guard !name.isEmpty, name.utf8.count <= 256 else {
            throw ConditionFault("syntax", "no name of a metric", start..<index, hint: "such as metric(\"http_requests_total\")")
        }
        if let brace = name.utf8.firstIndex(of: UInt8(ascii: "{")) {
            throw ConditionFault(
                "syntax", "labels stand behind the name, not in it", start..<index,
                hint: "write 'metric(\"\(name[..<brace])\", code=\"500\")'")
        }
        return name
    }

    /// `code="500"`, with `!=`, and with `=~` and `!~` for globs.
    private mutating func matcher() throws(ConditionFault) -> MetricQuery.Matcher {
        let name = bareWord()
        guard !name.isEmpty, !(48...57).contains(bytes[name.lowerBound]) else {
            throw ConditionFault("syntax", "no name of a label", index..<index + 1, hint: "such as code=\"500\"")
        }
        let label = text(name)
        index = name.upperBound
        skipBlanks()
        let place = index
        if let end = ["!=~", "=!~", "!~="].first(where: { bytes[index...].starts(with: $0.utf8) })?.utf8.count {
            throw ConditionFault(
                "syntax", "a pattern that must not fit stands behind '!~'", place..<place + end, hint: "write '\(label)!~\"…\"'")
        }
        let operation: String? = ["=~", "!~", "!=", "==", "="].first { bytes[index...].starts(with: $0.utf8) }
        guard let operation, operation != "==" else {
            throw ConditionFault(
                "syntax", "a label is compared with '=', '!=', '=~' or '!~'", place..<min(bytes.count, place + 2),
                hint: "write '\(label)=\"…\"'")
        }
        index += operation.utf8.count
        skipBlanks()
        let start = index
        let word = text(bareWord())
        let value = try quotedText(
            "a label's value", hint: word.isEmpty ? "such as \(label)\(operation)\"500\"" : "write '\(label)\(operation)\"\(word)\"'")
        let isGlob = operation.hasSuffix("~")
        if isGlob, let hint = ConditionLexer.globHint(value) {
            throw ConditionFault("syntax", "this is a pattern of another kind", start..<index, hint: hint)
        }
        return MetricQuery.Matcher(label: label, value: value, isNegated: operation.hasPrefix("!"), isGlob: isGlob)
    }

    /// Regular expressions are something else; nobody who writes one means its signs.
    private static func globHint(_ value: String) -> String? {
        let signs = [".*", ".+", "|", "^", "$", "\\", "["]
        guard signs.contains(where: { value.contains(bytesOf: $0) }) else { return nil }
        return "'*' stands for any text and '?' for one character: such as \"5*\" or \"5??\"; two values are two conditions"
    }

    /// `.rate` behind the parenthesis; nothing: the value.
    private mutating func reading(
        _ family: String, _ matchers: [MetricQuery.Matcher], _ start: Int
    ) throws(ConditionFault) -> MetricQuery.Reading {
        let selector = MetricQuery(family, matchers).selector
        if current == UInt8(ascii: "["), let end = bytes[index...].firstIndex(of: UInt8(ascii: "]")), end + 1 < bytes.count,
            bytes[end + 1] == UInt8(ascii: ".")
        {
            let word = bytes[(end + 2)...].prefix { ConditionLexer.isOfName($0) }
            throw ConditionFault(
                "syntax", "the window stands at the end", index..<end + 1,
                hint: "write '\(selector).\(String(decoding: word, as: UTF8.self))\(text(index..<end + 1))'")
        }
        guard current == UInt8(ascii: ".") else { return .value }
        index += 1
        let word = bareWord()
        index = word.upperBound
        guard let reading = MetricQuery.Reading(word: text(word)) else {
            throw ConditionFault(
                "unknown-function", "no '.\(text(word))' of a metric", word.isEmpty ? word.lowerBound - 1..<word.upperBound : word,
                hint: MetricHints.reading(text(word), of: selector))
        }
        return reading
    }
}

/// What was probably meant.
enum MetricHints {
    static let readings = ["rate", "increase", "sum", "max", "min", "p50", "p95", "p99"]

    static func reading(_ word: String, of selector: String) -> String {
        switch word.lowercased() {
        case "irate", "per_second", "persecond": return "write '\(selector).rate[5m]'"
        case "delta", "growth", "count": return "write '\(selector).increase[5m]'"
        case "median", "quantile", "percentile", "histogram_quantile": return "write '\(selector).p95[5m]'"
        case "p100": return "a quantile is between p1 and p99"
        case "avg", "mean", "average":
            return "a mean is a sum by a count: 'metric(\"…_sum\").rate[5m] / metric(\"…_count\").rate[5m]'"
        default:
            return Nearest.name(to: word, among: readings).map { "did you mean '.\($0)'?" }
                ?? "there are: " + readings.map { "." + $0 }.joined(separator: ", ")
        }
    }

    /// A function that was called with a metric.
    static func function(_ name: String, _ query: MetricQuery, window: String) -> String {
        let window = window.isEmpty ? "[5m]" : window
        switch name.lowercased() {
        case "rate", "irate": return "write '\(query.selector).rate\(window)'"
        case "increase", "delta", "rise": return "write '\(query.selector).increase\(window)'"
        case "sum", "max", "min": return "write '\(query.selector).\(name.lowercased())'"
        case "histogram_quantile", "quantile", "p95": return "write '\(query.selector).p95\(window)'"
        case "absent", "isnull", "exists": return "write 'missing(\(query))'"
        default: return "history keeps no metrics: compare what it is now, and let 'for:' say how long"
        }
    }
}
