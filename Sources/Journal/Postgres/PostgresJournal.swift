import Model

/// Opening the schema: creation, checks, migrations. Nothing here deletes or overwrites a journal.
struct PostgresJournal {
    let place: PostgresPlace
    let busyTimeout: TimeSpan

    /// For the engine, which holds the lock: makes the journal when there is none, brings it up to date, and begins a new
    /// epoch. What an engine before that still wants to commit is refused from then on.
    func openForEngine(_ lock: EngineLock) throws(JournalError) -> PostgresDatabase {
        let operation = "open the journal"
        guard lock.folder.database == place, let database = lock.handover?.take() else {
            throw JournalError(operation: operation, path: place.description, cause: .notPermitted, detail: "the lock is of another place")
        }
        database.operation = operation
        try database.wait(busyTimeout)
        let version = try self.version(database)
        if let version { try PostgresJournal.check(version, database, mayMigrate: true) }
        if version != Schema.version { try bringUp(from: version, database) }
        let now = try database.transaction { () throws(JournalError) in
            try database.rows("UPDATE journal SET epoch = epoch + 1 RETURNING epoch, commits") {
                row throws(JournalError) in (epoch: row.int(0), commit: row.int(1))
            }.first
        }
        guard let now, let session = database.connection?.backendPID else { throw database.error(.corrupt, "its row in 'journal' is gone") }
        database.fence = PostgresDatabase.Fence(epoch: now.epoch, commit: now.commit, session: session)
        try database.checkStates()
        return database
    }

    /// For a command or a reader: a journal that is there and of this version.
    func open(_ role: PostgresDatabase.Role) throws(JournalError) -> PostgresDatabase {
        let operation = role == .reader ? "read the journal" : "open the journal for a command"
        let database = try PostgresDatabase(place, role: role, busyTimeout: busyTimeout, operation: operation)
        guard let version = try version(database) else { throw database.error(.missing) }
        try PostgresJournal.check(version, database, mayMigrate: false)
        return database
    }

    /// Nil where there is no journal. Throws where something else is.
    private func version(_ database: PostgresDatabase) throws(JournalError) -> Int? {
        let found = try database.row(
            """
            SELECT count(*), count(CASE WHEN c.relname = 'journal' THEN 1 END) FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = ?1
            """, [.text(place.schema)]
        ) { row throws(JournalError) in (things: row.int(0), journals: row.int(1)) }
        guard let found, found.things > 0 else { return nil }
        guard found.journals > 0 else { throw database.error(.notAJournal, "schema \(place.schema) holds other things") }
        let row = try database.row("SELECT application, version FROM \(place.quotedSchema).journal") {
            row throws(JournalError) in (application: row.int(0), version: Int(row.int(1)))
        }
        guard let row, row.application == Schema.applicationID else { throw database.error(.notAJournal) }
        return row.version
    }

    private static func check(_ version: Int, _ database: PostgresDatabase, mayMigrate: Bool) throws(JournalError) {
        guard version <= Schema.version else { throw database.error(.newerSchema(found: version, known: Schema.version)) }
        guard version >= 0, mayMigrate || version == Schema.version else {
            throw database.error(.olderSchema(found: version, known: Schema.version))
        }
    }

    private func bringUp(from version: Int?, _ database: PostgresDatabase) throws(JournalError) {
        var begun = ""
        if version == nil {
            let isThere = try database.row("SELECT 1::bigint FROM pg_namespace WHERE nspname = ?1", [.text(place.schema)]) {
                row throws(JournalError) in true
            }
            begun = PostgresSchema.beginning(making: isThere == nil ? place.quotedSchema : nil)
        }
        let steps = Schema.migrations[(version ?? 0)...].map(PostgresSchema.adapted).joined(separator: "\n")
        do throws(JournalError) {
            try database.execute("BEGIN; \(begun) \(steps) UPDATE journal SET version = \(Schema.version); COMMIT")
        } catch {
            try? database.execute("ROLLBACK")
            throw error
        }
    }
}
