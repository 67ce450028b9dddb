import JSONParsing
import Journal
import Model
import Views

/// How people name an incident: by its id or its short one, whole or begun, with the `#` that chats put before it.
enum NamedIncident {
    /// What the journal is asked for.
    static func written(_ text: String) -> String {
        text.first == "#" ? String(text.dropFirst()) : text
    }

    /// Most incidents that are named where a beginning fits several.
    private static let most = 5

    /// What is wrong with a name that the journal could not follow. Its own words speak of a file.
    static func failure(_ error: JournalError, _ named: String, in journal: Journal) -> CommandFailure {
        let shown = Shown.id(named)
        switch error.cause {
        case .ambiguousID(let ids):
            return CommandFailure("'\(shown)' fits several incidents", hint: error.hint ?? "it could be " + ids.joined(separator: ", "))
        case .unknownID:
            let all = shortNames(in: journal)
            let short = all.filter { $0.utf8.starts(with: named.lowercased().utf8) }
            guard !short.isEmpty else {
                return CommandFailure(
                    "no incident's id begins with '\(shown)'", hint: UnknownName.hint(named, known: all, list: "mozaiks-ops incidents list")
                )
            }
            let names = short.prefix(most).joined(separator: ", ") + (short.count > most ? " and \(short.count - most) more" : "")
            return CommandFailure(
                "'\(shown)' is too short: it fits \(short.count) incident\(short.count == 1 ? "" : "s")",
                hint: short.count == 1 ? "did you mean \(names)?" : "give more of the id: \(names)")
        default: return CommandFailure(error.message, hint: error.hint)
        }
    }

    /// How lists call all of them.
    private static func shortNames(in journal: Journal) -> [String] {
        guard let ids = try? journal.incidentIDs() else { return [] }
        return ShortNames.of(ids: ids, in: journal).values.sorted()
    }
}

extension Invocation {
    /// The incident that an id, or enough of its beginning, names.
    func incident(_ id: String, in journal: Journal) throws -> Incident {
        let named = NamedIncident.written(id)
        do {
            return try Incident(document: JSON(parsing: Array(journal.incident(named).document.utf8)))
        } catch let error as JournalError {
            throw NamedIncident.failure(error, named, in: journal)
        }
    }
}
