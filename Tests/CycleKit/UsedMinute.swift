import Model
import Signals

/// A minute of a runtime's history in which apps used tokens.
package enum UsedMinute {
    /// Its rows, the runtime's first.
    /// - Parameter apps: with how many thousand prompt tokens each used; nil: nothing is known of chats.
    package static func rows(_ minute: Int64, _ apps: [(String, Double)]?, tokens: Evidence = .value(1)) -> [MinuteRow] {
        var readings = Signal.allCases.map { _ in Evidence.missing(.notTracked) }
        readings[Int(Signal.tokens.rawValue)] = apps == nil ? .missing(.unreachable) : tokens
        readings[Int(Signal.cost.rawValue)] = apps == nil ? .missing(.unreachable) : tokens
        readings[Int(Signal.runStarts.rawValue)] = apps == nil ? .missing(.unreachable) : .value(1)
        // The counter of tokens moves, that of cost never did.
        let live = UInt8(1) << Counter.tokens.rawValue
        let whole = MinuteRow(
            minute: minute, app: nil, readings: readings, chatsMissing: apps == nil ? .unreachable : nil, liveCounters: live, watched: 1)
        return [whole]
            + (apps ?? []).map { app, thousands in
                var row = MinuteRow(minute: minute, app: AppID(app))
                row.sums.promptTokens = thousands * 1_000
                row.sums.starts = 1
                return row
            }
    }
}
