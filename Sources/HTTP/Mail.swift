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

    /// `smtp://host[:port]` or `smtps://host[:port]`; a path is the name that this machine gives as its own.
    public var url: String
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
    /// From `send` to the answer to the message. Milliseconds, above 0.
    public var timeoutMs = 60_000
    /// For everything before the sender is named: name, TCP, greeting, TLS, login. Milliseconds; never longer than `timeoutMs`.
    public var connectTimeoutMs = 30_000

    public init(
        url: String, sender: MailAddress, recipients: [MailAddress], message: [UInt8], login: Login? = nil,
        encryption: Encryption = .required, caFile: String? = nil
    ) {
        self.url = url
        self.sender = sender
        self.recipients = recipients
        self.message = message
        self.login = login
        self.encryption = encryption
        self.caFile = caFile
    }

    /// Why it cannot be sent at all; shows nothing secret. Nil when it can.
    var flaw: String? {
        guard let server = MailServer(url) else { return "the URL is not smtp://host:port or smtps://host:port" }
        let aDay = 86_400_000
        guard (1...aDay).contains(timeoutMs), (1...aDay).contains(connectTimeoutMs) else {
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
    public var description: String { "mail to \(recipients.count) by \(MailServer(url)?.description ?? "(unreadable URL)")" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["mail": description]) }
}

/// Where a mail server is: the parts of its URL.
public struct MailServer: Hashable, Sendable, CustomStringConvertible {
    /// `smtps`: TLS from the first byte.
    public let isEncrypted: Bool
    /// Lower case, IPv6 in brackets.
    public let host: String
    /// 465 for `smtps` and 587 for `smtp` where the URL has none.
    public let port: UInt16
    /// What this machine calls itself; nil: its host name.
    public let greeting: String?

    /// Nil when it is none, or has a user, a query or a fragment in it.
    public init?(_ text: String) {
        guard let mark = text.firstIndex(of: ":"), text[mark...].hasPrefix("://") else { return nil }
        let scheme = text[..<mark].lowercased()
        guard scheme == "smtp" || scheme == "smtps" else { return nil }
        isEncrypted = scheme == "smtps"
        var rest = text[mark...].dropFirst(3)
        var greeting: Substring?
        if let slash = rest.firstIndex(of: "/") {
            greeting = rest[rest.index(after: slash)...]
            rest = rest[..<slash]
        }
        var port: UInt16?
        if let colon = rest.lastIndex(of: ":"), rest.last != "]" {
            guard let number = UInt16(rest[rest.index(after: colon)...]), number > 0 else { return nil }
            port = number
            rest = rest[..<colon]
        }
        guard !rest.isEmpty, MailServer.isHost(rest), greeting.map(MailServer.isName) ?? true else { return nil }
        host = rest.lowercased()
        self.port = port ?? (isEncrypted ? 465 : 587)
        self.greeting = greeting.flatMap { $0.isEmpty ? nil : String($0) }
    }

    /// With its port, without the greeting.
    public var description: String { "\(isEncrypted ? "smtps" : "smtp")://\(host):\(port)" }

    public var isThisMachine: Bool { host == "localhost" || host == "[::1]" || isLoopback4 }

    private var isLoopback4: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private static func isHost(_ text: Substring) -> Bool {
        if text.hasPrefix("["), text.hasSuffix("]") {
            return text.count > 4 && text.dropFirst().dropLast().utf8.allSatisfy { isHex($0) || $0 == 58 || $0 == 46 }
        }
        return isName(text)
    }

    private static func isName(_ text: Substring) -> Bool {
        text.utf8.count <= 253
            && text.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                    || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_")].contains(byte)
            }
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte)
    }
}
