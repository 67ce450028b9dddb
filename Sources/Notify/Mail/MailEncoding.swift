import Model

/// Encodings of mail bodies and headers (RFC 2045).
enum MailEncoding {
    private static let hex = Array("0123456789ABCDEF".utf8)

    /// A body in the encoding that makes it shorter, and the encoding's name: quoted-printable, which a person can read, but
    /// for texts that are mostly not ASCII, of which it makes three times as much.
    static func shorter(_ text: String) -> (name: String, body: [UInt8]) {
        let quoted = quotedPrintable(text)
        let count = text.utf8.count
        // Four characters for three bytes, and two for the end of each line of 76.
        let lines = (count + 56) / 57
        guard (count + 2) / 3 * 4 + lines * 2 < quoted.count else { return ("quoted-printable", quoted) }
        return ("base64", lines76(Base64.encode(text.utf8)))
    }

    private static func lines76(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 76) {
            out += bytes[start..<min(start + 76, bytes.count)]
            out += [13, 10]
        }
        return out
    }

    /// Quoted-printable: lines of at most 76 characters ended by CR LF, ASCII only. A line feed ends a line; a dot at a
    /// line's start, and `From`, are encoded, so that no relay on the way touches them.
    static func quotedPrintable(_ text: String) -> [UInt8] {
        var out: [UInt8] = []
        var column = 0
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() {
            if byte == 10 {
                out += [13, 10]
                column = 0
                continue
            }
            let isLast = index + 1 == bytes.count || bytes[index + 1] == 10
            let isBlank = byte == 32 || byte == 9
            let isSafe = (33...126).contains(byte) && byte != UInt8(ascii: "=") || (isBlank && !isLast)
            let isRisky = column == 0 && (byte == UInt8(ascii: ".") || byte == UInt8(ascii: "F"))
            let width = isSafe && !isRisky ? 1 : 3
            // A line that goes on ends in `=`; a character's bytes stay on one line.
            let rest = trailing(bytes, index)
            if column + max(width, rest * 3) > (isLast ? 76 : 75), column > 0 {
                out += [UInt8(ascii: "="), 13, 10]
                column = 0
                let isRiskyNow = byte == UInt8(ascii: ".") || byte == UInt8(ascii: "F")
                if isSafe && isRiskyNow {
                    out += [UInt8(ascii: "="), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
                    column = 3
                    continue
                }
            }
            if width == 1 {
                out.append(byte)
            } else {
                out += [UInt8(ascii: "="), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
            column += width
        }
        if column > 0 { out += [13, 10] }
        return out
    }

    /// The bytes of the character that begins at `index`; 0 inside one, and for ASCII.
    private static func trailing(_ bytes: [UInt8], _ index: Int) -> Int {
        switch bytes[index] {
        case 0xC0..<0xE0: 2
        case 0xE0..<0xF0: 3
        case 0xF0...: 4
        default: 0
        }
    }
}
