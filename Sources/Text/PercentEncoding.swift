/// Percent-encoding of bytes: in names of files and parts of URLs, written in one way and read in the three ways that there are.
public enum PercentEncoding {
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// Whether it is one of `[A-Za-z0-9._-]`, which stand for themselves in a URL, a file's name and a shell.
    public static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, 45, 46, 95: true
        default: false
        }
    }

    /// All but `[A-Za-z0-9._-]` as `%XX`.
    /// - Parameter keepingTilde: as RFC 3986, 2.3 has it; names of files have always had it encoded.
    public static func encode(_ bytes: some Sequence<UInt8>, keepingTilde: Bool = false) -> String {
        var out: [UInt8] = []
        for byte in bytes {
            if isPlain(byte) || (keepingTilde && byte == UInt8(ascii: "~")) {
                out.append(byte)
            } else {
                out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// A text as a part of a URL (RFC 3986, 2.3).
    public static func url(_ text: String) -> String { encode(text.utf8, keepingTilde: true) }

    /// Strict: only what `encode` writes. Nil otherwise.
    public static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? { unescape(text, where: isPlain) }

    /// Each escape once; a broken one is an error, and what is none stands for itself.
    public static func unescapeStrictly(_ text: some Sequence<UInt8>) -> [UInt8]? { unescape(text) { _ in true } }

    private static func unescape(_ text: some Sequence<UInt8>, where isAllowed: (UInt8) -> Bool) -> [UInt8]? {
        var out: [UInt8] = []
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            if byte == UInt8(ascii: "%") {
                guard let high = iterator.next().flatMap(Hex.value), let low = iterator.next().flatMap(Hex.value) else { return nil }
                out.append(high << 4 | low)
            } else {
                guard isAllowed(byte) else { return nil }
                out.append(byte)
            }
        }
        return out
    }

    /// Each escape once, as web servers do it: a `%` without two hexadecimal digits behind it stays as it is.
    public static func unescape(_ text: some Sequence<UInt8>, plusIsSpace: Bool = false) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.underestimatedCount)
        /// How many of the digits behind a `%` are still to come.
        var missing = 0
        for byte in text {
            out.append(byte)
            if byte == UInt8(ascii: "%") {
                missing = 2
            } else if missing > 0, let low = Hex.value(byte) {
                missing -= 1
                if missing == 0, let high = Hex.value(out[out.count - 2]) {
                    out.removeLast(3)
                    out.append(high << 4 | low)
                }
            } else {
                missing = 0
                if plusIsSpace, byte == UInt8(ascii: "+") { out[out.count - 1] = UInt8(ascii: " ") }
            }
        }
        return out
    }
}
