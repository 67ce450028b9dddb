import Model

/// A message to be sent, as a tick decides it: one row a channel.
public struct OutboxMessage: Hashable, Sendable {
    /// The id of its incident; messages of one incident on one channel keep their order.
    public let incident: String
    public let channel: String
    public let event: Message.Event
    public let createdAt: Timestamp
    /// Not before.
    public let dueAt: Timestamp
    /// What the channel needs to render it, stored as given.
    public let document: String

    public init(
        incident: String, channel: String, event: Message.Event, createdAt: Timestamp, dueAt: Timestamp,
        document: String
    ) {
        self.incident = incident
        self.channel = channel
        self.event = event
        self.createdAt = createdAt
        self.dueAt = dueAt
        self.document = document
    }
}

/// A message in the outbox and what became of it.
public struct OutboxRow: Hashable, Sendable, Identifiable {
    public enum State: String, Hashable, Sendable, CaseIterable {
        case pending, sent
        /// Given up after `Outbox.lifetime`, or refused for good.
        case dead
        /// Not sent, because a later message that was still to be sent said it too.
        case merged
    }

    /// In the order of decision.
    public let id: Int64
    public let message: OutboxMessage
    public let state: State
    public let attempts: Int
    /// When it is tried (again), while it is pending.
    public let dueAt: Timestamp
    /// This resolve also stands for its opening, which was never sent.
    public let carriesOpening: Bool
    /// The message that said it instead.
    public let mergedInto: Int64?
    /// Of the last attempt; carries no secret.
    public let lastError: String?
    /// What the service called the incident in its answer; nil where it said nothing of the kind.
    public let reference: String?
    /// When it was sent, given up or merged; nil while pending.
    public let settledAt: Timestamp?
}

/// What came of an attempt to send.
public enum OutboxOutcome: Hashable, Sendable {
    /// `reference`: what the service calls the incident, for its next messages.
    case sent(at: Timestamp, reference: String? = nil)
    /// Try again at that time; once it is older than `lifetime` it is given up instead.
    case retry(at: Timestamp, error: String, lifetime: TimeSpan = Outbox.lifetime)
    /// The channel refuses it for good.
    case dead(at: Timestamp, error: String)
}

/// How many messages stand where.
public struct OutboxCounts: Hashable, Sendable {
    public var pending = 0
    public var sent = 0
    public var dead = 0
    public var merged = 0
    /// Creation of the oldest pending one.
    public var oldestPending: Timestamp?

    public init() {}
}

/// A channel that owes messages after failed attempts.
public struct ChannelTrouble: Hashable, Sendable {
    public let channel: String
    /// Messages that wait.
    public let waiting: Int
    /// When the oldest of them was decided.
    public let since: Timestamp
    /// Of the message that was tried most.
    public let attempts: Int
    /// Of the newest failure.
    public let reason: String
}

/// The rules of the outbox.
public enum Outbox {
    /// A message that was not sent a day after its creation is given up, visibly.
    public static let lifetime = TimeSpan.hours(24)
    /// The same where the channel's set-up is at fault, which only a person mends: as long as a weekend.
    public static let lifetimeOfBlocked = TimeSpan.hours(72)

    /// Which of the messages that wait on the same incident and channel a new one makes superfluous. `waiting` are
    /// pending and not being sent at this moment, oldest first.
    ///
    /// A resolve tells the whole story: it replaces an opening and updates that nobody has seen. An update replaces
    /// updates, never the opening. An opening (of a reopened incident) and a drill replace nothing.
    public static func coalesce(
        _ waiting: [(id: Int64, event: Message.Event)], adding event: Message.Event
    ) -> (merged: [Int64], carriesOpening: Bool) {
        // What stands before the last resolve is another episode of the incident: its story is that resolve's.
        let episode = waiting.suffix(while: { $0.event != .resolved })
        switch event {
        case .resolved:
            let merged = episode.filter { $0.event == .opened || $0.event == .updated }
            return (merged.map(\.id), merged.contains { $0.event == .opened })
        case .updated:
            return (episode.filter { $0.event == .updated }.map(\.id), false)
        case .opened, .drill:
            return ([], false)
        }
    }
}

extension Array {
    /// The longest end whose elements all pass.
    fileprivate func suffix(while passes: (Element) -> Bool) -> ArraySlice<Element> {
        self[(lastIndex { !passes($0) }.map { $0 + 1 } ?? startIndex)...]
    }
}
