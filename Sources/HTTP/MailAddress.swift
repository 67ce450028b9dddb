/// A mailbox: `ops@example.com`, `Operations <ops@example.com>`. Whatever it holds can stand in a mail dialogue and in a
/// header: no blank, no control character, no bracket, ASCII only.
public struct MailAddress: Hashable, Sendable, CustomStringConvertible {
    /// Before the address, for people; nil without one.
    public let name: String?
    /// Before the `@`, as written.
    public let local: String
    /// Behind it, in lower case.
    public let domain: String

    /// `ops@example.com`.
    public var address: String { "\(local)@\(domain)" }
    public var description: String { name.map { "\($0) <\(address)>" } ?? address }

    /// Nil when it is none that every mail server takes: letters, digits and `!#$%&'*+-/=?^_{|}~.` before the `@`, a host
    /// name (its ASCII form) behind it.
    public init?(_ text: String) {
        var rest = text[...]
        var name: Substring?
        if rest.hasSuffix(">"), let open = rest.lastIndex(of: "<") {
            name = rest[..<open]
            rest = rest[rest.index(after: open)...].dropLast()
        }
        guard let at = rest.lastIndex(of: "@") else { return nil }
        let (local, domain) = (rest[..<at], rest[rest.index(after: at)...])
        guard MailAddress.isLocal(local), MailAddress.isDomain(domain) else { return nil }
        self.local = String(local)
        self.domain = domain.lowercased()
        self.name = name.map(MailAddress.unquoted).flatMap { $0.isEmpty ? nil : $0 }
        guard (self.name ?? "").unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 }),
            (self.name ?? "").unicodeScalars.count <= 64
        else { return nil }
    }

    /// The same mailbox under another name.
    public func named(_ name: String) -> MailAddress {
        MailAddress(name: name, local: local, domain: domain)
    }

    private init(name: String, local: String, domain: String) {
        self.name = name
        self.local = local
        self.domain = domain
    }

    private static func unquoted(_ name: Substring) -> String {
        var name = name.drop { $0 == " " }
        while name.last == " " { name.removeLast() }
        if name.count >= 2, name.first == "\"", name.last == "\"" { name = name.dropFirst().dropLast() }
        return String(name)
    }

    /// RFC 5322, 3.2.3: a dot-atom, at most 64 bytes.
    private static func isLocal(_ text: Substring) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return text.utf8.count <= 64
            && parts.allSatisfy { part in
                !part.isEmpty && part.allSatisfy { isLetterOrDigit($0) || "!#$%&'*+-/=?^_{|}~".utf8.contains($0) }
            }
    }

    private static func isDomain(_ text: Substring) -> Bool {
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let hyphen = UInt8(ascii: "-")
        return text.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.count) && label.first != hyphen && label.last != hyphen
                    && label.allSatisfy { isLetterOrDigit($0) || $0 == hyphen }
            }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }
}
