import Model
import Policy
import Signals
import Testing
import YAML

@testable import PolicyTesting

/// What a given series means to windows, functions over history, and the runtime of the apps.
@Suite struct GivenReadingsTests {
    /// The reading of a condition's only series at a step.
    private func reading(
        _ condition: String, _ subject: String, _ given: String, interval: String = "1m", step: Int
    ) throws -> Evidence {
        let rule = "{subject: \(subject), when: '\(condition)', severity: info}"
        let policy = "schema: mozaiks.ops/policy/v1\nops_policy: default\nrules:\n  r: \(rule)\n"
        let set = try PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(policy.utf8))]).get()
        let text = """
            schema: mozaiks.ops/policy-test/v1
            interval: \(interval)
            tests:
              - name: t
            \(given)
                expect: [{rule: r, state: inactive}]
            """
        let reporter = Reporter(source: SourceText(file: "t.yaml", bytes: Array(text.utf8)))
        let file = try #require(PolicyTestReader(reporter).read(), "\(reporter.diagnostics)")
        #expect(reporter.diagnostics.map(\.description) == [])
        guard case .series(let series)? = file.tests.first?.source else { throw Unexpected() }
        let table = GivenReadings(series, policies: set).table(step)
        if subject == "workflow" { return table.workflow(0, 0) }
        return subject == "runtime" ? table.runtime(0) : table.app(0, 0)
    }

    private struct Unexpected: Error {}

    /// (condition, subject, given, interval, step, reading)
    static let cases: [(String, String, String, String, Int, Evidence)] = [
        // Gauges are what they are at the step.
        ("active_runs > 0", "runtime", "    runtime: {active_runs: 3 5}", "1m", 1, .value(5)),
        ("active_runs > 0", "runtime", "    runtime: {active_runs: 3 5}", "1m", 2, .missing(.stale)),
        ("active_runs > 0", "runtime", "    runtime: {up: 1}", "1m", 0, .missing(.tooLittleData)),
        // Of metrics each is its own, whatever the others are.
        ("metric(\"a\") > 0", "runtime", "    runtime:\n      metric(\"a\"): 3 5\n      metric(\"b\"): 7", "1m", 1, .value(5)),
        (
            "metric(\"a\", c=~\"5*\").rate[1m] > 0", "runtime",
            "    runtime:\n      metric(\"a\"): 9\n      metric(\"a\", c=~\"5*\").rate[1m]: 0.5x2", "1m", 1, .value(0.5)
        ),
        ("metric(\"a\").p95 > 0", "runtime", "    runtime: {'metric(\"a\").p95': 2 _ambiguous}", "1m", 1, .missing(.ambiguous)),
        ("metric(\"a\").rate[1m] > 0", "runtime", "    runtime: {'metric(\"a\")': 2}", "1m", 0, .missing(.tooLittleData)),
        // A bare rate: the window is the mean of its steps.
        ("run_starts > 0/min", "runtime", "    runtime: {run_starts: 2x4 12}", "1m", 4, .value(4)),
        ("run_starts[2m] > 0/min", "runtime", "    runtime: {run_starts: 2x4 12}", "1m", 4, .value(7)),
        ("run_starts[10s] > 0/min", "runtime", "    runtime: {run_starts: 2x4 12}", "1m", 4, .value(12)),
        ("run_starts > 0/min", "runtime", "    runtime: {run_starts: 2 _ 12}", "1m", 1, .missing(.tooLittleData)),
        ("run_starts > 0/min", "runtime", "    runtime: {run_starts: 2 _ 12}", "1m", 2, .value(7)),
        ("run_starts[10m] > 0/min", "runtime", "    runtime: {run_starts: 2x9}", "1m", 0, .missing(.tooLittleData)),
        ("run_starts[10m] > 0/min", "runtime", "    runtime: {run_starts: 2x9}", "1m", 1, .value(2)),
        ("error_rate > 0%", "runtime", "    runtime: {error_rate: 4%x2 _no_traffic}", "1m", 2, .value(4)),
        ("error_rate > 0%", "runtime", "    runtime: {error_rate: _no_traffic}", "1m", 0, .missing(.noTraffic)),
        // Counts add up.
        ("restarts[30m] > 0", "runtime", "    runtime: {restarts: 0x5 1 0x5 1}", "1m", 11, .value(2)),
        // A named window or function is read as it is.
        ("run_starts[2m] > 0/min", "runtime", "    runtime: {run_starts: 1, 'run_starts[2m]': 9}", "1m", 0, .value(9)),
        ("run_starts > 0/min", "runtime", "    runtime: {'run_starts[5m]': 9}", "1m", 0, .value(9)),
        ("rise(error_rate[10m]) > 1", "runtime", "    runtime: {'rise(error_rate[10m])': inf}", "1m", 0, .value(.infinity)),
        // Functions see the minutes before the step.
        ("max(active_runs[10m]) > 1", "runtime", "    runtime: {active_runs: 1 7 2 9}", "1m", 3, .value(7)),
        ("avg(active_runs[10m]) > 1", "runtime", "    runtime: {active_runs: 1 7 _x1 9}", "1m", 3, .value(4)),
        ("rise(active_runs[9m]) > 1", "runtime", "    runtime: {active_runs: 2x3 5x3 8x3 0}", "1m", 9, .value(4)),
        ("rise(active_runs[9m]) > 1", "runtime", "    runtime: {active_runs: 2x3 5x3 8x3 0}", "1m", 0, .missing(.tooLittleData)),
        ("baseline(run_starts[24h]) > 1/min", "runtime", "    runtime: {run_starts: 4x30 0x10 50x5}", "1m", 44, .value(4)),
        ("baseline(run_starts[24h]) > 1/min", "runtime", "    runtime: {run_starts: 4x29 50x5}", "1m", 33, .missing(.tooLittleData)),
        // What was so long ago.
        ("run_starts[2m] offset 3m > 1/min", "runtime", "    runtime: {run_starts: 2 4 6 8 10 12}", "1m", 5, .value(3)),
        ("active_runs offset 3m > 1", "runtime", "    runtime: {active_runs: 1 7 2 9 5}", "1m", 4, .value(1)),
        ("active_runs offset 3m > 1", "runtime", "    runtime: {active_runs: 1 7 2 9 5}", "1m", 3, .missing(.tooLittleData)),
        ("max(active_runs[2m] offset 1m) > 1", "runtime", "    runtime: {active_runs: 1 7 2 9 5}", "1m", 4, .value(7)),
        ("run_starts[2m] offset 3m > 1/min", "runtime", "    runtime: {'run_starts[2m] offset 3m': 9}", "1m", 0, .value(9)),
        // What the day brought so far: a test begins at midnight, where it says nothing else.
        ("cost[today] > 5 USD", "runtime", "    runtime: {cost: 2}", "30m", 3, .value(3)),
        ("cost[today] > 5 USD", "runtime", "    runtime: {cost: 2}", "30m", 0, .missing(.tooLittleData)),
        ("cost[today] > 5 USD", "runtime", "    runtime: {cost: 2}", "30m", 48, .missing(.tooLittleData)),
        ("cost[today] > 5 USD", "runtime", "    runtime: {cost: 2}", "30m", 50, .value(2)),
        ("tokens[today] > 5", "app", "    apps: {a: {tokens: 10 20 _ 40}}", "1m", 2, .value(30)),
        ("tokens[today] > 5", "app", "    apps: {a: {tokens: 10 20 _ 40}}", "1m", 3, .missing(.tooLittleData)),
        // A test begins with a year.
        ("cost[this_month] > 5 USD", "runtime", "    runtime: {cost: 2}", "30m", 3, .value(3)),
        ("cost[this_month] > 5 USD", "runtime", "    runtime: {'cost[this_month]': 7}", "30m", 3, .value(7)),
        // A line: through nothing, too, and through a metric's own values.
        ("predict(open_runs[15m], 5m) > 1", "runtime", "    runtime: {open_runs: 0+1x20}", "1m", 15, .value(19)),
        ("predict(open_runs[15m], 5m) > 1", "runtime", "    runtime: {open_runs: 0+1x20}", "1m", 9, .missing(.tooLittleData)),
        ("predict(open_runs[15m], 5m) > 1", "runtime", "    runtime: {open_runs: 0x20}", "1m", 15, .value(0)),
        (
            "predict(open_runs[15m], 5m) < 0", "runtime", "    runtime:\n      'predict(open_runs[15m], 5m)': 4x1 -4x2", "1m", 1, .value(-4)
        ),
        ("metric(\"a\") < 0", "runtime", "    runtime:\n      metric(\"a\"): 4-4x3", "1m", 2, .value(-4)),
        (
            "predict(metric(\"a\")[15m], 5m) > 1", "runtime", "    runtime:\n      metric(\"a\"): 30-2x15", "1m", 15, .value(-8)
        ),
        (
            "predict(metric(\"a\")[15m], 5m) > 1", "runtime", "    runtime:\n      'predict(metric(\"a\")[15m], 5m)': 4", "1m", 0, .value(4)
        ),
        // Shorter and longer steps than a minute.
        ("max(active_runs[10m]) > 1", "runtime", "    runtime: {active_runs: 9 1 3x6}", "30s", 4, .value(3)),
        ("avg(run_starts[10m]) > 1/min", "runtime", "    runtime: {run_starts: 2 4 6 8}", "30s", 4, .value(5)),
        ("max(active_runs[10m]) > 1", "runtime", "    runtime: {active_runs: 9 1}", "5m", 1, .value(9)),
        ("run_starts > 0/min", "runtime", "    runtime: {run_starts: 2 6}", "30s", 1, .value(4)),
        // A workflow's own, its app's and its runtime's.
        ("errors > 1/min", "workflow", "    workflows: {a: {g: {errors: 2x4 12}}}", "1m", 4, .value(4)),
        ("errors[1m] > 1/min", "workflow", "    workflows: {a: {g: {'errors[1m]': 7}}}", "1m", 0, .value(7)),
        ("app.active_runs > 1", "workflow", "    workflows: {a: {g: {active_runs: 2}, h: {active_runs: 3}}}", "1m", 0, .value(5)),
        (
            "app.active_runs > 1", "workflow", "    apps: {a: {active_runs: 9}}\n    workflows: {a: {g: {active_runs: 2}}}", "1m", 0,
            .value(9)
        ),
        (
            "runtime.active_runs > 1", "workflow", "    apps: {b: {active_runs: 4}}\n    workflows: {a: {g: {active_runs: 2}}}", "1m", 0,
            .value(6)
        ),
        ("app.errors[today] > 1", "workflow", "    workflows: {a: {g: {errors: 2x4}, h: {errors: 1x4}}}", "1m", 2, .value(6)),
        ("app.errors[2m] offset 1m > 1/min", "workflow", "    workflows: {a: {g: {errors: 2x4}}}", "1m", 3, .value(2)),
        ("active_apps > 1", "runtime", "    workflows: {a: {g: {active_runs: 2}}, b: {g: {active_runs: 0}}}", "1m", 0, .value(1)),
        ("app.active_runs > 1", "workflow", "    workflows: {a: {g: {active_runs: 2}, h: {}}}", "1m", 0, .missing(.tooLittleData)),
        // What follows from the apps.
        ("active_runs > 1", "runtime", "    apps: {a: {active_runs: 3}, b: {active_runs: 1 0}}", "1m", 1, .value(3)),
        ("active_apps > 1", "runtime", "    apps: {a: {active_runs: 3}, b: {active_runs: 1 0}}", "1m", 1, .value(1)),
        ("active_runs.share > 1%", "app", "    apps: {a: {active_runs: 3}, b: {active_runs: 1 0}}", "1m", 0, .value(75)),
        ("active_runs.share > 1%", "app", "    apps: {a: {active_runs: 0}}", "1m", 0, .missing(.noTraffic)),
        ("runtime.active_runs > 1", "app", "    apps: {a: {active_runs: 3}, b: {active_runs: _partial}}", "1m", 0, .missing(.partial)),
        ("runtime.active_runs > 1", "app", "    apps: {a: {active_runs: 3}, b: {tokens: 1}}", "1m", 0, .missing(.tooLittleData)),
    ]

    @Test(arguments: cases)
    func reads(_ condition: String, _ subject: String, _ given: String, _ interval: String, _ step: Int, _ expected: Evidence) throws {
        #expect(try reading(condition, subject, given, interval: interval, step: step) == expected)
    }

    @Test func theRuntimesOwnSeriesWins() throws {
        let given = "    runtime: {active_runs: 30}\n    apps: {a: {active_runs: 3}}"
        #expect(try reading("active_runs.share > 1%", "app", given, step: 0) == .value(10))
        #expect(try reading("runtime.active_runs > 1", "app", given, step: 0) == .value(30))
    }
}
