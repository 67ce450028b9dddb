import Model

extension Journal {
    /// The longest arguments of a command, in bytes.
    public static let commandLimit = 64 * 1_024

    /// Leaves a command for the engine, which takes it at its next tick. Returns its number, to look for the result.
    ///
    /// - Parameter arguments: JSON. Throws `.tooLarge` above `commandLimit`.
    @discardableResult
    public func appendCommand(
        at: Timestamp, actor: String, kind: String, arguments: String
    ) throws(JournalError) -> Int64 {
        try commanding("leave a command") { database throws(JournalError) in
            guard arguments.utf8.count + actor.utf8.count + kind.utf8.count <= Journal.commandLimit else {
                throw database.error(.tooLarge)
            }
            return try database.insert(
                "INSERT INTO commands (at_ms, actor, kind, arguments) VALUES (?1, ?2, ?3, ?4) RETURNING id",
                .time(at), .text(actor), .text(kind), .text(arguments))
        }
    }

    /// Commands that no tick has taken yet, oldest first.
    public func waitingCommands(limit: Int = 100) throws(JournalError) -> [CommandRow] {
        try reading("read the commands") { database throws(JournalError) in
            try database.rows(
                "SELECT \(CommandRow.columns) FROM commands WHERE taken_ms IS NULL ORDER BY id LIMIT ?1",
                [.int(Int64(max(0, limit)))], CommandRow.init)
        }
    }

    /// Commands of one kind, taken or not, newest first.
    public func commands(kind: String, limit: Int = 100) throws(JournalError) -> [CommandRow] {
        try reading("read the commands") { database throws(JournalError) in
            try database.rows(
                "SELECT \(CommandRow.columns) FROM commands WHERE kind = ?1 ORDER BY id DESC LIMIT ?2",
                [.text(kind), .int(Int64(max(0, limit)))], CommandRow.init)
        }
    }

    /// One command; nil when there is none of that number (or it is long done and removed).
    public func command(_ id: Int64) throws(JournalError) -> CommandRow? {
        try reading("read a command") { database throws(JournalError) in
            try database.row("SELECT \(CommandRow.columns) FROM commands WHERE id = ?1", [.int(id)], CommandRow.init)
        }
    }
}

extension CommandRow {
    fileprivate static let columns = "id, at_ms, actor, kind, arguments, taken_ms, result"

    /// From a row with `columns`.
    fileprivate init(_ row: any SQLRow) throws(JournalError) {
        self.init(
            id: row.int(0), at: row.time(1), actor: row.text(2), kind: row.text(3), arguments: row.text(4),
            takenAt: row.optionalTime(5), result: row.optionalText(6))
    }
}
