import Ambient
import Model

/// One message for one mail server, with the limits within which it must be taken.
public struct Mail: Sendable {
    /// What protects the way to the server. Certificates are always checked where there are any.
    public enum Encryption: Sendable, Equatable {
        /// TLS from the first byte for `smtps:`; STARTTLS, refused or taken away meaning failure, for `smtp:`.
        case required
        /// None. No password is ever sent over it, except to this machine itself.
        case none
    }

    public struct Login: Sendable {
        public let user: String
        public let password: Secret

        public init(user: String, password: Secret) {
            self.user = user
            self.password = password
        }
    }

    public var server: MailServer
    /// Who gets told when it bounces.
    public var sender: MailAddress
    /// At least one.
    public var recipients: [MailAddress]
    /// Headers and body as RFC 5322 has them, each line ended by CR LF. Dots at a line's start are taken care of.
    public var message: [UInt8]
    public var login: Login?
    public var encryption: Encryption
    /// A PEM file of accepted authorities; nil means the system's.
    public var caFile: String?
    /// From `send` until the server has the whole message. Milliseconds, above 0.
    public var timeoutMs = 60_000
    /// From the message's last dot to the answer to it. A server may look for spam and viruses meanwhile, and one that is
    /// left before its answer has the message all the same: each further attempt would be another copy. Hence the ten
    /// minutes of RFC 5321, 4.5.3.2.6. Milliseconds, above 0.
    public var acceptanceTimeoutMs = 600_000
    /// For everything before the sender is named: name, TCP, greeting, TLS, login. Milliseconds; never longer than `timeoutMs`.
    public var connectTimeoutMs = 30_000

    public init(
        server: MailServer, sender: MailAddress, recipients: [MailAddress], message: [UInt8], login: Login? = nil,
        encryption: Encryption = .required, caFile: String? = nil
    ) {
        self.server = server
        self.sender = sender
        self.recipients = recipients
        self.message = message
        self.login = login
        self.encryption = encryption
        self.caFile = caFile
    }

    /// Why it cannot be sent at all; shows nothing secret. Nil when it can.
    var flaw: String? {
        let aDay = 86_400_000
        guard (1...aDay).contains(timeoutMs), (1...aDay).contains(connectTimeoutMs),
            (1...aDay).contains(acceptanceTimeoutMs)
        else {
            return "a time limit is not within 1 ms and a day"
        }
        guard !recipients.isEmpty else { return "it has no recipient" }
        if login != nil, encryption == .none, !server.isEncrypted, !server.isThisMachine {
            return "a password is not sent unencrypted; leave STARTTLS on"
        }
        return nil
    }
}

extension Mail: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "mail to \(recipients.count) by \(server)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["mail": description]) }
}
