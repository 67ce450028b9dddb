import Digest
import Model

/// Which incidents to list. Every condition that is set must hold.
public struct IncidentFilter: Hashable, Sendable {
    /// Empty for any.
    public var statuses: Set<Incident.Status>
    /// Empty for any.
    public var severities: Set<Severity>
    public var rule: String?
    /// Incidents about this app and about its workflows; those of its runtime are not among them.
    public var app: AppID?
    public var runtime: String?
    /// Opened at or after.
    public var since: Timestamp?
    /// Opened before.
    public var until: Timestamp?
    /// Only those that stand after this one in the list: opened before it, or at the same moment and greater by id.
    public var after: Place?
    /// At most so many, the newest.
    public var limit: Int

    /// Where an incident stands in a list.
    public struct Place: Hashable, Sendable {
        public let openedAt: Timestamp
        public let id: String

        public init(openedAt: Timestamp, id: String) {
            self.openedAt = openedAt
            self.id = id
        }
    }

    public init(
        statuses: Set<Incident.Status> = [], severities: Set<Severity> = [], rule: String? = nil, app: AppID? = nil,
        runtime: String? = nil, since: Timestamp? = nil, limit: Int = 100
    ) {
        self.statuses = statuses
        self.severities = severities
        self.rule = rule
        self.app = app
        self.runtime = runtime
        self.since = since
        self.limit = limit
    }
}

extension Journal {
    /// Incidents, newest first; of the same moment by id.
    /// - Parameter damaged: hears the id of each row that cannot be read, and the others are listed all the same. Nil:
    ///   such a row throws.
    public func incidents(
        _ filter: IncidentFilter = IncidentFilter(), damaged: ((String) -> Void)? = nil
    ) throws(JournalError) -> [IncidentRow] {
        var conditions: [String] = []
        var values: [SQLValue] = []
        func require(_ condition: String, _ value: SQLValue) {
            values.append(value)
            conditions.append(condition + " ?\(values.count)")
        }
        func requireOne(of words: [String], in column: String) {
            guard !words.isEmpty else { return }
            let places = words.map { word in
                values.append(.text(word))
                return "?\(values.count)"
            }
            conditions.append("\(column) IN (" + places.joined(separator: ", ") + ")")
        }
        requireOne(of: Incident.Status.allCases.filter(filter.statuses.contains).map(\.rawValue), in: "status")
        requireOne(of: Severity.allCases.filter(filter.severities.contains).map(\.rawValue), in: "severity")
        if let rule = filter.rule { require("rule =", .text(rule)) }
        if let runtime = filter.runtime { require("runtime =", .text(runtime)) }
        if let since = filter.since { require("opened_ms >=", .time(since)) }
        if let until = filter.until { require("opened_ms <", .time(until)) }
        if let app = filter.app {
            let workflows = Subject.workflowIDs(of: app)
            values += [
                .text(SubjectKind.app.rawValue), .bytes(app.bytes), .text(SubjectKind.workflow.rawValue), .bytes(workflows.from),
                .bytes(workflows.below),
            ]
            let places = (values.count - 4...values.count).map { "?\($0)" }
            conditions.append(
                "((subject_kind = \(places[0]) AND subject = \(places[1])) OR "
                    + "(subject_kind = \(places[2]) AND subject >= \(places[3]) AND subject < \(places[4])))")
        }
        if let after = filter.after {
            values += [.time(after.openedAt), .text(after.id)]
            let (moment, id) = (values.count - 1, values.count)
            conditions.append("(opened_ms < ?\(moment) OR (opened_ms = ?\(moment) AND id > ?\(id)))")
        }
        values.append(.int(Int64(max(0, filter.limit))))
        let condition = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        let sql = """
            SELECT \(IncidentRow.columns) FROM incidents \(condition) ORDER BY opened_ms DESC, id LIMIT ?\(values.count)
            """
        return try reading("list the incidents") { database throws(JournalError) in
            try database.rows(sql, values) { row throws(JournalError) -> IncidentRow? in
                do throws(JournalError) {
                    return try IncidentRow(row, of: database)
                } catch {
                    guard let damaged, error.cause == .corrupt else { throw error }
                    damaged(row.text(0))
                    return nil
                }
            }.compactMap { $0 }
        }
    }

    /// The incident with that id, the only one whose id begins so, or the only one whose short id does: at least four
    /// digits of it. Throws `.unknownID`; of several `.ambiguousID`, with the ids that begin so, short ones
    /// where those do, and what tells them apart.
    public func incident(_ written: String) throws(JournalError) -> IncidentRow {
        // No id has a capital letter, and phones begin a line with one.
        let named = written.lowercased()
        return try reading("show an incident") { database throws(JournalError) in
            // Ids are ASCII; the greatest scalar stands above all of them.
            var found = try database.rows(
                "SELECT \(IncidentRow.columns) FROM incidents WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT 6",
                [.text(named), .text(named + "\u{10FFFF}")]
            ) { row throws(JournalError) in try IncidentRow(row, of: database) }
            if let exact = found.first(where: { $0.id.isSame(as: named) }) { return exact }
            guard !named.isEmpty else { throw database.error(.unknownID) }
            let known = try incidentIDs(database)
            // Fewer digits find no incident by its short id, and do not take another's for the one that was meant.
            if named.utf8.count >= ShortID.least || !found.isEmpty, found.count < 6 {
                let others = known.filter { id in
                    ShortID.digits(of: id).utf8.starts(with: named.utf8) && !found.contains { $0.id.isSame(as: id) }
                }
                for id in others.prefix(6 - found.count) {
                    let row = try database.row(
                        "SELECT \(IncidentRow.columns) FROM incidents WHERE id = ?1", [.text(id)]
                    ) { row throws(JournalError) in try IncidentRow(row, of: database) }
                    if let row { found.append(row) }
                }
            }
            guard let first = found.first else { throw database.error(.unknownID) }
            guard found.count == 1 else {
                let short = ShortID.shortest(of: found.map(\.id), among: known)
                throw database.error(
                    .ambiguousID(
                        found.map { row in
                            // What was typed begins it: a short one that does not would be no more of the same.
                            let shown = short[row.id].flatMap { $0.utf8.starts(with: named.utf8) ? $0 : nil } ?? row.id
                            return "\(shown) (\(Shown.id(row.rule)) on \(row.subject), \(row.status.rawValue), opened \(row.openedAt))"
                        }))
            }
            return first
        }
    }

    /// The id of every incident, for short ids that tell all of them apart.
    public func incidentIDs() throws(JournalError) -> [String] {
        try reading("list the incidents") { database throws(JournalError) in try incidentIDs(database) }
    }

    private func incidentIDs(_ database: any Database) throws(JournalError) -> [String] {
        try database.rows("SELECT id FROM incidents ORDER BY id") { row throws(JournalError) in row.text(0) }
    }
}

extension IncidentRow {
    fileprivate static let columns = """
        id, fingerprint, rule, subject_kind, runtime, subject, severity, status, opened_ms, resolved_ms, updated_ms, \
        document, checksum
        """

    /// From a row with `columns`.
    fileprivate init(_ row: any SQLRow, of database: any Database) throws(JournalError) {
        let subject = Subject(try row.word(3), id: row.bytes(5), runtime: row.text(4))
        self.init(
            id: row.text(0), fingerprint: row.text(1), rule: row.text(2), subject: subject, severity: try row.word(6),
            status: try row.word(7), openedAt: row.time(8), resolvedAt: row.optionalTime(9), updatedAt: row.time(10),
            document: try row.checkedText(11, checksum: 12))
    }
}
