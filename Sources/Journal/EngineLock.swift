import Glibc
import Model

/// Who holds the engine lock, as far as the lock file tells.
public struct EngineHolder: Hashable, Sendable, CustomStringConvertible {
    /// Nil when it took the lock just now and has not written it down yet.
    public let pid: Int32?
    public let since: Timestamp?
    /// Of a lock in a database the machine that it runs on; nil where that is this one.
    public let host: String?
    /// Whether it is a command that looks after the journal, such as a copy: then nobody watches meanwhile.
    public let isKeeping: Bool

    public init(pid: Int32?, since: Timestamp?, host: String? = nil, isKeeping: Bool = false) {
        self.isKeeping = isKeeping
        self.pid = pid
        self.since = since
        self.host = host
    }

    public var description: String {
        var text = pid.map { "pid \($0)" } ?? "pid unknown"
        if let host { text += " on \(host)" }
        if let since { text += " since \(since)" }
        return text
    }
}

/// The lock beside the journal, a file's or a session's. Whoever holds it is the engine of the folder, until the value goes away or the process
/// ends, however it ends: the kernel keeps the lock, not the file, which stays.
public final class EngineLock: Sendable {
    public let folder: StateFolder
    /// Nil where the session of a database holds the lock.
    private let file: Int32?
    /// That session, until the journal takes it.
    let handover: Handover<PostgresDatabase>?

    /// Takes the lock without waiting. Throws `.heldBy` when another process (or another `EngineLock`) has it.
    ///
    /// - Parameter isKeeping: whether it is for a command that looks after the journal and watches nothing.
    public init(folder: StateFolder, now: Timestamp, isKeeping: Bool = false) throws(JournalError) {
        if let place = folder.database {
            let database = try PostgresDatabase(place, role: .engine, busyTimeout: .seconds(2), operation: "take the engine lock")
            guard try PostgresLock.take(database) else {
                throw database.error(.heldBy(try PostgresLock.holder(database)?.words ?? EngineHolder(pid: nil, since: nil)))
            }
            try PostgresLock.sign(database, now: now, isKeeping: isKeeping)
            self.folder = folder
            file = nil
            handover = Handover(database)
            return
        }
        let path = folder.lockPath
        func failure(_ cause: JournalError.Cause, _ detail: String = "") -> JournalError {
            JournalError(operation: "take the engine lock", path: path, cause: cause, detail: detail)
        }
        // It is emptied below: a link here would have us empty whatever it leads to.
        let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard opened >= 0 else {
            let code = errno
            if code == ELOOP { throw failure(.cannotOpen, "it is a symbolic link; remove it") }
            throw failure(code == EROFS ? .readOnly : .cannotOpen, systemErrorText(code))
        }
        var status = stat()
        guard fstat(opened, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink <= 1 else {
            close(opened)
            throw failure(.cannotOpen, "it is not a file of its own; remove it")
        }
        var range = FileLock.wholeFile
        guard fcntl(opened, FileLock.set, &range) == 0 else {
            let code = errno
            let holder = FileLock.holder(in: opened)
            close(opened)
            guard code == EAGAIN || code == EACCES else { throw failure(.cannotOpen, systemErrorText(code)) }
            throw failure(.heldBy(holder))
        }
        folder.handOver(opened)
        // The text only serves the error message of the next who tries; the lock holds without it.
        let text = Array("pid \(getpid())\nsince \(now)\n\(isKeeping ? FileLock.keeping + "\n" : "")".utf8)
        if ftruncate(opened, 0) == 0 { _ = pwrite(opened, text, text.count, 0) }
        // Last, because an initializer that throws once everything is set runs `deinit`, which would close it again.
        self.folder = folder
        handover = nil
        file = opened
    }

    /// Of a session that has it already, and that whoever had it uses no more.
    init(taken database: PostgresDatabase, in folder: StateFolder) {
        self.folder = folder
        file = nil
        // The post that waited for the lock is over with it: nobody else touches the session from here on.
        nonisolated(unsafe) let taken = database
        handover = Handover(taken)
    }

    /// Why an engine could not take the lock here, as far as that shows without trying; nil also where one holds it.
    public static func fault(of folder: StateFolder) -> JournalError? {
        guard folder.database == nil else { return nil }
        func failure(_ detail: String, _ cause: JournalError.Cause = .cannotOpen) -> JournalError {
            JournalError(operation: "take the engine lock", path: folder.lockPath, cause: cause, detail: detail)
        }
        var status = stat()
        guard lstat(folder.lockPath, &status) == 0 else {
            let code = errno
            if code != ENOENT { return failure(systemErrorText(code)) }
            return access(folder.path, W_OK | X_OK) == 0 ? nil : failure(systemErrorText(errno), errno == EROFS ? .readOnly : .cannotOpen)
        }
        if status.st_mode & S_IFMT == S_IFLNK { return failure("it is a symbolic link; remove it") }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_nlink <= 1 else { return failure("it is not a file of its own; remove it") }
        return access(folder.lockPath, R_OK | W_OK) == 0 ? nil : failure(systemErrorText(errno), errno == EROFS ? .readOnly : .cannotOpen)
    }

    deinit {
        guard let file else { return }
        // Closing is not enough: a child that is just being started has the open file too until it becomes another program.
        var range = FileLock.wholeFile
        range.l_type = Int16(F_UNLCK)
        _ = fcntl(file, FileLock.set, &range)
        close(file)
    }

    /// Who is the engine of the folder now; nil when nobody is. Looks without taking the lock.
    public static func holder(of folder: StateFolder) -> EngineHolder? {
        if let place = folder.database {
            let database = try? PostgresDatabase(place, role: .reader, busyTimeout: .seconds(2), operation: "look for the engine")
            return database.flatMap { try? PostgresLock.holder($0)?.words }
        }
        let file = open(folder.lockPath, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var range = FileLock.wholeFile
        guard fcntl(file, FileLock.get, &range) == 0, Int32(range.l_type) != F_UNLCK else { return nil }
        return FileLock.holder(in: file)
    }
}

/// Open-file-description locks: they belong to the open file, so that another descriptor of this process neither
/// shares nor drops them, as it would with classic POSIX locks.
private enum FileLock {
    // F_OFD_GETLK and F_OFD_SETLK of Linux, which the module of the C library hides behind _GNU_SOURCE.
    static let get: Int32 = 36
    static let set: Int32 = 37

    /// A line of the file.
    static let keeping = "for a command on the journal"

    static var wholeFile: flock {
        var range = flock()
        range.l_type = Int16(F_WRLCK)
        range.l_whence = Int16(SEEK_SET)
        return range
    }

    /// Reads what the holder wrote.
    static func holder(in file: Int32) -> EngineHolder {
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = pread(file, &bytes, bytes.count, 0)
        var pid: Int32?
        var since: Timestamp?
        var isKeeping = false
        for line in String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: "\n") {
            if line.hasPrefix("pid ") { pid = Int32(line.dropFirst(4)) }
            if line == keeping { isKeeping = true }
            if line.hasPrefix("since ") { since = Timestamp(rfc3339: line.dropFirst(6)) }
        }
        return EngineHolder(pid: pid, since: since, isKeeping: isKeeping)
    }
}
