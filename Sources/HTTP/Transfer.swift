import Ambient
import CCurl
import Synchronization

/// One request on its way: what libcurl's callbacks write into, and who waits for the outcome.
///
/// Unchecked because of the C handles and the callbacks' raw pointer to it. Invariant: everything below the line
/// is touched by the transfer thread only, from `TransferLoop` taking it out of the inbox until `finish`;
/// `isCancelled` alone may be set from anywhere. The easy handle is cleaned up before the transfer is let go, so
/// no callback can meet a freed context.
final class Transfer: @unchecked Sendable {
    typealias Outcome = Result<HTTPResponse, HTTPError>

    let id: UInt64
    let request: HTTPRequest
    let url: HTTPURL
    /// Monotonic nanoseconds.
    let deadline: UInt64
    let isCancelled = Atomic<Bool>(false)

    /// Nil: asked directly, unless libcurl finds the host among those that are not.
    let proxy: Secret?

    /// Requests with the same key share connections, and the cap on them. Of measured ones, which share none, only the cap.
    let connectionKey: String

    /// The key of all measured requests: no host's, which have a port.
    static let measuredKey = "measured"

    // ---- transfer thread only ----
    var easy: EasyHandle?
    private(set) var body: ResponseBody
    private let memory: BodyMemory
    var head = ResponseHead()
    /// Set by a callback that stops the transfer, because libcurl then only knows that it was stopped.
    var stoppedBecause: HTTPError.Kind?
    /// How often libcurl put the request on a connection.
    var timesSent = 0
    /// How often this program started the transfer again itself.
    var restarts = 0
    private var continuation: CheckedContinuation<Outcome, Never>?

    init(
        id: UInt64, request: HTTPRequest, url: HTTPURL, deadline: UInt64, memory: BodyMemory,
        network: NetworkOptions = NetworkOptions(),
        continuation: CheckedContinuation<Outcome, Never>
    ) {
        self.id = id
        self.request = request
        self.url = url
        self.deadline = deadline
        self.memory = memory
        body = ResponseBody(sharing: memory)
        self.continuation = continuation
        // A replica that was found by its address is asked at that address.
        proxy =
            request.pinnedAddress == nil && !request.goesDirectly ? network.proxy(scheme: url.scheme, host: url.host, port: url.port) : nil
        connectionKey =
            request.isMeasured
            ? Transfer.measuredKey : "\(url.host):\(url.port)" + (request.pinnedAddress.map { ">" + $0 } ?? "")
    }

    /// Tells the waiting task. Later calls do nothing.
    func finish(_ outcome: Outcome) {
        continuation?.resume(returning: outcome)
        continuation = nil
    }

    func fail(_ kind: HTTPError.Kind) {
        finish(.failure(error(kind)))
    }

    /// Forgets a first attempt.
    func rewind() {
        easy = nil
        body.clear()
        head = ResponseHead()
        stoppedBecause = nil
        restarts += 1
    }

    // MARK: What the callbacks call. Each returns false to stop the transfer.

    func receiveHeaderLine(_ line: UnsafeRawBufferPointer) -> Bool {
        if let flaw = head.receive(line) {
            stoppedBecause = .malformedResponse(flaw)
            return false
        }
        guard head.isComplete, request.method != .head, let length = head.contentLength else { return true }
        guard length <= request.bodyLimit else {
            stoppedBecause = .bodyTooLarge(limit: request.bodyLimit)
            return false
        }
        body.announce(length)
        return true
    }

    func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= request.bodyLimit - body.count else {
            stoppedBecause = .bodyTooLarge(limit: request.bodyLimit)
            return false
        }
        guard body.append(bytes) else {
            stoppedBecause = .noRoom(limit: memory.limit)
            return false
        }
        return true
    }
}
