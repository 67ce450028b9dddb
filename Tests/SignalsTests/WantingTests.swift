import Model
import Testing

@testable import Signals

/// How much more must be watched until a function over the past has a value.
@Suite struct WantingTests {
    private func minutes(_ busy: Int, zeros: Int = 0) -> MinuteValues {
        MinuteValues(entries: ArraySlice((0..<busy).map { MinuteEntry(minute: Int64($0), value: 5) }), zeros: zeros)
    }

    @Test("a baseline wants thirty minutes in which something happened, behind those that it leaves out")
    func baseline() {
        let window = MinuteWindow(.tokens, end: 2_000, range: .hours(24), exclude: .minutes(5))
        for function in [HistoryFunction.baseline, .mad] {
            #expect(window.wanting(function) { _ in minutes(0) } == .minutes(35))
            #expect(window.wanting(function) { _ in minutes(10) } == .minutes(20))
            #expect(window.wanting(function) { _ in minutes(10, zeros: 500) } == .minutes(20))
            #expect(window.wanting(function) { _ in minutes(30) } == nil)
        }
    }

    @Test("what compares windows wants three of them, and thirty minutes in all")
    func windows() {
        let short = MinuteWindow(.tokens, end: 2_000, range: .hours(26), exclude: .minutes(5))
        // The newest window, then ten minutes in two windows before it.
        #expect(short.wanting(.spike) { $0 <= 2 ? minutes(0, zeros: 5) : minutes(0) } == .minutes(20))
        let long = MinuteWindow(.tokens, end: 2_000, range: .hours(26), exclude: .minutes(60))
        #expect(long.wanting(.spike) { $0 <= 1 ? minutes(0, zeros: 60) : minutes(0) } == .minutes(120))
        #expect(long.wanting(.outgrew) { $0 <= 3 ? minutes(0, zeros: 60) : minutes(0) } == nil)
    }

    @Test("a column says it only of what was not watched for long enough")
    func column() {
        let window = MinuteWindow(.tokens, end: 2_000, range: .hours(24), exclude: .minutes(5))
        let known = HistoryColumn(function: .baseline, window: window, count: 1) { _, _ in minutes(31) }
        let dead = HistoryColumn(function: .baseline, window: window, count: 1) { _, _ in MinuteValues(missing: .deadCounter) }
        let young = HistoryColumn(function: .baseline, window: window, count: 1) { _, _ in minutes(4) }
        #expect(known.wanting(at: 0) == nil && dead.wanting(at: 0) == nil && young.wanting(at: 0) == .minutes(26))
    }

}
