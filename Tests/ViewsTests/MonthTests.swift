import CycleKit
import Journal
import Model
import Signals
import Testing

import struct Journal.MinuteRow

@testable import Cycle
@testable import Views

/// What an app used this month: a sum of what was seen, that says of how much of the time it is.
@Suite("The month")
struct MonthTests {
    private static let begins = Timestamp(rfc3339: "2026-11-01T00:00:00Z")!.minute  // A literal.
    private static let price = TokenPrice(promptPerMillion: 3, completionPerMillion: 15)

    private static func minute(_ minute: Int64, _ apps: [(String, Double)]?, tokens: Evidence = .value(1)) -> MinuteRow {
        MinuteRow(runtime: "shared", minute: minute, bytes: MinuteBlob.encode(UsedMinute.rows(minute, apps, tokens: tokens)))
    }

    private func ledger(_ kept: Kept, now: Int64) throws -> MonthLedger {
        var ledger = MonthLedger(runtime: "shared", begins: Timestamp(minute: Self.begins))
        try ledger.add(kept.journal, now: Timestamp(minute: now), price: Self.price)
        return ledger
    }

    @Test("each minute is added once, however often one looks; the last of the month before is not of it")
    func sums() throws {
        let kept = try Kept()
        let begins = Self.begins
        try kept.journal.commitTick(
            TickRecord(minutes: [
                Self.minute(begins - 1, [("a", 100)]), Self.minute(begins, [("a", 2), ("b", 6)]), Self.minute(begins + 1, nil),
                Self.minute(begins + 2, [("a", 1)]),
            ]))
        var ledger = try ledger(kept, now: begins + 4)
        for _ in 0..<3 { try ledger.add(kept.journal, now: Timestamp(minute: begins + 4), price: Self.price) }
        let (a, b, whole) = (ledger.month(of: AppID("a")), ledger.month(of: AppID("b")), ledger.whole)
        #expect(a.tokens.value == .value(3_000) && b.tokens.value == .value(6_000) && whole.tokens.value == .value(9_000))
        // By the price: 3 USD for a million.
        #expect(a.cost.value.value.map { abs($0 - 0.009) < 1e-9 } == true, "\(a.cost)")
        #expect(a.runs.value == .value(2) && a.tokens.minutes == 2 && a.isWhole && a.kept == Timestamp(minute: begins))
        #expect(ledger.month(of: AppID("idle")).tokens.value == .value(0), "nobody saw it run while somebody looked")
        try kept.journal.commitTick(TickRecord(minutes: [Self.minute(begins + 4, [("a", 5)])]))
        try ledger.add(kept.journal, now: Timestamp(minute: begins + 6), price: Self.price)
        #expect(ledger.month(of: AppID("a")).tokens.value == .value(8_000))
    }

    @Test("what never moves, and what nobody saw, has no sum")
    func missing() throws {
        let kept = try Kept()
        let none = try ledger(kept, now: Self.begins + 60).whole.tokens
        #expect(none.value == .missing(.tooLittleData) && none.minutes == 0)
        try kept.journal.commitTick(TickRecord(minutes: [Self.minute(Self.begins, [("a", 2)], tokens: .missing(.deadCounter))]))
        let month = try ledger(kept, now: Self.begins + 60).month(of: AppID("a"))
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
}
