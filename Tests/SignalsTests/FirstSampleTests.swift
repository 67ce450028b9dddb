import Model
import Testing

@testable import Signals

/// What is counted of series that come to a page that was read before.
@Suite struct FirstSampleTests {
    private typealias Pages = MetricSignalsTests

    /// A label's first samples, on a page that was read before: with the family on it, and without.
    @Test(arguments: [[("e_total", "c=200", 90.0)], [("x", "", 1)]] as [[(String, String, Double)]])
    func theFirstSamplesOfALabelCount(_ others: [(String, String, Double)]) throws {
        let query = MetricQuery("e_total", [.init(label: "c", value: "500")], .increase)
        var watched = Pages.watched([query])
        for second in stride(from: 0.0, through: 50, by: 10) { try watched.ingest(.metrics(Pages.page(others)), at: second) }
        #expect(try Pages.read(&watched, query, at: 50) == .missing(.notTracked))
        try watched.ingest(.metrics(Pages.page(others + [("e_total", "c=500", 30)])), at: 60)
        #expect(try Pages.read(&watched, query, at: 60) == .value(30))
        try watched.ingest(.metrics(Pages.page(others + [("e_total", "c=500", 32)])), at: 70)
        #expect(try Pages.read(&watched, query, at: 70) == .value(32))
        #expect(try Pages.read(&watched, query, at: 70, window: .seconds(10)) == .value(2))
    }

    /// What the first page shows was counted before anybody looked.
    @Test func whatTheFirstPageShowsIsNoGrowth() throws {
        let query = MetricQuery("e_total", [.init(label: "c", value: "500")], .increase)
        var watched = Pages.watched([query])
        for second in [0.0, 30] { try watched.ingest(.metrics(Pages.page([("e_total", "c=500", 900)])), at: second) }
        #expect(try Pages.read(&watched, query, at: 30) == .value(0))
    }

    /// Its buckets are not known before it has any.
    @Test func aHistogramsFirstObservationsCount() throws {
        let query = MetricQuery("h", [.init(label: "path", value: "/b")], .quantile(50))
        var watched = Pages.watched([query])
        let others = Pages.buckets([7, 7, 7, 7], labels: "path=/a")
        for second in stride(from: 0.0, through: 50, by: 10) { try watched.ingest(.metrics(Pages.page(others)), at: second) }
        #expect(try Pages.read(&watched, query, at: 50) == .missing(.notTracked))
        try watched.ingest(.metrics(Pages.page(others + Pages.buckets([0, 4, 4, 4], labels: "path=/b"))), at: 60)
        #expect(try Pages.read(&watched, query, at: 60) == .value(0.1 + 0.9 * 2 / 4))
        // What is kept of it is read again.
        let bytes = watched.signals.encodedCore()
        #expect(try RuntimeSignals(decoding: bytes, options: watched.signals.options).encodedCore() == bytes)
    }

    @Test func theFirstSamplesOfALabelOnOneReplicaCountAtOnce() throws {
        let query = MetricQuery("e_total", [.init(label: "c", value: "500")], .increase)
        var watched = Pages.watched([query], replicas: Pages.urls)
        for second in stride(from: 0.0, through: 60, by: 10) {
            try watched.ingest(.metrics(Pages.page([("e_total", "c=500", 100 + second)])), at: second, replica: Pages.urls[0])
            let first = second == 60 ? [("e_total", "c=500", 7.0)] : []
            try watched.ingest(.metrics(Pages.page([("e_total", "c=200", second)] + first)), at: second, replica: Pages.urls[1])
            for url in Pages.urls { try watched.health(at: second, replica: url) }
            // Known all along, from when a fifth of the window was watched.
            if second == 50 { #expect(try Pages.read(&watched, query, at: 50) == .value(50)) }
        }
        #expect(try Pages.read(&watched, query, at: 60) == .value(67))
    }
}
