extension JSON {
    /// The document as text: UTF-8, keys in their order, no spaces; `pretty` puts each member on a line of its own,
    /// indented by two. The same value always gives the same bytes.
    ///
    /// - Precondition: every double is finite. NaN and infinity have no JSON form, and a null in their place would be
    ///   evidence that nobody gave; see `JSON.figure(_:)`.
    public func serialized(pretty: Bool = false) -> String {
        String(decoding: serializedBytes(pretty: pretty), as: UTF8.self)
    }

    /// The same as bytes.
    public func serializedBytes(pretty: Bool = false) -> [UInt8] {
        var writer = JSONWriter(pretty: pretty)
        writer.write(self)
        return writer.bytes
    }

    /// Appends the compact document to `bytes`.
    public func write(to bytes: inout [UInt8]) {
        var writer = JSONWriter(pretty: false, bytes: bytes)
        bytes = []
        writer.write(self)
        bytes = writer.bytes
    }
}

/// Writes JSON to bytes.
struct JSONWriter {
    private let pretty: Bool
    private(set) var bytes: [UInt8]
    private var depth = 0

    init(pretty: Bool, bytes: [UInt8] = []) {
        self.pretty = pretty
        self.bytes = bytes
    }

    mutating func write(_ value: JSON) {
        switch value {
        case .null: put("null")
        case .bool(let value): put(value ? "true" : "false")
        case .int(let value): bytes += String(value).utf8
        case .double(let value): write(value)
        case .string(let text): write(text)
        case .array(let elements):
            group("[", "]", elements) { writer, element in writer.write(element) }
        case .object(let object):
            group("{", "}", object.members) { writer, member in
                writer.write(member.key)
                writer.put(writer.pretty ? ": " : ":")
                writer.write(member.value)
            }
        }
    }

    private mutating func group<Element>(
        _ open: StaticString, _ close: StaticString, _ elements: [Element], each: (inout JSONWriter, Element) -> Void
    ) {
        put(open)
        depth += 1
        for index in elements.indices {
            if index > 0 { put(",") }
            newline()
            each(&self, elements[index])
        }
        depth -= 1
        if !elements.isEmpty { newline() }
        put(close)
    }

    /// Shortest text that reads back as the same double. Whole numbers below 10^21 are spelled out, and keep `.0`, so
    /// that a double stays a double.
    private mutating func write(_ value: Double) {
        precondition(value.isFinite, "JSON holds no NaN and no infinity")
        if value == value.rounded(.towardZero), value.magnitude >= 1e16, value.magnitude < 1e21 {
            // Beyond 2^53 the shortest form has an exponent; the integer part of such a double is exact in 128 bits.
            bytes += Int128(value).description.utf8
            put(".0")
        } else {
            bytes += value.description.utf8
        }
    }

    private mutating func write(_ text: String) {
        put("\"")
        var text = text
        text.withUTF8 { utf8 in
            var plain = 0
            var index = 0
            while index < utf8.count {
                let byte = utf8[index]
                if byte >= 0x20, byte != 0x22, byte != 0x5C, byte != 0x7F, byte != 0xE2 {
                    index += 1
                    continue
                }
                let isSeparator =
                    byte == 0xE2 && index + 2 < utf8.count && utf8[index + 1] == 0x80
                    && utf8[index + 2] & 0xFE == 0xA8
                if byte == 0xE2, !isSeparator {
                    index += 1
                    continue
                }
                bytes += UnsafeBufferPointer(rebasing: utf8[plain..<index])
                if isSeparator {
                    put(utf8[index + 2] == 0xA8 ? "\\u2028" : "\\u2029")
                    index += 3
                } else {
                    escape(byte)
                    index += 1
                }
                plain = index
            }
            bytes += UnsafeBufferPointer(rebasing: utf8[plain...])
        }
        put("\"")
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case 0x22: put("\\\"")
        case 0x5C: put("\\\\")
        case 0x08: put("\\b")
        case 0x09: put("\\t")
        case 0x0A: put("\\n")
        case 0x0C: put("\\f")
        case 0x0D: put("\\r")
        default:
            bytes.append(contentsOf: Hex.escape(UInt16(byte)).utf8)
        }
    }

    private mutating func newline() {
        guard pretty else { return }
        bytes.append(0x0A)
        bytes.append(contentsOf: repeatElement(0x20, count: depth * 2))
    }

    private mutating func put(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
