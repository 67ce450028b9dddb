import Model

/// Text as CPython writes it: what the runtime's `json.dumps(…, ensure_ascii=False, separators=(",", ":"))` and
/// `datetime.isoformat()` give. The simulator's bodies equal recorded ones byte for byte only with this.
enum PythonText {
    /// `float.__repr__`: the shortest digits that read back, exponents below 1e-4 and from 1e16 on.
    ///
    /// - Precondition: finite; the runtime answers 500 instead.
    static func append(_ value: Double, to out: inout [UInt8]) {
        precondition(value.isFinite, "JSON holds no NaN and no infinity")
        let magnitude = value.magnitude
        guard magnitude >= 0x1p53, magnitude < 1e16 else {
            // Swift's shortest form has the same digits and, outside this range, the same exponent rule.
            return out.append(contentsOf: value.description.utf8)
        }
        append(Int64(value), to: &out)
        out.append(contentsOf: ".0".utf8)
    }

    /// `timedelta.total_seconds()` of so many microseconds. Six decimals hold at most 16 significant digits here, so
    /// the shortest form is the decimal itself without its trailing zeros.
    static func appendSeconds(microseconds: Int64, to out: inout [UInt8]) {
        guard microseconds == 0 || (100..<1_000_000_000_000_000).contains(microseconds) else {
            return append(Double(microseconds) / 1e6, to: &out)
        }
        append(microseconds / 1_000_000, to: &out)
        out.append(46)
        var fraction = microseconds % 1_000_000
        guard fraction > 0 else { return out.append(48) }
        var width = 6
        while fraction % 10 == 0 {
            fraction /= 10
            width -= 1
        }
        append(fraction, width: width, to: &out)
    }

    static func append(_ value: Int64, to out: inout [UInt8]) {
        guard value >= 10 else {
            if value >= 0 { return out.append(48 + UInt8(value)) }
            return out.append(contentsOf: String(value).utf8)
        }
        append(value, width: 0, to: &out)
    }

    static func append(_ value: Int, to out: inout [UInt8]) { append(Int64(value), to: &out) }

    /// The decimal digits of `value`, zero or more, padded with zeros to `width`.
    private static func append(_ value: Int64, width: Int, to out: inout [UInt8]) {
        var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
        withUnsafeMutableBytes(of: &digits) { buffer in
            var rest = value
            var count = 0
            while rest > 0 || count < width {
                buffer[buffer.count - 1 - count] = 48 + UInt8(rest % 10)
                rest /= 10
                count += 1
            }
            out.append(contentsOf: buffer.suffix(count))
        }
    }

    /// `datetime.isoformat()` in UTC: `2026-11-21T08:50:01.922803+00:00`; no fraction when it is zero.
    static func append(_ instant: Instant, to out: inout [UInt8]) {
        let fraction = ((instant.microseconds % 1_000_000) + 1_000_000) % 1_000_000
        out.append(contentsOf: instant.timestamp.description.utf8.prefix(19))
        if fraction > 0 {
            out.append(46)
            append(fraction, width: 6, to: &out)
        }
        out.append(contentsOf: "+00:00".utf8)
    }

    /// A JSON string. The bytes are UTF-8; only `"`, `\` and control characters below 0x20 are escaped.
    static func append(quoted text: some Sequence<UInt8>, to out: inout [UInt8]) {
        out.append(0x22)
        for byte in text {
            switch byte {
            case 0x22: out.append(contentsOf: [0x5C, 0x22])
            case 0x5C: out.append(contentsOf: [0x5C, 0x5C])
            case 0x08: out.append(contentsOf: "\\b".utf8)
            case 0x09: out.append(contentsOf: "\\t".utf8)
            case 0x0A: out.append(contentsOf: "\\n".utf8)
            case 0x0C: out.append(contentsOf: "\\f".utf8)
            case 0x0D: out.append(contentsOf: "\\r".utf8)
            case 0..<0x20:
                out.append(contentsOf: Hex.escape(UInt16(byte)).utf8)
            default: out.append(byte)
            }
        }
        out.append(0x22)
    }

    /// The whole document, as `json.dumps` writes it.
    static func append(_ value: JSON, to out: inout [UInt8]) {
        switch value {
        case .null: out.append(contentsOf: "null".utf8)
        case .bool(let value): out.append(contentsOf: (value ? "true" : "false").utf8)
        case .int(let value): append(value, to: &out)
        case .double(let value): append(value, to: &out)
        case .string(let text): append(quoted: text.utf8, to: &out)
        case .array(let elements):
            out.append(0x5B)
            for (index, element) in elements.enumerated() {
                if index > 0 { out.append(0x2C) }
                append(element, to: &out)
            }
            out.append(0x5D)
        case .object(let object):
            out.append(0x7B)
            for (index, member) in object.members.enumerated() {
                if index > 0 { out.append(0x2C) }
                append(quoted: member.key.utf8, to: &out)
                out.append(0x3A)
                append(member.value, to: &out)
            }
            out.append(0x7D)
        }
    }

    static func json(_ value: JSON) -> [UInt8] {
        var out: [UInt8] = []
        append(value, to: &out)
        return out
    }
}
