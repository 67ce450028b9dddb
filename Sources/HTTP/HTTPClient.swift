import Ambient
import Glibc
import Synchronization

/// The one HTTP client of the program: any number of concurrent requests over libcurl, on one thread of its own.
///
/// Only `http` and `https`, HTTP/1.1, no cookies, no compression, no proxy unless told, TLS verified
/// unless a request says otherwise.
/// Every request has a time limit and a body limit. Connections are kept and reused, a bounded number per host.
public final class HTTPClient: Sendable {
    /// What holds for all requests of a client.
    public struct Options: Sendable {
        public var userAgent = "mozaiks-ops"
        /// Connections in use at once for one host and port; more requests wait their turn. At least 1.
        public var connectionsPerHost = 8
        /// Measured requests under way at once, to all hosts together; more wait their turn. They make connections of their
        /// own, which count for no host: one that hangs holds up nobody who asks the same host. At least 1.
        public var measuredConnections = 512
        /// Idle connections kept in all.
        public var idleConnections = 1_024
        /// A connection is used for so many seconds at the most, so that a name that moved is followed, however busy it is.
        public var connectionSeconds = 300
        /// Bytes that answers may take together until they are let go; a larger one fails with `noRoom`. The first 64 KiB
        /// of each are always there.
        public var bodyMemory = 256 << 20
        /// Requests submitted and unanswered; more fail with `overloaded`.
        public var pendingLimit = 10_000
        /// Authorities, an own certificate, proxies. The environment is read only where `network` was made from it.
        public var network = NetworkOptions()

        public init(userAgent: String = "mozaiks-ops", network: NetworkOptions = NetworkOptions()) {
            self.userAgent = userAgent
            self.network = network
        }
    }

    /// Since the client was made.
    public struct Counts: Sendable, Equatable {
        public var requests = 0
        public var failures = 0
        /// Requests sent again because a kept connection turned out to be closed.
        public var staleRetries = 0
        /// Refused as `overloaded`.
        public var dropped = 0
    }

    /// Shared by clients that differ in their files only.
    private final class Core: Sendable {
        let loop: TransferLoop
        let thread: TransferThread
        let nextID = Atomic<UInt64>(0)
        let underWay = Atomic<Int>(0)

        init(_ loop: TransferLoop, _ thread: TransferThread) {
            self.loop = loop
            self.thread = thread
        }

        deinit {
            loop.close()
            thread.join()
        }
    }

    private let core: Core
    private var loop: TransferLoop { core.loop }
    private var thread: TransferThread { core.thread }
    /// For requests that say nothing else.
    private let tls: TLSFiles
    private let clock = SystemClock()

    /// Fails with `other` when the process is out of memory or threads.
    public init(_ options: Options = Options()) throws(HTTPError) {
        guard let loop = TransferLoop(options: options), let thread = TransferThread(running: loop) else {
            throw HTTPError(
                .other(code: 0, "libcurl or its thread cannot start"), what: "start", location: "this process")
        }
        core = Core(loop, thread)
        tls = TLSFiles()
    }

    private init(_ core: Core, _ tls: TLSFiles) {
        self.core = core
        self.tls = tls
    }

    /// The same client, with other files for what it asks. Its connections, limits and end are this one's.
    public func using(_ tls: TLSFiles) -> HTTPClient {
        tls == TLSFiles() ? self : HTTPClient(core, tls.over(self.tls))
    }

    public var counts: Counts { loop.counts }
    /// Requests of which whoever sent them has not heard yet.
    package var underWay: Int { core.underWay.load(ordering: .acquiring) }

    private func with(_ request: HTTPRequest) -> HTTPRequest {
        var request = request
        request.tls = request.tls.over(tls)
        return request
    }

    /// Sends one request and waits for the whole answer. Cancelling the task ends it with `cancelled`.
    public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let url = try request.validated()
        core.underWay.add(1, ordering: .acquiringAndReleasing)
        defer { core.underWay.subtract(1, ordering: .acquiringAndReleasing) }
        let request = with(request)
        let deadline = clock.monotonicNanoseconds() + UInt64(request.timeoutMs) * 1_000_000
        let id = core.nextID.add(1, ordering: .relaxed).newValue
        let ticket = Ticket()
        let outcome: Transfer.Outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let transfer = Transfer(
                    id: id, request: request, url: url, deadline: deadline, memory: loop.memory, network: loop.network,
                    continuation: continuation)
                let alreadyCancelled = ticket.state.withLock { state in
                    state.transfer = transfer
                    return state.isCancelled
                }
                if alreadyCancelled { transfer.fail(.cancelled) } else { loop.submit(transfer) }
            }
        } onCancel: {
            let transfer = ticket.state.withLock { state in
                state.isCancelled = true
                return state.transfer
            }
            if let transfer { loop.cancel(transfer) }
        }
        let proxy = request.goesDirectly ? nil : loop.network.proxy(scheme: url.scheme, host: url.host, port: url.port)
        return Echo.hidden(in: try outcome.get(), of: request, proxy: proxy)
    }

    /// Cancels what runs, refuses what comes, and returns when the thread has ended and every connection is closed.
    public func shutdown() async {
        loop.close()
        await thread.ended()
        thread.join()
    }

    /// Connects a cancellation to a transfer that may not exist yet when it comes.
    private final class Ticket: Sendable {
        let state = Mutex<(transfer: Transfer?, isCancelled: Bool)>((nil, false))
    }
}
