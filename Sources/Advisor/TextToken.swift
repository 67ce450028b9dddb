import Model

/// A piece of a text: a word, a name, a figure or a mark. Blanks separate and are left out.
enum TextToken: Hashable, Sendable {
    /// Letters only.
    case word(String)
    /// Letters with digits, dots or underscores among them: `app_1`, `p95`, `active_runs.share`.
    case name(String)
    case figure(Figure)
    /// Anything else, one character.
    case mark(Character)

    /// Digits as they stand in a text.
    struct Figure: Hashable, Sendable {
        let text: String
        /// Nil where it is not one number: `1.2.3`, `12:30`, `0x1f`.
        let value: Double?
        /// One unit of the last digit that counts.
        let step: Double
        /// Letters that hang on it: `ms`, `k`, `x`.
        let suffix: String
        /// Of several units in a row, `1h30m`.
        let seconds: Length?

        struct Length: Hashable, Sendable {
            let value: Double
            let step: Double
        }
    }

    var text: String {
        switch self {
        case .word(let text), .name(let text): text
        case .figure(let figure): figure.text
        case .mark(let mark): String(mark)
        }
    }

    static func split(_ text: String) -> [TextToken] {
        var tokens: [TextToken] = []
        var rest = Array(text.unicodeScalars)[...]
        while let first = rest.first {
            if isLetter(first) || first == "_" {
                let part = rest.prefix { isLetter($0) || isDigit($0) || $0 == "_" || $0 == "." || $0 == "'" || $0 == "’" }
                let word = trimmed(part)
                rest = rest.dropFirst(word.count)
                tokens.append(token(word))
            } else if isDigit(first) {
                let (figure, count) = Self.figure(rest)
                rest = rest.dropFirst(count)
                tokens.append(figure)
            } else {
                if !isBlank(first) { tokens.append(.mark(Character(first))) }
                rest = rest.dropFirst()
            }
        }
        return tokens
    }

    /// A word without the full stop that ends its sentence, and without an apostrophe and what follows: `app_1's`.
    private static func trimmed(_ part: ArraySlice<Unicode.Scalar>) -> ArraySlice<Unicode.Scalar> {
        var word = part.prefix { $0 != "'" && $0 != "’" }
        while word.last == "." { word = word.dropLast() }
        return word.isEmpty ? part.prefix(1) : word
    }

    private static func token(_ word: ArraySlice<Unicode.Scalar>) -> TextToken {
        let text = String(String.UnicodeScalarView(word))
        return word.allSatisfy(isLetter) ? .word(text) : .name(text)
    }

    /// A figure with what hangs on it: thousands in groups, one decimal point, letters.
    private static func figure(_ text: ArraySlice<Unicode.Scalar>) -> (TextToken, Int) {
        // All that can belong to it; what is not one number then has no value.
        var end = text.startIndex
        while end < text.endIndex, isDigit(text[end]) || isLetter(text[end]) || text[end] == "_" || joins(text, end) {
            end += 1
        }
        let whole = text[text.startIndex..<end]
        let written = String(String.UnicodeScalarView(whole))
        let digits = whole.prefix { isDigit($0) || $0 == "." || $0 == "," }
        let suffix = whole.dropFirst(digits.count)
        let count = whole.count
        if suffix.contains(where: { !isLetter($0) }) {
            // Several units, or something that is no number.
            let length = TimeSpan(written).map { Figure.Length(value: $0.seconds, step: 1) }
            if length == nil, whole.contains("_") { return (.name(written), count) }
            return (.figure(Figure(text: written, value: nil, step: 0, suffix: "", seconds: length)), count)
        }
        let number = Self.number(digits)
        return (
            .figure(
                Figure(
                    text: written, value: number?.value, step: number?.step ?? 0,
                    suffix: String(String.UnicodeScalarView(suffix)), seconds: nil)), count
        )
    }

    /// A point, comma or colon between digits belongs to the figure.
    private static func joins(_ text: ArraySlice<Unicode.Scalar>, _ place: Int) -> Bool {
        guard text[place] == "." || text[place] == "," || text[place] == ":", place > text.startIndex else { return false }
        return isDigit(text[place - 1]) && place + 1 < text.endIndex && isDigit(text[place + 1])
    }

    private static func number(_ digits: ArraySlice<Unicode.Scalar>) -> (value: Double, step: Double)? {
        let text = String(String.UnicodeScalarView(digits))
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first, !(parts.count == 2 && parts[1].contains("," as Character)) else {
            return nil
        }
        let groups = whole.split(separator: ",", omittingEmptySubsequences: false)
        guard groups.count == 1 || (1...3).contains(groups[0].count) && groups.dropFirst().allSatisfy({ $0.count == 3 })
        else { return nil }
        let plain = groups.joined() + (parts.count == 2 ? "." + parts[1] : "")
        guard plain.utf8.count <= 18, let value = Double(plain) else { return nil }
        if parts.count == 2 { return (value, parts[1].reduce(1.0) { step, _ in step / 10 }) }
        // 48000 for 48210: the zeros say that it was rounded, as long as two digits count.
        var step = 1.0
        var rest = groups.joined()[...]
        while rest.count > 2, rest.last == "0" {
            rest.removeLast()
            step *= 10
        }
        return (value, step)
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("À"..."ÿ").contains(scalar) || scalar == "µ"
    }
    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\u{A0}" || scalar.value < 0x20 }
}
