/// What a message is about. A channel turns it into its own format; the text is deterministic.
public struct Message: Hashable, Sendable {
    public enum Event: String, Hashable, Sendable, CaseIterable {
        case opened, updated, resolved
        /// A marked test message.
        case drill
    }

    /// Why people hear again of an incident that is open: what an `updated` message is for. Later news of one incident
    /// replace earlier ones that nobody has seen, so each message tells the whole state, and this only its occasion.
    public enum News: String, Hashable, Sendable, CaseIterable {
        /// Something was done about it, or its length changed.
        case action
        /// An action waits for a person's yes.
        case approval
        /// Nothing more is done until a person has looked.
        case person
        /// What an action brought about is known: `effective` or not.
        case verified
        /// A person has seen it; no reminders until the acknowledgement ends.
        case acknowledged
        /// Nothing new: it is still open.
        case reminder
        /// A language model's explanation stands on the incident: `Incident.advice`.
        case advice
    }

    public let event: Event
    /// Of a message about several incidents, the weightiest of them.
    public let incident: Incident
    public let environment: String
    public let mode: Mode
    /// When it was decided.
    public let at: Timestamp
    /// The occasion of an `updated` message; nil where it tells of actions or is no update.
    public let news: News?
    /// The message stands for several incidents at once; nil: for `incident` alone.
    public let digest: Digest?

    public init(
        event: Event, incident: Incident, environment: String, mode: Mode, at: Timestamp, news: News? = nil,
        digest: Digest? = nil
    ) {
        self.event = event
        self.incident = incident
        self.environment = environment
        self.mode = mode
        self.at = at
        self.news = news
        self.digest = digest
    }

    /// What messages that belong together share, towards services and in the outbox: the incident's id, or the digest's.
    public var thread: String { digest?.id ?? incident.id }
}

/// Several incidents told as one message: its first is `opened`, then `updated` as they come and go, and `resolved` when
/// all of them are over.
public struct Digest: Hashable, Sendable, Identifiable {
    /// Why they are told together.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// They opened together.
        case together
        /// So many opened within a short time that each by itself would bury the others.
        case storm
        /// The pages of this night are used up.
        case pageBudget = "page_budget"
    }

    /// One of the incidents, in brief.
    public struct Item: Hashable, Sendable {
        public let incident: String
        public let rule: String
        public let subject: Subject
        public let severity: Severity
        public let openedAt: Timestamp
        /// Nil while it is open.
        public let resolvedAt: Timestamp?

        public init(
            incident: String, rule: String, subject: Subject, severity: Severity, openedAt: Timestamp,
            resolvedAt: Timestamp?
        ) {
            self.incident = incident
            self.rule = rule
            self.subject = subject
            self.severity = severity
            self.openedAt = openedAt
            self.resolvedAt = resolvedAt
        }

        public init(_ incident: Incident) {
            self.init(
                incident: incident.id, rule: incident.rule, subject: incident.subject, severity: incident.severity,
                openedAt: incident.openedAt, resolvedAt: incident.resolvedAt)
        }
    }

    /// `digest-` and 16 hex digits.
    public let id: String
    public let reason: Reason
    /// At most `Digest.itemLimit`, the weightiest and then the oldest first; `total` counts all.
    public let items: [Item]
    /// All incidents that it stands for.
    public let total: Int
    /// Of these, the ones that are still open.
    public let open: Int

    /// The most that are listed one by one.
    public static let itemLimit = 20

    public init(id: String, reason: Reason, items: [Item], total: Int, open: Int) {
        self.id = id
        self.reason = reason
        self.items = items
        self.total = total
        self.open = open
    }
}
