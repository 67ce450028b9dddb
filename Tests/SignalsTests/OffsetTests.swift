import Model
import Testing

@testable import Signals

@Suite("What was so long ago")
struct OffsetTests {
    /// (series, of an app, of an idle one whose past nobody knows)
    private static let cases: [(String, Evidence, Evidence)] = [
        ("turns[2m] offset 5m", .value(2), .missing(.tooLittleData)),
        ("open_runs offset 5m", .value(1), .missing(.tooLittleData)),
        ("avg(turns[4m] offset 5m)", .value(1.5), .missing(.tooLittleData)),
        ("max(turns[9m] offset 3m)", .value(4), .missing(.tooLittleData)),
        // Three of four minutes were watched.
        ("turns[4m] offset 6m", .value(2), .missing(.tooLittleData)),
        // One of ten: too few to stand for the window.
        ("turns[10m] offset 8m", .missing(.tooLittleData), .missing(.tooLittleData)),
        ("turns[2m] offset 9m", .missing(.tooLittleData), .missing(.tooLittleData)),
        ("active_runs offset 9m", .missing(.tooLittleData), .missing(.tooLittleData)),
    ]

    /// Nine minutes, with 2, 0, 4, 0, 0, 0, 6, 6, 6 turns.
    private static func fed(_ change: (inout Watched) -> Void = { _ in }) throws -> Watched {
        var (watched, process) = try HistoryTests.prepared(cases.map(\.0))
        change(&watched)
        let turns: [Int64] = [2, 0, 4, 0, 0, 0, 6, 6, 6]
        try HistoryTests.feed(&watched, &process, minutes: 0..<9) { turns[$0] }
        return watched
    }

    @Test("the minutes of then, live and from state that was kept", arguments: [0, 1, 2])
    func values(_ kept: Int) throws {
        var watched = try OffsetTests.fed {
            $0.isForgetful = kept > 0
            if kept == 2 { $0.journal = FakeJournal() }
        }
        let table = try watched.table(OffsetTests.cases.map { series($0.0) }, at: 545)
        let busy = try #require(table.index(of: AppID("a")))
        let idle = try #require(table.index(of: AppID("w")))
        for (slot, (text, app, other)) in OffsetTests.cases.enumerated() {
            #expect(table.app(busy, slot) == app, "\(text)")
            #expect(table.app(idle, slot) == other, "\(text)")
        }
        #expect(table.runtime(0) == .value(2))
        #expect(table.runtime(6) == .missing(.tooLittleData))
        // It says which minutes that were, by the clocks of the place.
        #expect(table.whenRead(0) == "2026-11-21 09:02 to 09:04 UTC")
        #expect(table.placed(in: try #require(Zone(fixed: "+01:00"))).whenRead(1) == "2026-11-21 10:03 to 10:04 UTC+01:00")
    }

    @Test("the minutes that were kept say the same")
    func fromHistory() throws {
        var watched = try OffsetTests.fed()
        let demand = OffsetTests.cases.map { series($0.0) }
        let live = try watched.table(demand, at: 545)
        var past = HistorySignals(runtime: "shared", options: watched.signals.options)
        let rows = watched.signals.drainClosedMinutes()
        for minute in Set(rows.map(\.minute)).sorted() { past.take(rows.filter { $0.minute == minute }) }
        let readings = past.readings(demand: demand)
        let table = try #require(readings)
        let (now, then) = (try #require(live.index(of: AppID("a"))), try #require(table.index(of: AppID("a"))))
        for slot in demand.indices {
            #expect(table.app(then, slot) == live.app(now, slot), "\(demand[slot])")
            #expect(table.runtime(slot) == live.runtime(slot), "\(demand[slot])")
            #expect(table.whenRead(slot) == live.whenRead(slot))
        }
    }

    @Test("why it could not be seen then is no trouble of now")
    func reasons() {
        let window = MinuteWindow(.turns, end: 2_000, range: .minutes(10), exclude: nil, offset: .hours(1))
        #expect(window.ranges(.earlier) == [1_930..<1_940])
        #expect(window.apply(.earlier) { _ in MinuteValues(missing: .unreachable) } == .missing(.tooLittleData))
        #expect(window.apply(.avg) { _ in MinuteValues(missing: .deadCounter) } == .missing(.tooLittleData))
        #expect(window.apply(.earlier) { _ in MinuteValues(zeros: 2, missing: .unreachable) } == .value(0))
        #expect(window.apply(.earlier) { _ in MinuteValues(zeros: 1) } == .missing(.tooLittleData))
        #expect(window.apply(.earlier) { _ in MinuteValues(withoutTraffic: 10) } == .missing(.noTraffic))
    }

    @Test("who comes once a week is still known when it comes again")
    func lifetime() {
        var options = SignalOptions()
        options.retain(for: [series("tokens[1h] offset 7d")])
        #expect(options.ranges == [.tokens: .hours(169)] && options.appLifetime == .hours(169))
        options.retain(for: [series("tokens[1h] offset 1h")])
        #expect(options.ranges == [.tokens: .hours(169)] && options.appLifetime == .hours(169))
        var plain = SignalOptions()
        plain.retain(for: [series("avg(tokens[168h])")])
        #expect(plain.appLifetime == .hours(24))
    }
}
