/// Text from outside made safe to show to people: nothing invisible, nothing that reorders, nothing endless.
public enum Shown {
    /// An id, whole where it is of sane length: at most 120 scalars. `(empty)` when there is nothing.
    public static func id(_ text: String) -> String { clean(text, limit: 120, showBlanks: true) }

    /// A line of prose: at most 400 scalars.
    public static func line(_ text: String) -> String { clean(text, limit: 400, showBlanks: false) }

    /// What a person said of something, as one line of at most 400 scalars: line ends and other blanks become one blank.
    public static func comment(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(commentLimit * 4) {
            guard scalar.properties.isWhitespace else {
                line.append(scalar)
                continue
            }
            if let last = line.last, last != " " { line.append(" ") }
        }
        if line.last == " " { line.removeLast() }
        let shown = clean(String(line), limit: commentLimit, showBlanks: false)
        let isWhole = text.unicodeScalars.dropFirst(commentLimit * 4).isEmpty || shown.hasSuffix("…")
        return isWhole ? shown : shown + "…"
    }

    private static let commentLimit = 400

    /// A few sentences: at most 500 scalars.
    public static func prose(_ text: String) -> String { clean(text, limit: 500, showBlanks: false) }

    /// The line of a monitoring plugin: a bar would begin its performance data.
    public static func plugin(_ text: String) -> String {
        let line = code(text)
        return line.utf8.contains(UInt8(ascii: "|")) ? line.replacing(bytesOf: "|", with: "\\u{7c}") : line
    }

    /// A condition or a command, to be read closely: at most 2,000 scalars.
    public static func code(_ text: String) -> String { clean(text, limit: 2_000, showBlanks: false) }

    /// Text of several lines as a terminal may get it, whatever stands in it: only line ends and tabs are left, and with
    /// `styles` the colours that we print ourselves. For the last step before the screen, behind the other functions.
    public static func screen(_ text: String, styles: Bool = false) -> String { screen(text, styles: styles, lines: true) }

    /// The same for a cell of a table, which has no second line.
    public static func cell(_ text: String, styles: Bool = false) -> String { screen(text, styles: styles, lines: false) }

    /// A JSON document with everything invisible as `\uXXXX`: the same document, fit for a terminal.
    public static func json(_ document: String) -> String {
        guard !document.utf8.allSatisfy({ $0 < 0x7F }) else { return document }
        var out = ""
        for scalar in document.unicodeScalars {
            guard scalar.value >= 0x7F, isInvisible(scalar) else {
                out.unicodeScalars.append(scalar)
                continue
            }
            for unit in UTF16.encode(scalar) ?? .init() {
                out += Hex.escape(unit)
            }
        }
        return out
    }

    private static func screen(_ text: String, styles: Bool, lines: Bool) -> String {
        guard !text.utf8.allSatisfy({ ($0 >= 0x20 && $0 < 0x7F) || (lines && $0 == 0x0A) }) else { return text }
        var out = ""
        var rest = text.unicodeScalars[...]
        var isSymbol = false
        while let scalar = rest.first {
            if styles, scalar == "\u{1B}", let style = ownStyle(rest) {
                out.unicodeScalars.append(contentsOf: style)
                rest = rest.dropFirst(style.count)
                continue
            }
            rest = rest.dropFirst()
            // The mark that makes a symbol an emoji, in the words of whoever wrote a policy or a playbook.
            let isEmojiMark = scalar.value == 0xFE0F && isSymbol
            isSymbol = !scalar.isASCII && scalar.properties.generalCategory == .otherSymbol
            if (scalar == "\n" || scalar == "\t") && lines || isEmojiMark || !isInvisible(scalar) {
                out.unicodeScalars.append(scalar)
            } else {
                out += escaped(scalar)
            }
        }
        return out
    }

    /// `ESC [ digits m` at the beginning; nil for every other sequence.
    private static func ownStyle(_ text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView? {
        let digits = text.dropFirst(2).prefix(3).prefix { ("0"..."9").contains($0) }
        guard text.dropFirst().first == "[", !digits.isEmpty, text.dropFirst(2 + digits.count).first == "m" else { return nil }
        return text.prefix(3 + digits.count)
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String { "\\u{\(String(scalar.value, radix: 16))}" }

    /// At most `limit` scalars (at least 3); what is too long loses its middle, because ids differ at their ends.
    public static func shortened(_ text: String, _ limit: Int) -> String {
        let scalars = text.unicodeScalars
        guard scalars.count > limit else { return text }
        let tail = (limit - 1) / 3
        return String(scalars.prefix(limit - 1 - tail)) + "…" + String(scalars.suffix(tail))
    }

    /// Marks on one letter beyond these are not writing but an attempt to overflow into other lines.
    private static let markLimit = 3

    /// Control, formatting, bidirectional and unassigned characters, and everything that renders as nothing, become
    /// `\u{XX}`. With `showBlanks` also blanks at either end and doubled ones, letters that are put together of several
    /// scalars, and what would pass for such an escape itself: which two ids may differ in that look alike.
    private static func clean(_ text: String, limit: Int, showBlanks: Bool) -> String {
        guard !text.isEmpty else { return showBlanks ? "(empty)" : "" }
        let scalars = text.unicodeScalars
        var out = ""
        var marks = 0
        var count = 0
        var isAfterBlank = true
        var index = scalars.startIndex
        while index < scalars.endIndex {
            guard count < limit else { return out + "…" }
            count += 1
            let scalar = scalars[index]
            scalars.formIndex(after: &index)
            let isMark = isMark(scalar)
            marks = isMark ? marks + 1 : 0
            let isBlank = scalar == " "
            let isHiddenBlank = showBlanks && isBlank && (isAfterBlank || index == scalars.endIndex)
            isAfterBlank = isBlank
            if isInvisible(scalar) || isHiddenBlank || marks > markLimit || (isMark && out.isEmpty)
                || (showBlanks && (isDecomposed(scalar) || scalar == "\\" && scalars[index...].starts(with: "u{".unicodeScalars)))
            {
                out += escaped(scalar)
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// What stands for a part of a letter that has a scalar of its own, or for a letter that has another one: text that
    /// is composed (NFC) hardly ever holds it.
    private static func isDecomposed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x300...0x36F, 0x1160...0x11FF, 0x3099, 0x309A, 0x2126, 0x212A, 0x212B: true
        default: false
        }
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return false }
        return switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: true
        default: false
        }
    }

    /// Each scalar that is invisible as one other, and nothing longer: for lines under which a caret stands, for names that stay on
    /// their line, for words that are quoted.
    public static func masked(_ text: String, by mark: Unicode.Scalar = "\u{FFFD}") -> String {
        var out = ""
        for scalar in text.unicodeScalars { out.unicodeScalars.append(masked(scalar, by: mark)) }
        return out
    }

    /// The same for one scalar. The mark that makes a symbol an emoji stays.
    public static func masked(_ scalar: Unicode.Scalar, by mark: Unicode.Scalar = "\u{FFFD}") -> Unicode.Scalar {
        isInvisible(scalar) && scalar.value != 0xFE0F ? mark : scalar
    }

    /// Whether nobody sees it, or it acts on what stands around it.
    public static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        // Nearly everything that is ever shown, without a look into the tables of Unicode.
        if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
        if scalar.value == 0x2800 { return true }  // Braille without a dot.
        if scalar.properties.isDefaultIgnorableCodePoint { return true }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        case .spaceSeparator: scalar != " "
        default: false
        }
    }
}
