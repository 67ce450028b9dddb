import Ambient
import Cycle
import Glibc
import Journal
import Model
import Signals

/// What the core measures of itself.
extension Core {
    /// How often the outbox is counted: it reads all of its rows.
    private static let countInterval = TimeSpan.seconds(30)

    /// Runs `body` and hands on how long it took, in seconds.
    func timed<R>(_ body: () -> R, _ note: (Instruments, Double, R) -> Void) -> R {
        guard let instruments else { return body() }
        let start = clock.monotonicNanoseconds()
        let result = body()
        note(instruments, instruments.seconds(since: start), result)
        return result
    }

    /// A cycle is over.
    func noteCycle(_ runtime: String, at now: Timestamp, _ report: CycleReport?, isSaved: Bool) {
        guard let instruments else { return }
        countOutbox(instruments)
        instruments.cycled(
            runtime, at: now, report: report, perfInterval: pipeline.signals[runtime]?.effectiveInterval(of: .perf),
            pollInterval: pipeline.settings.interval, incidents: openIncidents, leases: pipeline.guardState.leases,
            revertsDue: progress.revertsDue,
            areActionsStopped: isStopped, journalSizes: journalSizes, isSaved: isSaved)
    }

    private func countOutbox(_ instruments: Instruments) {
        let now = clock.monotonicNanoseconds()
        if let last = outboxCounted, now &- last < UInt64(Core.countInterval.milliseconds) * 1_000_000 { return }
        outboxCounted = now
        guard let counts = try? journal?.outboxCounts() else { return }
        instruments.counted(outbox: (counts.pending, counts.oldestPending, counts.dead))
    }

    /// Of the files that are there.
    private var journalSizes: [(file: String, bytes: Int64)] { (journal?.sizes() ?? []).map { ($0.part, $0.bytes) } }
}
