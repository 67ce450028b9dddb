import Testing

@testable import Daemon

/// When cycles begin: few at once, many each at a place of its own; and what comes late.
@Suite struct CycleSlotsTests {
    @Test func oneThatComesLateStandsForAllThatWereMissed() {
        var slots = CycleSlots(now: 0, step: 10, place: 1, of: 2)
        #expect(slots.next(now: 3) == (wait: 7, leftOut: 0))
        #expect(slots.next(now: 12) == (wait: 8, leftOut: 0))
        #expect(slots.next(now: 35) == (wait: 0, leftOut: 0), "late, and none is left out")
        #expect(slots.next(now: 70) == (wait: 0, leftOut: 2))
        #expect(slots.next(now: 71) == (wait: 9, leftOut: 0))
    }

    @Test func ofHundredsSomeComeTogether() {
        let waits = (0..<500).map { place in
            var slots = CycleSlots(now: 0, step: 1_000, place: place, of: 500)
            return slots.next(now: 0).wait % 1_000
        }
        let counts = Dictionary(waits.map { ($0, 1) }, uniquingKeysWith: +)
        #expect(counts.count == 20 && counts.values.allSatisfy { $0 == 25 })
    }

    @Test func ofManyEachHasAPlaceOfItsOwn() {
        let waits = (0..<20).map { place in
            var slots = CycleSlots(now: 0, step: 1_000, place: place, of: 20)
            return slots.next(now: 0).wait
        }
        #expect(Set(waits.map { $0 % 1_000 }) == Set((0..<20).map { UInt64($0) * 50 }))
        #expect(waits.allSatisfy { (500...1_500).contains($0) })
    }

    @Test func ofManyEachKeepsItsPlaceAfterAStall() {
        var slots = CycleSlots(now: 0, step: 1_000, place: 11, of: 20)
        #expect(slots.next(now: 10) == (wait: 540, leftOut: 0))
        #expect(slots.next(now: 4_000) == (wait: 0, leftOut: 2))
        #expect(slots.next(now: 4_010) == (wait: 540, leftOut: 0))
    }
}
