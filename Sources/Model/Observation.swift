/// Why no HTTP answer came.
public enum TransportFailure: String, Hashable, Sendable, CaseIterable {
    case unresolvable, refused, unreachable, timeout, tls, truncated, tooLarge = "too_large", malformed, cancelled, other
}

extension Observation {
    /// What stands in the place of a replica's URL where the gate was read: it stands before all of them.
    public static let gate = "gate"
    /// The same where a page of metrics is of the runtime as a whole, and of no replica.
    public static let page = "metrics"
    /// The same where it was asked who the replicas are.
    public static let targets = "targets"
}

/// One request and what came of it: the only thing that enters the pipeline, live or from a tape.
public struct Observation: Sendable {
    public enum Outcome: Sendable {
        case answer(Answer)
        /// `detail` is for people and carries no secret.
        case failure(TransportFailure, detail: String)
    }

    public struct Answer: Sendable {
        public let status: Int
        /// The response's own `date` header; nil if it had none.
        public let date: Timestamp?
        public let contentType: String?
        /// Where a redirect points, as far as it may be shown.
        public let location: String?
        public let body: Body

        public init(status: Int, date: Timestamp?, contentType: String?, location: String? = nil, body: Body) {
            self.status = status
            self.date = date
            self.contentType = contentType
            self.location = location
            self.body = body
        }
    }

    /// When the answer was complete.
    public let at: Timestamp
    public let runtime: String
    /// Base URL of the replica.
    public let replica: String
    public let endpoint: Endpoint
    public let elapsedMilliseconds: Double
    public let outcome: Outcome

    public init(
        at: Timestamp, runtime: String, replica: String, endpoint: Endpoint, elapsedMilliseconds: Double, outcome: Outcome
    ) {
        self.at = at
        self.runtime = runtime
        self.replica = replica
        self.endpoint = endpoint
        self.elapsedMilliseconds = elapsedMilliseconds
        self.outcome = outcome
    }
}

/// Bytes of an answer. The storage may belong to the HTTP client (no copy of a large body); readers only borrow it.
/// Behind the last byte lie at least `Body.padding` readable bytes, which parsers may look at and overwrite.
public protocol BodyStorage: AnyObject, Sendable {
    var count: Int { get }
    func withBytes<R, E: Error>(_ body: (UnsafeMutableRawBufferPointer) throws(E) -> R) throws(E) -> R
}

/// The bytes of an answer, by reference.
public struct Body: Sendable {
    /// Readable bytes behind the end, as simdjson asks for (64 from version 1 on).
    public static let padding = 64

    public let storage: any BodyStorage

    public init(_ storage: any BodyStorage) {
        self.storage = storage
    }

    public init(_ bytes: some Collection<UInt8>) {
        storage = OwnedBody(bytes)
    }

    public var count: Int { storage.count }

    public var bytes: [UInt8] {
        storage.withBytes { Array($0.prefix(storage.count)) }
    }
}

/// A body in memory of its own.
/// `@unchecked Sendable`: a parser writes to the bytes while it reads them, so a body is handed from one owner to the
/// next and never read by two threads at once.
final class OwnedBody: BodyStorage, @unchecked Sendable {
    let count: Int
    private let memory: UnsafeMutableRawBufferPointer

    init(_ bytes: some Collection<UInt8>) {
        count = bytes.count
        memory = .allocate(byteCount: bytes.count + Body.padding, alignment: 16)
        memory.copyBytes(from: bytes)
        memory[count...].initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { memory.deallocate() }

    func withBytes<R, E: Error>(_ body: (UnsafeMutableRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try body(UnsafeMutableRawBufferPointer(rebasing: memory[0..<count]))
    }
}
