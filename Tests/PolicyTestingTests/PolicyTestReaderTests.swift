import Model
import Policy
import Testing
import YAML

@testable import PolicyTesting

/// What people get wrong in a file of tests, and what they read then.
@Suite struct PolicyTestReaderTests {
    /// (name, the file behind its first two lines, what is said)
    static let faults: [(String, String, [String])] = [
        ("no tests", "", ["3:1: error[missing-key]: a file of policy tests needs 'tests'"]),
        ("unknown key", "polices: x\ntests: []", ["hint: did you mean 'policies'?"]),
        (
            "nothing given", "tests: [{name: a, expect: []}]",
            ["a test needs series ('runtime', 'apps', 'replicas', 'workflows', 'host', 'service') or a 'tape'"]
        ),
        (
            "two kinds", "tests: [{name: a, host: {cpu: 1}, runtime: {up: 1}, expect: []}]", ["'runtime' has no place beside 'host'"]
        ),
        ("host and service", "tests: [{name: a, host: {cpu: 1}, service: {up: 1}, expect: []}]", ["'service' has no place beside 'host'"]),
        ("tape of a host", "tests: [{name: a, tape: x, host: {cpu: 1}, expect: []}]", ["'host' has no place beside it"]),
        (
            "signal of runtimes", "tests: [{name: a, host: {active_runs: 1}, expect: []}]",
            ["read of app or runtime or workflow, not of host"]
        ),
        ("nothing expected", "tests: [{name: a, runtime: {up: 1}}]", ["a test needs 'expect'"]),
        ("both", "tests: [{name: a, tape: x, runtime: {up: 1}, expect: []}]", ["'runtime' has no place beside it"]),
        ("same name", "tests: [{name: a, tape: x, expect: []}, {name: a, tape: x, expect: []}]", ["a second test 'a'"]),
        (
            "unknown signal", "tests: [{name: a, runtime: {actve_runs: 1}, expect: []}]",
            ["3:29: error[unknown-signal]: no signal 'actve_runs'", "did you mean 'active_runs'?"]
        ),
        ("signal of apps", "tests: [{name: a, runtime: {active_runs.share: 1}, expect: []}]", ["read of app, not of runtime"]),
        ("runtime prefix", "tests: [{name: a, apps: {b: {runtime.up: 1}}, expect: []}]", ["write 'up'"]),
        ("no name of a reading", "tests: [{name: a, runtime: {up > 3: 1}, expect: []}]", ["not the name of a reading"]),
        ("value", "tests: [{name: a, runtime: {up: 1x3 maybe}, expect: []}]", ["3:37: error[series]: 'maybe' is no value here"]),
        ("below zero", "tests: [{name: a, runtime: {up: 1x3 -1}, expect: []}]", ["3:37: error[series]: '-1' is no value here"]),
        ("list of values", "tests: [{name: a, runtime: {up: [1, 2]}, expect: []}]", ["must be text, not a list"]),
        ("empty expectation", "tests: [{name: a, tape: x, expect: [{rule: r}]}]", ["nothing is expected"]),
        ("two expectations", "tests: [{name: a, tape: x, expect: [{rule: r, state: firing, incident: open}]}]", ["one thing is expected"]),
        ("no rule", "tests: [{name: a, tape: x, expect: [{state: firing}]}]", ["an expectation needs 'rule'"]),
        ("state", "tests: [{name: a, tape: x, expect: [{rule: r, state: fireing}]}]", ["did you mean 'firing'?"]),
        ("at", "tests: [{name: a, tape: x, expect: [{rule: r, at: 5, state: firing}]}]", ["'at' must be a length of time"]),
        ("during", "tests: [{name: a, tape: x, expect: [{rule: r, during: 5m, state: firing}]}]", ["such as 5m..10m"]),
        ("backwards", "tests: [{name: a, tape: x, expect: [{rule: r, during: 5m..3m, state: firing}]}]", ["no stretch of time"]),
        (
            "at and during", "tests: [{name: a, tape: x, expect: [{rule: r, at: 1m, during: 5m..6m, state: firing}]}]",
            ["no place beside 'at'"]
        ),
        ("action without verdict", "tests: [{name: a, tape: x, expect: [{rule: r, action: pause}]}]", ["needs 'verdict'"]),
        ("message", "tests: [{name: a, tape: x, expect: [{rule: r, action: notify, verdict: act}]}]", ["write 'incident: open'"]),
        ("stray verdict", "tests: [{name: a, tape: x, expect: [{rule: r, state: firing, verdict: act}]}]", ["beside 'action' only"]),
        (
            "stray because", "tests: [{name: a, tape: x, expect: [{rule: r, action: pause, verdict: act, because: mode}]}]",
            ["'because' stands beside"]
        ),
        (
            "because", "tests: [{name: a, tape: x, expect: [{rule: r, action: pause, verdict: refused, because: mod}]}]",
            ["did you mean 'mode'?"]
        ),
        ("interval", "interval: 0s\ntests: []", ["'interval' must be at least 1s"]),
        ("zone", "timezone: Mars/Olympus\ntests: []", ["error[timezone]: 'Mars/Olympus' is no offset", "such as UTC or +02:00"]),
        ("start", "start: 22:00\ntests: []", ["error[start]: '22:00' is no whole minute of a day"]),
        ("half a minute", "start: 2026-01-08T20:00:30Z\ntests: []", ["is no whole minute of a day"]),
        ("start of a tape", "tests: [{name: a, tape: x, start: 2026-01-08T20:00:00Z, expect: []}]", ["'start' has no place beside it"]),
        ("no tests", "tests: []", ["error[empty]: 'tests' is empty"]),
        ("no expectations", "tests: [{name: a, tape: x, expect: []}]", ["error[empty]: 'expect' is empty"]),
        ("no states", "tests: [{name: a, tape: x, expect: [{rule: r, not: []}]}]", ["error[empty]: 'not' is empty"]),
        ("no mapping", "- a", ["a file of policy tests must be a mapping"]),
    ]

    @Test(arguments: faults) func says(_ name: String, _ text: String, _ expected: [String]) {
        // A list makes the whole file a list.
        let head = text.hasPrefix("-") ? "\n\n" : "schema: mozaiks.ops/policy-test/v1\n\n"
        let reporter = Reporter(source: SourceText(file: "t.yaml", bytes: Array((head + text + "\n").utf8)))
        _ = PolicyTestReader(reporter).read()
        let said = reporter.diagnostics.map(\.description).joined(separator: "\n")
        let wanted = expected.map { $0.hasPrefix("3:1:") ? String($0.dropFirst(4)) : $0 }
        for part in wanted { #expect(said.contains(part), "\(said)") }
        #expect(reporter.diagnostics.contains { $0.severity == .error })
    }

    @Test("a series that no rule reads is told, with what rules read of it")
    func unread() throws {
        let policy = """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            rules: {r: {subject: runtime, when: 'error_rate[10m] > 5%', for: 1m, severity: warning, summary: S.}}

            """
        let policies = try PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(policy.utf8))]).get()
        let text = """
            schema: mozaiks.ops/policy-test/v1
            tests:
              - name: a
                runtime: {"error_rate[10m]": 1%, "error_rate[3m]": 1%, websockets: 3, up: 1}
                replicas: {"http://a": {websockets: 3}}
                workflows: {a: {g: {tool_calls: 1, error_rate: 0%}}}
                expect: [{rule: r, state: inactive}]

            """
        let reporter = Reporter(source: SourceText(file: "t.yaml", bytes: Array(text.utf8)))
        let file = try #require(PolicyTestReader(reporter).read())
        let warnings = file.tests[0].unreadSeries(policies).map(\.description)
        #expect(warnings.count == 3, "\(warnings)")
        #expect(warnings.first?.contains("warning[unread-series]: 'a' gives 'error_rate[3m]', and no rule reads it") == true)
        #expect(warnings.first?.contains("hint: rules read error_rate[10m]") == true)
        #expect(warnings[1].contains("'a' gives 'websockets', and no rule reads it"), "\(warnings)")
        #expect(warnings.last?.contains("'a' gives 'tool_calls', and no rule reads it") == true, "\(warnings)")
    }

    @Test("what a line ahead is drawn through is read")
    func unreadAhead() throws {
        let policy = """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            rules: {r: {subject: runtime, when: 'predict(metric("a").sum[1h], 4h) > 5', severity: warning, summary: S.}}

            """
        let policies = try PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(policy.utf8))]).get()
        let text = """
            schema: mozaiks.ops/policy-test/v1
            tests:
              - name: a
                runtime: {'metric("a").sum': 3x9, 'metric("a")': 3x9}
                expect: [{rule: r, state: inactive}]

            """
        let reporter = Reporter(source: SourceText(file: "t.yaml", bytes: Array(text.utf8)))
        let warnings = try #require(PolicyTestReader(reporter).read()).tests[0].unreadSeries(policies).map(\.description)
        #expect(warnings.count == 1 && warnings[0].contains("'a' gives 'metric(\"a\")', and no rule reads it"), "\(warnings)")
    }

    @Test func readsAll() throws {
        let text = """
            schema: mozaiks.ops/policy-test/v1
            policies: ../mine
            interval: 30s
            mode: suggest
            timezone: "+02:00"
            labels: {team: ops}
            tests:
              - name: one
                mode: enforce
                start: 2026-01-08T22:00:00+01:00
                labels: {tier: free}
                replicas: {"http://a": {up: 0x3}}
                apps: {b: {active_runs: 1}, a: {active_runs: 1}}
                expect:
                  - {at: 5m, rule: r, app: a, state: [pending, firing]}
                  - {during: 1m..2m, rule: r, not: firing}
                  - {rule: r, incident: none}
                  - {at: 1m, rule: r, action: pause, verdict: refused, because: cooldown}
                  - {at: 1m, rule: r, suppressed_by: other}
                  - {at: 1m, rule: r, suppressed_by: none}
              - {name: two, tape: a.tape, expect: [{rule: r, incident: none}]}
            """
        let reporter = Reporter(source: SourceText(file: "t.yaml", bytes: Array(text.utf8)))
        let file = try #require(PolicyTestReader(reporter).read())
        #expect(reporter.diagnostics.map(\.description) == [])
        #expect(file.policies == "../mine" && file.tests.map(\.name) == ["one", "two"])
        #expect(file.tests.map(\.mode) == [.enforce, .suggest])
        guard case .series(let series) = file.tests[0].source, case .tape("a.tape", _) = file.tests[1].source else {
            Issue.record("a story and a tape")
            return
        }
        #expect(series.start == Timestamp(rfc3339: "2026-01-08T21:00:00Z") && series.zone == Zone(fixed: "+02:00"))
        #expect(file.tests[1].zone == Zone(fixed: "+02:00") && file.tests[1].labels == ["team": "ops"])
        #expect(series.labels == ["team": "ops", "tier": "free"])
        #expect(series.interval == .seconds(30) && series.lastStep == 10)
        #expect(series.apps.map(\.app) == [AppID("a"), AppID("b")] && series.replicas.map(\.url) == ["http://a"])
        #expect(
            file.tests[0].expectations.map(\.what) == [
                .state([.pending, .firing], is: true), .state([.firing], is: false), .incident(.none),
                .action(.pause, verdict: .refused, because: .cooldown), .suppressedBy("other"), .suppressedBy(nil),
            ])
        #expect(
            file.tests[0].expectations.map(\.when) == [
                .at(.minutes(5)), .during(.minutes(1), .minutes(2)), .always, .at(.minutes(1)), .at(.minutes(1)),
                .at(.minutes(1)),
            ])
    }
}
