/// A stable 128-bit hash (SipHash-1-3 with a fixed key) of an id's UTF-8 bytes: the same on every machine and run,
/// so that state may be kept by it. Two ids are taken to be the same when their hashes are.
public struct StableHash: Hashable, Comparable, Sendable, BitwiseCopyable {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    public static func < (a: StableHash, b: StableHash) -> Bool {
        a.high != b.high ? a.high < b.high : a.low < b.low
    }
}

/// One chat (a run) as a perf body shows it. 120 bytes, no references: a table holds a hundred thousand of them.
///
/// A field whose bit is not in `present` is absent (missing, null or of another type) and its storage is 0;
/// look at the bit before reading a counter. Counters are as reported: they may be
/// negative, may fall, and may grow after the chat ended.
public struct PerfChat: Hashable, Sendable, BitwiseCopyable {
    /// Which fields the body gave.
    public struct Fields: OptionSet, Hashable, Sendable, BitwiseCopyable {
        public let rawValue: UInt16

        public init(rawValue: UInt16) {
            self.rawValue = rawValue
        }

        public static let startedAt = Fields(rawValue: 1 << 0)
        /// The time of the end is known. Neither this nor `open`: `ended_at` was there but could not be read.
        public static let endedAt = Fields(rawValue: 1 << 1)
        /// `ended_at` is null or missing: the run has not ended.
        public static let open = Fields(rawValue: 1 << 2)
        public static let runtimeSeconds = Fields(rawValue: 1 << 3)
        public static let agentTurns = Fields(rawValue: 1 << 4)
        public static let toolCalls = Fields(rawValue: 1 << 5)
        public static let errors = Fields(rawValue: 1 << 6)
        public static let lastTurnSeconds = Fields(rawValue: 1 << 7)
        public static let promptTokens = Fields(rawValue: 1 << 8)
        public static let completionTokens = Fields(rawValue: 1 << 9)
        public static let cost = Fields(rawValue: 1 << 10)
        public static let user = Fields(rawValue: 1 << 11)
        public static let workflow = Fields(rawValue: 1 << 12)
    }

    /// Hash of `chat_id`.
    public var key: StableHash
    /// Hash of the user within the app (`app_id` and `user_id`): the same user id in two apps is two users. 0 when absent.
    public var user: UInt64
    /// Milliseconds since 1970, by the runtime's clock.
    public var startedAt: Int64
    /// Milliseconds since 1970.
    public var endedAt: Int64
    /// Age of the run by the runtime's own clock, in seconds.
    public var runtimeSeconds: Double
    /// Duration of the newest turn in seconds; absent before the first.
    public var lastTurnSeconds: Double
    /// USD.
    public var cost: Double
    public var agentTurns: Int64
    public var toolCalls: Int64
    public var errors: Int64
    public var promptTokens: Int64
    public var completionTokens: Int64
    /// Index into `PerfTable.apps`.
    public var app: UInt32
    /// Index into `PerfTable.workflows`; meaningful only with the `workflow` bit.
    public var workflow: UInt32
    public var present: Fields

    public init(
        key: StableHash, app: UInt32, user: UInt64 = 0, workflow: UInt32 = 0, startedAt: Int64 = 0, endedAt: Int64 = 0,
        runtimeSeconds: Double = 0, lastTurnSeconds: Double = 0, cost: Double = 0, agentTurns: Int64 = 0,
        toolCalls: Int64 = 0, errors: Int64 = 0, promptTokens: Int64 = 0, completionTokens: Int64 = 0, present: Fields
    ) {
        self.key = key
        self.user = user
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.runtimeSeconds = runtimeSeconds
        self.lastTurnSeconds = lastTurnSeconds
        self.cost = cost
        self.agentTurns = agentTurns
        self.toolCalls = toolCalls
        self.errors = errors
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.app = app
        self.workflow = workflow
        self.present = present
    }

    /// Not ended, as far as the body says. A ghost (runtime-facts, 3) is open too.
    public var isOpen: Bool { present.contains(.open) }
    /// Ended, or `ended_at` holds something unreadable. Never true for an open chat.
    public var hasEnded: Bool { !isOpen }
}

/// The totals of a perf body. Each is nil when the body lacks it or shows another type.
public struct PerfTotals: Hashable, Sendable {
    public var activeChats: Int64?
    public var trackedChats: Int64?
    public var agentTurns: Int64?
    public var toolCalls: Int64?
    public var errors: Int64?
    public var promptTokens: Int64?
    public var completionTokens: Int64?
    /// USD.
    public var cost: Double?

    public init(
        activeChats: Int64? = nil, trackedChats: Int64? = nil, agentTurns: Int64? = nil, toolCalls: Int64? = nil,
        errors: Int64? = nil, promptTokens: Int64? = nil, completionTokens: Int64? = nil, cost: Double? = nil
    ) {
        self.activeChats = activeChats
        self.trackedChats = trackedChats
        self.agentTurns = agentTurns
        self.toolCalls = toolCalls
        self.errors = errors
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.cost = cost
    }
}

/// A decoded perf body: every chat that one process ever tracked, in the order of the body (insertion order).
public struct PerfTable: Hashable, Sendable {
    public var chats: ContiguousArray<PerfChat>
    /// The app ids, each once, in the order in which they first appear. `PerfChat.app` points here.
    public var apps: [AppID]
    /// The workflow names as raw UTF-8, each once, in the order in which they first appear.
    public var workflows: [[UInt8]]
    /// Nil for a body without totals (`/metrics/perf/chats`).
    public var totals: PerfTotals?
    /// Elements of `chats` without a usable `chat_id` or `app_id`, or that are not objects. They are not in `chats`.
    public var skippedChats: Int
    /// Fields of a wrong type or out of range, counted and treated as absent.
    public var malformedFields: Int

    public init(
        chats: ContiguousArray<PerfChat> = [], apps: [AppID] = [], workflows: [[UInt8]] = [], totals: PerfTotals? = nil,
        skippedChats: Int = 0, malformedFields: Int = 0
    ) {
        self.chats = chats
        self.apps = apps
        self.workflows = workflows
        self.totals = totals
        self.skippedChats = skippedChats
        self.malformedFields = malformedFields
    }
}
