import HTTP
import Model

/// Whose fault a mail server's final no is. Codes alone do not say it: most servers put off what they think of the
/// connection, the greeting and the sender until the first recipient is named (Postfix, `smtpd_delay_reject`), or until
/// the whole message is there (Exchange, SES), and then use the codes of a bad recipient or of bad content.
enum MailFault: Hashable {
    /// Any message would hear it: login, relaying, greeting, sender, the account's limits, this machine's standing.
    case setup
    /// This one recipient.
    case recipient
    /// This one message.
    case message

    /// Read in this order: codes that mean one thing only, a code for recipients, words about the set-up, codes of a
    /// whole class; what is left is about what the step is about.
    static func of(_ reply: SMTPReply, at step: SMTPStep) -> MailFault {
        // 552 at the sender is a message too large for the server.
        guard !step.isBeforeMail, step != .sender else { return reply.code == 552 && step == .sender ? .message : .setup }
        let words = MailWords(reply.text)
        // It has not seen the message, and it took the recipients: what is left is who sends, and from where.
        if step == .data { return reply.code == 552 || words.holdAny(recipientWords + sizeWords) ? .message : .setup }
        let enhanced = reply.enhanced ?? words.enhanced ?? ""
        if setupCodes.contains(reply.code) || setupEnhanced.contains(enhanced) { return .setup }
        let isOurs = step.isRecipient ? recipient(reply.code, enhanced, words) : message(reply.code, enhanced, words)
        return isOurs ? .setup : step.isRecipient ? .recipient : .message
    }

    /// Whether it takes nothing before the connection is encrypted: codes for that (RFC 5248: 523, 538, X.7.10, X.7.11), or 530 that
    /// says so (RFC 3207, 4), by which servers ask for a login as well.
    static func wantsTLS(_ reply: SMTPReply) -> Bool {
        let words = MailWords(reply.text)
        let enhanced = reply.enhanced ?? words.enhanced ?? ""
        return [523, 538].contains(reply.code) || ["5.7.10", "5.7.11"].contains(enhanced)
            || reply.code == 530 && words.holdAny(["starttls", "tls", "encryption", "encrypted"])
    }

    /// Whether a temporary no is one that no time mends: what some servers say of relaying and of the greeting.
    static func isLasting(_ reply: SMTPReply, at step: SMTPStep) -> Bool {
        (step.isRecipient || step == .sender) && MailWords(reply.text).holdAny(lastingWords)
    }

    /// Whether a no to a recipient forbids and says nothing of why: where others are refused as unknown, the server knows
    /// whom it means.
    static func isBareForbidding(_ reply: SMTPReply) -> Bool {
        let words = MailWords(reply.text)
        return (reply.enhanced ?? words.enhanced ?? "").hasPrefix("5.7.") && !setupCodes.contains(reply.code)
            && !words.holdAny(senderWords) && !words.holdAny(setupWords) && !words.holdAny(weakWords)
    }

    private static func recipient(_ code: Int, _ enhanced: String, _ words: MailWords) -> Bool {
        if words.holdAny(senderWords) { return true }
        // Postfix's words for all that it has against a recipient; with 5.7 it is a matter of who may write to him.
        if words.holdAny(["recipient address rejected"]), !enhanced.hasPrefix("5.7.") { return false }
        // 552: the mailbox is full. 551, 556: it is elsewhere, or nowhere.
        // A server that says so of its relaying says it of us, whatever code it takes.
        if recipientEnhanced.contains(enhanced) || [552, 556].contains(code) { return false }
        if code == 551 { return words.holdAny(relayWords) }
        if words.holdAny(limitWords) { return true }
        // A sequence or a command that the server will not have is no matter of the recipient, unless it says so.
        if [500, 502, 503, 504, 555].contains(code), !words.holdAny(recipientWords) { return true }
        // X.5.X is about the dialogue, X.7.X forbids rather than fails (RFC 3463, 3.6 and 3.8).
        if ["5.5.1", "5.5.2", "5.5.4"].contains(enhanced) { return words.holdAny(setupWords) || !words.holdAny(recipientWords) }
        if enhanced.hasPrefix("5.7.") { return !words.holdAny(userWords) }
        if words.holdAny(userWords) { return false }
        return words.holdAny(setupWords) || words.holdAny(weakWords)
    }

    private static func message(_ code: Int, _ enhanced: String, _ words: MailWords) -> Bool {
        if words.holdAny(senderWords) { return true }
        // A size is a message's, for whichever account it is too much. 5.2.3, 5.3.4: RFC 3463.
        if words.holdAny(sizeWords) || enhanced == "5.2.3" || enhanced == "5.3.4" { return false }
        if words.holdAny(setupWords) { return true }
        // Servers that look for the recipient only now use the codes and words of recipients.
        if recipientEnhanced.contains(enhanced) || words.holdAny(userWords) { return false }
        if words.holdAny(limitWords) || (words.holdAny(accountWords) && !words.holdAny(["mailbox"])) { return true }
        if words.holdAny(stateWords), !words.holdAny(theirWords) { return true }
        if words.holdAny(contentWords) { return false }
        // 5.7.0 and 5.7.1 are said of spam as well; the finer ones tell of signatures, rights, machines.
        let isFine = enhanced.hasPrefix("5.7.") && enhanced != "5.7.0" && enhanced != "5.7.1"
        return isFine || [502, 504].contains(code) || words.holdAny(weakWords) || words.holdAny(policyWords)
    }

    /// Login and encryption (RFC 4954, 6; RFC 3207, 4).
    private static let setupCodes: Set = [523, 530, 534, 535, 538]
    /// The sender's address (RFC 3463, 3.2; RFC 7505); Exchange's for who may not send as another; limits of the sending
    /// account.
    private static let setupEnhanced: Set = ["5.1.7", "5.1.8", "5.1.9", "5.1.90", "5.2.252", "5.4.5", "5.4.6"]
    /// The recipient's address or mailbox (RFC 3463, 3.2 and 3.3; RFC 7505), and Exchange Online's for no such recipient.
    private static let recipientEnhanced: Set = [
        "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1", "5.2.2", "5.2.3", "5.2.4", "5.4.1", "5.4.4",
    ]

    private static let senderWords = [
        "sender", "send as", "sendas", "sendasdenied", "send on behalf", "from address", "from header", "from field",
        "from domain", "from address header", "header address", "invalid header from", "header from", "sending domain",
        "mail from", "return path", "return-path", "envelope from",
    ]
    private static let lastingWords = [
        "relay", "relays", "relaying", "relayed", "helo", "ehlo", "authentication required", "must authenticate", "credits",
        "not owned",
    ]
    private static let relayWords = [
        "relay", "relays", "relaying", "relayed", "non-local", "rcpthosts", "cannot deliver mail for", "not a gateway",
    ]
    /// How much a sender may send; said by code and words of a recipient or of a message, and of neither.
    private static let limitWords = [
        "max defers", "maximum defers", "failures per hour", "defers and failures", "sending rate", "send rate", "rate exceeded",
        "rate limited", "throttled", "throttling", "per hour", "per day", "per minute",
    ]
    private static let setupWords =
        relayWords + [
            // Login.
            "authenticate", "authenticated", "authentication", "unauthenticated", "auth required", "smtp auth",
            "smtp-auth", "auth first", "log in", "login", "logged in", "credential", "credentials", "password", "username",
            "pop before smtp", "pop-before-smtp", "api key", "access key", "security token",
            // Greeting.
            "helo", "ehlo", "fully-qualified", "fully qualified", "fqdn",
            // Encryption.
            "starttls", "tls required", "requires tls", "require tls", "tls connection", "encryption required", "secure connection",
            // Addresses and domains that a service must know first.
            "not verified", "unverified", "verify your", "verified domain", "verified identity", "verified email",
            "identity", "identities", "sandbox", "configuration set", "dkim", "dmarc", "spf",
            // The account and its limits.
            "your account", "subscription", "upgrade", "credits", "billing", "daily limit", "hourly limit",
            "monthly limit", "sending limit", "sending quota", "daily quota", "rate limit", "too many messages", "too many emails",
            "unusual sending", "unusual activity", "outgoing",
            // This machine.
            "blacklist", "blacklisted", "blocklist", "blocklisted", "block list", "black list", "dnsbl", "rbl", "spamhaus",
            "spamcop", "barracuda", "barracudacentral", "your ip", "this ip", "ip address", "sending ip", "client host", "client ip",
            "your host",
            "this host", "your server", "reverse dns", "rdns", "ptr", "reverse lookup", "reputation",
        ]
    /// After the message these are about the sending account, unless they are said of the recipient; at a recipient, as
    /// likely about his.
    private static let stateWords = ["account", "suspended", "paused", "disabled", "deactivated", "inactive"]
    private static let theirWords = ["recipient", "recipient's", "recipient’s", "mailbox", "tried to reach"]
    /// The same, of nobody but the sender.
    private static let accountWords = [
        "limit exceeded", "quota exceeded", "domain not found", "outboundspam", "submissionquota",
        // The sender's domain, which takes no mail: nobody could answer it.
        "no mx", "no mx record", "no mx records", "unconfigured", "unconfirmed",
        // What was bought, and what a service must know before it sends.
        "limit reached", "messaging limit", "messaging limits", "sending limits", "plan limit", "trial account", "trial accounts",
        "free plan", "your domain", "not activated", "verified recipients",
    ]
    /// Where not a word is about the message: what a service has against the account or the network that it comes from.
    private static let policyWords = [
        "policy restrictions", "policy restriction", "due to policy", "local policy", "organization policy", "organisation policy",
        "company policy",
    ]
    /// Said of us, and now and then of what is in a message.
    private static let weakWords = [
        "not permitted", "not allowed", "permission", "permissions", "authorized", "authorised", "unauthorized",
        "unauthorised", "administrative prohibition", "administratively", "prohibited", "outbound", "firewall", "dynamic",
    ]
    /// Said of who is not there.
    private static let userWords = [
        "user unknown", "unknown user", "unknown recipient", "recipient unknown", "no such user", "no such mailbox",
        "no such address", "no such recipient", "no such person", "no mailbox", "no user", "mailbox unavailable", "mailbox not found",
        "mailbox full",
        "mailbox is full", "invalid mailbox", "invalid recipient", "invalid address", "user not found", "recipient not found",
        "address unknown",
        "unknown address", "does not exist", "doesn't exist", "not our customer", "inactive user", "unrouteable", "unroutable", "null mx",
        "does not accept mail", "over quota", "you tried to reach",
    ]
    private static let recipientWords = userWords + ["recipient", "recipients", "mailbox"]
    private static let sizeWords: [String] =
        ["message", "mail", "email", "e-mail"].flatMap { what in
            [
                "\(what) too large", "\(what) too big", "\(what) is too large", "\(what) is too big", "\(what) too long",
                "\(what) is too long",
            ]
        } + ["message size", "mail size", "message length", "size limit", "maximum size", "size exceeds", "exceeds size"]
    private static let contentWords = [
        "spam", "spammy", "junk", "unsolicited", "content", "virus", "malware", "attachment", "phishing", "suspicious", "too big",
        "too large", "size", "8bit", "non-ascii", "line too long", "headers", "header", "duplicate", "message-id",
    ]
}

/// What a server says, as words that stand one blank apart; without the addresses, hosts and links in it, whose names may
/// be made of any word.
struct MailWords {
    private let text: String
    /// `(#5.7.1)`: qmail and its kin say the code of RFC 3463 last.
    let enhanced: String?

    init(_ said: String) {
        var words: [String] = []
        var code: String?
        for part in said.lowercased().split(whereSeparator: \.isWhitespace) {
            // Exchange runs the words of its exceptions together: `SendAsDeniedException.MapiExceptionSendAsDenied`.
            if code == nil, let mark = part.utf8.firstIndex(of: UInt8(ascii: "#")) {
                let digits = part.utf8[part.utf8.index(after: mark)...].prefix { (48...57).contains($0) || $0 == UInt8(ascii: ".") }
                if digits.split(separator: UInt8(ascii: ".")).count == 3 { code = String(decoding: digits, as: UTF8.self) }
            }
            if !part.utf8.contains(UInt8(ascii: "@")), let word = MailWords.listed.first(where: { String(part).contains(bytesOf: $0) }) {
                words.append(word)
                continue
            }
            if let word = MailWords.exceptions.first(where: { String(part).contains(bytesOf: $0) }) {
                words.append(word)
                continue
            }
            let isName = part.utf8.contains(UInt8(ascii: "@")) || String(part).contains(bytesOf: "://")
            if isName || MailWords.isHost(part) { continue }
            // A quote, a bracket or a full stop around a word is none of it.
            let bare = part.split { !($0.isLetter || $0.isNumber || $0 == "-" || $0 == "'" || $0 == "’") }
            words += bare.map { String($0) }
        }
        // Postfix's tables: `User unknown in relay recipient table` is about the user.
        enhanced = code
        text = " \(words.joined(separator: " ")) "
            .replacing(bytesOf: " relay recipient table ", with: " recipient table ")
    }

    /// What Exchange's exceptions for senders are called: no right to the address, taken for a source of spam, a quota used up.
    private static let exceptions = ["sendasdenied", "outboundspam", "submissionquota"]

    /// Who keeps lists of machines that send spam: their links say what a `Rejected, see …` is about.
    private static let listed = ["spamhaus", "spamcop", "barracudacentral", "dnsbl"]

    /// Whether one of these stands there, as whole words.
    func holdAny(_ phrases: [String]) -> Bool {
        phrases.contains { text.contains(bytesOf: " \($0) ") }
    }

    /// `mx.relay.example`, `[192.0.2.1]:`, but not the end of one sentence and the beginning of the next.
    private static func isHost(_ part: Substring) -> Bool {
        let bare = part.utf8.drop { !isNameByte($0) }
        let inner = bare.prefix(while: isNameByte)
        return inner.dropLast().contains(UInt8(ascii: ".")) && inner.split(separator: UInt8(ascii: ".")).count > 1
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }
}
