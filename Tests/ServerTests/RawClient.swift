import Glibc

/// A client that sends exactly the bytes it is given: what a library would refuse to send is what is tested here.
struct RawClient {
    struct Reply: Equatable {
        var status = 0
        var headers: [String] = []
        var body = ""

        /// The first value of a field, or nil.
        func header(_ name: String) -> String? {
            let start = name.lowercased() + ":"
            return headers.first { $0.lowercased().hasPrefix(start) }.map {
                String($0.dropFirst(start.count)).trimmed
            }
        }
    }

    struct Failure: Error { var what: String }

    let descriptor: Int32

    /// A connection that is there already.
    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Connects to loopback. Reads give up after 20 s, so that a broken server fails a test and does not hang it.
    ///
    /// - Parameter source: the address of this machine that it comes from.
    init(port: UInt16, from source: String = "127.0.0.1") throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var own = sockaddr_in()
        own.sin_family = sa_family_t(AF_INET)
        inet_pton(AF_INET, source, &own.sin_addr)
        _ = withUnsafePointer(to: &own) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else {
            let cause = String(cString: strerror(errno))
            close(descriptor)
            throw Failure(what: "connect to port \(port): \(cause)")
        }
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(what: "send: \(String(cString: strerror(errno)))") }
            sent += count
        }
    }

    /// Everything until the other side closes.
    func readToEnd() throws -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 { return all }
            guard count > 0 else { throw Failure(what: "receive: \(String(cString: strerror(errno)))") }
            all += buffer[..<count]
        }
    }

    /// Everything up to and including `end`.
    func read(through end: String) throws -> String {
        var all: [UInt8] = []
        var byte: UInt8 = 0
        while !all.suffix(end.utf8.count).elementsEqual(end.utf8) {
            guard recv(descriptor, &byte, 1, 0) == 1 else {
                throw Failure(what: "no \(end) in \(String(decoding: all, as: UTF8.self))")
            }
            all.append(byte)
        }
        return String(decoding: all, as: UTF8.self)
    }

    func read(count: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: max(1, count))
        while all.count < count {
            let got = recv(descriptor, &buffer, count - all.count, 0)
            guard got > 0 else { throw Failure(what: "ends \(count - all.count) bytes early") }
            all += buffer[..<got]
        }
        return all
    }

    /// One answer with a `Content-Length` (or none and no body); the connection stays usable.
    func readReply() throws -> Reply {
        var reply = Self.parse(head: try read(through: "\r\n\r\n"))
        // Interim, of a server that has not seen the body yet (RFC 9110, 15.2.1); the answer follows.
        while reply.status == 100 { reply = Self.parse(head: try read(through: "\r\n\r\n")) }
        var left = Int(reply.header("Content-Length") ?? "0") ?? 0
        var body: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while left > 0 {
            let count = recv(descriptor, &buffer, min(left, buffer.count), 0)
            guard count > 0 else { throw Failure(what: "body ends \(left) bytes early") }
            body += buffer[..<count]
            left -= count
        }
        reply.body = String(decoding: body, as: UTF8.self)
        return reply
    }

    func end() { close(descriptor) }

    /// One request on a connection of its own. `target` goes out as it is.
    static func ask(
        _ port: UInt16, _ method: String = "GET", _ target: String, headers: [String] = [], body: String = ""
    ) throws -> Reply {
        let client = try RawClient(port: port)
        defer { client.end() }
        let fields =
            headers + ["Host: test", "Connection: close"]
            + (method == "POST" ? ["Content-Length: \(body.utf8.count)"] : [])
        try client.send("\(method) \(target) HTTP/1.1\r\n\(fields.joined(separator: "\r\n"))\r\n\r\n\(body)")
        return try client.readReply()
    }

    private static func parse(head: String) -> Reply {
        var lines = head.split(separator: "\r\n").map(String.init)
        let first = lines.isEmpty ? "" : lines.removeFirst()
        let status = first.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return Reply(status: status, headers: lines)
    }
}

extension String {
    var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
