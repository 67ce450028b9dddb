import Model
import Testing

@testable import Signals

/// What pages of metrics show over time, and what is read of them.
@Suite struct MetricSignalsTests {
    /// A page by its samples: `name`, labels as `a=b,c=d`, value.
    static func page(
        _ samples: [(String, String, Double)], kinds: [String: MetricsPage.Kind] = [:], timestamp: Timestamp? = nil
    ) -> MetricsPage {
        var page = MetricsPage()
        for (name, kind) in kinds.sorted(by: { $0.key < $1.key }) { page.families.append(.init(name: name, kind: kind)) }
        for (name, labels, value) in samples {
            let family =
                page.families.firstIndex { name == $0.name }
                ?? page.families.firstIndex { family in
                    ["_total", "_bucket", "_count", "_sum", "_created"].contains { name == family.name + $0 }
                }
            if family == nil { page.families.append(.init(name: name)) }
            let index = page.names.firstIndex { $0.text == name } ?? page.names.count
            if index == page.names.count { page.names.append(.init(text: name, family: family ?? page.families.count - 1)) }
            let first = Int32(page.labels.count)
            for label in labels.split(separator: ",") {
                let parts = label.split(separator: "=", maxSplits: 1)
                page.labels.append(.init(String(parts[0]), parts.count > 1 ? String(parts[1]) : ""))
            }
            page.samples.append(
                .init(name: Int32(index), labels: first..<Int32(page.labels.count), value: value, timestamp: timestamp))
        }
        return page
    }

    static let urls = ["http://one", "http://two"]

    static func watched(_ queries: [MetricQuery], replicas: [String] = [Watched.url]) -> Watched {
        var options = SignalOptions(replicas: replicas)
        options.retain(for: queries.map { SeriesRef(metric: $0, window: $0.reading.isWindowed ? .minutes(1) : nil) })
        var watched = Watched(options)
        watched.isForgetful = true
        return watched
    }

    static func read(_ watched: inout Watched, _ query: MetricQuery, at second: Double, window: TimeSpan = .minutes(1)) throws -> Evidence {
        try watched.table([SeriesRef(metric: query, window: query.reading.isWindowed ? window : nil)], at: second).runtime(0)
    }

    // MARK: Values

    /// (samples, query, what is read)
    static let values: [(String, [(String, String, Double)], MetricQuery, Evidence)] = [
        ("one series", [("a", "", 5)], MetricQuery("a"), .value(5)), ("below zero", [("a", "", -5)], MetricQuery("a"), .value(-5)),
        ("no such family", [("b", "", 5)], MetricQuery("a"), .missing(.notTracked)),
        ("several series", [("a", "x=1", 5), ("a", "x=2", 7)], MetricQuery("a"), .missing(.ambiguous)),
        ("their sum", [("a", "x=1", 5), ("a", "x=2", 7)], MetricQuery("a", [], .sum), .value(12)),
        ("the largest", [("a", "x=1", 5), ("a", "x=2", 7)], MetricQuery("a", [], .max), .value(7)),
        ("the smallest", [("a", "x=1", 5), ("a", "x=2", 7)], MetricQuery("a", [], .min), .value(5)),
        ("one by its label", [("a", "x=1", 5), ("a", "x=2", 7)], MetricQuery("a", [.init(label: "x", value: "2")]), .value(7)),
        (
            "all but one", [("a", "x=1", 5), ("a", "x=2", 7)], MetricQuery("a", [.init(label: "x", value: "2", isNegated: true)]), .value(5)
        ),
        (
            "by a glob", [("a", "x=200", 5), ("a", "x=500", 7), ("a", "x=503", 1)],
            MetricQuery("a", [.init(label: "x", value: "5*", isGlob: true)], .sum), .value(8)
        ),
        (
            "all but a glob", [("a", "x=200", 5), ("a", "x=500", 7)],
            MetricQuery("a", [.init(label: "x", value: "5*", isNegated: true, isGlob: true)]), .value(5)
        ),
        (
            "a label that is not there is empty", [("a", "", 5), ("a", "x=2", 7)], MetricQuery("a", [.init(label: "x", value: "")]),
            .value(5)
        ),
        ("a label that nobody has", [("a", "x=1", 5)], MetricQuery("a", [.init(label: "y", value: "1")]), .missing(.notTracked)),
        ("no number", [("a", "", .nan)], MetricQuery("a"), .missing(.noTraffic)),
        ("an infinite one", [("a", "", .infinity)], MetricQuery("a"), .missing(.malformed)),
        ("a sum that lacks one", [("a", "x=1", 5), ("a", "x=2", .nan)], MetricQuery("a", [], .sum), .missing(.noTraffic)),
        ("twice the same", [("a", "x=1,y=2", 5), ("a", "y=2,x=1", 5)], MetricQuery("a"), .value(5)),
        ("twice, and different", [("a", "x=1,y=2", 5), ("a", "y=2,x=1", 6)], MetricQuery("a"), .missing(.contradictory)),
        ("OpenMetrics' counter by its family", [("a_total", "", 5)], MetricQuery("a"), .value(5)),
        ("a summary's quantile", [("s", "quantile=0.5", 1), ("s", "quantile=0.95", 3)], MetricQuery("s", [], .quantile(95)), .value(3)),
        ("a quantile that a summary has not", [("s", "quantile=0.5", 1)], MetricQuery("s", [], .quantile(95)), .missing(.notTracked)),
        (
            "quantiles of two", [("s", "quantile=0.5,x=1", 1), ("s", "quantile=0.5,x=2", 2)], MetricQuery("s", [], .quantile(50)),
            .missing(.ambiguous)
        ),
    ]

    @Test(arguments: values) func aValueOfNow(
        _ name: String, _ samples: [(String, String, Double)], _ query: MetricQuery, _ expected: Evidence
    )
        throws
    {
        var watched = Self.watched([query])
        try watched.ingest(.metrics(Self.page(samples)), at: 0)
        #expect(try Self.read(&watched, query, at: 0) == expected)
        #expect(try watched.table([SeriesRef(metric: query, window: .minutes(1))], at: 0).replica(0, 0) == expected)
        #expect(try watched.table([SeriesRef(metric: query, scope: .runtime, window: .minutes(1))], at: 0).runtime(0) == expected)
    }

    @Test func aLineThatNamesAMomentLongAgoIsNoValueOfNow() throws {
        var watched = Self.watched([MetricQuery("a")])
        try watched.ingest(.metrics(Self.page([("a", "", 5)], timestamp: FakeProcess.at(0))), at: 299)
        #expect(try Self.read(&watched, MetricQuery("a"), at: 299) == .value(5))
        try watched.ingest(.metrics(Self.page([("a", "", 5)], timestamp: FakeProcess.at(0))), at: 301)
        #expect(try Self.read(&watched, MetricQuery("a"), at: 301) == .missing(.stale))
    }

    @Test func aPageThatIsNotThereIsSaidWhy() throws {
        var watched = Self.watched([MetricQuery("a")])
        try watched.health(at: 0)
        #expect(try Self.read(&watched, MetricQuery("a"), at: 0) == .missing(.notTracked), "nobody asks for a page")
        try watched.missing(.metrics, .error(status: 404), at: 1)
        #expect(try Self.read(&watched, MetricQuery("a"), at: 1) == .missing(.error(status: 404)))
        try watched.ingest(.metrics(Self.page([("a", "", 5)])), at: 10)
        #expect(try Self.read(&watched, MetricQuery("a"), at: 10) == .value(5))
        #expect(try Self.read(&watched, MetricQuery("a"), at: 131) == .missing(.stale))
        #expect(watched.signals.deadSignals(at: FakeProcess.at(131))[.metric] == nil)
        #expect(watched.signals.summary.replicas[0].said[.metrics] == "1 families, 1 series")
    }

    @Test func howManySeriesAPageShowsIsReadOfItWhateverPoliciesAskFor() throws {
        let series = SeriesRef(signal: .metricSeries)
        var watched = Watched(SignalOptions(replicas: Self.urls))
        func read(_ watched: inout Watched, at second: Double) throws -> Evidence {
            try watched.table([series], at: second).runtime(0)
        }
        for url in Self.urls { try watched.health(at: 0, replica: url) }
        #expect(try read(&watched, at: 0) == .missing(.notTracked), "nobody asks for a page")
        for url in Self.urls { try watched.ingest(.metrics(Self.page([("a", "x=1", 5), ("a", "x=2", 7)])), at: 1, replica: url) }
        #expect(try read(&watched, at: 1) == .value(4))
        try watched.missing(.metrics, .malformed, at: 11, replica: Self.urls[1])
        #expect(try read(&watched, at: 11) == .missing(.partial))
        try watched.missing(.metrics, .malformed, at: 12, replica: Self.urls[0])
        #expect(try read(&watched, at: 12) == .missing(.malformed))
        // A page of the whole runtime stands for all of its processes.
        try watched.ingest(.metrics(Self.page([("a", "", 5)])), at: 13, replica: Observation.page)
        #expect(try read(&watched, at: 13) == .value(1))
    }

    // MARK: Counters

    private static let rate = MetricQuery("e_total", [], .rate)
    private static let increase = MetricQuery("e_total", [], .increase)

    private static func counted(_ values: [(Double, [(String, String, Double)])]) throws -> Watched {
        var watched = watched([rate, increase])
        for (second, samples) in values { try watched.ingest(.metrics(page(samples)), at: second) }
        return watched
    }

    @Test func growthIsPerSecondOverItsWindow() throws {
        var watched = try Self.counted((0...12).map { (Double($0) * 10, [("e_total", "", 100 + Double($0) * 5)]) })
        #expect(try Self.read(&watched, Self.rate, at: 120) == .value(0.5))
        #expect(try Self.read(&watched, Self.increase, at: 120) == .value(30))
        #expect(try Self.read(&watched, Self.increase, at: 120, window: .seconds(30)) == .value(15))
    }

    @Test func aCounterThatFellBeganAnew() throws {
        // 100, 110, 4, 14: ten, then four since it began, then ten.
        var watched = try Self.counted(zip([0, 20, 40, 60], [100, 110, 4, 14]).map { ($0, [("e_total", "", $1)]) })
        #expect(try Self.read(&watched, Self.increase, at: 60) == .value(24))
        #expect(try Self.read(&watched, Self.rate, at: 60) == .value(0.4))
    }

    @Test func aCounterThatSaysWhenItBeganBeganAnewThoughItRose() throws {
        let values: [(Double, [(String, String, Double)])] = [
            (0, [("e_total", "", 100), ("e_created", "", 1_000)]), (30, [("e_total", "", 150), ("e_created", "", 1_020)]),
            (60, [("e_total", "", 151), ("e_created", "", 1_020)]),
        ]
        var watched = try Self.counted(values)
        #expect(try Self.read(&watched, Self.increase, at: 60) == .value(151))
    }

    @Test func seriesAddUpAndANewOneBeganAtNothing() throws {
        var watched = try Self.counted([
            (0, [("e_total", "c=1", 1_000)]), (30, [("e_total", "c=1", 1_003), ("e_total", "c=2", 4)]),
            (60, [("e_total", "c=2", 6), ("e_total", "c=1", 1_003)]),
        ])
        #expect(try Self.read(&watched, Self.increase, at: 60) == .value(9))
    }

    @Test func aSeriesThatWasGoneForAPollIsNoNewOne() throws {
        var watched = try Self.counted([
            (0, [("e_total", "c=1", 1_000), ("e_total", "c=2", 5)]), (30, [("e_total", "c=2", 5)]),
            (60, [("e_total", "c=2", 5), ("e_total", "c=1", 1_002)]),
        ])
        #expect(try Self.read(&watched, Self.increase, at: 60) == .value(2))
    }

    @Test func tooLittleIsKnownUntilAFifthOfTheWindowWasWatched() throws {
        var watched = try Self.counted([(0, [("e_total", "", 5)])])
        #expect(try Self.read(&watched, Self.rate, at: 0) == .missing(.tooLittleData))
        try watched.ingest(.metrics(Self.page([("e_total", "", 6)])), at: 10)
        #expect(try Self.read(&watched, Self.rate, at: 10) == .missing(.tooLittleData))
        try watched.ingest(.metrics(Self.page([("e_total", "", 7)])), at: 20)
        #expect(try Self.read(&watched, Self.rate, at: 20) == .value(0.1))
    }

    @Test func whatMayFallHasNoRate() throws {
        var watched = Self.watched([MetricQuery("g", [], .rate)])
        for second in [0.0, 30, 60] { try watched.ingest(.metrics(Self.page([("g", "", second)], kinds: ["g": .gauge])), at: second) }
        #expect(try Self.read(&watched, MetricQuery("g", [], .rate), at: 60) == .missing(.notTracked))
    }

    // MARK: Histograms

    static func buckets(_ counts: [Double], labels: String = "", bounds: [String] = ["0.1", "1", "10", "+Inf"]) -> [(
        String, String, Double
    )] {
        zip(bounds, counts).map { ("h_bucket", (labels.isEmpty ? "" : labels + ",") + "le=" + $0, $1) }
    }

    @Test func aQuantileIsOfWhatWasObservedInItsWindow() throws {
        let p50 = MetricQuery("h", [], .quantile(50))
        let p95 = MetricQuery("h", [], .quantile(95))
        var watched = Self.watched([p50, p95])
        try watched.ingest(.metrics(Self.page(Self.buckets([1_000, 1_000, 1_000, 1_000]))), at: 0)
        // 20 up to 0.1, 60 more up to 1, 20 more up to 10.
        try watched.ingest(.metrics(Self.page(Self.buckets([1_020, 1_080, 1_100, 1_100]))), at: 60)
        #expect(try Self.read(&watched, p50, at: 60) == .value(0.1 + 0.9 * 30 / 60))
        #expect(try Self.read(&watched, p95, at: 60) == .value(1 + 9 * 15 / 20.0))
        // Nothing more: nothing to measure.
        try watched.ingest(.metrics(Self.page(Self.buckets([1_020, 1_080, 1_100, 1_100]))), at: 120)
        #expect(try Self.read(&watched, p50, at: 120) == .missing(.noTraffic))
    }

    /// (counts, share, what is read): as Prometheus' `histogram_quantile`.
    @Test(
        arguments: [
            ([10, 10, 10, 10], 0.5, 0.05), ([0, 10, 10, 10], 1.0 / 3, 0.4), ([0, 0, 0, 10], 0.5, 10), ([5, 5, 5, 10], 0.9, 10),
            ([10, 8, 12, 12], 0.5, 0.06),
        ] as [([Double], Double, Double)])
    func aQuantileLiesWithinItsBucket(_ counts: [Double], _ share: Double, _ expected: Double) {
        let read = HistogramQuantile.of(share, counts, [0.1, 1, 10, .infinity])
        #expect(abs((read.value ?? .nan) - expected) < 1e-12, "\(read)")
    }

    /// Half of all lies up to the first bound, but for what rounding lost or added.
    @Test(arguments: [5.0, 5.0.nextDown, 5.0.nextUp, 5 * (1 - 1e-12)]) func aRankThatMeetsABoundIsTheBound(_ count: Double) {
        #expect(HistogramQuantile.of(0.5, [count, 10, 10], [0.1, 1, .infinity]) == .value(0.1))
        #expect(HistogramQuantile.of(0.5, [0, count, 10, 10], [0.1, 0.7, 1, .infinity]) == .value(0.7))
    }

    @Test func whatCannotBeAHistogramSaysSo() {
        #expect(HistogramQuantile.of(0.5, [0, 0], [1, .infinity]) == .missing(.noTraffic))
        #expect(HistogramQuantile.of(0.5, [5], [.infinity]) == .missing(.malformed))
        #expect(HistogramQuantile.of(0.5, [5, 6], [1, 2]) == .missing(.malformed))
        #expect(HistogramQuantile.of(0.5, [5, 6], [-1, .infinity]) == .value(-1))
    }

    @Test func bucketsWithoutAnEndOrOfSeveralKindsTellNothing() throws {
        let query = MetricQuery("h", [], .quantile(50))
        for (samples, reason) in [
            (Self.buckets([1, 2], bounds: ["1", "2"]), MissingReason.malformed),
            (Self.buckets([1, 2], bounds: ["x", "+Inf"]), .malformed),
            (Self.buckets([1, 2, 3, 4], labels: "a=1") + Self.buckets([1, 2], labels: "a=2", bounds: ["1", "+Inf"]), .ambiguous),
        ] {
            var watched = Self.watched([query])
            try watched.ingest(.metrics(Self.page(samples)), at: 0)
            #expect(try Self.read(&watched, query, at: 0) == .missing(reason))
        }
    }

    @Test func otherBucketsBeginAnew() throws {
        let query = MetricQuery("h", [], .quantile(50))
        var watched = Self.watched([query])
        try watched.ingest(.metrics(Self.page(Self.buckets([0, 0, 0, 0]))), at: 0)
        try watched.ingest(.metrics(Self.page(Self.buckets([5, 5, 5, 5]))), at: 30)
        #expect(try Self.read(&watched, query, at: 30) == .value(0.05))
        try watched.ingest(.metrics(Self.page(Self.buckets([9, 9], bounds: ["1", "+Inf"]))), at: 60)
        #expect(try Self.read(&watched, query, at: 60) == .missing(.tooLittleData))
    }

    // MARK: Several processes

    private static func two(_ query: MetricQuery, _ first: [(String, String, Double)], _ second: [(String, String, Double)]) throws
        -> Evidence
    {
        var watched = watched([query], replicas: urls)
        for at in [0.0, 60] {
            // Counters grow by what is given.
            let grown = { (samples: [(String, String, Double)]) in
                samples.map { ($0.0, $0.1, query.reading.isWindowed && at == 0 ? 0 : $0.2) }
            }
            if !first.isEmpty { try watched.ingest(.metrics(page(grown(first))), at: at, replica: urls[0]) }
            if !second.isEmpty { try watched.ingest(.metrics(page(grown(second))), at: at, replica: urls[1]) }
            for url in urls { try watched.health(at: at, replica: url) }
        }
        return try read(&watched, query, at: 60)
    }

    @Test func replicasAreAddedUp() throws {
        let five = [MetricQuery.Matcher(label: "c", value: "500")]
        #expect(try Self.two(MetricQuery("a"), [("a", "", 3)], [("a", "", 4)]) == .value(7))
        #expect(try Self.two(MetricQuery("a", [], .max), [("a", "", 3)], [("a", "", 4)]) == .value(4))
        #expect(try Self.two(MetricQuery("a", [], .min), [("a", "", 3)], [("a", "", 4)]) == .value(3))
        #expect(try Self.two(MetricQuery("a"), [("a", "", 3)], [("b", "", 4)]) == .missing(.partial))
        #expect(try Self.two(MetricQuery("a"), [("a", "", 3)], []) == .missing(.partial))
        #expect(try Self.two(MetricQuery("e", five, .increase), [("e", "c=500", 6)], [("e", "c=500", 2)]) == .value(8))
        // One has had no such answer yet, and counts others.
        #expect(try Self.two(MetricQuery("e", five, .increase), [("e", "c=500", 6)], [("e", "c=200", 2)]) == .value(6))
        // That any has such a label is not known.
        #expect(try Self.two(MetricQuery("e", five, .increase), [("e", "c=200", 6)], [("e", "c=200", 2)]) == .missing(.notTracked))
        #expect(try Self.two(MetricQuery("e", [], .rate), [("e", "", 6)], [("x", "", 2)]) == .missing(.partial))
        let p50 = MetricQuery("h", [], .quantile(50))
        #expect(try Self.two(p50, Self.buckets([4, 4, 4, 4]), Self.buckets([0, 0, 4, 4])) == .value(0.1))
        #expect(try Self.two(p50, Self.buckets([4, 4, 4, 4]), Self.buckets([4, 4], bounds: ["1", "+Inf"])) == .missing(.ambiguous))
        #expect(
            try Self.two(MetricQuery("s", [], .quantile(50)), [("s", "quantile=0.5", 1)], [("s", "quantile=0.5", 1)])
                == .missing(.ambiguous))
    }

    @Test func aPageOfTheWholeRuntimeIsNoReplica() throws {
        let query = MetricQuery("a")
        var watched = Self.watched([query], replicas: Self.urls)
        for url in Self.urls { try watched.health(at: 0, replica: url) }
        try watched.ingest(.metrics(Self.page([("a", "", 5)])), at: 0, replica: Observation.page)
        let table = try watched.table([SeriesRef(metric: query)], at: 0)
        #expect(table.runtime(0) == .value(5))
        #expect(table.replicas == Self.urls)
        #expect(table.replica(0, 0) == .missing(.notTracked))
        #expect(watched.signals.newestObservation(of: .metrics) == FakeProcess.at(0))
        #expect(watched.signals.summary.page?.said[.metrics] == "1 families, 1 series")
        try watched.ingest(.missing(.metrics, .unreachable, detail: "refused"), at: 10, replica: Observation.page)
        #expect(try Self.read(&watched, query, at: 10) == .missing(.unreachable))
    }

    // MARK: What is kept

    @Test func onlyWhatPoliciesAskForIsKept() throws {
        var watched = Self.watched([MetricQuery("a")])
        let page = Self.page([("a", "", 5)] + (0..<2_000).map { ("b", "x=\($0)", 1) })
        try watched.ingest(.metrics(page), at: 0)
        #expect(watched.signals.encodedCore().count < 4_000)
        // A query that came with a reload begins with the next page; one that went is forgotten with it.
        watched.signals.options.metrics = [MetricQuery("b", [], .sum)]
        #expect(try Self.read(&watched, MetricQuery("b", [], .sum), at: 0) == .missing(.tooLittleData))
        try watched.ingest(.metrics(page), at: 10)
        #expect(try Self.read(&watched, MetricQuery("b", [], .sum), at: 10) == .value(2_000))
        #expect(try Self.read(&watched, MetricQuery("a"), at: 10) == .missing(.tooLittleData))
    }

    @Test func whatTheVersionBeforeWroteIsRead() throws {
        // Without replicas: their tracks stand before it.
        var watched = Self.watched([MetricQuery("a")], replicas: [])
        try watched.ingest(.gate(GateSignalTests.counts([:], others: 3)), at: 0, replica: Observation.gate)
        var bytes = watched.signals.encodedCore()
        // Five bytes of no page, and behind them no sums and two bytes of no workflows.
        #expect(bytes.suffix(8) == [0, 0, 0, 0, 0, 0, 0, 0] && bytes[4] >= RuntimeSignals.pagesSince)
        bytes.removeLast(8)
        bytes[4] = RuntimeSignals.pagesSince - 1
        let read = try RuntimeSignals(decoding: bytes, options: watched.signals.options)
        #expect(read.encodedCore() == watched.signals.encodedCore())
    }

    @Test func damagedStateIsRefusedOrReadAndNeverTraps() throws {
        var watched = Self.watched([MetricQuery("h", [], .quantile(95)), Self.rate])
        for second in [0.0, 10, 20] {
            try watched.ingest(
                .metrics(Self.page(Self.buckets([1, 2, 3, second]) + [("e_total", "c=1", second), ("e_total", "c=2", 1)])), at: second)
        }
        let bytes = watched.signals.encoded()
        for place in bytes.indices {
            for change: UInt8 in [1, 0x80, 0xFF] {
                var damaged = bytes
                damaged[place] ^= change
                _ = try? RuntimeSignals(decoding: damaged, options: watched.signals.options)
            }
            #expect(throws: SignalStateError.self) {
                try RuntimeSignals(decoding: Array(bytes[..<place]), options: watched.signals.options)
            }
        }
    }
}
