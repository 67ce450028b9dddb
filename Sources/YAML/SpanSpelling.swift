/// How people write lengths of time elsewhere: `30 sec`, `5 minutes`, `1 hour`, `90`.
public enum SpanSpelling {
    private static let words: [(names: [String], unit: String, factor: Double)] = [
        (["ms", "msec", "msecs", "milli", "millis", "millisecond", "milliseconds"], "ms", 1),
        (["s", "sec", "secs", "second", "seconds"], "s", 1), (["m", "min", "mins", "minute", "minutes"], "m", 1),
        (["h", "hr", "hrs", "hour", "hours"], "h", 1), (["d", "day", "days"], "d", 1), (["w", "wk", "week", "weeks"], "d", 7),
    ]

    /// The unit that a word means here, and by what its number is to be multiplied; nil for another word.
    public static func unit(_ word: String) -> (unit: String, factor: Double)? {
        let word = word.lowercased()
        return words.first { $0.names.contains(word) }.map { ($0.unit, $0.factor) }
    }

    private static let numbers = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    ]

    /// `five minutes`, `an hour`, `half an hour`: with its number in digits.
    private static func counted(_ text: String) -> String {
        var words = text.lowercased().split(separator: " ").map(String.init)
        if words.count > 2, words[0] == "half", words[1] == "a" || words[1] == "an" { words[0...1] = ["0.5"] }
        return words.enumerated().map { index, word in
            if let number = numbers.firstIndex(of: word) { return "\(number)" }
            guard word == "a" || word == "an" || word == "one", index + 1 < words.count else { return word }
            return "1"
        }.joined(separator: " ")
    }

    /// `PT5M`, `P1DT2H`, as ISO 8601 has them; nil for another text.
    private static func standard(_ text: String) -> String? {
        guard text.hasPrefix("P") || text.hasPrefix("p") else { return nil }
        let parts = text.dropFirst().lowercased().split(separator: "t", omittingEmptySubsequences: false)
        guard parts.count <= 2, let days = parts.first, !days.utf8.contains(UInt8(ascii: "m")) else { return nil }
        let spelled = String(days) + (parts.count > 1 ? String(parts[1]) : "")
        let isSpan = !spelled.isEmpty && spelled.utf8.allSatisfy { (48...57).contains($0) || [46, 100, 104, 109, 115, 119].contains($0) }
        return isSpan ? spelled : nil
    }

    /// `write '30s'`; nil where the text is no length of time in any spelling, and where it is spelled as it should be.
    public static func hint(_ text: String) -> String? {
        let hint = spelled(text)
        return hint == "write '\(text)'" ? nil : hint
    }

    /// Whether a text that no length of time could be made of is spelled as one: it is longer than any.
    public static func isTooLong(_ text: String) -> Bool { spelled(text) == "write '\(text)'" }

    private static func spelled(_ text: String) -> String? {
        guard text.utf8.count <= 64 else { return nil }
        var rest = Array((standard(text) ?? counted(text)).utf8)[...]
        func skipBlanks() { rest = rest.drop { $0 == 0x20 || $0 == 0x5F } }
        var out = ""
        var last = ""
        skipBlanks()
        while !rest.isEmpty {
            let digits = rest.prefix { (48...57).contains($0) || $0 == 46 }
            guard let number = Double(String(decoding: digits, as: UTF8.self)), number < 1e9 else { return nil }
            rest = rest.dropFirst(digits.count)
            skipBlanks()
            let word = rest.prefix { (65...90).contains($0) || (97...122).contains($0) }
            rest = rest.dropFirst(word.count)
            if word.isEmpty {
                guard rest.isEmpty else { return nil }
                // `2h30`: of the next smaller unit.
                if let next = ["d": "h", "h": "m", "m": "s"][last] { return "write '\(out)\(shown(number))\(next)'" }
                // A bare number: seconds, nearly everywhere.
                guard out.isEmpty else { return nil }
                return "write '\(shown(number))s', or '\(shown(number))m'"
            }
            guard let (unit, factor) = unit(String(decoding: word, as: UTF8.self)) else { return nil }
            out += shown(number * factor) + unit
            last = unit
            while let next = rest.first, [0x20, 0x2C].contains(next) { rest = rest.dropFirst() }
            if rest.starts(with: "and ".utf8) { rest = rest.dropFirst(4) }
        }
        return out.isEmpty ? nil : "write '\(out)'"
    }

    private static func shown(_ number: Double) -> String {
        number == number.rounded() ? "\(Int64(number))" : "\(number)"
    }
}
