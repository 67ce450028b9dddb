import Glibc
import Model
import Simulator
import TestKit
import Testing

/// `policy check`: what it finds, what it says to people and to programs, how it ends.
@Suite struct PolicyCheckTests {
    private func shell(_ rules: String) -> Shell {
        let shell = Shell()
        mkdir(shell.folder.path("p"), 0o700)
        shell.folder.write(
            "schema: mozaiks.ops/policy/v1\nops_policy: default\nallowed_actions: [notify]\nrules:\n\(rules)\n"
                + "  down: {subject: runtime, when: up == 0, severity: critical}\n", to: "p/ops_policy.default.yaml")
        return shell
    }

    @Test func whatCanNeverFireIsAWarning() throws {
        let shell = shell("  a: {subject: app, when: active_runs.share > 150%, for: 5s, severity: info}")
        let text = try shell.run("policy", "check", "p", "--interval", "30s")
        #expect(text.code == 0)
        #expect(text.errors.isEmpty)
        for part in [
            "p/ops_policy.default.yaml:5:27: warning[never-true]: this is never true\n",
            "\nhint: active_runs.share is between 0% and 100%\n", ":5:58: warning[below-interval]",
            "\nok: 1 policy, 2 rules, 2 warnings\n",
        ] { #expect(text.output.contains(part), "\(text.output)") }
        #expect(try shell.run("policy", "check", "p", "--strict").code == 1)
        #expect(try shell.run("policy", "check", "--policies", "p").output.contains("never-true"))

        let json = try shell.run("policy", "check", "p", "-o", "json", "--interval", "30s").json()
        #expect(json["schema"]?.string == "mozaiks.ops/policy-check/v1" && json["ok"] == .bool(true))
        #expect(json["warnings"] == .int(2) && json["errors"] == .int(0) && json["rules"] == .int(2))
        let first = try #require(json["diagnostics"]?[0])
        #expect(first["code"]?.string == "never-true" && first["line"] == .int(5) && first["column"] == .int(27))
        #expect(first["severity"]?.string == "warning" && first["source"]?.string?.hasPrefix("  a: {subject") == true)
    }

    @Test("a channel or playbook that nobody has, a share as a fraction, a runtime without a scheme")
    func whatNobodyHas() throws {
        let shell = shell(
            "  a: {subject: app, when: active_runs > 3, severity: info, playbook: noisy-neighbour, actions: [notify: {channels: [opps]}]}")
        shell.folder.write(
            "schema: mozaiks.ops/config/v1\nruntimes: {a: {replicas: [\"http://127.0.0.1:1\"]}}\n"
                + "channels: {ops: {slack: {webhook_url_env: X}}}\n", to: "c.yaml")
        let text = try shell.run("policy", "check", "p", "--config", "c.yaml")
        #expect(text.code == 0)
        for part in [
            "warning[unknown-channel]: no channel 'opps' is configured: nobody hears of 'a' there", "did you mean 'ops'?",
            "warning[unknown-playbook]: there is no playbook 'noisy-neighbour'", "did you mean 'noisy-neighbor'?",
        ] { #expect(text.output.contains(part), "\(text.output)") }
        // Without a configuration nobody knows which channels there will be.
        #expect(try !shell.run("policy", "check", "p").output.contains("unknown-channel"))

        for url in ["127.0.0.1:1", "localhost:8000", "ftp://x"] {
            let ending = try shell.run("policy", "check", "p", "--against", url)
            #expect(ending.code == 64 && ending.errors.contains("is no URL"), "\(ending.errors)")
        }
        shell.folder.write(
            "schema: mozaiks.ops/policy/v1\nops_policy: default\nrules:\n"
                + "  a: {subject: app, when: active_runs.share > 0.4, severity: info}\n", to: "p/ops_policy.default.yaml")
        #expect(try shell.run("policy", "check", "p").errors.contains("write '40%'"))
    }

    /// A program that reads standard output gets the errors there too.
    @Test func errorsAreDocumentsToo() throws {
        let shell = shell("  a: {subject: app, when: actve_runs > 3, severity: info}")
        let text = try shell.run("policy", "check", "p")
        #expect(text.code == 78 && text.output.isEmpty)
        #expect(text.errors.contains("did you mean 'active_runs'?") && text.errors.hasSuffix("1 error, see above\n"))

        let ending = try shell.run("policy", "check", "p", "-o", "json")
        #expect(ending.code == 78 && ending.errors.isEmpty)
        let json = try ending.json()
        #expect(json["ok"] == .bool(false) && json["errors"] == .int(1))
        #expect(json["diagnostics"]?[0]?["hint"]?.string == "did you mean 'active_runs'?")

        let show = try shell.run("policy", "show", "p", "-o", "json")
        #expect(show.code == 78)
        #expect(try show.json()["diagnostics"]?[0]?["code"]?.string == "unknown-signal")
    }

    @Test("a rule that only the gate can make fire is named where the configuration has none")
    func withoutAGate() throws {
        let shell = shell(
            """
              hammering: {subject: app, when: gate_starts > 60/min and active_runs > 3, severity: info}
              either: {subject: app, when: active_runs > 30 or gate_starts > 60/min, severity: info}
              guarded: {subject: runtime, when: missing(gate_starts) and active_runs > 3, severity: info}
            """)
        // Of a folder alone nobody knows.
        #expect(try shell.run("policy", "check", "p").output.hasSuffix("ok: 1 policy, 4 rules\n"))
        let file = "runtimes: {shared: {replicas: ['http://127.0.0.1:1']}}\npolicies: p\n"
        shell.folder.write("schema: mozaiks.ops/config/v1\n" + file, to: "mozaiks-ops.yaml")
        for arguments in [["policy", "check"], ["policy", "check", "p"]] {
            let ending = try shell.run(arguments)
            #expect(ending.code == 0)
            #expect(
                ending.output.contains(
                    "p/ops_policy.default.yaml:5:3: warning[blind]: 'hammering' can never fire without a gate: "
                        + "it lacks gate_starts\n"), "\(ending.output)")
            #expect(ending.output.hasSuffix("ok: 1 policy, 4 rules, 1 warning\n"), "\(ending.output)")
        }
        shell.folder.write(
            "schema: mozaiks.ops/config/v1\n\(file)actions: {gate: {listen: 127.0.0.1:9465}}\n", to: "mozaiks-ops.yaml")
        #expect(try shell.run("policy", "check").output.hasSuffix("ok: 1 policy, 4 rules\n"))
    }

    @Test("a rule that only a page of metrics can make fire is named where no runtime has one, and one that is never true lacks nothing")
    func withoutAPage() throws {
        let shell = shell(
            """
              failing: {subject: runtime, when: 'metric("errors_total").rate[5m] > 1 and open_runs > 3', severity: info}
              either: {subject: runtime, when: 'metric("errors_total").rate[5m] > 1 or open_runs > 30', severity: info}
              never: {subject: runtime, when: open_runs < 0, severity: info}
            """)
        #expect(try !shell.run("policy", "check", "p").output.contains("[blind]"))
        let runtimes = "schema: mozaiks.ops/config/v1\npolicies: p\nruntimes: {shared: {replicas: ['http://127.0.0.1:1']"
        shell.folder.write(runtimes + "}}\n", to: "mozaiks-ops.yaml")
        let without = try shell.run("policy", "check").output
        #expect(
            without.contains("warning[blind]: 'failing' can never fire without a page of metrics: it lacks metric(…)\n"), "\(without)")
        #expect(without.contains("docs/prometheus.md") && !without.contains("'either'"), "\(without)")
        #expect(!without.contains("it lacks \n") && !without.contains("'never' can never fire"), "\(without)")
        shell.folder.write(runtimes + ", metrics: /metrics}}\n", to: "mozaiks-ops.yaml")
        #expect(try !shell.run("policy", "check").output.contains("[blind]"))
    }

    @Test func againstARuntimeNamesTheRulesThatItCannotMakeFire() throws {
        var options = SimulatorServer.Options()
        options.clock = SimulationClock(speed: 200)
        let server = SimulatorServer(try #require(Scenario.named("dead-counters")), options: options)
        try server.start()
        defer { server.stop() }
        let shell = shell(
            """
              blind: {subject: app, when: tokens > 5/min and active_runs > 3, severity: info}
              half: {subject: app, when: tokens > 5/min or active_runs > 3, severity: info}
              paged: {subject: runtime, when: 'metric("errors_total").rate > 1', severity: info}
              sees: {subject: app, when: active_runs > 3, severity: info}
            """)
        var ending = try shell.run("policy", "check", "p", "--against", server.urls[0])
        // Five runs must have ended first; simulated minutes pass while the program starts again.
        for _ in 0..<100 where !ending.output.contains("[blind]") {
            ending = try shell.run("policy", "check", "p", "--against", server.urls[0])
        }
        #expect(ending.code == 0)
        #expect(
            ending.output.contains(
                "p/ops_policy.default.yaml:5:3: warning[blind]: 'blind' can never fire on \(server.urls[0]): "
                    + "it lacks tokens (dead_counter)\n"), "\(ending.output)")
        #expect(!ending.output.contains("'half'") && !ending.output.contains("'sees'"))
        #expect(!ending.output.contains("'paged'"), "\(ending.output)")
        #expect(ending.output.hasSuffix("ok: 1 policy, 5 rules, 1 warning\n"))
        #expect(try shell.run("policy", "check", "p", "--against", server.urls[0], "--strict").code == 1)
        #expect(access(shell.state, F_OK) != 0, "nothing is written")
    }

    @Test func aRuntimeThatCannotBeAskedIsAFailureNotACleanBill() throws {
        let shell = shell("  a: {subject: app, when: tokens > 3/min, severity: info}")
        let ending = try shell.run("policy", "check", "p", "--against", "http://127.0.0.1:1")
        #expect(ending.code == 1)
        #expect(ending.errors.contains("the runtime's performance figures could not be read"), "\(ending.errors)")
        #expect(!ending.output.contains("ok:"))
    }

    @Test("it names the files that it read, those that it did not, and a policy that sees no outage")
    func files() throws {
        let shell = shell("  a: {subject: app, when: active_runs > 3, severity: info}")
        #expect(try shell.run("policy", "check", "p").output == "read p/ops_policy.default.yaml\nok: 1 policy, 2 rules\n")
        shell.folder.write("x", to: "p/ops_policy.default.yaml.j2")
        let text = try shell.run("policy", "check", "p").output
        #expect(text.contains("p/ops_policy.default.yaml.j2: warning[not-read]"), "\(text)")
        mkdir(shell.folder.path("p/team"), 0o700)
        shell.folder.write("x", to: "p/team/notes.yaml")
        #expect(try !shell.run("policy", "check", "p").output.contains("p/team"))
        shell.folder.write("x", to: "p/team/ops_rules.team.yaml")
        let below = try shell.run("policy", "check", "p").output
        #expect(below.contains("p/team/ops_rules.team.yaml: warning[not-read]: this file is not read"), "\(below)")
        let json = try shell.run("policy", "check", "p", "-o", "json").json()
        #expect(json["read"] == .array(["p/ops_policy.default.yaml"]))

        mkdir(shell.folder.path("q"), 0o700)
        shell.folder.write("schema: x", to: "q/ops_policy.default.YAML")
        let other = try shell.run("policy", "check", "q")
        #expect(
            other.code == 0 && other.output.contains("q: warning[built-in]")
                && other.output.contains("read built-in ops_policy.default.yaml"))
        #expect(try shell.run("policy", "check", "q", "--strict").code == 1)

        let own = "schema: mozaiks.ops/policy/v1\nops_policy: default\n"
        for (rules, isLost) in [
            ("rules: {a: {subject: app, when: active_runs > 3, severity: info}}", true),
            ("extends: builtin\nrules: {a: {subject: app, when: active_runs > 3, severity: info}}", false),
            ("extends: builtin\nrules: {runtime-down: {enabled: false}, runtime-unreachable: {enabled: false}}", true),
        ] {
            shell.folder.write(own + rules + "\n", to: "p/ops_policy.default.yaml")
            #expect(try shell.run("policy", "check", "p").output.contains("no-outage-rule") == isLost, "\(rules)")
        }
    }

    @Test("what routes and silences name and nobody has is asked about")
    func filters() throws {
        let shell = Shell()
        shell.folder.write(
            "schema: mozaiks.ops/config/v1\nruntimes: {shared: {replicas: [\"http://127.0.0.1:1\"], labels: {team: blue}}}\n"
                + "channels: {ops: {slack: {webhook_url_env: X}}}\nstate: state\n"
                + "routes: [{rule: noisy-neighbour, to: ops}, {runtime: shard, to: ops}, {labels: {tem: blue}, to: ops},\n"
                + "  {labels: {team: blu}, to: ops}, {rule: \"provider-*\", runtime: shared, labels: {team: \"*\"}, to: ops}]\n",
            to: "mozaiks-ops.yaml")
        let text = try shell.run("policy", "check").output
        for part in [
            "there is no rule 'noisy-neighbour'\n", "hint: did you mean 'noisy-neighbor'?", "there is no runtime 'shard'\n",
            "hint: did you mean 'shared'?", "nothing has a label 'tem'\n", "hint: did you mean 'team'?", "no label 'team' is 'blu'\n",
            "hint: did you mean 'blue'?", "routes: [{rule: noisy-neighbour, to: ops}", "^\n", ", 4 warnings\n",
        ] { #expect(text.contains(part), "\(text)") }
    }

    @Test("a warning about hours of maintenance shows where they stand, and no line that may hold a secret")
    func places() throws {
        let shell = Shell()
        func check(_ windows: String) throws -> String {
            shell.folder.write(
                "schema: mozaiks.ops/config/v1\nruntimes: {shared: {replicas: [\"http://127.0.0.1:1\"]}}\nstate: state\n\(windows)\n",
                to: "mozaiks-ops.yaml")
            let ending = try shell.run("policy", "check")
            return ending.output + ending.errors
        }
        let two =
            "maintenance:\n  - {hours: '02:00-04:00', match: {runtime: shared}}\n  - hours: 03:00-05:00\n    match: {rule: noisy-neighbour}"
        let said = try check(two)
        #expect(said.contains("mozaiks-ops.yaml:6:5: warning[matches-nothing]: a maintenance window: there is no rule"), "\(said)")
        #expect(said.contains("  - hours: 03:00-05:00\n") && said.contains("^\n"), "\(said)")
        let always = try check("maintenance:\n  - {hours: '00:00-24:00', comment: all}")
        #expect(always.contains("mozaiks-ops.yaml:5:5: warning[always-maintenance]"), "\(always)")
        let hidden = try check("maintenance: [{hours: '02:00-04:00', match: {rule: nope}, comment: 'the token is s3cret'}]")
        #expect(hidden.contains("mozaiks-ops.yaml:4:") && hidden.contains("'nope'") && !hidden.contains("s3cret"), "\(hidden)")
    }

    @Test(
        "routes of another environment are right, unless it is nearly this one, or there is none for this one",
        arguments: [
            ("[{environment: prod, to: ops}, {to: ops}]", "the environment is 'production', not 'prod'", 1),
            ("[{environment: staging, to: ops}, {to: ops}]", "", 0),
            ("[{environment: staging, to: ops}]", "no route is for environment 'production': nobody is told of anything", 1),
            ("[{severity: warning, to: ops}]", "no route leads critical incidents to a channel: nobody is told of them", 1),
            ("[{stop: true, to: []}, {to: ops}]", "no route leads critical incidents to a channel: nobody is told of them", 1),
            ("[{app: toy, stop: true, to: []}, {to: ops}]", "", 0),
            ("[{app: '*', to: ops}]", "about a runtime, such as that it is down, to a channel: each asks for an app", 1),
            ("[{to: []}]", "this route leads to no channel", 0),
            ("[{app: '', to: ops}]", "'app' is an empty text, which picks nothing", 0),
        ])
    func environments(routes: String, text: String, warnings: Int) throws {
        let shell = Shell()
        shell.folder.write(
            "schema: mozaiks.ops/config/v1\nruntimes: {shared: {replicas: [\"http://127.0.0.1:1\"]}}\n"
                + "channels: {ops: {slack: {webhook_url_env: X}}}\nstate: state\nroutes: \(routes)\n", to: "mozaiks-ops.yaml")
        let ending = try shell.run("policy", "check")
        let said = ending.output + ending.errors
        #expect(
            said.contains(text) && said.split(separator: "\n").filter { $0.contains("warning[matches-nothing]") }.count == warnings,
            "\(said)")
    }

    @Test(
        "maintenance that never ends, and routes for minutes of a week, are said",
        arguments: [
            ("routes: [{hours: '09:00-09:01', to: ops}]", "for 7 minutes of a week"),
            ("routes: [{hours: '09:00-17:00', days: mon-fri, to: ops}]", ""),
            ("routes: [{hours: '09:00-09:01', to: ops}, {severity: critical, to: ops}]", ""),
            ("routes: [{to: ops}]\nmaintenance: [{hours: '00:00-24:00', comment: all}]", "holds all day on every day"),
            ("routes: [{to: ops}]\nmaintenance: [{days: sun, hours: '00:00-24:00', comment: all}]", ""),
            ("routes: [{to: ops}]\nmaintenance: [{hours: '00:00-24:00', match: {rule: 'noisy-*'}, comment: all}]", ""),
        ])
    func seldom(text: String, words: String) throws {
        let shell = Shell()
        shell.folder.write(
            "schema: mozaiks.ops/config/v1\nruntimes: {shared: {replicas: [\"http://127.0.0.1:1\"]}}\n"
                + "channels: {ops: {slack: {webhook_url_env: X}}}\nstate: state\n\(text)\n", to: "mozaiks-ops.yaml")
        let ending = try shell.run("policy", "check")
        let said = ending.output + ending.errors
        #expect(said.contains(words), "\(said)")
        #expect((said.contains("warning[seldom]") || said.contains("warning[always-maintenance]")) == !words.isEmpty, "\(said)")
    }

    @Test("a label that neither a runtime nor an app has is a warning at the condition that asks for it")
    func labels() throws {
        let shell = Shell()
        mkdir(shell.folder.path("policies"), 0o700)
        shell.folder.write(
            "schema: mozaiks.ops/config/v1\nruntimes: {shared: {replicas: [\"http://127.0.0.1:1\"], labels: {region: eu}}}\n"
                + "state: state\npolicies: policies\n", to: "mozaiks-ops.yaml")
        shell.folder.write(
            """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            extends: builtin
            rules:
              a: {subject: app, when: 'active_runs > 3 and label(teir) == "free"', severity: info}
              b: {subject: app, when: 'active_runs > 3 and label(tier) == "fre"', severity: info}
              c: {subject: app, when: 'active_runs > 3 and label(tier) == "free" and label(environment) == "production"', severity: info}
              d: {subject: app, when: 'active_runs > 3 and (missing(label(tier)) or label(region) != "eu")', severity: info}

            """, to: "policies/ops_policy.default.yaml")
        shell.folder.write(
            "schema: mozaiks.ops/policy/v1\nops_policy: app-shop\nlabels: {tier: free}\n", to: "policies/ops_policy.app-shop.yaml")
        let ending = try shell.run("policy", "check")
        let said = ending.output + ending.errors
        #expect(said.contains(":5:") && said.contains("'a': neither a runtime nor an app has a label 'teir'"), "\(said)")
        #expect(said.contains("did you mean 'tier'?") && said.contains("'b': no label 'tier' is 'fre'"), "\(said)")
        #expect(said.contains("did you mean 'free'?") && !said.contains("'c':") && !said.contains("'d':"), "\(said)")
    }
}
