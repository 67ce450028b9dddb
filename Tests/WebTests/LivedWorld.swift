import Ambient
import CycleKit
import Glibc
import JSONParsing
import Journal
import Model
import Server
import TestKit
import Testing
import Views

import struct Journal.MinuteRow

@testable import Cycle
@testable import Web

/// A state folder as the built program leaves it after some passes, with rules in every state and apps of every kind of id: for the
/// pages that show what was judged.
struct LivedWorld {
    /// In the order in which lists have them; the first few are hostile.
    static let apps =
        ["<script>window.hacked=1</script>", "C:\\shop\\end\\", "\u{202E}txet", "app-clinic", "app-shop", "app-école-検証", "😀"]
        + (0..<many).map { "tenant-\($0)" }
    static let many = 230
    /// As `/apps/…` has it.
    static func page(of app: String) -> String { "/apps/" + PercentEncoding.encode(app.utf8) }

    let temporary = TemporaryFolder()
    let server: HTTPServer

    init() throws {
        mkdir(temporary.path("policies"), 0o700)
        temporary.write(
            """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            mode: enforce
            window: 5s
            thresholds: {crowd: 1}
            allowed_actions: [notify, throttle]
            rules:
              crowded: {subject: runtime, when: open_runs > $crowd, for: 0s, severity: critical, summary: More open runs than we like.}
              endless: {subject: runtime, when: open_runs > 9000, for: 5m, severity: warning, summary: Far too many open runs.}
              failing: {subject: runtime, when: error_rate > 5%, for: 5m, severity: warning, summary: Errors of all apps.}
              greedy: {subject: app, when: open_runs > 1, for: 0s, severity: warning, summary: An app has several open runs., actions: [notify, {throttle: {concurrent_workflows: 2, ttl: 5m}}]}
              soon: {subject: app, when: open_runs > 0, for: 30m, severity: info, summary: An app has open runs for long.}

            """, to: "policies/ops_policy.default.yaml")
        temporary.write(
            "schema: mozaiks.ops/policy/v1\nops_policy: app-shop\nrules:\n  greedy: {enabled: false}\n",
            to: "policies/ops_policy.app-shop.yaml")
        let answers = try LivedWorld.answers()
        let runtime = try MisbehavingServer { request, peer in
            let answer = answers.first { request.path.hasPrefix($0.path) }
            peer.answer(answer == nil ? 404 : 200, answer?.body ?? "{}", headers: ["Content-Type: application/json"])
        }
        defer { runtime.stop() }
        for _ in 0..<2 {
            let ending = try RunningProgram(
                RunningProgram.built, ["check", "--brief", "--policies", temporary.path("policies"), "--state", temporary.path("state")],
                environment: ["PATH": "/usr/bin:/bin", "HOME": temporary.path, "MOZAIKS_RUNTIME_URL": runtime.url], in: temporary.path,
                atMost: 60
            ).waitForEnd()
            try #require(ending.code == 2, "\(ending.everything)")
        }
        // As a daemon leaves it: what the open runs are of, and a minute of the month.
        let folder = try StateFolder(existing: temporary.path("state"))
        let now = SystemClock().now()
        let engine = try Journal.open(folder, mode: .engine(EngineLock(folder: folder, now: now)))
        let body = try #require(answers.first { $0.path == "/metrics/perf/aggregate" }).body
        let weights = try #require(AppWeights([Body(Array(body.utf8))], at: now))
        let minute = now.minute - 1
        let used = UsedMinute.rows(minute, [("app-clinic", 1_234)])
        try engine.commitTick(
            TickRecord(
                states: [weights.row("default")],
                minutes: [MinuteRow(runtime: "default", minute: minute, bytes: MinuteBlob.encode(used))]))
        engine.close()
        let face = Face(
            try StateFolder(existing: temporary.path("state")), Overview.Surroundings(settings: MonitorSettings()), isLoopback: true,
            token: nil,
            publicURL: nil, clock: SystemClock())
        server = HTTPServer(options: .questions) { face.answer($0) }
        try server.start()
    }

    /// Two open runs of each app but those whose id begins with `tenant`, which have one.
    private static func answers() throws -> [(path: String, body: String)] {
        func recorded(_ name: String) throws -> [UInt8] { try #require(Fixtures.read(Fixtures.copies + "/busy/\(name).json")) }
        var aggregate = try #require(try JSON(parsing: recorded("aggregate")).object)
        let template = try #require(aggregate["chats"]?[0]?.object)
        let chats = apps.enumerated().flatMap { index, app in
            (0..<(app.hasPrefix("tenant") ? 1 : 2)).map { run -> JSON in
                var chat = template
                chat["chat_id"] = .string("chat-\(index)-\(run)")
                chat["app_id"] = .string(app)
                chat["ended_at"] = .null
                // Whoever uses an app is called what they like.
                chat["user_id"] = .string(run == 0 ? "<img src=x onerror=window.hacked=1>" : "user-\(index)")
                return .object(chat)
            }
        }
        aggregate["chats"] = .array(chats)
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        return [
            ("/api/health", text(try recorded("health"))), ("/api/events/metrics", text(try recorded("events-metrics"))),
            ("/health/active-runs", text(try recorded("active-runs"))), ("/metrics/perf/aggregate", JSON.object(aggregate).serialized()),
        ]
    }
}
