import Cycle
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
