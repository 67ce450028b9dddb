/// What a part is made of, for whoever lays it out: the few shapes of Markdown that playbooks use.
public enum PlaybookBlock: Hashable, Sendable {
    /// Lines joined by blanks.
    case paragraph(String)
    /// One item of a list, with the mark before it: `-` or `1.`
    case item(mark: String, text: String)
    /// Lines to be copied as they are.
    case code([String])

    /// A piece of a line.
    public enum Span: Hashable, Sendable {
        case words(String)
        case strong(String)
        /// Between backticks.
        case code(String)
    }

    /// The blocks of a part's text, in order.
    public static func blocks(_ text: String) -> [PlaybookBlock] {
        var blocks: [PlaybookBlock] = []
        var code: [String]?
        var isAfterBlank = true
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.hasPrefix("```") {
                if let lines = code {
                    blocks.append(.code(lines))
                    code = nil
                } else {
                    code = []
                }
                isAfterBlank = true
            } else if code != nil {
                code?.append(line)
            } else if line.utf8.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) {
                isAfterBlank = true
            } else {
                append(line, to: &blocks, startsNew: isAfterBlank)
                isAfterBlank = false
            }
        }
        return blocks
    }

    private static func append(_ line: String, to blocks: inout [PlaybookBlock], startsNew: Bool) {
        let words = String(line.drop { $0 == " " })
        if let mark = mark(words), line.first != " " {
            blocks.append(.item(mark: mark, text: String(words.dropFirst(mark.count + 1))))
            return
        }
        switch startsNew ? nil : blocks.last {
        case .paragraph(let text): blocks[blocks.count - 1] = .paragraph(text + " " + words)
        case .item(let mark, let text): blocks[blocks.count - 1] = .item(mark: mark, text: text + " " + words)
        case .code, nil: blocks.append(.paragraph(words))
        }
    }

    /// `-` or `12.` before a blank.
    private static func mark(_ line: String) -> String? {
        if line.hasPrefix("- ") { return "-" }
        let digits = line.prefix { $0.isASCII && $0.isNumber }
        return !digits.isEmpty && digits.count <= 3 && line.dropFirst(digits.count).hasPrefix(". ") ? digits + "." : nil
    }

    /// A line taken apart at backticks and double asterisks. A mark without its partner is a word like any other.
    public static func spans(_ text: String) -> [Span] {
        var spans: [Span] = []
        var words = ""
        var rest = Substring(text)
        func flush() {
            if !words.isEmpty { spans.append(.words(words)) }
            words = ""
        }
        while let character = rest.first {
            if let (inner, after) = enclosed(rest, by: "`") {
                flush()
                spans.append(.code(inner))
                rest = after
            } else if let (inner, after) = enclosed(rest, by: "**") {
                flush()
                spans.append(.strong(inner))
                rest = after
            } else {
                words.append(character)
                rest = rest.dropFirst()
            }
        }
        flush()
        return spans
    }

    private static func enclosed(_ text: Substring, by mark: String) -> (inner: String, after: Substring)? {
        guard text.hasPrefix(mark) else { return nil }
        let inside = text.dropFirst(mark.count)
        var end = inside.startIndex
        while end < inside.endIndex, !inside[end...].hasPrefix(mark) { end = inside.index(after: end) }
        guard end < inside.endIndex, end > inside.startIndex else { return nil }
        return (String(inside[..<end]), inside[end...].dropFirst(mark.count))
    }
}
