import Model

/// A message to be sent, as a tick decides it: one row a channel.
public struct OutboxMessage: Hashable, Sendable {
    /// The id of its incident; messages of one incident on one channel keep their order.
    public let incident: String
    public let channel: String
    public let event: Message.Event
    /// What an update is told for; nil where it says nothing of it.
    public let news: Message.News?
    public let createdAt: Timestamp
    /// Not before.
    public let dueAt: Timestamp
    /// What the channel needs to render it, stored as given.
    public let document: String

    public init(
        incident: String, channel: String, event: Message.Event, news: Message.News? = nil, createdAt: Timestamp,
        dueAt: Timestamp, document: String
    ) {
        self.incident = incident
        self.channel = channel
        self.event = event
        self.news = news
        self.createdAt = createdAt
        self.dueAt = dueAt
        self.document = document
    }
}

/// A message in the outbox and what became of it.
public struct OutboxRow: Hashable, Sendable, Identifiable {
    public enum State: String, Hashable, Sendable, CaseIterable {
        case pending, sent
        /// Given up after `Outbox.lifetime`, refused for good, or of a channel that is gone.
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
    /// How patient one is with it.
    let patience: Patience

    /// How long a message was tried, apart from how long it waited for its channel's set-up to be mended.
    struct Patience: Hashable, Sendable {
        /// When it was to be tried again after the first failure; nil before that.
        var failedAt: Timestamp?
        /// How long the set-up was at fault, but for the present time.
        var blocked = TimeSpan.zero
        /// Since when it is; nil while it is not.
        var blockedSince: Timestamp?
    }
}

/// What came of an attempt to send.
public enum OutboxOutcome: Hashable, Sendable {
    /// `reference`: what the service calls the incident, for its next messages.
    case sent(at: Timestamp, reference: String? = nil)
    /// Try again at that time; after a day of that it is given up instead. `isBlocked`: the channel's set-up is at fault,
    /// which only a person mends: that time counts for itself.
    case retry(at: Timestamp, error: String, isBlocked: Bool = false)
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

/// How one channel's messages stand.
public struct ChannelCounts: Hashable, Sendable {
    public let channel: String
    public let pending: Int
    public let dead: Int
    public let sent: Int
    /// When the newest was taken; nil where none was.
    public let lastSent: Timestamp?

    public init(channel: String, pending: Int, dead: Int, sent: Int, lastSent: Timestamp?) {
        self.channel = channel
        self.pending = pending
        self.dead = dead
        self.sent = sent
        self.lastSent = lastSent
    }
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

/// Messages for a channel that is not configured.
public struct StrandedMessages: Hashable, Sendable {
    public let channel: String
    /// Messages that wait, or that were given up.
    public let count: Int
    /// When the oldest of them was decided.
    public let since: Timestamp
}

/// The rules of the outbox.
public enum Outbox {
    /// A message that was not sent a day after it first failed is given up, visibly. What was never tried, because its
    /// channel rests, does not age.
    public static let lifetime = TimeSpan.hours(24)
    /// So long more it is kept while the channel's set-up is at fault, which only a person mends: as long as a weekend. For
    /// a channel that is not there any more, messages are kept as long.
    public static let lifetimeOfBlocked = TimeSpan.hours(72)

    /// Which of the messages that wait on the same incident and channel a new one makes superfluous. `waiting` are
    /// pending and not being sent at this moment, oldest first.
    ///
    /// A resolve tells the whole story: it replaces an opening and updates that nobody has seen. An update replaces
    /// updates, never the opening, and is told for the weightiest of their news: nobody may miss that he is asked, because
    /// of a reminder. An opening (of a reopened incident) and a drill replace nothing.
    public static func coalesce(
        _ waiting: [(id: Int64, event: Message.Event, news: Message.News?)], adding event: Message.Event,
        _ news: Message.News? = nil
    ) -> (merged: [Int64], carriesOpening: Bool, news: Message.News?) {
        // What stands before the last resolve is another episode of the incident: its story is that resolve's.
        let episode = waiting.suffix(while: { $0.event != .resolved })
        switch event {
        case .resolved:
            let merged = episode.filter { $0.event == .opened || $0.event == .updated }
            return (merged.map(\.id), merged.contains { $0.event == .opened }, news)
        case .updated:
            let merged = episode.filter { $0.event == .updated }
            // Of equally weighty ones the newest.
            let weightiest = merged.map(\.news).reduce(news) { weight($1) > weight($0) ? $1 : $0 }
            return (merged.map(\.id), false, weightiest)
        case .opened, .drill:
            return ([], false, news)
        }
    }

    /// What people must not miss weighs most.
    private static func weight(_ news: Message.News?) -> Int {
        switch news {
        case .person: 6
        case .approval: 5
        case .verified: 4
        case .acknowledged: 3
        case .action, nil: 2
        case .reminder: 1
        case .advice: 0
        }
    }
}

extension Array {
    /// The longest end whose elements all pass.
    fileprivate func suffix(while passes: (Element) -> Bool) -> ArraySlice<Element> {
        self[(lastIndex { !passes($0) }.map { $0 + 1 } ?? startIndex)...]
    }
}
