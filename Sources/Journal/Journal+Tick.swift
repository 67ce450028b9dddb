import Model

extension Journal {
    /// Keeps everything that a tick changed in one transaction: after a return all of it survives whatever happens,
    /// after an error nothing of it is there. An error with `isRetryable` may be tried again: append the next tick's
    /// record to this one and commit the sum.
    public func commitTick(_ tick: TickRecord) throws(JournalError) {
        guard !tick.isEmpty else { return }
        let tick = try rest(of: tick)
        do throws(JournalError) {
            try write(tick)
        } catch  where error.cause == .full || error.cause == .fileLimit {
            // What is missing may lie in the log itself: it grows with every commit until it is folded into the file.
            foldLog()
            try write(tick)
        }
    }

    /// A tick without what of it is there already: the connection broke while an earlier one was committed, of which
    /// this is the sum, and only now is known that it was kept. What replaces itself does no harm a second time; messages,
    /// rows of the audit log and results of commands would.
    private func rest(of tick: TickRecord) throws(JournalError) -> TickRecord {
        guard let (earlier, commit) = doubtful else { return tick }
        let wasKept = try reading("commit a tick") { database throws(JournalError) in try database.wasKept(commit) }
        doubtful = nil
        guard wasKept, tick.begins(with: earlier) else { return tick }
        var rest = tick
        rest.messages.removeFirst(earlier.messages.count)
        rest.commands.removeFirst(earlier.commands.count)
        rest.audit.removeFirst(earlier.audit.count)
        return rest
    }

    private func write(_ tick: TickRecord) throws(JournalError) {
        let before = doubt
        do throws(JournalError) {
            try commit(tick)
        } catch {
            // One that was in doubt already is another call's.
            if let commit = doubt, commit != before { doubtful = (tick, commit) }
            throw error
        }
    }

    private func commit(_ tick: TickRecord) throws(JournalError) {
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

    private func write(_ state: StateRow, _ database: any Database) throws(JournalError) {
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

    private func write(_ changes: ChatChanges, _ database: any Database) throws(JournalError) {
        let source = try sourceID(runtime: changes.runtime, replica: changes.replica, database)
        if changes.removesAll { try database.run("DELETE FROM chats WHERE source = ?1", .int(source)) }
        for key in changes.removed {
            try database.run("DELETE FROM chats WHERE source = ?1 AND key = ?2", .int(source), .bytes(key.bytes))
        }
        // In the order of the table, so that neighbours share pages: many times faster than in the order of a hash.
        let chats = changes.changed.sorted { $0.key < $1.key }
        try database.put(
            """
            INSERT INTO chats (source, key, record, checksum) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (source, key) DO UPDATE SET record = excluded.record, checksum = excluded.checksum
            """, count: chats.count
        ) { index in
            let (key, record) = (chats[index].key.bytes, chats[index].record)
            return [.int(source), .bytes(key), .bytes(record), .int(Checksum.of(record, key: key))]
        }
    }

    private func sourceID(runtime: String, replica: String, _ database: any Database) throws(JournalError) -> Int64 {
        let known = try database.row(
            "SELECT id FROM sources WHERE runtime = ?1 AND replica = ?2", [.text(runtime), .text(replica)]
        ) { row throws(JournalError) in row.int(0) }
        if let known { return known }
        return try database.insert(
            "INSERT INTO sources (runtime, replica) VALUES (?1, ?2) RETURNING id", .text(runtime), .text(replica))
    }

    private func write(_ minute: MinuteRow, _ database: any Database) throws(JournalError) {
        try database.run(
            """
            INSERT INTO minutes (runtime, minute, bytes, checksum) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (runtime, minute) DO UPDATE SET bytes = excluded.bytes, checksum = excluded.checksum
            """,
            .text(minute.runtime), .int(minute.minute), .bytes(minute.bytes), .int(Checksum.of(minute.bytes)))
    }

    private func write(_ incident: IncidentRow, _ database: any Database) throws(JournalError) {
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

    private func write(_ lease: LeaseRow, _ database: any Database) throws(JournalError) {
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

    private func write(_ placement: PlacementRow, _ database: any Database) throws(JournalError) {
        try database.run(
            """
            INSERT INTO placements (lease, adapter, over, updated_ms, document, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (lease, adapter) DO UPDATE SET over = excluded.over, updated_ms = excluded.updated_ms,
                document = excluded.document, checksum = excluded.checksum
            """,
            .text(placement.lease), .text(placement.adapter), .int(placement.isOver ? 1 : 0), .time(placement.updatedAt),
            .text(placement.document), .int(Checksum.of(placement.document)))
    }

    private func settle(_ command: CommandResult, _ database: any Database) throws(JournalError) {
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
