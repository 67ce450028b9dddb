import Model

extension Journal {
    /// The bytes last committed under that key; nil when there are none. Throws `.corrupt` when they do not match their
    /// checksum.
    public func state(_ key: String) throws(JournalError) -> [UInt8]? {
        try reading("read the state") { database throws(JournalError) in
            try database.row("SELECT bytes, checksum FROM state WHERE key = ?1", [.text(key)]) {
                row throws(JournalError) in try row.checkedBytes(0, checksum: 1, key: Array(key.utf8))
            }
        }
    }

    /// All keys of states, sorted.
    public func stateKeys() throws(JournalError) -> [String] {
        try reading("read the state") { database throws(JournalError) in
            try database.rows("SELECT key FROM state ORDER BY key") { row throws(JournalError) in row.text(0) }
        }
    }

    /// The remembered chats of a runtime, replica by replica, sorted by replica and key.
    public func chats(runtime: String) throws(JournalError) -> [(replica: String, chats: [ChatRow])] {
        try reading("read the chats") { database throws(JournalError) in
            let sources = try database.rows(
                "SELECT id, replica FROM sources WHERE runtime = ?1 ORDER BY replica", [.text(runtime)]
            ) { row throws(JournalError) in (id: row.int(0), replica: row.text(1)) }
            var replicas: [(replica: String, chats: [ChatRow])] = []
            for source in sources {
                let chats = try database.rows(
                    "SELECT key, record, checksum FROM chats WHERE source = ?1 ORDER BY key", [.int(source.id)]
                ) { row throws(JournalError) in
                    let bytes = row.bytes(0)
                    guard let key = StableHash(bytes: bytes) else {
                        throw database.error(.corrupt, "a chat's key is not 16 bytes")
                    }
                    return ChatRow(key: key, record: try row.checkedBytes(1, checksum: 2, key: bytes))
                }
                if !chats.isEmpty { replicas.append((source.replica, chats)) }
            }
            return replicas
        }
    }

    /// The replicas of a runtime of which chats may be remembered, sorted. Reads no chat, so that it works where one of
    /// them cannot be read.
    public func chatSources(runtime: String) throws(JournalError) -> [String] {
        try reading("read the chats") { database throws(JournalError) in
            try database.rows("SELECT replica FROM sources WHERE runtime = ?1 ORDER BY replica", [.text(runtime)]) {
                row throws(JournalError) in row.text(0)
            }
        }
    }

    /// The closed minutes of a runtime in `minutes` (UTC minutes since 1970), oldest first.
    public func minutes(runtime: String, in minutes: Range<Int64>) throws(JournalError) -> [MinuteRow] {
        try reading("read the history") { database throws(JournalError) in
            try database.rows(
                """
                SELECT minute, bytes, checksum FROM minutes
                WHERE runtime = ?1 AND minute >= ?2 AND minute < ?3 ORDER BY minute
                """,
                [.text(runtime), .int(minutes.lowerBound), .int(minutes.upperBound)]
            ) { row throws(JournalError) in
                MinuteRow(runtime: runtime, minute: row.int(0), bytes: try row.checkedBytes(1, checksum: 2))
            }
        }
    }
}
