import Model

/// Who was told what: apart from the incidents themselves, so that a resolve reaches everybody who heard of the opening,
/// whatever became of routes, silences and channels in between. A value: the same inputs give the same state.
public struct TellingState: Hashable, Sendable {
    /// Those in force, and those that ended within `silenceMemory`; in the order of creation.
    public internal(set) var silences: [Silence] = []
    /// Open incidents, by id.
    var entries: [String: Entry] = [:]
    /// Digests that are not over, by id.
    var digests: [String: OpenDigest] = [:]
    /// What each channel was given lately, by name.
    var ledgers: [String: Ledger] = [:]
    /// By runtime: under which circumstances its open incidents were last routed. Not kept: after a start each is routed
    /// anew, which changes nothing where nothing changed.
    var judged: [String: Circumstances] = [:]

    static let silenceMemory = TimeSpan.hours(30 * 24)

    public init() {}

    /// One open incident.
    struct Entry: Hashable, Sendable {
        let runtime: String
        let severity: Severity
        /// By channel.
        var heard: [String: Heard] = [:]
        /// By channel: since when its opening waits for others to be told with.
        var waiting: [String: Timestamp] = [:]
        /// What holds it back: a silence's id, `maintenance[0]`; nil while nothing does.
        var silencedBy: String?
        /// Until when a person's acknowledgement holds; the end of time for one without an end. Nil: there is none.
        var acknowledgedUntil: Timestamp?
        /// Actions of which it was told that they wait for a person, by `LeaseKey.canonical` in text.
        var asked: [String: Asked] = [:]
        /// News that not every channel could be told yet.
        var owed: Owed?
        /// It is to be routed at the next tick, because its cause held it back at the last one.
        var isPutOff = false
        /// Its opening was to be told, and there was nowhere to send it.
        var isAnnounced = false
    }

    /// An offer as it was told last.
    struct Asked: Hashable, Sendable {
        /// Its id: one that was offered anew has another. Nil in what earlier versions kept.
        let approval: String?
        /// Nil in what earlier versions kept.
        let at: Timestamp?
    }

    /// What one channel heard of one incident.
    struct Heard: Hashable, Sendable {
        /// Whether the incident has a thread of its own there.
        var isOwn: Bool
        /// The digest that it stands in there; nil where it stands in none.
        var digest: String?
        /// When it was last told, reminders included.
        var toldAt: Timestamp
        /// How often it was told again.
        var reminders = 0
    }

    /// What happened to an open incident, the more urgent last.
    enum Occurrence: String, CaseIterable, Comparable, Sendable {
        case done, approval, verified, person

        /// Whether it stays news until a person did something.
        var needsPerson: Bool { self == .approval || self == .person }

        private var rank: Int {
            switch self {
            case .done: 0
            case .approval: 1
            case .verified: 2
            case .person: 3
            }
        }

        static func < (a: Occurrence, b: Occurrence) -> Bool { a.rank < b.rank }
    }

    /// News of an incident, and who has them.
    struct Owed: Hashable, Sendable {
        var found: Occurrence
        /// Of approvals: the offers that wait, as in `asked`; `at` when each was made.
        var actions: [String: Asked] = [:]
        /// Channels that know.
        var told: Set<String> = []
    }

    /// A digest as it was last told.
    struct OpenDigest: Hashable, Sendable {
        let channel: String
        let reason: Digest.Reason
        /// It takes in nothing heavier: that is told by itself, or begins another.
        let weight: Severity
        let openedAt: Timestamp
        /// The night that it is for: `Hours.began` of the page budget.
        var night: Int64?
        /// The one that it was told with. Nil in what an earlier version kept.
        var environment: String?
        /// When it last took something in.
        var joinedAt: Timestamp
        var toldAt: Timestamp
        /// Until the next update at least.
        var pause: TimeSpan
        var reminders = 0
        var total: Int
        /// Members that are over.
        var over = 0
        /// Members came or went since it was told.
        var hasNews = false
        /// The members that were listed and are over, newest last; at most `Digest.itemLimit`.
        var past: [Digest.Item] = []
        /// Of the members that are over, the newest of the weightiest, without what grows: the end is told of it where that
        /// comes later than the last member's.
        var last: Incident?
        /// It began at this tick, and was not told yet.
        var isNew = false
    }

    /// What a channel was given lately.
    struct Ledger: Hashable, Sendable {
        /// Moments at which openings were told, and how many: as far back as a storm is looked for.
        var openings: [Opening] = []
        /// Moments at which threads began, within the time of `Grouping.limit`.
        var threads: [Timestamp] = []
        /// The night whose pages are counted.
        var night: Int64?
        var pages = 0
        /// Fingerprints of what paged in this night and may page beyond the budget once.
        var paged: Set<String> = []
    }

    struct Opening: Hashable, Sendable {
        let at: Timestamp
        let count: Int
    }

    /// Everything that routing depends on besides incident and settings.
    struct Circumstances: Hashable, Sendable {
        let routes: [Bool]
        let maintenance: [Bool]
        let silences: [String]
    }

    /// After other settings or policies came into force every open incident is routed anew.
    public mutating func routeAnew() { judged = [:] }

    /// Ids of the digests in which an incident stands now, sorted.
    public func digests(of incident: String) -> [String] {
        Set(entries[incident]?.heard.values.compactMap(\.digest) ?? []).sorted()
    }
}

/// What telling asks about incidents. Answers are of the tick at hand.
public protocol IncidentSource {
    /// Open, or resolved within the flap time; nil for any other.
    func incident(_ id: String) -> Incident?
    /// The channels that its rule names, none where it leaves that to the routes; nil where it notifies nobody.
    func named(_ incident: Incident) -> [String]?
    /// The mode that holds for it.
    func mode(_ incident: Incident) -> Mode
}
