/// Where a mail server is: `smtp://host[:port]` or `smtps://host[:port]`; a path is the name that this machine gives as its own.
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
        guard !rest.isEmpty, MailServer.isHost(rest), greeting.map(MailServer.isGreeting) ?? true else { return nil }
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

    /// A name, or an address as RFC 5321 (4.1.3) has it: `[192.0.2.1]`, `[IPv6:2001:db8::1]`.
    private static func isGreeting(_ text: Substring) -> Bool {
        guard text.hasPrefix("["), text.hasSuffix("]") else { return isName(text) }
        let inner = text.dropFirst().dropLast()
        let address = inner.lowercased().hasPrefix("ipv6:") ? inner.dropFirst(5) : inner
        return address.count > 1 && address.utf8.allSatisfy { isHex($0) || $0 == 58 || $0 == 46 }
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
