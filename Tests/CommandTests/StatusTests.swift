import Glibc
import JSONParsing
import Model
import TestKit
import Testing

@testable import Simulator

/// `status`: what somebody sees who comes at night and knows nothing.
@Suite struct StatusTests {
    /// A daemon that has found the recorded runtime crowded.
    private func crowded(_ severity: String = "warning", _ body: (Shell, RunningProgram) throws -> Void) throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder, severity: severity)
            shell.configure(url, "timezone: Europe/Berlin")
            let daemon = try shell.start(["run"], atMost: 60)
            #expect(daemon.waits { _, errors in errors.contains("=> firing") }, "\(daemon.errors)")
            // The log speaks before the commit.
            for _ in 0..<200 where try shell.run("status", "-o", "json").json()["incidents"]?.array?.isEmpty != false {}
            try body(shell, daemon)
        }
    }

    @Test("every moment that a person reads is by the configured clocks, whichever command shows it")
    func zones() throws {
        try crowded { shell, _ in
            let short = try StatusTests.short(shell)
            #expect(try shell.run("silences", "add", "--rule", "x*", "--for", "1h").code == 0)
            for words in [
                ["status"], ["notify", "route", short], ["notify", "history"], ["incidents", "list"], ["incidents", "show", short],
                ["incidents", "explain", short], ["explain", "--why-not", "crowded"], ["silences", "list"], ["actions", "list"],
                ["actions", "approvals"], ["doctor", "--wait", "10ms"],
                ["evaluate"], ["policy", "readiness"],
            ] {
                let text = try shell.run(words).output
                #expect(!text.isEmpty && text.replacingMoments { _ in "" } == text, "\(words)\n\(text)")
            }
            #expect(try shell.run("status").output.contains("+0"))
        }
    }

    @Test("a short id is found however it is written")
    func capitals() throws {
        try crowded { shell, _ in
            let short = try StatusTests.short(shell)
            for words in [["incidents", "show"], ["notify", "route"], ["incidents", "explain"]] {
                #expect(try shell.run(words + [short.uppercased()]).code == 0, "\(words) \(short)")
            }
        }
    }

    @Test("a silence of an app that nobody has seen is asked about")
    func strangeApp() throws {
        try crowded { shell, _ in
            let near = try shell.run("silences", "add", "--app", "app-écolé-検証x", "--for", "1h")
            #expect(
                near.errors.contains("no app 'app-écolé-検証x' was seen: it may hold back nothing")
                    && near.errors.contains("did you mean 'app-écolé-検証'?"), "\(near.errors)")
            for known in ["app-écolé-検証", "app-*", "*"] {
                #expect(try shell.run("silences", "add", "--app", known, "--for", "1h").errors.isEmpty)
            }
        }
    }

    @Test("a silence of an app that nobody has seen is asked about, also where no runtime is configured")
    func strangeAppWithoutConfiguration() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            let state = shell.folder.path + "/seen"
            #expect(try shell.run("check", "--url", url, "--state", state).code == 0)
            let near = try shell.run("silences", "add", "--app", "app-shpo", "--for", "1h", "--state", state)
            #expect(near.code == 0 && near.errors.contains("did you mean 'app-shop'?"), "\(near.everything)")
        }
    }

    @Test("a mode that holds actions back says whose it is and where it is set, in status and doctor")
    func modes() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            let words = "it is the policy's (built-in ops_policy.default.yaml:"
            #expect(try shell.run("check", "--url", url, "--mode", "enforce", "--state", shell.folder.path("seen")).code == 0)
            let status = try shell.run("status", "--state", shell.folder.path("seen")).output
            #expect(
                status.contains("\nMode:   observe; \(words)") && status.contains("stricter than the configuration's enforce"), "\(status)")
            let gate = try Loopback.closedPort()
            shell.folder.write(
                """
                schema: mozaiks.ops/config/v1
                mode: enforce
                runtimes: {shared: {replicas: ["\(url)"]}}
                actions: {gate: {listen: 127.0.0.1:\(gate)}}

                """, to: "mozaiks-ops.yaml")
            let doctor = try shell.run("doctor", "-o", "json", "--wait", "10ms").output
            #expect(doctor.contains("nothing is done; \(words)"), "\(doctor)")
        }
    }

    private static func short(_ shell: Shell) throws -> String {
        try #require(try shell.run("status", "-o", "json").json()["incidents"]?[0]?["short_id"]?.string)
    }

    @Test("beside a daemon it shows what is open, by a short id that every command takes")
    func besideADaemon() throws {
        try crowded { shell, daemon in
            let status = try shell.run("status")
            let short = try StatusTests.short(shell)
            #expect(status.code == 1 && status.errors.isEmpty, "\(status.everything)")
            #expect(status.firstLine.hasPrefix("WARNING: crowded on runtime shared, "), "\(status.output)")
            #expect(status.output.contains("Engine: running (pid \(daemon.pid) since "))
            #expect(status.output.contains(", mode enforce\n") && !status.output.contains("Mode: "), "what is in full force needs no word")
            #expect(status.output.contains("  shared, as of ") && status.output.contains("7 open of 12 chats, 3 apps"))
            #expect(status.output.contains("  \(short)  warning  crowded on runtime shared, since "))
            #expect(status.output.contains("Waiting for you: nothing\n") && status.output.contains("Silences: none\n"))
            #expect(short.utf8.count == 4 && short.allSatisfy { "0123456789abcdef".contains($0) })
            // Berlin is never at UTC.
            #expect(status.output.contains("+01:00") || status.output.contains("+02:00"), "\(status.output)")
            for words in [
                ["incidents", "show", short], ["incidents", "explain", short], ["notify", "route", short],
                ["notify", "history", "--incident", short], ["notify", "preview", "ops", "--incident", short],
                ["incidents", "ack", short], ["incidents", "unack", short],
                ["silences", "add", "--incident", short, "--for", "1h"],
            ] {
                let ending = try shell.run(words)
                #expect(!ending.errors.contains("no such id"), "\(words): \(ending.everything)")
            }
            let list = try shell.run("incidents", "list")
            #expect(list.output.contains("\n\(short)  "), "\(list.output)")
            let brief = try shell.run("status", "--brief", "--perfdata")
            #expect(brief.code == 1 && brief.output.filter { $0 == "\n" }.count == 1 && brief.output.contains(" | 'shared open_chats'=7 "))
            #expect(try shell.run("status").output.contains("by cli:"), "the silence")
            let check = try shell.run("check")
            #expect(check.code == 3 && check.errors.contains("mozaiks-ops status"), "\(check.everything)")
        }
    }

    @Test("needs no runtime, no configuration and no secret; a critical incident is 2")
    func fromTheJournalAlone() throws {
        try crowded("critical") { shell, daemon in
            shell.folder.write("nonsense: {\n", to: "other.yaml")
            let status = try shell.run("status", "--config", "other.yaml", "-o", "json")
            let document = try status.json()
            #expect(status.code == 2 && document["schema"]?.string == "mozaiks.ops/status/v1", "\(status.everything)")
            #expect(document["engine"]?["running"]?.bool == true && document["engine"]?["pid"]?.int == Int64(daemon.pid))
            #expect(document["runtimes"]?[0]?["replicas"]?[0]?["open_chats"]?.int == 7)
            #expect(daemon.ending(SIGTERM).code == 0)
            let later = try shell.run("status", "--config", "other.yaml")
            #expect(later.code == 2 && later.output.contains("Engine: none runs"), "\(later.everything)")
            let old = try shell.run("status", "--max-age", "1ms", "--brief")
            #expect(old.code == 2 && old.output.contains("no engine runs: the last poll was "), "\(old.everything)")
        }
    }

    @Test("what has begun is said with when it is told, by status and top alike, and nothing is wrong yet")
    func begun() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder, hold: "10m")
            shell.configure(url)
            let daemon = try shell.start(["run"], atMost: 60)
            #expect(daemon.waits { _, errors in errors.contains("=> pending") }, "\(daemon.errors)")
            // The log speaks before the commit.
            for _ in 0..<200 where try shell.run("status", "-o", "json").json()["begun"]?.array?.isEmpty != false {}
            let status = try shell.run("status")
            let words = "crowded on runtime shared has begun, told from "
            #expect(status.code == 0 && status.firstLine.hasPrefix("OK: " + words), "\(status.everything)")
            let list = "Has begun (true already; nobody is told yet)\n  warning  crowded on runtime shared, since "
            #expect(status.output.contains(list) && status.output.contains(" if it stays so\n"), "\(status.output)")
            let top = try shell.run("top", "--once")
            #expect(top.output.contains(words) && top.output.contains("shared  as of "), "\(top.everything)")
            let begun = try shell.run("status", "-o", "json").json()["begun"]?[0]
            #expect(begun?["rule"] == "crowded" && begun?["told_from"]?.string != nil, "\(String(describing: begun))")
        }
    }

    @Test("nobody polls any more => unknown, whatever was well then")
    func stale() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            #expect(try shell.run("check").code == 0)
            shell.folder.write("", to: "nothing")
            #expect(try shell.run("status").code == 0)
            let old = try shell.run("status", "--max-age", "1ms", "--brief")
            #expect(old.code == 3 && old.output.hasPrefix("UNKNOWN: no engine runs: the last poll was "), "\(old.everything)")
        }
    }

    @Test("without a journal it is a line of a plugin and 3")
    func nothingThere() throws {
        let brief = try Shell().run("status", "--brief")
        #expect(
            brief.code == 3 && brief.output.hasPrefix("UNKNOWN: ") && brief.output.contains("there is no journal"), "\(brief.everything)")
        #expect(try Shell().run("status").code == 3)
    }

    @Test("check --quiet: well => nothing; crowded => said once; over => said once")
    func quiet() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            func configure(_ crowd: Int) {
                mkdir(shell.folder.path("policies"), 0o700)
                shell.folder.write(
                    """
                    schema: mozaiks.ops/policy/v1
                    ops_policy: default
                    clear_after: 0s
                    rules:
                      crowded: {subject: runtime, when: open_runs > \(crowd), for: 0s, severity: warning, summary: Too many.}
                      runtime-down: {subject: runtime, when: up == 0, for: 1m, severity: critical, summary: Down.}

                    """, to: "policies/ops_policy.default.yaml")
                shell.configure(url)
            }
            func pass() throws -> Shell.Ending { try shell.run("check", "--quiet", "--brief") }
            configure(100)
            for _ in 0..<2 { #expect(try pass().everything.contains("OK") == false) }
            configure(1)
            let found = try pass()
            #expect(found.code == 1 && found.output.hasPrefix("WARNING: crowded on runtime shared"), "\(found.everything)")
            let again = try pass()
            #expect(again.code == 1 && again.output.isEmpty, "\(again.everything)")
            configure(100)
            // Passes that follow at once do not ask the expensive endpoint again: it takes some until that is known.
            var over = try pass()
            for _ in 0..<200 where over.code != 0 {
                #expect(over.output.isEmpty, "\(over.everything)")
                over = try pass()
            }
            #expect(over.code == 0 && over.output.hasPrefix("OK: "), "\(over.everything)")
            #expect(try pass().output.isEmpty)
            // What keeps a pass from running is never held back.
            shell.folder.write("nonsense: {\n", to: "mozaiks-ops.yaml")
            let broken = try pass()
            #expect(broken.code == 3 && broken.output.hasPrefix("UNKNOWN: ") && !broken.errors.isEmpty, "\(broken.everything)")
        }
    }
}
