import Glibc
import Model

/// Opening the file: creation, checks, migrations. Nothing here deletes or overwrites a journal.
///
/// The file is only ever looked at with `stat` and through SQLite. Opening and closing it by hand would drop the POSIX
/// locks that another connection of this process holds on it.
struct JournalFile {
    let folder: StateFolder
    let busyTimeout: TimeSpan

    private var path: String { folder.journalPath }
    private var walPath: String { path + "-wal" }

    /// For the engine: makes the journal when there is none, checks it, brings it up to date.
    func openForEngine(lock: EngineLock) throws(JournalError) -> SQLiteDatabase {
        let operation = "open the journal"
        guard lock.folder == folder else {
            throw JournalError(
                operation: operation, path: path, cause: .notPermitted, detail: "the lock is of another folder")
        }
        switch size(of: path) {
        case .absent: try create()
        case .bytes(0):
            throw JournalError(operation: operation, path: path, cause: .corrupt, detail: "the file is empty")
        case .bytes: break
        case .deadLink: throw deadLink(operation)
        case .other: throw JournalError(operation: operation, path: path, cause: .cannotOpen, detail: "not a file")
        }
        let wasLeftOpen = size(of: walPath).isPositive
        let closedSize = size(of: path)
        let database = try SQLiteDatabase(
            path: path, access: .readWrite, busyTimeout: busyTimeout, operation: operation, keepingAlive: lock)
        try checkIdentity(database, mayMigrate: true)
        guard !database.isReadOnly else { throw database.error(.readOnly) }
        try configure(database)
        // A killed checkpoint may leave a part of a page, which the log repairs. SQLite reads such a part as if zeros
        // followed.
        if !wasLeftOpen { try checkPages(closedSize, database) }
        if wasLeftOpen || closedSize.isAtMost(JournalFile.alwaysCheckedBytes) { try database.verify() }
        try migrate(database)
        try database.checkStates()
        return database
    }

    /// For a command: an existing journal, to append one row to.
    func openForCommand() throws(JournalError) -> SQLiteDatabase {
        let operation = "open the journal for a command"
        try requirePresence(operation)
        let database = try SQLiteDatabase(path: path, access: .readWrite, busyTimeout: busyTimeout, operation: operation)
        try checkIdentity(database, mayMigrate: false)
        guard !database.isReadOnly else { throw database.error(.readOnly) }
        try configure(database)
        return database
    }

    /// For a reader, also while the engine writes, and from a medium that cannot be written.
    ///
    /// - Parameter mayBeOlder: whether one of an earlier version is opened too, for whoever only looks at its pages.
    func openForReader(mayBeOlder: Bool = false) throws(JournalError) -> SQLiteDatabase {
        let operation = "read the journal"
        try requirePresence(operation)
        do throws(JournalError) {
            let database = try SQLiteDatabase(path: path, access: .readOnly, busyTimeout: busyTimeout, operation: operation)
            try checkIdentity(database, mayMigrate: mayBeOlder)
            return database
        } catch {
            // A reader of a WAL file needs its shared-memory file. Where that cannot be made and no log is left, nobody
            // is writing, and the file may be read as it lies there.
            guard [.cannotOpen, .readOnly].contains(error.cause), access(folder.path, W_OK) != 0,
                !size(of: walPath).isPositive
            else { throw error }
            let database = try SQLiteDatabase(path: path, access: .immutable, busyTimeout: busyTimeout, operation: operation)
            try checkIdentity(database, mayMigrate: mayBeOlder)
            return database
        }
    }

    /// Looks at the journal as the engine would that starts next, and changes nothing: its pages, its states, and where it is of
    /// an earlier version whether it can be brought up to date, which is tried on a copy in memory.
    ///
    /// - Parameter limit: bytes of the file up to which all that is done; reading takes its time.
    /// - Returns: the bytes of a larger file, of which little was read; nil where everything was looked at.
    func examine(upTo limit: Int64) throws(JournalError) -> Int64? {
        let database = try openForReader(mayBeOlder: true)
        database.operation = "check the journal"
        let bytes = size(of: path)
        if !size(of: walPath).isPositive { try checkPages(bytes, database) }
        guard bytes.isAtMost(limit) else {
            try database.checkStates()
            if case .bytes(let count) = bytes { return count }
            return nil
        }
        try database.verify()
        guard Int(try pragma("user_version", database)) < Schema.version else {
            try database.checkStates()
            return nil
        }
        let copy = try database.copyInMemory()
        copy.operation = "bring the journal up to date"
        try migrate(copy)
        try copy.checkStates()
        return nil
    }

    // MARK: Checks

    /// Up to this size the whole file is checked at every start, which takes some milliseconds. Beyond it only after a
    /// stop that was none: then the log of the last engine is still there.
    private static let alwaysCheckedBytes: Int64 = 4 << 20

    private func checkPages(_ size: Size, _ database: SQLiteDatabase) throws(JournalError) {
        let pageSize = try pragma("page_size", database)
        if case .bytes(let count) = size, count % pageSize != 0 { throw database.error(.corrupt, "the file ends inside a page") }
    }

    private func checkIdentity(_ database: SQLiteDatabase, mayMigrate: Bool) throws(JournalError) {
        let application = try pragma("application_id", database)
        guard application == Schema.applicationID else { throw database.error(.notAJournal) }
        let version = Int(try pragma("user_version", database))
        guard version <= Schema.version else {
            throw database.error(.newerSchema(found: version, known: Schema.version))
        }
        guard version >= 0, mayMigrate || version == Schema.version else {
            throw database.error(.olderSchema(found: version, known: Schema.version))
        }
    }

    private func pragma(_ name: String, _ database: SQLiteDatabase) throws(JournalError) -> Int64 {
        try database.row("PRAGMA \(name)") { row throws(JournalError) in row.int(0) } ?? 0
    }

    /// `synchronous = FULL`: a tick is on the disk when its commit returns, so that an action that follows it is
    /// remembered even when the power goes. One `fsync` a tick is what that costs. NORMAL would survive a killed
    /// process, but could forget the last leases and messages with the power.
    private func configure(_ database: SQLiteDatabase) throws(JournalError) {
        let mode = try database.row("PRAGMA journal_mode = WAL") { row throws(JournalError) in row.text(0) }
        guard mode == "wal" else { throw database.error(.cannotOpen, "no write-ahead log on this file system") }
        try database.execute(
            """
            PRAGMA synchronous = FULL;
            PRAGMA foreign_keys = ON;
            PRAGMA cell_size_check = ON;
            PRAGMA temp_store = MEMORY;
            PRAGMA journal_size_limit = 16777216;
            """)
    }

    private func migrate(_ database: SQLiteDatabase) throws(JournalError) {
        let version = Int(try pragma("user_version", database))
        guard version < Schema.version else { return }
        try database.transaction { () throws(JournalError) in
            for migration in Schema.migrations[version...] { try database.execute(migration) }
            try database.execute("PRAGMA user_version = \(Schema.version)")
        }
    }

    // MARK: Creation

    /// Makes the journal under another name, whole, and renames it: a file called `journal.db` is never half made.
    private func create() throws(JournalError) {
        let operation = "create the journal"
        guard !size(of: walPath).isPositive else {
            throw JournalError(
                operation: operation, path: path, cause: .corrupt,
                detail: "the file is gone but its write-ahead log is there; put the file back or move the log aside")
        }
        // Leftovers of a start that was killed in here. Only the holder of the lock comes this way.
        let new = path + ".new"
        for suffix in ["", "-journal", "-wal", "-shm"] { unlink(new + suffix) }
        unlink(walPath)
        unlink(path + "-shm")
        let file = open(new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw systemFailure(operation, new) }
        folder.handOver(file)
        close(file)
        try write(new, operation)
        try sync(new, operation)
        guard rename(new, path) == 0 else { throw systemFailure(operation, path) }
        try sync(folder.path, operation)
    }

    /// Without waiting for the disk at each step: nobody reads the file under this name, and it is synced before it
    /// gets its own.
    private func write(_ new: String, _ operation: String) throws(JournalError) {
        let database = try SQLiteDatabase(path: new, access: .readWrite, busyTimeout: busyTimeout, operation: operation)
        try database.execute(
            """
            PRAGMA synchronous = OFF;
            PRAGMA journal_mode = MEMORY;
            PRAGMA auto_vacuum = INCREMENTAL;
            PRAGMA application_id = \(Schema.applicationID);
            """)
        try migrate(database)
        try database.execute("PRAGMA journal_mode = WAL")
    }

    /// Waits until a file or a folder is on the disk.
    private func sync(_ path: String, _ operation: String) throws(JournalError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw systemFailure(operation, path) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw systemFailure(operation, path) }
    }

    private func systemFailure(_ operation: String, _ path: String) -> JournalError {
        let code = errno
        let cause: JournalError.Cause =
            switch code {
            case ENOSPC, EDQUOT: .full
            case EFBIG: .fileLimit
            case EROFS: .readOnly
            default: .cannotOpen
            }
        return JournalError(operation: operation, path: path, cause: cause, detail: systemErrorText(code))
    }

    // MARK: Sizes

    private enum Size {
        case absent
        case bytes(Int64)
        /// A link whose end is not there. What it led to is missed, not new: a journal in its place would hide that.
        case deadLink
        case other

        var isPositive: Bool {
            if case .bytes(let count) = self { count > 0 } else { false }
        }

        func isAtMost(_ limit: Int64) -> Bool {
            if case .bytes(let count) = self { count <= limit } else { false }
        }
    }

    private func size(of path: String) -> Size {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT else { return .other }
            return lstat(path, &status) == 0 ? .deadLink : .absent
        }
        return status.st_mode & S_IFMT == S_IFREG ? .bytes(Int64(status.st_size)) : .other
    }

    private func deadLink(_ operation: String) -> JournalError {
        JournalError(
            operation: operation, path: path, cause: .cannotOpen,
            detail: "it is a link that leads nowhere; put back what it leads to, or remove the link")
    }

    private func requirePresence(_ operation: String) throws(JournalError) {
        switch size(of: path) {
        case .bytes(0):
            throw JournalError(operation: operation, path: path, cause: .corrupt, detail: "the file is empty")
        case .bytes: return
        case .absent: throw JournalError(operation: operation, path: path, cause: .missing)
        case .deadLink: throw deadLink(operation)
        case .other: throw JournalError(operation: operation, path: path, cause: .cannotOpen, detail: "not a file")
        }
    }
}
