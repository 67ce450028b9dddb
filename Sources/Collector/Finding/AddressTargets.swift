import Model

/// Each address of a name is a replica: a headless service, a name with several A records, a service of Docker Compose.
public struct AddressTargets: TargetSource {
    private let host: String
    private let port: Int
    private let scheme: String
    private let family: NameResolver.Family
    public let refresh: TimeSpan
    private let resolver: NameResolver
    private let patience: TimeSpan
    private let call = BlockingCall<NameResolver.Answer>()

    /// - Parameter patience: how long the resolver is waited for: it asks each server of its list, several times.
    public init(
        host: String, port: Int, scheme: String = "http", family: NameResolver.Family = .ipv4, refresh: TimeSpan = .seconds(30),
        resolver: NameResolver = .system, patience: TimeSpan = .seconds(5)
    ) {
        self.host = host
        self.port = port
        self.scheme = scheme
        self.family = family
        self.refresh = refresh
        self.resolver = resolver
        self.patience = patience
    }

    public var name: String { "dns \(host)" + (family == .ipv6 ? " (AAAA)" : "") }
    public var hostName: String? { host }

    public func find() async throws(TargetFault) -> TargetList {
        let (resolver, host, family) = (resolver, host, family)
        switch await call.run(patience: patience, { resolver.resolve(host, family) }) {
        case .answer(.addresses(let addresses)):
            return TargetList(source: name, replicas: addresses.map { TargetURL.of(scheme, $0, port) })
        case .answer(.failure(let why)): throw TargetFault(.unresolvable, why)
        case .timedOut: throw TargetFault(.timeout, "no answer within \(patience)")
        case .stillBusy: throw TargetFault(.timeout, "the question before this one has no answer yet")
        case .noThread: throw TargetFault(.other, "this machine has no thread left to ask with")
        }
    }
}

/// Base URLs of what was found.
enum TargetURL {
    /// `http://10.0.0.5:8000`, `http://[fd00::5]:8000`
    static func of(_ scheme: String, _ address: String, _ port: Int) -> String {
        "\(scheme)://" + (address.utf8.contains(UInt8(ascii: ":")) ? "[\(address)]" : address) + ":\(port)"
    }

    /// The address of such a URL, and the same URL with a name in its place; nil for one without an address.
    static func named(_ url: String, _ host: String) -> (url: String, address: String)? {
        guard let scheme = ["http://", "https://"].first(where: url.hasPrefix) else { return nil }
        let rest = url.dropFirst(scheme.count)
        let isBracketed = rest.first == "["
        let address = isBracketed ? rest.dropFirst().prefix { $0 != "]" } : rest.prefix { $0 != ":" && $0 != "/" }
        guard !address.isEmpty else { return nil }
        let behind = rest[address.endIndex...].drop { $0 == "]" }
        return (scheme + host + behind, String(address))
    }

    /// `host:port` as lists of targets write it; nil for anything else: no path, no user, no blank.
    static func of(_ scheme: String, target: String) -> String? {
        let bytes = Array(target.utf8)
        guard !bytes.isEmpty, bytes.count <= 255 else { return nil }
        let isBracketed = bytes.first == UInt8(ascii: "[")
        guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")), colon > 0 else { return nil }
        let host = bytes[..<colon]
        let port = String(decoding: bytes[(colon + 1)...], as: UTF8.self)
        guard port.utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt16(port), number > 0 else { return nil }
        func isOfName(_ byte: UInt8) -> Bool {
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45 || byte == 46 || byte == 95
        }
        func isOfAddress(_ byte: UInt8) -> Bool {
            (48...58).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte) || byte == 46
        }
        let isHost =
            isBracketed
            ? host.count > 3 && host.last == UInt8(ascii: "]") && host.dropFirst().dropLast().allSatisfy(isOfAddress)
            : host.allSatisfy(isOfName)
        return isHost ? "\(scheme)://\(target)" : nil
    }
}
