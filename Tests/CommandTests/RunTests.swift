import Glibc
import JSONParsing
import Model
import TestKit
import Testing

@testable import Simulator

/// The daemon, and what people ask of it while it runs.
@Suite struct RunTests {
    /// The usual 1,024 is as many as somebody with many connections takes from what polls.
    @Test("the daemon may have as many files open as the machine lets it, whatever it was started with")
    func openFiles() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            let daemon = try shell.start(below: ["/bin/sh", "-c", "ulimit -Sn 256; exec \"$@\"", "sh"], ["run"])
            #expect(daemon.waits { _, errors in errors.contains("msg=started") }, "\(daemon.errors)")
            let limits = try RunningProgram("/bin/cat", ["/proc/\(daemon.pid)/limits"], in: shell.folder.path).waitForEnd().output
            let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max open files") })
            // Max open files            524288               524288               files
            let words = line.split(separator: " ")
            #expect(words.count == 6 && words[3] == words[4] && words[3] != "256", "\(line)")
            #expect(daemon.ending(SIGTERM).code == 0)
        }
    }

    @Test func itTellsWhatItDoesAsEventsAndEndsWellWhenAsked() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder)
            shell.configure(url)
            let daemon = try shell.start(["run", "--events"])
            #expect(daemon.waits { output, _ in output.hasSuffix("\n") })
            let ending = daemon.ending(SIGTERM)
            #expect(ending.code == 0)
            #expect(ending.errors.contains(" hosts=none services=none "), "\(ending.errors)")
            #expect(ending.errors.contains("msg=started") && ending.errors.contains("msg=stopped saved=true"))
            let events = try ending.output.split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) }
            #expect(events.count == 1)
            #expect(events.first?["event"]?.string == "opened")
            #expect(events.first?["incident"]?["rule"]?.string == "crowded")
            #expect(events.first?["schema"]?.string == "mozaiks.ops/message/v1")
        }
    }

    /// Its database takes connections and never answers.
    @Test(.enabled(if: Shell.hasPostgres)) func toldToEndWhileItsStateDoesNotAnswerItEnds() throws {
        let port = try Loopback.MutePort()
        let shell = Shell()
        let daemon = try shell.start(["run", "--url", "http://127.0.0.1:9", "--state", port.database])
        let guest = port.waitForGuest()
        let ending = daemon.ending(SIGTERM)
        #expect(ending.code == 0, "\(ending.errors)")
        #expect(ending.errors.contains("told to end before it had begun") && ending.errors.contains("msg=stopped"), "\(ending.errors)")
        #expect(!ending.errors.contains("msg=started"))
        withExtendedLifetime((port, guest, shell)) {}
    }

    @Test func itsHealthIsAnsweredWhereTheServerListens() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder)
            let (server, gate) = (try Loopback.closedPort(), try Loopback.closedPort())
            shell.configure(
                url, "server: {listen: \"127.0.0.1:\(server)\"}\nactions: {gate: {listen: \"127.0.0.1:\(gate)\"}}")
            let daemon = try shell.start(["run"])
            #expect(daemon.waits { _, errors in errors.contains("firing") }, "\(daemon.errors)")
            for port in [server, gate] {
                let answer = try LoopbackClient(port: port, timeoutMilliseconds: 5_000).send(
                    "GET", Array("/healthz".utf8))
                #expect(answer.status == 200)
                #expect(String(decoding: answer.body, as: UTF8.self).contains(#""status":"ok""#))
            }
            #expect(daemon.ending(SIGTERM).code == 0)
        }
    }

    @Test func aPortThatIsTakenAndATapeThatCannotBeginAreNamed() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder)
            let taken = url.split(separator: ":").last ?? ""
            shell.configure(url, "actions: {gate: {listen: \"127.0.0.1:\(taken)\"}}")
            let port = try shell.run("run")
            #expect(port.code == 1)
            #expect(port.errors.contains("listen 127.0.0.1:\(taken): address already in use"), "\(port.errors)")
            let tape = try shell.run("run", "--record", "nowhere/x.tape")
            #expect(tape.code == 1)
            #expect(
                tape.errors.hasPrefix("mozaiks-ops: nowhere/x.tape: cannot begin a tape: No such file"),
                "\(tape.errors)")
        }
    }

    @Test("its log can be JSON, one object a line", arguments: [SIGTERM, SIGINT])
    func jsonLog(signal: Int32) throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder)
            shell.configure(url)
            let daemon = try shell.start(["run", "--log-format", "json"])
            #expect(daemon.waits { _, errors in errors.contains("firing") })
            let ending = daemon.ending(signal)
            #expect(ending.code == 0)
            for line in ending.errors.split(separator: "\n") {
                #expect(throws: Never.self) { try JSON(parsing: Array(line.utf8)) }
            }
        }
    }

    @Test func aReloadWithABrokenPolicyKeepsTheOldOneAndAGoodOneTakesItsPlace() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder)
            shell.configure(url)
            let daemon = try shell.start(["run", "--events"])
            #expect(daemon.waits { output, _ in output.contains("\"crowded\"") })

            shell.folder.write(
                "schema: mozaiks.ops/policy/v1\nops_policy: default\nmode: sometimes\nrules: {a: {when: nosuch > 1}}\n",
                to: "policies/ops_policy.default.yaml")
            daemon.send(SIGHUP)
            #expect(
                daemon.waits { _, errors in errors.contains("reload failed, the old configuration and policies stay") })
            #expect(daemon.errors.contains("ops_policy.default.yaml:3:7 "), "\(daemon.errors)")
            #expect(!daemon.errors.contains("CommandFailure"), "\(daemon.errors)")
            for line in daemon.errors.split(separator: "\n") { #expect(line.hasPrefix("time="), "\(line)") }
            #expect(!daemon.output.contains("\"resolved\",\"at\""), "the old rules hold")

            shell.folder.write(
                """
                schema: mozaiks.ops/policy/v1
                ops_policy: default
                rules:
                  other: {subject: runtime, when: websockets > 0, for: 0s, severity: warning}

                """, to: "policies/ops_policy.default.yaml")
            daemon.send(SIGHUP)
            #expect(daemon.waits { output, _ in output.contains("\"rule\":\"other\"") }, "\(daemon.errors)")
            let events = try daemon.ending(SIGTERM).output.split(separator: "\n").map {
                try JSON(parsing: Array($0.utf8))
            }
            let removed = events.first { $0["event"]?.string == "resolved" }
            #expect(removed?["incident"]?["rule"]?.string == "crowded")
            #expect(removed?["incident"]?["decisions"]?["resolve_reason"]?.string == "removed")
        }
    }

    @Test func killedItComesBackToTheSameIncidents() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder)
            shell.configure(url)
            let first = try shell.start(["run", "--events"])
            #expect(first.waits { output, _ in output.contains("\"crowded\"") })
            #expect(first.ending(SIGKILL).signal == SIGKILL)
            let before = try shell.run("incidents", "list", "-o", "json").output
            let second = try shell.start(["run", "--events", "--log-level", "debug"])
            #expect(second.waits { _, errors in errors.contains("msg=started") })
            #expect(second.ending(SIGTERM).output.isEmpty, "what is open is not opened again")
            let after = try shell.run("incidents", "list", "-o", "json").json()["incidents"]?.array
            #expect(
                after?.compactMap { $0["id"]?.string }
                    == (try JSON(parsing: Array(before.utf8))["incidents"]?.array)?.compactMap { $0["id"]?.string })
        }
    }

    // MARK: - Actions

    @Test func anActionIsListedRevertedAndStoppedFromAnotherProcess() throws {
        let server = SimulatorServer(try #require(Scenario.named("busy")))
        try server.start()
        defer { server.stop() }
        let shell = Shell()
        mkdir(shell.folder.path("policies"), 0o700)
        shell.folder.write(
            """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            mode: enforce
            thresholds: {share: 5%}
            allowed_actions: [notify, throttle]
            rules:
              heavy:
                subject: app
                when: active_runs.share > $share
                for: 0s
                severity: warning
                actions:
                  - throttle: {concurrent_workflows: 2, ttl: 30m}

            """, to: "policies/ops_policy.default.yaml")
        shell.configure(server.urls[0], "actions: {gate: {listen: \"127.0.0.1:\(try Loopback.closedPort())\"}}")
        let daemon = try shell.start(["run"])
        #expect(daemon.waits { _, errors in errors.contains("action in force at the gate") }, "\(daemon.errors)")

        // The log is written before the commit, which others see only then.
        var leases: [JSON] = []
        for _ in 0..<100 where leases.isEmpty {
            leases = try shell.run("actions", "list", "-o", "json").json()["actions"]?.array ?? []
        }
        try #require(!leases.isEmpty)
        #expect(leases.count == 1, "the blast radius: one app of few")
        let id = try #require(leases[0]["id"]?.string)
        let list = try shell.run("actions", "list")
        #expect(list.output.contains(id) && list.output.contains("throttle to 2 runs at once"), "\(list.output)")

        let show = try shell.run("incidents", "list", "--status", "open", "--severity", "warning", "-o", "json").json()
        #expect(show["incidents"]?.array?.isEmpty == false)
        let held = try #require(leases[0]["holders"]?[0]?["incident"]?.string)
        let incident = try shell.run("incidents", "show", String(held.prefix(20)))
        // No proxy stands before this gate.
        let remark = "in force at the gate; neither a proxy nor the extension has asked it about"
        #expect(incident.output.contains(remark) && !incident.output.contains("done: "), "\(incident.output)")
        #expect(list.output.contains("\(id): \(remark)"), "\(list.output)")
        #expect(leases[0]["seen"] == "not_asked")
        let status = try shell.run("status").output
        #expect(status.split(separator: remark).count == 3 && !status.contains("  done: "), "\(status)")
        #expect(status.contains("neither a proxy nor the extension has asked the gate about"), "\(status)")
        // Nor does a terminal say that it holds anybody: first where a line may be cut, whole where none is.
        let screen = try shell.run("top", "--once").output
        #expect(screen.contains("\n  nobody is held to it: throttle to 2 runs at once"), "\(screen)")
        let plain = try shell.run("top", "--once", "--plain").output
        #expect(plain.contains(remark) && !plain.contains("  in force: "), "\(plain)")

        let unknown = try shell.run("actions", "revert", "nosuchlease")
        #expect(unknown.code == 1)
        #expect(unknown.errors.contains("there is no lease 'nosuchlease'") && unknown.errors.contains("actions list"), "\(unknown.errors)")
        let revert = try shell.run("actions", "revert", String(id.prefix(12)))
        #expect(revert.code == 0)
        #expect(revert.output == "reverted \(id)\n")

        let stop = try shell.run("actions", "stop")
        #expect(stop.code == 0 && stop.output.hasPrefix("stopped: no new action until 'mozaiks-ops actions resume'"))
        #expect(try shell.run("doctor", "--wait", "10ms").output.contains("the kill switch is on"))
        #expect(try shell.run("actions", "resume").output == "resumed: actions may be taken again\n")
        #expect(try shell.run("actions", "resume").output == "it was not stopped\n")
        #expect(daemon.ending(SIGTERM).code == 0)
        #expect(try shell.run("actions", "list", "--all").output.contains(id), "what is over is remembered")
    }

    @Test func theKillSwitchHoldsBackWhatWouldBeDone() throws {
        let server = SimulatorServer(try #require(Scenario.named("busy")))
        try server.start()
        defer { server.stop() }
        let shell = Shell()
        mkdir(shell.folder.path("policies"), 0o700)
        shell.folder.write(
            """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            mode: enforce
            allowed_actions: [notify, pause]
            rules:
              heavy: {subject: app, when: active_runs.share > 5%, for: 0s, severity: warning, actions: [pause: {ttl: 5m}]}

            """, to: "policies/ops_policy.default.yaml")
        shell.configure(server.urls[0], "actions: {gate: {listen: \"127.0.0.1:\(try Loopback.closedPort())\"}}")
        #expect(try shell.run("actions", "stop").code == 0, "also before anything else ran")
        let daemon = try shell.start(["run"])
        #expect(daemon.waits { _, errors in errors.contains("action refused") }, "\(daemon.errors)")
        let ending = daemon.ending(SIGTERM)
        #expect(ending.errors.contains("actions are stopped (kill switch)"), "\(ending.errors)")
        #expect(!ending.errors.contains("action in force at the gate"))
        #expect(try shell.run("actions", "list", "--all").output == "no actions\n")
    }
}
