import Glibc
import Model
import Simulator
import TestKit
import Testing

/// Commands that look and change nothing: `evaluate`, `doctor`, `record`, `replay`, `simulate --list`.
@Suite struct DryRunTests {
    @Test func evaluateShowsRulesWithTheirValuesAndLeavesNothingBehind() throws {
        let slack = SlackSink()
        try slack.start()
        defer { slack.stop() }
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url, "MOZAIKS_SLACK_WEBHOOK_URL": slack.webhookURL])
            let policies = QuickPolicy.write(to: shell.folder, severity: "critical")
            let ending = try shell.run("evaluate", "--policies", policies)
            #expect(ending.code == 2)
            #expect(ending.firstLine.contains("mode observe (the stricter of the policy's enforce and observe)"))
            #expect(
                ending.output.contains("crowded on runtime default: firing, true\n      open_runs (7) > $crowd (1)\n"))
            #expect(ending.output.contains("runtime-down on runtime default: false\n      up (1) == 0\n"))
            #expect(ending.output.contains("Would be open now"))
            #expect(access(shell.state, F_OK) != 0, "no state folder")
            #expect(slack.requests == 0, "nobody is told")
            #expect(shell.folder.names == ["policies"], "nothing else is written")

            #expect(try shell.run("check", "--policies", policies).code == 2)
            #expect(slack.posts.count == 1, "the same by check is told")
        }
    }

    @Test func evaluateFoldsQuietRulesOfManyAppsAndUnfoldsThemForOne() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            let all = try shell.run("evaluate")
            #expect(all.code == 0)
            #expect(
                all.output.contains("noisy-neighbor on 3 apps: unknown\n      app-clinic: "))
            let one = try shell.run("evaluate", "--app", "app-shop")
            #expect(one.output.contains("noisy-neighbor on app app-shop: unknown\n"))
            #expect(!one.output.contains("runtime-down on"))
            #expect(try shell.run("evaluate", "--app", "nosuch").output.contains("the runtime shows no such app"))
            let document = try shell.run("evaluate", "-o", "json").json()
            #expect(document["schema"]?.string == "mozaiks.ops/evaluation/v1")
            #expect(document["rules"]?[0]?["rules"]?.array?.isEmpty == false)
            // Rules on replicas are rules too: once for each that the runtime has.
            #expect(all.output.contains("replica-down on replica \(url) of default: false\n"), "\(all.output)")
        }
    }

    @Test func aRecordedTapeReplaysToTheSameBytesAndEvaluates() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            let policies = QuickPolicy.write(to: shell.folder)
            let recorded = try shell.run("record", "a.tape", "--for", "2s", "--interval", "1s")
            #expect(recorded.code == 0, "\(recorded.errors)")
            let exchanges = shell.folder.read("a.tape")?.filter { $0 == 0x0A }.count ?? 0
            #expect(exchanges > 8)
            #expect(access(shell.state, F_OK) != 0, "a recorder decides nothing and keeps no state")

            for words in [
                ["replay", "a.tape", "--policies", policies],
                ["replay", "a.tape", "--policies", policies, "-o", "json"],
            ] {
                let (one, two) = (try shell.run(words), try shell.run(words))
                #expect(one.code == 0)
                #expect(one.output.contains("crowded"))
                #expect(one.output == two.output, "byte for byte")
            }
            let lines = try shell.run("replay", "a.tape", "--policies", policies, "-o", "json")
            #expect(try lines.json()["schema"]?.string == "mozaiks.ops/replay/v1")
            let incidents = try lines.json()["policies"]?["incidents"]?.array ?? []
            #expect(incidents.first?["schema"]?.string == "mozaiks.ops/incident/v1")
            // Without policies of one's own, those that the tape holds: the ones it was recorded under.
            let asThen = try shell.run("replay", "a.tape")
            #expect(asThen.output.contains("With the policies of that time: 0 incidents"), "\(asThen.output)")
            let beside = try shell.run("replay", "a.tape", "--policies", policies, "--against", policies)
            #expect(beside.output.contains("No difference in incidents, pages and actions."), "\(beside.output)")
            let evaluated = try shell.run("evaluate", "--tape", "a.tape", "--policies", policies)
            #expect(evaluated.code == 1)
            #expect(evaluated.output.contains("crowded on runtime default: firing, true"))

            let again = try shell.run("record", "a.tape", "--for", "1s")
            #expect(again.code == 1, "a tape is not written over")
            #expect(again.errors.contains("a.tape"))
        }
    }

    @Test(
        "a tape that cannot be read is named, with its line",
        arguments: [
            ("", "1"), ("not a tape\n", "1"), (#"{"schema":"mozaiks.ops/tape/v9"}"# + "\n", "1"),
            (
                #"{"schema":"mozaiks.ops/tape/v1","interval_ms":10000,"runtimes":{"shared":{"replicas":["http://127.0.0.1:1"]}}}"#
                    + "\n{\"at\":5}\n{}\n", "2"
            ),
        ])
    func badTape(text: String, line: String) throws {
        let shell = Shell()
        shell.folder.write(text, to: "bad.tape")
        let ending = try shell.run("replay", "bad.tape")
        #expect(ending.code == 1, "\(ending)")
        #expect(ending.errors.contains(text.isEmpty ? "bad.tape" : "bad.tape:\(line)"), "\(ending.errors)")
        #expect(try shell.run("evaluate", "--tape", "bad.tape").code == 3)
    }

    // MARK: - Doctor

    @Test func doctorSaysInPlainWordsWhatARuntimeCanTell() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            let ending = try shell.run("doctor", "--wait", "10ms")
            #expect(ending.code == 0, "\(ending.output)")
            for text in [
                "configuration: none, defaults and environment", "channels: none, nobody is told",
                "actions: none would land", "connects; asks for no token", "healthy, Mongo ping 0.04 ms, 7 websockets",
                "/health/active-runs is a constant stub", "7 open of 12 chats of 3 apps", "time (budget 2%)",
                "can see what they need: runtime-down",
            ] {
                #expect(ending.output.contains(text), "\(text)")
            }
            #expect(access(shell.state, F_OK) != 0)
            #expect(ending.output.contains("replica-down"), "rules on replicas are looked at as well")
            for line in ending.output.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
            let sections = try shell.run("doctor", "--wait", "10ms", "-o", "json").json()
            #expect(sections["sections"]?[0]?["section"]?.string == "Setup")
        }
    }

    @Test func doctorNamesDeadCountersAndTheRulesThatNeedThem() throws {
        var options = SimulatorServer.Options()
        options.clock = SimulationClock(speed: 200)
        let server = SimulatorServer(try #require(Scenario.named("dead-counters")), options: options)
        try server.start()
        defer { server.stop() }
        let shell = Shell(["MOZAIKS_RUNTIME_URL": server.urls[0]])
        var ending = try shell.run("doctor", "--wait", "10ms")
        // Five runs must have ended first; simulated minutes pass while the program starts again.
        for _ in 0..<100 where !ending.output.contains("dead.") { ending = try shell.run("doctor", "--wait", "10ms") }
        for counter in ["errors", "tokens", "cost"] {
            #expect(ending.output.contains("\(counter): dead. "), "\(ending.output)")
        }
        #expect(ending.output.contains("turns: alive"))
        #expect(ending.output.contains("token-burn-spike: lacks tokens here (dead counters)"))
        #expect(ending.code == 0, "a dead counter is no fault of the setup")
    }

    @Test func doctorSaysWhatWouldLandWhereAGateIsConfigured() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder)
            shell.configure(url, "actions: {gate: {listen: \"127.0.0.1:9465\"}}")
            let ending = try shell.run("doctor", "--wait", "10ms")
            #expect(ending.output.contains("throttle would land at the gate on 127.0.0.1:9465"), "\(ending.output)")
            #expect(ending.output.contains("mode enforce: what policies allow is done"))
        }
    }

    @Test func aTokenThatCannotBeReadIsSaidOnceAndIsBrokenToTheDoctor() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url, "MOZAIKS_RUNTIME_TOKEN_FILE": "/nowhere/token"])
            let check = try shell.run("check")
            #expect(check.errors.filter { $0 == "\n" }.count == 1, "\(check.errors)")
            #expect(check.errors.contains("no token") && check.errors.contains("/nowhere/token"))
            let doctor = try shell.run("doctor", "--wait", "10ms")
            #expect(doctor.code == 1)
            #expect(
                doctor.output.contains("BROKEN  we have no token: cannot read the bearer token"), "\(doctor.output)")
        }
    }

    @Test func doctorFindsABalancerInFrontOfSeveralProcesses() throws {
        let server = SimulatorServer(try #require(Scenario.named("two-replicas")))
        try server.start()
        defer { server.stop() }
        let ending = try Shell(["MOZAIKS_RUNTIME_URL": server.urls[0]]).run("doctor", "--wait", "10ms")
        #expect(ending.code == 1)
        #expect(ending.output.contains("this URL answers for several processes"), "\(ending.output)")
    }

    // MARK: - Simulate

    @Test func simulateListsItsScenariosAndSaysWhereItListens() throws {
        let shell = Shell()
        let list = try shell.run("simulate", "--list")
        #expect(list.code == 0)
        let names = try #require(try shell.run("simulate", "--list", "-o", "json").json()["scenarios"]?.array).compactMap {
            $0["name"]?.string
        }
        #expect(names.contains("noisy-neighbor") && names.contains("dead-counters") && names.contains("demo"))
        for name in names { #expect(list.output.contains("\n\(name) "), "\(name)") }

        let simulator = try shell.start(["simulate", "busy", "--announce", "where", "-o", "json"])
        #expect(simulator.waits { output, _ in output.hasSuffix("}\n") })
        #expect(simulator.waits { _, _ in shell.folder.read("where") != nil })
        let url = try #require(try simulator.ending(SIGTERM).json()["runtime"]?[0]?.string)
        #expect(url.hasPrefix("http://127.0.0.1:"))
    }

    /// It listens for signals by then: nothing would end the wait for whoever opens the other end.
    @Test("a named pipe where a file is meant holds up no simulator")
    func pipes() throws {
        let shell = Shell()
        mkdir(shell.folder.path("recorded"), 0o700)
        for name in ["where.new", "recorded/INDEX.json"] { #expect(mkfifo(shell.folder.path(name), 0o600) == 0) }
        let announced = try shell.run("simulate", "busy", "--announce", "where")
        #expect(announced.code == 1 && announced.errors.contains("cannot write where.new: "), "\(announced)")
        let recorded = try shell.run("simulate", "--fixtures", "recorded")
        #expect(recorded.code == 1 && !recorded.errors.isEmpty, "\(recorded)")
    }
}

extension RunningProgram {
    /// Sends a signal and waits for the end.
    func ending(_ signal: Int32) -> Ending {
        send(signal)
        return waitForEnd()
    }
}
