/// Where a dialogue with a mail server stands (RFC 5321).
public enum SMTPStep: Sendable, Hashable, CustomStringConvertible {
    /// Name, TCP, TLS of `smtps`, and the server's first line.
    case greeting
    case hello
    case startTLS
    case login
    case sender
    /// From 0, in the order of the mail's recipients.
    case recipient(Int)
    /// Asking whether the message may come.
    case data
    /// The message, and what the server says about it.
    case message
    case quit

    /// For people: `in answer to the sender`.
    public var description: String {
        switch self {
        case .greeting: "the connection"
        case .hello: "the greeting"
        case .startTLS: "STARTTLS"
        case .login: "the login"
        case .sender: "the sender"
        case .recipient: "a recipient"
        case .data: "the announcement of the message"
        case .message: "the message"
        case .quit: "the farewell"
        }
    }

    public var isRecipient: Bool {
        if case .recipient = self { true } else { false }
    }

    /// Whether nothing was said yet about the message itself.
    public var isBeforeMail: Bool {
        switch self {
        case .greeting, .hello, .startTLS, .login: true
        case .sender, .recipient, .data, .message, .quit: false
        }
    }
}

/// What a mail server answered.
public struct SMTPReply: Sendable, Hashable {
    /// 200 to 599.
    public let code: Int
    /// `5.1.1` (RFC 3463), where the server says one.
    public let enhanced: String?
    /// The rest, its lines joined by blanks. Text from outside, at most 500 bytes: it may echo what was sent.
    public let text: String

    public var isTemporary: Bool { (400..<500).contains(code) }
    public var isPermanent: Bool { code >= 500 }
    public var isNegative: Bool { code >= 400 }

    /// `550 5.1.1`
    public var codes: String { enhanced.map { "\(code) \($0)" } ?? "\(code)" }

    init(code: Int, lines: [String]) {
        self.code = code
        let enhanced = lines.first.flatMap(SMTPReply.enhancedCode)
        self.enhanced = enhanced
        text = lines.map { line in
            guard let enhanced, line.utf8.starts(with: enhanced.utf8) else { return line }
            return String(line.dropFirst(enhanced.count).drop { $0 == " " })
        }.joined(separator: " ")
    }

    /// `4.7.1 …`: class, subject, detail.
    private static func enhancedCode(_ line: String) -> String? {
        let word = line.prefix { $0 != " " }
        let parts = word.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, ["2", "4", "5"].contains(parts[0]),
            parts.allSatisfy({ (1...3).contains($0.utf8.count) && $0.utf8.allSatisfy { (48...57).contains($0) } })
        else { return nil }
        return String(word)
    }
}

/// Follows a dialogue line by line: which command was answered with what. What is sent during a login is not kept.
struct SMTPDialogue: Sendable {
    private(set) var step = SMTPStep.greeting {
        didSet { if step != .quit { lastCommand = step } }
    }
    /// The same before any farewell: what the dialogue was about when it ended.
    private(set) var lastCommand = SMTPStep.greeting
    private(set) var replies: [SMTPStep: SMTPReply] = [:]
    /// Whoever spoke first is no mail server.
    private(set) var isForeign = false
    /// The lines of a reply that is not complete.
    private var lines: [String] = []
    private var size = 0
    private var recipients = 0

    /// A reply is cut there.
    private static let textLimit = 500

    /// A command that went out.
    mutating func sent(_ bytes: UnsafeRawBufferPointer) {
        func begins(_ verb: StaticString) -> Bool {
            verb.withUTF8Buffer { verb in
                bytes.count >= verb.count && zip(bytes, verb).allSatisfy { $0 & 0xDF == $1 & 0xDF }
            }
        }
        if begins("MAIL FROM:") {
            step = .sender
        } else if begins("QUIT\r\n") {
            step = .quit
        } else if step == .login {
            // Anything else is a part of the login.
            return
        } else if begins("AUTH ") {
            step = .login
        } else if begins("EHLO ") || begins("HELO ") {
            step = .hello
        } else if begins("STARTTLS\r\n") {
            step = .startTLS
        } else if begins("RCPT TO:") {
            step = .recipient(recipients)
            recipients += 1
        } else if begins("DATA\r\n") {
            step = .data
        } else {
            return
        }
        // A second hello is answered anew.
        replies[step] = nil
        (lines, size) = ([], 0)
    }

    /// A line that came in. Lines that are no reply are left out.
    mutating func received(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 3, bytes[..<3].allSatisfy({ (48...57).contains($0) }) else {
            isForeign = isForeign || step == .greeting
            return
        }
        let code = bytes[..<3].reduce(0) { $0 * 10 + Int($1 - 48) }
        guard (200...599).contains(code) else { return }
        let content = bytes.dropFirst(4).prefix { $0 != 13 && $0 != 10 }.prefix(max(0, SMTPDialogue.textLimit - size))
        if !content.isEmpty {
            lines.append(String(decoding: content, as: UTF8.self))
            size += content.count
        }
        guard bytes.count == 3 || bytes[3] != UInt8(ascii: "-") else { return }
        replies[step] = SMTPReply(code: code, lines: lines)
        (lines, size) = ([], 0)
        if step == .data, (300..<400).contains(code) { step = .message }
    }
}
