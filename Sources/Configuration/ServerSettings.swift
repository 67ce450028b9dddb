import Ambient
import Model
import Settings

/// Files of a server that speaks TLS.
public struct ServerFiles: Hashable, Sendable, CustomStringConvertible {
    public let certificate: String
    public let key: String

    public var description: String { "\(certificate), key \(key)" }
}

/// Proxies that have asked people who they are, and what they may do.
public struct TrustedProxies: Hashable, Sendable, CustomStringConvertible {
    /// The header that holds the user's name.
    public let header: String
    public let ranges: [AddressRange]
    public let operators: [String]
    public let approvers: [String]

    public init(header: String, ranges: [AddressRange], operators: [String] = [], approvers: [String] = []) {
        (self.header, self.ranges, self.operators, self.approvers) = (header, ranges, operators, approvers)
    }

    public var description: String {
        "\(header) of \(ranges.map(\.description).joined(separator: ", ")); operators: \(operators.count), approvers: \(approvers.count)"
    }
}
