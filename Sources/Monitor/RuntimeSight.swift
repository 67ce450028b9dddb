import Journal
import JSONParsing
import Model
import Signals

/// What the newest polls of a runtime showed, as the journal keeps it for whoever looks from beside: `status`. Schema
/// `mozaiks.ops/sight/v1`. Nothing is decided by it.
public struct RuntimeSight: Sendable {
    public static let schema = "mozaiks.ops/sight/v1"
    /// A runtime's name follows.
    static let prefix = "sight:"

    public var summary: RuntimeSummary
    public var polledAt: Timestamp
    /// Between two polls, as they were configured.
    public var interval: TimeSpan
    public var mode: Mode
    public var environment: String
    /// Seen by a daemon, which polls on and on; a pass of `check` comes when cron has it come.
    public var isOfDaemon: Bool

    public init(
        summary: RuntimeSummary, polledAt: Timestamp, interval: TimeSpan, mode: Mode, environment: String, isOfDaemon: Bool
    ) {
        self.summary = summary
        self.polledAt = polledAt
        self.interval = interval
        self.mode = mode
        self.environment = environment
        self.isOfDaemon = isOfDaemon
    }

    /// Of every runtime that somebody polled, by the bytes of its name. What cannot be read is left out, and named to `damaged`.
    public static func all(in journal: Journal, damaged: (String) -> Void) throws(JournalError) -> [RuntimeSight] {
        var sights: [RuntimeSight] = []
        for key in try journal.stateKeys() where key.utf8.starts(with: prefix.utf8) {
            guard let bytes = try journal.state(key) else { continue }
            do {
                sights.append(try RuntimeSight(DocumentReader(JSON(parsing: bytes), document: "sight")))
            } catch {
                damaged(String(key.dropFirst(prefix.count)))
            }
        }
        return sights.sorted { $0.summary.runtime.utf8.lexicographicallyPrecedes($1.summary.runtime.utf8) }
    }

    var row: StateRow { StateRow(key: RuntimeSight.prefix + summary.runtime, bytes: document.serializedBytes()) }

    /// How well it sees: a change of that is written at once.
    var quality: [String] {
        summary.replicas.map { replica in
            let missing = Endpoint.allCases.compactMap { endpoint in replica.missing[endpoint].map { "\(endpoint.path) \($0)" } }
            return "\(replica.url) \(replica.isHealthy.map { "\($0)" } ?? "-") \(replica.answersForSeveralProcesses) "
                + missing.joined(separator: " ")
        }
    }
}

// MARK: - As a document

extension RuntimeSight {
    public var document: JSON {
        [
            "schema": .string(RuntimeSight.schema), "runtime": .string(summary.runtime), "polled_at": .moment(polledAt),
            "interval": .span(interval), "mode": .string(mode.rawValue), "environment": .string(environment),
            "daemon": .bool(isOfDaemon), "apps": .int(Int64(summary.apps)), "dead_counters": .array(summary.deadCounters.map { .string($0.name) }),
            "replicas": .array(summary.replicas.map(RuntimeSight.document)),
        ]
    }

    private static func document(_ replica: RuntimeSummary.Replica) -> JSON {
        func figure(_ value: Int64?) -> JSON { value.map { .int($0) } ?? .null }
        let missing = Endpoint.allCases.compactMap { endpoint -> JSON? in
            guard let reason = replica.missing[endpoint] else { return nil }
            return [
                "endpoint": .string(endpoint.path), "reason": .string("\(reason)"),
                "detail": .optional(replica.detail[endpoint].map(Shown.line)),
            ]
        }
        return [
            "url": .string(replica.url), "healthy": replica.isHealthy.map { .bool($0) } ?? .null,
            "mongodb_ping_ms": replica.mongoPingMilliseconds.map(JSON.figure) ?? .null,
            "websockets": figure(replica.websockets), "tracked_chats": figure(replica.trackedChats.map { Int64($0) }),
            "open_chats": figure(replica.openChats.map { Int64($0) }), "apps": figure(replica.appCount.map { Int64($0) }),
            "errors": figure(replica.errors), "unreadable_fields": .int(Int64(replica.unreadableFields)),
            "several_processes": .bool(replica.answersForSeveralProcesses), "perf_interval": .span(replica.perfInterval),
            "health_detail": .optional(replica.missing[.health] == nil ? replica.detail[.health].map(Shown.line) : nil),
            "missing": .array(missing),
        ]
    }

    init(_ reader: DocumentReader) throws(DocumentError) {
        try reader.expectSchema(RuntimeSight.schema)
        let names = try reader.member("dead_counters").map { name throws(DocumentError) in try name.string() }
        summary = RuntimeSummary(
            runtime: try reader.member("runtime").string(),
            replicas: try reader.member("replicas").map { replica throws(DocumentError) in try RuntimeSight.replica(replica) },
            apps: try reader.member("apps").count(), deadCounters: Counter.allCases.filter { names.contains($0.name) },
            liveCounters: [], endedRuns: 0)
        polledAt = try reader.member("polled_at").timestamp()
        interval = try reader.member("interval").span()
        mode = try reader.member("mode").choice(Mode.self)
        environment = try reader.member("environment").string()
        isOfDaemon = try reader.member("daemon").bool()
    }

    private static func replica(_ reader: DocumentReader) throws(DocumentError) -> RuntimeSummary.Replica {
        func figure(_ key: String) throws(DocumentError) -> Int64? { try reader.optional(key)?.value.int }
        var replica = RuntimeSummary.Replica(
            url: try reader.member("url").string(), perfInterval: try reader.member("perf_interval").span())
        replica.isHealthy = try reader.optional("healthy")?.bool()
        replica.mongoPingMilliseconds = try reader.optional("mongodb_ping_ms")?.value.double
        replica.websockets = try figure("websockets")
        replica.trackedChats = try figure("tracked_chats").map { Int($0) }
        replica.openChats = try figure("open_chats").map { Int($0) }
        replica.appCount = try figure("apps").map { Int($0) }
        replica.errors = try figure("errors")
        replica.unreadableFields = try reader.member("unreadable_fields").count()
        replica.answersForSeveralProcesses = try reader.member("several_processes").bool()
        replica.detail[.health] = try reader.optional("health_detail")?.string()
        for missing in try reader.member("missing").elements() {
            guard let endpoint = Endpoint(path: try missing.member("endpoint").string()) else { continue }
            let reason = try missing.member("reason")
            guard let known = MissingReason(try reason.string()) else { throw reason.error("is no reason") }
            replica.missing[endpoint] = known
            replica.detail[endpoint] = try missing.optional("detail")?.string()
        }
        return replica
    }
}

// MARK: - Keeping it

extension Core {
    /// How long what the journal shows of a runtime may be behind: each poll that changes nothing is not worth a write.
    static let sightInterval = TimeSpan.seconds(10)

    /// Writes down what a poll showed, for whoever looks from beside.
    func noteSight(_ summary: RuntimeSummary, at now: Timestamp, _ record: inout TickRecord) {
        let settings = pipeline.settings
        let sight = RuntimeSight(
            summary: summary, polledAt: now, interval: settings.interval, mode: settings.mode, environment: settings.environment,
            isOfDaemon: instruments != nil)
        let quality = sight.quality
        if let last = sights[summary.runtime], last.quality == quality, now >= last.at, now - last.at < Core.sightInterval { return }
        sights[summary.runtime] = (now, quality)
        record.states.append(sight.row)
    }

    /// Forgets what was shown of runtimes that are watched no more; once, at the first cycle.
    func forgetSights(_ record: inout TickRecord) {
        guard !areSightsCleared else { return }
        areSightsCleared = true
        guard pipeline.settings.areAllRuntimes, let keys = try? journal?.stateKeys() else { return }
        let known = Set(pipeline.settings.runtimes.map { RuntimeSight.prefix + $0.name })
        for key in keys where key.utf8.starts(with: RuntimeSight.prefix.utf8) && !known.contains(key) {
            record.states.append(StateRow(key: key, bytes: nil))
        }
    }

    /// What an earlier process left under a name of its own choice; nil where nothing is, or it cannot be read.
    public func remembered(_ key: String) -> [UInt8]? { (try? journal?.state(key)) ?? nil }

    /// Keeps it. False when that failed.
    public func remember(_ key: String, _ bytes: [UInt8]) -> Bool {
        var record = TickRecord()
        record.states.append(StateRow(key: key, bytes: bytes))
        unsaved.append(record)
        return flush()
    }
}
