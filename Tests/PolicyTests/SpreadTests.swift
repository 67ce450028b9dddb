import Model
import Testing

@testable import Policy

/// What can be said of a condition on many rows without a look at any of them.
@Suite struct SpreadTests {
    /// Whether the condition can hold, by what its readings are over these rows.
    private func canHold(_ condition: CompiledCondition, _ rows: [FixedReadings]) -> Bool {
        condition.canHold { slot in
            var spread = Spread()
            for row in rows where !spread.add(row.reading(slot)) { return .anything }
            return spread
        }
    }

    private func rows(_ condition: CompiledCondition, _ readings: [Evidence]) -> [FixedReadings] {
        readings.map { FixedReadings(condition, ["active_runs": $0]) }
    }

    @Test(arguments: [
        ("active_runs > 9", false), ("active_runs >= 9", true), ("active_runs < 2", false), ("active_runs <= 2", true),
        ("active_runs == 1", false), ("active_runs == 5", true), ("active_runs != 5", true), ("not active_runs > 1", false),
        ("not active_runs > 2", true), ("2 * active_runs > 18", false), ("2 * active_runs + 1 > 18", true),
        ("active_runs - 3 < -1", false), ("18 / active_runs > 9", false), ("18 / active_runs >= 9", true),
        ("1 / (active_runs - 5) > 100", true), ("active_runs > 3 and active_runs > 9", false),
        ("active_runs > 9 or active_runs > 3", true), ("missing(active_runs)", false), ("not missing(active_runs)", true),
        ("missing(active_runs, stale)", false), ("open_runs > 0", false), ("missing(open_runs)", true),
        ("not missing(open_runs)", false), ("open_runs > 0 or active_runs > 8", true), ("label(tier) == 'a'", true),
        ("hour() > 20 and active_runs > 1", true),
    ]) func boundsSay(_ text: String, can: Bool) throws {
        let condition = try Compiling.compile(text).get()
        // `open_runs` is missing everywhere.
        #expect(canHold(condition, rows(condition, [.value(2), .value(9), .value(5)])) == can)
    }

    @Test func whatIsMissingOfSomeOrNoNumberIsKept() throws {
        let condition = try Compiling.compile("missing(active_runs, stale) or active_runs > 3").get()
        #expect(canHold(condition, rows(condition, [.value(1), .missing(.stale)])))
        #expect(!canHold(condition, rows(condition, [.value(1), .value(3)])))
        #expect(!canHold(condition, []))
        let differs = try Compiling.compile("active_runs != 4").get()
        #expect(!canHold(differs, rows(differs, [.value(4), .value(4)])))
        #expect(canHold(differs, rows(differs, [.value(4), .value(.nan)])), "no number differs from every number")
        let below = try Compiling.compile("not active_runs >= open_runs").get()
        #expect(
            canHold(below, [FixedReadings(below, ["active_runs": .value(.infinity), "open_runs": .value(.nan)])]), "nor is it below it")
        // Nothing of two infinities is a number, and then it is missing.
        let gap = try Compiling.compile("missing(active_runs) or active_runs - active_runs > 3").get()
        #expect(canHold(gap, rows(gap, [.value(.infinity)])))
    }

    /// Whatever the condition and the rows: where one holds, it was said that one can.
    @Test func noRowIsEverLeftOut() throws {
        var dice = Dice(20_261_130)
        var (held, excluded) = (0, 0)
        for round in 0..<3_000 {
            let text = dice.truth(4)
            let condition = try Compiling.compile(text).get()
            let rows = (0..<1 + dice.roll(4)).map { _ in
                FixedReadings(
                    condition,
                    ["active_runs": dice.evidence(), "open_runs": dice.evidence(), "max(active_runs[10m])": dice.evidence()])
            }
            let can = canHold(condition, rows)
            let holds = rows.contains { condition.evaluate($0) == .yes }
            if holds { held += 1 }
            if !can { excluded += 1 }
            #expect(can || !holds, "round \(round): \(text)")
        }
        #expect(held > 200 && excluded > 50, "\(held) held, \(excluded) excluded")
    }
}
