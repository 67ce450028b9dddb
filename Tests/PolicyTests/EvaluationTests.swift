import Model
import Testing

@testable import Policy

struct Evaluated: Sendable, CustomTestStringConvertible {
    let condition: String
    let readings: [String: Evidence]
    let truth: Truth
    let shown: String
    var testDescription: String { condition + " " + shown }

    init(_ condition: String, _ readings: [String: Evidence], _ truth: Truth, _ shown: String) {
        self.condition = condition
        self.readings = readings
        self.truth = truth
        self.shown = shown
    }
}

@Suite struct EvaluationTests {
    static let noisy = "active_runs.share > $noisy_share and runtime.active_runs >= $noisy_min_runs"
    static let table: [Evaluated] = [
        Evaluated(
            noisy, ["active_runs.share": .value(61), "runtime.active_runs": .value(34)], .yes,
            "active_runs.share (61%) > $noisy_share (40%) and runtime.active_runs (34) >= $noisy_min_runs (10)"),
        Evaluated(
            noisy, ["active_runs.share": .value(61), "runtime.active_runs": .value(9)], .no,
            "active_runs.share (61%) > $noisy_share (40%) and runtime.active_runs (9) >= $noisy_min_runs (10)"),
        Evaluated(
            noisy, ["active_runs.share": .missing(.noTraffic), "runtime.active_runs": .value(0)], .no,
            "active_runs.share is missing (no_traffic) and runtime.active_runs (0) >= $noisy_min_runs (10)"
        ),
        Evaluated(
            noisy, ["active_runs.share": .missing(.noTraffic), "runtime.active_runs": .value(12)], .noTraffic,
            "active_runs.share is missing (no_traffic) and runtime.active_runs (12) >= $noisy_min_runs (10)"
        ),
        Evaluated(
            "tokens > $token_spike * baseline(tokens[24h]) and tokens > 2000/min",
            ["tokens[5m]": .missing(.deadCounter), "baseline(tokens[24h])": .missing(.deadCounter)], .unknown,
            "tokens[5m], baseline(tokens[24h]) are missing (dead_counter) and tokens[5m] is missing (dead_counter)"),
        Evaluated(
            "tokens > $token_spike * baseline(tokens[24h]) and tokens > 2000/min",
            ["tokens[5m]": .value(9_000), "baseline(tokens[24h])": .value(812.5)], .yes,
            "tokens[5m] (9000/min) > $token_spike (3) * baseline(tokens[24h]) (812.5/min) and tokens[5m] (9000/min) > 2000/min"
        ),
        // Below the floor the baseline is not needed.
        Evaluated(
            "tokens > $token_spike * baseline(tokens[24h]) and tokens > 2000/min", ["tokens[5m]": .value(100)], .no,
            "baseline(tokens[24h]) is missing (too_little_data) and tokens[5m] (100/min) > 2000/min"),
        Evaluated(
            "missing(tokens, dead_counter)", ["tokens[5m]": .missing(.deadCounter)], .yes,
            "tokens[5m] is missing (dead_counter)"),
        Evaluated(
            "missing(tokens, unauthorized)", ["tokens[5m]": .missing(.deadCounter)], .no,
            "tokens[5m] is missing (dead_counter), not unauthorized"),
        Evaluated("missing(tokens)", ["tokens[5m]": .value(0)], .no, "tokens[5m] (0/min) is known"),
        Evaluated(
            "not missing(tokens, error(500))", ["tokens[5m]": .missing(.error(status: 503))], .yes,
            "tokens[5m] is missing (error(503))"),
        Evaluated(
            "missing(tokens, error)", ["tokens[5m]": .missing(.error(status: 503))], .yes,
            "tokens[5m] is missing (error(503))"),
        Evaluated(
            "active_runs / runtime.active_runs > 0.5", ["active_runs": .value(3), "runtime.active_runs": .value(0)],
            .noTraffic,
            "active_runs (3) / runtime.active_runs (0) > 0.5"),
        Evaluated(
            "40% * runtime.active_runs < active_runs", ["active_runs": .value(5), "runtime.active_runs": .value(10)],
            .yes,
            "40% * runtime.active_runs (10) < active_runs (5)"),
        Evaluated(
            "rise(error_rate[10m]) > 1.5", ["rise(error_rate[10m])": .value(.infinity)], .yes,
            "rise(error_rate[10m]) (infinite) > 1.5"),
        // Infinite minus infinite means nothing.
        Evaluated(
            "rise(errors[10m]) - rise(tokens[10m]) > 0",
            ["rise(errors[10m])": .value(.infinity), "rise(tokens[10m])": .value(.infinity)], .noTraffic,
            "rise(errors[10m]) (infinite) - rise(tokens[10m]) (infinite) > 0"),
        Evaluated(
            "turn_latency.p95[10m] > $slow or turn_latency.p95[10m] > 200ms", ["turn_latency.p95[10m]": .value(0.25)],
            .yes,
            "turn_latency.p95[10m] (250ms) > 200ms"),
        Evaluated(
            "- active_runs < -3\n    and   active_runs\t!= 5", ["active_runs": .value(4)], .yes,
            "- active_runs (4) < -3 and active_runs (4) != 5"),
        Evaluated("run_starts > 3/s", ["run_starts[5m]": .value(181)], .yes, "run_starts[5m] (181/min) > 3/s"),
        Evaluated("cost > 3 USD/h", ["cost[5m]": .value(3.004)], .yes, "cost[5m] (3.004 USD/h) > 3 USD/h"),
        Evaluated(
            "active_runs > 1 or active_runs > 2 and active_runs > 3", ["active_runs": .value(2)], .yes,
            "active_runs (2) > 1"),
        Evaluated(
            "(active_runs > 1 or active_runs > 2) and active_runs > 3", ["active_runs": .value(2)], .no,
            "active_runs (2) > 1 and active_runs (2) > 3"),
        Evaluated("not active_runs > 1 + 2 * 3", ["active_runs": .value(7)], .yes, "not active_runs (7) > 1 + 2 * 3"),
    ]

    @Test(arguments: table) func evaluatesAndShowsItsValues(_ row: Evaluated) throws {
        let condition = try Compiling.compile(row.condition).get()
        let source = FixedReadings(condition, row.readings)
        #expect(condition.evaluate(source) == row.truth)
        let explanation = condition.explain(source)
        #expect(explanation.withValues == row.shown)
        #expect(explanation.truth == row.truth)
    }

    /// (condition, readings, what people are told): of what holds only the sides that do, of what is missing that it is.
    static let sentences: [(String, [String: Evidence], String)] = [
        (
            "up == 1 and (healthy == 0 or missing(healthy, unreachable) or (not missing(restarts) and restarts > 3))",
            ["up": .value(1), "healthy": .missing(.unreachable), "restarts[5m]": .value(1)],
            "up (1) == 1 and healthy is missing (unreachable)"
        ),
        (
            "healthy == 0 or (not missing(restarts) and restarts > 3)", ["healthy": .value(1), "restarts[5m]": .value(9)],
            "restarts[5m] (9) > 3"
        ),
        (
            "missing(healthy) and not (missing(healthy, unauthorized) or missing(healthy, partial))",
            ["healthy": .missing(.error(status: 502))],
            "healthy is missing (error(502))"
        ),
        (
            "not (missing(healthy) or restarts > 3)", ["healthy": .value(1), "restarts[5m]": .value(0)],
            "healthy (1) is known and not restarts[5m] (0) > 3"
        ),
    ]

    @Test("what is told reads as what is so", arguments: sentences)
    func sentence(_ condition: String, _ readings: [String: Evidence], _ text: String) throws {
        let condition = try Compiling.compile(condition, .runtime).get()
        let source = FixedReadings(condition, readings)
        #expect(condition.evaluate(source) == .yes)
        #expect(condition.explain(source).withValues == text)
    }

    @Test func termsSayWhatEachIs() throws {
        let condition = try Compiling.compile("(active_runs > 5 or missing(tokens)) and not errors > 3/min").get()
        let source = FixedReadings(condition, ["active_runs": .value(2), "tokens[5m]": .missing(.deadCounter)])
        let terms = condition.explain(source).terms.map { "\($0.text) = \($0.truth)" }
        #expect(
            terms == [
                "active_runs (2) > 5 = false", "missing(tokens[5m]) = true",
                "errors[5m] > 3/min = unknown",
            ])
        #expect(condition.readings.map(\.series.description) == ["active_runs", "tokens[5m]", "errors[5m]"])
        #expect(condition.missing(source).map(\.reason) == [.deadCounter, .tooLittleData])
        #expect(condition.endpoints == [.perf])
        #expect(condition.longestRange == .minutes(5))
    }

    /// Of a false `and` the false operands, of an `or` all, and under a `not` what is true.
    @Test(arguments: [
        ("active_runs > 5 and not open_runs > 3", 9.0, 9.0, ["open_runs (9) > 3"]),
        ("active_runs > 5 and not open_runs > 3", 1, 9, ["active_runs (1) > 5", "open_runs (9) > 3"]),
        ("active_runs > 5 and not open_runs > 3", 1, 1, ["active_runs (1) > 5"]),
        ("not (active_runs > 5 or open_runs > 3)", 9, 1, ["active_runs (9) > 5"]),
        ("active_runs > 5 and (open_runs > 3 or active_runs > 50)", 9, 1, ["open_runs (1) > 3", "active_runs (9) > 50"]),
    ]) func blamesWhatIsToBlame(_ text: String, active: Double, open: Double, blamed: [String]) throws {
        let condition = try Compiling.compile(text).get()
        let explanation = condition.explain(
            FixedReadings(condition, ["active_runs": .value(active), "open_runs": .value(open)]))
        #expect(explanation.truth == .no)
        #expect(explanation.terms.filter { $0.isDecisive && $0.isAgainst }.map(\.text) == blamed)
    }

    /// Every reading contradicts itself, and is seven at the least.
    private struct Floored: ReadingSource {
        func reading(_ slot: Int) -> Evidence { .missing(.contradictory) }
        func floor(_ slot: Int) -> Double? { 7 }
    }

    @Test(arguments: [
        ("active_runs > 6", Truth.yes), ("active_runs >= 7", .yes), ("active_runs > 7", .unknown), ("6 < active_runs", .yes),
        ("7 <= active_runs", .yes), ("active_runs < 8", .unknown), ("active_runs < 3", .unknown), ("active_runs == 7", .unknown),
        ("not active_runs > 6", .no), ("active_runs * 2 > 6", .unknown),
    ]) func whatIsKnownAtTheLeastDecidesWhereMoreIsAskedFor(_ text: String, truth: Truth) throws {
        let condition = try Compiling.compile(text).get()
        #expect(condition.evaluate(Floored()) == truth)
        if truth == .yes { #expect(condition.explain(Floored()).withValues.contains("active_runs (at least 7)")) }
    }

    @Test func theCheaperOperandIsReadFirst() throws {
        final class Asked: ReadingSource {
            var slots: [Int] = []
            let values: [Evidence]
            init(_ values: [Evidence]) { self.values = values }
            func reading(_ slot: Int) -> Evidence {
                slots.append(slot)
                return values[slot]
            }
        }
        let condition = try Compiling.compile("tokens > 3 * baseline(tokens[24h]) and active_runs > 5").get()
        let source = Asked([.value(9), .value(1), .value(2)])
        #expect(condition.evaluate(source) == .no)
        #expect(source.slots == [2])
    }
}
