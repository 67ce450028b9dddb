import Journal
import JSONParsing
import Model
import Signals

/// What the newest polls of a runtime showed, as the journal keeps it for whoever looks from beside: `status`. Schema
/// `mozaiks.ops/sight/v1`. Nothing is decided by it.
public struct RuntimeSight: Sendable {
    public static let schema = "mozaiks.ops/sight/v1"
    /// A runtime's name follows.
    package static let prefix = "sight:"

    public var summary: RuntimeSummary
    public var polledAt: Timestamp
    /// Between two polls, as they were configured.
    public var interval: TimeSpan
    public var mode: Mode
    /// Why it is no stronger one, and where that is set; nil where it is the strongest, and of monitors that did not say.
    public var modePlace: String?
    public var environment: String
    /// Seen by a daemon, which polls on and on; a pass of `check` comes when cron has it come.
    public var isOfDaemon: Bool
    /// What the engine's gate was asked; nil where there is none.
    public var gate: Gate?

    /// What the gate was asked about a runtime.
    public struct Gate: Sendable, Equatable {
        /// Newest question about a start; nil: none yet, as far back as is remembered.
        public var askedAt: Timestamp?
        /// Since when the engine has listened for questions.
        public var since: Timestamp

        package init(askedAt: Timestamp?, since: Timestamp) {
            self.askedAt = askedAt
            self.since = since
        }
    }

    public init(
        summary: RuntimeSummary, polledAt: Timestamp, interval: TimeSpan, mode: Mode, modePlace: String? = nil, environment: String,
        isOfDaemon: Bool, gate: Gate? = nil
    ) {
        self.modePlace = modePlace
        self.gate = gate
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
        return sights.sorted { $0.summary.runtime.precedes($1.summary.runtime) }
    }

    /// `neither a proxy nor the extension has asked the gate about shared since 2026-11-21 17:05:00Z`, where nobody seems to.
    public var gateRemark: String? {
        guard let gate else { return nil }
        let name = Shown.id(summary.runtime)
        let nobody = "neither a proxy nor the extension has asked the gate about \(name) since"
        guard let askedAt = gate.askedAt else { return "\(nobody) \(gate.since), when it began" }
        return polledAt - askedAt > RuntimeSight.quiet ? "\(nobody) \(askedAt)" : nil
    }

    /// So long a runtime may well have no start.
    private static let quiet = TimeSpan.hours(1)

    package var row: StateRow { StateRow(key: RuntimeSight.prefix + summary.runtime, bytes: document.serializedBytes()) }

    /// How well it sees: a change of that is written at once.
    package var quality: [String] {
        [summary.finding.map { "\($0.trouble ?? "-") \($0.isDeserted)" } ?? "-"]
            + (summary.replicas + [summary.page].compactMap { $0 }).map { replica in
                let missing = Endpoint.allCases.compactMap { endpoint in replica.missing[endpoint].map { "\(endpoint.path) \($0)" } }
                return "\(replica.url) \(replica.isHealthy.map { "\($0)" } ?? "-") \(replica.answersForSeveralProcesses) "
                    + missing.joined(separator: " ")
            } + summary.unjudged.map { "unjudged \($0.rule) \($0.isBlind)" }
    }
}

// MARK: - As a document

extension RuntimeSight {
    private static func document(_ unjudged: RuntimeSummary.Unjudged) -> JSON {
        var object: JSONObject = ["rule": .string(unjudged.rule), "wanting": unjudged.wanting.map(JSON.span) ?? .null]
        if unjudged.isBlind { object.append("blind", .bool(true)) }
        return .object(object)
    }

    public var document: JSON {
        var object: JSONObject = [
            "schema": .string(RuntimeSight.schema), "runtime": .string(summary.runtime), "polled_at": .moment(polledAt),
            "interval": .span(interval), "mode": .string(mode.rawValue),
            "mode_place": .optional(modePlace), "environment": .string(environment),
            "daemon": .bool(isOfDaemon),
            "gate": gate.map { ["asked_at": .moment($0.askedAt), "since": .moment($0.since)] } ?? .null,
            "apps": .int(Int64(summary.apps)), "dead_counters": .array(summary.deadCounters.map { .string($0.name) }),
            "replicas": .array(summary.replicas.map(RuntimeSight.document)),
            "unjudged": .array(summary.unjudged.map(RuntimeSight.document)),
            "finding": summary.finding.map(RuntimeSight.document) ?? .null,
        ]
        // As on tapes: a runtime where nothing is said of it.
        if summary.kind != .runtime { object.append("kind", .string(summary.kind.rawValue)) }
        if let page = summary.page { object.append("page", RuntimeSight.document(page)) }
        return .object(object)
    }

    private static func document(_ finding: RuntimeSummary.Finding) -> JSON {
        let labels = finding.labels.inByteOrder(of: \.key).map { (key: $0.key, value: JSON.string($0.value)) }
        return [
            "source": .string(finding.source), "trouble": .optional(finding.trouble), "labels": .object(JSONObject(labels)),
            "deserted": .bool(finding.isDeserted),
        ]
    }

    private static func document(_ replica: RuntimeSummary.Replica) -> JSON {
        func figure(_ value: Int64?) -> JSON { value.map { .int($0) } ?? .null }
        let missing = Endpoint.allCases.compactMap { endpoint -> JSON? in
            guard let reason = replica.missing[endpoint] else { return nil }
            return [
                "endpoint": .string(endpoint.path), "reason": .string("\(reason)"),
                "detail": .optional(replica.detail[endpoint].map(Shown.line)), "last_evidence_at": .moment(replica.heardAt[endpoint]),
            ]
        }
        func words(_ texts: [Endpoint: String]) -> JSON? {
            let members = [Endpoint.host, .probe].compactMap { endpoint in
                texts[endpoint].map { (key: endpoint.path, value: JSON.string(Shown.line($0))) }
            }
            return members.isEmpty ? nil : .object(JSONObject(members))
        }
        var object: JSONObject = [
            "url": .string(replica.url), "healthy": replica.isHealthy.map { .bool($0) } ?? .null,
            "mongodb_ping_ms": replica.mongoPingMilliseconds.map(JSON.figure) ?? .null,
            "websockets": figure(replica.websockets), "tracked_chats": figure(replica.trackedChats.map { Int64($0) }),
            "open_chats": figure(replica.openChats.map { Int64($0) }), "apps": figure(replica.appCount.map { Int64($0) }),
            "errors": figure(replica.errors), "unreadable_fields": .int(Int64(replica.unreadableFields)),
            "shared_chats": .int(Int64(replica.sharedChats)),
            "several_processes": .bool(replica.answersForSeveralProcesses), "perf_interval": .span(replica.perfInterval),
            "health_detail": .optional(replica.missing[.health] == nil ? replica.detail[.health].map(Shown.line) : nil),
            "missing": .array(missing),
        ]
        if let other = replica.sameProcess { object.append("same_process", .string(other)) }
        // What looks came to, and why.
        if let said = words(replica.said) { object.append("said", said) }
        if let details = words(replica.detail) { object.append("details", details) }
        let measured = replica.figures.sorted { $0.key.rawValue < $1.key.rawValue }.map { (key: $0.key.name, value: JSON.figure($0.value)) }
        if !measured.isEmpty { object.append("figures", .object(JSONObject(measured))) }
        return .object(object)
    }

    init(_ reader: DocumentReader) throws(DocumentError) {
        try reader.expectSchema(RuntimeSight.schema)
        let names = try reader.member("dead_counters").map { name throws(DocumentError) in try name.string() }
        summary = RuntimeSummary(
            runtime: try reader.member("runtime").string(),
            kind: try reader.optional("kind")?.choice(WatchedKind.self) ?? .runtime,
            replicas: try reader.member("replicas").map { replica throws(DocumentError) in try RuntimeSight.replica(replica) },
            apps: try reader.member("apps").count(), deadCounters: Counter.allCases.filter { names.contains($0.name) },
            liveCounters: [], endedRuns: 0)
        summary.finding = try reader.optional("finding").map { finding throws(DocumentError) in
            let labels = finding.value["labels"]?.object ?? JSONObject()
            return RuntimeSummary.Finding(
                source: try finding.member("source").string(), trouble: try finding.optional("trouble")?.string(),
                labels: Dictionary(labels.compactMap { label in label.value.string.map { (label.key, $0) } }) { first, _ in first },
                isDeserted: try finding.member("deserted").bool())
        }
        summary.page = try reader.optional("page").map { page throws(DocumentError) in try RuntimeSight.replica(page) }
        // Monitors before it was told wrote nothing of it.
        summary.unjudged =
            try reader.optional("unjudged")?.map { one throws(DocumentError) in
                RuntimeSummary.Unjudged(
                    rule: try one.member("rule").string(), wanting: try one.optional("wanting")?.span(),
                    isBlind: try one.optional("blind")?.bool() ?? false)
            } ?? []
        polledAt = try reader.member("polled_at").timestamp()
        interval = try reader.member("interval").span()
        mode = try reader.member("mode").choice(Mode.self)
        modePlace = try reader.optional("mode_place")?.string()
        environment = try reader.member("environment").string()
        isOfDaemon = try reader.member("daemon").bool()
        gate = try reader.optional("gate").map { gate throws(DocumentError) in
            Gate(askedAt: try gate.optional("asked_at")?.timestamp(), since: try gate.member("since").timestamp())
        }
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
        replica.sharedChats = try reader.optional("shared_chats")?.count() ?? 0
        replica.sameProcess = try reader.optional("same_process")?.string()
        replica.answersForSeveralProcesses = try reader.member("several_processes").bool()
        replica.detail[.health] = try reader.optional("health_detail")?.string()
        for endpoint in [Endpoint.host, .probe] {
            replica.said[endpoint] = try reader.optional("said")?.optional(endpoint.path)?.string()
            replica.detail[endpoint] = try reader.optional("details")?.optional(endpoint.path)?.string()
        }
        for member in try reader.optional("figures")?.value.object ?? JSONObject() {
            if let signal = Signal(name: member.key), let figure = member.value.double { replica.figures[signal] = figure }
        }
        for missing in try reader.member("missing").elements() {
            guard let endpoint = Endpoint(path: try missing.member("endpoint").string()) else { continue }
            let reason = try missing.member("reason")
            guard let known = MissingReason(try reason.string()) else { throw reason.error("is no reason") }
            replica.missing[endpoint] = known
            replica.detail[endpoint] = try missing.optional("detail")?.string()
            // Monitors before it was told wrote nothing of it.
            replica.heardAt[endpoint] = try missing.optional("last_evidence_at")?.timestamp()
        }
        return replica
    }
}
