import Model

/// One line of a page, read from left to right.
struct ExpositionText {
    let bytes: UnsafeRawBufferPointer
    private(set) var index = 0

    /// What is wrong with a line.
    struct Fault: Error {
        let message: String

        init(_ message: String) {
            self.message = message
        }
    }

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { index == bytes.count }
    var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    static func trimmed<Bytes: BidirectionalCollection<UInt8>>(_ bytes: Bytes) -> Bytes.SubSequence {
        let start = bytes.firstIndex { !isBlank($0) } ?? bytes.endIndex
        let end = bytes.lastIndex { !isBlank($0) }.map { bytes.index(after: $0) } ?? start
        return bytes[start..<end]
    }

    /// Skips blanks and tabs; whether there were any.
    @discardableResult
    mutating func skipBlanks() -> Bool {
        let start = index
        while let byte = current, ExpositionText.isBlank(byte) { index += 1 }
        return index > start
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        index += 1
        return true
    }

    /// What is between here and the next blank, or the end.
    mutating func word() -> UnsafeRawBufferPointer {
        let start = index
        while let byte = current, !ExpositionText.isBlank(byte) { index += 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<index])
    }

    /// All that is left.
    mutating func rest() -> UnsafeRawBufferPointer {
        defer { index = bytes.count }
        return UnsafeRawBufferPointer(rebasing: bytes[index...])
    }

    /// `http_requests_total`, with colons where it is a name of samples; nil when none begins here.
    mutating func name(colons: Bool) -> UnsafeRawBufferPointer? {
        let start = index
        while let byte = current {
            switch byte {
            case 65...90, 95, 97...122: index += 1
            case 48...57 where index > start: index += 1
            case 58 where colons: index += 1
            default: return index > start ? UnsafeRawBufferPointer(rebasing: bytes[start..<index]) : nil
            }
        }
        return index > start ? UnsafeRawBufferPointer(rebasing: bytes[start..<index]) : nil
    }

    /// A text in double quotes, its escapes resolved: `\\`, `\"`, `\n`. A backslash before anything else stands for
    /// itself, as in Prometheus' own readers.
    mutating func quoted(_ what: String) throws(Fault) -> String {
        guard take(UInt8(ascii: "\"")) else { throw Fault("\(what) stands in double quotes") }
        let start = index
        var isPlain = true
        while true {
            guard let byte = current else { throw Fault("\(what) does not end") }
            if byte == UInt8(ascii: "\"") { break }
            if byte == UInt8(ascii: "\\") {
                isPlain = false
                index += 1
                guard !isAtEnd else { throw Fault("\(what) does not end") }
            }
            index += 1
        }
        let inner = UnsafeRawBufferPointer(rebasing: bytes[start..<index])
        index += 1
        return try ExpositionText.text(isPlain ? nil : ExpositionText.unescaped(inner), or: inner, what)
    }

    private static func unescaped(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var plain: [UInt8] = []
        plain.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let next = index + 1 < bytes.count ? bytes[index + 1] : 0
            switch (bytes[index], next) {
            case (UInt8(ascii: "\\"), UInt8(ascii: "n")):
                plain.append(0x0A)
                index += 2
            case (UInt8(ascii: "\\"), UInt8(ascii: "\\")), (UInt8(ascii: "\\"), UInt8(ascii: "\"")):
                plain.append(next)
                index += 2
            default:
                plain.append(bytes[index])
                index += 1
            }
        }
        return plain
    }

    /// The bytes as a text; a fault where they are no UTF-8.
    static func text(_ changed: [UInt8]?, or bytes: UnsafeRawBufferPointer, _ what: String) throws(Fault) -> String {
        let text = changed.map { String(validating: $0, as: UTF8.self) } ?? String(validating: bytes, as: UTF8.self)
        guard let text else { throw Fault("\(what) is no UTF-8") }
        return text
    }

    /// A value: a decimal number, `NaN`, `Inf` or `Infinity` in any case and with a sign.
    mutating func number(_ what: String) throws(Fault) -> Double {
        let word = word()
        guard let number = ExpositionText.number(word) else { throw Fault("\(what) is no number") }
        return number
    }

    /// `1.5e-3`: no hexadecimal figures, no underscores.
    private static func isOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"): true
        default: false
        }
    }

    private static func number(_ word: UnsafeRawBufferPointer) -> Double? {
        guard let first = word.first, word.count <= 64 else { return nil }
        let unsigned = first == UInt8(ascii: "+") || first == UInt8(ascii: "-") ? word.dropFirst() : word[...]
        if let digit = unsigned.first, (48...57).contains(digit) || digit == UInt8(ascii: ".") {
            return word.allSatisfy(isOfNumber) ? Double(String(decoding: word, as: UTF8.self)) : nil
        }
        switch String(decoding: unsigned, as: UTF8.self).lowercased() {
        case "nan": return .nan
        case "inf", "infinity": return first == UInt8(ascii: "-") ? -.infinity : .infinity
        default: return nil
        }
    }

    /// The moment that a line names: milliseconds in the text format, seconds in OpenMetrics. What lies outside of the calendar
    /// is read and held to its end.
    mutating func timestamp(_ dialect: MetricsPage.Dialect) throws(Fault) -> Timestamp {
        let word = word()
        guard let number = ExpositionText.number(word), number.isFinite else { throw Fault("the timestamp is no number") }
        if dialect == .text, word.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }) {
            throw Fault("a timestamp is in whole milliseconds")
        }
        let milliseconds = dialect == .text ? number : (number * 1_000).rounded()
        return Timestamp(milliseconds: Int64(min(max(milliseconds, 0), 253_402_300_799_999)))
    }
}
