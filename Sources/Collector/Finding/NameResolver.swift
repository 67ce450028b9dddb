import Glibc
import Model

/// Asks the system's resolver, as every program of this machine does: its hosts file, its DNS servers.
public struct NameResolver: Sendable {
    public enum Family: String, Sendable, CaseIterable {
        case ipv4 = "A", ipv6 = "AAAA"
    }

    /// What is known of a name.
    public enum Answer: Sendable, Equatable {
        /// As one would write them, in no order; none where the name has none, or is not there.
        case addresses([String])
        /// Nobody could be asked, or the answer was none.
        case failure(String)
    }

    /// Blocks.
    public var resolve: @Sendable (_ name: String, Family) -> Answer

    public init(_ resolve: @escaping @Sendable (String, Family) -> Answer) {
        self.resolve = resolve
    }

    public static let system = NameResolver { name, family in
        var hints = addrinfo()
        hints.ai_family = family == .ipv4 ? AF_INET : AF_INET6
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(name, nil, &hints, &first)
        defer { if let first { freeaddrinfo(first) } }
        switch code {
        case 0: break
        // The name is not there, or has no address of that kind: -5 is EAI_NODATA, -9 EAI_ADDRFAMILY, behind a macro that
        // is not set.
        case EAI_NONAME, -5, -9: return .addresses([])
        default: return .failure(String(cString: gai_strerror(code)))
        }
        var addresses: [String] = []
        var next = first
        while let info = next {
            if let address = text(info.pointee) { addresses.append(address) }
            next = info.pointee.ai_next
        }
        return .addresses(addresses)
    }

    private static func text(_ info: addrinfo) -> String? {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(info.ai_addr, info.ai_addrlen, &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST) == 0 else { return nil }
        let bytes = host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let address = String(decoding: bytes, as: UTF8.self)
        // One that holds only on one link of this machine stands in no URL.
        return address.utf8.contains(UInt8(ascii: "%")) ? nil : address
    }
}
