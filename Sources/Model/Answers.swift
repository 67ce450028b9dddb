/// What `/api/health` says.
public struct Health: Hashable, Sendable {
    /// 200 with a status of `healthy`. A failing runtime answers 500 (never 503): that is a value too, `false`.
    public var isHealthy: Bool
    /// The `status` text, bounded and without control characters; nil when the answer was a failure without one.
    public var status: String?
    /// Why it failed, as the runtime put it; bounded, without control characters.
    public var detail: String?
    /// Round trip of the runtime's own Mongo ping. Nil when not reported.
    public var mongoPingMilliseconds: Double?
    public var websocketConnections: Int64?
    /// Fields of a wrong type, counted and treated as absent.
    public var malformedFields: Int

    public init(
        isHealthy: Bool, status: String? = nil, detail: String? = nil, mongoPingMilliseconds: Double? = nil,
        websocketConnections: Int64? = nil, malformedFields: Int = 0
    ) {
        self.isHealthy = isHealthy
        self.status = status
        self.detail = detail
        self.mongoPingMilliseconds = mongoPingMilliseconds
        self.websocketConnections = websocketConnections
        self.malformedFields = malformedFields
    }
}

/// What `/health/active-runs` says.
public struct ActiveRuns: Hashable, Sendable {
    /// False for the constant stub of today's builds (zeros and a note that tracking is disabled): not tracked, never
    /// zero. An answer without the note, or with a count above zero, is real; whoever keeps state may remember that.
    public var isTracked: Bool
    public var activeCount: Int64?
    public var totalRuns: Int64?
    /// How many entries `runs` has; nil when it is not an array.
    public var listedRuns: Int?
    /// The runtime's remark; bounded, without control characters.
    public var note: String?
    /// Fields of a wrong type, counted and treated as absent.
    public var malformedFields: Int

    public init(
        isTracked: Bool, activeCount: Int64? = nil, totalRuns: Int64? = nil, listedRuns: Int? = nil,
        note: String? = nil,
        malformedFields: Int = 0
    ) {
        self.isTracked = isTracked
        self.activeCount = activeCount
        self.totalRuns = totalRuns
        self.listedRuns = listedRuns
        self.note = note
        self.malformedFields = malformedFields
    }
}

/// What `/api/events/metrics` says.
public struct EventMetrics: Hashable, Sendable {
    /// `data.created` as it came: the identity of the process. It changes with a restart and alternates behind a load
    /// balancer. Compare bytes (`utf8`), not strings. Nil when the body lacks it.
    public var created: String?
    /// `created` as a moment; nil when it is not a date.
    public var createdAt: Timestamp?
    /// The runtime's own clock at the answer; nil when the body does not tell.
    public var now: Timestamp?
    /// `custom_events_by_type["chat.usage_delta"]`: LLM calls of the whole process since `created`. The map and its keys
    /// appear with the first event, so 0 when the body has `data` but no such key yet; nil when it cannot be told.
    public var usageDelta: Int64?
    /// Fields of a wrong type, counted and treated as absent.
    public var malformedFields: Int

    public init(
        created: String? = nil, createdAt: Timestamp? = nil, now: Timestamp? = nil, usageDelta: Int64? = nil,
        malformedFields: Int = 0
    ) {
        self.created = created
        self.createdAt = createdAt
        self.now = now
        self.usageDelta = usageDelta
        self.malformedFields = malformedFields
    }
}
