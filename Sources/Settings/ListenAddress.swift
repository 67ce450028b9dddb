import Model
import YAML

/// Where a server listens.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// Without brackets.
    public let host: String
    public let port: UInt16

    /// Reads `127.0.0.1:9465`, `[::1]:9465`, `localhost:9465`. Nil when it is not one.
    public init?(_ text: String) {
        // `UInt16` would take a sign.
        guard let colon = text.lastIndex(of: ":"), case let digits = text[text.index(after: colon)...],
            digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits)
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":" as Character) {
            return nil
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "*") && $0 != UInt8(ascii: "/") }) else {
            return nil
        }
        self.host = String(host)
        self.port = port
    }

    public var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
    public var description: String { host.contains(":" as Character) ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension SettingReader {
    /// Reads `listen`.
    /// - Parameter open: whose it is where it asks nobody who they are, at the beginning of a sentence: `The gate`. Then it is a
    ///   warning that others than this machine reach it.
    public func listen(_ node: YAMLNode, open what: String? = nil) -> ListenAddress? {
        guard let text = text(node, "'listen'") else { return nil }
        guard let address = ListenAddress(text) else {
            let isStar = text.hasPrefix("*") || text.hasPrefix(":")
            reporter.report(
                "type", "'listen' must be an address and a port", at: node,
                hint: isStar
                    ? "write 0.0.0.0:PORT or [::]:PORT for all addresses, 127.0.0.1:PORT for this machine" : "such as 127.0.0.1:9465")
            return nil
        }
        if let what, !address.isLoopback {
            reporter.report(
                "listen", "\(what) can be reached from other machines and asks nobody who they are", at: node,
                hint: "listen on 127.0.0.1, or let a firewall or proxy stand before it", severity: .warning)
        }
        return address
    }
}
