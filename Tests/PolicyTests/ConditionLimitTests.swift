import Model
import Testing

@testable import Policy

/// What of a condition may be drawn into a chart.
@Suite struct ConditionLimitTests {
    @Test(
        "fixed values that a plain reading is held against",
        arguments: [
            ("active_runs > 200", ["active_runs > 200"]), ("200 < active_runs", ["active_runs > 200"]),
            ("active_runs >= 0.8 * 200", ["active_runs > 160"]),
            ("error_rate > 5% and errors > 10/min", ["error_rate[5m] > 5", "errors[5m] > 10"]),
            ("error_rate[10m] > 5% or error_rate > 5%", ["error_rate[10m] > 5", "error_rate[5m] > 5"]),
            ("mongodb_latency > 200ms or min(mongodb_latency[10m]) > 200ms", ["mongodb_latency > 0.2"]),
            ("turns < 3/min", ["turns[5m] < 3"]), ("active_runs > $most", ["active_runs > 40"]),
            ("active_runs > open_runs * 3", []), ("not (active_runs > 3)", []), ("active_runs + 1 > 3", []),
            ("missing(active_runs)", []), ("up == 0", []), ("active_runs > 1 / 0", []),
            ("active_runs > 3 and active_runs > 3", ["active_runs > 3"]),
        ] as [(String, [String])])
    func limits(condition: String, expected: [String]) throws {
        let file = """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            thresholds: {most: 40}
            rules:
              tried: {subject: runtime, when: "\(condition)", summary: Tried., severity: info, actions: [notify]}

            """
        let set = try PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(file.utf8))]).get()
        let limits = try #require(set.rules(for: .runtime).first).when.limits
        #expect(limits.map { "\($0.series) \($0.isAbove ? ">" : "<") \(Figure.number($0.value))" } == expected)
    }
}
