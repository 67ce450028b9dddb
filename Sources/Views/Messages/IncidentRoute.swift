import Cycle
import Journal
import Model
import Telling

/// Where a message about an incident would go now, and why; and who was told so far.
public struct IncidentRoute: Sendable {
    public let incident: Incident
    public let explanation: RoutingExplanation
    /// What holds it back, in sentences.
    public let circumstances: [String]
    /// Newest first.
    public let told: [OutboxRow]

    /// - Parameter pipeline: with the settings and policies by which it would be told.
    public init(_ incident: Incident, _ journal: Journal, _ pipeline: Pipeline, now: Timestamp) throws {
        self.incident = incident
        let kept = try KeptDecisions(journal)
        explanation = pipeline.explain(incident, kept.telling, at: now)
        circumstances = kept.circumstances(
            of: incident, environment: pipeline.settings.environment, pipeline.settings.telling, now: now)
        told = try journal.outbox(incident: incident.id, digests: incident.digests, limit: 1_000)
    }

    /// `notify route -o json`.
    public var document: OutputDocument {
        OutputDocument(
            .notifyRoute,
            [
                "incident": .string(incident.id),
                "silence": .optional(explanation.routing.silence),
                "circumstances": .strings(circumstances),
                "channels": .array(
                    explanation.lines.map {
                        [
                            "channel": .string($0.channel), "sent": .bool($0.isSent), "reason": .string($0.reason),
                            "heard": .optional($0.heard),
                        ]
                    }),
                "unknown_channels": .strings(explanation.routing.unknown),
                "told": .array(told.reversed().map(\.document)),
            ])
    }
}
