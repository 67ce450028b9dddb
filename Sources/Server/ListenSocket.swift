import Glibc

/// A listening TCP socket, made here and not by libmicrohttpd so that a failure keeps its cause.
enum ListenSocket {
    /// Binds and listens. `host` is a numeric IPv4 or IPv6 address or `localhost` (127.0.0.1); port 0 takes a free one.
    static func open(host: String, port: UInt16, backlog: Int32) throws(ServerError) -> (
        descriptor: Int32, port: UInt16
    ) {
        let place = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        var storage = sockaddr_storage()
        let length = try fill(&storage, host: host == "localhost" ? "127.0.0.1" : host, port: port, place: place)
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(Int32(storage.ss_family), type, 0)
        guard descriptor >= 0 else { throw failure(errno, place: place, port: port) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let bound = withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard bound == 0, listen(descriptor, backlog) == 0 else {
            let code = errno
            close(descriptor)
            throw failure(code, place: place, port: port)
        }
        var actual = sockaddr_storage()
        var actualLength = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = withUnsafeMutablePointer(to: &actual) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &actualLength) }
        }
        // The port stands at the same place in both families' addresses.
        let actualPort = withUnsafePointer(to: &actual) {
            $0.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin_port) }
        }
        return (descriptor, actualPort)
    }

    private static func fill(
        _ storage: inout sockaddr_storage, host: String, port: UInt16, place: String
    ) throws(ServerError) -> socklen_t {
        var four = sockaddr_in()
        if inet_pton(AF_INET, host, &four.sin_addr) == 1 {
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port.bigEndian
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: four, as: sockaddr_in.self) }
            return socklen_t(MemoryLayout<sockaddr_in>.size)
        }
        var six = sockaddr_in6()
        if inet_pton(AF_INET6, host, &six.sin6_addr) == 1 {
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: six, as: sockaddr_in6.self) }
            return socklen_t(MemoryLayout<sockaddr_in6>.size)
        }
        throw ServerError(
            operation: "listen", address: place, cause: "not a numeric address",
            hint: "use an address of this machine, such as 127.0.0.1 or ::1", retryable: false)
    }

    static func failure(_ code: Int32, place: String, port: UInt16) -> ServerError {
        let hint: String
        switch code {
        case EADDRINUSE: hint = "`ss -ltnp 'sport = :\(port)'` shows which process holds the port"
        case EACCES: hint = "ports below 1024 need a privilege; choose a higher one"
        case EADDRNOTAVAIL: hint = "no interface of this machine has that address; `ip address` lists them"
        case EMFILE, ENFILE: hint = "too many open files; raise LimitNOFILE"
        default: hint = "errno \(code)"
        }
        let cause = String(cString: strerror(code))
        return ServerError(
            operation: "listen", address: place, cause: cause.prefix(1).lowercased() + cause.dropFirst(), hint: hint,
            retryable: [EADDRINUSE, EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(code))
    }
}
