import Model
import Testing

@testable import Policy

/// `predict(disk_free[6h], 4h)`: where a line through the past will be.
@Suite struct PredictConditionTests {
    /// (condition, subject, what it reads)
    static let series: [(String, SubjectKind, [String])] = [
        ("predict(disk_free[6h], 4h) < 0", .host, ["predict(disk_free[6h], 4h)"]),
        ("predict(disk_free[6h],4h) < 5% and disk_free < 40%", .host, ["predict(disk_free[6h], 4h)", "disk_free"]),
        ("0 > predict(certificate_days[7d], 3d)", .service, ["predict(certificate_days[7d], 3d)"]),
        ("predict(runtime.open_runs[1h], 30m) > 200 and active_runs > 5", .app, ["predict(runtime.open_runs[1h], 30m)", "active_runs"]),
        ("predict(metric(\"queue_depth\")[1h], 4h) > 1000", .runtime, ["predict(metric(\"queue_depth\")[1h], 4h)"]),
        ("predict(metric(\"queue_depth\").sum[1h], 4h) > 1000", .replica, ["predict(metric(\"queue_depth\").sum[1h], 4h)"]),
        ("missing(predict(memory[1h], 1h))", .host, ["predict(memory[1h], 1h)"]),
    ]

    @Test(arguments: series) func reads(_ text: String, _ subject: SubjectKind, _ series: [String]) throws {
        let condition = try Compiling.compile(text, subject).get()
        #expect(condition.readings.map(\.series.description) == series)
        // Below nothing, above the whole: a line may go there.
        #expect(condition.findings(in: text).isEmpty)
    }

    @Test func saysWhereItWillBe() throws {
        let condition = try Compiling.compile("predict(disk_free[6h], 4h) < 0", .host).get()
        let source = FixedReadings(condition, ["predict(disk_free[6h], 4h)": .value(-3.24)])
        #expect(condition.evaluate(source) == .yes)
        #expect(condition.explain(source).withValues == "predict(disk_free[6h], 4h) (-3.2%) < 0")
        #expect(condition.evaluate(FixedReadings(condition, [:])) == .unknown)
    }

    @Test func aboveTheWholeIsNoMistakeOfIt() throws {
        let text = "predict(memory[6h], 24h) > 110%"
        #expect(try Compiling.compile(text, .host).get().findings(in: text).isEmpty)
    }

    /// (condition, subject, what is said)
    static let faults: [(String, SubjectKind, String)] = [
        ("predict(disk_free[6h]) < 0", .host, "hint: write 'predict(disk_free[6h], 4h)'"),
        ("predict(disk_free[2h]) < 0", .host, "hint: write 'predict(disk_free[2h], 4h)'"),
        ("predict(disk_free, 4h) < 0", .host, "hint: write 'predict(disk_free[6h], 4h)'"),
        ("predict(disk_free[6h], 4) < 0", .host, "error[predict]: 'predict' is to be told how far ahead"),
        ("predict(disk_free[6h], 40d) < 0", .host, "error[predict]: 'predict' looks between 1m and 30d ahead"),
        ("predict(disk_free[5m], 4h) < 0", .host, "error[range]: the range of predict(…) is between 15m and 7d"),
        ("predict(disk_free[6h], 4h) < 5", .host, "hint: write '5%'"),
        ("predict(disk_fre[6h], 4h) < 5%", .host, "hint: did you mean 'disk_free'?"),
        ("predict(up[6h], 4h) < 1", .host, "error[predict]: 'up' follows no line"),
        ("predict(tokens[6h], 4h) > 5/min", .runtime, "error[predict]: 'tokens' follows no line"),
        ("predict(open_runs[6h], 4h) > 5", .app, "hint: write 'predict(runtime.open_runs[6h], 4h)'"),
        ("predict(websockets[6h], 4h) > 5", .replica, "error[predict]: 'predict' is of a runtime, a host or a service, not of a replica"),
        ("predict_linear(disk_free[6h], 14400) < 0", .host, "hint: write 'predict(disk_free[6h], 4h)'"),
        ("predict(metric(\"a\").rate[1h], 4h) > 5", .runtime, "hint: write 'predict(metric(\"a\")[6h], 4h)'"),
        ("predict(metric(\"a\"), 4h) > 5", .runtime, "hint: write 'predict(metric(\"a\")[6h], 4h)'"),
        ("predict(metric(\"a\")[2d], 4h) > 5", .runtime, "error[range]: the range of predict(…) of a metric is between 15m and 24h"),
        ("avg(metric(\"a\")[2h]) > 5", .runtime, "history keeps no metrics"),
        // Of all else nothing is not the same in every unit.
        ("disk_free < 0", .host, "error[unit-mismatch]"),
    ]

    @Test(arguments: faults) func refuses(_ text: String, _ subject: SubjectKind, _ said: String) {
        Compiling.expect(text, subject, says: said)
    }
}
