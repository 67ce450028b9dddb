import Cycle
import Journal
import Model
import Signals

/// A stretch of a runtime's past, minute by minute, as documents and terminals show it.
public struct RuntimeHistory {
    public let runtime: String
    /// One for each of ``signals``; a point for each minute of the time, also those in which nobody looked: those are missing.
    public let series: [EvidenceSeries]

    /// What a person wants to see first.
    public static let signals: [Signal] = [.activeRuns, .errorRate, .turnLatencyP95, .tokens, .cost, .mongodbLatency]

    /// The same of any kind of thing that is watched.
    public static func signals(of kind: WatchedKind) -> [Signal] {
        switch kind {
        case .runtime: signals
        case .host: [.cpu, .memory, .diskFree, .load]
        case .service: [.up, .latency]
        }
    }

    /// Minutes that a closed one may take to be on disk.
    private static let latest: Int64 = 3

    /// Nil: there is no history of that time.
    /// - Parameters:
    ///   - until: the end of it; nil: now.
    ///   - now: the minute that is not over yet is left out.
    public init?(
        _ journal: Journal, runtime: String, _ signals: [Signal] = signals, now: Timestamp, until: Timestamp? = nil,
        span: TimeSpan = .hours(1)
    ) throws(JournalError) {
        let end = min(until ?? now, now)
        let minutes = (end - span).minute..<end.minute
        var past = try RecordedHistory(journal, runtime: runtime, minutes: minutes)
        var rows: [Int64: [Evidence]] = [:]
        while let row = try past.next()?.first { if row.app == nil { rows[row.minute] = signals.map(row.seen) } }
        guard let first = rows.keys.min(), let last = rows.keys.max() else { return nil }
        // What lies before the first minute that was ever kept is no gap, nor is a minute that is over and not yet written.
        let behind = now.minute - last <= RuntimeHistory.latest ? last + 1 : minutes.upperBound
        self.runtime = runtime
        series = signals.enumerated().map { index, signal in
            EvidenceSeries(
                series: signal.name, unit: signal.unit,
                points: (first..<min(behind, minutes.upperBound)).map { minute in
                    .init(at: Timestamp(minute: minute), evidence: rows[minute]?[index] ?? .missing(.tooLittleData))
                })
        }
    }
}
