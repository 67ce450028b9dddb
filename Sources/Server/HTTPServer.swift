import CMicroHTTPD
import Glibc
import Synchronization

/// An HTTP/1.1 server on libmicrohttpd.
///
/// A handler is called for each complete request, on the server's own threads, many at a time. `stop()` lets the
/// requests in flight end and joins all threads; a server that is released stops itself.
public final class HTTPServer: Sendable {
    /// Who waits for whom.
    public enum Mode: Sendable, Equatable {
        /// So many threads, each serving many connections. Handlers must not block.
        case epoll(threads: Int)
        /// A thread for each connection. Handlers may block (``ServerRequest/waitUntilStopped(atMost:)``).
        case threadPerConnection
    }

    public struct Options: Sendable {
        public var mode = Mode.epoll(threads: 1)
        /// Connections above this wait until another ends; where ``turnsAway`` is set they are closed at once.
        public var maxConnections = 1_024
        /// Whether what is too many is closed at once and counted. Whoever asks the gate then goes on without waiting.
        public var turnsAway = false
        /// Connections from one address; those above are closed at once. 0 for no limit. Behind a proxy all come from one address.
        public var maxConnectionsPerAddress = 0
        /// A connection without traffic for so long is closed; 0 for never.
        public var idleTimeoutSeconds = 30
        /// A request that is not whole so long after its connection, or its first line, is cut off, whatever trickles in; 0 for
        /// never. Where there is a limit, a connection is closed ``idleTimeoutSeconds`` after its last request in the same way.
        public var requestTimeoutSeconds = 0
        /// A larger body is answered with 413 and never held in memory.
        public var maxBodyBytes = 1 << 20
        /// Memory of a connection for request line and headers; what does not fit is answered with 414 or 431.
        public var connectionMemoryBytes = 64 << 10
        /// A longer address is answered with 414, longer header fields (all of them together) with 431; 0 for no limit but the
        /// memory of the connection.
        public var maxTargetBytes = 0
        public var maxHeaderBytes = 0
        /// Whether answers carry a `Date` on their own.
        public var sendsDate = true
        /// Where each connection has a thread: how far these stand back behind the process' other threads, 0 to 19 as `nice` has it.
        public var niceness: Int32 = 0
        /// How long `stop()` waits for the requests in flight.
        public var drainSeconds = 5.0
        /// With it the server speaks TLS. The files are looked at every few seconds, and what was renewed is shown at once.
        public var certificate: ServerCertificate?
        /// Told when the files changed: nil where the new ones are shown, else why the old ones still are; and when what is shown
        /// ends.
        public var onRenewed: (@Sendable (ServerError?) -> Void)?
        /// Told of connections that were turned away or cut off since it was last told: once in a minute at most, from a thread
        /// of the server, and only where there is a ``requestTimeoutSeconds``.
        public var onRefused: (@Sendable (RefusedConnections) -> Void)?

        public init() {}

        /// For a server that answers short questions of anybody who can connect: no bodies, a bound on connections in all and of
        /// one address, ten seconds for a request.
        public static var questions: Options {
            var options = Options()
            options.maxConnections = 512
            options.maxConnectionsPerAddress = 256
            options.turnsAway = true
            options.requestTimeoutSeconds = 10
            options.maxBodyBytes = 0
            return options
        }
    }

    public typealias Handler = @Sendable (ServerRequest) -> ServerResponse

    /// The address to listen on.
    public let host: String
    private let requestedPort: UInt16
    private let service: Service
    private let actualPort = Atomic<UInt16>(0)
    private let daemon = Mutex<Daemon?>(nil)

    /// - Parameters:
    ///   - host: a numeric address of this machine, or `localhost`; loopback unless told otherwise.
    ///   - port: 0 takes a free one, see ``port``.
    public init(
        listen host: String = "127.0.0.1", port: UInt16 = 0, options: Options = Options(), handler: @escaping Handler
    ) {
        self.host = host
        requestedPort = port
        service = Service(options: options, handler: handler)
    }

    /// As above, with only the mode to choose.
    public convenience init(
        listen host: String = "127.0.0.1", port: UInt16 = 0, mode: Mode, handler: @escaping Handler
    ) {
        var options = Options()
        options.mode = mode
        self.init(listen: host, port: port, options: options, handler: handler)
    }

    deinit { stop() }

    /// What it turned away.
    public var tally: ConnectionTally { service.connections.tally }

    /// The port that is listened on; 0 before `start()`.
    public var port: UInt16 { actualPort.load(ordering: .acquiring) }

    /// `http://127.0.0.1:9465`, without a slash at the end.
    public var url: String {
        "\(service.certificate == nil ? "http" : "https")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    /// Starts listening; requests are answered from here on. A server starts once; a second call does nothing.
    public func start() throws(ServerError) {
        let outcome = daemon.withLock { daemon -> Result<Void, ServerError> in
            guard daemon == nil, !service.stopping.isStopping else { return .success(()) }
            return open().map { daemon = $0 }
        }
        try outcome.get()
    }

    /// Stops listening, lets the requests in flight end (at most ``Options/drainSeconds``), closes what is left and
    /// joins all threads. Not to be called by a handler.
    public func stop() {
        let stopped = daemon.withLock { daemon in
            defer { daemon = nil }
            return daemon
        }
        service.stopping.stop()
        guard let handle = stopped?.handle else { return }
        // What comes now is closed at once. `MHD_quiesce_daemon` would end the listening as well, but takes the socket out of the
        // set that the library's own thread waits on, while that thread may do the same: whoever is second ends the process.
        service.connections.refuse()
        _ = service.stopping.waitForLastRequest(atMost: service.options.drainSeconds)
        _ = service.connections.shutAll(atMost: service.options.drainSeconds)
        MHD_stop_daemon(handle)
        service.certificate?.hide(at: port)
        if let watcher = stopped?.watcher { pthread_join(watcher, nil) }
    }

    private func open() -> Result<Daemon, ServerError> {
        let options = service.options
        let listener: (descriptor: Int32, port: UInt16)
        do throws(ServerError) {
            listener = try ListenSocket.open(
                host: host, port: requestedPort, backlog: Int32(clamping: options.maxConnections))
        } catch {
            return .failure(error)
        }
        var settings = cmicrohttpd_options()
        settings.listen_socket = listener.descriptor
        if case .epoll(let threads) = options.mode { settings.epoll_threads = UInt32(max(1, threads)) }
        // The library lets what is too many wait and says nothing of it: where that is counted it must not come to it.
        settings.max_connections = UInt32(options.maxConnections + (options.turnsAway ? 64 : 0))
        settings.max_connections_per_address = options.turnsAway ? 0 : UInt32(options.maxConnectionsPerAddress)
        settings.idle_timeout = UInt32(options.idleTimeoutSeconds)
        settings.connection_memory = options.connectionMemoryBytes
        settings.date_header = options.sendsDate ? 1 : 0
        if let certificate = service.certificate {
            do throws(ServerError) {
                try certificate.show(at: listener.port)
            } catch {
                close(listener.descriptor)
                return .failure(error)
            }
            settings.encrypted = 1
        }
        var callbacks = service.callbacks
        guard let handle = cmicrohttpd_start(&settings, &callbacks) else {
            let error = ListenSocket.failure(errno, place: "\(host):\(listener.port)", port: listener.port)
            close(listener.descriptor)
            return .failure(error)
        }
        actualPort.store(listener.port, ordering: .releasing)
        let isWatched = options.requestTimeoutSeconds > 0 || options.certificate != nil
        return .success(Daemon(handle: handle, watcher: isWatched ? watch(port: listener.port) : nil))
    }

    /// A thread that shuts down overdue connections until the server stops. Without it the library's own timeout is left.
    private func watch(port: UInt16) -> pthread_t? {
        var thread = pthread_t()
        let owned = Unmanaged.passRetained(Watch(service: service, port: port))
        let code = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let watch = Unmanaged<Watch>.fromOpaque(context).takeRetainedValue()
                let service = watch.service
                while !service.stopping.wait(atMost: 1) {
                    if service.options.requestTimeoutSeconds > 0 { service.connections.shutOverdue() }
                    if let certificate = service.certificate, let outcome = certificate.renewed(at: watch.port) {
                        service.options.onRenewed?(outcome)
                    }
                    if let tell = service.options.onRefused, let news = service.connections.news { tell(news) }
                }
                return nil
            }, owned.toOpaque())
        guard code == 0 else {
            owned.release()
            return nil
        }
        return thread
    }
}

/// A running daemon.
///
/// `@unchecked Sendable`: whoever takes it out of the server's mutex is the only one to stop it.
private struct Daemon: @unchecked Sendable {
    let handle: OpaquePointer
    let watcher: pthread_t?
}

/// What the thread beside a server's own looks after.
private final class Watch: Sendable {
    let service: Service
    let port: UInt16

    init(service: Service, port: UInt16) {
        self.service = service
        self.port = port
    }
}

/// What the library's callbacks reach: it lives until the daemon's threads are joined, because the server holds it.
final class Service: Sendable {
    let options: HTTPServer.Options
    let handler: HTTPServer.Handler
    let stopping = StopSignal()
    let connections: Connections
    let certificate: Certificate?
    /// Nil: its threads are like all others, or serve many connections.
    private let niceness: Int32?

    init(options: HTTPServer.Options, handler: @escaping HTTPServer.Handler) {
        self.options = options
        certificate = options.certificate.map(Certificate.init)
        self.handler = handler
        niceness = options.niceness > 0 && options.mode == .threadPerConnection ? options.niceness : nil
        connections = Connections(
            most: options.turnsAway ? options.maxConnections : 0,
            mostOfOne: options.turnsAway ? options.maxConnectionsPerAddress : 0, requestSeconds: options.requestTimeoutSeconds,
            idleSeconds: options.idleTimeoutSeconds)
    }

    var callbacks: cmicrohttpd_callbacks {
        cmicrohttpd_callbacks(
            closure: Unmanaged.passUnretained(self).toOpaque(),
            accepts: { closure, address, _ in
                guard let closure else { return .NO }
                return Service.at(closure).connections.accepts(PeerAddress(address)) ? .YES : .NO
            },
            connection_changed: { closure, connection, _, code in
                guard let closure, let connection else { return }
                let connections = Service.at(closure).connections
                // `MHD_CONNECTION_NOTIFY_STARTED`; the other is `…_CLOSED`.
                if code.rawValue == 0 {
                    connections.began(
                        UInt(bitPattern: connection), socket: cmicrohttpd_socket(connection),
                        peer: PeerAddress(cmicrohttpd_peer(connection)))
                } else {
                    connections.ended(UInt(bitPattern: connection))
                }
            },
            request_began: { closure, target, connection in
                guard let closure, let target else { return nil }
                Service.at(closure).standBack()
                Service.at(closure).stopping.requestBegan()
                Service.at(closure).connections.requestBegan(UInt(bitPattern: connection))
                let bytes = UnsafeRawBufferPointer(start: target, count: strlen(target))
                return Unmanaged.passRetained(Exchange(target: Array(bytes))).toOpaque()
            },
            handle: { closure, connection, _, method, version, upload, uploadSize, context in
                guard let closure, let connection, let method, let version, let uploadSize, let exchange = context?.pointee
                else { return .NO }
                return Unmanaged<Exchange>.fromOpaque(exchange).takeUnretainedValue().advance(
                    connection, method: method, version: version, upload: upload, uploadSize: uploadSize, service: Service.at(closure))
            },
            request_ended: { closure, connection, context, _ in
                guard let closure, let exchange = context?.pointee else { return }
                Service.at(closure).connections.requestEnded(UInt(bitPattern: connection))
                context?.pointee = nil
                Unmanaged<Exchange>.fromOpaque(exchange).release()
                Service.at(closure).stopping.requestEnded()
            })
    }

    /// Lets other threads go first. Of the calling thread, which is the connection's own: to Linux each is a process here. One that
    /// stands further back already stays there.
    private func standBack() {
        if let niceness { setpriority(Int32(PRIO_PROCESS.rawValue), 0, niceness) }
    }

    private static func at(_ closure: UnsafeMutableRawPointer) -> Service {
        Unmanaged<Service>.fromOpaque(closure).takeUnretainedValue()
    }
}
