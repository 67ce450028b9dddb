import HTTP
import Model

/// A message as a mail (RFC 5322): headers, then the same content as plain text and as HTML. Deterministic; ASCII only,
/// lines of at most 78 characters (998 where a single word is longer), each ended by CR LF.
public enum EmailMessage {
    /// Longest subject, in scalars.
    static let subjectLimit = 70
    /// Encoded text can hold no `=_`.
    private static let boundary = "=_mozaiks-ops_="

    /// - Parameters:
    ///   - channel: its name, for filters (`List-Id`).
    public static func bytes(
        _ message: Message, from: MailAddress, to: [MailAddress], channel: String,
        template: MessageTemplate = MessageTemplate()
    ) -> [UInt8] {
        let wording = Wording(message, template)
        let outline = Outline(wording)
        let thread = EmailThread(message, domain: from.domain)
        var header = EmailHeader()
        // The subject stays the same for an incident, because clients group by it; the sender's name says what is new.
        header.add("From", addresses: [named(from, wording)])
        header.add("To", addresses: to)
        header.add("Subject", text: subject(wording))
        header.add("Date", token: String(message.at.httpDate.dropLast(3)) + "+0000")
        header.add("Message-ID", token: thread.messageID)
        if let root = thread.root {
            header.add("In-Reply-To", token: root)
            header.add("References", token: root)
        }
        header.add("Auto-Submitted", token: "auto-generated")
        header.add("X-Auto-Response-Suppress", token: "All")
        header.add("List-Id", token: "<\(EmailThread.atom(channel)).mozaiks-ops.\(from.domain)>")
        header.add("X-Mozaiks-Ops", text: filterWords(message))
        if isUrgent(message) { header.add("Importance", token: "high") }
        header.add("MIME-Version", token: "1.0")
        header.add("Content-Type", token: "multipart/alternative; boundary=\"\(boundary)\"")
        var bytes = Array(header.text.utf8)
        bytes += part("text/plain", EmailText.render(outline))
        bytes += part("text/html", EmailHTML.render(outline, message))
        return bytes + Array("\r\n--\(boundary)--\r\n".utf8)
    }

    /// `Warning: noisy-neighbor, app-clinic on shared`, from the second message on with `Re: ` before it.
    static func subject(_ wording: Wording) -> String {
        let message = wording.message
        guard message.event != .drill else { return Shown.shortened(wording.headline, subjectLimit) }
        if let digest = message.digest {
            return (message.event == .opened ? "" : "Re: ") + wording.environmentMark + wording.subject(of: digest)
        }
        if let own = wording.ownSubject {
            return (message.event == .opened && !message.isReopening ? "" : "Re: ") + own
        }
        let start = "\(wording.environmentMark)\(wording.severity): "
        let topic = wording.topic(subjectLimit - 4 - start.unicodeScalars.count)
        let isReply = message.event != .opened || message.isReopening
        return (isReply ? "Re: " : "") + start + topic
    }

    /// `mozaiks-ops: Resolved after 15m`
    private static func named(_ from: MailAddress, _ wording: Wording) -> MailAddress {
        from.named("\(from.name ?? "mozaiks-ops"): \(wording.state)")
    }

    /// `event=opened; severity=warning; rule=noisy-neighbor; environment=production`, for rules of mail clients.
    private static func filterWords(_ message: Message) -> String {
        "event=\(message.event.rawValue); severity=\(message.incident.severity.rawValue); "
            + "rule=\(EmailThread.atom(message.incident.rule)); environment=\(EmailThread.atom(message.environment))"
    }

    private static func isUrgent(_ message: Message) -> Bool {
        message.incident.severity == .critical && (message.event == .opened || message.event == .updated)
    }

    private static func part(_ type: String, _ text: String) -> [UInt8] {
        let (encoding, body) = MailEncoding.shorter(text)
        let header =
            "\r\n--\(boundary)\r\nContent-Type: \(type); charset=utf-8\r\nContent-Transfer-Encoding: \(encoding)\r\n\r\n"
        return Array(header.utf8) + body
    }
}
