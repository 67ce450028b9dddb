import Model
import Testing

@testable import Policy

/// How the apps of a runtime lie: `quantile(0.9, active_runs)`, `median(tokens)`, `max(active_runs)`.
@Suite struct QuantileConditionTests {
    private static let gap = Evidence.missing(.unauthorized)

    /// (condition, the apps' readings, truth, what people are told)
    static let table: [(String, [Evidence], Truth, String)] = [
        ("median(active_runs) > 5", [.value(1), .value(9), .value(6)], .yes, "median(active_runs) (6) > 5"),
        ("median(active_runs) > 5", [.value(4), .value(9)], .yes, "median(active_runs) (6.5) > 5"),
        ("max(active_runs) > 8", [.value(4), .value(9)], .yes, "max(active_runs) (9) > 8"),
        ("min(active_runs) > 4", [.value(4), .value(9)], .no, "min(active_runs) (4) > 4"),
        // Between the fourth and the fifth, three fifths of the way.
        (
            "quantile(0.9, active_runs) > 3", [.value(0), .value(1), .value(2), .value(3), .value(8)], .yes,
            "quantile(0.9, active_runs) (6) > 3"
        ),
        ("quantile(50%, active_runs) == 2", [.value(0), .value(2), .value(8)], .yes, "quantile(50%, active_runs) (2) == 2"),
        (
            "max(active_runs) > 10 * median(active_runs)", [.value(1), .value(1), .value(30)], .yes,
            "max(active_runs) (30) > 10 * median(active_runs) (1)"
        ),
        (
            "quantile(0.5, turn_latency.p95[10m]) > 20s", [.value(40), .missing(.noTraffic), .value(40)], .yes,
            "quantile(0.5, turn_latency.p95[10m]) (40s) > 20s"
        ),
        ("median(error_rate) > 5%", [.value(10)], .yes, "median(error_rate) (10%) > 5%"),
        // One is not known: anything.
        ("median(active_runs) > 5", [.value(8), gap, .value(9)], .yes, "median(active_runs) (8 to 9) > 5"),
        ("median(active_runs) > 8", [.value(8), gap, .value(9)], .unknown, "median(active_runs) is missing (unauthorized)"),
        ("median(active_runs) > 9", [.value(8), gap, .value(9)], .no, "median(active_runs) (8 to 9) > 9"),
        ("max(active_runs) > 8", [.value(9), gap], .yes, "max(active_runs) (at least 9) > 8"),
        ("max(active_runs) < 10", [.value(9), gap], .unknown, "max(active_runs) is missing (unauthorized)"),
        ("min(active_runs) < 10", [.value(9), gap], .yes, "min(active_runs) (0 to 9) < 10"),
        ("median(active_runs) > 0", [gap, gap], .unknown, "median(active_runs) is missing (unauthorized)"),
        // Of nobody, and where nothing happened, there is none.
        ("median(active_runs) >= 0", [], .noTraffic, "median(active_runs) is missing (no_traffic)"),
        ("max(error_rate) < 5%", [.missing(.noTraffic)], .noTraffic, "max(error_rate) is missing (no_traffic)"),
    ]

    @Test(arguments: table) func says(_ text: String, _ apps: [Evidence], _ truth: Truth, _ shown: String) throws {
        let condition = try Compiling.compile(text, .runtime).get()
        let source = AppReadings(apps: apps)
        #expect(condition.evaluate(source) == truth)
        #expect(condition.explain(source).withValues == shown)
        #expect(condition.readings.isEmpty && condition.appReadings.count == 1)
        // While no app was seen it is not known that there is none.
        #expect(condition.evaluate(AppReadings(apps: [], empty: .unreachable)) == .unknown)
    }

    @Test func whatIsSoMuchAtTheLeastCountsForThat() throws {
        let condition = try Compiling.compile("min(cost[today]) > 5 USD", .runtime).get()
        #expect(condition.evaluate(AppReadings(apps: [.value(9), .missing(.tooLittleData)], floors: [nil, 7])) == .yes)
        #expect(condition.evaluate(AppReadings(apps: [.value(9), .missing(.tooLittleData)], floors: [nil, 4])) == .unknown)
    }

    /// Whatever a gap turns out to be: what was said before is said still.
    @Test func nothingThatWasSaidIsTakenBack() throws {
        var dice = Dice(61)
        var known = 0
        for _ in 0..<3_000 {
            let figure = dice.pick(["median", "max", "min", "quantile"])
            let call = figure == "quantile" ? "quantile(0.\(dice.roll(10)), active_runs)" : "\(figure)(active_runs)"
            let text = call + dice.pick([" > ", " >= ", " < ", " <= ", " == ", " != "]) + "\(dice.roll(12))"
            if try AppReadings.standsBy(text, apps: 6, &dice) { known += 1 }
        }
        #expect(known > 800)
    }

    @Test func overARangeTheyLookBack() throws {
        let condition = try Compiling.compile("max(active_runs[10m]) > 5 and max(active_runs) > 3", .runtime).get()
        #expect(condition.readings.map(\.series.description) == ["max(active_runs[10m])"])
        #expect(condition.appReadings.map(\.series.description) == ["active_runs"])
        #expect(try Compiling.compile("max(cost[today]) > 5 USD", .runtime).get().appReadings.count == 1)
    }

    @Test func whatCanBe() throws {
        func findings(_ text: String) throws -> [String] { try Compiling.compile(text, .runtime).get().findings(in: text).map(\.code) }
        #expect(try findings("max(active_runs) < 0") == ["never-true"])
        #expect(try findings("median(active_runs.share) > 120%") == ["never-true"])
        #expect(try findings("quantile(0.9, tokens) > 5/min") == [])
        let condition = try Compiling.compile("median(tokens) > 5/min", .runtime).get()
        #expect(!condition.canBeTrue { $0.signal == .tokens ? .deadCounter : nil })
    }

    /// (condition, subject, what is said)
    static let faults: [(String, SubjectKind, String)] = [
        ("max(active_runs) > 5", .app, "hint: write 'max(active_runs[10m])'; over apps it goes in a rule with 'subject: runtime'"),
        ("count(max(active_runs) > 5) > 3", .runtime, "hint: write 'max(active_runs[10m])'"),
        ("median(tokens) > 5/min", .app, "error[subject]: 'median' goes over the apps of a runtime; this rule is on an app"),
        ("median(avg(active_runs[10m])) > 5", .runtime, "hint: write 'median(active_runs)'"),
        ("quantile(0.9, avg(active_runs[10m])) > 5", .runtime, "hint: write 'quantile(0.9, active_runs)'"),
        ("quantile(active_runs) > 5", .runtime, "hint: write 'quantile(0.9, active_runs)'"),
        ("quantile(90, active_runs) > 5", .runtime, "hint: write '0.9'"),
        ("quantile(0.9) > 5", .runtime, "error[syntax]: ')' stands where ',' should"),
        ("quantile(0.9, websockets) > 5", .runtime, "error[subject-lacks-signal]: 'websockets' is read of runtime or replica, not of app"),
        ("median(error_rate) > 5", .runtime, "hint: write '5%'"),
    ]

    @Test(arguments: faults) func refuses(_ text: String, _ subject: SubjectKind, _ said: String) {
        Compiling.expect(text, subject, says: said)
    }
}
