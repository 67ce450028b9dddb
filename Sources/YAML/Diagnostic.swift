import Text

/// One fault in a text that a person wrote, with its place, ready to be shown.
public struct Diagnostic: Hashable, Sendable {
    public enum Severity: String, Hashable, Sendable {
        case error, warning
    }

    public let severity: Severity
    /// Stable and machine-readable: `unknown-signal`, `unknown-key`, `unit-mismatch`.
    public let code: String
    public let message: String
    public let file: String
    /// From 1; 0: the whole of it, as with a flag or a file that cannot be read.
    public let line: Int
    /// From 1, in characters (Unicode scalars).
    public let column: Int
    /// How many characters of the line are underlined; at least 1.
    public let length: Int
    /// The line itself, without its break; nil where there is none to show (an unreadable file). Of a very long line only what
    /// stands around the place.
    public let sourceLine: String?
    /// How many characters of the line stand before `sourceLine`.
    let skipped: Int
    /// Whether `sourceLine` is a part of the line: what else stands on it, such as the name of a secret, is not known here.
    public let isPartOfLine: Bool
    /// What to do instead.
    public let hint: String?

    public init(
        _ code: String, _ message: String, file: String, line: Int = 1, column: Int = 1, length: Int = 1,
        sourceLine: String? = nil, hint: String? = nil, severity: Severity = .error
    ) {
        self.severity = severity
        self.code = code
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.length = max(1, length)
        self.sourceLine = sourceLine
        skipped = 0
        isPartOfLine = false
        self.hint = hint
    }

    /// With what a text shows of the line at the place.
    init(
        _ code: String, _ message: String, in source: SourceText, at mark: Mark, length: Int, hint: String?, severity: Severity
    ) {
        self.severity = severity
        self.code = code
        self.message = message
        file = source.file
        (line, column) = (mark.line, mark.column)
        self.length = max(1, length)
        let excerpt = source.excerpt(mark)
        sourceLine = excerpt?.text
        skipped = excerpt?.skipped ?? 0
        isPartOfLine = excerpt?.isPart ?? false
        self.hint = hint
    }
}

extension Diagnostic {
    /// Something at the same place, with as much of its line as this shows.
    public func saying(_ code: String, _ message: String, hint: String?, severity: Severity) -> Diagnostic {
        Diagnostic(
            code, message, file: file, line: line, column: column, length: length, sourceLine: isPartOfLine ? nil : sourceLine, hint: hint,
            severity: severity)
    }

    /// The same without the line, for lines that may show a secret.
    public var withoutSourceLine: Diagnostic {
        Diagnostic(
            code, message, file: file, line: line, column: column, length: length, sourceLine: nil, hint: hint,
            severity: severity)
    }
}

extension Diagnostic: CustomStringConvertible {
    /// `file:line:column: error[code]: message` (without line and column where there are none), the line, a caret below the place, and the hint; no newline at the end.
    public var description: String {
        let file = Printable.line(file)
        let place = line == 0 ? file : "\(file):\(line):\(column)"
        var text = "\(place): \(severity.rawValue)[\(code)]: \(Printable.line(message))"
        if let excerpt {
            text += "\n    " + excerpt.line + "\n    " + excerpt.underline
        }
        if let hint { text += "\nhint: " + Printable.line(hint) }
        return text
    }

    /// Most characters of a source line that are shown around the place.
    private static let excerptWidth = 160

    private var excerpt: (line: String, underline: String)? {
        guard let sourceLine, sourceLine.utf8.contains(where: { $0 != 0x20 && $0 != 0x09 }) else { return nil }
        let scalars = Array(sourceLine.unicodeScalars)
        let at = min(max(0, column - 1 - skipped), scalars.count)
        let start = scalars.count > Diagnostic.excerptWidth ? max(0, at - Diagnostic.excerptWidth / 2) : 0
        let end = min(scalars.count, start + Diagnostic.excerptWidth)
        let isCut = start > 0 || skipped > 0
        var line = isCut ? "…" : ""
        var underline = isCut ? " " : ""
        for index in start..<end {
            line.unicodeScalars.append(Printable.scalar(scalars[index]))
            // A tab below a tab keeps the caret in place whatever the terminal's tab width.
            if index < at { underline.unicodeScalars.append(scalars[index] == "\t" ? "\t" : " ") }
        }
        if end < scalars.count { line += "…" }
        let width = min(length, max(1, end - at))
        underline += "^" + String(repeating: "~", count: width - 1)
        return (line, underline)
    }
}

extension Diagnostic: Comparable {
    /// By file (bytes), line, column, code, message: the order of every listing.
    public static func < (a: Diagnostic, b: Diagnostic) -> Bool {
        if Array(a.file.utf8) != Array(b.file.utf8) { return a.file.precedes(b.file) }
        if a.line != b.line { return a.line < b.line }
        if a.column != b.column { return a.column < b.column }
        if a.code != b.code { return a.code.precedes(b.code) }
        return a.message.precedes(b.message)
    }
}

/// Text of strangers in a diagnostic: what nobody sees shows as U+FFFD, of the same width, so that the caret stays in place.
enum Printable {
    static func scalar(_ scalar: Unicode.Scalar) -> Unicode.Scalar { scalar == "\t" ? scalar : Shown.masked(scalar) }

    /// More than any message needs: a file's value may be a megabyte, and stands in what is said of it.
    private static let longest = 2_000

    static func line(_ text: String) -> String {
        var out = ""
        var count = 0
        for scalar in text.unicodeScalars {
            count += 1
            if count > longest { return out + "…" }
            out.unicodeScalars.append(Printable.scalar(scalar))
        }
        return out
    }
}
