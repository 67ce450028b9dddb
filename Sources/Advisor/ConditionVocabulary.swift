import Model

/// What of a condition's text may reach the model: signals, functions, figures and the names of thresholds. Anything else
/// (a label's value, a family of metrics, whatever a later version writes) is replaced, because it could be a tenant's.
enum ConditionVocabulary {
    private static let signals = Set(Signal.table.map(\.name))
    private static let words: Set<String> = Set(
        [
            "and", "or", "not", "missing", "is", "are", "known", "while", "runtime", "avg", "min", "max", "baseline", "rise", "infinite",
            "true", "false",
            "s", "ms", "m", "h", "d", "USD", "B", "kB", "MB", "GB", "count", "sum", "label", "hour", "weekday", "at", "least", "offset",
            "today", "this_month", "predict", "quantile", "median",
            "to", "UTC",
            "metric", ".rate", ".increase", ".sum", ".max", ".min", ".p50", ".p90", ".p95", ".p99",
        ] + MissingReason.names + LocalHour.dayNames)
    private static let symbols = Set(" ()<>=!+-*/%[]:,".utf8)
    private static let longest = 1_000

    /// The text with every word outside the vocabulary replaced, at most a thousand bytes of it.
    static func cleaned(_ text: String, _ pseudonyms: Pseudonyms) -> String {
        var out = ""
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.first, out.utf8.count < longest {
            if isWordByte(byte) {
                let token = bytes.prefix(while: isWordByte)
                bytes = bytes.dropFirst(token.count)
                out += allowed(String(decoding: token, as: UTF8.self), pseudonyms)
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                bytes = bytes.dropFirst().drop { $0 != byte }.dropFirst()
                out += "label"
            } else {
                if symbols.contains(byte) { out.unicodeScalars.append(Unicode.Scalar(byte)) }
                bytes = bytes.dropFirst()
            }
        }
        return out
    }

    /// A series as evidence names it, such as `error_rate[5m]`; `series` for one outside the vocabulary.
    static func series(_ text: String, _ pseudonyms: Pseudonyms) -> String { cleaned(text, pseudonyms) }

    /// What the series is about, in the program's own words; nil for one that is none of its own.
    static func meaning(_ series: String) -> String? {
        let tokens = series.utf8.split { !isWordByte($0) }.map { String($0) ?? "" }
        for token in tokens {
            if let signal = Signal(name: Signal.withoutScope(token)) { return signal.info.summary }
        }
        return nil
    }

    private static func allowed(_ token: String, _ pseudonyms: Pseudonyms) -> String {
        guard let first = token.utf8.first else { return "" }
        if (48...57).contains(first) { return isFigure(token) ? token : "value" }
        if first == UInt8(ascii: "$") {
            let isName = token.utf8.count <= 41 && token.utf8.dropFirst().allSatisfy { $0 != 36 && $0 != 46 }
            let scrubbed = pseudonyms.scrubbed(String(token.dropFirst()))
            return isName ? "$" + scrubbed : "$threshold"
        }
        return words.contains(token) || signals.contains(Signal.withoutScope(token)) ? token : "series"
    }

    /// Digits with a point or several units behind them: `40`, `1.5s`, `1h30m`.
    private static func isFigure(_ token: String) -> Bool {
        token.utf8.count <= 24 && TimeSpan(token) != nil || Double(token) != nil || isFigureWithUnit(token)
    }

    private static func isFigureWithUnit(_ token: String) -> Bool {
        let unit = token.utf8.drop { (48...57).contains($0) || $0 == 46 }
        return words.contains(String(unit) ?? "")
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, 95, 46, 36: true
        default: false
        }
    }
}
