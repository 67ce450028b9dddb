import Model
import Testing

@testable import Policy

/// Figures over the apps of a runtime, of which some are not known: right, or not known, never too low.
@Suite struct AppsFigureTests {
    private static let gap = Evidence.missing(.unauthorized)

    /// (condition, the apps' readings, truth, what people are told)
    static let table: [(String, [Evidence], Truth, String)] = [
        ("count(active_runs > 5) >= 2", [.value(9), .value(5), .value(6)], .yes, "count(active_runs > 5) (2) >= 2"),
        ("count(active_runs > 5) > 2", [.value(9), .value(5), .value(6)], .no, "count(active_runs > 5) (2) > 2"),
        (
            "count(active_runs > $noisy_min_runs) == 1", [.value(11), .value(10)], .yes,
            "count(active_runs > $noisy_min_runs (10)) (1) == 1"
        ),
        // One is not known: two or three.
        ("count(active_runs > 5) >= 2", [.value(9), gap, .value(6)], .yes, "count(active_runs > 5) (2 to 3) >= 2"),
        ("count(active_runs > 5) > 2", [.value(9), gap, .value(6)], .unknown, "count(active_runs > 5) is missing (unauthorized)"),
        ("count(active_runs > 5) < 3", [.value(9), gap, .value(6)], .unknown, "count(active_runs > 5) is missing (unauthorized)"),
        ("count(active_runs > 5) < 4", [.value(9), gap, .value(6)], .yes, "count(active_runs > 5) (2 to 3) < 4"),
        ("count(active_runs > 5) > 3", [.value(9), gap, .value(6)], .no, "count(active_runs > 5) (2 to 3) > 3"),
        ("count(active_runs > 5) == 1", [.value(9), gap, .value(6)], .no, "count(active_runs > 5) (2 to 3) == 1"),
        ("count(active_runs > 5) != 1", [.value(9), gap, .value(6)], .yes, "count(active_runs > 5) (2 to 3) != 1"),
        ("count(active_runs > 5) == 2", [.value(9), gap, .value(6)], .unknown, "count(active_runs > 5) is missing (unauthorized)"),
        ("4 > count(active_runs > 5)", [.value(9), gap, .value(6)], .yes, "4 > count(active_runs > 5) (2 to 3)"),
        ("2 <= count(active_runs > 5)", [.value(9), gap, .value(6)], .yes, "2 <= count(active_runs > 5) (2 to 3)"),
        ("not count(active_runs > 5) >= 2", [gap, gap], .unknown, "count(active_runs > 5) is missing (unauthorized)"),
        // Where nothing happened nothing holds.
        ("count(error_rate > 10%) < 1", [.missing(.noTraffic), .value(5)], .yes, "count(error_rate > 10%) (0) < 1"),
        ("count(missing(tokens)) == 1", [.missing(.noTraffic), .value(5)], .yes, "count(missing(tokens)) (1) == 1"),
        // Nobody there is nobody.
        ("count(active_runs > 5) == 0", [], .yes, "count(active_runs > 5) (0) == 0"),
        // Sums
        ("sum(active_runs) > 20", [.value(9), .value(12)], .yes, "sum(active_runs) (21) > 20"),
        ("sum(active_runs) > 20", [.value(9), gap, .value(12)], .yes, "sum(active_runs) (at least 21) > 20"),
        ("sum(active_runs) > 21", [.value(9), gap, .value(12)], .unknown, "sum(active_runs) is missing (unauthorized)"),
        ("sum(active_runs) < 500", [.value(9), gap, .value(12)], .unknown, "sum(active_runs) is missing (unauthorized)"),
        ("sum(active_runs) < 21", [.value(9), gap, .value(12)], .no, "sum(active_runs) (at least 21) < 21"),
        ("sum(cost[1h]) <= 3 USD/h", [.value(1), .value(2), .missing(.noTraffic)], .yes, "sum(cost[1h]) (3 USD/h) <= 3 USD/h"),
        // The runtime's own readings beside it, and in a sum with it nothing is certain of what is missing.
        (
            "active_runs > 99 and count(active_runs > 5) == 1", [.value(9)], .yes,
            "active_runs (100) > 99 and count(active_runs > 5) (1) == 1"
        ),
        ("count(active_runs > 5) + 1 > 2", [.value(9), gap, .value(6)], .unknown, "count(active_runs > 5) is missing (unauthorized)"),
    ]

    @Test(arguments: table) func says(_ text: String, _ apps: [Evidence], _ truth: Truth, _ shown: String) throws {
        let condition = try Compiling.compile(text, .runtime).get()
        let source = AppReadings(apps: apps)
        #expect(condition.evaluate(source) == truth)
        let explanation = condition.explain(source)
        #expect(explanation.withValues == shown && explanation.truth == truth)
        #expect(explanation.readings.count == condition.readings.count + 1)
        #expect(condition.endpoints == [.perf] && !condition.readsNothing)
        // While no app was seen it is not known that there is none.
        let unseen = AppReadings(apps: [], own: .value(100), empty: .unreachable)
        #expect(condition.evaluate(unseen) == .unknown || condition.evaluate(unseen) == .yes && shown.contains("sum"), "\(text)")
    }

    @Test func whatIsContradictoryIsThatMuchAtTheLeast() throws {
        let condition = try Compiling.compile("sum(active_runs) >= 16", .runtime).get()
        let source = AppReadings(apps: [.value(9), .missing(.contradictory)], floors: [nil, 7])
        #expect(condition.evaluate(source) == .yes)
        #expect(condition.explain(source).withValues == "sum(active_runs) (at least 16) >= 16")
        #expect(condition.evaluate(AppReadings(apps: source.apps)) == .unknown)
        let count = try Compiling.compile("count(active_runs > 6) == 2", .runtime).get()
        #expect(count.evaluate(source) == .yes)
    }

    /// Whatever a gap turns out to be: what was said before is said still.
    @Test func nothingThatWasSaidIsTakenBack() throws {
        var dice = Dice(16)
        var known = 0
        for _ in 0..<3_000 {
            let inner = "active_runs " + dice.pick(["> ", "< ", "== ", ">= "]) + "\(dice.roll(12))"
            let figure = dice.pick(["count(\(inner))", "count(not \(inner))", "sum(active_runs)"])
            let text =
                figure + dice.pick([" > ", " >= ", " < ", " <= ", " == ", " != "]) + "\(dice.roll(figure.hasPrefix("sum") ? 30 : 5))"
            if try AppReadings.standsBy(text, apps: 4, &dice) { known += 1 }
        }
        #expect(known > 1_000)
    }

    /// (condition, subject, what is said)
    static let faults: [(String, SubjectKind, String)] = [
        ("count(active_runs > 5) > 3", .app, "error[subject]: 'count' goes over the apps of a runtime; this rule is on an app"),
        ("count(active_runs > 5) > 3", .replica, "hint: such a rule has 'subject: runtime'"),
        ("count(active_runs) > 3", .runtime, "hint: compare it with something: 'count(active_runs > …)'"),
        ("count(websockets > 3) > 3", .runtime, "error[subject-lacks-signal]: 'websockets' is read of runtime or replica, not of app"),
        ("count(count(active_runs > 3) > 1) > 3", .runtime, "error[subject]: 'count' goes over all apps, and has no place within another"),
        ("count(error_rate > 5) > 3", .runtime, "hint: write '5%'"),
        ("sum(error_rate) > 5%", .runtime, "error[type]: 'error_rate' is a percentage: that of several apps does not add up"),
        ("sum(avg(active_runs[10m])) > 5", .runtime, "hint: write 'sum(active_runs)'"),
        ("sum(5) > 5", .runtime, "error[syntax]: '5' stands where a signal should"),
        ("count(active_runs > 5) > 30%", .runtime, "error[unit-mismatch]: 'count(active_runs > 5)' is a count of apps"),
        ("sum(cost) > 30", .runtime, "hint: write '30 USD/h'"),
        ("count(active_runs > 5)", .runtime, "error[not-a-condition]"),
    ]

    @Test(arguments: faults) func refuses(_ text: String, _ subject: SubjectKind, _ said: String) {
        Compiling.expect(text, subject, says: said)
    }

    @Test func whatCanBe() throws {
        func findings(_ text: String) throws -> [String] {
            try Compiling.compile(text, .runtime).get().findings(in: text).map(\.code)
        }
        #expect(try findings("count(active_runs > 5) < 0") == ["never-true"])
        #expect(try findings("count(active_runs > 5) >= 0") == ["always-true"])
        #expect(try findings("count(active_runs.share > 150%) > 0") == ["never-true"])
        // A runtime's reading and an app's of the same name are two.
        #expect(try findings("active_runs > 100 and count(active_runs < 5) > 3") == [])
        let condition = try Compiling.compile("count(tokens > 5/min) > 3 or sum(tokens) > 100/min", .runtime).get()
        #expect(!condition.canBeTrue { $0.signal == .tokens ? .deadCounter : nil })
        #expect(condition.canBeTrue { $0.signal == .errors ? .deadCounter : nil })
        #expect(condition.thresholds == [])
        #expect(try Compiling.compile("count(active_runs > $noisy_min_runs) > 3", .runtime).get().thresholds == ["noisy_min_runs"])
    }
}
