/// Text from outside made safe to show to people: nothing invisible, nothing that reorders, nothing endless.
public enum Shown {
    /// An id, whole where it is of sane length: at most 120 scalars. `(empty)` when there is nothing.
    public static func id(_ text: String) -> String { clean(text, limit: 120, showBlanks: true) }

    /// A line of prose: at most 400 scalars.
    public static func line(_ text: String) -> String { clean(text, limit: 400, showBlanks: false) }

    /// A few sentences: at most 500 scalars.
    public static func prose(_ text: String) -> String { clean(text, limit: 500, showBlanks: false) }

    /// A condition or a command, to be read closely: at most 2,000 scalars.
    public static func code(_ text: String) -> String { clean(text, limit: 2_000, showBlanks: false) }

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
    /// `\u{XX}`. With `showBlanks` also blanks at either end and doubled ones, which two ids may differ in.
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
            if isInvisible(scalar) || isHiddenBlank || marks > markLimit || (isMark && out.isEmpty) {
                out += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: true
        default: false
        }
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value == 0x2800 { return true }  // Braille without a dot.
        if scalar.properties.isDefaultIgnorableCodePoint { return true }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        case .spaceSeparator: scalar != " "
        default: false
        }
    }
}
