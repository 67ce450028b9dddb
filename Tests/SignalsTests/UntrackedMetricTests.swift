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
        #expect(watched.signals.untracked(query) == "no page of metrics was asked for")
        let kinds = Self.kinds.merging(["h": .histogram]) { first, _ in first }
        for second in [0.0, 30] { try watched.ingest(.metrics(MetricSignalsTests.page(Self.samples, kinds: kinds)), at: second) }
        #expect(watched.signals.untracked(query) == expected)
        #expect(watched.signals.untracked(query, of: Watched.url) == expected)
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
        #expect(watched.signals.untracked(query)?.hasPrefix("the page has that name") == true)
        #expect(watched.signals.untracked(query, of: MetricSignalsTests.urls[0]) == "the page has nothing of that name")
    }
}
