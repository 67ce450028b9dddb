import Model

extension Journal {
    /// Leases, newest first; of the same moment by id.
    ///
    /// - Parameters:
    ///   - states: only in these; empty for any.
    ///   - since: created at or after.
    ///   - until: created before.
    ///   - after: only those that stand after this one in the list: created before it, or at the same moment and greater by id.
    public func leases(
        states: Set<Lease.State> = [], since: Timestamp? = nil, until: Timestamp? = nil,
        after: (createdAt: Timestamp, id: String)? = nil, limit: Int = 1_000
    ) throws(JournalError) -> [LeaseRow] {
        var conditions: [String] = []
        // Of what is asked for each value is numbered behind the limit.
        var values: [SQLValue] = []
        if !states.isEmpty {
            conditions.append("state IN (" + states.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ") + ")")
        }
        if let since {
            values.append(.time(since))
            conditions.append("created_ms >= ?\(values.count + 1)")
        }
        if let until {
            values.append(.time(until))
            conditions.append("created_ms < ?\(values.count + 1)")
        }
        if let after {
            values += [.time(after.createdAt), .text(after.id)]
            let (moment, id) = (values.count, values.count + 1)
            conditions.append("(created_ms < ?\(moment) OR (created_ms = ?\(moment) AND id > ?\(id)))")
        }
        return try leases(where: conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND "), values, limit: limit)
    }

    /// Leases that are not over: what a start reconciles with the adapters.
    public func unfinishedLeases() throws(JournalError) -> [LeaseRow] {
        try leases(where: "WHERE state <> 'ended'", limit: .max)
    }

    /// The lease with that id, or the only one whose id begins so. Throws `.unknownID`, `.ambiguousID`.
    public func lease(_ written: String) throws(JournalError) -> LeaseRow {
        let idOrPrefix = written.lowercased()
        return try reading("show a lease") { database throws(JournalError) in
            let found = try database.rows(
                "SELECT \(LeaseRow.columns) FROM leases WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT 6",
                [.text(idOrPrefix), .text(idOrPrefix + "\u{10FFFF}")], LeaseRow.init)
            if let exact = found.first(where: { $0.id.isSame(as: idOrPrefix) }) { return exact }
            guard !idOrPrefix.isEmpty, let first = found.first else { throw database.error(.unknownID) }
            guard found.count == 1 else { throw database.error(.ambiguousID(found.map(\.id))) }
            return first
        }
    }

    /// What is at which adapter: of one lease, or of all that are not over and all whose lease is not; by lease, then
    /// adapter. What a start takes up. Throws `.corrupt` when one does not match its checksum: what it says must be undone
    /// cannot be known then.
    public func placements(lease: String? = nil) throws(JournalError) -> [PlacementRow] {
        try reading("list what is at the adapters") { database throws(JournalError) in
            try database.rows(
                """
                SELECT lease, adapter, over, updated_ms, document, checksum FROM placements
                WHERE CASE WHEN ?1 IS NULL THEN over = 0 OR lease IN (SELECT id FROM leases WHERE state <> 'ended')
                    ELSE lease = ?1 END
                ORDER BY lease, adapter
                """,
                [.optional(lease)]
            ) { row throws(JournalError) in
                PlacementRow(
                    lease: row.text(0), adapter: row.text(1), isOver: row.int(2) != 0, updatedAt: row.time(3),
                    document: try row.checkedText(4, checksum: 5))
            }
        }
    }

    /// `condition` is made of the program's own words only.
    /// - Parameter values: for `?2` and on.
    private func leases(where condition: String, _ values: [SQLValue] = [], limit: Int) throws(JournalError) -> [LeaseRow] {
        try reading("list the leases") { database throws(JournalError) in
            try database.rows(
                "SELECT \(LeaseRow.columns) FROM leases \(condition) ORDER BY created_ms DESC, id LIMIT ?1",
                [.int(Int64(max(0, limit)))] + values, LeaseRow.init)
        }
    }
}

extension LeaseRow {
    fileprivate static let columns = """
        id, kind, runtime, app, pack, state, shadow, created_ms, expires_ms, ended_ms, document, checksum
        """

    /// From a row with `columns`.
    fileprivate init(_ row: any SQLRow) throws(JournalError) {
        let kind: ActionKind = try row.word(1)
        self.init(
            id: row.text(0),
            key: LeaseKey(
                kind: kind, runtime: row.text(2), app: AppID(bytes: row.bytes(3)),
                pack: row.optionalText(4) == nil ? nil : PackID(bytes: row.bytes(4))),
            state: try row.word(5), shadow: row.int(6) != 0, createdAt: row.time(7), expiresAt: row.time(8),
            endedAt: row.optionalTime(9), document: try row.checkedText(10, checksum: 11))
    }
}
