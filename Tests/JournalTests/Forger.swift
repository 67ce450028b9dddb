import Model

@testable import Journal

/// Somebody who is at the journal's tables with a tool of their engine.
enum Forger {
    case sqlite(RawSQLite)
    case postgres(PostgresDatabase)

    /// Statements in the words of SQLite.
    func run(_ sql: String) throws {
        switch self {
        case .sqlite(let database): try database.run(sql)
        case .postgres(let database): try database.execute(Forger.translated(sql))
        }
    }

    private static func translated(_ sql: String) -> String {
        var text = PostgresSchema.adapted(sql)
        for (here, there) in [
            ("DROP TRIGGER audit_keeps_its_rows", "DROP TRIGGER audit_keeps_its_rows ON audit"),
            ("DROP TRIGGER audit_keeps_its_values", "DROP TRIGGER audit_keeps_its_values ON audit"),
            ("zeroblob(32)", "decode(repeat('00', 32), 'hex')"), ("lower(hex(digest))", "encode(digest, 'hex')"), (" x'", " '\\x"),
            (
                "INSERT OR REPLACE INTO audit SELECT seq, at_ms, 'nobody', kind, reason, document, previous, digest FROM audit WHERE seq = 2",
                "UPDATE audit SET actor = 'nobody' WHERE seq = 2"
            ),
        ] {
            text = text.replacing(bytesOf: here, with: there)
        }
        return text
    }
}
