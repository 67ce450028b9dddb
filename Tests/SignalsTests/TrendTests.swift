import Model
import Testing

@testable import Signals

@Suite("Where a line through the past is some time ahead")
struct TrendTests {
    private func line(_ minutes: [Int], _ value: (Double) -> Double) -> [TrendLine.Point] {
        minutes.map { TrendLine.Point(minute: Double($0), value: value(Double($0))) }
    }

    @Test("least squares")
    func squares() throws {
        let falling = line(Array(-19...0)) { 50 - 2 * $0 / 10 }
        #expect(abs(try #require(TrendLine.value(through: falling, range: 20, at: 60)) - 38) < 1e-9)
        #expect(abs(try #require(TrendLine.value(through: falling, range: 20, at: 300)) + 10) < 1e-9)
        let flat = line(Array(-19...0)) { _ in 0.1 }
        #expect(TrendLine.value(through: flat, range: 20, at: 1_000) == 0.1)
        // Up and down by the same: their line lies between. Far from zero as near it.
        let noisy = line(Array(-20...0)) { 1e9 + ($0.truncatingRemainder(dividingBy: 2) == 0 ? 1 : -1) }
        #expect(abs(try #require(TrendLine.value(through: noisy, range: 20, at: 0)) - 1e9) < 1.5)
        // Minutes that are not there change nothing of what is on one line.
        let gaps = line([-19, -18, -17, -12, -11, -9, -8, -3, -1, 0]) { 3 + $0 }
        #expect(abs(try #require(TrendLine.value(through: gaps, range: 20, at: 7)) - 10) < 1e-9)
    }

    @Test("too few, or too close together, say nothing")
    func few() {
        #expect(TrendLine.value(through: line(Array(-8...0)) { $0 }, range: 15, at: 1) == nil)
        #expect(TrendLine.value(through: line(Array(-9...0)) { $0 }, range: 15, at: 1) != nil)
        #expect(TrendLine.value(through: line(Array(-9...0)) { $0 }, range: 20, at: 1) == nil)
        #expect(TrendLine.value(through: line([Int](repeating: 0, count: 12)) { $0 }, range: 0, at: 1) == nil)
        #expect(TrendLine.value(through: [], range: 15, at: 1) == nil)
    }

    /// A runtime that opens a run each minute.
    private static func filling(_ demand: [SeriesRef], minutes: Int) throws -> Watched {
        var (watched, process) = try HistoryTests.prepared([])
        watched.signals.options.retain(for: demand)
        for minute in 0..<minutes {
            process.open("c\(minute)", app: "a", at: Double(minute * 60 + 5))
            for second in stride(from: minute * 60 + 10, through: minute * 60 + 60, by: 10) {
                try watched.perf(process, at: Double(second))
            }
            _ = try watched.runtime("turns", at: Double(minute * 60 + 60))
        }
        return watched
    }

    private static let demand = [SeriesRef(signal: .openRuns, function: .predict, range: .minutes(20), ahead: .minutes(10))]

    @Test("of the runtime's minutes, live and from what was kept of them")
    func ofMinutes() throws {
        var watched = try TrendTests.filling(TrendTests.demand, minutes: 20)
        let table = try watched.table(TrendTests.demand, at: 1_205)
        // One was open before: 21 now, and one more each minute.
        #expect(abs(table.runtime(0).number - 31) < 1e-9)
        var past = HistorySignals(runtime: "shared", options: watched.signals.options)
        let rows = watched.signals.drainClosedMinutes()
        for minute in Set(rows.map(\.minute)).sorted() { past.take(rows.filter { $0.minute == minute }) }
        let readings = past.readings(demand: TrendTests.demand)
        #expect(readings?.runtime(0) == table.runtime(0))
    }

    @Test("while it was not watched for half of the range it is missing, and says for how long yet")
    func young() throws {
        var watched = try TrendTests.filling(TrendTests.demand, minutes: 9)
        var table = try watched.table(TrendTests.demand, at: 545)
        #expect(table.runtime(0) == .missing(.tooLittleData))
        #expect(table.wanting(nil, 0) == .minutes(2))
        watched = try TrendTests.filling(TrendTests.demand, minutes: 11)
        table = try watched.table(TrendTests.demand, at: 665)
        #expect(abs(table.runtime(0).number - 22) < 1e-9)
        #expect(table.wanting(nil, 0) == nil)
    }

    @Test("of what a page shows, one value a minute, kept with the state; of several processes their sum")
    func ofMetrics() throws {
        let query = MetricQuery("depth")
        let ref = SeriesRef(predicted: query, range: .minutes(20), ahead: .minutes(10))
        var watched = MetricSignalsTests.watched([query], replicas: MetricSignalsTests.urls)
        watched.signals.options.retain(for: [ref])
        var read: [Evidence] = []
        for step in 0...80 {
            let second = Double(step) * 15
            for (place, url) in MetricSignalsTests.urls.enumerated() {
                let value = 100 - 2 * second / 60 + Double(place) * 1_000
                try watched.ingest(.metrics(MetricSignalsTests.page([("depth", "", value)])), at: second, replica: url)
            }
            read.append(try watched.table([ref], at: second).runtime(0))
        }
        #expect(read[0] == .missing(.tooLittleData) && read[32] == .missing(.tooLittleData))
        // At twenty minutes each is at 60 (and 1,060); ten minutes on at 40.
        #expect(abs((read.last?.number ?? 0) - 1_080) < 1e-6)
        let table = try watched.table([ref, SeriesRef(metric: query)], at: 1_200)
        #expect(abs(table.replica(0, 0).number - 40) < 1e-6 && table.replica(1, 1) == .value(1_060))
        // A policy that asks for it no more has it forgotten.
        watched.signals.options = SignalOptions(replicas: MetricSignalsTests.urls)
        watched.signals.options.retain(for: [SeriesRef(metric: query)])
        try watched.ingest(.metrics(MetricSignalsTests.page([("depth", "", 5)])), at: 1_215, replica: MetricSignalsTests.urls[0])
        #expect(watched.signals.replicas[0].metrics.tracks.first?.points.isEmpty == true)
    }
}
