import Cycle
import JSONParsing
import Journal
import Model
import Notify

/// One incident with what stands beside it in the journal.
public struct IncidentDetail {
    public static let schema = "mozaiks.ops/incident-detail/v1"

    public let incident: Incident
    public let shortIDs: [String: String]
    /// What holds it back, or what it holds back, in sentences.
    public let circumstances: [String]
    private let messages: [OutboxRow]?

    /// - Parameters:
    ///   - named: its whole id, or enough of it or of its short id.
    ///   - withMessages: whether also to read who was told.
    public init(
        _ named: String, _ journal: Journal, _ surroundings: Overview.Surroundings, now: Timestamp,
        withMessages: Bool = false
    ) throws {
        let row = try journal.incident(named)
        let incident = try Incident(document: JSON(parsing: Array(row.document.utf8)))
        self.incident = incident
        // The incident is shown whether or not the state beside it can be read.
        let kept = try? KeptDecisions(journal)
        circumstances =
            kept?.circumstances(
                of: incident, environment: surroundings.environment ?? "", surroundings.telling, now: now) ?? []
        shortIDs = ShortNames.of(ids: [incident.id], in: journal)
        messages = withMessages ? try? journal.outbox(incident: incident.id, digests: incident.digests) : nil
    }

    /// The short id, or as much of it as can be known.
    public var shortID: String { ShortNames.shown(incident.id, shortIDs) }

    /// Who was told, oldest first; nil where that cannot be read, or was not asked for.
    public var told: [OutboxRow]? { messages?.reversed() }

    /// What to paste to each tenant whom it concerns, by the clocks of whoever reads.
    public func tenantTexts(_ zone: Zone, now: Timestamp) -> [String] { incident.tenantTexts(zone: zone, at: now) }

    /// The incident's own document with its short id: `incidents show -o json`.
    public var document: JSON { ShortNames.document(incident, shortIDs) }

    /// That, and all that stands beside it. Schema `mozaiks.ops/incident-detail/v1`.
    /// - Parameter present: how its condition stands now; nil where that is not known, or it is over.
    public func whole(_ present: PresentCondition?) -> JSON {
        [
            "schema": .string(IncidentDetail.schema), "incident": document,
            "circumstances": .array(circumstances.map(JSON.string)),
            "explanation": explanation, "now": present?.document ?? .null,
            "timeline": .array(Timeline(incident).entries.map(\.document)),
            "messages": told.map { .array($0.map(\.document)) } ?? .null,
        ]
    }

    /// What decided last: the condition as written and with the values put in, and the newest word on each action.
    private var explanation: JSON {
        var newest: [ActionDecision] = []
        for decision in incident.decisions {
            newest.removeAll { $0.key == decision.key }
            newest.append(decision)
        }
        let last = incident.transitions.last
        return [
            "condition": .string(incident.condition), "with_values": .optional(last?.condition),
            "reason": .optional(last?.reason),
            "at": .moment(last?.at), "origin": .string("\(incident.origin)"),
            "actions": .array(newest.map { .string($0.sentence) }),
        ]
    }
}
