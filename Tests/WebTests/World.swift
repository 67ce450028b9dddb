import Ambient
import Configuration
import Glibc
import JSONParsing
import Journal
import Model
import Policy
import Server
import Signals
import TestKit
import Testing
import Views

import struct Journal.MinuteRow

@testable import Cycle
@testable import Web

/// A clock that stands where a test puts it.
struct StandingClock: Clock {
    var moment = World.start
    var nanoseconds: UInt64 = 0

    func now() -> Timestamp { moment }
    func monotonicNanoseconds() -> UInt64 { nanoseconds }
    func sleep(for span: TimeSpan) async throws(CancellationError) {}
}

/// A state folder with a journal as an engine leaves it.
struct World {
    static let start = Timestamp(rfc3339: "2026-11-21T09:00:00.000Z")!  // A literal of this file.

    let temporary = TemporaryFolder()
    let folder: StateFolder
    let engine: Journal

    init() throws {
        folder = try StateFolder(creating: temporary.path("state"))
        engine = try Journal.open(folder, mode: .engine(EngineLock(folder: folder, now: World.start)))
    }

    static func incident(
        _ number: Int, rule: String = "noisy-neighbor", app: String? = "app-clinic", severity: Severity = .warning,
        summary: String = "Too many runs.",
        resolved: Bool = false
    ) -> Incident {
        let opened = World.start + .seconds(Double(number) - 1_000)
        let subject: Subject = app.map { .app(AppID($0), runtime: "shared") } ?? .runtime("shared")
        let print = "0000000000000000".dropLast("\(number)".utf8.count) + "\(number)"
        var incident = Incident(
            fingerprint: String(print), id: "\(print)-\(opened.milliseconds)", rule: rule, subject: subject,
            severity: severity, summary: summary,
            origin: Origin(file: "policies/ops_policy.default.yaml", line: 12), condition: "active_runs > 3",
            openedAt: opened, since: opened,
            transitions: [
                Transition(
                    at: opened, rule: rule, subject: subject, from: .pending, to: .firing,
                    reason: "condition true for 5m",
                    condition: "active_runs (7) > 3", readings: [])
            ],
            evidence: [
                EvidenceSeries(
                    series: "active_runs", unit: .runs,
                    points: ([1, nil, 3, 5] as [Double?]).enumerated().map { index, value in
                        .init(
                            at: opened + .seconds(Double(index)),
                            evidence: value.map { .value($0) } ?? .missing(.unreachable))
                    })
            ], suggestions: [], nextSteps: ["Ask the tenant."], playbook: "noisy-neighbor", labels: [:])
        if resolved { incident.resolvedAt = opened + .seconds(60) }
        return incident
    }

    func commit(_ incidents: [Incident], states: [StateRow] = [], messages: [OutboxMessage] = []) throws {
        try engine.commitTick(
            TickRecord(
                states: states, incidents: incidents.map { IncidentRow($0, updatedAt: World.start) }, messages: messages
            ))
    }

    /// A minute of the history in which so many runs were active.
    static func minute(_ minute: Int64, _ runs: Evidence) -> MinuteRow {
        var readings = Signal.allCases.map { _ in Evidence.missing(.notTracked) }
        readings[Int(Signal.activeRuns.rawValue)] = runs
        let row = RecordedHistory.Row(minute: minute, app: nil, readings: readings, watched: 1)
        return MinuteRow(runtime: "shared", minute: minute, bytes: MinuteBlob.encode([row]))
    }

    /// What a poll just showed.
    static func sight(
        _ name: String = "shared", kind: WatchedKind = .runtime, missing: [Endpoint: MissingReason] = [:],
        heardAt: [Endpoint: Timestamp] = [:],
        unjudged: [RuntimeSummary.Unjudged] = []
    ) -> StateRow {
        var replica = RuntimeSummary.Replica(url: "http://127.0.0.1:8000", perfInterval: .seconds(10))
        replica.isHealthy = missing[.health] == nil ? true : nil
        replica.missing = missing
        replica.heardAt = heardAt
        var summary = RuntimeSummary(
            runtime: name, kind: kind, replicas: [replica], apps: 3, deadCounters: [.errors], liveCounters: [], endedRuns: 0)
        summary.unjudged = unjudged
        let sight = RuntimeSight(
            summary: summary, polledAt: start, interval: .seconds(10), mode: .enforce, environment: "production",
            isOfDaemon: true)
        return StateRow(key: "sight:" + name, bytes: sight.document.serializedBytes())
    }

    /// What keeps rules about the evidence itself quiet.
    static let healthy: [Signal: Evidence] = [
        .up: .value(1), .healthy: .value(1), .trackedChats: .value(40), .uptime: .value(9_000), .perfSeconds: .value(0.01),
        .restarts: .value(0),
    ]

    /// What an engine writes of the policies by which it decides.
    /// - Parameter text: of the default file; empty: the built-in policy.
    static func policies(_ text: String) -> StateRow {
        let files: [JSON] =
            text.isEmpty
            ? [["file": .string(DefaultPolicy.file), "text": .string(DefaultPolicy.text)]]
            : [["file": "ops_policy.default.yaml", "text": .string(text)]]
        return StateRow(key: "policies", bytes: (["files": .array(files)] as JSON).serializedBytes())
    }

    func face(
        isLoopback: Bool = true, token: String? = nil, publicURL: String? = nil, proxies: TrustedProxies? = nil,
        proxySecret: String? = nil, settings: MonitorSettings? = nil, at clock: StandingClock = StandingClock()
    ) -> Face {
        let secret = token.map { CachedSecret(.literal(Secret($0)), what: "the token", in: Environment([:])) }
        return Face(
            folder, Overview.Surroundings(settings: settings), isLoopback: isLoopback, token: secret, publicURL: publicURL,
            proxies: proxies,
            proxySecret: proxySecret.map { CachedSecret(.literal(Secret($0)), what: "the proxies' secret", in: Environment([:])) },
            clock: clock)
    }
}

extension Face {
    func get(_ target: String, method: String = "GET", _ headers: [(name: String, value: String)] = [])
        -> ServerResponse
    {
        answer(ServerRequest(method: method, target: target, headers: headers))
    }
}

extension ServerResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
    func json() throws -> JSON { try JSON(parsing: body) }
    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}
