import Ambient
import CycleKit
import Glibc
import Model
import Policy
import Server
import TestKit
import Testing
@testable import Cycle
@testable import Daemon

/// What the monitor says of itself at `/metrics`.
@Suite struct MetricsTests {
    let place = Workplace()
    let settings = Crowd.settings()

    private func instruments(_ most: Int = 0, gate: Gate? = nil) -> Instruments {
        Instruments(
            version: "1.2.3", commit: "0123456789ab", clock: place.clock, patience: .minutes(2), apps: .init(most: most), gate: gate,
            droppedLines: { 7 })
    }

    private func text(_ instruments: Instruments) -> String { Exposition.text(instruments.families, as: .prometheus) }

    /// A noisy tenant is found, paused, and refused at the gate.
    private func story(_ instruments: Instruments, gate: Gate? = nil) async throws -> Core {
        let core = try place.core(settings, try Crowd.policies(), gate: gate, instruments: instruments)
        for _ in 0..<3 { await core.pass(Crowd.noisy, place.clock) }
        return core
    }

    @Test("noisy => firing => paused: counts, readings, incidents, leases, decisions, questions, messages")
    func everything() async throws {
        let gate = place.gate(settings)
        let instruments = instruments(2, gate: gate)
        _ = try await story(instruments, gate: gate)
        instruments.watch(ConnectionTally(), of: "gate")
        #expect(gate.refuses("app-shop"))
        #expect(!gate.refuses("app-bank"))
        let text = text(instruments)
        for line in [
            #"mozaiks_ops_build_info{version="1.2.3",revision="0123456789ab"} 1.0"#,
            #"mozaiks_ops_cycles_total{runtime="shared"} 3.0"#,
            #"mozaiks_ops_polls_total{endpoint="/api/health",result="answered"} 3.0"#,
            #"mozaiks_ops_poll_duration_seconds_bucket{endpoint="/api/health",le="0.005"} 3"#,
            #"mozaiks_ops_evaluation_duration_seconds_count 3"#,
            #"mozaiks_ops_commit_duration_seconds_count 3"#,
            #"mozaiks_ops_commit_failures_total 0.0"#,
            #"mozaiks_ops_poll_interval_seconds{runtime="shared"} 10.0"#,
            #"mozaiks_ops_evidence_missing{runtime="shared",endpoint="/health/active-runs",reason="not_tracked"} 1.0"#,
            #"mozaiks_ops_incidents{rule="noisy-neighbor",severity="warning",state="open"} 1.0"#,
            #"mozaiks_ops_incidents_opened_total{rule="noisy-neighbor",severity="warning"} 1.0"#,
            #"mozaiks_ops_leases{action="pause",state="in_force",shadow="false"} 1.0"#,
            #"mozaiks_ops_decisions_total{action="pause",verdict="done"} 1.0"#,
            #"mozaiks_ops_gate_questions_total{answer="refused"} 1.0"#,
            #"mozaiks_ops_gate_questions_total{answer="allowed"} 1.0"#,
            #"mozaiks_ops_log_lines_dropped_total 7.0"#,
            #"mozaiks_ops_connections_refused_total{server="gate",reason="address"} 0.0"#,
            #"mozaiks_ops_connections_refused_total{server="gate",reason="late"} 0.0"#,
            #"mozaiks_ops_runtime_active_runs{runtime="shared"} 20.0"#,
            #"mozaiks_ops_runtime_websockets{runtime="shared"} 7.0"#,
            #"mozaiks_ops_app_active_runs{runtime="shared",app="app-shop"} 12.0"#,
            #"mozaiks_ops_app_active_runs_share_ratio{runtime="shared",app="app-shop"} 0.6"#,
        ] {
            #expect(text.contains(line + "\n"), "\(line)\n\(text)")
        }
        // The two busiest and no more; of equally busy ones the first by name.
        #expect(!text.contains(#"app="app-clinic""#) && text.contains(#"app="app-bank""#))
    }

    @Test func whatIsMissingHasNoSample() async throws {
        let instruments = instruments()
        let core = try place.core(settings, try Crowd.policies(), instruments: instruments)
        #expect(!text(instruments).contains("mozaiks_ops_runtime_"))
        #expect(!text(instruments).contains("mozaiks_ops_gate_") && !text(instruments).contains("mozaiks_ops_outbox_"))
        // Nothing but a health answer: runs are unknown and not none.
        place.clock.advance(by: .seconds(10))
        await core.cycle(Crowd.runtime, [Crowd.poll(Crowd.calm, at: place.clock.now())[0]])
        let text = text(instruments)
        #expect(text.contains("mozaiks_ops_runtime_up{runtime=\"shared\"} 1.0\n"))
        #expect(!text.contains("mozaiks_ops_runtime_active_runs") && !text.contains("mozaiks_ops_runtime_error_rate"))
        #expect(text.contains("mozaiks_ops_outbox_pending_messages 0.0\n") && !text.contains("outbox_oldest_pending"))
        #expect(!text.contains("mozaiks_ops_app_"))
    }

    @Test("counters begin at 0, so that the first incident is an increase; what nothing told yet has no sample")
    func fromTheStart() async throws {
        let gate = place.gate(settings)
        let instruments = instruments(gate: gate)
        let core = try place.core(settings, try Crowd.policies(), gate: gate, instruments: instruments)
        let before = text(instruments)
        for line in [
            #"mozaiks_ops_incidents_opened_total{rule="noisy-neighbor",severity="warning"} 0.0"#,
            #"mozaiks_ops_incidents_resolved_total{rule="noisy-neighbor",severity="warning"} 0.0"#,
            #"mozaiks_ops_decisions_total{action="pause",verdict="done"} 0.0"#,
            #"mozaiks_ops_refusals_total{action="throttle",reason="kill_switch"} 0.0"#,
            #"mozaiks_ops_gate_failed_open_total{reason="unparsable"} 0.0"#,
        ] {
            #expect(before.contains(line + "\n"), "\(line)\n\(before)")
        }
        for name in ["journal_failing", "reverts_due", "actions_stopped"] {
            #expect(!before.contains("mozaiks_ops_\(name) "), "nobody looked yet: \(name)")
        }
        for _ in 0..<3 { await core.pass(Crowd.noisy, place.clock) }
        let after = text(instruments)
        #expect(after.contains(#"mozaiks_ops_incidents_opened_total{rule="noisy-neighbor",severity="warning"} 1.0"# + "\n"))
        for name in ["journal_failing", "reverts_due", "actions_stopped"] {
            #expect(after.contains("mozaiks_ops_\(name) 0.0\n"), "\(name)")
        }
    }

    @Test("a rule that a reload brings begins at 0, those of what nobody watches are not there")
    func rulesOfAReload() async throws {
        let instruments = instruments()
        let core = try place.core(settings, try Crowd.policies(), instruments: instruments)
        let builtIn = PolicyLoader.load(files: [PolicyFile(path: DefaultPolicy.file, bytes: Array(DefaultPolicy.text.utf8))])
        await core.reload(settings: settings, policies: try builtIn.get())
        let text = text(instruments)
        #expect(text.contains(#"mozaiks_ops_incidents_opened_total{rule="runtime-down",severity="critical"} 0.0"# + "\n"))
        #expect(!text.contains("rule=\"host-"))
    }

    @Test func everyVerdictHasItsWord() {
        let refusal = Refusal(.mode, "so")
        let all: [Verdict] = [
            .act, .wouldHave, .wouldAsk(refusal), .needsApproval(refusal), .refused(refusal), .alreadyInForce(lease: "lease-1"),
        ]
        #expect(Set(all.map(\.word)) == Set(Verdict.words))
    }

    @Test func aRuntimeThatHangsShowsNoOldReadings() async throws {
        let instruments = instruments()
        let core = try await story(instruments)
        #expect(text(instruments).contains("mozaiks_ops_runtime_active_runs{"))
        #expect(instruments.troubles(of: ["shared"]) == [])
        place.clock.advance(by: .minutes(3))
        #expect(!text(instruments).contains("mozaiks_ops_runtime_active_runs{"))
        #expect(text(instruments).contains("mozaiks_ops_cycles_total{runtime=\"shared\"} 3.0\n"))
        #expect(
            instruments.troubles(of: ["other", "shared"]) == [
                "stuck: runtime other: no cycle since the start for 3m30s", "stuck: runtime shared: no cycle for 3m",
            ])
        await core.pass(Crowd.calm, place.clock)
        #expect(instruments.troubles(of: ["shared"]) == [])
    }

    @Test func readyIsOnlyWhatWasCommitted() async throws {
        let instruments = instruments()
        let core = try place.core(settings, try Crowd.policies(), instruments: instruments)
        let remove = try await Obstacle.readOnly.raise(core, place)
        #expect(await !core.pass(Crowd.calm, place.clock))
        #expect(!instruments.hasCommitted)
        #expect(instruments.troubles(of: []) == ["stuck: the journal cannot be written: no new action and no message until it can be"])
        #expect(text(instruments).contains("mozaiks_ops_journal_failing 1.0\n"))
        #expect(text(instruments).contains("mozaiks_ops_commit_failures_total 1.0\n"))
        try await remove()
        #expect(await core.pass(Crowd.calm, place.clock))
        #expect(instruments.hasCommitted && instruments.troubles(of: []) == [])
        #expect(text(instruments).contains("mozaiks_ops_journal_failing 0.0\n"))
    }

    @Test func theAgeOfTheOldestMessageGrowsBetweenCycles() async throws {
        let instruments = instruments()
        let core = try await story(instruments)
        // The outbox is counted every half minute.
        await core.pass(Crowd.noisy, place.clock)
        func age() -> Double? {
            let prefix = "mozaiks_ops_outbox_oldest_pending_age_seconds "
            return text(instruments).split(separator: "\n").first { $0.hasPrefix(prefix) }.flatMap {
                Double($0.dropFirst(prefix.utf8.count))
            }
        }
        let before = try #require(age())
        #expect(text(instruments).contains("mozaiks_ops_outbox_pending_messages 1.0\n"))
        place.clock.advance(by: .seconds(45))
        #expect(age() == before + 45)
    }

    @Test("promtool finds nothing to complain about", arguments: [0, 20])
    func promtool(most: Int) async throws {
        let gate = place.gate(settings)
        let instruments = instruments(most, gate: gate)
        _ = try await story(instruments, gate: gate)
        instruments.gateAnswered(inSeconds: 0.000_02)
        let file = place.temporary.write(text(instruments), to: "metrics.txt")
        let ending = try Promtool.run("exec \(Promtool.path) check metrics <\"$0\"", file)
        #expect(ending.code == 0 && ending.everything.isEmpty, "\(ending.everything)")
    }

    @Test("hostile names stay on their line", arguments: ["a\"b", "a\\", "a\nb 1\n# EOF", "\u{202E}x", "{a=\"b\"}"])
    func hostile(name: String) async throws {
        var settings = Crowd.settings()
        settings.runtimes = [.init(name: name, replicas: [Crowd.replica])]
        let instruments = instruments(5)
        let core = try place.core(settings, try Crowd.policies(), instruments: instruments)
        for _ in 0..<2 {
            place.clock.advance(by: .seconds(10))
            let polls = Crowd.poll([name: 3], at: place.clock.now(), runtime: name)
            await core.cycle(name, polls)
        }
        let file = place.temporary.write(text(instruments), to: "metrics.txt")
        let ending = try Promtool.run("exec \(Promtool.path) check metrics <\"$0\"", file)
        #expect(ending.code == 0 && ending.everything.isEmpty, "\(ending.everything)")
        place.clock.advance(by: .minutes(3))
        #expect(instruments.troubles(of: [name]).allSatisfy { !$0.contains("\n") && !$0.contains("\u{202E}") })
    }

    @Test("what is watched goes by its name under the label of its kind")
    func kinds() async throws {
        var settings = Crowd.settings()
        settings.runtimes.append(.init(name: "shop", kind: .service, replicas: ["https://shop.example"]))
        settings.runtimes.append(.init(name: "box", kind: .host, replicas: ["/proc"]))
        let instruments = instruments()
        let core = try place.core(settings, try Crowd.policies(), instruments: instruments)
        await core.pass(Crowd.calm, place.clock)
        for (name, replica, endpoint) in [("shop", "https://shop.example", Endpoint.probe), ("box", "/proc", .host)] {
            await core.cycle(
                name,
                [
                    Observation(
                        at: place.clock.now(), runtime: name, replica: replica, endpoint: endpoint, elapsedMilliseconds: 2,
                        outcome: .failure(.unreachable, detail: "nobody"))
                ])
        }
        for cycles in [2, 3, 0] { await core.leftOut(cycles, of: "shop") }
        #expect(
            place.lines.containing("cycles are left out").count == 1 && place.lines.containing("keep up with the interval again").count == 1
        )
        let text = text(instruments)
        for line in [
            #"mozaiks_ops_cycles_left_out_total{service="shop"} 5.0"#, #"mozaiks_ops_cycles_left_out_total{host="box"} 0.0"#,
            #"mozaiks_ops_cycles_total{runtime="shared"} 1.0"#, #"mozaiks_ops_cycles_total{host="box"} 1.0"#,
            #"mozaiks_ops_poll_interval_seconds{service="shop"} 10.0"#,
            #"mozaiks_ops_evidence_missing{service="shop",endpoint="\#(Endpoint.probe.path)",reason="unreachable"} 1.0"#,
            #"mozaiks_ops_evidence_missing{host="box",endpoint="\#(Endpoint.host.path)",reason="unreachable"} 1.0"#,
        ] {
            #expect(text.contains(line + "\n"), "\(line)\n\(text)")
        }
        #expect(text.contains("mozaiks_ops_last_cycle_timestamp_seconds{host=\"box\"} "))
        #expect(!text.contains("runtime=\"shop\"") && !text.contains("runtime=\"box\""))
        #expect(!text.contains("perf_interval_seconds{host") && !text.contains("perf_interval_seconds{service"))
    }

    @Test func theAnswerIsOfTheFormatThatWasAskedFor() async throws {
        let instruments = instruments()
        _ = try await story(instruments)
        let endpoints = MonitorEndpoints(gate: nil, health: { DaemonHealth(isCycling: true) }, more: [instruments.route])
        let plain = endpoints.answer(ServerRequest(target: "/metrics"))
        #expect(plain.status == 200 && plain.headers.first?.value == "text/plain; version=0.0.4; charset=utf-8")
        let open = endpoints.answer(
            ServerRequest(target: "/metrics", headers: [("Accept", "application/openmetrics-text;version=1.0.0;q=0.75,*/*;q=0.1")]))
        #expect(open.headers.first?.value == "application/openmetrics-text; version=1.0.0; charset=utf-8")
        #expect(String(decoding: open.body, as: UTF8.self).hasSuffix("\n# EOF\n"))
        #expect(endpoints.answer(ServerRequest(method: "POST", target: "/metrics")).status == 405)
    }

    @Test func everyNameIsThereOnce() {
        let names = MonitorMetric.all.map(\.name)
        #expect(Set(names).count == names.count)
        for info in MonitorMetric.all {
            #expect(info.kind == .counter ? info.name.hasSuffix("_total") : !info.name.hasSuffix("_total"), "\(info.name)")
            #expect(info.kind != .histogram || info.name.hasSuffix("_seconds"), "\(info.name)")
        }
    }
}

/// Prometheus' own checker.
enum Promtool {
    static let path = "/usr/bin/promtool"

    /// Runs a line of shell; `$0` is the file.
    static func run(_ line: String, _ file: String) throws -> RunningProgram.Ending {
        try #require(access(path, X_OK) == 0, "promtool is missing: .ci/setup installs it")
        return try RunningProgram("/bin/sh", ["-c", line, file], in: "/").waitForEnd()
    }
}
