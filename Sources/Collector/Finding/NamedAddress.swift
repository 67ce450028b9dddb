import Glibc

/// An address of a host, as the system's resolver finds it: the one way in which names are looked up here.
public struct NamedAddress: Sendable {
    let family: Int32
    /// The bytes of a `sockaddr`.
    let bytes: [UInt8]

    /// What the resolver says where it has no address to give.
    public struct Fault: Error, Sendable, Equatable {
        /// One of getaddrinfo's.
        let code: Int32

        /// In the system's words.
        public var text: String { String(cString: gai_strerror(code)) }

        /// Whether that is an answer: the name is not there, or has no address of the wanted kind. -5 is EAI_NODATA, -9
        /// EAI_ADDRFAMILY, which glibc's header shows to GNU programs only.
        var isAbsence: Bool { code == EAI_NONAME || code == -5 || code == -9 }
    }

    enum Failure: Error, Sendable, Equatable {
        /// There is no such name, or it has no address of the wanted kind.
        case none
        /// The name servers did not answer, or could not find out.
        case noAnswer(String)
    }

    /// Looks up a name, in the order that the resolver prefers; blocks for as long as it does, and belongs on a thread of its own.
    /// - Parameter family: `AF_INET`, `AF_INET6` or `AF_UNSPEC`.
    public static func all(of host: String, port: UInt16 = 0, family: Int32 = AF_UNSPEC) -> Result<[NamedAddress], Fault> {
        var hints = addrinfo()
        hints.ai_family = family
        // One of several kinds of socket that have the same addresses: without it each address stands three times.
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard code == 0 else { return .failure(Fault(code: code)) }
        var found: [NamedAddress] = []
        var entry = list
        while let info = entry?.pointee {
            if let address = info.ai_addr {
                let bytes = UnsafeRawBufferPointer(start: address, count: Int(info.ai_addrlen))
                found.append(NamedAddress(family: info.ai_family, bytes: Array(bytes)))
            }
            entry = info.ai_next
        }
        return .success(found)
    }

    /// A few addresses to speak to.
    static func find(_ host: String, port: UInt16 = 0, family: Int32 = AF_UNSPEC) -> Result<[NamedAddress], Failure> {
        switch all(of: host, port: port, family: family) {
        case .success(let found): found.isEmpty ? .failure(.none) : .success(Array(found.prefix(64)))
        case .failure(let fault): .failure(fault.isAbsence ? .none : .noAnswer(fault.text.lowercased()))
        }
    }

    /// As one would write it, without a port; nil where it cannot be written.
    public var text: String? {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let status = bytes.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { address in
                getnameinfo(address.baseAddress, socklen_t(bytes.count), &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST)
            }
        }
        guard status == 0 else { return nil }
        return String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
