import JSONParsing
import Journal
import Model

/// Incidents of a journal, newest first.
public struct IncidentList {
    public let incidents: [Incident]
    /// By whole id, of those listed.
    public let shortIDs: [String: String]
    /// Ids of those that match and cannot be read.
    public let damaged: [String]

    /// Reads those that a filter lets through.
    public init(_ journal: Journal, _ filter: IncidentFilter) throws(JournalError) {
        var damaged: [String] = []
        let rows = try journal.incidents(filter) { damaged.append($0) }
        var incidents: [Incident] = []
        for row in rows {
            if let incident = Incident(read: row) { incidents.append(incident) } else { damaged.append(row.id) }
        }
        self.incidents = incidents
        self.damaged = damaged
        shortIDs = ShortNames.of(incidents, in: journal)
    }

    /// Each incident's document with its short id.
    /// - Parameters:
    ///   - next: the cursor of the page that follows; nil: there is none.
    ///   - notes: why it may be empty.
    public func document(next: String? = nil, notes: [String] = []) -> OutputDocument {
        OutputDocument(
            .incidents,
            [
                "incidents": .array(incidents.map { ShortNames.document($0, shortIDs) }),
                "unreadable": .int(Int64(damaged.count)), "next_cursor": .optional(next), "notes": .strings(notes),
            ])
    }
}

extension Incident {
    /// What a row holds; nil when it cannot be read.
    init?(read row: IncidentRow) {
        guard let incident = (try? JSON(parsing: Array(row.document.utf8))).flatMap({ try? Incident(document: $0) })
        else { return nil }
        self = incident
    }
}
