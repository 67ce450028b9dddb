import Model

/// The journal: what must survive a stop at any instant. Holds one connection.
///
/// Not Sendable: it belongs to one owner, an actor with a thread of its own or a command that runs to its end. Calls
/// block for as long as the disk does, so the owner does not live on the cooperative pool.
public final class Journal {
    /// What this process may do.
    public enum Mode: Sendable {
        /// The only writer of engine state. The journal keeps the lock until it is closed.
        case engine(EngineLock)
        /// Reads, also while the engine runs.
        case reader
        /// Reads, and appends commands for the engine.
        case command
    }

    private enum Rights: Int {
        case reader, command, engine
    }

    public let path: String
    let folder: StateFolder
    private let rights: Rights
    private var database: (any Database)?
    /// A tick of which is not known whether it was kept, with the number of its commit.
    var doubtful: (tick: TickRecord, commit: Int64)?
    /// Messages that were handed out to be sent and not settled yet. After a crash they are due again.
    var messagesInFlight: Set<Int64> = []

    /// Opens the journal of a folder; the engine makes it when there is none. The engine also
    /// checks the file: all of it when it is small or when the last engine did not close it.
    ///
    /// Throws `.missing`, `.corrupt`, `.notAJournal`, `.newerSchema`, `.readOnly`, `.busy` and others.
    /// A journal that cannot be opened is left exactly as it is.
    ///
    /// - Parameter busyTimeout: how long a call waits for another process's transaction.
    public static func open(
        _ folder: StateFolder, mode: Mode, busyTimeout: TimeSpan = .seconds(2)
    ) throws(JournalError) -> sending Journal {
        if let place = folder.database {
            let journal = PostgresJournal(place: place, busyTimeout: busyTimeout)
            switch mode {
            case .engine(let lock): return Journal(folder, rights: .engine, database: try journal.openForEngine(lock))
            case .reader: return Journal(folder, rights: .reader, database: try journal.open(.reader))
            case .command: return Journal(folder, rights: .command, database: try journal.open(.command))
            }
        }
        let file = JournalFile(folder: folder, busyTimeout: busyTimeout)
        switch mode {
        case .engine(let lock):
            let database = try file.openForEngine(lock: lock)
            try KeptSwitch.putBack(database, folder)
            return Journal(folder, rights: .engine, database: database)
        case .reader:
            return Journal(folder, rights: .reader, database: try file.openForReader())
        case .command:
            return Journal(folder, rights: .command, database: try file.openForCommand())
        }
    }

    /// Looks at a journal as the engine would that starts next, and changes nothing. Throws what would keep it from starting, and
    /// what it would stumble over later: damaged pages, states that are not what was written, a schema that cannot be brought up
    /// to date.
    ///
    /// - Parameter limit: bytes of a file up to which all of it is read; some hundred megabytes take a second.
    /// - Returns: the bytes of a larger one, of whose pages few were read; nil where everything was looked at.
    public static func examine(
        _ folder: StateFolder, upTo limit: Int64 = 256 << 20, busyTimeout: TimeSpan = .seconds(2)
    ) throws(JournalError) -> Int64? {
        guard folder.database == nil else {
            // A server of PostgreSQL looks after its own pages.
            let journal = try open(folder, mode: .reader, busyTimeout: busyTimeout)
            try journal.reading("check the journal") { database throws(JournalError) in try database.checkStates() }
            return nil
        }
        return try JournalFile(folder: folder, busyTimeout: busyTimeout).examine(upTo: limit)
    }

    private init(_ folder: StateFolder, rights: Rights, database: any Database) {
        path = folder.journalPath
        self.folder = folder
        self.rights = rights
        self.database = database
    }

    /// Closes the connection and lets go of the lock. Later calls throw `.closed`. Nothing is lost without it.
    public func close() {
        database = nil
        messagesInFlight = []
    }

    var isReader: Bool { rights == .reader }

    /// From here on whoever calls has other things to do than wait: a server that does not answer within seconds is away. A file
    /// is never waited for longer than another's transaction.
    public func answerPromptly() { (database as? PostgresDatabase)?.answerPromptly() }

    /// Reads every page and compares what can be compared. Throws `.corrupt` with the first finding.
    public func verify() throws(JournalError) {
        try reading("check the journal") { database throws(JournalError) in try database.verify() }
    }

    // MARK: For the extensions

    /// Brings the write-ahead log into the file and empties it, as far as that goes now: what hinders it (no space, a
    /// reader) stays as it was, and the next commit does its own part of the work.
    func foldLog() {
        _ = try? reading("fold the log") { database throws(JournalError) in database.foldLog() }
    }

    /// The number of a commit of which is not known whether it was kept.
    var doubt: Int64? { database?.doubt }

    /// What the journal takes, by part; empty where that cannot be found out.
    public func sizes() -> [(part: String, bytes: Int64)] { database?.sizes() ?? [] }

    /// Runs `body` on the connection, naming what it does for the errors.
    func reading<R>(
        _ operation: String, _ body: (any Database) throws(JournalError) -> R
    ) throws(JournalError) -> R {
        let database = try connection(operation, atLeast: .reader)
        return try database.during(operation) { () throws(JournalError) in try body(database) }
    }

    /// Runs `body` in one transaction of the engine.
    func writing<R>(
        _ operation: String, _ body: (any Database) throws(JournalError) -> R
    ) throws(JournalError) -> R {
        let database = try connection(operation, atLeast: .engine)
        return try database.during(operation) { () throws(JournalError) in
            try database.transaction { () throws(JournalError) in try body(database) }
        }
    }

    /// Runs `body` in one short transaction of a command (or of the engine).
    func commanding<R>(
        _ operation: String, _ body: (any Database) throws(JournalError) -> R
    ) throws(JournalError) -> R {
        let database = try connection(operation, atLeast: .command)
        return try database.during(operation) { () throws(JournalError) in
            try database.transaction { () throws(JournalError) in try body(database) }
        }
    }

    /// Throws `.notPermitted` unless this is the engine's journal.
    func requireEngine(_ operation: String) throws(JournalError) {
        _ = try connection(operation, atLeast: .engine)
    }

    private func connection(_ operation: String, atLeast needed: Rights) throws(JournalError) -> any Database {
        guard let database else { throw JournalError(operation: operation, path: path, cause: .closed) }
        guard rights.rawValue >= needed.rawValue else {
            throw JournalError(operation: operation, path: path, cause: .notPermitted)
        }
        return database
    }
}
