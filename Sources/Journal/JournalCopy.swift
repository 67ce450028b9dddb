import Digest
import Glibc
import Model

/// What a table of a journal holds.
public struct TableContents: Hashable, Sendable {
    public let name: String
    public let rows: Int
    /// SHA-256 over all values of all rows in their order, each behind its length.
    public let digest: [UInt8]
}

extension Journal {
    /// What every table holds, as it is at one moment.
    public func contents() throws(JournalError) -> [TableContents] {
        try reading("read the journal") { database throws(JournalError) in
            try database.snapshot { () throws(JournalError) in
                var all: [TableContents] = []
                for table in JournalTable.all { all.append(try Journal.contents(of: table, database)) }
                return all
            }
        }
    }

    /// Looks at everything: what the engine can look at, every checksum, and the audit log.
    public func check(anchor: AuditHead? = nil) throws(JournalError) -> AuditFinding {
        try verify()
        try reading("check the journal") { database throws(JournalError) in try database.checkContents() }
        return try verifyAudit(anchor: anchor)
    }

    /// Copies a journal into a place where there is none, whichever engines the two are, and compares what is there then,
    /// value by value. All of it is there, or nothing is.
    ///
    /// - Parameter isBackup: whether the engine of `source` may go on meanwhile: the copy is then of one moment. Otherwise
    ///   there must be none: what it wrote later would stay behind.
    public static func copy(
        from source: StateFolder, to target: StateFolder, isBackup: Bool = false, now: Timestamp
    ) throws(JournalError) -> [TableContents] {
        let lock = isBackup ? nil : try lockOfSource(source, now)
        defer { withExtendedLifetime(lock) {} }
        let reader = try open(source, mode: .reader)
        let writer = try open(target, mode: .engine(EngineLock(folder: target, now: now, isKeeping: true)))
        let before = try writer.contents()
        guard before.allSatisfy({ $0.rows == 0 }) else {
            throw JournalError(
                operation: "copy the journal", path: target.path, cause: .notPermitted,
                detail: "there is a journal already, and nothing is written over it; name another place")
        }
        // First what keeps actions from being taken.
        let isStopped = reader.killSwitch ?? true
        let stopper = isStopped ? reader.killSwitchActor(isOn: true) ?? "" : ""
        if isStopped { try target.turnKillSwitchOn(by: stopper) }
        let copied = try reader.reading("copy the journal") { from throws(JournalError) in
            try from.snapshot { () throws(JournalError) in
                try writer.writing("copy the journal") { to throws(JournalError) in
                    var all: [TableContents] = []
                    for table in JournalTable.all { all.append(try copy(table, from, to)) }
                    // Of a backup only the journal is left, and the switch goes with it.
                    if isBackup, isStopped { try KeptSwitch.turnOn(by: stopper, to) }
                    return all
                }
            }
        }
        guard try writer.contents() == copied else {
            throw JournalError(
                operation: "copy the journal", path: target.path, cause: .corrupt, detail: "what was written is not what was read")
        }
        writer.close()
        return copied
    }

    /// As `copy`, of a file that `backUp` wrote, which stays as it is.
    ///
    /// Throws `.notPermitted` for the journal of a folder: what its engine wrote last does not stand in that file.
    public static func copy(fromBackup path: String, to target: StateFolder, now: Timestamp) throws(JournalError) -> [TableContents] {
        func failure(_ detail: String, _ cause: JournalError.Cause = .cannotOpen) -> JournalError {
            JournalError(operation: "copy the journal", path: path, cause: cause, detail: detail)
        }
        let folderOfFile = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
        let isOfFolder = path == "journal.db" || path.hasSuffix("/journal.db")
        guard access(path + "-wal", F_OK) != 0, !isOfFolder || access(folderOfFile + "engine.lock", F_OK) != 0 else {
            throw failure("it is the journal of a folder and no backup; name the folder", .notPermitted)
        }
        // A second name of it in a folder of its own, where SQLite may put what it needs beside it.
        let folder = try StateFolder(existing: try StateFolder.makeOwn(beside: path))
        defer {
            for name in ["journal.db", "journal.db-wal", "journal.db-shm", "engine.lock"] { unlink(folder.path + "/" + name) }
            rmdir(folder.path)
        }
        guard link(path, folder.journalPath) == 0 else {
            throw failure(systemErrorText(errno) + "; put it into an empty folder under the name journal.db, and name that")
        }
        do throws(JournalError) {
            return try copy(from: folder, to: target, now: now)
        } catch  where error.path == folder.journalPath {
            // That name is gone when somebody reads this.
            guard case .olderSchema(let found, let known) = error.cause else { throw failure(error.detail, error.cause) }
            throw failure(
                "it has schema version \(found), older than \(known); put it into an empty folder under the name journal.db, let "
                    + "'journal compact --state FOLDER' bring that up to date, and copy the folder")
        }
    }

    /// Nil where nobody can write there anyway.
    private static func lockOfSource(_ source: StateFolder, _ now: Timestamp) throws(JournalError) -> EngineLock? {
        do throws(JournalError) {
            return try EngineLock(folder: source, now: now, isKeeping: true)
        } catch  where error.cause == .readOnly || error.cause == .cannotOpen {
            return nil
        }
    }

    private static func copy(_ table: JournalTable, _ from: any Database, _ to: any Database) throws(JournalError) -> TableContents {
        let names = table.columns.map(\.name).joined(separator: ", ")
        let marks = table.columns.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
        var digest = RowDigest()
        let count = try table.each(from) { page throws(JournalError) in
            digest.add(page)
            try to.put("INSERT INTO \(table.name) (\(names)) VALUES (\(marks))", count: page.count) { page[$0] }
        }
        if table.isNumbered { try to.goOnNumbering(table.name) }
        return TableContents(name: table.name, rows: count, digest: digest.value)
    }

    private static func contents(of table: JournalTable, _ database: any Database) throws(JournalError) -> TableContents {
        var digest = RowDigest()
        let count = try table.each(database) { page throws(JournalError) in digest.add(page) }
        return TableContents(name: table.name, rows: count, digest: digest.value)
    }

    /// Makes the journal as small as what is in it. There must be no engine.
    public static func compact(_ folder: StateFolder, now: Timestamp) throws(JournalError) -> (before: Int64, after: Int64) {
        let journal = try open(folder, mode: .engine(EngineLock(folder: folder, now: now, isKeeping: true)))
        return try journal.reading("make the journal compact") { database throws(JournalError) in
            let before = database.sizes().reduce(0) { $0 + $1.bytes }
            try database.compact()
            return (before, database.sizes().reduce(0) { $0 + $1.bytes })
        }
    }

    /// Writes the journal as it is at this moment into a file of its own, a journal as a folder holds it: put into a folder
    /// under the name `journal.db` it goes on from there. The engine may run meanwhile.
    ///
    /// - Parameter path: must not be there yet.
    public static func backUp(_ source: StateFolder, to path: String, now: Timestamp) throws(JournalError) -> [TableContents] {
        func failure(_ detail: String, _ cause: JournalError.Cause = .cannotOpen) -> JournalError {
            JournalError(operation: "back the journal up", path: path, cause: cause, detail: detail)
        }
        var status = stat()
        guard lstat(path, &status) != 0 else { throw failure("it is there already, and nothing is written over it", .notPermitted) }
        // A folder that nobody else has or knows: what lies beside the file under any name is somebody's, and so is what another
        // backup is making at the same time.
        let folder = try StateFolder(creating: try StateFolder.makeOwn(beside: path))
        defer {
            for name in ["journal.db", "journal.db-wal", "journal.db-shm", "engine.lock", "actions.stop"] {
                unlink(folder.path + "/" + name)
            }
            rmdir(folder.path)
        }
        let contents = try copy(from: source, to: folder, isBackup: true, now: now)
        // A second name and no renaming, which would write over what has come there meanwhile.
        if link(folder.journalPath, path) == 0 { return contents }
        switch errno {
        case EEXIST: throw failure("it is there already, and nothing is written over it", .notPermitted)
        case EPERM, ENOSYS, EOPNOTSUPP:
            // A file system without second names.
            guard lstat(path, &status) != 0 else { throw failure("it is there already, and nothing is written over it", .notPermitted) }
            guard rename(folder.journalPath, path) == 0 else { throw failure(systemErrorText(errno)) }
        default: throw failure(systemErrorText(errno))
        }
        return contents
    }
}

/// SHA-256 over rows: each value's kind and length (8 bytes), and its bytes.
private struct RowDigest {
    private(set) var value = [UInt8](repeating: 0, count: SHA256.byteCount)

    /// Chained page by page, each of which is what `JournalTable` makes of it: the same on both sides.
    mutating func add(_ page: [[SQLValue]]) {
        var bytes = value
        func put(_ kind: UInt8, _ content: some Collection<UInt8>) {
            bytes.append(kind)
            withUnsafeBytes(of: Int64(content.count).bigEndian) { bytes += $0 }
            bytes += content
        }
        for row in page {
            for value in row {
                switch value {
                case .null: put(0, [])
                case .int(let value): withUnsafeBytes(of: value.bigEndian) { put(1, Array($0)) }
                case .text(let value): put(2, value.utf8)
                case .bytes(let value): put(3, value)
                }
            }
        }
        value = SHA256.digest(bytes)
    }
}
