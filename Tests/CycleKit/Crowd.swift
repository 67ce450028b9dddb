import Cycle
import JSONParsing
import Model
import Policy

/// A runtime whose open runs are what a test says: for tests of what happens behind the decisions.
package struct Crowd {
    package static let runtime = "shared"
    package static let replica = "http://127.0.0.1:8000"
    /// Nobody is noisy.
    package static let calm = ["app-clinic": 4, "app-bank": 4, "app-shop": 4]
    /// `app-shop` is.
    package static let noisy = ["app-clinic": 4, "app-bank": 4, "app-shop": 12]

    /// One poll of everything, `elapsed` milliseconds for the perf endpoint.
    package static func poll(
        _ open: [String: Int], at: Timestamp, runtime: String = Crowd.runtime, replica: String = Crowd.replica,
        elapsed: Double = 2, ended: Int = 12, created: String = "2026-11-21T08:00:00+00:00"
    ) -> [Observation] {
        func answer(_ endpoint: Endpoint, _ body: JSON) -> Observation {
            Observation(
                at: at, runtime: runtime, replica: replica, endpoint: endpoint,
                elapsedMilliseconds: endpoint == .perf ? elapsed : 2,
                outcome: .answer(
                    .init(status: 200, date: at, contentType: "application/json", body: Body(body.serializedBytes()))))
        }
        return [
            answer(
                .health,
                ["status": "healthy", "mongodb_ping_ms": 0.04, "active_connections": ["websocket_connections": 7]]),
            answer(.activeRuns, ["active_count": 0, "runs": [], "note": "Registry tracking disabled for simplicity"]),
            answer(
                .events,
                [
                    "data": [
                        "created": .string(created), "custom_events_by_type": ["chat.usage_delta": 2],
                    ]
                ]),
            answer(.perf, perf(open, ended)),
        ]
    }

    /// - Parameter chats: of each app, at least.
    private static func perf(_ open: [String: Int], _ least: Int) -> JSON {
        let chats = open.sorted { $0.key < $1.key }.flatMap { app, count in
            // Runs that are not open any more have ended: nothing is evicted.
            (0..<max(least, count)).map { index -> JSON in
                [
                    "chat_id": .string("\(app)-\(index)"), "app_id": .string(app), "workflow_name": "HelloWorld",
                    "user_id": .string("user-\(index)"), "started_at": "2026-11-21T08:50:01.922803+00:00",
                    "ended_at": index < count ? .null : "2026-11-21T08:58:00+00:00",
                    "runtime_sec": 30.5, "agent_turns": 1, "tool_calls": 0, "errors": 0, "last_turn_duration_sec": 1.5,
                    "prompt_tokens": 10, "completion_tokens": 3, "cost": 0.001,
                ]
            }
        }
        return [
            "active_chats": .int(Int64(open.values.reduce(0, +))), "tracked_chats": .int(Int64(chats.count)),
            "total_agent_turns": 0,
            "total_tool_calls": 0, "total_errors": 0, "total_prompt_tokens": 0, "total_completion_tokens": 0,
            "total_cost": 0,
            "chats": .array(chats),
        ]
    }

    /// Noisy for two polls is enough: `for: 10s`, a lease of a minute.
    package static func policies(_ change: (inout String) -> Void = { _ in }) throws -> PolicySet {
        var text = """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            mode: enforce
            clear_after: 20s
            thresholds: {noisy_share: 40%}
            allowed_actions: [notify, throttle, pause]
            rules:
              noisy-neighbor:
                subject: app
                when: active_runs.share > $noisy_share
                for: 10s
                severity: warning
                summary: One app takes more than its share of the runtime.
                actions:
                  - notify
                  - pause: {ttl: 1m}

            """
        change(&text)
        return try PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(text.utf8))])
            .get()
    }

    package static func settings() -> MonitorSettings {
        var settings = MonitorSettings()
        settings.environment = "test"
        settings.mode = .enforce
        settings.interval = .seconds(10)
        settings.runtimes = [.init(name: runtime, replicas: [replica])]
        settings.landable = [.throttle, .pause, .disablePack]
        settings.channels = ["ops"]
        settings.guardOptions.cooldown = .seconds(1)
        return settings
    }
}
