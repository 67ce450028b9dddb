import Glibc
import Model
import Simulator
import TestKit
import Testing

/// One pass, as from cron or as a plugin.
@Suite struct CheckTests {
    /// A server with a recording, for as long as `body` runs.
    static func serving(_ recording: String, _ body: (String) throws -> Void) throws {
        let server = try FixtureServer(folder: Shell.recording(recording))
        try server.start()
        defer { server.stop() }
        try body(server.url)
    }

    @Test func withNothingButAURLItShowsWhatABusyRuntimeTells() throws {
        try CheckTests.serving("busy") { url in
            let ending = try Shell(["MOZAIKS_RUNTIME_URL": url]).run("check")
            #expect(ending.code == 0)
            #expect(ending.errors.isEmpty)
            #expect(
                ending.firstLine.hasPrefix("OK: 7 open chats of 12, 3 apps, Mongo ping 0.04 ms, 7 websockets, 10 errors; "))
            let rest = "nothing is wrong so far: 4 critical rules need about 35m more of watching: restart-loop, "
            #expect(ending.firstLine.contains(rest), "\(ending.firstLine)")
            #expect(ending.output.contains("open_runs             7\n"))
            #expect(ending.output.contains("websockets            7\n"))
            #expect(ending.output.contains("app-écolé-検証"))
            #expect(!ending.output.contains("\u{1B}["), "no colour where there is no terminal")
        }
    }

    @Test func onAnIdleRuntimeCountsAreZeroAndRatiosAreMissing() throws {
        try CheckTests.serving("idle") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            let ending = try shell.run("check")
            #expect(ending.code == 0)
            #expect(
                ending.firstLine.hasPrefix("OK: 0 open chats of 0, 0 apps, Mongo ping 0.04 ms, 0 websockets; nothing is wrong so far: "))
            let readings = try #require(try shell.run("check", "-o", "json").json()["reports"]?[0]?["readings"])
            for count in ["active_runs", "open_runs", "stalled_runs", "active_apps", "websockets"] {
                #expect(readings[count]?["value"]?.double == 0, "\(count)")
            }
            for rate in ["error_rate[5m]", "run_starts[5m]", "tokens[5m]", "cost[5m]", "turns[5m]"] {
                #expect(readings[rate]?["missing"]?.string == "too_little_data", "\(rate)")
                #expect(readings[rate]?["value"] == nil, "\(rate)")
            }
        }
    }

    @Test func theBriefLineWithFiguresIsOneLineOfAPlugin() throws {
        try CheckTests.serving("busy") { url in
            let ending = try Shell().run("check", "--url", url, "--brief", "--perfdata")
            #expect(ending.code == 0)
            let parts = ending.output.split(separator: " | ", maxSplits: 1).map(String.init)
            #expect(parts.count == 2 && !parts[0].contains("\n"))
            #expect(parts.first?.hasPrefix("OK: 7 open chats of 12, 3 apps, Mongo ping 0.04 ms, 7 websockets, 10 errors; ") == true)
            #expect(
                parts.last == """
                    'default open_chats'=7 \
                    'default tracked_chats'=12 'default apps'=3 'default websockets'=7 'default mongodb_ping'=0.04ms \
                    'default errors'=10c

                    """)
        }
    }

    @Test func asJSONItHasASchemaAndEveryFigure() throws {
        try CheckTests.serving("busy") { url in
            let document = try Shell().run("check", "--url", url, "-o", "json").json()
            #expect(document["schema"]?.string == "mozaiks.ops/check/v1")
            #expect(document["status"]?.string == "ok")
            #expect(document["incidents"]?.array?.isEmpty == true)
            let report = try #require(document["reports"]?[0])
            #expect(report["schema"]?.string == "mozaiks.ops/report/v1")
            let replica = try #require(report["replicas"]?[0])
            #expect(replica["tracked_chats"]?.int == 12)
            #expect(replica["open_chats"]?.int == 7)
            #expect(replica["apps"]?.int == 3)
            #expect(replica["errors"]?.int == 10)
            #expect(replica["websockets"]?.int == 7)
            #expect(
                report["apps"]?.array?.compactMap { $0["app"]?.string } == ["app-clinic", "app-shop", "app-écolé-検証"])
        }
    }

    @Test("an open incident decides the exit code", arguments: [("info", 0), ("warning", 1), ("critical", 2)])
    func severity(name: String, code: Int32) throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            let policies = QuickPolicy.write(to: shell.folder, severity: name)
            let ending = try shell.run("check", "--url", url, "--policies", policies)
            #expect(ending.code == code)
            let begin = ["OK: 1 note", "WARNING: crowded on runtime default, just now", "CRITICAL: crowded on runtime default, just now"][
                Int(code)]
            #expect(ending.firstLine.hasPrefix("\(begin); 7 open chats of 12"))
        }
    }

    @Test func stateIsKeptBetweenPassesUntilPendingBecomesFiring() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            let policies = QuickPolicy.write(to: shell.folder, hold: "1s")
            var lines: [String] = []
            var codes: [Int32?] = []
            // Each pass is a process of its own and takes its time; a second is over after some of them. The perf
            // endpoint is asked again when half an interval is over.
            for _ in 0..<500 where codes.last != 1 {
                let ending = try shell.run("check", "--url", url, "--policies", policies, "--interval", "1s")
                codes.append(ending.code)
                lines += ending.output.split(separator: "\n").filter { $0.hasPrefix("pending: ") }.map(String.init)
            }
            #expect(codes.count > 1)
            #expect(codes.dropLast().allSatisfy { $0 == 0 })
            #expect(codes.last == 1)
            #expect(lines.first == "pending: crowded on runtime default, true for 0s")
            #expect(Set(lines).count > 1, "a later pass knows of more time: \(lines)")
            let incidents = try #require(try shell.run("incidents", "list", "-o", "json").json()["incidents"]?.array)
            #expect(incidents.count == 1, "one incident, whichever pass looked")
        }
    }

    @Test func anotherEngineOnTheSameStateIsUnknown() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            let engine = try shell.start(["run"])
            #expect(engine.waits { _, errors in errors.contains("msg=started") })
            let ending = try shell.run("check")
            #expect(ending.code == 3)
            #expect(ending.errors.contains("another engine runs here (pid \(engine.pid) "), "\(ending.errors)")
            #expect(ending.errors.contains("hint: 'mozaiks-ops status' shows what it sees"))
            engine.send(SIGTERM)
            #expect(engine.waitForEnd().code == 0)
            #expect(try shell.run("check").code == 0, "the lock goes with its process")
        }
    }

    @Test func withoutARuntimeItIsAnErrorOfConfigurationThatSaysHow() throws {
        for command in ["check", "run", "doctor", "evaluate"] {
            let ending = try Shell().run(command)
            #expect(ending.code == 78, "\(command)")
            #expect(ending.errors.contains("no runtime to watch"))
            #expect(ending.errors.contains("MOZAIKS_RUNTIME_URL=http://localhost:8000"))
        }
    }

    @Test func oneReplicaOfTwoDownShowsNoSumOfBoth() throws {
        try CheckTests.serving("busy") { url in
            let silent = "http://127.0.0.1:\(try Loopback.closedPort())"
            let ending = try Shell().run("check", "--url", "\(url),\(silent)", "--brief", "--perfdata")
            #expect(ending.code == 3)
            #expect(ending.output.contains("\(silent): unreachable (connection refused"))
            #expect(ending.output.contains("7 open chats of 12"))
            #expect(ending.output.contains("on 1 of 2 replicas"))
            #expect(!ending.output.contains("open_chats'="), "half of a sum is no figure")
        }
    }
}
