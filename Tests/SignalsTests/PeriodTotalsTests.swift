import Model
import Testing

@testable import Signals

@Suite("What the day and the month brought so far")
struct PeriodTotalsTests {
    /// A zone in which the day began so many minutes after the process' start, which is at nine by UTC.
    private static func zone(midnight minute: Int) -> Zone {
        Zone(name: "there", first: -(9 * 3_600 + minute * 60))
    }

    /// Nine minutes with 2, 0, 4, 0, 0, 0, 6, 6, 6 turns; nil: nobody looked.
    private static func fed(
        _ demand: [String], _ zone: Zone, without gap: Range<Int> = 0..<0, _ change: (inout Watched) -> Void = { _ in }
    ) throws -> Watched {
        var (watched, process) = try HistoryTests.prepared(demand)
        watched.signals.options.zone = zone
        change(&watched)
        let turns: [Int64] = [2, 0, 4, 0, 0, 0, 6, 6, 6]
        try HistoryTests.feed(&watched, &process, minutes: 0..<9) { gap.contains($0) ? nil : turns[$0] }
        return watched
    }

    private static let demand = ["turns[today]", "turns[this_month]", "runtime.turns[today]"]

    @Test("from midnight on by the clocks of the zone; a month that began unseen is so much at the least", arguments: [0, 1, 2])
    func sums(_ kept: Int) throws {
        var watched = try PeriodTotalsTests.fed(PeriodTotalsTests.demand, PeriodTotalsTests.zone(midnight: 0)) {
            $0.isForgetful = kept > 0
            if kept == 2 { $0.journal = FakeJournal() }
        }
        let table = try watched.table(PeriodTotalsTests.demand.map(series), at: 545)
        let busy = try #require(table.index(of: AppID("a")))
        let idle = try #require(table.index(of: AppID("w")))
        #expect(table.app(busy, 0) == .value(24) && table.runtime(0) == .value(24) && table.app(busy, 2) == .value(24))
        #expect(table.app(idle, 0) == .value(0))
        #expect(table.floor(busy, 0) == nil && table.floor(nil, 0) == nil)
        for row in [busy, nil] {
            #expect((row.map { table.app($0, 1) } ?? table.runtime(1)) == .missing(.tooLittleData))
            #expect(table.floor(row, 1) == 24)
        }
        #expect(table.floor(idle, 1) == 0)
    }

    @Test("at midnight it begins anew; until a minute of the new day is over nothing is known of it")
    func midnight() throws {
        var (watched, process) = try HistoryTests.prepared(["turns[today]"])
        watched.signals.options.zone = PeriodTotalsTests.zone(midnight: 5)
        let turns: [Int64] = [2, 0, 4, 0, 0, 9, 6, 6, 6]
        try HistoryTests.feed(&watched, &process, minutes: 0..<5) { turns[$0] }
        var table = try watched.table([series("turns[today]")], at: 300)
        #expect(table.runtime(0) == .missing(.tooLittleData) && table.floor(nil, 0) == nil)
        try HistoryTests.feed(&watched, &process, minutes: 5..<9) { turns[$0] }
        table = try watched.table([series("turns[today]")], at: 545)
        #expect(table.runtime(0) == .value(27) && table.floor(nil, 0) == nil)
    }

    @Test("where nobody looked for a while it is so much at the least")
    func gap() throws {
        var watched = try PeriodTotalsTests.fed(["turns[today]"], PeriodTotalsTests.zone(midnight: 0), without: 3..<6)
        let table = try watched.table([series("turns[today]")], at: 545)
        let busy = try #require(table.index(of: AppID("a")))
        #expect(table.app(busy, 0) == .missing(.tooLittleData))
        let least = try #require(table.floor(busy, 0))
        #expect(abs(least - 24) < 0.01)
        #expect(table.floor(nil, 0) == least)
    }

    @Test("the minutes that were kept say the same")
    func fromHistory() throws {
        let demand = PeriodTotalsTests.demand.map(series)
        var watched = try PeriodTotalsTests.fed(PeriodTotalsTests.demand, PeriodTotalsTests.zone(midnight: 0))
        let live = try watched.table(demand, at: 545)
        var past = HistorySignals(runtime: "shared", options: watched.signals.options)
        let rows = watched.signals.drainClosedMinutes()
        for minute in Set(rows.map(\.minute)).sorted() { past.take(rows.filter { $0.minute == minute }) }
        let readings = past.readings(demand: demand)
        let table = try #require(readings)
        let (now, then) = (try #require(live.index(of: AppID("a"))), try #require(table.index(of: AppID("a"))))
        for slot in demand.indices {
            #expect(table.app(then, slot) == live.app(now, slot) && table.floor(then, slot) == live.floor(now, slot))
            #expect(table.runtime(slot) == live.runtime(slot) && table.floor(nil, slot) == live.floor(nil, slot))
        }
    }

    // MARK: - Minute by minute

    private static var options: SignalOptions {
        var options = SignalOptions()
        options.retain(for: [series("cost[today]"), series("gate_starts[today]")])
        return options
    }

    private static func rows(_ minute: Int64, cost: [String: Double], _ reading: Evidence = .value(60), watched: Double = 1) -> [MinuteRow]
    {
        var readings = Signal.allCases.map { _ in Evidence.missing(.notTracked) }
        readings[Int(Signal.cost.rawValue)] = reading
        var whole = MinuteRow(minute: minute, app: nil, readings: readings, watched: watched)
        whole.sums.cost = cost.values.reduce(0, +)
        return [whole]
            + cost.keys.sorted().map { name in
                var row = MinuteRow(minute: minute, app: AppID(name))
                row.sums.cost = cost[name] ?? 0
                return row
            }
    }

    private static func added(_ minutes: [[MinuteRow]]) -> PeriodTotals {
        var totals = PeriodTotals()
        let rules = CounterRules(alive: .max, dead: 0, price: nil)
        for minute in minutes { totals.add(minute, rules, options) }
        return totals
    }

    private static func figure(_ totals: PeriodTotals, minute: Int64) -> PeriodTotals.Figure {
        totals.figure(.cost, .today, at: Timestamp(minute: minute), zone: .utc, apps: [AppID("a"), AppID("b")])
    }

    @Test("spend comes to dollars, and who is not seen for a while keeps what it used")
    func dollars() {
        let totals = PeriodTotalsTests.added([
            PeriodTotalsTests.rows(0, cost: ["a": 1.5, "b": 0.25]), PeriodTotalsTests.rows(1, cost: [:]),
            PeriodTotalsTests.rows(2, cost: ["b": 0.5]),
        ])
        let figure = PeriodTotalsTests.figure(totals, minute: 3)
        #expect(figure.runtime == .value(2.25) && figure.apps == [.value(1.5), .value(0.75)] && figure.floors == nil)
        #expect(totals.figure(.cost, .today, at: Timestamp(minute: 3), zone: .utc, apps: []).apps.isEmpty)
        // The next day nothing is known of it yet, and what nobody asked for is not there.
        #expect(PeriodTotalsTests.figure(totals, minute: 1_440).runtime == .missing(.tooLittleData))
        #expect(
            totals.figure(.tokens, .today, at: Timestamp(minute: 3), zone: .utc, apps: []).runtime == .missing(.tooLittleData))
    }

    @Test("of a minute that was watched in part, or not known, the rest is not known; the newest says why")
    func parts() {
        var minutes = [PeriodTotalsTests.rows(0, cost: ["a": 1]), PeriodTotalsTests.rows(1, cost: ["a": 1], watched: 0.5)]
        var figure = PeriodTotalsTests.figure(PeriodTotalsTests.added(minutes), minute: 2)
        #expect(figure.runtime == .missing(.tooLittleData) && figure.floors?.runtime == 2 && figure.floors?.apps == [2, 0])
        minutes.append(PeriodTotalsTests.rows(2, cost: ["a": 9], .missing(.deadCounter)))
        figure = PeriodTotalsTests.figure(PeriodTotalsTests.added(minutes), minute: 3)
        #expect(figure.apps == [.missing(.deadCounter), .missing(.deadCounter)] && figure.floors?.runtime == 2)
        minutes.append(PeriodTotalsTests.rows(3, cost: ["a": 1]))
        figure = PeriodTotalsTests.figure(PeriodTotalsTests.added(minutes), minute: 4)
        #expect(figure.runtime == .missing(.tooLittleData) && figure.floors?.runtime == 3)
        // A day that begins while it is watched is whole again.
        minutes += [PeriodTotalsTests.rows(1_440, cost: ["b": 1])]
        figure = PeriodTotalsTests.figure(PeriodTotalsTests.added(minutes), minute: 1_441)
        #expect(figure.apps == [.value(0), .value(1)] && figure.floors == nil)
    }

    @Test("it is kept, and what the journal knows better is taken from there")
    func kept() throws {
        let totals = PeriodTotalsTests.added([
            PeriodTotalsTests.rows(0, cost: ["a": 1, "b": 2]), PeriodTotalsTests.rows(1, cost: ["a": 1]),
        ])
        var writer = StateWriter()
        totals.encode(to: &writer)
        var reader = StateReader(writer.bytes)
        let read = try PeriodTotals(from: &reader)
        #expect(reader.isAtEnd && read.totals == totals.totals)
        for place in writer.bytes.indices {
            for change: UInt8 in [1, 0x80, 0xFF] {
                var damaged = writer.bytes
                damaged[place] ^= change
                var reader = StateReader(damaged)
                _ = try? PeriodTotals(from: &reader)
            }
        }
        let late = PeriodTotalsTests.added([PeriodTotalsTests.rows(1, cost: ["a": 1])])
        var first = late
        first.adopt(totals)
        #expect(first.totals == totals.totals)
        var second = totals
        second.adopt(late)
        #expect(second.totals == totals.totals)
    }

    @Test("apps stay known as long as what they used counts")
    func lifetime() {
        #expect(PeriodTotalsTests.options.appLifetime == .hours(25) && PeriodTotalsTests.options.ranges[.cost] == .hours(25))
        var month = SignalOptions()
        month.retain(for: [series("cost[this_month]")])
        #expect(month.appLifetime == .hours(768) && month.totals.map(\.period) == [.thisMonth])
    }
}
