import Cycle
import Model
import Policy
import Signals
import Simulator

/// Ways to live through a past without anything behind the decisions.
package enum Replay {
    package static func direct(_ past: Past, _ policies: PolicySet = .embeddedDefault) -> [String: Incident] {
        var pipeline = Pipeline(settings: past.settings, policies: policies)
        var incidents: [String: Incident] = [:]
        for index in past.indices {
            for observation in past.observations(index) { pipeline.take(observation) }
            let result = pipeline.tick(SimulatedPolls.runtimeName, now: past.now(index))
            for incident in result?.incidents ?? [] { incidents[incident.id] = incident }
        }
        return incidents
    }

    package static func bytes(_ incidents: [String: Incident]) -> [String: String] {
        incidents.mapValues { $0.replayedDocument.serialized() }
    }

    /// Every minute of a past as the journal would give it back: through blocks of hours.
    package static func minutes(_ past: Past, through blocks: Bool = true) throws -> [[RecordedHistory.Row]] {
        var pipeline = Pipeline(settings: past.settings, policies: .embeddedDefault)
        for index in past.indices {
            for observation in past.observations(index) { pipeline.take(observation) }
            _ = pipeline.tick(SimulatedPolls.runtimeName, now: past.now(index))
        }
        // Of a copy, all at the end: a past is shorter than what waits for a journal.
        var signals = pipeline.signals[SimulatedPolls.runtimeName]
        let rows = signals?.drainClosedMinutes() ?? []
        var grouped: [[RecordedHistory.Row]] = []
        for row in rows {
            if grouped.last?.first?.minute == row.minute {
                grouped[grouped.count - 1].append(row)
            } else {
                grouped.append([row])
            }
        }
        guard blocks else { return grouped }
        var packed: [HistoryBlock] = []
        for minute in grouped {
            if packed.last?.hour != minute[0].minute / 60 { packed.append(HistoryBlock(hour: minute[0].minute / 60)) }
            packed[packed.count - 1].add(minute)
        }
        return try packed.flatMap { try HistoryBlock.decode($0.encoded()) }
    }
}

extension ScenarioTruth.Outcome {
    /// What came of it by its incidents.
    package init(_ incidents: some Sequence<Incident>) {
        self.init(
            opened: incidents.map { ($0.rule, $0.severity) },
            held: Set(
                incidents.flatMap(\.decisions).filter { decision in
                    switch decision.verdict {
                    case .act, .wouldHave, .wouldAsk, .needsApproval: true
                    case .refused, .alreadyInForce: false
                    }
                }.map(\.key.app)
            ).sorted())
    }
}
