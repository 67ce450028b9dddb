import Glibc

/// What SQLite does in its own way.
extension SQLiteDatabase {
    var rowName: String { "rowid" }

    func isAuditGuarded() throws(JournalError) -> Bool {
        try row("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'audit'") {
            row throws(JournalError) in row.int(0)
        } == 2
    }

    /// Reads every page and compares what SQLite can compare.
    func verify() throws(JournalError) {
        let finding = try row("PRAGMA quick_check(1)") { row throws(JournalError) in row.text(0) }
        if let finding, finding != "ok" {
            throw error(.corrupt, finding.split(separator: "\n").last.map(String.init) ?? finding)
        }
    }

    /// SQLite follows by itself.
    func goOnNumbering(_ table: String) {}

    func giveBackSpace() throws(JournalError) { try execute("PRAGMA incremental_vacuum(256)") }

    /// What hinders it (no space, a reader) stays as it was, and the next commit does its own part of the work.
    func foldLog() {
        _ = try? row("PRAGMA wal_checkpoint(TRUNCATE)") { row throws(JournalError) in row.int(0) }
    }

    func compact() throws(JournalError) {
        try execute("VACUUM")
        foldLog()
    }

    func sizes() -> [(part: String, bytes: Int64)] {
        [("journal", path), ("log", path + "-wal")].compactMap { name, path in
            var status = stat()
            return stat(path, &status) == 0 ? (name, Int64(status.st_size)) : nil
        }
    }

    /// What the disk said is what holds.
    var doubt: Int64? { nil }
    func wasKept(_ commit: Int64) -> Bool { true }
}
