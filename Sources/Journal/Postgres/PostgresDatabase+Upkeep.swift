import Model

/// What PostgreSQL does in its own way.
extension PostgresDatabase {
    var rowName: String { "ctid" }

    func isAuditGuarded() throws(JournalError) -> Bool {
        try row(
            """
            SELECT count(*) FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.relname = 'audit' AND n.nspname = ?1 AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
            """, [.text(place.schema)]
        ) { row throws(JournalError) in row.int(0) } == 2
    }

    /// The server checks its pages; what is in the rows is compared with their checksums.
    func verify() throws(JournalError) {
        try snapshot { () throws(JournalError) in try checkContents() }
    }

    func goOnNumbering(_ table: String) throws(JournalError) {
        _ = try row(
            "SELECT setval(pg_get_serial_sequence('\(place.quotedSchema).\(table)', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM \(table)), false)"
        ) { row throws(JournalError) in row.int(0) }
    }

    /// The server does that by itself.
    func giveBackSpace() {}
    func foldLog() {}

    func compact() throws(JournalError) {
        let tables = try rows(
            "SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = ?1 AND c.relkind = 'r'",
            [.text(place.schema)]
        ) { row throws(JournalError) in row.text(0) }
        // Its own words for how long: no table of a journal takes an hour.
        connection?.patience = .hours(1)
        try execute("SET statement_timeout = 0")
        for table in tables where tables.allSatisfy(PostgresPlace.isSchema) {
            try execute("VACUUM (FULL, ANALYZE) \(place.quotedSchema).\(table)")
        }
        try execute("SET statement_timeout = \(place.statementTimeout.milliseconds)")
        connection?.patience = usualPatience
        sizesKept = nil
    }

    /// Counted once a minute.
    func sizes() -> [(part: String, bytes: Int64)] {
        let now = PostgresDatabase.now()
        if let kept = sizesKept, now - kept.at < 60_000_000_000 { return kept.sizes }
        let bytes = try? row(
            """
            SELECT CAST(coalesce(sum(pg_total_relation_size(c.oid)), 0) AS BIGINT) FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = ?1 AND c.relkind = 'r'
            """, [.text(place.schema)]
        ) { row throws(JournalError) in row.int(0) }
        let sizes = bytes.map { [(part: "journal", bytes: $0)] } ?? []
        sizesKept = (now, sizes)
        return sizes
    }
}
