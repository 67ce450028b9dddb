import Actions
import Model

/// What the gate was asked and what it answered since the process started.
public struct GateCounters: Hashable, Sendable {
    /// Requests of proxies.
    public var asked = 0
    /// Those about something that starts no run.
    public var notStarts = 0
    /// Starts let through, the failed-open ones among them.
    public var allowed = 0
    public var refused = 0
    /// Websockets and inputs of chats of apps under a lease that go on (not in `allowed`).
    public var goneOn = 0
    /// Starts let through because the gate did not know better, by what it did not know.
    public var failedOpen: [GateDoubt: Int] = [:]
    /// Starts whose target only a normalising proxy would turn into a start (not in `allowed`).
    public var crafted = 0

    public init() {}
}

/// The refusals of one lease since they were last drained.
public struct RefusalBatch: Hashable, Sendable {
    /// One refused start.
    public struct Sample: Hashable, Sendable {
        public let at: Timestamp
        public let runtime: String
        public let app: AppID
        /// Nil for an input: it names a chat only.
        public let pack: PackID?
        public let refusal: GateRefusal
    }

    /// How many samples are kept: the latest.
    public static let samplesKept = 16

    public let lease: String
    /// Exact, also when there are fewer samples.
    public internal(set) var count = 0
    public internal(set) var lastAt: Timestamp
    /// In order, at most ``samplesKept``.
    public internal(set) var samples: [Sample] = []

    mutating func add(_ sample: Sample) {
        count += 1
        lastAt = sample.at
        if samples.count == Self.samplesKept { samples.removeFirst() }
        samples.append(sample)
    }
}

/// An app of a runtime.
public struct GateSubject: Hashable, Sendable {
    public let runtime: String
    public let app: AppID

    public init(runtime: String, app: AppID) {
        self.runtime = runtime
        self.app = app
    }
}
