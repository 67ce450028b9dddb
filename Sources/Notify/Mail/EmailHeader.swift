import HTTP
import Model

/// Header fields of a mail (RFC 5322, RFC 2047): ASCII lines of at most 78 characters, ended by CR LF. Nothing that a
/// value holds can end its field.
struct EmailHeader {
    /// Recommended by RFC 5322, 2.1.1; 998 is what servers must take.
    private static let lineLimit = 78

    private(set) var text = ""

    /// Free text: as it is where that is plain ASCII, else as encoded words.
    mutating func add(_ name: String, text value: String) {
        write(name, EmailHeader.words(value))
    }

    /// A value of this program's own making, whose blanks are places to fold.
    mutating func add(_ name: String, token value: String) {
        write(name, value.split(separator: " ").map(String.init))
    }

    mutating func add(_ name: String, addresses: [MailAddress]) {
        var words: [String] = []
        for (index, address) in addresses.enumerated() {
            let end = index < addresses.count - 1 ? "," : ""
            if let name = address.name {
                words += EmailHeader.isQuotable(name) ? ["\"\(name)\""] : EmailHeader.encodedWords(name)
                words.append("<\(address.address)>\(end)")
            } else {
                words.append(address.address + end)
            }
        }
        write(name, words)
    }

    private mutating func write(_ name: String, _ words: [String]) {
        var line = name + ":"
        for word in words {
            if line.utf8.count + 1 + word.utf8.count > EmailHeader.lineLimit, line.utf8.count > name.utf8.count + 1 {
                text += line + "\r\n"
                line = ""
            }
            line += " " + word
        }
        text += line + "\r\n"
    }

    /// Printable ASCII without what would end the quotes.
    private static func isQuotable(_ text: String) -> Bool {
        text.utf8.count <= 68
            && text.utf8.allSatisfy { (32..<127).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }

    private static func words(_ text: String) -> [String] {
        let words = text.utf8.split(separator: 32, omittingEmptySubsequences: false)
        let isPlain =
            text.utf8.allSatisfy { (32..<127).contains($0) }
            // Doubled and outer blanks would get lost, long words cannot be folded, and `=?` begins an encoded word.
            && words.allSatisfy { !$0.isEmpty && $0.count <= 66 && !$0.starts(with: "=?".utf8) }
        return isPlain ? words.map { String(decoding: $0, as: UTF8.self) } : encodedWords(text)
    }

    /// RFC 2047 in Base64: each at most 75 characters, none splits a character.
    static func encodedWords(_ text: String) -> [String] {
        var words: [String] = []
        var bytes: [UInt8] = []
        func flush() {
            guard !bytes.isEmpty else { return }
            words.append("=?utf-8?B?\(Base64.encode(bytes))?=")
            bytes = []
        }
        for scalar in text.unicodeScalars {
            let encoded = Array(String(scalar).utf8)
            // 45 bytes are 60 characters, and 12 stand around them; the first line has the field's name before it.
            if bytes.count + encoded.count > 39 { flush() }
            bytes += encoded
        }
        flush()
        return words
    }
}
