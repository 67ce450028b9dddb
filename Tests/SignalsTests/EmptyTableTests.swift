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

    @Test("what is known at the least counts where figures contradict each other, and of nothing that is missing for another reason")
    func floors() {
        func table(_ missing: MissingReason) -> ReadingTable {
            ReadingTable(
                runtime: "shared", at: Timestamp(milliseconds: 0), demand: [SeriesRef(signal: .activeRuns)],
                runtime: [.missing(missing)], apps: [AppID("a")], app: [[.missing(missing)]], floors: [0: [7]], runtimeFloors: [0: 9])
        }
        #expect(table(.contradictory).floor(nil, 0) == 9 && table(.contradictory).floor(0, 0) == 7)
        for reason in [MissingReason.stale, .partial, .unreachable, .tooLittleData] {
            #expect(table(reason).floor(nil, 0) == nil && table(reason).floor(0, 0) == nil)
        }
    }
}
