import Glibc
import Synchronization

/// A server on loopback that does with each request exactly what a test says, byte by byte.
///
/// Each connection has a thread of its own; the behaviour may block in it (`Peer.waitUntilClosed`), so that tests of
/// slow servers need no sleeps. `stop` ends every connection and joins every thread.
public final class MisbehavingServer: Sendable {
    public struct Request: Sendable {
        public let method: String
        public let path: String
        /// The head as it came, up to and without the empty line.
        public let head: String
        public let body: [UInt8]
        /// From 1, over the server's life.
        public let connection: Int
        /// From 1, on this connection.
        public let ordinal: Int
    }

    public typealias Behaviour = @Sendable (Request, Peer) -> Void

    public let port: UInt16
    public var url: String { "http://127.0.0.1:\(port)" }

    private struct State {
        var requests: [Request] = []
        var connections = 0
        var peers: [Peer] = []
        var threads: [pthread_t] = []
        var isStopped = false
    }

    private let listener: Int32
    private let greeting: String
    private let behave: Behaviour
    /// In the place of `behave`, for what speaks no HTTP.
    private let converse: (@Sendable (Peer, _ connection: Int) -> Void)?
    private let state = Mutex(State())

    /// Listens on a free port of 127.0.0.1.
    /// - Parameter greeting: written to each connection before anything is asked.
    public convenience init(greeting: String = "", _ behave: @escaping Behaviour = { _, peer in peer.close() }) throws {
        try self.init(greeting, behave, nil)
    }

    /// For what speaks no HTTP: does with each connection, from 1 on, what is said, and closes it.
    public convenience init(conversing converse: @escaping @Sendable (Peer, _ connection: Int) -> Void) throws {
        try self.init("", { _, _ in }, converse)
    }

    private init(_ greeting: String, _ behave: @escaping Behaviour, _ converse: (@Sendable (Peer, Int) -> Void)?) throws {
        let (listener, port) = try Loopback.listen(backlog: 512)
        self.listener = listener
        self.port = port
        self.greeting = greeting
        self.behave = behave
        self.converse = converse
        startThread { [self] in acceptConnections() }
    }

    /// Answers every request with the same bytes, on kept connections.
    public convenience init(always answer: String) throws {
        try self.init { _, peer in peer.write(answer) }
    }

    public var requests: [Request] { state.withLock { $0.requests } }
    public var connectionCount: Int { state.withLock { $0.connections } }

    /// Ends all connections and threads. Call once, when the test is done with it.
    public func stop() {
        let (peers, isFirst) = state.withLock { state in
            defer { state.isStopped = true }
            return (state.peers, !state.isStopped)
        }
        guard isFirst else { return }
        // Wakes accept; the descriptor is closed when nobody can be inside it any more.
        shutdown(listener, Int32(SHUT_RDWR))
        for peer in peers { peer.end() }
        while let thread = state.withLock({ $0.threads.popLast() }) { pthread_join(thread, nil) }
        close(listener)
    }

    private func acceptConnections() {
        while true {
            let socket = accept(listener, nil, nil)
            guard socket >= 0 else { return }
            // A program that a test starts meanwhile must not hold it open.
            _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
            let peer = Peer(socket: socket)
            let number: Int? = state.withLock { state in
                guard !state.isStopped else { return nil }
                state.connections += 1
                state.peers.append(peer)
                return state.connections
            }
            guard let number else {
                peer.close()
                return
            }
            startThread { [self] in serve(peer, connection: number) }
        }
    }

    private func serve(_ peer: Peer, connection: Int) {
        var ordinal = 0
        if !greeting.isEmpty { peer.write(greeting) }
        converse?(peer, connection)
        while converse == nil, let (head, body) = peer.readRequest() {
            ordinal += 1
            let words = head.prefix { $0 != "\r\n" }.split(separator: " ")
            let request = Request(
                method: words.first.map(String.init) ?? "", path: words.count > 1 ? String(words[1]) : "",
                head: head, body: body, connection: connection, ordinal: ordinal)
            state.withLock { $0.requests.append(request) }
            behave(request, peer)
        }
        peer.close()
        state.withLock { state in state.peers.removeAll { $0 === peer } }
    }

    private func startThread(_ work: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let work: @Sendable () -> Void
            init(_ work: @escaping @Sendable () -> Void) { self.work = work }
        }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Box(work)).toOpaque()
        let code = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Box>.fromOpaque(context).takeRetainedValue().work() }
                return nil
            }, context)
        precondition(code == 0, "no thread left for a test server")
        let handle = thread
        state.withLock { $0.threads.append(handle) }
    }
}

/// The server's end of one connection.
public final class Peer: Sendable {
    private struct State {
        var isClosed = false
        var unread: [UInt8] = []
    }

    private let socket: Int32
    private let state = Mutex(State())

    init(socket: Int32) {
        self.socket = socket
    }

    public func write(_ text: String) { write(Array(text.utf8)) }

    /// Writes all of it, or as much as the client takes before it hangs up.
    public func write(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count, !isClosed {
            let count = bytes.withUnsafeBytes { buffer in
                send(socket, buffer.baseAddress.map { $0 + sent }, buffer.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// An ordinary HTTP/1.1 answer with a length.
    public func answer(_ status: Int, _ body: String, headers: [String] = []) {
        let lines = ["HTTP/1.1 \(status) Status", "Content-Length: \(body.utf8.count)"] + headers
        write(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    /// What came in next, as much of it as is there; nil when the client hung up or the server is stopped.
    public func read() -> [UInt8]? {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        guard !isClosed else { return nil }
        let count = recv(socket, &chunk, chunk.count, 0)
        return count > 0 ? Array(chunk[..<count]) : nil
    }

    /// Blocks until the client hangs up or the server is stopped.
    public func waitUntilClosed() {
        var byte: UInt8 = 0
        while !isClosed, recv(socket, &byte, 1, 0) > 0 {}
        close()
    }

    public func close() {
        state.withLock { state in
            guard !state.isClosed else { return }
            state.isClosed = true
            Glibc.close(socket)
        }
    }

    /// Closes with RST instead of FIN, as a crashing process does.
    public func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        close()
    }

    /// Makes the connection's thread come back from whatever it blocks in.
    func end() {
        state.withLock { state in
            guard !state.isClosed else { return }
            shutdown(socket, Int32(SHUT_RDWR))
        }
    }

    private var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Nil when there is none to come.
    func readRequest() -> (head: String, body: [UInt8])? {
        var bytes = state.withLock { state in
            defer { state.unread = [] }
            return state.unread
        }
        var headEnd: Int?
        while true {
            if headEnd == nil { headEnd = Self.endOfHead(bytes) }
            if let headEnd {
                let head = String(decoding: bytes[..<(headEnd - 4)], as: UTF8.self)
                let end = headEnd + Self.contentLength(head)
                if bytes.count >= end {
                    let rest = Array(bytes[end...])
                    state.withLock { $0.unread = rest }
                    return (head, Array(bytes[headEnd..<end]))
                }
            }
            guard let more = read() else { return nil }
            bytes += more
        }
    }

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        let mark: [UInt8] = [13, 10, 13, 10]
        guard bytes.count >= 4 else { return nil }
        return (0...(bytes.count - 4)).first { Array(bytes[$0..<($0 + 4)]) == mark }.map { $0 + 4 }
    }

    private static func contentLength(_ head: String) -> Int {
        for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix("content-length:") {
            return Int(line.drop { $0 != ":" }.dropFirst().drop { $0 == " " }) ?? 0
        }
        return 0
    }
}

/// Ports of 127.0.0.1 that behave in ways that need no server.
public enum Loopback {
    public struct SocketError: Error {
        public let operation: String
        public let code: Int32
    }

    /// A port on which nobody listens: it was free a moment ago.
    public static func closedPort() throws -> UInt16 {
        let (socket, port) = try listen(backlog: 1)
        close(socket)
        return port
    }

    /// A port whose queue of unaccepted connections is full, so that the kernel drops every further attempt. It
    /// stays so until the result is released.
    public final class DeafPort: Sendable {
        public let port: UInt16
        private let sockets: [Int32]

        public init() throws {
            let (listener, port) = try listen(backlog: 0)
            self.port = port
            var sockets = [listener]
            for _ in 0..<4 {
                let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
                var address = Loopback.address(port: port)
                _ = withUnsafePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                    }
                }
                sockets.append(client)
            }
            self.sockets = sockets
        }

        deinit {
            for socket in sockets { close(socket) }
        }
    }

    /// A port that takes connections, hears them and never says a word, as a server that hangs does. It stays so until the
    /// result is released, which ends its connections.
    public final class MutePort: Sendable {
        public let port: UInt16
        private let listener: Int32

        public init() throws {
            (listener, port) = try listen(backlog: 8)
            // Who never comes must not hold up the tests.
            var limit = timeval(tv_sec: 60, tv_usec: 0)
            setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        }

        /// The URL of a database there for which libpq itself would wait for ever.
        public var database: String { "postgres://ops@127.0.0.1:\(port)/ops?sslmode=disable&gssencmode=disable&connect_timeout=0" }

        /// Waits until somebody is there and has said something, and so waits for an answer. What is returned holds the connection.
        public func waitForGuest() -> Guest {
            let socket = accept(listener, nil, nil)
            _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
            var byte: UInt8 = 0
            _ = read(socket, &byte, 1)
            return Guest(socket: socket)
        }

        public final class Guest: Sendable {
            private let socket: Int32

            init(socket: Int32) { self.socket = socket }

            deinit { close(socket) }
        }

        deinit { close(listener) }
    }

    static func listen(backlog: Int32) throws -> (socket: Int32, port: UInt16) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { throw SocketError(operation: "socket", code: errno) }
        var address = address(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                guard bind(listener, pointer, length) == 0 else { return errno }
                guard Glibc.listen(listener, backlog) == 0 else { return errno }
                return getsockname(listener, pointer, &length) == 0 ? 0 : errno
            }
        }
        guard code == 0 else {
            close(listener)
            throw SocketError(operation: "listen", code: code)
        }
        return (listener, UInt16(bigEndian: address.sin_port))
    }

    private static func address(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
