import Glibc

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
