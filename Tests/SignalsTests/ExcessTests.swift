import Model
import Testing

@testable import Signals

/// By how much an app lies above what its usual and the growth of the rest explain.
@Suite("Excess")
struct ExcessTests {
    /// An hour at `usual` of `all` runs, and five minutes at `now` of `full`.
    private static func excess(usual: Double, of all: Double, now: Double, of full: Double) -> Double {
        let end: Int64 = 10_000
        func at(_ minute: Int64, _ before: Double, _ newest: Double) -> Evidence? {
            minute >= end - 5 ? .value(newest) : minute >= end - 65 ? .value(before) : nil
        }
        return HistoryFunction.excess.apply(
            .activeRuns, range: .hours(26), exclude: .minutes(5), at: Timestamp(milliseconds: end * 60_000),
            whole: { at($0, all, full) }, minute: { at($0, usual, now) }
        ).number
    }

    @Test("a usual of less than one run is hardly known, and less so where the rest grew twelvefold")
    func hardlyKnown() {
        #expect(ExcessTests.excess(usual: 0.8, of: 18, now: 25, of: 236) == 0)
    }

    @Test("of hundreds of apps one has five runs by chance: it carries nothing of what is too much, while who has a dozen does")
    func smallByChance() {
        #expect(ExcessTests.excess(usual: 0.05, of: 40, now: 5, of: 357) == 0)
        #expect(ExcessTests.excess(usual: 0.05, of: 40, now: 12, of: 357) > 11)
        // Of a small runtime five are much.
        #expect(ExcessTests.excess(usual: 0.05, of: 4, now: 5, of: 9) > 4)
    }

    @Test("who fills the machine alone carries it all the same")
    func alone() {
        #expect(ExcessTests.excess(usual: 10, of: 90, now: 170, of: 250) > 150)
        #expect(ExcessTests.excess(usual: 0.8, of: 18, now: 90, of: 236) > 70)
    }
}
