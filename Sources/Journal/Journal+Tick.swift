import Model

extension Journal {
    /// Keeps everything that a tick changed in one transaction: after a return all of it survives whatever happens,
    /// after an error nothing of it is there. An error with `isRetryable` may be tried again: append the next tick's
    /// record to this one and commit the sum.
    public func commitTick(_ tick: TickRecord) throws(JournalError) {
        guard !tick.isEmpty else { return }
        do throws(JournalError) {
            try write(tick)
        } catch  where error.cause == .full {
            // What is missing may lie in the log itself: it grows with every commit until it is folded into the file.
            foldLog()
            try write(tick)
        }
    }

    private func write(_ tick: TickRecord) throws(JournalError) {
        try writing("commit a tick") { database throws(JournalError) in
            for state in tick.states { try write(state, database) }
            for changes in tick.chats { try write(changes, database) }
            for minute in tick.minutes { try write(minute, database) }
            for incident in tick.incidents { try write(incident, database) }
            for lease in tick.leases { try write(lease, database) }
            for placement in tick.placements { try write(placement, database) }
            for message in tick.messages { try add(message, database) }
            for command in tick.commands { try settle(command, database) }
            try AuditChain.append(tick.audit, to: database)
        }
    }

    private func write(_ state: StateRow, _ database: Database) throws(JournalError) {
        guard let bytes = state.bytes else {
            try database.run("DELETE FROM state WHERE key = ?1", .text(state.key))
            return
        }
        try database.run(
            """
            INSERT INTO state (key, bytes, checksum) VALUES (?1, ?2, ?3)
            ON CONFLICT (key) DO UPDATE SET bytes = excluded.bytes, checksum = excluded.checksum
            """,
            .text(state.key), .bytes(bytes), .int(Checksum.of(bytes, key: Array(state.key.utf8))))
    }

    private func write(_ changes: ChatChanges, _ database: Database) throws(JournalError) {
        let source = try sourceID(runtime: changes.runtime, replica: changes.replica, database)
        if changes.removesAll { try database.run("DELETE FROM chats WHERE source = ?1", .int(source)) }
        for key in changes.removed {
            try database.run("DELETE FROM chats WHERE source = ?1 AND key = ?2", .int(source), .bytes(key.bytes))
        }
        // A busy runtime changes thousands of chats a tick: one statement, bound again and again.
        let statement = try database.statement(
            """
            INSERT INTO chats (source, key, record, checksum) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (source, key) DO UPDATE SET record = excluded.record, checksum = excluded.checksum
            """)
        // In the order of the table, so that neighbours share pages: many times faster than in the order of a hash.
        for chat in changes.changed.sorted(by: { $0.key < $1.key }) {
            defer { statement.reset() }
            try statement.bind(.int(source), at: 1)
            let key = chat.key.bytes
            try statement.bind(.bytes(key), at: 2)
            try statement.bind(.bytes(chat.record), at: 3)
            try statement.bind(.int(Checksum.of(chat.record, key: key)), at: 4)
            _ = try statement.step()
        }
    }

    private func sourceID(runtime: String, replica: String, _ database: Database) throws(JournalError) -> Int64 {
        let known = try database.row(
            "SELECT id FROM sources WHERE runtime = ?1 AND replica = ?2", [.text(runtime), .text(replica)]
        ) { row throws(JournalError) in row.int(0) }
        if let known { return known }
        try database.run("INSERT INTO sources (runtime, replica) VALUES (?1, ?2)", .text(runtime), .text(replica))
        return database.lastInsertedRow
    }

    private func write(_ minute: MinuteRow, _ database: Database) throws(JournalError) {
        try database.run(
            """
            INSERT INTO minutes (runtime, minute, bytes, checksum) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (runtime, minute) DO UPDATE SET bytes = excluded.bytes, checksum = excluded.checksum
            """,
            .text(minute.runtime), .int(minute.minute), .bytes(minute.bytes), .int(Checksum.of(minute.bytes)))
    }

    private func write(_ incident: IncidentRow, _ database: Database) throws(JournalError) {
        try database.run(
            """
            INSERT INTO incidents (id, fingerprint, rule, subject_kind, runtime, subject, severity, status, opened_ms,
                resolved_ms, updated_ms, document, checksum)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
            ON CONFLICT (id) DO UPDATE SET severity = excluded.severity, status = excluded.status,
                resolved_ms = excluded.resolved_ms, updated_ms = excluded.updated_ms, document = excluded.document,
                checksum = excluded.checksum
            """,
            .text(incident.id), .text(incident.fingerprint), .text(incident.rule),
            .text(incident.subject.kind.rawValue), .text(incident.subject.runtime), .bytes(incident.subject.idBytes),
            .text(incident.severity.rawValue), .text(incident.status.rawValue), .time(incident.openedAt),
            .time(incident.resolvedAt), .time(incident.updatedAt), .text(incident.document),
            .int(Checksum.of(incident.document)))
    }

    private func write(_ lease: LeaseRow, _ database: Database) throws(JournalError) {
        try database.run(
            """
            INSERT INTO leases (id, kind, runtime, app, pack, state, shadow, created_ms, expires_ms, ended_ms, document,
                checksum)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
            ON CONFLICT (id) DO UPDATE SET state = excluded.state, expires_ms = excluded.expires_ms,
                ended_ms = excluded.ended_ms, document = excluded.document, checksum = excluded.checksum
            """,
            .text(lease.id), .text(lease.key.kind.rawValue), .text(lease.key.runtime), .bytes(lease.key.app.bytes),
            .optional(lease.key.pack?.bytes), .text(lease.state.rawValue), .int(lease.shadow ? 1 : 0),
            .time(lease.createdAt), .time(lease.expiresAt), .time(lease.endedAt), .text(lease.document),
            .int(Checksum.of(lease.document)))
    }

    private func write(_ placement: PlacementRow, _ database: Database) throws(JournalError) {
        try database.run(
            """
            INSERT INTO placements (lease, adapter, over, updated_ms, document, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (lease, adapter) DO UPDATE SET over = excluded.over, updated_ms = excluded.updated_ms,
                document = excluded.document, checksum = excluded.checksum
            """,
            .text(placement.lease), .text(placement.adapter), .int(placement.isOver ? 1 : 0), .time(placement.updatedAt),
            .text(placement.document), .int(Checksum.of(placement.document)))
    }

    private func settle(_ command: CommandResult, _ database: Database) throws(JournalError) {
        try database.run(
            "UPDATE commands SET taken_ms = ?2, result = ?3 WHERE id = ?1 AND taken_ms IS NULL",
            .int(command.id), .time(command.takenAt), .text(command.result))
    }
}

extension StableHash {
    /// Sixteen bytes, the most significant first.
    var bytes: [UInt8] {
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
    }

    /// Nil for another length.
    init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        let word = { (part: ArraySlice<UInt8>) in part.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        self.init(high: word(bytes[..<8]), low: word(bytes[8...]))
    }
}
