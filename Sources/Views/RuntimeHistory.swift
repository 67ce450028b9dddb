import Journal
import Model
import Monitor
import Signals

/// A runtime's last hour, minute by minute, for charts.
public struct RuntimeHistory {
    public let runtime: String
    /// One for each of ``signals``; a point for each minute of the time, also those in which nobody looked: those are missing.
    public let series: [EvidenceSeries]

    /// What a person wants to see first.
    public static let signals: [Signal] = [.activeRuns, .errorRate, .turnLatencyP95, .tokens, .cost, .mongodbLatency]

    /// Minutes that a closed one may take to be on disk.
    private static let latest: Int64 = 3

    /// - Parameter now: the minute that is not over yet is left out. Nil: there is no history of that time.
    public init?(_ journal: Journal, runtime: String, now: Timestamp, span: TimeSpan = .hours(1)) throws(JournalError) {
        let minutes = (now - span).minute..<now.minute
        var past = try RecordedHistory(journal, runtime: runtime, minutes: minutes)
        var rows: [Int64: [Evidence]] = [:]
        while let row = try past.next()?.first { if row.app == nil { rows[row.minute] = row.readings } }
        guard let first = rows.keys.min(), let last = rows.keys.max() else { return nil }
        // What lies before the first minute that was ever kept is no gap, nor is a minute that is over and not yet written.
        let end = minutes.upperBound - last <= RuntimeHistory.latest ? last + 1 : minutes.upperBound
        self.runtime = runtime
        series = RuntimeHistory.signals.map { signal in
            EvidenceSeries(
                series: signal.name, unit: signal.unit,
                points: (first..<end).map { minute in
                    let index = Int(signal.rawValue)
                    let readings = rows[minute] ?? []
                    return .init(
                        at: Timestamp(minute: minute),
                        evidence: readings.indices.contains(index) ? readings[index] : .missing(.tooLittleData))
                })
        }
    }
}
