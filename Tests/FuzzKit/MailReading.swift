import Model

@testable import HTTP
@testable import Notify

/// Mail: texts of others in headers and bodies, and the words of servers.
enum MailReading {
    /// Whatever a text holds, its header is one field of short ASCII lines, and a body in quoted-printable is the same text again.
    static func mail(_ bytes: [UInt8]) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        var header = EmailHeader()
        header.add("Subject", text: text)
        guard header.text.utf8.suffix(2).elementsEqual([13, 10]) else { return "a field without an end" }
        let lines = header.text.utf8.dropLast(2).split(separator: 13, omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let content = index == 0 ? line : line.dropFirst()
            guard index == 0 || (line.first == 10 && content.first == 32) else { return "a line that ends the field" }
            guard content.count <= 998, content.allSatisfy({ (32..<127).contains($0) }) else { return "a line that no server takes" }
        }
        let quoted = MailEncoding.quotedPrintable(text)
        guard unquoted(quoted) == ending(Array(text.utf8)) else { return "quoted-printable is another text" }
        if let address = MailAddress(text), MailAddress(address.address)?.address != address.address { return "an address that is none" }
        return nil
    }

    /// A server's words, line by line, at each step of a dialogue.
    static func reply(_ bytes: [UInt8]) -> String? {
        var dialogue = SMTPDialogue()
        for line in bytes.split(separator: 10, omittingEmptySubsequences: false) {
            Array(line).withUnsafeBytes { bytes in
                if bytes.first == UInt8(ascii: ">") {
                    dialogue.sent(UnsafeRawBufferPointer(rebasing: bytes[1...]))
                } else {
                    dialogue.received(bytes)
                }
            }
        }
        for (step, reply) in dialogue.replies {
            guard reply.text.utf8.count <= 3 * 500 + 500 else { return "a reply that is not cut" }
            _ = (MailFault.of(reply, at: step), MailFault.isLasting(reply, at: step))
        }
        return nil
    }

    /// Text whose last line ends, with line ends as mail has them.
    private static func ending(_ text: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        for byte in text { out += byte == 10 ? [13, 10] : [byte] }
        return out.isEmpty || text.last == 10 ? out : out + [13, 10]
    }

    private static func unquoted(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "="), index + 2 < bytes.count {
                if bytes[index + 1] != 13, let value = UInt8(String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16) {
                    out.append(value)
                }
                index += 3
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return out
    }
}
