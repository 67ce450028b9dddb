import Model

/// Checks that are the same wherever the journal lies.
extension Database {
    /// Every state must be what was written under its key: a state whose key was damaged would otherwise look like one
    /// that never was, and the engine would start anew without a word.
    func checkStates() throws(JournalError) {
        _ = try rows("SELECT key, bytes, checksum FROM state") { row throws(JournalError) in
            _ = try row.checkedBytes(1, checksum: 2, key: row.bytes(0))
        }
    }

    /// Everything that carries a checksum is what was written. Throws `.corrupt` with the table of the first that is not.
    func checkContents() throws(JournalError) {
        func check(_ table: String, _ columns: String, _ body: (any SQLRow) throws(JournalError) -> Void) throws(JournalError) {
            do throws(JournalError) {
                _ = try rows("SELECT \(columns) FROM \(table)", body)
            } catch  where error.cause == .corrupt {
                throw self.error(.corrupt, "\(table): \(error.detail)")
            }
        }
        try check("state", "key, bytes, checksum") { row throws(JournalError) in
            _ = try row.checkedBytes(1, checksum: 2, key: row.bytes(0))
        }
        try check("chats", "key, record, checksum") { row throws(JournalError) in
            _ = try row.checkedBytes(1, checksum: 2, key: row.bytes(0))
        }
        try check("hours", "bytes, checksum, runtime, hour") { row throws(JournalError) in
            _ = try row.checkedBytes(0, checksum: 1, key: Journal.checksumKey(row.text(2), row.int(3)))
        }
        try check("minutes", "bytes, checksum") { row throws(JournalError) in _ = try row.checkedBytes(0, checksum: 1) }
        for table in ["incidents", "leases", "placements", "outbox"] {
            try check(table, "document, checksum") { row throws(JournalError) in _ = try row.checkedBytes(0, checksum: 1) }
        }
    }
}
