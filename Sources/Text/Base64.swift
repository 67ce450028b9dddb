/// Base64 (RFC 4648, section 4, padded).
public enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        var rest = bytes[...]
        while !rest.isEmpty {
            let three = Array(rest.prefix(3))
            rest = rest.dropFirst(3)
            var word = UInt32(three[0]) << 16
            if three.count > 1 { word |= UInt32(three[1]) << 8 }
            if three.count > 2 { word |= UInt32(three[2]) }
            for place in 0..<4 {
                out.append(place <= three.count ? alphabet[Int(word >> (18 - 6 * place)) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Nil for anything that `encode` does not write.
    public static func decode(_ text: String) -> [UInt8]? {
        let symbols = Array(text.utf8)
        guard symbols.count % 4 == 0 else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(symbols.count / 4 * 3)
        for start in stride(from: 0, to: symbols.count, by: 4) {
            let isLast = start + 4 == symbols.count
            var word: UInt32 = 0
            var padding = 0
            for symbol in symbols[start..<start + 4] {
                word <<= 6
                if symbol == UInt8(ascii: "="), isLast {
                    padding += 1
                } else if padding == 0, let value = value(symbol) {
                    word |= UInt32(value)
                } else {
                    return nil
                }
            }
            // Bits that no byte takes must be zero, so that one text stands for one sequence of bytes.
            guard padding <= 2, word & ((1 << (8 * UInt32(padding))) - 1) == 0 else { return nil }
            for place in 0..<(3 - padding) { out.append(UInt8(truncatingIfNeeded: word >> (16 - 8 * UInt32(place)))) }
        }
        return out
    }

    private static func value(_ symbol: UInt8) -> UInt8? {
        switch symbol {
        case 65...90: symbol - 65
        case 97...122: symbol - 71
        case 48...57: symbol + 4
        case 43: 62
        case 47: 63
        default: nil
        }
    }
}
