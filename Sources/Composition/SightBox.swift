import Cycle
import Model
import Signals
import Synchronization

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
