import Model
import Testing

@testable import Policy

/// `tokens[1h] offset 7d`: the same of then.
@Suite struct OffsetConditionTests {
    /// Readings, and when those of the past were.
    private struct Past: ReadingSource {
        let base: FixedReadings
        let earlier: Set<Int>

        init(_ condition: CompiledCondition, _ values: [String: Evidence]) {
            base = FixedReadings(condition, values)
            earlier = Set(condition.readings.filter { $0.series.offset != nil }.map(\.slot))
        }

        func reading(_ slot: Int) -> Evidence { base.reading(slot) }
        func whenRead(_ slot: Int) -> String? { earlier.contains(slot) ? "2026-11-14 09:00 to 10:00 UTC" : nil }
    }

    /// (condition, what it reads)
    static let series: [(String, [String])] = [
        ("tokens > 2 * tokens offset 7d", ["tokens[5m]", "tokens[5m] offset 7d"]),
        ("tokens[1h]  offset 1d > 9/min", ["tokens[1h] offset 24h"]),
        ("active_runs offset 7d > 3 and runtime.active_runs offset 30m < 9", ["active_runs offset 7d", "runtime.active_runs offset 30m"]),
        ("max(active_runs[1h] offset 7d) - 2 > 3", ["max(active_runs[1h] offset 7d)"]),
        ("baseline(tokens[24h] offset 7d) > 3/min", ["baseline(tokens[24h] offset 7d)"]),
        ("missing(cost[1h] offset 7d, too_little_data)", ["cost[1h] offset 7d"]),
    ]

    @Test(arguments: series) func reads(_ text: String, _ series: [String]) throws {
        let condition = try Compiling.compile(text, .app).get()
        #expect(condition.readings.map(\.series.description) == series)
        // Its words depend on the clocks of the place.
        #expect(condition.readsClock && !condition.asksClock)
    }

    @Test func ofAllApps() throws {
        let condition = try Compiling.compile("sum(tokens[1h] offset 7d) > 5/min or count(active_runs offset 7d > 2) > 1", .runtime).get()
        #expect(condition.appReadings.map(\.series.description) == ["tokens[1h] offset 7d", "active_runs offset 7d"])
        #expect(condition.readsClock)
    }

    @Test func saysWhichTimeItRead() throws {
        let condition = try Compiling.compile("tokens > 2 * tokens[1h] offset 7d", .app).get()
        let known = Past(condition, ["tokens[5m]": .value(900), "tokens[1h] offset 7d": .value(300)])
        #expect(condition.evaluate(known) == .yes)
        #expect(
            condition.explain(known).withValues
                == "tokens[5m] (900/min) > 2 * tokens[1h] offset 7d (300/min, 2026-11-14 09:00 to 10:00 UTC)")
        let unknown = Past(condition, ["tokens[5m]": .value(900)])
        #expect(condition.evaluate(unknown) == .unknown)
        #expect(
            condition.explain(unknown).withValues
                == "tokens[1h] offset 7d (2026-11-14 09:00 to 10:00 UTC) is missing (too_little_data)")
    }

    /// A lease of now changes nothing that was: whoever waits for its effect waits for the present.
    @Test func thePastIsNoRange() throws {
        let condition = try Compiling.compile("tokens[10m] > 2 * tokens[1h] offset 7d", .app).get()
        #expect(condition.longestRange == .minutes(10))
    }

    /// (condition, subject, what is said)
    static let faults: [(String, SubjectKind, String)] = [
        ("tokens offset 90s > 5/min", .app, "error[offset]: an offset is whole minutes, between 1m and 7d"),
        ("tokens offset 8d > 5/min", .app, "error[offset]: an offset is between 1m and 7d"),
        ("tokens offset > 5/min", .app, "hint: write 'offset 7d'"),
        ("tokens offset -7d > 5/min", .app, "error[offset]: an offset reaches into the past"),
        ("error_rate[1h] offset 7d > 5%", .app, "hint: write 'avg(error_rate[1h] offset 7d)', the mean of those minutes"),
        ("turn_latency.p95 offset 7d > 5s", .app, "hint: write 'avg(turn_latency.p95[5m] offset 7d)', the mean of those minutes"),
        ("active_runs[1h] offset 7d > 5", .app, "hint: write 'active_runs offset 7d', or 'avg(active_runs[1h] offset 7d)'"),
        ("avg(tokens[7d] offset 7d) > 5/min", .app, "error[offset]: with an offset a range is at most"),
        ("avg(tokens[1h]) offset 7d > 5/min", .app, "hint: an offset stands right behind a signal and its window: tokens[1h] offset 7d"),
        ("tokens[1h] offset 7d > 5", .app, "hint: write '5/min'"),
        ("metric(\"a\").rate[5m] offset 7d > 5", .runtime, "error[offset]: of metrics nothing is kept that long"),
        ("websockets offset 7d > 5", .replica, "error[offset]: no minutes are kept of a single replica"),
    ]

    @Test(arguments: faults) func refuses(_ text: String, _ subject: SubjectKind, _ said: String) {
        Compiling.expect(text, subject, says: said)
    }
}
