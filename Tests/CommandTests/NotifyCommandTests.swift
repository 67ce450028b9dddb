import Glibc
import JSONParsing
import Model
import TestKit
import Testing

/// Pages that are left out because the environment is another word than `production`.
@Suite struct UnpagedTests {
    @Test func aPagerThatNobodyHearsIsNamedWhereverOneLooks() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["KEY": String(repeating: "k", count: 32)])
            _ = QuickPolicy.write(to: shell.folder)
            let channels = "channels: {night: {pagerduty: {url: \"http://127.0.0.1:1\", routing_key: \"${KEY}\"}}}"
            shell.configure(url, "environment: Production\n" + channels)
            for words in [["config", "show"], ["check"], ["doctor"], ["policy", "check", "policies"]] {
                let ending = try shell.run(words)
                #expect(ending.errors.contains("environment 'Production' is not 'production'") || words[0] == "policy", "\(words)")
            }
            #expect(try shell.run("doctor").output.contains("nobody is paged by night"))
            #expect(try shell.run("notify", "test", "night").output.contains("nobody is paged for environment 'Production'"))
            let daemon = try shell.start(["run"])
            #expect(daemon.waits { _, errors in errors.contains("msg=started") })
            #expect(daemon.ending(SIGTERM).errors.contains("msg=\"nobody is paged: the environment is not 'production'\""))
            // Where a route says that it matters, and in production itself, there is nothing to say.
            for more in [
                "environment: staging\nroutes: [{to: night, page_outside_production: true}]\n", "environment: production\n",
            ] {
                shell.configure(url, more + channels)
                #expect(try !shell.run("doctor").everything.contains("nobody is paged"), "\(more)")
            }
        }
    }
}

/// Who was told what, whether channels work, and the heartbeat, by the built program.
@Suite struct NotifyCommandTests {
    /// A shell whose configuration has two channels (the second refuses for good) and a heartbeat, all on one server.
    private func place(
        heartbeat: String = "200 OK", severity: String = "warning", old: String = "/gone-hunter2",
        _ body: (Shell, MisbehavingServer) throws -> Void
    ) throws {
        let server = try MisbehavingServer { request, peer in
            let isRefused = request.path.hasPrefix("/gone")
            let isBeat = request.path.hasPrefix("/beat-hunter2")
            let isGone = request.path.hasPrefix("/closed")
            let (status, body) =
                isRefused
                ? ("400 Bad Request", "invalid_payload") : isGone ? ("404 Not Found", "no_service") : (isBeat ? heartbeat : "200 OK", "ok")
            if isBeat, heartbeat.isEmpty { return peer.waitUntilClosed() }
            peer.write("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        }
        defer { server.stop() }
        try CheckTests.serving("busy") { url in
            let configuration = TemporaryFolder()
            var shell = Shell()
            let policies = QuickPolicy.write(to: shell.folder, severity: severity)
            configuration.write(
                """
                schema: mozaiks.ops/config/v1
                policies: \(policies)
                runtimes: {shared: {replicas: [\(url)]}}
                heartbeat: {url_env: BEAT}
                channels:
                  ops: {slack: {webhook_url_env: OPS}}
                  old: {slack: {webhook_url_env: OLD}}
                routes: [{severity: warning, to: [ops, old]}, {severity: critical, to: ops}]

                """, to: "mozaiks-ops.yaml")
            shell.environment = [
                "MOZAIKS_OPS_CONFIG": configuration.path("mozaiks-ops.yaml"), "BEAT": server.url + "/beat-hunter2",
                "OPS": server.url + "/ops-hunter2", "OLD": server.url + old,
            ]
            try body(shell, server)
        }
    }

    private func beats(_ server: MisbehavingServer) -> [String] {
        server.requests.map(\.path).filter { $0.hasPrefix("/beat-hunter2") }
    }

    @Test func historyTellsWhoHeardWhatAndWhatWasGivenUp() throws {
        try place { shell, _ in
            #expect(try shell.run("check", "--brief").code == 1)
            let ending = try shell.run("notify", "history")
            #expect(ending.code == 0)
            #expect(ending.firstLine == "1 sent, 0 pending, 1 dead letter")
            #expect(ending.output.contains("  ops      opened  sent   "))
            #expect(ending.output.contains("  old      opened  dead   "))
            #expect(ending.output.contains("given up after 1 attempt: Slack answered 400: invalid_payload"))
            let dead = try shell.run("notify", "history", "--status", "dead", "-o", "json").json()
            #expect(dead["counts"]?["dead"]?.int == 1 && dead["messages"]?.array?.count == 1)
            #expect(dead["messages"]?[0]?["channel"]?.string == "old")
            let ops = try shell.run("notify", "history", "--channel", "ops", "-o", "json").json()
            #expect(ops["messages"]?.array?.count == 1)
            let doctor = try shell.run("doctor", "--wait", "100ms").output
            #expect(
                doctor.contains(
                    "messages: 1 sent, 0 pending, 1 dead letter; see mozaiks-ops notify history --status dead"))
            for output in [ending.output, doctor] { #expect(!output.contains("hunter2")) }
        }
    }

    /// A revoked webhook: nothing is lost, and nobody can fail to see it.
    @Test func aChannelThatDoesNotWorkIsSaidWhereverOneLooks() throws {
        try place(old: "/closed-hunter2") { shell, _ in
            let check = try shell.run("check", "--brief")
            #expect(check.errors.contains("channel does not work") && !check.errors.contains("hunter2"))
            let history = try shell.run("notify", "history")
            #expect(history.firstLine.hasPrefix("1 sent, 1 pending"))
            #expect(history.output.contains("old does not deliver: 1 message waits, the oldest since 2"))
            #expect(history.output.contains("Slack answered 404: no_service: the webhook is gone"))
            let json = try shell.run("notify", "history", "-o", "json").json()
            #expect(json["failing_channels"]?[0]?["channel"]?.string == "old")
            let doctor = try shell.run("doctor", "--wait", "100ms")
            #expect(doctor.output.contains("BROKEN  channel old does not deliver"), "\(doctor.output)")
            for output in [history.output, doctor.output] { #expect(!output.contains("hunter2")) }
        }
    }

    @Test func drillsAreInTheHistory() throws {
        try place { shell, _ in
            try shell.run("check", "--brief")
            _ = try shell.run("notify", "test")
            let history = try shell.run("notify", "history").output
            #expect(history.contains("  ops      drill   sent    -") && history.contains("  old      drill   failed  -"), "\(history)")
            let drills = try shell.run("notify", "history", "-o", "json").json()["drills"]
            #expect(drills?.array?.compactMap { $0["delivered"]?.bool }.sorted { !$0 && $1 } == [false, true])
            #expect(try !shell.run("notify", "history", "--status", "dead").output.contains("drill"))
        }
    }

    @Test func previewShowsWhatWouldBeSentAndSendsNothing() throws {
        try place { shell, server in
            let invented = try shell.run("notify", "preview", "ops")
            #expect(invented.code == 0)
            #expect(invented.output.hasPrefix("# ⚠️ Warning: noisy-neighbor, app-example on shared"), "\(invented.output)")
            let resolved = try shell.run("notify", "preview", "ops", "--event", "resolved")
            #expect(resolved.output.contains("Resolved after"))
            try shell.run("check", "--brief")
            let before = server.requests.count
            let id = try #require(try shell.run("incidents", "list", "-o", "json").json()["incidents"]?[0]?["id"]?.string)
            let json = try shell.run("notify", "preview", "ops", "--incident", id, "-o", "json").json()
            #expect(json["blocks"]?[0]?["text"]?["text"]?.string?.contains("crowded") == true)
            #expect(server.requests.count == before)
            #expect(try shell.run("notify", "preview", "opz").errors.contains("did you mean 'ops'?"))
            #expect(try shell.run("notify", "preview", "ops", "--event", "open").code == 64)
        }
    }

    @Test func routeSaysWhereAndWhyAndWhoWasTold() throws {
        try place { shell, _ in
            try shell.run("check", "--brief")
            let incident = try #require(try shell.run("incidents", "list", "-o", "json").json()["incidents"]?[0]?["id"]?.string)
            let ending = try shell.run("notify", "route", String(incident.prefix(8)))
            #expect(ending.code == 0)
            #expect(ending.output.contains("ops      yes   routes[0] sends it warning\n"))
            #expect(ending.output.contains("old      yes   routes[0] sends it warning\n"))
            #expect(ending.output.contains("  ops  opened  sent\n"))
            let json = try shell.run("notify", "route", incident, "-o", "json").json()
            #expect(json["channels"]?[0]?["sent"]?.bool == true && json["told"]?.array?.count == 2)
            #expect(try shell.run("notify", "route", "nope").code == 1)
        }
    }

    @Test func testSendsAMarkedDrillAndSaysWhatCameOfIt() throws {
        try place { shell, server in
            let ending = try shell.run("notify", "test")
            #expect(ending.code == 1)
            #expect(ending.output.hasPrefix("ops: delivered\nold: NOT delivered: Slack answered 400: invalid_payload"))
            let post = try #require(server.requests.first { $0.path == "/ops-hunter2" })
            #expect(String(decoding: post.body, as: UTF8.self).contains("Drill, nothing to do"))
            let one = try shell.run("notify", "test", "ops")
            #expect(one.code == 0 && one.output == "ops: delivered\n")
            let wrong = try shell.run("notify", "test", "opz")
            #expect(wrong.code == 1 && wrong.errors.contains("did you mean 'ops'?"))
        }
        let none = try Shell(["MOZAIKS_RUNTIME_URL": "http://127.0.0.1:1"]).run("notify", "test")
        #expect(none.code == 1 && none.errors.contains("no channel is configured"))
    }

    @Test("a pass that did its work is a success, whatever it found", arguments: ["warning", "critical"])
    func checkBeats(severity: String) throws {
        try place(severity: severity) { shell, server in
            let code = try shell.run("check", "--brief").code
            #expect(code == (severity == "warning" ? 1 : 2))
            #expect(beats(server) == ["/beat-hunter2/start", "/beat-hunter2"])
        }
    }

    @Test func aPassThatCannotKeepWhatItSawSaysItsExitStatus() throws {
        try place { shell, server in
            shell.folder.write("in the way", to: "state")
            let code = try shell.run("check", "--brief").code
            #expect(code == 3)
            #expect(beats(server) == ["/beat-hunter2/3"])
        }
    }

    @Test func aHeartbeatThatIsNotHeardChangesNothingElse() throws {
        try place(heartbeat: "500 Internal Server Error") { shell, server in
            let ending = try shell.run("check", "--brief")
            #expect(ending.code == 1 && ending.firstLine.hasPrefix("WARNING: crowded on runtime shared"))
            let lines = ending.errors.split(separator: "\n").filter { $0.contains("heartbeat") }
            #expect(lines.count == 1 && lines[0].contains("it answered 500"), "said once of two pings")
            #expect(!ending.errors.contains("hunter2"))
            #expect(try shell.run("notify", "history").firstLine == "1 sent, 0 pending, 1 dead letter")
        }
    }

    @Test func theDaemonBeatsAtItsStartAndItsEnd() throws {
        try place { shell, server in
            let running = try shell.start(["run"])
            while beats(server).isEmpty || (try? shell.run("incidents", "list"))?.output.contains("crowded") != true {}
            running.send(SIGTERM)
            #expect(running.waitForEnd().code == 0)
            #expect(beats(server) == ["/beat-hunter2/start", "/beat-hunter2/0"])
        }
    }
}
