import Model

/// Where a service listens: a name or an address, and a port.
public struct ServicePlace: Hashable, Sendable, CustomStringConvertible {
    /// IPv6 without brackets.
    public let host: String
    public let port: UInt16

    /// - Parameter port: where the text has none; nil: it must have one.
    public init?(_ text: String, port fallback: UInt16?) {
        var (host, port) = (text[...], Substring?.none)
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":"), ServicePlace.isVersion6(host) else { return nil }
            if !rest.isEmpty { port = rest.dropFirst() }
        } else if let colon = text.lastIndex(of: ":") {
            // More than one is an address without a port.
            if text.firstIndex(of: ":") == colon { (host, port) = (text[..<colon], text[text.index(after: colon)...]) }
        }
        let number = port.map { $0.utf8.allSatisfy { (48...57).contains($0) } ? UInt16($0) : nil } ?? fallback
        guard let number, number > 0, ServicePlace.isHost(host) else { return nil }
        (self.host, self.port) = (String(host), number)
    }

    /// `db.example:5432`, `[::1]:5432`
    public var description: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether it is an address of version 6, by its characters.
    private static func isVersion6(_ text: some StringProtocol) -> Bool {
        text.utf8.count { $0 == UInt8(ascii: ":") } >= 2
            && text.utf8.allSatisfy { byte in
                (48...58).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte) || byte == UInt8(ascii: ".")
            }
    }

    /// Whether it is a name or an address by its characters, without a port.
    public static func isHost(_ text: some StringProtocol) -> Bool {
        guard !text.utf8.contains(UInt8(ascii: ":")) else { return isVersion6(text) }
        return (1...253).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || "-._".utf8.contains(byte)
                    || byte >= 0x80
            }
    }
}
