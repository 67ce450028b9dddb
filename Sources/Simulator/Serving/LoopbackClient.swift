import Glibc
import Server

/// A blocking HTTP/1.1 client for loopback: one request on a connection of its own.
///
/// On purpose not the monitor's own client: the simulator checks that one, and a mistake in it must not hide itself.
struct LoopbackClient: Sendable {
    struct Reply: Sendable {
        var status: Int
        /// As sent, in order.
        var headers: [(name: String, value: String)]
        var body: [UInt8]

        func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    /// Why no answer came.
    struct Failure: Error, Sendable {
        var cause: String
    }

    let port: UInt16
    /// For each step (connecting, each read), in milliseconds.
    let timeoutMilliseconds: Int

    /// Sends the request and reads the answer to its announced end. `Host`, length and `Connection` are added.
    func send(
        _ method: String, _ target: [UInt8], headers: [(name: String, value: [UInt8])] = [], body: [UInt8] = []
    ) throws(Failure) -> Reply {
        let descriptor = try connected()
        defer { close(descriptor) }
        var request = Array("\(method) ".utf8) + target + Array(" HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n".utf8)
        for (name, value) in headers {
            request += Array("\(name): ".utf8) + value + [13, 10]
        }
        if method == "POST" || !body.isEmpty { request += Array("Content-Length: \(body.count)\r\n".utf8) }
        request += Array("Connection: close\r\n\r\n".utf8) + body
        try write(request, to: descriptor)
        return try Self.parse(try readToEnd(descriptor), bodiless: method == "HEAD")
    }

    private func connected() throws(Failure) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(cause: String(cString: strerror(errno))) }
        var limit = timeval(tv_sec: timeoutMilliseconds / 1_000, tv_usec: timeoutMilliseconds % 1_000 * 1_000)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let outcome = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard outcome == 0 else {
            let cause = String(cString: strerror(errno))
            close(descriptor)
            throw Failure(cause: cause)
        }
        return descriptor
    }

    private func write(_ bytes: [UInt8], to descriptor: Int32) throws(Failure) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(cause: String(cString: strerror(errno))) }
            sent += count
        }
    }

    private func readToEnd(_ descriptor: Int32) throws(Failure) -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 { return all }
            guard count > 0 else {
                throw Failure(cause: errno == EAGAIN ? "timeout" : String(cString: strerror(errno)))
            }
            all += buffer[..<count]
        }
    }

    private static func parse(_ bytes: [UInt8], bodiless: Bool) throws(Failure) -> Reply {
        var lines: [ArraySlice<UInt8>] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 10) {
            let line = rest[..<end].last == 13 ? rest[..<end].dropLast() : rest[..<end]
            rest = rest[(end + 1)...]
            if line.isEmpty { break }
            lines.append(line)
        }
        let first = lines.first.map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard first.hasPrefix("HTTP/1."),
            let status = first.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { throw Failure(cause: bytes.isEmpty ? "closed without an answer" : "not HTTP") }
        var headers: [(name: String, value: String)] = []
        for line in lines.dropFirst() {
            let parts = line.split(separator: 58, maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw Failure(cause: "malformed header field") }
            let value = String(decoding: parts[1].drop { $0 == 32 || $0 == 9 }, as: UTF8.self)
            headers.append((name: String(decoding: parts[0], as: UTF8.self), value: value))
        }
        let reply = Reply(status: status, headers: headers, body: Array(rest))
        if !bodiless, let length = reply.header("content-length").flatMap({ Int($0) }), reply.body.count < length {
            throw Failure(cause: "truncated: \(reply.body.count) of \(length) bytes")
        }
        return reply
    }
}
