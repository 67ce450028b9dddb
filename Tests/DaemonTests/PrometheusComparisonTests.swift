import Collector
import Glibc
import Model
import Signals
import TestKit
import Testing

/// The same pages in Prometheus and here give the same values: promtool judges series that are scraped as we poll.
///
/// What differs by intention stands in docs/prometheus.md; the story keeps clear of it: polls are even, windows begin and end
/// at a poll, and no series begins within one.
@Suite struct PrometheusComparisonTests {
    private static let polls = 61
    private static let start = Timestamp(rfc3339: "2026-11-21T09:00:00Z")!
    private static let bounds = ["0.1", "0.5", "1", "5", "+Inf"]

    /// One series: its name with labels as both write it, and its value at each poll, ten seconds apart.
    private struct Series {
        let name: String
        let values: [Int]

        /// A counter that grows by these steps, over and over.
        init(_ name: String, growing steps: [Int], from restart: Int? = nil) {
            self.name = name
            var (value, values) = (0, [Int]())
            for poll in 0..<polls {
                if poll == restart { value = 0 }
                values.append(value)
                value += steps[poll % steps.count]
            }
            self.values = values
        }

        init(_ name: String, _ value: (Int) -> Int) {
            self.name = name
            values = (0..<polls).map(value)
        }
    }

    private static let counters = [
        Series("req_total{code=\"200\"}", growing: [3, 7, 0, 12, 5]), Series("req_total{code=\"500\"}", growing: [1], from: 40),
        Series("req_total{code=\"503\"}", growing: [0, 0, 1, 0, 2], from: 51),
    ]
    private static let buckets = zip(bounds, [[4, 1, 0], [6, 3, 1], [9, 3, 2], [12, 5, 4], [12, 5, 4]]).map {
        Series("lat_bucket{le=\"\($0)\"}", growing: $1)
    }
    private static let gauges = [Series("conns{pod=\"a\"}", { 10 + $0 }), Series("conns{pod=\"b\"}", { _ in 5 })]

    /// (what Prometheus is asked, what we are)
    private static let expressions: [(String, MetricQuery, TimeSpan?)] = {
        let five = [MetricQuery.Matcher(label: "code", value: "500")]
        let errors = [MetricQuery.Matcher(label: "code", value: "5*", isGlob: true)]
        let others = [MetricQuery.Matcher(label: "code", value: "200", isNegated: true)]
        return [
            ("sum(rate(req_total[5m]))", MetricQuery("req_total", [], .rate), .minutes(5)),
            ("sum(rate(req_total[1m]))", MetricQuery("req_total", [], .rate), .minutes(1)),
            ("sum(rate(req_total{code=\"500\"}[5m]))", MetricQuery("req_total", five, .rate), .minutes(5)),
            ("sum(increase(req_total{code=\"500\"}[5m]))", MetricQuery("req_total", five, .increase), .minutes(5)),
            ("sum(rate(req_total{code=~\"5.*\"}[2m]))", MetricQuery("req_total", errors, .rate), .minutes(2)),
            ("sum(increase(req_total{code!=\"200\"}[10m]))", MetricQuery("req_total", others, .increase), .minutes(10)),
            ("histogram_quantile(0.5, sum by (le) (rate(lat_bucket[5m])))", MetricQuery("lat", [], .quantile(50)), .minutes(5)),
            ("histogram_quantile(0.9, sum by (le) (rate(lat_bucket[1m])))", MetricQuery("lat", [], .quantile(90)), .minutes(1)),
            ("histogram_quantile(0.95, sum by (le) (rate(lat_bucket[5m])))", MetricQuery("lat", [], .quantile(95)), .minutes(5)),
            ("histogram_quantile(0.99, sum by (le) (increase(lat_bucket[10m])))", MetricQuery("lat", [], .quantile(99)), .minutes(10)),
            ("sum(conns)", MetricQuery("conns", [], .sum), nil), ("max(conns)", MetricQuery("conns", [], .max), nil),
            ("min(conns)", MetricQuery("conns", [], .min), nil),
            ("sum(conns{pod=\"a\"})", MetricQuery("conns", [.init(label: "pod", value: "a")]), nil),
        ]
    }()

    /// The page at a poll, as a process would show it.
    private static func page(_ poll: Int, _ dialect: MetricsPage.Dialect) -> String {
        func lines(_ family: String, _ kind: String, _ series: [Series]) -> String {
            "# TYPE \(family) \(kind)\n" + series.map { "\($0.name) \($0.values[poll])\n" }.joined()
        }
        return lines(dialect == .openMetrics ? "req" : "req_total", "counter", counters) + lines("lat", "histogram", buckets)
            + lines("conns", "gauge", gauges) + (dialect == .openMetrics ? "# EOF\n" : "")
    }

    /// What we read at the last poll.
    private static func readings(_ dialect: MetricsPage.Dialect) -> [Evidence] {
        let demand = expressions.map { SeriesRef(metric: $0.1, window: $0.2) }
        var options = SignalOptions(replicas: ["http://one"])
        options.retain(for: demand)
        var signals = RuntimeSignals(runtime: "shared", options: options)
        let type = dialect == .openMetrics ? "application/openmetrics-text; version=1.0.0" : "text/plain; version=0.0.4"
        for poll in 0..<polls {
            let observation = Observation(
                at: start + .seconds(10 * Double(poll)), runtime: "shared", replica: "http://one", endpoint: .metrics,
                elapsedMilliseconds: 3,
                outcome: .answer(.init(status: 200, date: nil, contentType: type, body: Body(page(poll, dialect).utf8))))
            signals.ingest(Sample(observation, Decoder.decode(observation)))
        }
        let table = signals.readings(at: start + .seconds(10 * Double(polls - 1)), demand: demand)
        return demand.indices.map { table.runtime($0) }
    }

    /// Prometheus 3 leaves the sample at a window's beginning out, and extrapolates to it.
    private static let takesBothEnds: Bool = {
        guard access(Promtool.path, X_OK) == 0, let ending = try? Promtool.run("exec \(Promtool.path) --version 2>&1", "") else {
            return false
        }
        return ending.everything.contains("version 2.")
    }()

    @Test(
        .enabled(
            if: access(Promtool.path, X_OK) == 0 && takesBothEnds,
            "promtool of Prometheus 2 is not here (.ci/setup installs it): nothing was compared"))
    func givesTheValuesOfPrometheus() throws {
        let readings = Self.readings(.text)
        #expect(readings == Self.readings(.openMetrics), "however the page is written")
        var test = "rule_files: []\nevaluation_interval: 10s\ntests:\n- interval: 10s\n  input_series:\n"
        for series in Self.counters + Self.buckets + Self.gauges {
            test += "  - series: '\(series.name)'\n    values: '\(series.values.map(String.init).joined(separator: " "))'\n"
        }
        test += "  promql_expr_test:\n"
        for (expression, reading) in zip(Self.expressions, readings) {
            let value = try #require(reading.value, "\(expression.0) is \(reading)")
            test += "  - expr: 'abs((\(expression.0)) - (\(value))) <= bool 1e-9'\n    eval_time: 10m\n"
            test += "    exp_samples: [{labels: '{}', value: 1}]\n"
        }
        let folder = TemporaryFolder()
        let ending = try Promtool.run("exec \(Promtool.path) test rules \"$0\"", folder.write(test, to: "compared.yaml"))
        #expect(ending.code == 0 && ending.everything.contains("SUCCESS"), "\(ending.everything)")
    }
}
