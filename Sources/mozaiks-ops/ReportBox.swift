import Model
import Monitor
import Signals
import Synchronization

/// Collects the reports of cycles, the newest of each runtime, in the order of the runtimes' first.
final class ReportBox: Sendable {
    private let reports = Mutex<[CycleReport]>([])

    func add(_ report: CycleReport) {
        reports.withLock { reports in
            if let index = reports.firstIndex(where: { $0.summary.runtime == report.summary.runtime }) {
                reports[index] = report
            } else {
                reports.append(report)
            }
        }
    }

    var all: [CycleReport] { reports.withLock { $0.sorted { $0.summary.runtime < $1.summary.runtime } } }
}

/// What each runtime showed last, without the readings, of which there may be many.
final class SightBox: Sendable {
    private let sights = Mutex<[String: (summary: RuntimeSummary, at: Timestamp)]>([:])

    func add(_ report: CycleReport) {
        sights.withLock { $0[report.summary.runtime] = (report.summary, report.result.now) }
    }

    /// By name of the runtime, with the newest moment.
    var all: (summaries: [RuntimeSummary], at: Timestamp?) {
        sights.withLock { sights in (sights.inByteOrder(of: \.key).map(\.value.summary), sights.values.map(\.at).max()) }
    }
}
