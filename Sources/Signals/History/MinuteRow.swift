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
    /// Starts that the gate was asked about; of the runtime those of all apps, whether it knows them or not. What part of
    /// the minute the gate was read in stands in `watch`.
    public var gate = GateSums()
    /// An app's row only: runs that ended with nothing done, by their own counters.
    public var silent = 0.0
    /// The runtime's row only: every signal's reading of this minute alone, by `Signal.rawValue`.
    public var readings: [Evidence]
    /// The runtime's row only: why the minute says nothing about chats; nil when it does.
    public var chatsMissing: MissingReason?
    /// The runtime's row only: the counters that were dead, as a bit set over `Counter.rawValue`.
    public var deadCounters: UInt8
    /// The runtime's row only: the counters that had ever moved, likewise.
    public var liveCounters: UInt8
    /// The runtime's row only: the part of the minute that was watched, 0...1. Rates are sums over this.
    public var watched: Double
    /// The runtime's row only: what a replay needs beyond that; nil in rows that earlier versions wrote.
    public var watch: WatchMinute?

    public init(
        minute: Int64, app: AppID?, sums: MinuteSums = MinuteSums(), gauges: RunGauges = RunGauges(),
        latencies: [LatencyCount] = [], readings: [Evidence] = [], chatsMissing: MissingReason? = nil,
        deadCounters: UInt8 = 0, liveCounters: UInt8 = 0, watched: Double = 0, watch: WatchMinute? = nil
    ) {
        self.minute = minute
        self.app = app
        self.sums = sums
        self.gauges = gauges
        self.latencies = latencies
        self.readings = readings
        self.chatsMissing = chatsMissing
        self.deadCounters = deadCounters
        self.liveCounters = liveCounters
        self.watched = watched
        self.watch = watch
    }

    // MARK: - As bytes

    /// Compact bytes for the journal; `init(decoding:)` reads them back exactly.
    public func encoded() -> [UInt8] {
        var writer = StateWriter()
        encode(to: &writer)
        return writer.bytes
    }

    public init(decoding bytes: [UInt8]) throws(SignalStateError) {
        var reader = StateReader(bytes)
        self = try MinuteRow(from: &reader)
        guard reader.isAtEnd else { throw reader.failure("more bytes than a row has") }
    }

    func encode(to writer: inout StateWriter) {
        writer.put(byte: MinuteRow.version)
        writer.put(minute)
        writer.put(optional: app) { $0.put($1.bytes) }
        // Most sums of a minute are zero: a bit for each that is not.
        let parts = sums.parts
        writer.put(byte: parts.indices.reduce(0) { parts[$1] != 0 ? $0 | 1 << UInt8($1) : $0 })
        for part in parts where part != 0 { writer.put(part) }
        gauges.encode(to: &writer)
        writer.put(each: latencies) { writer, latency in
            writer.put(UInt64(latency.bucket))
            writer.put(UInt64(latency.count))
        }
        writer.put(each: readings) { $0.put($1) }
        writer.put(optional: chatsMissing) { $0.put($1) }
        writer.put(byte: deadCounters)
        writer.put(byte: liveCounters)
        writer.put(watched)
        writer.put(optional: watch) { $1.encode(to: &$0) }
        writer.put(optional: gate == GateSums() ? nil : gate) { writer, gate in
            writer.put(gate.asked)
            writer.put(gate.refused)
        }
        writer.put(silent)
    }

    init(from reader: inout StateReader) throws(SignalStateError) {
        let version = try reader.byte()
        guard (MinuteRow.firstVersion...MinuteRow.version).contains(version) else {
            throw reader.failure("a minute of another version")
        }
        let minute = try reader.integer()
        guard Clamp.moments.contains(minute) else { throw reader.failure("a minute is out of range") }
        let app = try reader.optional { (reader) throws(SignalStateError) in AppID(bytes: try reader.data()) }
        self.init(minute: minute, app: app)
        let bits = try reader.byte()
        var parts = sums.parts
        for index in parts.indices where bits & 1 << UInt8(index) != 0 { parts[index] = try reader.double() }
        sums = MinuteSums(parts: parts)
        gauges = try RunGauges(from: &reader, knowsGhosts: version > 3)
        latencies = try reader.each { (reader) throws(SignalStateError) in
            guard let bucket = UInt16(exactly: try reader.unsigned()), bucket < LatencyBuckets.count,
                let count = UInt32(exactly: try reader.unsigned())
            else { throw reader.failure("a latency is out of range") }
            return LatencyCount(bucket: bucket, count: count)
        }
        readings = try reader.each { (reader) throws(SignalStateError) in try reader.evidence() }
        chatsMissing = try reader.optional { (reader) throws(SignalStateError) in try reader.reason() }
        deadCounters = try reader.byte()
        liveCounters = try reader.byte()
        watched = try reader.double()
        guard version > MinuteRow.firstVersion else { return }
        watch = try reader.optional { (reader) throws(SignalStateError) in
            try WatchMinute(from: &reader, knowsGate: version > 2)
        }
        guard version > 2 else { return }
        if try reader.flag() {
            gate.asked = try reader.double()
            gate.refused = try reader.double()
        }
        if version > 4 { silent = try reader.double() }
    }

    private static let firstVersion: UInt8 = 1
    /// Version 2 knew no gate, version 3 no ghosts, version 4 no silent runs of an app.
    private static let version: UInt8 = 5
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

    /// In the order of the fields.
    var parts: [Double] { [starts, ends, turns, tools, errors, promptTokens, completionTokens, cost] }

    init(parts: [Double]) {
        starts = parts[0]
        ends = parts[1]
        turns = parts[2]
        tools = parts[3]
        errors = parts[4]
        promptTokens = parts[5]
        completionTokens = parts[6]
        cost = parts[7]
    }
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
    /// Runs that nothing runs for: no websocket can be theirs, or they never did anything while later ones did. In none
    /// of the other counts.
    public var ghosts: Int32 = 0
    /// Of a whole replica or runtime, what its websockets say of how many of the young and progressing can be running: 0,
    /// nothing; 1, nothing, though they usually do; else two more than the most. `socketBound` says it in words.
    public var sockets: Int32 = 0

    public init() {}

    var open: Int64 { Int64(young) + Int64(progressing) + Int64(quiet) + Int64(unwatched) + Int64(ghosts) }
}

extension MinuteRow {
    /// What a runtime's row says of a signal in its minute, for whoever looks at the past. A reading of open runs stands for some
    /// intervals after the last answer, so that one that comes late is no gap for rules; of a minute in which chats were not seen it
    /// is of before, and here it is missing.
    public func seen(_ signal: Signal) -> Evidence {
        let raw = Int(signal.rawValue)
        guard raw < readings.count else { return .missing(.notTracked) }
        guard !isUnwatched else { return .missing(readings[raw].reason ?? .tooLittleData) }
        // Just begun is another thing than over.
        guard case .value(let value) = readings[raw], let reason = chatsMissing, reason != .tooLittleData else { return readings[raw] }
        switch signal {
        case .openRuns, .stalledRuns, .ghostRuns, .activeApps: return .missing(reason)
        case .activeRuns:
            // The endpoint that counts them may answer though the chats do not come.
            let rules = CounterRules(alive: liveCounters, dead: deadCounters, price: nil)
            return rules.gauge(signal, gauges, total: gauges).rounded() == .value(value) ? .missing(reason) : .value(value)
        default: return readings[raw]
        }
    }

    /// Whether nobody looked in it, though by how often is polled somebody would have, as while no engine runs: its readings are
    /// those of before, which hold for a while.
    public var isUnwatched: Bool {
        guard let watch, watch.heard == 0, let shortest = watch.intervals.min() else { return false }
        return shortest * 2 <= 60_000
    }

    /// What an app's row says of a signal in its minute alone.
    /// - Parameters:
    ///   - runtime: the runtime's row of the same minute.
    ///   - price: stands for cost where tokens flow and none is reported.
    public func reading(_ signal: Signal, of runtime: MinuteRow, price: TokenPrice?) -> Evidence {
        if let reason = runtime.chatsMissing { return .missing(reason) }
        return CounterRules(alive: runtime.liveCounters, dead: runtime.deadCounters, price: price).minute(signal, self, of: runtime)
    }
}

extension MinuteRow {
    /// The row of a minute in which nobody looked.
    static func unwatched(_ minute: Int64) -> MinuteRow {
        MinuteRow(
            minute: minute, app: nil, readings: Signal.allCases.map { _ in .missing(.tooLittleData) },
            chatsMissing: .tooLittleData)
    }

    func reading(_ signal: Signal) -> Evidence {
        let raw = Int(signal.rawValue)
        return raw < readings.count ? readings[raw] : .missing(.notTracked)
    }
}
