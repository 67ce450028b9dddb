import Model

/// What a post asks of the database that it waits at: one session, that finds out by being asked that it was lost and is had anew.
/// A protocol so that a test can be the server.
protocol PostSession: AnyObject {
    /// How it signs.
    var name: String { get }
    /// Its number; another after it was had anew. Nil while there is none.
    var number: Int32? { get }

    /// Whether monitors can hear of each other there yet. The first thing that is asked in a look, so that a lost session shows.
    func hasTable() throws(JournalError) -> Bool
    /// Signs a session that was had anew.
    func sign() throws(JournalError)
    /// Takes the engine's lock without waiting; whether that went well.
    func takeLock() throws(JournalError) -> Bool
    func speak(patience: TimeSpan, _ document: String) throws(JournalError)
    func holder() throws(JournalError) -> PostgresLock.Holder?
    /// All that speak there.
    func rows() throws(JournalError) -> [MonitorRow]
    /// The number of the engine's last commit.
    func commits() throws(JournalError) -> Int64
    /// Ends another's session; whether there was one. Throws `.denied` where it may not.
    func end(session: Int32) throws(JournalError) -> Bool
    /// The lock that it took, for whoever is the engine now. The session is that one's.
    func engineLock(at moment: Timestamp, in folder: StateFolder, hasTable: Bool) throws(JournalError) -> EngineLock
    /// Takes its word back, where it can.
    func leave()
}

/// A session of PostgreSQL.
final class PostgresPostSession: PostSession {
    private let database: PostgresDatabase

    init(_ place: PostgresPlace, now: Timestamp) throws(JournalError) {
        database = try PostgresDatabase(place, role: .engine, busyTimeout: .seconds(2), operation: "stand by")
        try PostgresLock.sign(database, now: now, isKeeping: false)
        database.answerPromptly()
    }

    var name: String { database.signature ?? "" }
    var number: Int32? { database.connection?.backendPID }

    func hasTable() throws(JournalError) -> Bool { try MonitorTable.isThere(database) }
    func sign() throws(JournalError) { try PostgresLock.sign(database) }
    func takeLock() throws(JournalError) -> Bool { try PostgresLock.take(database) }
    func holder() throws(JournalError) -> PostgresLock.Holder? { try PostgresLock.holder(database) }
    func rows() throws(JournalError) -> [MonitorRow] { try MonitorTable.rows(database) }

    func speak(patience: TimeSpan, _ document: String) throws(JournalError) {
        try MonitorTable.speak(name, epoch: 0, patience: patience, document, database)
    }

    func commits() throws(JournalError) -> Int64 {
        try database.row("SELECT commits FROM journal") { row throws(JournalError) in row.int(0) } ?? 0
    }

    func end(session: Int32) throws(JournalError) -> Bool {
        try database.row("SELECT pg_terminate_backend(CAST(?1 AS INTEGER))", [.int(Int64(session))]) {
            row throws(JournalError) in row.int(0) != 0
        } ?? false
    }

    func engineLock(at moment: Timestamp, in folder: StateFolder, hasTable: Bool) throws(JournalError) -> EngineLock {
        let old = name
        do throws(JournalError) {
            try PostgresLock.sign(database, now: moment, isKeeping: false)
            if hasTable { try MonitorTable.forget(old, database) }
            // What it reads before it polls may take as long as a statement may.
            database.patience = nil
            database.beUsuallyPatient()
        } catch {
            // Nobody would have the lock who begins.
            database.letGo()
            throw error
        }
        return EngineLock(taken: database, in: folder)
    }

    func leave() {
        if let connection = database.connection, !connection.isLost, (try? MonitorTable.isThere(database)) == true {
            try? MonitorTable.forget(name, database)
        }
    }
}
