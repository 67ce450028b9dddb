import Ambient
import Glibc
import Synchronization

/// The one HTTP client of the program: any number of concurrent requests over libcurl, on one thread of its own.
///
/// Only `http` and `https`, HTTP/1.1, no cookies, no compression, no proxy unless told, TLS always verified.
/// Every request has a time limit and a body limit. Connections are kept and reused, a bounded number per host.
public final class HTTPClient: Sendable {
    /// What holds for all requests of a client.
    public struct Options: Sendable {
        public var userAgent = "mozaiks-ops"
        /// Connections in use at once for one host and port; more requests wait their turn. At least 1.
        public var connectionsPerHost = 8
        /// Idle connections kept in all.
        public var idleConnections = 1_024
        /// Requests submitted and unanswered; more fail with `overloaded`.
        public var pendingLimit = 10_000
        /// A PEM file of accepted authorities; nil means the system's.
        public var caFile: String?
        /// `http://host:port`. The environment's proxy variables are never read.
        public var proxy: String?

        public init(userAgent: String = "mozaiks-ops", caFile: String? = nil) {
            self.userAgent = userAgent
            self.caFile = caFile
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

    private let loop: TransferLoop
    private let thread: TransferThread
    private let nextID = Atomic<UInt64>(0)
    private let clock = SystemClock()

    /// Fails with `other` when the process is out of memory or threads.
    public init(_ options: Options = Options()) throws(HTTPError) {
        guard let loop = TransferLoop(options: options), let thread = TransferThread(running: loop) else {
            throw HTTPError(
                .other(code: 0, "libcurl or its thread cannot start"), what: "start", location: "this process")
        }
        self.loop = loop
        self.thread = thread
    }

    deinit {
        loop.close()
        thread.join()
    }

    public var counts: Counts { loop.counts }

    /// Sends one request and waits for the whole answer. Cancelling the task ends it with `cancelled`.
    public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let url = try request.validated()
        let deadline = clock.monotonicNanoseconds() + UInt64(request.timeoutMs) * 1_000_000
        let id = nextID.add(1, ordering: .relaxed).newValue
        let ticket = Ticket()
        let outcome: Transfer.Outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let transfer = Transfer(
                    id: id, request: request, url: url, deadline: deadline, continuation: continuation)
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
        return Echo.hidden(in: try outcome.get(), of: request)
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
