import Model

/// What one endpoint of one replica last said, and for a while before: enough to tell what was known at a past moment.
struct EndpointTrack<Figures: EndpointFigures>: AnyTrack {
    struct Entry {
        /// ms.
        var at: Int64
        var elapsedMilliseconds: Double
        /// Nil when there was evidence.
        var missing: MissingReason?
        /// Nil when there was none.
        var figures: Figures?
    }

    private(set) var entries: [Entry] = []
    /// For people: what came with the newest missing answer.
    private(set) var detail = ""
    /// Times between the newest answers with evidence, ms; at most five, newest last.
    private(set) var spacings: [Int64] = []
    private var lastEvidence: Int64?

    /// Entries are trimmed by their age at every tick; where no tick does it they are held to this many. More than a window
    /// of an hour asks for at a poll a second: a window that was cut short would be read as a whole one.
    private static var mostEntries: Int { 8_192 }

    mutating func append(_ entry: Entry, detail: String) {
        if entry.figures != nil {
            if let lastEvidence, entry.at > lastEvidence {
                spacings.append(entry.at - lastEvidence)
                if spacings.count > 5 { spacings.removeFirst() }
            }
            lastEvidence = entry.at
        }
        self.detail = detail
        entries.append(entry)
        if entries.count > Self.mostEntries { entries.removeFirst(Self.mostEntries / 2) }
    }

    var newest: Entry? { entries.last }

    /// The newest entry at or before a moment.
    func entry(asOf moment: Int64) -> Entry? { entries.last { $0.at <= moment } }

    /// Keeps what was newest at `moment` and all later.
    mutating func trim(before moment: Int64) {
        guard let index = entries.lastIndex(where: { $0.at <= moment }), index > 0 else { return }
        entries.removeFirst(index)
    }

    /// The usual time between answers, in ms: the median of the last five, so that one pause does not stretch it.
    /// 0 below three.
    var usualSpacing: Int64 {
        guard spacings.count >= 3 else { return 0 }
        return spacings.sorted()[spacings.count / 2]
    }

    /// Why there is no evidence at a moment; nil when there is.
    func missing(asOf moment: Int64, maxGap: Int64) -> MissingReason? {
        guard let entry = entry(asOf: moment) else { return .tooLittleData }
        return entry.missing ?? (moment - entry.at > maxGap ? .stale : nil)
    }

    func encode(to writer: inout StateWriter) {
        writer.put(each: entries) { writer, entry in
            writer.put(entry.at)
            writer.put(entry.elapsedMilliseconds)
            writer.put(optional: entry.missing) { $0.put($1) }
            writer.put(optional: entry.figures) { $1.encode(to: &$0) }
        }
        writer.put(detail)
        writer.put(each: spacings) { $0.put($1) }
        writer.put(optional: lastEvidence) { $0.put($1) }
    }

    init() {}

    init(from reader: inout StateReader) throws(SignalStateError) {
        entries = try reader.each { (reader) throws(SignalStateError) in
            Entry(
                at: try reader.moment(), elapsedMilliseconds: try reader.double(),
                missing: try reader.optional { (reader) throws(SignalStateError) in try reader.reason() },
                figures: try reader.optional { (reader) throws(SignalStateError) in try Figures(from: &reader) })
        }
        detail = try reader.string()
        spacings = try reader.each { (reader) throws(SignalStateError) in try reader.moment() }
        lastEvidence = try reader.optional { (reader) throws(SignalStateError) in try reader.moment() }
    }
}

/// What happens to a track whatever its figures are.
enum TrackChange {
    /// The endpoint told nothing.
    case lost(at: Int64, elapsedMilliseconds: Double, MissingReason, detail: String)
    /// What is older than is needed goes.
    case trimmed(before: Int64)
}

/// A track, whatever its figures are.
protocol AnyTrack: Sendable {
    var usualSpacing: Int64 { get }
    var newestAt: Int64? { get }
    /// Why the newest entry is no evidence; nil where it is, or there is none.
    var newestMissing: MissingReason? { get }
    /// What the newest entry took, ms; 0 where there is none.
    var newestElapsed: Double { get }
    /// When the newest entry at or before a moment came, ms.
    func at(asOf moment: Int64) -> Int64?
    func encode(to writer: inout StateWriter)
    /// Puts into a summary what the newest entry says.
    func sum(up summary: inout RuntimeSummary.Replica, _ endpoint: Endpoint, of replica: ReplicaState, _ evaluation: Evaluation)
}

extension EndpointTrack {
    var newestAt: Int64? { newest?.at }
    var newestMissing: MissingReason? { newest?.missing }
    var newestElapsed: Double { newest?.elapsedMilliseconds ?? 0 }
    func at(asOf moment: Int64) -> Int64? { entry(asOf: moment)?.at }

    mutating func take(_ change: TrackChange) {
        switch change {
        case .lost(let at, let elapsed, let reason, let detail):
            append(.init(at: at, elapsedMilliseconds: elapsed, missing: reason), detail: detail)
        case .trimmed(let moment): trim(before: moment)
        }
    }

    func sum(up summary: inout RuntimeSummary.Replica, _ endpoint: Endpoint, of replica: ReplicaState, _ evaluation: Evaluation) {
        guard let entry = newest else { return }
        summary.elapsedMilliseconds[endpoint] = entry.elapsedMilliseconds
        if let missing = entry.missing {
            summary.missing[endpoint] = missing
        } else if evaluation.at - entry.at > replica.maxGap(endpoint, evaluation.options) {
            summary.missing[endpoint] = .stale
        }
        if let lastEvidence, summary.missing[endpoint] != nil {
            summary.heardAt[endpoint] = Timestamp(milliseconds: lastEvidence)
        }
        if !detail.isEmpty { summary.detail[endpoint] = detail }
        entry.figures?.say(in: &summary, of: replica, evaluation)
    }
}

extension EndpointTrack: Sendable where Figures: Sendable {}
extension EndpointTrack.Entry: Sendable where Figures: Sendable {}

/// What an endpoint said, as far as it is kept.
protocol EndpointFigures: StateCodable {
    /// Puts into a summary what a person is shown of them.
    func say(in summary: inout RuntimeSummary.Replica, of replica: ReplicaState, _ evaluation: Evaluation)
}

/// What can be kept as bytes.
protocol StateCodable: Sendable {
    func encode(to writer: inout StateWriter)
    init(from reader: inout StateReader) throws(SignalStateError)
}

extension StateReader {
    /// Milliseconds within the calendar.
    mutating func moment() throws(SignalStateError) -> Int64 {
        let value = try integer()
        guard Clamp.moments.contains(value) else { throw failure("a moment is out of range") }
        return value
    }
}

/// From `/api/health`.
struct HealthFigures: EndpointFigures {
    var isHealthy: Bool
    /// ms.
    var mongoPing: Double?
    var websockets: Int64?

    init(_ health: Health) {
        isHealthy = health.isHealthy
        mongoPing = health.mongoPingMilliseconds.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
        websockets = health.websocketConnections.map { min(max($0, 0), Int64(Int32.max)) }
    }

    func encode(to writer: inout StateWriter) {
        writer.put(isHealthy)
        writer.put(optional: mongoPing) { $0.put($1) }
        writer.put(optional: websockets) { $0.put($1) }
    }

    init(from reader: inout StateReader) throws(SignalStateError) {
        isHealthy = try reader.flag()
        mongoPing = try reader.optional { (reader) throws(SignalStateError) in try reader.double() }
        websockets = try reader.optional { (reader) throws(SignalStateError) in Int64(try reader.integer(Int32.self)) }
    }
}

/// From `/health/active-runs`.
struct RegistryFigures: EndpointFigures {
    var activeCount: Int64
    /// It counts: no stub, or a count above zero was seen before.
    var isReal: Bool
    var note: String?

    init(_ runs: ActiveRuns, wasReal: Bool) {
        activeCount = min(max(runs.activeCount ?? 0, 0), Int64(Int32.max))
        isReal = wasReal || activeCount > 0 || (runs.isTracked && runs.activeCount != nil)
        note = runs.note
    }

    func encode(to writer: inout StateWriter) {
        writer.put(activeCount)
        writer.put(isReal)
        writer.put(optional: note) { $0.put($1) }
    }

    init(from reader: inout StateReader) throws(SignalStateError) {
        activeCount = Int64(try reader.integer(Int32.self))
        isReal = try reader.flag()
        note = try reader.optional { (reader) throws(SignalStateError) in try reader.string() }
    }
}

/// From a perf body: its totals, or sums over its chats where the body has none.
struct PerfFigures: EndpointFigures {
    var trackedChats: Int64 = 0
    var openChats: Int64 = 0
    var apps: Int64 = 0
    var turns: Int64 = 0
    var toolCalls: Int64 = 0
    var errors: Int64 = 0
    var promptTokens: Int64 = 0
    var completionTokens: Int64 = 0
    var cost = 0.0

    init() {}

    func encode(to writer: inout StateWriter) {
        let figures = [
            trackedChats, openChats, apps, turns, toolCalls, errors, promptTokens, completionTokens,
        ]
        for figure in figures { writer.put(figure) }
        writer.put(cost)
    }

    init(from reader: inout StateReader) throws(SignalStateError) {
        trackedChats = try reader.integer()
        openChats = try reader.integer()
        apps = try reader.integer()
        turns = try reader.integer()
        toolCalls = try reader.integer()
        errors = try reader.integer()
        promptTokens = try reader.integer()
        completionTokens = try reader.integer()
        cost = try reader.double()
    }
}

/// From `/api/events/metrics`.
struct EventFigures: EndpointFigures {
    /// Age of the process at the answer, ms, by the runtime's own clock; nil without a creation date.
    var uptime: Int64?
    /// Model calls since the process began; nil when the answer does not tell.
    var usageDelta: Int64?

    init(uptime: Int64?, usageDelta: Int64?) {
        self.uptime = uptime
        self.usageDelta = usageDelta
    }

    func encode(to writer: inout StateWriter) {
        writer.put(optional: uptime) { $0.put($1) }
        writer.put(optional: usageDelta) { $0.put($1) }
    }

    init(from reader: inout StateReader) throws(SignalStateError) {
        uptime = try reader.optional { (reader) throws(SignalStateError) in try reader.moment() }
        usageDelta = try reader.optional { (reader) throws(SignalStateError) in try reader.integer() }
    }
}
