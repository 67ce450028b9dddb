import Engine
import Guard
import Model

/// What happened at one tick of one runtime, as far as it is worth telling.
public struct Occasion: Sendable {
    public let runtime: String
    /// The engine's own now.
    public let now: Timestamp
    public let environment: String
    /// So many openings on one channel are a storm.
    public let storm: Pace
    public var changes: [IncidentChange]
    public var decisions: [ActionDecision]
    public var leaseChanges: [LeaseChange]
    /// Open incidents whose rule a cause holds back now, and the cause's rule.
    public var suppressed: [String: String]

    public init(
        runtime: String, now: Timestamp, environment: String, storm: Pace, changes: [IncidentChange] = [],
        decisions: [ActionDecision] = [], leaseChanges: [LeaseChange] = [], suppressed: [String: String] = [:]
    ) {
        self.runtime = runtime
        self.now = now
        self.environment = environment
        self.storm = storm
        self.changes = changes
        self.decisions = decisions
        self.leaseChanges = leaseChanges
        self.suppressed = suppressed
    }
}

/// What came of an occasion.
public struct Tidings: Hashable, Sendable {
    /// In the order of sending.
    public internal(set) var messages: [Told] = []
    /// Lines for the handling of incidents, in the order of deciding.
    public internal(set) var notes: [Note] = []

    public init() {}

    public struct Note: Hashable, Sendable {
        public let incident: String
        public let note: HandlingNote
    }
}

/// A message and who hears it.
public struct Told: Hashable, Sendable {
    public struct Recipient: Hashable, Sendable {
        public let channel: String
        /// Why it hears this, for people.
        public let reason: String
    }

    public let message: Message
    /// In the order of the configuration; channels that are no longer in it come last. None: it was to be told, and there
    /// is nowhere to send it.
    public let recipients: [Recipient]

    public var channels: [String] { recipients.map(\.channel) }
}
