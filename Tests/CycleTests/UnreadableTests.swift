import Model
import Testing
@testable import Cycle

@Suite struct UnreadableTests {
    static func at(_ minute: Int64) -> Timestamp { Timestamp(minute: 1_000 + minute) }

    @Test("a stretch begins where an endpoint could not be read first and ends where it was read again")
    func stretch() {
        var stretches = UnreadableStretches()
        for minute in 0..<20 {
            let isBad = (5..<12).contains(minute)
            stretches.note(
                "shared", at: UnreadableTests.at(Int64(minute)),
                [
                    (.perf, isBad ? .error(status: 502) : nil), (.health, minute == 7 ? .unreachable : nil), (.events, nil),
                ])
        }
        let all = stretches.all(ofAtLeast: .minutes(2))
        #expect(all.map(\.endpoint) == [.perf])
        #expect(all.first?.from == UnreadableTests.at(5) && all.first?.to == UnreadableTests.at(12))
        #expect(all.first?.reason == .error(status: 502))
    }

    @Test("what was never there is not lacking, and what is not counted is no loss")
    func neverThere() {
        var stretches = UnreadableStretches()
        for minute in 0..<20 {
            stretches.note(
                "shared", at: UnreadableTests.at(Int64(minute)),
                [
                    (.health, .error(status: 404)), (.events, .notTracked), (.perf, minute < 5 ? nil : .error(status: 404)),
                ])
        }
        let all = stretches.all(ofAtLeast: .minutes(2))
        // One that goes on ends where it was last seen.
        #expect(all.map(\.endpoint) == [.perf] && all.first?.to == UnreadableTests.at(19))
    }
}
