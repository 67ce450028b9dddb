import Model

/// What came of one attempt to hand over a mail.
public enum MailOutcome: Sendable, Equatable {
    /// The server answers for it now, for all recipients but the refused ones.
    case accepted(refused: [RefusedRecipient])
    /// The server said no.
    case refused(SMTPRefusal)
    /// There was no answer that counts. Whether the server has the message is not known where the step was `message`.
    case failed(MailFailure)
}

public struct RefusedRecipient: Sendable, Equatable {
    public let recipient: MailAddress
    public let reply: SMTPReply
}

/// A server's no.
public struct SMTPRefusal: Sendable, Equatable {
    /// What it said no to.
    public let step: SMTPStep
    public let reply: SMTPReply
    /// Each recipient's answer, where the step is a recipient: all were refused.
    public let recipients: [RefusedRecipient]
}

/// Why there is no answer to a mail.
public struct MailFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// The mail or the URL cannot be sent at all.
        case invalid(String)
        case unresolvable(host: String)
        case refused
        case unreachable(String)
        case timeout(afterMs: Int)
        /// It takes the connection and does not answer the handshake of `smtps:`.
        case noHandshake(afterMs: Int)
        /// It takes the connection and does not speak first, as a mail server does.
        case noGreeting(afterMs: Int)
        case tls(String)
        /// The server offers no way to log in that works with a user and a password.
        case noLogin
        case connectionLost
        case notSMTP
        case cancelled
        case outOfMemory
        /// Anything else that libcurl reports, with its number.
        case other(code: Int, String)
    }

    public let kind: Kind
    /// How far it had come.
    public let step: SMTPStep
    /// The server, without credentials.
    public let location: String

    /// One line: where, what happened, what to look at.
    public var description: String { "\(location): \(why)" + (hint.map { "; \($0)" } ?? "") }

    /// What happened, for a person.
    public var why: String {
        switch kind {
        case .invalid(let reason): "cannot be sent: \(reason)"
        case .unresolvable(let host): "the name \(host) has no address"
        case .refused: "connection refused"
        case .unreachable(let reason): "no way to the host: \(reason)"
        case .timeout(let afterMs): "no answer to \(step) within \(afterMs) ms"
        case .noHandshake(let afterMs): "no answer in the TLS handshake within \(afterMs) ms"
        case .noGreeting(let afterMs): "no answer to the connection within \(afterMs) ms, though it was taken"
        case .tls(let reason): "TLS failed: \(reason)"
        case .noLogin: "it offers no login with user and password (PLAIN or LOGIN)"
        case .connectionLost: "the connection ended before an answer to \(step)"
        case .notSMTP: "what answers there is no mail server"
        case .cancelled: "cancelled"
        case .outOfMemory: "no memory or thread left"
        case .other(let code, let reason): "\(reason) (libcurl \(code))"
        }
    }

    /// Nothing is wrong with the certificate then.
    static let noStartTLS = "the server offers no STARTTLS"

    private var hint: String? {
        switch kind {
        case .unresolvable: "check the name, and the DNS server of this machine"
        case .refused: "is it listening on this port?"
        case .unreachable: "check routes and firewalls"
        case .timeout where step == .greeting: "a firewall that drops packets, or a host too busy to accept?"
        case .noHandshake: "is smtps: right for this port (465), or is it smtp: (587 and 25, with STARTTLS)?"
        case .noGreeting where location.hasPrefix("smtps:"): "is it a mail server, and is it overloaded?"
        case .noGreeting: "is it smtps: (465), or a server that is overloaded?"
        case .connectionLost where step == .greeting && location.hasPrefix("smtps:"): "smtps: where it must be smtp:, or a firewall?"
        case .connectionLost where step == .greeting: "smtp: where it must be smtps:, or a firewall?"
        case .tls(let reason) where reason != MailFailure.noStartTLS: TLSTrouble(reason).mailHint
        case .notSMTP: "check host and port"
        default: nil
        }
    }
}
