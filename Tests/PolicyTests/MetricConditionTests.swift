import Model
import Testing

@testable import Policy

/// What is asked of pages of metrics, and how that is told.
@Suite struct MetricConditionTests {
    /// (condition, what is read)
    static let read: [(String, String)] = [
        ("metric(\"up_to\") > 5", "metric(\"up_to\")"), ("metric('up_to') > 5", "metric(\"up_to\")"),
        ("metric ( \"a:b\" ) > 5", "metric(\"a:b\")"), ("metric(\"a.b é\") > 5", "metric(\"a.b é\")"),
        ("metric(\"x\", code=\"500\") > 5", "metric(\"x\", code=\"500\")"),
        ("metric(\"x\",code = \"500\" , zone!='a') > 5", "metric(\"x\", code=\"500\", zone!=\"a\")"),
        ("metric(\"x\", code=~\"5*\", path!~\"/health?\") > 5", "metric(\"x\", code=~\"5*\", path!~\"/health?\")"),
        ("metric(\"x\", a='say \"no\"') > 5", "metric(\"x\", a='say \"no\"')"),
        ("metric(\"x\").rate > 0.2", "metric(\"x\").rate[5m]"), ("metric(\"x\").rate[1m] > 0.2", "metric(\"x\").rate[1m]"),
        ("metric(\"x\").increase[10m] > 3", "metric(\"x\").increase[10m]"),
        ("metric(\"x\").p95[5m] > 10", "metric(\"x\").p95[5m]"), ("metric(\"x\").p1 > 10", "metric(\"x\").p1[5m]"),
        ("metric(\"x\").sum > 10", "metric(\"x\").sum"), ("metric(\"x\").max > -10", "metric(\"x\").max"),
        ("-metric(\"x\").min * 60 > 10 and up == 1", "metric(\"x\").min"),
        ("missing(metric(\"x\").rate)", "metric(\"x\").rate[5m]"), ("missing(metric(\"x\"), ambiguous)", "metric(\"x\")"),
        ("metric(\"x\")\n> 5", "metric(\"x\")"),
    ]

    @Test(arguments: read) func reads(_ text: String, _ series: String) throws {
        for subject in [SubjectKind.runtime, .replica] {
            let condition = try Compiling.compile(text, subject).get()
            #expect(condition.readings.first?.series.description == series)
            #expect(condition.endpoints.contains(.metrics))
        }
    }

    /// Whoever reads the name of a series that was read writes the same one.
    @Test(arguments: read) func isWrittenAsItIsRead(_ text: String, _ series: String) throws {
        let again = try Compiling.compile("\(series) > 1", .runtime).get()
        #expect(again.readings.first?.series.description == series)
        #expect(again.readings.first?.series == (try Compiling.compile(text, .runtime).get()).readings.first?.series)
    }

    @Test func isReadOfTheRuntimeOfAnApp() throws {
        let condition = try Compiling.compile("active_runs > 3 and runtime.metric(\"x\").rate[1m] > 0.5").get()
        #expect(condition.readings.map(\.series.description) == ["active_runs", "runtime.metric(\"x\").rate[1m]"])
        #expect(condition.readings.last?.series.scope == .runtime)
    }

    @Test func theSameIsAskedOnceAndAnotherIsNotTheSame() throws {
        let text = "metric(\"x\").rate > 1 or metric('x').rate[5m] > 2 or metric(\"x\").increase > 3 or metric(\"x\", a=\"\").rate > 1"
        let condition = try Compiling.compile(text, .runtime).get()
        #expect(condition.readings.count == 3)
    }

    @Test func isShownWithItsValue() throws {
        let condition = try Compiling.compile("metric(\"x\", code=\"500\").rate * 60 > 10 and not missing(metric(\"y\"))", .runtime).get()
        let source = FixedReadings(
            condition, ["metric(\"x\", code=\"500\").rate[5m]": .value(0.5), "metric(\"y\")": .missing(.ambiguous)])
        #expect(condition.evaluate(source) == .no)
        #expect(
            condition.explain(source).withValues
                == "metric(\"x\", code=\"500\").rate[5m] (0.5) * 60 > 10 and metric(\"y\") is missing (ambiguous)")
        #expect(condition.explain(source).readings.map(\.unit) == [.number, .number])
    }

    /// A gauge may be below zero, a rate may not.
    @Test func whatCanNeverBeIsSaid() throws {
        #expect(try Compiling.compile("metric(\"x\") < 0", .runtime).get().findings(in: "metric(\"x\") < 0").isEmpty)
        let rate = "metric(\"x\").rate < 0"
        #expect(try !Compiling.compile(rate, .runtime).get().findings(in: rate).isEmpty)
    }

    @Test func aGlobWhereNoneIsReadIsSaid() throws {
        func found(_ text: String) throws -> [ConditionFault] { try Compiling.compile(text, .runtime).get().findings(in: text) }
        let text = "metric(\"x\", code=\"5*\").rate > 1"
        let fault = try #require(try found(text).first)
        #expect(fault.code == "literal-glob" && fault.hint == "write 'code=~\"5*\"' for any text in its place")
        #expect(String(decoding: Array(text.utf8)[fault.range], as: UTF8.self) == "5*")
        #expect(try found("metric(\"x\", code!=\"5*\").rate > 1").first?.hint?.hasPrefix("write 'code!~\"5*\"'") == true)
        #expect(try found("metric(\"x\", code=~\"5*\").rate > 1 and metric(\"x\", code=\"500\").rate > 1").isEmpty)
    }

    /// (condition, what is said of it)
    static let faults: [(String, String)] = [
        ("metric > 5", "hint: write 'metric(\"mozaiks_active_connections\")'"),
        ("metric(x) > 5", "hint: write 'metric(\"x\")'"), ("metric() > 5", "error[syntax]: the name of a metric stands in quotes"),
        ("METRIC(\"x\") > 5", "hint: did you mean 'metric(\"…\")'?"), ("metrics (\"x\") > 5", "no function 'metrics'"),
        ("runtime.Metric(\"x\") > 5", "hint: did you mean 'runtime.metric(\"…\")'?"),
        ("metric(\"\") > 5", "error[syntax]: no name of a metric"),
        ("metric(\"x{code='500'}\") > 5", "hint: write 'metric(\"x\", code=\"500\")'"),
        ("metric(\"x\"{code=\"500\"}) > 5", "hint: write 'metric(\"x\", code=\"500\")'"),
        ("metric(\"x\" code=\"500\") > 5", "error[syntax]: labels are parted by commas and end with ')'"),
        ("metric(\"x\", code==\"500\") > 5", "hint: write 'code=\"…\"'"),
        ("metric(\"x\", code=500) > 5", "hint: write 'code=\"500\"'"),
        ("metric(\"x\", =\"500\") > 5", "error[syntax]: no name of a label"),
        ("metric(\"x\", code=~\"5..|4.*\") > 5", "error[syntax]: this is a pattern of another kind"),
        ("metric(\"x\", code=\"500\"", "error[syntax]: the condition ends where ')' should stand"),
        ("metric(\"x", "error[syntax]: a text that does not end"),
        ("metric(\"x\").rat > 5", "hint: did you mean '.rate'?"), ("metric(\"x\").irate[5m] > 5", "hint: write 'metric(\"x\").rate[5m]'"),
        ("metric(\"x\").avg > 5", "hint: a mean is a sum by a count"),
        ("metric(\"x\").p0 > 5", "error[unknown-function]: no '.p0' of a metric"),
        ("metric(\"x\"). > 5", "error[unknown-function]: no '.' of a metric"),
        ("metric(\"x\")[5m].rate > 5", "hint: write 'metric(\"x\").rate[5m]'"),
        ("metric(\"x\")[5m] > 5", "hint: write 'metric(\"x\")', or 'metric(\"x\").rate[5m]'"),
        ("metric(\"x\").max[5m] > 5", "hint: write 'metric(\"x\").max'"),
        ("metric(\"x\").rate[200h] > 5", "error[window]: a window is between 1s and 24h"),
        ("rate(metric(\"x\")[5m]) > 5", "hint: write 'metric(\"x\").rate[5m]'"),
        ("histogram_quantile(0.95, metric(\"x\")) > 5", "error[unknown-function]: no function 'histogram_quantile'"),
        ("sum(metric(\"x\")) > 5", "hint: write 'metric(\"x\").sum'"), ("max(metric(\"x\")) > 5", "hint: write 'metric(\"x\").max'"),
        ("avg(metric(\"x\")[10m]) > 5", "hint: history keeps no metrics: compare what it is now, and let 'for:' say how long"),
        ("absent(metric(\"x\"))", "hint: write 'missing(metric(\"x\"))'"),
        ("metric(\"x\").rate > 10/min", "hint: a rate of a metric is per second and has no unit: write '10 / 60'"),
        ("metric(\"x\").p95 > 500ms", "hint: metrics have no units: write '0.5', if that is what the page counts in"),
        ("metric(\"x\") > 70%", "hint: metrics have no units: write '0.7', or '70' if the page counts in percent"),
        ("metric(\"a\").rate[5m] / metric(\"b\").rate[5m] > 5%", "hint: a ratio of metrics is a fraction: write '0.05'"),
        ("metric(\"x\")", "error[not-a-condition]"), ("count(metric(\"x\") > 5) > 3", "not of an app"),
        ("runtime.metric(\"x\") > 5", "error[runtime-prefix]"),
    ]

    @Test(arguments: faults) func refuses(_ text: String, _ said: String) {
        let read = Compiling.faults(text, .runtime)
        #expect(read.contains(said), "\(read)")
        #expect(read.split(separator: "\n").count { $0.contains("error[") } == 1, "\(read)")
    }
}
