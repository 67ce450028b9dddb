import Glibc
import JSONParsing
import Model
import TestKit
import Testing

@testable import Simulator

/// What people tell a running daemon from another terminal: that they work on it, that something is deployed, that
/// something be quiet, yes and no.
@Suite struct PeoplesWordTests {
    /// A daemon that has found the recorded runtime crowded.
    private func crowded(_ body: (Shell, RunningProgram) throws -> Void) throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder)
            shell.configure(url)
            let daemon = try shell.start(["run"], atMost: 60)
            #expect(daemon.waits { _, errors in errors.contains("firing") }, "\(daemon.errors)")
            try body(shell, daemon)
            #expect(daemon.ending(SIGTERM).code == 0)
        }
    }

    private func incidents(_ shell: Shell) throws -> [JSON] { try JSON.list(shell.run("incidents", "list", "-o", "json")) }

    @Test("open => acknowledged => open, and the engine says so each time")
    func acknowledging() throws {
        try crowded { shell, _ in
            let id = try #require(try incidents(shell).first?["id"]?.string)
            let ack = try shell.run("incidents", "ack", String(id.prefix(6)), "--for", "2h", "--comment", "on it")
            #expect(ack.code == 0 && ack.output.hasPrefix("\(id) acknowledged until "), "\(ack.everything)")
            #expect(ack.output.hasSuffix(": on it\n"))
            let list = try shell.run("incidents", "list")
            #expect(list.output.contains("acknowledged"), "\(list.output)")
            let unack = try shell.run("incidents", "unack", id, "-o", "json")
            let taken = try unack.json()
            #expect(unack.code == 0 && taken["incident"]?.string == id)
            #expect(taken["result"]?.string?.contains("acknowledgement taken back") == true)
            #expect(try !shell.run("incidents", "list").output.contains("acknowledged"))
        }
    }

    @Test("a list of what there is not says so, on the screen and in its document")
    func listed() throws {
        try crowded { shell, _ in
            let list = try shell.run("incidents", "list", "--rule", "crwded")
            #expect(list.code == 0 && list.output == "no incidents\n", "\(list.everything)")
            #expect(
                list.errors.contains("there is no rule 'crwded'") && list.errors.contains("did you mean 'crowded'?"), "\(list.everything)")
            let document = try shell.run("incidents", "list", "--rule", "crwded", "-o", "json").json()
            #expect(document["notes"]?.array?.map(\.string) == ["there is no rule 'crwded'; did you mean 'crowded'?"])
            let resolved = try shell.run("incidents", "list", "--rule", "crowded", "--status", "resolved")
            #expect(resolved.code == 0 && !resolved.errors.contains("there is no"), "\(resolved.everything)")
        }
    }

    @Test("nobody can take on what is not there", arguments: [["ack"], ["unack"]])
    func unknown(words: [String]) throws {
        try crowded { shell, _ in
            let ending = try shell.run(["incidents"] + words + ["nope"])
            #expect(
                ending.code == 1 && ending.output.isEmpty && ending.errors.contains("no incident's id begins with 'nope'"),
                "\(ending.everything)")
            let nothing = try shell.run(["incidents"] + words)
            #expect(nothing.code == 64, "\(nothing.everything)")
        }
    }

    @Test("a deploy is marked and listed; one of a runtime that is not watched is refused")
    func marking() throws {
        try crowded { shell, _ in
            // It has watched for seconds: of a day it cannot speak.
            let nothing = try shell.run("mark", "list").output
            #expect(nothing.hasPrefix("no deploys, no restarts and no silences noted") && !nothing.contains("within a day"), "\(nothing)")
            let refused = try shell.run("mark", "deploy", "v1", "--runtime", "nope")
            #expect(refused.code == 1 && refused.errors.contains("no runtime 'nope'") && refused.errors.contains("shared"))
            #expect(try shell.run("mark", "list").output.hasPrefix("no deploys"))
            for name in ["v1\nOK: nothing to see", "v\u{1b}[31m", "   ", String(repeating: "v", count: 101)] {
                let nameless = try shell.run("mark", "deploy", name)
                #expect(nameless.code == 64 && nameless.errors.contains("in one line of at most 100 bytes"), "\(nameless.everything)")
            }
            let mark = try shell.run("mark", "deploy", "v1.42")
            #expect(mark.code == 0 && mark.output.hasPrefix("marked v1.42 on all runtimes"), "\(mark.everything)")
            let list = try shell.run("mark", "list")
            #expect(list.code == 0 && list.output.contains("deploy v1.42") && list.output.contains("(by cli:"), "\(list.output)")
        }
    }

    @Test("silenced => listed => expired => listed only with --all")
    func silencing() throws {
        try crowded { shell, _ in
            #expect(try shell.run("silences", "list").code == 0)
            let add = try shell.run("silences", "add", "--rule", "crowded", "--for", "1h", "--comment", "load test")
            #expect(add.code == 0 && add.output.contains("load test (rule=crowded; 1 open now)"), "\(add.everything)")
            let id = String(add.output.prefix { $0 != " " })
            #expect(id.hasPrefix("silence-"))
            let list = try shell.run("silences", "list", "-o", "json").json()
            let silence = try #require(list["silences"]?.array?.first)
            #expect(list["silences"]?.array?.count == 1 && silence["id"]?.string == id && silence["active"]?.bool == true)
            #expect(try shell.run("silences", "list").output.contains("load test"))
            let expire = try shell.run("silences", "expire", String(id.prefix(14)))
            #expect(expire.code == 0 && expire.output.contains(id), "\(expire.everything)")
            #expect(try shell.run("silences", "list", "-o", "json").json()["silences"]?.array?.isEmpty == true)
            let all = try shell.run("silences", "list", "--all", "-o", "json").json()["silences"]?.array
            #expect(all?.count == 1 && all?.first?["active"]?.bool == false)
            let again = try shell.run("silences", "expire", id)
            #expect(again.code == 1 && again.errors.contains("is in force"), "\(again.everything)")
        }
    }

    /// Of each kind that could begin a line of its own, steer a terminal, or fill a screen.
    static let comments = [
        "a\nOK: nothing to see\r\nb\u{1B}[2J\u{7}\u{202E}txet\u{2066} \\u{202e} \\n end\\", String(repeating: "word\n", count: 20_000),
    ]

    @Test("what people say stands on one line everywhere, however it was said", arguments: comments) func hostileComments(text: String)
        throws
    {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder)
            shell.configure(url)
            #expect(try shell.run("check", "--brief").code == 1)
            let id = try #require(try incidents(shell).first?["id"]?.string)
            func look(_ words: [String], code: Int32 = 0) throws {
                let ending = try shell.run(words)
                #expect(ending.code == code, "\(words.prefix(2)): \(ending.errors.prefix(400))")
                let bad = ending.everything.unicodeScalars.filter { $0 != "\n" && Shown.isInvisible($0) }
                #expect(bad.isEmpty, "\(words.prefix(2)): \(bad.prefix(5).map(\.value))")
                for line in ending.everything.split(separator: "\n") {
                    #expect(
                        !line.hasPrefix("OK: nothing") && !line.hasPrefix("word") && line.utf8.count < 8_000,
                        "\(words.prefix(2)): \(line.prefix(200))")
                }
            }
            try look(["incidents", "ack", id, "--comment", text])
            try look(["silences", "add", "--rule", "crowded", "--for", "1h", "--comment", text])
            try look(["silences", "add", "--app", String(text.prefix(200)), "--label", "a=b\nOK: nothing", "--for", "1h"])
            try look(["silences", "list"])
            try look(["check"], code: 1)
            for words in [
                ["incidents", "list"], ["incidents", "show", id], ["silences", "list"], ["notify", "history"], ["notify", "route", id],
                ["incidents", "explain", id], ["audit", "export"], ["silences", "list", "-o", "json"],
                ["incidents", "show", id, "-o", "json"],
            ] {
                try look(words)
            }
            try look(["status"], code: 1)
            let shown = try shell.run("status", "-o", "json").json()
            #expect(shown["incidents"]?[0]?["handling"]?["acknowledged"]?["comment"]?.string == Shown.comment(text), "\(shown)")
        }
    }

    /// What each is told.
    static let badSilences: [(words: [String], says: String)] = [
        (["--for", "1h"], "say what to silence"), (["--rule", "a"], "say when it ends, once"),
        (["--rule", "a", "--for", "1h", "--until-resolved"], "say when it ends, once"),
        (["--rule", "a", "--until", "tomorrow"], "is not a moment"), (["--rule", "a", "--until", "2001-01-01T00:00:00Z"], "is past"),
        (["--severity", "dire", "--for", "1h"], "--severity 'dire' is none"), (["--label", "gold", "--for", "1h"], "is no label"),
    ]

    @Test("a silence that cannot be meant is a usage error", arguments: badSilences.indices)
    func badSilence(index: Int) throws {
        let (words, says) = Self.badSilences[index]
        let ending = try Shell().run(["silences", "add"] + words)
        #expect(ending.code == 64 && ending.output.isEmpty && ending.errors.contains(says), "\(ending.everything)")
    }

    // MARK: - Yes and no

    /// A daemon with a gate that has offered to pause several apps.
    private func offering(_ body: (Shell) throws -> Void) throws {
        let runtime = SimulatorServer(try #require(Scenario.named("noisy-neighbor")))
        try runtime.start()
        defer { runtime.stop() }
        let shell = Shell()
        mkdir(shell.folder.path("policies"), 0o700)
        shell.folder.write(
            """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            mode: enforce
            window: 5s
            allowed_actions: [notify, pause]
            rules:
              greedy:
                subject: app
                when: open_runs >= 1
                for: 0s
                severity: warning
                summary: An app has open runs.
                require_approval: [pause: {ttl: 10m}]

            """, to: "policies/ops_policy.default.yaml")
        shell.configure(runtime.urls[0], "actions: {gate: {listen: \"127.0.0.1:\(try Loopback.closedPort())\"}}")
        let daemon = try shell.start(["run"], atMost: 90)
        // Two apps at least: one to allow, one to refuse.
        #expect(daemon.waits { _, errors in errors.ranges(of: "action needs_approval").count >= 2 }, "\(daemon.errors)")
        // It is logged before it is committed; each look is a program of its own.
        for _ in 0..<100 where try offers(shell).count < 2 {}
        try body(shell)
        #expect(daemon.ending(SIGTERM).code == 0)
    }

    private func offers(_ shell: Shell, _ more: String...) throws -> [JSON] {
        try JSON.list(shell.run(["actions", "approvals", "-o", "json"] + more))
    }

    @Test("offered => denied, offered => approved => in force; each is answered once")
    func yesAndNo() throws {
        try offering { shell in
            let ids = try offers(shell).compactMap { $0["id"]?.string }
            try #require(ids.count >= 2)
            let deny = try shell.run("actions", "deny", ids[0], "--comment", "they called")
            #expect(deny.code == 0 && deny.output.hasPrefix("denied \(ids[0])"), "\(deny.everything)")
            let approve = try shell.run("actions", "approve", ids[1], "--comment", "agreed")
            #expect(approve.code == 0 && approve.output.hasPrefix("approved \(ids[1]): pause new runs of "), "\(approve.everything)")
            // The same question again.
            #expect(try shell.run("actions", "approve", ids[1]).code == 1)
            #expect(try shell.run("actions", "approve", ids[0]).code == 1)
            #expect(try !offers(shell).contains { ids.prefix(2).contains($0["id"]?.string ?? "") })
            let states = Dictionary(
                try offers(shell, "--all").compactMap { offer in offer["id"]?.string.map { ($0, offer["state"]?.string ?? "") } },
                uniquingKeysWith: { $1 })
            #expect(states[ids[0]] == "denied", "\(states)")
            let list = try shell.run("actions", "list")
            #expect(list.output.contains("pause new runs"), "\(list.everything)")
        }
    }

    @Test("an offer that is not there", arguments: ["approve", "deny"])
    func noOffer(verb: String) throws {
        try crowded { shell, _ in
            let ending = try shell.run("actions", verb, "nope")
            #expect(ending.code == 1 && ending.output.isEmpty && ending.errors.contains("no approval 'nope'"), "\(ending.everything)")
        }
    }
}

/// The daemon's address for those who look.
@Suite struct LookingTests {
    @Test(
        "a daemon's metrics and readiness are served where the server listens, beside the gate or on the same address",
        arguments: [true, false])
    func served(isApart: Bool) throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder)
            let gate = try Loopback.closedPort()
            let port = isApart ? try Loopback.closedPort() : gate
            shell.configure(
                url,
                "server: {listen: \"127.0.0.1:\(port)\"}\nactions: {gate: {listen: \"127.0.0.1:\(gate)\"}}\nmetrics: {per_app: true, top: 2}"
            )
            let daemon = try shell.start(["run", "--events"])
            // Printed when the cycle is over and measured; the log speaks before its commit.
            #expect(daemon.waits { output, _ in output.hasSuffix("\n") }, "\(daemon.errors)")
            func ask(_ port: UInt16, _ path: String) throws -> (status: Int, body: String) {
                let answer = try LoopbackClient(port: port, timeoutMilliseconds: 5_000).send("GET", Array(path.utf8))
                return (answer.status, String(decoding: answer.body, as: UTF8.self))
            }
            #expect(try ask(gate, "/gate").status == 204)
            let metrics = try ask(port, "/metrics")
            #expect(
                metrics.status == 200 && metrics.body.contains("mozaiks_ops_runtime_open_runs{runtime=\"shared\"} 7.0\n"), "\(metrics.body)"
            )
            #expect(metrics.body.ranges(of: "mozaiks_ops_app_open_runs{").count == 2)
            // The question above had no headers: it was let through, and counted.
            #expect(metrics.body.contains("mozaiks_ops_gate_failed_open_total{reason=\"unparsable\"} 1.0\n"))
            #expect(metrics.body.contains("mozaiks_ops_gate_answer_duration_seconds_count 1\n"))
            #expect(try ask(port, "/-/ready") == (200, "mozaiks-ops is ready.\n"))
            #expect(try ask(gate, "/-/healthy") == (200, "mozaiks-ops is healthy.\n"))
            if isApart { #expect(try ask(gate, "/metrics").status == 404) }
            #expect(daemon.ending(SIGTERM).code == 0)
        }
    }
}

extension JSON {
    /// What a command listed: an array, or the first array in an object.
    fileprivate static func list(_ ending: Shell.Ending) throws -> [JSON] {
        let json = try ending.json()
        return json.array ?? json.object?.members.lazy.compactMap(\.value.array).first ?? []
    }
}
