import Model
import Testing

@testable import Signals

@Suite struct EmptyTableTests {
    @Test("where no app was seen since nothing was read it is not known that there is none")
    func reasons() {
        var signals = RuntimeSignals(runtime: "r")
        let demand = [
            SeriesRef(signal: .activeRuns), SeriesRef(signal: .runStarts, window: .minutes(5)),
            SeriesRef(signal: .activeRuns, function: .avg, range: .minutes(10)),
        ]
        let table = signals.readings(at: Timestamp(milliseconds: 1_795_251_600_000), demand: demand)
        #expect(table.apps.isEmpty)
        for slot in demand.indices { #expect(table.emptyReason(slot) != nil, "\(demand[slot])") }
        let known = ReadingTable(
            runtime: "r", at: table.at, demand: demand, runtime: demand.map { _ in .value(0) }, app: demand.map { _ in [] })
        #expect(known.emptyReason(0) == nil)
    }
}
