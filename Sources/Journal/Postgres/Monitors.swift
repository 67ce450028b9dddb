import Model

/// A monitor of those that share a database, as it last said itself.
public struct MonitorRow: Hashable, Sendable {
    /// Which process it is: the same for as long as it lives in one role, and another for every other.
    public let name: String
    public let who: EngineHolder
    /// Whether it is, or was when it last spoke, the engine of the epoch that holds.
    public let isEngine: Bool
    /// Whether it spoke as the engine of an epoch that is over: it is gone, or ends with its next word, and stands by for nobody.
    public let wasEngine: Bool
    /// Since it last spoke, by the server's clock.
    public let age: TimeSpan
    /// After so long without a word it counts as hung.
    public let patience: TimeSpan
    /// What it says of itself; empty: nothing.
    public let document: String

    public init(
        name: String, who: EngineHolder, isEngine: Bool, wasEngine: Bool = false, age: TimeSpan, patience: TimeSpan, document: String
    ) {
        self.name = name
        self.who = who
        self.isEngine = isEngine
        self.wasEngine = wasEngine
        self.age = age
        self.patience = patience
        self.document = document
    }

    /// Nothing was heard of it for so long that somebody else may do its work.
    public var isSilent: Bool { age > patience }
}

/// The table by which the monitors of one database know of each other. It is the database's and no part of the journal: made
/// when the first engine speaks, never copied, empty after a crash of the server, and nothing is decided by what is missing in it.
enum MonitorTable {
    /// How long a row stays of which nothing was heard.
    private static let kept = TimeSpan.hours(1)
    static let now = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"

    static func isThere(_ database: PostgresDatabase) throws(JournalError) -> Bool {
        try database.row(
            "SELECT CAST(count(*) AS BIGINT) FROM pg_class WHERE oid = to_regclass(?1)", [.text(database.place.quotedSchema + ".monitors")]
        ) {
            row throws(JournalError) in row.int(0) > 0
        } ?? false
    }

    /// What is lost with the server's memory is said again within seconds: no word of it waits for the disk.
    static func make(_ database: PostgresDatabase) throws(JournalError) {
        guard try !isThere(database) else { return }
        try database.execute(
            """
            CREATE UNLOGGED TABLE monitors (name TEXT COLLATE "C" PRIMARY KEY, epoch BIGINT NOT NULL, beat_ms BIGINT NOT NULL,
                patience_ms BIGINT NOT NULL, document TEXT NOT NULL)
            """)
    }

    /// - Parameter epoch: 0 for one that is not the engine.
    static func speak(
        _ name: String, epoch: Int64, patience: TimeSpan, _ document: String, _ database: PostgresDatabase
    ) throws(JournalError) {
        _ = try database.change(
            """
            INSERT INTO monitors (name, epoch, beat_ms, patience_ms, document) VALUES (?1, ?2, \(now), ?3, ?4)
            ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, beat_ms = excluded.beat_ms,
                patience_ms = excluded.patience_ms, document = excluded.document
            """, [.text(name), .int(epoch), .int(patience.milliseconds), .text(document)])
    }

    static func forget(_ name: String, _ database: PostgresDatabase) throws(JournalError) {
        _ = try database.change("DELETE FROM monitors WHERE name = ?1 OR beat_ms < \(now) - \(kept.milliseconds)", [.text(name)])
    }

    /// All of them, by name.
    static func rows(_ database: any Database) throws(JournalError) -> [MonitorRow] {
        try database.rows(
            """
            SELECT m.name, CASE WHEN m.epoch = j.epoch THEN 1 WHEN m.epoch > 0 THEN -1 ELSE 0 END, \(now) - m.beat_ms,
                m.patience_ms, m.document
            FROM monitors AS m CROSS JOIN journal AS j ORDER BY m.name
            """
        ) { row throws(JournalError) in
            MonitorRow(
                name: row.text(0), who: PostgresLock.words(row.text(0)), isEngine: row.int(1) > 0, wasEngine: row.int(1) < 0,
                age: TimeSpan(milliseconds: max(0, row.int(2))), patience: TimeSpan(milliseconds: row.int(3)), document: row.text(4))
        }
    }
}

extension Journal {
    /// Whether other monitors may stand by for this one.
    public var isShared: Bool { folder.database != nil }

    /// The engine says that it is there, and what it has to say; what the others said last. Throws `.deposed` once another is the
    /// engine. Only of a database.
    ///
    /// - Parameter patience: after so long without another word another may take over.
    public func beat(patience: TimeSpan, _ document: String) throws(JournalError) -> [MonitorRow] {
        try requireEngine("say that the engine runs")
        return try reading("say that the engine runs") { database throws(JournalError) in
            guard let database = database as? PostgresDatabase, let fence = database.fence, let name = database.signature else { return [] }
            // Asked for on the session: one that was had anew may be another database's, where a server was put in the place of one.
            if !database.hasMonitors {
                try MonitorTable.make(database)
                database.hasMonitors = true
            }
            do throws(JournalError) {
                return try database.transaction { () throws(JournalError) in
                    try MonitorTable.speak(name, epoch: fence.epoch, patience: patience, document, database)
                    return try MonitorTable.rows(database).filter { $0.name != name }
                }
            } catch {
                database.hasMonitors = false
                throw error
            }
        }
    }

    /// The monitors that share the database and spoke within the last minutes, by name; empty where there are none.
    public func monitors() throws(JournalError) -> [MonitorRow] {
        try reading("look for other monitors") { database throws(JournalError) in
            guard let postgres = database as? PostgresDatabase, try MonitorTable.isThere(postgres) else { return [] }
            return try MonitorTable.rows(database).filter { $0.age < .minutes(5) }
        }
    }
}
