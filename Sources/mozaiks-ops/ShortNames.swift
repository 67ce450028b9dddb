import Digest
import Journal
import Model

extension Invocation {
    /// The time zone of messages; UTC where the configuration cannot be read.
    var zone: Zone { (try? loadConfiguration())?.telling.zone ?? .utc }

    /// - Parameters:
    ///   - incidents: ids that will be shown short.
    ///   - journal: where all the others are.
    func rendering(zone: Zone? = nil, _ incidents: [String] = [], in journal: Journal? = nil) -> Rendering {
        var rendering = Rendering(terminal: terminal)
        rendering.zone = zone ?? self.zone
        if let journal, !incidents.isEmpty { rendering.shortIDs = ShortNames.of(ids: incidents, in: journal) }
        return rendering
    }
}

/// The short ids by which people name incidents.
enum ShortNames {
    /// Of some incidents, as long as it takes to tell each from all others in the journal; by whole id.
    static func of(_ incidents: [Incident], in journal: Journal) -> [String: String] {
        ShortID.shortest(of: incidents.map(\.id), among: (try? journal.incidentIDs()) ?? [])
    }

    /// The same where only the ids are known.
    static func of(ids: [String], in journal: Journal) -> [String: String] {
        ShortID.shortest(of: ids, among: (try? journal.incidentIDs()) ?? [])
    }

    /// An incident's document with its short id.
    static func document(_ incident: Incident, _ short: [String: String]) -> JSON {
        guard var object = incident.document.object else { return incident.document }
        object.append("short_id", .string(shown(incident.id, short)))
        return .object(object)
    }

    static func shown(_ id: String, _ short: [String: String]) -> String { short[id] ?? ShortID.of(id) }
}
