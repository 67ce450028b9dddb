import Model
import Testing

@testable import Signals

/// The parts of the past that functions compare.
struct WindowPartsTests {
    @Test("the newest window, those before it, then the hours of earlier days, as far as the range holds them")
    func parts() {
        let window = MinuteWindow(.tokens, end: 10_000, range: .hours(50), exclude: .minutes(60))
        let ranges = window.ranges(.spike)
        #expect(ranges.count == 1 + 49 + 2 && window.partCount(.spike) == ranges.count)
        #expect(ranges[0] == 9_940..<10_000 && ranges[1] == 9_880..<9_940 && ranges[49] == 7_000..<7_060)
        #expect(ranges[50] == 8_470..<8_590 && ranges[51] == 7_030..<7_150)
        let runs = MinuteWindow(.activeRuns, end: 10_000, range: .hours(26), exclude: .minutes(5)).ranges(.excess)
        #expect(runs.count == 1 + 311 + 1)
        #expect(runs[312] == 8_440..<8_740, "of the wider margin as much as the range holds")
        #expect(MinuteWindow(.tokens, end: 10_000, range: .hours(1), exclude: .minutes(120)).ranges(.spike) == [9_880..<10_000])
    }

    /// A history in which app 0 does one thing and app 1 another, from the minute 5,000 on.
    private static func history(_ minutes: Int) -> MinuteHistory {
        var history = MinuteHistory()
        history.begin(at: 5_000 * 60_000)
        let options: SignalOptions = {
            var options = SignalOptions()
            options.retain(for: [SeriesRef(signal: .tokens, window: nil, function: .spike, range: .hours(26), exclude: .minutes(5))])
            return options
        }()
        for minute in 0..<minutes {
            var whole = MinuteRow(minute: 5_000 + Int64(minute), app: nil)
            whole.liveCounters = 0xFF
            whole.watched = 1
            let rows = [0, 1].map { slot in
                var row = MinuteRow(minute: whole.minute, app: AppID("app-\(slot)"))
                row.sums.promptTokens = Double(slot == 0 ? 100 + minute % 7 : minute % 3 * 50)
                whole.sums.promptTokens += row.sums.promptTokens
                return row
            }
            whole.readings = Signal.allCases.map { $0 == .tokens ? .value(whole.sums.promptTokens) : .missing(.notTracked) }
            history.add([whole] + rows, slots: [0, 1], options)
        }
        return history
    }

    @Test("what lies before all that is remembered is not read, and changes nothing", arguments: [1, 4, 31, 200, 1_500])
    func known(minutes: Int) {
        let history = Self.history(minutes)
        let ref = SeriesRef(signal: .tokens, window: nil, function: .spike, range: .hours(26), exclude: .minutes(5))
        for function in [HistoryFunction.spike, .outgrew, .excess] {
            let column = history.column(ref, function, .hours(26), order: [0, 1])
            let end = Timestamp(minute: 5_000 + Int64(minutes))
            func said(_ value: @escaping (Int) -> Double, of whole: ((Int) -> Double)?) -> Evidence {
                func read(_ value: @escaping (Int) -> Double) -> (Int64) -> Evidence? {
                    { minute in minute < 5_000 ? nil : .value(value(Int(minute) - 5_000)) }
                }
                return function.apply(
                    .tokens, range: .hours(26), exclude: .minutes(5), at: end, whole: whole.map(read), minute: read(value))
            }
            let first: (Int) -> Double = { Double(100 + $0 % 7) }
            let second: (Int) -> Double = { Double($0 % 3 * 50) }
            let both: (Int) -> Double = { first($0) + second($0) }
            #expect(column.value(at: 0) == said(first, of: both), "\(function)")
            #expect(column.value(at: 1) == said(second, of: both), "\(function)")
            #expect(column.value(at: 2) == said(both, of: nil), "\(function)")
        }
    }
}
