/// A place in a text. Both from 1; columns count characters (Unicode scalars).
public struct Mark: Hashable, Sendable, Comparable {
    public let line: Int
    public let column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public static func < (a: Mark, b: Mark) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// The text of one file, by lines. Lines break where YAML breaks them: LF, CR, CR LF, NEL, LS and PS.
public struct SourceText: Sendable {
    /// As shown in diagnostics.
    public let file: String
    public let bytes: [UInt8]
    /// How many bytes the file has; beyond `longest` they are not kept, and the file is refused.
    let size: Int
    /// Where each line starts in `bytes`.
    private let starts: [Int]

    /// The largest file that is read.
    public static let longest = 1 << 20

    public init(file: String, bytes: [UInt8]) {
        // A byte order mark would shift the columns of the first line.
        let mark = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        size = bytes.count - mark
        let bytes =
            mark == 0 && size <= SourceText.longest ? bytes : Array(bytes.dropFirst(mark).prefix(SourceText.longest))
        self.file = file
        self.bytes = bytes
        var starts = [0]
        var index = 0
        while index < bytes.count {
            let length = SourceText.breakLength(bytes, index)
            index += max(1, length)
            if length > 0 { starts.append(index) }
        }
        self.starts = starts
    }

    /// Bytes of the line break at this index; 0 where there is none.
    private static func breakLength(_ bytes: [UInt8], _ index: Int) -> Int {
        func at(_ offset: Int) -> UInt8 { index + offset < bytes.count ? bytes[index + offset] : 0 }
        switch bytes[index] {
        case 0x0A: return 1
        case 0x0D: return at(1) == 0x0A ? 2 : 1
        case 0xC2: return at(1) == 0x85 ? 2 : 0
        case 0xE2: return at(1) == 0x80 && (at(2) == 0xA8 || at(2) == 0xA9) ? 3 : 0
        default: return 0
        }
    }

    /// The line without its break; nil beyond the end. Bytes that are not UTF-8 show as U+FFFD.
    public func line(_ number: Int) -> String? {
        guard number >= 1, number <= starts.count else { return nil }
        let start = starts[number - 1]
        var end = number < starts.count ? starts[number] : bytes.count
        while end > start, SourceText.isBreakByte(bytes, end - 1, from: start) { end -= 1 }
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }

    private static func isBreakByte(_ bytes: [UInt8], _ index: Int, from start: Int) -> Bool {
        bytes[index] == 0x0A || bytes[index] == 0x0D
    }

    /// The byte at a mark; the end of the line for a column beyond it.
    func offset(_ mark: Mark) -> Int {
        guard mark.line >= 1, mark.line <= starts.count else { return bytes.count }
        var index = starts[mark.line - 1]
        let end = mark.line < starts.count ? starts[mark.line] : bytes.count
        var column = 1
        while column < mark.column, index < end {
            index += 1
            while index < end, bytes[index] & 0xC0 == 0x80 { index += 1 }
            column += 1
        }
        return index
    }

    /// The mark of a byte.
    func mark(_ offset: Int) -> Mark {
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle } else { high = middle }
        }
        let column = bytes[starts[low]..<min(offset, bytes.count)].count { $0 & 0xC0 != 0x80 }
        return Mark(line: low + 1, column: column + 1)
    }

    /// Where a byte of a scalar's value stands in the file. Values differ from the text by quotes, escapes and folded
    /// lines; where the two cannot be matched, the scalar's start.
    public func mark(in node: YAMLNode, valueOffset: Int) -> Mark {
        guard case .scalar(let value, let style) = node.content else { return node.start }
        var raw = offset(node.start)
        let end = offset(node.end)
        switch style {
        case .plain: break
        case .singleQuoted, .doubleQuoted: raw += 1
        case .literal, .folded:
            // The header (`>-`, a comment) ends with its line.
            while raw < end, bytes[raw] != 0x0A, bytes[raw] != 0x0D { raw += 1 }
        }
        for (index, byte) in value.utf8.enumerated() {
            guard let found = find(byte, from: raw, to: end, style: style) else { return node.start }
            if index == valueOffset { return mark(found.at) }
            raw = found.next
        }
        return mark(min(raw, end))
    }

    /// The place in the text that one byte of a value came from, and where to go on.
    private func find(_ byte: UInt8, from start: Int, to end: Int, style: YAMLNode.Style) -> (at: Int, next: Int)? {
        var raw = start
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }
        if isSpace(byte) {
            // A folded break shows as one space: it stands for the break and the indentation behind it.
            // Literal blocks keep indentation beyond their own: it was passed with the break before it.
            guard raw < end, isSpace(bytes[raw]) else { return (raw, raw) }
            guard bytes[raw] == 0x0A || bytes[raw] == 0x0D else { return (raw, raw + 1) }
            let at = raw
            while raw < end, isSpace(bytes[raw]) { raw += 1 }
            return (at, raw)
        }
        while raw < end, isSpace(bytes[raw]) { raw += 1 }
        guard raw < end else { return nil }
        if style == .singleQuoted, byte == 0x27 { return (raw, raw + 2) }
        if style == .doubleQuoted, bytes[raw] == 0x5C, raw + 1 < end {
            let digits = [0x78: 2, 0x75: 4, 0x55: 8][bytes[raw + 1]] ?? 0
            return (raw, raw + 2 + digits)
        }
        return bytes[raw] == byte ? (raw, raw + 1) : nil
    }
}
