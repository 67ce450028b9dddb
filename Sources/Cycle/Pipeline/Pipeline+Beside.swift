import Engine
import Journal
import Model
import Policy
import Signals

extension Pipeline {
    /// How much of its runtime's active runs an app has, and how many there are in all: what whoever explains an incident about the
    /// app, or about one of its workflows, needs to know besides what the rule compares. Of the newest moment that is known of;
    /// a reading that is missing then stays so. Nil for any other subject, and for an app that the runtime does not show.
    public func beside(_ subject: Subject) -> ReadingsBeside? {
        // A copy: looking changes nothing that is decided by.
        guard let app = subject.app, var seen = signals[subject.runtime] else { return nil }
        let demand = [
            SeriesRef(signal: .activeRunsShare, scope: subject.kind == .workflow ? .app : .own),
            SeriesRef(signal: .activeRuns, scope: .runtime),
        ]
        // A moment before the newest counts as the newest.
        let table = seen.readings(at: Timestamp(milliseconds: 0), demand: demand)
        guard let index = table.index(of: app) else { return nil }
        let row = TableRow(table, kind: .app, row: index)
        return ReadingsBeside(
            at: table.at,
            readings: demand.enumerated().map { slot, series in
                ComparedReading(
                    series: series.description, unit: series.resultUnit, evidence: row.reading(slot), least: row.floor(slot))
            })
    }

    /// The same as a journal has it, of the replicas that were polled when it was written, whatever is configured by now. Nil, too,
    /// where it cannot be read.
    public static func beside(
        _ subject: Subject, in journal: Journal, _ settings: MonitorSettings, _ policies: PolicySet, now: Timestamp
    ) -> ReadingsBeside? {
        guard subject.app != nil else { return nil }
        var settings = settings
        settings.runtimes = [WatchedRuntime(name: subject.runtime, replicas: [])]
        var pipeline = Pipeline(settings: settings, policies: policies)
        guard (try? pipeline.restoreSignals(subject.runtime, from: journal, now: now, { _ in })) != nil else { return nil }
        if let polled = pipeline.signals[subject.runtime]?.polledURLs { pipeline.signals[subject.runtime]?.options.replicas = polled }
        return pipeline.beside(subject)
    }
}
