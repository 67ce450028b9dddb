import Glibc
import JSONParsing
import Journal
import Model
import Signals
import TestKit
import Testing
import Views

import struct Journal.MinuteRow

@testable import Cycle
@testable import Web

/// What an app used this month: a sum of what was seen, that says of how much of the time it is.
@Suite("The month")
struct MonthTests {
    private static let begins = Timestamp(rfc3339: "2026-11-01T00:00:00Z")!.minute  // A literal.
    private static let price = TokenPrice(promptPerMillion: 3, completionPerMillion: 15)

    /// A minute in which each app used so many thousand prompt tokens; nil: nothing is known of chats.
    static func minute(
        _ minute: Int64, _ apps: [(String, Double)]?, tokens: Evidence = .value(1), of runtime: String = "shared"
    ) -> MinuteRow {
        var readings = Signal.allCases.map { _ in Evidence.missing(.notTracked) }
        readings[Int(Signal.tokens.rawValue)] = apps == nil ? .missing(.unreachable) : tokens
        readings[Int(Signal.cost.rawValue)] = apps == nil ? .missing(.unreachable) : tokens
        readings[Int(Signal.runStarts.rawValue)] = apps == nil ? .missing(.unreachable) : .value(1)
        // The counter of tokens moves, that of cost never did.
        let live = UInt8(1) << Counter.tokens.rawValue
        let whole = RecordedHistory.Row(
            minute: minute, app: nil, readings: readings, chatsMissing: apps == nil ? .unreachable : nil, liveCounters: live, watched: 1)
        let rows = (apps ?? []).map { app, thousands -> RecordedHistory.Row in
            var row = RecordedHistory.Row(minute: minute, app: AppID(app))
            row.sums.promptTokens = thousands * 1_000
            row.sums.starts = 1
            return row
        }
        return MinuteRow(runtime: runtime, minute: minute, bytes: MinuteBlob.encode([whole] + rows))
    }

    private func ledger(_ world: World, now: Int64) throws -> MonthLedger {
        var ledger = MonthLedger(runtime: "shared", begins: Timestamp(minute: Self.begins))
        try ledger.add(world.engine, now: Timestamp(minute: now), price: Self.price)
        return ledger
    }

    @Test("each minute is added once, however often one looks; the last of the month before is not of it")
    func sums() throws {
        let world = try World()
        let begins = Self.begins
        try world.engine.commitTick(
            TickRecord(minutes: [
                Self.minute(begins - 1, [("a", 100)]), Self.minute(begins, [("a", 2), ("b", 6)]), Self.minute(begins + 1, nil),
                Self.minute(begins + 2, [("a", 1)]),
            ]))
        var ledger = try ledger(world, now: begins + 4)
        for _ in 0..<3 { try ledger.add(world.engine, now: Timestamp(minute: begins + 4), price: Self.price) }
        let (a, b, whole) = (ledger.month(of: AppID("a")), ledger.month(of: AppID("b")), ledger.whole)
        #expect(a.tokens.value == .value(3_000) && b.tokens.value == .value(6_000) && whole.tokens.value == .value(9_000))
        // By the price: 3 USD for a million.
        #expect(a.cost.value.value.map { abs($0 - 0.009) < 1e-9 } == true, "\(a.cost)")
        #expect(a.runs.value == .value(2) && a.tokens.minutes == 2 && a.isWhole && a.kept == Timestamp(minute: begins))
        #expect(ledger.month(of: AppID("idle")).tokens.value == .value(0), "nobody saw it run while somebody looked")
        try world.engine.commitTick(TickRecord(minutes: [Self.minute(begins + 4, [("a", 5)])]))
        try ledger.add(world.engine, now: Timestamp(minute: begins + 6), price: Self.price)
        #expect(ledger.month(of: AppID("a")).tokens.value == .value(8_000))
    }

    @Test("what never moves, and what nobody saw, has no sum")
    func missing() throws {
        let world = try World()
        let none = try ledger(world, now: Self.begins + 60).whole.tokens
        #expect(none.value == .missing(.tooLittleData) && none.minutes == 0)
        try world.engine.commitTick(TickRecord(minutes: [Self.minute(Self.begins, [("a", 2)], tokens: .missing(.deadCounter))]))
        let month = try ledger(world, now: Self.begins + 60).month(of: AppID("a"))
        #expect(month.tokens.value == .missing(.deadCounter) && month.cost.value == .missing(.deadCounter) && month.runs.value == .value(1))
        #expect(month.document["tokens"]?["value"] == nil && month.document["tokens"]?["missing"]?.string == "dead_counter")
    }

    @Test(
        "a month begins by the reader's clocks",
        arguments: [
            ("UTC", "2026-11-21T09:00:00Z", "2026-11-01T00:00:00Z"), ("+02:00", "2026-11-21T09:00:00Z", "2026-10-31T22:00:00Z"),
            ("-05:00", "2026-12-01T03:00:00Z", "2026-11-01T05:00:00Z"), ("+14", "2026-12-31T12:00:00Z", "2026-12-31T10:00:00Z"),
        ])
    func begins(zone: String, now: String, first: String) throws {
        let zone = try #require(Zone(fixed: zone))
        #expect(zone.monthBegins(try #require(Timestamp(rfc3339: now))) == Timestamp(rfc3339: first))
    }

    @Test("what open runs are of: those with the most, and how many are left; what is over does not count")
    func weights() throws {
        func chat(_ app: String, _ user: Int?, ended: Bool = false) -> JSON {
            [
                "chat_id": "c", "app_id": .string(app), "user_id": user.map { .string("user-\($0)") } ?? .null, "workflow_name": "Support",
                "ended_at": ended ? "2026-11-21T08:00:00Z" : .null,
            ]
        }
        let chats = (0..<9).map { chat("a", min($0, 6)) } + [chat("a", 1, ended: true), chat("b", nil), chat("c", 1, ended: true)]
        let body = Body((["chats": .array(chats)] as JSON).serializedBytes())
        let weights = try #require(AppWeights([body], at: World.start))
        let a = try #require(weights.app(AppID("a")))
        #expect(a.openRuns == 9 && a.users.first == .init(name: "user-6", runs: 3) && a.users.count == 5 && a.otherUsers == 2)
        #expect(a.workflows == [.init(name: "Support", runs: 9)] && weights.app(AppID("b"))?.users == [])
        #expect(weights.app(AppID("c")) == nil && weights.isWhole && weights.count == 2)
        #expect(AppWeights([Body(Array("{".utf8))], at: World.start) == nil)
        let world = try World()
        try world.commit([], states: [weights.row("shared")])
        #expect(AppWeights("shared", in: world.engine) == weights && AppWeights("other", in: world.engine) == nil)
    }
}
