import Model
import Testing

@testable import Signals

/// Why a page of metrics says nothing to a query, for people.
@Suite struct UntrackedMetricTests {
    private static let label = [MetricQuery.Matcher(label: "c", value: "500")]
    private static let kinds: [String: MetricsPage.Kind] = ["g": .gauge, "e": .counter, "empty": .counter]
    private static let samples: [(String, String, Double)] = [
        ("g", "", 5), ("e_total", "c=200", 3), ("h_bucket", "le=1", 1), ("h_bucket", "le=+Inf", 2), ("h_count", "", 2), ("h_sum", "", 3),
    ]

    private static let cases: [(MetricQuery, String?)] = [
        (MetricQuery("g", [], .rate), "the page shows it as what may fall, and that has no rate"),
        (MetricQuery("e_total", label, .rate), "the page has that name, and no series of it with such labels or such a figure"),
        // A family without a series yet, as OpenMetrics names it.
        (MetricQuery("empty_total", [], .rate), "the page has that name, and no series of it with such labels or such a figure"),
        (MetricQuery("h", [], .sum), "the page has that name, and no series of it with such labels or such a figure"),
        (MetricQuery("not_there"), "the page has nothing of that name"), (MetricQuery("g"), nil), (MetricQuery("e_total", [], .rate), nil),
    ]

    @Test(arguments: cases) func whatThePageLacksIsSaid(_ query: MetricQuery, _ expected: String?) throws {
        var watched = MetricSignalsTests.watched([query])
        try watched.health(at: 0)
        #expect(watched.signals.lack(of: query, .notTracked) == "no page of metrics was asked for")
        let kinds = Self.kinds.merging(["h": .histogram]) { first, _ in first }
        for second in [0.0, 30] { try watched.ingest(.metrics(MetricSignalsTests.page(Self.samples, kinds: kinds)), at: second) }
        #expect(watched.signals.lack(of: query, .notTracked) == expected)
        #expect(watched.signals.lack(of: query, .notTracked, of: Watched.url) == expected)
        // Words where nothing is tracked, and only there.
        let read = try MetricSignalsTests.read(&watched, query, at: 30)
        #expect((read == .missing(.notTracked)) == (expected != nil), "\(read)")
    }

    @Test func ofSeveralReplicasThePageThatShowsTheMostIsSpokenOf() throws {
        let query = MetricQuery("e_total", Self.label, .rate)
        var watched = MetricSignalsTests.watched([query], replicas: MetricSignalsTests.urls)
        for (url, name) in zip(MetricSignalsTests.urls, ["x", "e_total"]) {
            try watched.ingest(.metrics(MetricSignalsTests.page([(name, "c=200", 1)])), at: 0, replica: url)
        }
        #expect(watched.signals.lack(of: query, .notTracked)?.hasPrefix("the page has that name") == true)
        #expect(watched.signals.lack(of: query, .notTracked, of: MetricSignalsTests.urls[0]) == "the page has nothing of that name")
    }

    private static let spoiled: [(String, [(String, String, Double)], MetricQuery, MissingReason, String?)] = [
        ("infinite", [("a", "", .infinity)], MetricQuery("a"), .malformed, "the page shows it as infinite"),
        (
            "infinite both ways", [("a", "x=1", .infinity), ("a", "x=2", -.infinity)], MetricQuery("a", [], .sum), .malformed,
            "the page shows it as infinite"
        ),
        (
            "a histogram without its last bucket", [("h_bucket", "le=1", 1), ("h_bucket", "le=2", 2)], MetricQuery("h", [], .quantile(95)),
            .malformed, "the page shows no whole histogram of it: bounds that rise up to le=\"+Inf\", each with a count"
        ),
        (
            "a count below zero", [("c_total", "", -1)], MetricQuery("c_total", [], .rate), .malformed,
            "the page shows a count of it that is infinite or below 0, or more than 4096 series of it match"
        ),
        ("NaN", [("a", "", .nan)], MetricQuery("a"), .noTraffic, "the page shows NaN: nothing was measured"),
        (
            "one of two is NaN", [("a", "x=1", .nan), ("a", "x=2", 5)], MetricQuery("a", [], .sum), .noTraffic,
            "the page shows NaN for a series of it: nothing was measured"
        ),
        (
            "different buckets",
            [("h_bucket", "x=1,le=1", 1), ("h_bucket", "x=1,le=+Inf", 2), ("h_bucket", "x=2,le=2", 1), ("h_bucket", "x=2,le=+Inf", 2)],
            MetricQuery("h", [], .quantile(95)), .ambiguous, "its histograms have different buckets: name a label, so that one is left"
        ),
        // What the reason says is not said twice.
        ("two series", [("a", "x=1", 1), ("a", "x=2", 2)], MetricQuery("a"), .ambiguous, nil),
    ]

    @Test(arguments: spoiled) func whatIsWrongWithAFigureIsSaid(
        _ name: String, _ samples: [(String, String, Double)], _ query: MetricQuery, _ reason: MissingReason, _ expected: String?
    ) throws {
        var watched = MetricSignalsTests.watched([query])
        let kinds: [String: MetricsPage.Kind] = ["h": .histogram, "c": .counter]
        for second in [0.0, 30] { try watched.ingest(.metrics(MetricSignalsTests.page(samples, kinds: kinds)), at: second) }
        #expect(try MetricSignalsTests.read(&watched, query, at: 30) == .missing(reason))
        #expect(watched.signals.lack(of: query, reason) == expected)
        // A page that cannot be read itself is no fault of the figure's.
        try watched.missing(.metrics, .malformed, at: 60)
        if reason == .malformed { #expect(watched.signals.lack(of: query, reason) == nil) }
    }
}
