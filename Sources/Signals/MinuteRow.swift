import Model

/// One UTC minute of one subject: what the history keeps, and what restores it. Idle apps have no row.
public struct MinuteRow: Hashable, Sendable {
    /// How many latencies of the minute fell into a bucket of `LatencyBuckets`.
    public struct LatencyCount: Hashable, Sendable {
        public var bucket: UInt16
        public var count: UInt32

        public init(bucket: UInt16, count: UInt32) {
            self.bucket = bucket
            self.count = count
        }
    }

    /// Minutes since 1970.
    public var minute: Int64
    /// Nil: the runtime itself, which has a row for every closed minute.
    public var app: AppID?
    /// Additive; fractional where an interval between polls straddles the minute.
    public var sums: MinuteSums
    /// As last seen in the minute.
    public var gauges: RunGauges
    /// By bucket, ascending.
    public var latencies: [LatencyCount]
    /// The runtime's row only: every signal's reading of this minute alone, by `Signal.rawValue`.
    public var readings: [Evidence]
    /// The runtime's row only: why the minute says nothing about chats; nil when it does.
    public var chatsMissing: MissingReason?
    /// The runtime's row only: the counters that were dead, as a bit set over `Counter.rawValue`.
    public var deadCounters: UInt8

    public init(
        minute: Int64, app: AppID?, sums: MinuteSums = MinuteSums(), gauges: RunGauges = RunGauges(),
        latencies: [LatencyCount] = [], readings: [Evidence] = [], chatsMissing: MissingReason? = nil,
        deadCounters: UInt8 = 0
    ) {
        self.minute = minute
        self.app = app
        self.sums = sums
        self.gauges = gauges
        self.latencies = latencies
        self.readings = readings
        self.chatsMissing = chatsMissing
        self.deadCounters = deadCounters
    }

    /// Nothing happened and nothing is open.
    var isIdle: Bool { sums == MinuteSums() && gauges == RunGauges() && latencies.isEmpty }
}

/// Sums of increments over a stretch of time.
public struct MinuteSums: Hashable, Sendable {
    public var starts = 0.0
    public var ends = 0.0
    public var turns = 0.0
    public var tools = 0.0
    public var errors = 0.0
    public var promptTokens = 0.0
    public var completionTokens = 0.0
    /// USD as reported.
    public var cost = 0.0

    public init() {}
}

/// Open runs of an app at one observation, by what is known about them.
public struct RunGauges: Hashable, Sendable {
    /// Younger than `stalled_after`.
    public var young: Int32 = 0
    /// Older, with progress seen within `stalled_after`.
    public var progressing: Int32 = 0
    /// Older, watched for `stalled_after` without progress.
    public var quiet: Int32 = 0
    /// Older, and not watched for long enough to tell.
    public var unwatched: Int32 = 0
    /// The most young or progressing runs that one user has.
    public var busiestUser: Int32 = 0

    public init() {}

    var open: Int64 { Int64(young) + Int64(progressing) + Int64(quiet) + Int64(unwatched) }
}
