import Digest
import Journal
import Model

/// The short ids by which people name incidents.
public enum ShortNames {
    /// Of some incidents, as long as it takes to tell each from all others in the journal; by whole id.
    public static func of(_ incidents: [Incident], in journal: Journal) -> [String: String] {
        ShortID.shortest(of: incidents.map(\.id), among: (try? journal.incidentIDs()) ?? [])
    }

    /// The same where only the ids are known.
    public static func of(ids: [String], in journal: Journal) -> [String: String] {
        ShortID.shortest(of: ids, among: (try? journal.incidentIDs()) ?? [])
    }

    /// An incident's document with its short id.
    public static func document(_ incident: Incident, _ short: [String: String]) -> JSON {
        guard var object = incident.document.object else { return incident.document }
        object.append("short_id", .string(shown(incident.id, short)))
        return .object(object)
    }

    /// As lists call it; where nothing is known of the others, its first digits.
    public static func shown(_ id: String, _ short: [String: String]) -> String { short[id] ?? ShortID.of(id) }
}
