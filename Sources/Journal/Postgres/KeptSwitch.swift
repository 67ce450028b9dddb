import Model

/// What a folder keeps in files beside the journal lies in a row of its own where the journal is in a database.
enum KeptSwitch {
    private static let stop = "actions.stop"
    private static let resumed = "actions.resumed"
    /// As a list of SQL.
    static let keys = "'\(stop)', '\(resumed)', 'tokens.json'"

    static func isOn(_ database: any Database) throws(JournalError) -> Bool { try text(stop, database) != nil }

    /// Of the switch as it is now; empty where nobody said.
    static func actor(isOn: Bool, _ database: any Database) throws(JournalError) -> String? {
        try text(isOn ? stop : resumed, database).flatMap { $0.isEmpty ? nil : $0 }
    }

    static func turnOn(by actor: String, _ database: any Database) throws(JournalError) {
        try database.run("INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING", .text(stop), .text(line(actor)))
        try database.run("DELETE FROM meta WHERE key = ?1", .text(resumed))
    }

    static func turnOff(by actor: String, _ database: any Database) throws(JournalError) {
        guard try database.change("DELETE FROM meta WHERE key = ?1", [.text(stop)]) > 0, !actor.isEmpty else { return }
        try database.run(
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            .text(resumed), .text(line(actor)))
    }

    /// A backup of a journal whose actions were stopped says so in itself: the file beside it is made anew before anything else,
    /// and holds from then on.
    static func putBack(_ database: any Database, _ folder: StateFolder) throws(JournalError) {
        guard try isOn(database) else { return }
        try folder.turnKillSwitchOn(by: try actor(isOn: true, database) ?? "")
        try database.transaction { () throws(JournalError) in try turnOff(by: "", database) }
    }

    static func forgetActor(_ database: any Database) throws(JournalError) {
        try database.run("DELETE FROM meta WHERE key = ?1", .text(resumed))
    }

    static func text(_ key: String, _ database: any Database) throws(JournalError) -> String? {
        try database.row("SELECT value FROM meta WHERE key = ?1", [.text(key)]) { row throws(JournalError) in row.text(0) }
    }

    /// One line, as in the file.
    private static func line(_ actor: String) -> String { String(decoding: Shown.line(actor).utf8.prefix(200), as: UTF8.self) }
}

extension PostgresPlace {
    /// Runs `body` on a session of its own, which ends with it.
    func briefly<R>(
        _ operation: String, _ role: PostgresDatabase.Role = .command, _ body: (any Database) throws(JournalError) -> R
    ) throws(JournalError) -> R {
        let database = try PostgresJournal(place: self, busyTimeout: .seconds(2)).open(role)
        return try database.during(operation) { () throws(JournalError) in
            role == .reader ? try body(database) : try database.transaction { () throws(JournalError) in try body(database) }
        }
    }
}

extension StateFolder {
    /// A text that a folder would keep in a file of that name; nil where there is none. Only of a database.
    public func keptText(_ name: String) throws(JournalError) -> String? {
        guard let database else { return nil }
        return try database.briefly("read \(name)", .reader) { database throws(JournalError) in try KeptSwitch.text(name, database) }
    }

    /// Puts another in its place, one change at a time; nil leaves it as it is. Only of a database.
    public func changeKeptText(_ name: String, _ change: (String?) -> String?) throws(JournalError) {
        try database?.briefly("change \(name)") { database throws(JournalError) in
            guard let text = change(try KeptSwitch.text(name, database)) else { return }
            try database.run(
                "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                .text(name), .text(text))
        }
    }
}

extension Journal {
    /// Whether the kill switch is on; nil where that cannot be found out. What does not know must not act.
    public var killSwitch: Bool? {
        // A file that is there needs no journal. In one that came out of a backup the switch lies as in a database.
        if folder.database == nil {
            let file = folder.killSwitch
            if file != false || !isReader { return file }
        }
        return try? reading("look for the kill switch") { database throws(JournalError) in try KeptSwitch.isOn(database) }
    }

    /// Who turned the switch to where it is now, as they said it; nil where nobody did.
    public func killSwitchActor(isOn: Bool) -> String? {
        if folder.database == nil {
            if let actor = folder.killSwitchActor(isOn: isOn) { return actor }
            guard isReader, isOn, !folder.isKillSwitchOn else { return nil }
        }
        return
            (try? reading("look for the kill switch") { database throws(JournalError) in
                try KeptSwitch.actor(isOn: isOn, database)
            })?.flatMap { $0 }
    }

    /// Forgets who lifted the switch last, once that is written down.
    public func forgetKillSwitchActor() {
        guard folder.database != nil else { return folder.forgetKillSwitchActor() }
        _ = try? commanding("forget who lifted the kill switch") { database throws(JournalError) in try KeptSwitch.forgetActor(database) }
    }

    /// Who is the engine now; nil where nobody is, or where that cannot be found out.
    public var engineHolder: EngineHolder? {
        guard folder.database != nil else { return EngineLock.holder(of: folder) }
        return
            (try? reading("look for the engine") { database throws(JournalError) in
                try (database as? PostgresDatabase).flatMap { database throws(JournalError) in try PostgresLock.holder(database)?.words }
            }) ?? nil
    }
}
