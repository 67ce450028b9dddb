import Model
import Testing

@testable import Policy

/// `cost[today]`: what a day or a month brought so far.
@Suite struct PeriodConditionTests {
    /// Readings that are so much at the least where they are missing.
    private struct Partly: ReadingSource {
        let base: FixedReadings
        var least: Double?
        func reading(_ slot: Int) -> Evidence { base.reading(slot) }
        func floor(_ slot: Int) -> Double? { least }
    }

    /// (condition, subject, what it reads)
    static let series: [(String, SubjectKind, [String])] = [
        ("cost[today] > 50 USD", .app, ["cost[today]"]),
        ("tokens[today] > 2000000 and runtime.tokens[this_month] > 5", .app, ["tokens[today]", "runtime.tokens[this_month]"]),
        ("cost[this_month] > 80% * 1000 USD", .runtime, ["cost[this_month]"]),
        ("cost[today] / run_starts[today] > 0.5 USD", .app, ["cost[today]", "run_starts[today]"]),
        ("missing(errors[today])", .runtime, ["errors[today]"]),
    ]

    @Test(arguments: series) func reads(_ text: String, _ subject: SubjectKind, _ series: [String]) throws {
        let condition = try Compiling.compile(text, subject).get()
        #expect(condition.readings.map(\.series.description) == series)
        // Whose midnight it is has a part in it.
        #expect(condition.readsClock && condition.longestRange == .zero)
    }

    @Test func ofAllApps() throws {
        let condition = try Compiling.compile("sum(cost[today]) > 500 USD or count(cost[today] > 50 USD) >= 3", .runtime).get()
        #expect(condition.appReadings.map(\.series.description) == ["cost[today]"])
        #expect(condition.readsClock)
    }

    /// (condition, at the least, truth, what people are told)
    static let partly: [(String, Double?, Truth, String)] = [
        ("cost[today] > 50 USD", 61, .yes, "cost[today] (at least 61 USD) > 50 USD"),
        ("cost[today] >= 50 USD", 50, .yes, "cost[today] (at least 50 USD) >= 50 USD"),
        ("50 USD < cost[today]", 61, .yes, "50 USD < cost[today] (at least 61 USD)"),
        ("cost[today] > 50 USD", 50, .unknown, "cost[today] (at least 50 USD) is missing (too_little_data)"),
        ("cost[today] > 50 USD", nil, .unknown, "cost[today] is missing (too_little_data)"),
        // It may be anything above.
        ("cost[today] < 50 USD", 12, .unknown, "cost[today] (at least 12 USD) is missing (too_little_data)"),
        ("cost[today] == 50 USD", 12, .unknown, "cost[today] (at least 12 USD) is missing (too_little_data)"),
        ("cost[today] / 2 > 5 USD", 61, .unknown, "cost[today] (at least 61 USD) is missing (too_little_data)"),
    ]

    @Test(arguments: partly) func whatWasSeenInPart(_ text: String, _ least: Double?, _ truth: Truth, _ shown: String) throws {
        let condition = try Compiling.compile(text, .app).get()
        let source = Partly(base: FixedReadings(condition, [:]), least: least)
        #expect(condition.evaluate(source) == truth)
        #expect(condition.explain(source).withValues == shown)
        let known = Partly(base: FixedReadings(condition, ["cost[today]": .value(10)]), least: nil)
        #expect(condition.evaluate(known).isKnown)
    }

    /// (condition, subject, what is said)
    static let faults: [(String, SubjectKind, String)] = [
        ("cost[today] > 50", .app, "hint: write '50 USD'"),
        ("cost[today] > 50 USD/h", .app, "hint: write '50 USD'"),
        ("tokens[today] > 50/min", .app, "hint: write '50'"),
        ("active_runs[today] > 50", .app, "hint: write 'avg(active_runs[24h])'; what adds up: run_starts, run_ends, errors,"),
        ("restarts[today] > 1", .runtime, "hint: write 'restarts[24h]'; what adds up: run_starts, run_ends, errors,"),
        ("oom_kills[today] > 1", .host, "error[period]: 'oom_kills' is counted in a window, and not by days"),
        ("oom_kills[today] > 1", .host, "hint: write 'oom_kills[24h]'"),
        ("error_rate[today] > 5%", .app, "error[period]: 'error_rate' does not add up over a day"),
        ("avg(cost[today]) > 5 USD", .app, "hint: write 'cost[today]', or 'avg(cost[10m])'"),
        ("cost[today] offset 1d > 5 USD", .app, "error[period]: of days and months that are over no sums are kept"),
        ("cost[month] > 5 USD", .app, "hint: write '[this_month]': since the first by the configured zone"),
        ("cost[day] > 5 USD", .app, "hint: write '[today]': since midnight by the configured zone"),
        ("cost[tody] > 5 USD", .app, "hint: did you mean 'today'?"),
        ("cost[soon] > 5 USD", .app, "hint: write '[10m]'"),
        ("metric(\"a\").increase[today] > 5", .runtime, "error[period]: of metrics no days are added up"),
        ("restarts[today] > 5", .replica, "error[period]: no minutes are kept of a single replica"),
    ]

    @Test(arguments: faults) func refuses(_ text: String, _ subject: SubjectKind, _ said: String) {
        Compiling.expect(text, subject, says: said)
    }
}
