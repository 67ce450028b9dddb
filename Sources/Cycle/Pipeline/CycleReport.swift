import Engine
import Guard
import Model
import Policy
import Signals

/// What one cycle of one runtime saw and did, for whoever shows it.
public struct CycleReport: Sendable {
    public let result: TickResult
    public let summary: RuntimeSummary
    /// Where the audit log ends after this cycle, `SEQ:DIGEST`; nil while it is empty or there is none.
    public var auditHead: String?
    /// Actions that resist being undone, and are tried again.
    public var revertsDue = 0

    /// The readings that a report shows whatever the policies ask for. Whoever makes the table appends them.
    static let demand: [SeriesRef] = shown.map { SeriesRef(signal: $0, window: $0.isWindowed ? .minutes(5) : nil) }

    /// The signals of a report, in its order.
    public static let shown: [Signal] =
        [
            .activeRuns, .openRuns, .stalledRuns, .activeApps, .activeRunsShare, .runStarts, .runEnds, .errorRate, .turns,
            .turnLatencyP50, .turnLatencyP95, .tokens, .cost, .llmCalls, .up, .healthy, .mongodbLatency, .websockets,
        ] + Signal.allCases.filter { $0.info.subjects.allSatisfy(\.isBesideRuntimes) }

    /// The readings of what is watched by series, for the shown signals that its kind has.
    public var runtimeReadings: [(series: SeriesRef, evidence: Evidence)] {
        rows(kind: result.readings.kind.subject) { result.readings.runtime($0) }
    }

    /// One app's readings, by its place in the table.
    public func appReadings(_ index: Int) -> [(series: SeriesRef, evidence: Evidence)] {
        rows(kind: .app) { result.readings.app(index, $0) }
    }

    /// One app's reading of a signal; nil when there is no such app.
    public func reading(_ signal: Signal, app: AppID) -> Evidence? {
        guard let index = result.readings.index(of: app),
            let slot = result.readings.demand.firstIndex(where: { $0.signal == signal && $0.scope == .own && $0.function == nil })
        else { return nil }
        return result.readings.app(index, slot)
    }

    private func rows(kind: SubjectKind, _ read: (Int) -> Evidence) -> [(series: SeriesRef, evidence: Evidence)] {
        CycleReport.demand.compactMap { series in
            guard series.signal.info.subjects.contains(kind), let slot = result.readings.demand.lastIndex(of: series) else {
                return nil
            }
            return (series, read(slot))
        }
    }
}

extension Pipeline {
    /// What a tick saw and did, with what the runtime shows; nil for a runtime that is not configured.
    public func report(_ result: TickResult) -> CycleReport? {
        signals[result.runtime].map { seen in
            var summary = seen.summary
            summary.unjudged = unjudged(result.readings)
            return CycleReport(result: result, summary: summary)
        }
    }
}
