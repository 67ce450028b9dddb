import CSQLite
import Glibc
import Model

/// One connection to a SQLite file, with its prepared statements. Not Sendable: it belongs to one owner, who calls it
/// from one thread at a time; SQLite's own mutexes are off.
final class SQLiteDatabase: Database {
    enum Access {
        case readWrite
        case readOnly
        /// Read-only on a medium where not even the shared-memory file can be made. Nobody may be writing.
        case immutable
    }

    let path: String
    /// What is being done, for error texts.
    var operation: String
    private let handle: OpaquePointer
    private var statements: [String: SQLiteStatement] = [:]
    private var isInTransaction = false
    /// Which file it is, of whoever writes: a folder that is removed or replaced leaves its files open and nowhere.
    private let place: Place?
    /// Kept for as long as the connection lives: the engine's lock.
    private let keepsAlive: AnyObject?

    /// Opens an existing file; it is never created here.
    init(
        path: String, access: Access, busyTimeout: TimeSpan, operation: String, keepingAlive owner: AnyObject? = nil
    ) throws(JournalError) {
        self.path = path
        self.operation = operation
        keepsAlive = owner
        var name = path
        var flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        switch access {
        case .readWrite: flags |= SQLITE_OPEN_READWRITE
        case .readOnly: flags |= SQLITE_OPEN_READONLY
        case .immutable:
            flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
            name =
                "file:" + path.split(separator: "/").map { "/" + PercentEncoding.encode($0.utf8) }.joined()
                + "?immutable=1"
        }
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(name, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            let systemError = opened.map { sqlite3_system_errno($0) } ?? 0
            sqlite3_close_v2(opened)
            throw JournalError(
                operation: operation, path: path, cause: .init(code: code, systemError: systemError),
                detail: systemError == 0 ? String(cString: sqlite3_errstr(code)) : systemErrorText(systemError))
        }
        handle = opened
        place = access == .readWrite ? Place(path) : nil
        sqlite3_busy_timeout(opened, Int32(clamping: busyTimeout.milliseconds))
        // A damaged or forged file must not make SQLite run code or write outside its pages.
        csqlite_set_option(opened, SQLITE_DBCONFIG_DEFENSIVE, 1)
        csqlite_set_option(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    }

    /// Everything that is in it, in memory and nowhere else. Errors name this one.
    func copyInMemory() throws(JournalError) -> SQLiteDatabase {
        let copy = try SQLiteDatabase(inMemoryFor: path)
        guard let backup = sqlite3_backup_init(copy.handle, "main", handle, "main") else { throw error(.failed(code: SQLITE_NOMEM)) }
        let code = sqlite3_backup_step(backup, -1)
        sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE else { throw error(.init(code: code, systemError: 0), String(cString: sqlite3_errstr(code))) }
        return copy
    }

    private init(inMemoryFor path: String) throws(JournalError) {
        self.path = path
        operation = "check the journal"
        (place, keepsAlive) = (nil, nil)
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(":memory:", &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard code == SQLITE_OK, let opened else {
            sqlite3_close_v2(opened)
            throw JournalError(
                operation: operation, path: path, cause: .init(code: code, systemError: 0), detail: String(cString: sqlite3_errstr(code)))
        }
        handle = opened
        csqlite_set_option(opened, SQLITE_DBCONFIG_DEFENSIVE, 1)
        csqlite_set_option(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    }

    deinit {
        for statement in statements.values { statement.finalize() }
        sqlite3_close_v2(handle)
    }

    /// Whether SQLite fell back to reading because the file may not be written.
    var isReadOnly: Bool { sqlite3_db_readonly(handle, "main") == 1 }

    // MARK: Statements

    /// The prepared statement of that text, reset; prepared once and kept. The text is a constant of the program.
    private func statement(_ sql: String) throws(JournalError) -> SQLiteStatement {
        if let known = statements[sql] {
            known.reset()
            return known
        }
        var prepared: OpaquePointer?
        try check(sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil))
        guard let prepared else { throw error(.failed(code: SQLITE_MISUSE), "an empty statement") }
        let statement = SQLiteStatement(prepared, of: self)
        statements[sql] = statement
        return statement
    }

    /// Runs statements that bind and return nothing.
    func execute(_ script: String) throws(JournalError) {
        try check(sqlite3_exec(handle, script, nil, nil, nil))
    }

    func put(_ sql: String, _ values: [SQLValue]) throws(JournalError) { _ = try change(sql, values) }

    /// One statement, bound again and again: a busy runtime changes thousands of chats a tick.
    func put(_ sql: String, count: Int, _ values: (Int) -> [SQLValue]) throws(JournalError) {
        let statement = try statement(sql)
        for index in 0..<count {
            defer { statement.reset() }
            try statement.bind(values(index))
            while try statement.step() {}
        }
    }

    func change(_ sql: String, _ values: [SQLValue]) throws(JournalError) -> Int {
        let statement = try statement(sql)
        defer { statement.reset() }
        try statement.bind(values)
        while try statement.step() {}
        return Int(sqlite3_changes64(handle))
    }

    func rows<R>(
        _ sql: String, _ values: [SQLValue], _ read: (any SQLRow) throws(JournalError) -> R
    ) throws(JournalError) -> [R] {
        let statement = try statement(sql)
        defer { statement.reset() }
        try statement.bind(values)
        var rows: [R] = []
        while try statement.step() { rows.append(try read(statement)) }
        return rows
    }

    // MARK: Transactions

    func transaction<R>(_ body: () throws(JournalError) -> R) throws(JournalError) -> R {
        precondition(!isInTransaction, "transactions do not nest")
        // What is written to a file that nobody can open any more is lost, and SQLite would not say so.
        if let place, Place(path) != place {
            throw error(
                .cannotOpen,
                "it was removed, moved or replaced while it is in use; stop this process, put it back or begin anew, and start again")
        }
        try execute("BEGIN IMMEDIATE")
        isInTransaction = true
        defer { isInTransaction = false }
        do throws(JournalError) {
            let result = try body()
            try execute("COMMIT")
            return result
        } catch {
            rollBack()
            throw error
        }
    }

    func snapshot<R>(_ body: () throws(JournalError) -> R) throws(JournalError) -> R {
        try execute("BEGIN")
        // Nothing was written: there is nothing to keep or to lose.
        defer { try? execute("ROLLBACK") }
        return try body()
    }

    /// After some errors SQLite has rolled back by itself; a failing ROLLBACK leaves nothing to undo.
    private func rollBack() {
        for statement in statements.values { statement.reset() }
        if sqlite3_get_autocommit(handle) == 0 { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
    }

    // MARK: Errors

    func check(_ code: Int32) throws(JournalError) {
        guard code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE else { return }
        let systemError = sqlite3_system_errno(handle)
        let isFileError = [SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_FULL].contains(code & 0xFF)
        var detail = String(cString: sqlite3_errmsg(handle))
        if isFileError, systemError != 0 { detail += ": " + systemErrorText(systemError) }
        throw error(.init(code: code, systemError: isFileError ? systemError : 0), detail)
    }
}

/// Which file a path leads to.
private struct Place: Equatable {
    let device: UInt64
    let inode: UInt64

    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        (device, inode) = (UInt64(status.st_dev), UInt64(status.st_ino))
    }
}
