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

    /// So many cycles of a runtime were due and are left out, since the one before took longer; 0: it keeps up again.
    func leftOut(_ cycles: Int, of runtime: String) {
        instruments?.leftOut(cycles, of: runtime)
        if cycles > 0, saidBehind.insert(runtime).inserted {
            logger.warning(
                "polls take longer than the interval: cycles are left out",
                [
                    "runtime": .text(runtime), "left_out": .integer(Int64(cycles)), "interval": .text("\(pipeline.settings.interval)"),
                    "metric": .text("mozaiks_ops_cycles_left_out_total"),
                ])
        } else if cycles == 0, saidBehind.remove(runtime) != nil {
            logger.info("polls keep up with the interval again", ["runtime": .text(runtime)])
        }
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
