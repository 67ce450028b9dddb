import Model

/// How mail clients know which messages belong together (RFC 5322, 3.6.4): an incident's messages, or a digest's, all refer to one id,
/// that of its opening, whether that mail was sent or not. Deterministic, so that a message sent twice has one id, and
/// clients that look for duplicates show it once.
struct EmailThread {
    let messageID: String
    /// The id that the message refers to; nil where it begins the thread.
    let root: String?

    /// - Parameter domain: of the sender's address.
    init(_ message: Message, domain: String) {
        let incident = EmailThread.atom(message.thread)
        let root = "<\(incident)@\(domain)>"
        // Short, so that the header needs no folding, which some servers get wrong in this one.
        let moment = String(message.at.milliseconds, radix: 36)
        switch message.event {
        case .opened where !message.isReopening:
            messageID = root
            self.root = nil
        case .drill:
            messageID = "<\(incident).drill.\(moment)@\(domain)>"
            self.root = nil
        case .opened, .updated, .resolved:
            let event = message.news?.rawValue ?? message.event.rawValue
            messageID = "<\(incident).\(event).\(moment)@\(domain)>"
            self.root = root
        }
    }

    /// The id itself where it is a dot-atom of sane length, else a number that stands for it (FNV-1a, 64 bits).
    static func atom(_ id: String) -> String {
        let isPlain =
            (1...80).contains(id.utf8.count)
            && id.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            }
        guard !isPlain else { return id }
        let hash = id.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return "x-" + String(hash, radix: 16)
    }
}
