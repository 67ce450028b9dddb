import Glibc
import Model
import TestKit
import Testing

/// `policy test`: tests of policies, as a user writes and runs them.
@Suite struct PolicyTestTests {
    private static let policy = """
        schema: mozaiks.ops/policy/v1
        ops_policy: default
        mode: enforce
        allowed_actions: [notify, throttle]
        clear_after: 1m
        rules:
          crowded:
            subject: app
            when: active_runs > 10
            for: 2m
            severity: warning
            actions: [notify, {throttle: {concurrent_workflows: 2, ttl: 5m}}]
          down: {subject: runtime, when: up == 0, severity: critical, suppresses: [crowded]}

        """

    private func shell(_ tests: String) -> Shell {
        let shell = Shell()
        mkdir(shell.folder.path("policies"), 0o700)
        mkdir(shell.folder.path("policies/tests"), 0o700)
        shell.folder.write(PolicyTestTests.policy, to: "policies/ops_policy.default.yaml")
        shell.folder.write("schema: mozaiks.ops/policy-test/v1\npolicies: ..\ntests:\n" + tests, to: "policies/tests/a.yaml")
        return shell
    }

    /// The built-in rules on what an app spends: a batch that comes every hour is no spike once it came some times; one that
    /// is much larger is, and so is a loop that does not end.
    @Test func aBatchThatComesAgainAndAgainIsNoSpike() throws {
        let hours = Array(repeating: "20x50 6000x10", count: 6).joined(separator: " ")
        let shell = Shell()
        shell.folder.write(
            """
            schema: mozaiks.ops/policy-test/v1
            interval: 1m
            tests:
              - name: the same batch each hour
                apps: {one: {tokens: "\(hours)", active_runs: 1}}
                expect: [{during: 4h..5h50m, rule: token-burn-spike, not: firing}]
              - name: a batch ten times as large
                apps: {one: {tokens: "\(hours) 20x50 60000x20", active_runs: 1}}
                expect: [{at: 6h58m, rule: token-burn-spike, state: firing}]
              - name: one long loop is no batch that came before
                apps: {one: {tokens: "20x240 6000x60", active_runs: 1}}
                expect: [{during: 4h15m..4h59m, rule: token-burn-spike, state: firing}]

            """, to: "t.yaml")
        let ending = try shell.run("policy", "test", "t.yaml", atMost: 120)
        #expect(ending.code == 0, "\(ending.output)")
    }

    @Test(arguments: [
        ("tests: []", "'tests' is empty"), ("tests:\n  - {name: x, apps: {a: {active_runs: 5}}, expect: []}", "'expect' is empty"),
    ])
    func whatTestsNothingDoesNotPass(text: String, why: String) throws {
        let shell = Shell()
        shell.folder.write("schema: mozaiks.ops/policy-test/v1\n\(text)\n", to: "t.yaml")
        let ending = try shell.run("policy", "test", "t.yaml")
        #expect(ending.code == 78)
        #expect(ending.errors.contains(why), "\(ending.errors)")
    }

    private static let good = """
          - name: fires
            apps: {one: {active_runs: 3 12x6 3x6}, two: {active_runs: 4}}
            expect:
              - {at: 1m, rule: crowded, app: one, state: pending}
              - {at: 3m, rule: crowded, app: one, state: firing}
              - {at: 3m, rule: crowded, app: one, action: throttle, verdict: act}
              - {rule: crowded, app: two, state: inactive}
              - {rule: crowded, app: two, action: throttle, verdict: none}
              - {at: 8m, rule: crowded, app: one, incident: resolved}
          - name: quiet <&> "down"
            runtime: {up: 1 0x6}
            apps: {one: {active_runs: 12}, two: {active_runs: 12}}
            expect:
              - {at: 1m, rule: down, incident: open}
              - {during: 1m..6m, rule: crowded, not: firing}
              - {during: 1m..6m, rule: crowded, suppressed_by: down}

        """

    @Test func allAsExpected() throws {
        let shell = shell(PolicyTestTests.good)
        let ending = try shell.run("policy", "test")
        #expect(ending.code == 0, "\(ending)")
        #expect(
            ending.output == """
                    TEST              AS EXPECTED  STEPS  FIRED
                ok  fires             6 of 6       13     crowded
                ok  quiet <&> "down"  5 of 5       7      down

                2 tests, all as expected

                """)
        #expect(access(shell.state, F_OK) != 0, "nothing is written")
        let json = try shell.run("policy", "test", "policies/tests/a.yaml", "-o", "json").json()
        #expect(json["ok"] == .bool(true) && json["passed"] == .int(2))
        #expect(json["tests"]?[0]?["fired"] == ["crowded"] && json["tests"]?[1]?["quiet"] == ["crowded"])
        #expect(try shell.run("policy", "test", "--run", "^f[a-z]+s$").output.contains("\n1 test, all as expected"))
        #expect(try shell.run("policy", "test", "--run", "nothing").code == 1)
    }

    /// What was decided lands, as at a gate: it neither waits for ever nor stands in the way of what comes after it.
    @Test func leasesLandAndEndSoThatOthersFollow() throws {
        let shell = shell(
            """
              - name: twice noisy, an hour apart
                mode: enforce
                apps: {one: {active_runs: 3 12x10 3x50 12x10}, two: {active_runs: 4}}
                expect:
                  - {at: 3m, rule: crowded, app: one, action: throttle, verdict: act}
                  - {at: 62m, rule: crowded, app: one, state: pending}
                  - {at: 63m, rule: crowded, app: one, state: firing}
                  - {at: 63m, rule: crowded, app: one, action: throttle, verdict: act}

            """)
        let ending = try shell.run("policy", "test")
        #expect(ending.code == 0, "\(ending)")
    }

    @Test func whatIsNotAsExpectedIsADiffWithTheValues() throws {
        let shell = shell(
            """
              - name: fires
                apps: {one: {active_runs: 3 12x6}}
                expect:
                  - {at: 1m, rule: crowded, app: one, state: pending}
                  - {at: 2m, rule: crowded, app: one, state: firing}
                  - {rule: crowded, app: nobody, state: inactive}

            """)
        let ending = try shell.run("policy", "test", "--junit", "out.xml")
        #expect(ending.code == 1)
        #expect(
            ending.output.hasSuffix(
                """
                --- expected, policies/tests/a.yaml:4
                +++ got
                @@ fires @@
                 1m  crowded on app one: pending
                -2m  crowded on app one: firing
                +2m  crowded on app one: pending
                #   true: active_runs (12) > 10; true for 1m of 2m
                -always  crowded: something to judge
                +always  crowded: nothing, the test has no such subject

                1 test, 1 not as expected

                """), "\(ending.output)")
        let junit = String(decoding: try #require(shell.folder.read("out.xml")), as: UTF8.self)
        #expect(junit.contains(#"<testsuites name="policy test" tests="1" failures="1">"#), "\(junit)")
        #expect(junit.contains("2 of 3 expectations not met") && junit.contains("active_runs (12) &gt; 10"))
    }

    @Test("a workflow or a replica that a rule is never judged for does not stand for something else")
    func namesWhatARuleIsNotJudgedFor() throws {
        let given =
            "runtime: {up: 1}, apps: {one: {active_runs: 3}}, workflows: {one: {Gen: {active_runs: 3}}}, replicas: {'http://a:1': {up: 1}}"
        func run(_ expectation: String) throws -> RunningProgram.Ending {
            try shell("  - {name: x, \(given), expect: [\(expectation)]}\n").run("policy", "test")
        }
        let workflow = try run("{rule: crowded, workflow: Gen, state: inactive}")
        #expect(workflow.code == 1 && workflow.output.contains("a rule on apps is judged for no workflow"), "\(workflow.everything)")
        let replica = try run("{rule: down, replica: 'http://a:1', state: inactive}")
        #expect(replica.code == 1 && replica.output.contains("a rule on runtimes is judged for no replica"), "\(replica.everything)")
        #expect(try run("{rule: crowded, app: one, state: inactive}").code == 0)
    }

    @Test(
        "an app or a replica that the test lacks fails, whatever the rule is on",
        arguments: [
            "{rule: down, app: nobody, state: inactive}", "{rule: down, app: nobody, incident: none}",
            "{rule: down, app: nobody, action: throttle, verdict: none}",
            "{rule: down, replica: \"http://nowhere:1\", state: inactive}",
            "{rule: crowded, replica: \"http://nowhere:1\", state: inactive}",
        ])
    func namesWhatIsNotThere(expectation: String) throws {
        // Names that the rule is never judged for are told as that.
        let isMisfit = expectation.contains("replica")
        let shell = shell("  - {name: x, runtime: {up: 1}, apps: {one: {active_runs: 3}}, expect: [\(expectation)]}\n")
        let ending = try shell.run("policy", "test")
        let words = isMisfit ? "s is judged for no replica" : "the test has no such subject"
        #expect(ending.code == 1 && ending.output.contains(words), "\(ending.everything)")
        let there = expectation.replacing(bytesOf: "nobody", with: "one")
        guard there != expectation else { return }
        let other = self.shell("  - {name: x, runtime: {up: 1}, apps: {one: {active_runs: 3}}, expect: [\(there)]}\n")
        #expect(try other.run("policy", "test").code == 0)
    }

    /// The stories that come with the default rules: each rule fires in one of them, and has one in which it does not.
    @Test func theDefaultRulesDoWhatTheirStoriesSay() throws {
        let folder = Fixtures.repository + "/policies"
        let ending = try Shell().run("policy", "test", folder + "/tests", "-o", "json", atMost: 400)
        #expect(ending.code == 0, "\(ending.output) \(ending.errors)")
        let tests = try #require(try ending.json()["tests"]?.array)
        func names(_ key: String) -> Set<String> {
            Set(tests.flatMap { $0[key]?.array ?? [] }.compactMap(\.string))
        }
        let shown = try Shell().run("policy", "show", folder, "-o", "json").json()["rules"]?.object
        let rules = Set(try #require(shown).map(\.key))
        #expect(names("fired").isSuperset(of: rules), "without a story that fires: \(rules.subtracting(names("fired")))")
        #expect(names("quiet").isSuperset(of: rules), "without one that does not: \(rules.subtracting(names("quiet")))")
    }

    @Test func junitIsXML() throws {
        let shell = shell(PolicyTestTests.good)
        #expect(try shell.run("policy", "test", "--junit", "out.xml").code == 0)
        let check = "import sys, xml.etree.ElementTree as e; t = e.parse(sys.argv[1]).getroot(); print(len(t.findall('.//testcase')))"
        let ending = try RunningProgram(
            "/usr/bin/python3", ["-c", check, shell.folder.path("out.xml")], environment: [:], in: shell.folder.path
        ).waitForEnd()
        #expect(ending.output == "2\n", "\(ending)")
    }

    @Test func anotherPolicyIsTestedOnRequest() throws {
        let shell = shell(PolicyTestTests.good)
        mkdir(shell.folder.path("draft"), 0o700)
        shell.folder.write(
            PolicyTestTests.policy.replacing(bytesOf: "for: 2m", with: "for: 9m"), to: "draft/ops_policy.default.yaml")
        let ending = try shell.run("policy", "test", "policies/tests", "--policies", "draft")
        #expect(ending.code == 1)
        #expect(ending.output.contains("+3m  crowded on app one: pending"), "\(ending.output)")
    }

    @Test(
        "a file of tests that is wrong ends with 78 and says where",
        arguments: [
            ("  - name: a\n    runtime: {upp: 1}\n    expect: []\n", "a.yaml:5:15: error[unknown-signal]: no signal 'upp'"),
            ("  - {name: a, runtime: {up: 1}, expect: [{rule: crowdd, state: firing}]}\n", "a.yaml:4:1: error[unknown-rule]"),
            ("  - {name: a, tape: no.tape, expect: [{rule: down, state: firing}]}\n", "no.tape"),
        ])
    func wrong(tests: String, says: String) throws {
        let ending = try shell(tests).run("policy", "test")
        #expect(ending.code == (says == "no.tape" ? 1 : 78), "\(ending)")
        #expect(ending.errors.contains(says), "\(ending.errors)")
    }

    @Test func aTapeStandsInForSeries() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            let policies = QuickPolicy.write(to: shell.folder)
            #expect(try shell.run("record", "a.tape", "--for", "2s", "--interval", "1s").code == 0)
            shell.folder.write(
                """
                schema: mozaiks.ops/policy-test/v1
                tests:
                  - name: from a tape
                    tape: a.tape
                    expect:
                      - {at: 1s, rule: crowded, state: firing}
                      - {rule: runtime-down, state: inactive}

                """, to: "t.yaml")
            let ending = try shell.run("policy", "test", "t.yaml", "--policies", policies)
            #expect(ending.code == 0, "\(ending)")
            shell.folder.write("{\"schema\":\"mozaiks.ops/tape/v1\",\"interval_ms\":1000,\"runtimes\":{}}\n", to: "a.tape")
            #expect(try shell.run("policy", "test", "t.yaml", "--policies", policies).errors.contains("holds no tick"))
        }
    }
}
