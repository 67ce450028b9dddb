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
    /// How many characters begin before each `stride`th byte: a file may be one line of a megabyte with a fault at each of
    /// its keys, and counting from its start for each of them would take minutes.
    private let counts: [Int]
    private static let stride = 1_024

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
        var counts: [Int] = []
        counts.reserveCapacity(bytes.count / SourceText.stride + 1)
        var count = 0
        for (index, byte) in bytes.enumerated() {
            if index % SourceText.stride == 0 { counts.append(count) }
            if byte & 0xC0 != 0x80 { count += 1 }
        }
        self.counts = counts
    }

    /// How many characters begin before this byte.
    private func characters(before offset: Int) -> Int {
        guard !counts.isEmpty else { return 0 }
        let block = min(offset / SourceText.stride, counts.count - 1)
        return counts[block] + bytes[block * SourceText.stride..<offset].count { $0 & 0xC0 != 0x80 }
    }

    /// The first byte of the character that so many stand before.
    private func byte(of character: Int) -> Int {
        var low = 0
        var high = counts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if counts[middle] <= character { low = middle } else { high = middle }
        }
        guard !counts.isEmpty else { return 0 }
        var count = counts[low]
        var index = low * SourceText.stride
        while index < bytes.count {
            if bytes[index] & 0xC0 != 0x80 {
                if count == character { return index }
                count += 1
            }
            index += 1
        }
        return bytes.count
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
        range(ofLine: number).map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    private func range(ofLine number: Int) -> Range<Int>? {
        guard number >= 1, number <= starts.count else { return nil }
        let start = starts[number - 1]
        var end = number < starts.count ? starts[number] : bytes.count
        while end > start, SourceText.isBreakByte(bytes, end - 1, from: start) { end -= 1 }
        return start..<end
    }

    /// Longer lines are kept with a diagnostic in part only.
    static let longestLine = 4_096
    private static let around = 512

    /// The line that a mark is on, or of a long one what stands around the mark, with how many characters are left out
    /// before it; 0 and false for a whole line.
    func excerpt(_ mark: Mark) -> (text: String, skipped: Int, isPart: Bool)? {
        guard let line = range(ofLine: mark.line) else { return nil }
        guard line.count > SourceText.longestLine else {
            return (String(decoding: bytes[line], as: UTF8.self), 0, false)
        }
        let at = min(offset(mark), line.upperBound)
        var start = max(line.lowerBound, at - SourceText.around)
        while start > line.lowerBound, bytes[start] & 0xC0 == 0x80 { start -= 1 }
        var end = min(line.upperBound, at + SourceText.around)
        while end < line.upperBound, bytes[end] & 0xC0 == 0x80 { end += 1 }
        let skipped = characters(before: start) - characters(before: line.lowerBound)
        return (String(decoding: bytes[start..<end], as: UTF8.self), skipped, true)
    }

    private static func isBreakByte(_ bytes: [UInt8], _ index: Int, from start: Int) -> Bool {
        bytes[index] == 0x0A || bytes[index] == 0x0D
    }

    /// The byte at a mark; the end of the line for a column beyond it.
    func offset(_ mark: Mark) -> Int {
        guard mark.line >= 1, mark.line <= starts.count else { return bytes.count }
        let start = starts[mark.line - 1]
        let end = mark.line < starts.count ? starts[mark.line] : bytes.count
        guard mark.column > 1 else { return start }
        return min(end, max(start, byte(of: characters(before: start) + mark.column - 1)))
    }

    /// The mark of a byte.
    func mark(_ offset: Int) -> Mark {
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle } else { high = middle }
        }
        let column = characters(before: min(offset, bytes.count)) - characters(before: starts[low])
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
