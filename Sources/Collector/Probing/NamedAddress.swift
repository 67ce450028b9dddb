import Glibc

/// An address of a host, as the system's resolver finds it.
struct NamedAddress: Sendable {
    let family: Int32
    /// The bytes of a `sockaddr`.
    let bytes: [UInt8]

    enum Failure: Error, Sendable, Equatable {
        /// There is no such name, or it has no address of the wanted kind.
        case none
        /// The name servers did not answer, or could not find out.
        case noAnswer(String)
    }

    /// Looks up a name; blocks for as long as the system's resolver does, and belongs on a thread of its own.
    /// - Parameter family: `AF_INET`, `AF_INET6` or `AF_UNSPEC`.
    static func find(_ host: String, port: UInt16 = 0, family: Int32 = AF_UNSPEC) -> Result<[NamedAddress], Failure> {
        var hints = addrinfo()
        hints.ai_family = family
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        switch code {
        case 0: break
        // EAI_NODATA and EAI_ADDRFAMILY, which glibc's header shows to GNU programs only.
        case EAI_NONAME, -5, -9: return .failure(.none)
        default: return .failure(.noAnswer(String(cString: gai_strerror(code)).lowercased()))
        }
        var found: [NamedAddress] = []
        var entry = list
        while let current = entry, found.count < 64 {
            let info = current.pointee
            if let address = info.ai_addr {
                found.append(
                    NamedAddress(
                        family: info.ai_family, bytes: Array(UnsafeRawBufferPointer(start: address, count: Int(info.ai_addrlen)))))
            }
            entry = info.ai_next
        }
        return found.isEmpty ? .failure(.none) : .success(found)
    }
}

/// A socket that speaks to one address, closed with the value. Its calls block no longer than they are told.
struct DatagramSocket: ~Copyable {
    private let descriptor: Int32

    /// - Parameter number: of the protocol; 0: UDP.
    init(_ address: NamedAddress, protocol number: Int32 = 0) throws(SocketFault) {
        let descriptor = socket(address.family, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), number)
        guard descriptor >= 0 else { throw SocketFault(code: errno) }
        let code = address.bytes.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { connect(descriptor, $0.baseAddress, socklen_t(bytes.count)) }
        }
        guard code == 0 else {
            let fault = SocketFault(code: errno)
            close(descriptor)
            throw fault
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) throws(SocketFault) {
        let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        // Where there is no room for it now it is as good as lost on the way.
        guard count >= 0 || errno == EAGAIN else { throw SocketFault(code: errno) }
    }

    /// The next thing that comes in within so many milliseconds; nil where nothing does.
    func receive(within milliseconds: Int) throws(SocketFault) -> [UInt8]? {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, Int32(clamping: max(0, milliseconds))) > 0 else { return nil }
        var chunk = [UInt8](repeating: 0, count: 4_096)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count < 0, errno == EAGAIN || errno == EINTR { return nil }
        guard count >= 0 else { throw SocketFault(code: errno) }
        return Array(chunk[..<count])
    }
}

/// What the system says of a socket.
struct SocketFault: Error, Equatable {
    let code: Int32

    var text: String { String(cString: strerror(code)).lowercased() }
}
