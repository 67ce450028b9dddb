import JSONParsing
import Journal
import Model
import Notify

extension LeaseSight {
    /// Of leases, by id: whether anything was seen to hold the app to it, by what the incidents that hold it tell. What
    /// only pretends has none.
    /// - Parameter known: incidents that were read already.
    public static func of(_ leases: [Lease], in journal: Journal, known: [Incident] = []) -> [String: LeaseSight] {
        var sights: [String: LeaseSight] = [:]
        for lease in leases where !lease.shadow {
            let notes = lease.holders.flatMap { holder -> [HandlingNote] in
                let incident = known.first { $0.id.isSame(as: holder.incident) } ?? (try? journal.incidentDocument(holder.incident))
                return incident?.handling ?? []
            }
            sights[lease.id] = LeaseSight(lease: lease.id, in: notes)
        }
        return sights
    }
}

extension Journal {
    /// The whole incident of an id.
    public func incidentDocument(_ id: String) throws -> Incident {
        try Incident(document: JSON(parsing: Array(incident(id).document.utf8)))
    }
}
