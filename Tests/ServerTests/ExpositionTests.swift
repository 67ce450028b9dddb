import TestKit
import Testing

@testable import Server

@Suite("Exposition")
struct ExpositionTests {
    private static let starts = MetricInfo("x_starts_total", .counter, "Starts, \"asked\"\nor \\ not.", labels: ["app"])
    private static let build = MetricInfo("x_build_info", .info, "What runs.", labels: ["version"])
    private static let took = MetricInfo("x_took_seconds", .histogram, "How long.", labels: ["where"])
    private static let temperature = MetricInfo("x_age_seconds", .gauge, "An age.")

    private static var families: [MetricFamily] {
        var histogram = DurationHistogram(bounds: [0.5, 1])
        for seconds in [0.25, 0.5, 0.75, 3] { histogram.observe(seconds) }
        return [
            MetricFamily(build, [.init(["1.0"], 1)]),
            MetricFamily(starts, [.init(["a"], 3), .init(["b\"\\\n\u{1F600}"], 0)]),
            MetricFamily(took, [.init(["disk"], histogram)]),
            MetricFamily(temperature, []),
        ]
    }

    @Test func prometheusText() {
        #expect(
            Exposition.text(Self.families, as: .prometheus) == #"""
                # HELP x_build_info What runs.
                # TYPE x_build_info gauge
                x_build_info{version="1.0"} 1.0
                # HELP x_starts_total Starts, "asked"\nor \\ not.
                # TYPE x_starts_total counter
                x_starts_total{app="a"} 3.0
                x_starts_total{app="b\"\\\n😀"} 0.0
                # HELP x_took_seconds How long.
                # TYPE x_took_seconds histogram
                x_took_seconds_bucket{where="disk",le="0.5"} 2
                x_took_seconds_bucket{where="disk",le="1.0"} 3
                x_took_seconds_bucket{where="disk",le="+Inf"} 4
                x_took_seconds_sum{where="disk"} 4.5
                x_took_seconds_count{where="disk"} 4

                """#)
    }

    @Test func openMetricsNamesFamiliesWithoutTheirSuffixAndEnds() {
        #expect(
            Exposition.text(Self.families, as: .openMetrics) == #"""
                # HELP x_build What runs.
                # TYPE x_build info
                x_build_info{version="1.0"} 1.0
                # HELP x_starts Starts, \"asked\"\nor \\ not.
                # TYPE x_starts counter
                x_starts_total{app="a"} 3.0
                x_starts_total{app="b\"\\\n😀"} 0.0
                # HELP x_took_seconds How long.
                # TYPE x_took_seconds histogram
                # UNIT x_took_seconds seconds
                x_took_seconds_bucket{where="disk",le="0.5"} 2
                x_took_seconds_bucket{where="disk",le="1.0"} 3
                x_took_seconds_bucket{where="disk",le="+Inf"} 4
                x_took_seconds_sum{where="disk"} 4.5
                x_took_seconds_count{where="disk"} 4
                # EOF

                """#)
    }

    @Test func nothingMeasuredIsNotWrittenAtAll() {
        #expect(Exposition.text([MetricFamily(Self.temperature, [])], as: .prometheus) == "")
        #expect(Exposition.text([], as: .openMetrics) == "# EOF\n")
    }

    @Test func ofTwoSamplesWithTheSameLabelsOneIsWritten() {
        let text = Exposition.text([MetricFamily(Self.starts, [.init(["a"], 1), .init(["a"], 2)])], as: .prometheus)
        #expect(text.hasSuffix("\nx_starts_total{app=\"a\"} 1.0\n"))
    }

    @Test(
        "numbers",
        arguments: [
            (0, "0.0"), (-3, "-3.0"), (1.5, "1.5"), (1e300, "1e+300"), (0.000_005, "5e-06"), (1_764_396_793.25, "1764396793.25"),
            (Double.infinity, "+Inf"), (-Double.infinity, "-Inf"), (Double.nan, "NaN"),
        ] as [(Double, String)])
    func numbers(value: Double, text: String) {
        #expect(Exposition.number(value) == text)
    }

    @Test func whatIsNoDurationIsLeftOut() {
        var histogram = DurationHistogram(bounds: [1])
        for seconds in [-1, .nan, .infinity, 2] { histogram.observe(seconds) }
        #expect(histogram.counts == [0, 1])
        #expect(histogram.sum == 2)
        #expect(histogram.count == 1)
    }

    @Test(
        "the format follows Accept",
        arguments: [
            (nil, .prometheus), ("", .prometheus), ("*/*", .prometheus), ("text/html", .prometheus),
            ("application/openmetrics-text", .openMetrics),
            ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", .openMetrics),
            ("application/openmetrics-text; q=0.2, text/plain; q=0.9", .prometheus),
            ("application/openmetrics-text;q=0", .prometheus), ("Application/OpenMetrics-Text ; Q=0.4", .openMetrics),
        ] as [(String?, Exposition.Format)])
    func format(accept: String?, format: Exposition.Format) {
        #expect(Exposition.Format(accept: accept) == format)
    }
}

@Suite("Health as Prometheus names it")
struct ReadinessEndpointTests {
    private static func ask(_ path: String, _ health: DaemonHealth) -> (status: Int, body: String) {
        let answer = MonitorEndpoints(gate: nil, health: { health }).answer(ServerRequest(target: path))
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }

    @Test func itIsReadyOnceACycleWasCommitted() {
        var health = DaemonHealth(isCycling: true, isReady: false)
        #expect(Self.ask("/-/ready", health) == (503, "mozaiks-ops is not ready.\nno cycle was committed yet\n"))
        #expect(Self.ask("/-/healthy", health) == (200, "mozaiks-ops is healthy.\n"))
        health.isReady = true
        #expect(Self.ask("/-/ready", health) == (200, "mozaiks-ops is ready.\n"))
    }

    @Test func itIsNotReadyWhileNothingCanBeKept() {
        let line = "stuck: the journal cannot be written: no new action and no message until it can be"
        var health = DaemonHealth(isCycling: true, isKept: false, troubles: [line])
        #expect(Self.ask("/-/ready", health) == (503, "mozaiks-ops is not ready.\n\(line)\n"))
        // A restart would mend nothing.
        #expect(Self.ask("/-/healthy", health) == (200, "mozaiks-ops is healthy.\n\(line)\n"))
        health.isKept = true
        health.troubles = []
        #expect(Self.ask("/-/ready", health) == (200, "mozaiks-ops is ready.\n"))
    }

    @Test func oneThatStandsByIsReadyAndSaysForWhom() {
        let line = "standing by: the engine is pid 812 on ops-a"
        var health = DaemonHealth(isCycling: true, isReady: false, standby: line)
        #expect(Self.ask("/-/ready", health) == (503, "mozaiks-ops is not ready.\nthe database has not answered yet\n\(line)\n"))
        health.isReady = true
        #expect(Self.ask("/-/ready", health) == (200, "mozaiks-ops is ready.\n\(line)\n"))
        #expect(Self.ask("/-/healthy", health) == (200, "mozaiks-ops is healthy.\n\(line)\n"))
        #expect(Self.ask("/healthz", health).body.hasPrefix(#"{"status":"standby","#))
        (health.isKept, health.troubles) = (false, ["the database cannot be reached"])
        #expect(Self.ask("/-/ready", health) == (503, "mozaiks-ops is not ready.\n\(line)\nthe database cannot be reached\n"))
        #expect(Self.ask("/healthz", health).body.hasPrefix(#"{"status":"troubled","#))
    }

    @Test func whatIsStuckIsNamed() {
        let health = DaemonHealth(isCycling: false, troubles: ["stuck: runtime shared: no cycle for 3m"])
        #expect(Self.ask("/-/healthy", health) == (503, "mozaiks-ops is stuck.\nstuck: runtime shared: no cycle for 3m\n"))
        #expect(Self.ask("/-/ready", health) == (503, "mozaiks-ops is not ready.\nstuck: runtime shared: no cycle for 3m\n"))
        let partly = DaemonHealth(isCycling: true, troubles: ["stuck: runtime b: no cycle for 3m"])
        #expect(Self.ask("/-/healthy", partly) == (200, "mozaiks-ops is healthy.\nstuck: runtime b: no cycle for 3m\n"))
    }

    @Test func theyOnlyAnswerQuestions() {
        let endpoints = MonitorEndpoints(gate: nil, health: { DaemonHealth(isCycling: true) })
        for path in ["/-/ready", "/-/healthy"] {
            #expect(endpoints.answer(ServerRequest(method: "POST", target: path)).status == 405)
        }
    }
}
