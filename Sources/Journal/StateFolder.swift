import Glibc
import Model

/// The place that holds what must survive: the journal, the lock that elects the engine, the kill switch, the tokens. A
/// folder, or a schema of a database that holds the same.
public struct StateFolder: Hashable, Sendable {
    /// Absolute, without symbolic links; of a database its URL without passwords.
    public let path: String
    /// Nil where it is a folder.
    public let database: PostgresPlace?

    init(_ database: PostgresPlace) {
        path = database.description
        self.database = database
    }

    public var journalPath: String { database == nil ? path + "/journal.db" : path }
    public var lockPath: String { path + "/engine.lock" }
    /// While this file exists no new action starts and none is extended. In a database a row of table `meta`.
    public var killFilePath: String { database == nil ? path + "/actions.stop" : "actions.stop in " + path }
    /// Says who took the kill file away, until the engine has read it.
    var resumedPath: String { path + "/actions.resumed" }

    /// Makes the folder (mode 0700, parents as the umask says) unless it is there, for a process that will write to it.
    ///
    /// Throws `.unusableFolder` for what is not a folder, cannot be written to, or lets every user of the machine
    /// write; `.readOnly` on a read-only file system.
    public init(creating path: String) throws(JournalError) {
        try StateFolder.checkName(path)
        var path = path
        while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
        try StateFolder.makeFolder(path)
        do throws(JournalError) {
            try self.init(existing: path)
        } catch  where error.cause == .missing {
            throw StateFolder.unusable(path, error.detail)
        }
        guard access(self.path, W_OK | X_OK) == 0 else {
            throw StateFolder.unusable(
                self.path, systemErrorText(errno), cause: errno == EROFS ? .readOnly : .unusableFolder)
        }
    }

    /// Takes a folder that is there, for a process that only reads.
    ///
    /// Throws `.missing` when there is none, `.unusableFolder` for what is not a folder, cannot be entered, or lets
    /// every user of the machine write.
    public init(existing path: String) throws(JournalError) {
        try StateFolder.checkName(path)
        guard let resolved = realpath(path, nil) else {
            var status = stat()
            if errno == ENOENT, lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK {
                throw StateFolder.unusable(path, "it is a link that leads nowhere; put back what it leads to, or remove the link")
            }
            throw StateFolder.unusable(
                path, systemErrorText(errno), cause: errno == ENOENT ? .missing : .unusableFolder)
        }
        defer { free(resolved) }
        self.path = String(cString: resolved)
        database = nil
        var status = stat()
        guard stat(self.path, &status) == 0 else { throw StateFolder.unusable(self.path, systemErrorText(errno)) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw StateFolder.unusable(self.path, "it is not a folder") }
        // Whoever writes here decides what is throttled and what counts as done.
        guard status.st_mode & S_IWOTH == 0 else {
            throw StateFolder.unusable(self.path, "every user may write to it; take that away with chmod o-w")
        }
        guard access(self.path, R_OK | X_OK) == 0 else { throw StateFolder.unusable(self.path, systemErrorText(errno)) }
    }

    /// The process is to end: whoever waits for a database, on whatever thread, waits at most two seconds more, and one
    /// where nothing is under way that would be lost. A folder is not waited for.
    public func hurry() { database?.ending.tell() }

    /// Why somebody besides the owner may decide here; nil where nobody may.
    public var exposure: String? {
        guard database == nil else { return nil }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IWGRP != 0 else { return exposureOfParent }
        return "the group of \(path) may write to it, and so decides what is throttled and what counts as done; chmod g-w \(path)"
    }

    /// What names a database or a bucket is no folder of that name, which would be made, used, and lost with the machine. What
    /// follows the scheme is not shown: it may hold a password.
    private static func checkName(_ path: String) throws(JournalError) {
        guard let scheme = scheme(of: path) else { return }
        throw unusable("\(scheme)://…", "it is a URL; \(places)")
    }

    /// Where a journal can lie.
    static let places =
        "the journal lies in a folder on a local disk, such as /var/lib/mozaiks-ops, or in PostgreSQL: postgres://ops@db.example/ops"

    /// What stands before the `://` of what is a URL; nil for a path.
    static func scheme(of path: String) -> String? {
        let bytes = Array(path.utf8)
        guard let colon = bytes.indices.dropLast(2).first(where: { bytes[$0...].starts(with: "://".utf8) }) else { return nil }
        return Shown.line(String(decoding: bytes[..<colon].split(separator: UInt8(ascii: "/")).last ?? [], as: UTF8.self))
    }

    /// Whoever may write to the folder above may put another in its place.
    private var exposureOfParent: String? {
        let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        var status = stat()
        guard stat(parent, &status) == 0, status.st_mode & S_IWOTH != 0, status.st_mode & S_ISVTX == 0 else { return nil }
        return "every user may write to \(parent), and so put another folder in the place of \(path); chmod o-w \(parent)"
    }

    private static func makeFolder(_ path: String) throws(JournalError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw unusable(path, systemErrorText(errno), cause: errno == EROFS ? .readOnly : .unusableFolder)
        }
        try makeParent(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw unusable(path, systemErrorText(errno)) }
    }

    /// Makes a folder that was not there (mode 0700), of a name of its own that begins like that of a file, and beside it.
    static func makeOwn(beside path: String) throws(JournalError) -> String {
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex { try makeParent(String(path[..<slash])) }
        var name = Array((path + ".part-XXXXXX").utf8CString)
        guard mkdtemp(&name) != nil else {
            throw unusable(path, systemErrorText(errno), cause: errno == EROFS ? .readOnly : .unusableFolder)
        }
        return String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func makeParent(_ path: String) throws(JournalError) {
        if path.isEmpty || mkdir(path, 0o755) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw unusable(path, systemErrorText(errno), cause: errno == EROFS ? .readOnly : .unusableFolder)
        }
        try makeParent(String(path[..<slash]))
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw unusable(path, systemErrorText(errno)) }
    }

    private static func unusable(
        _ path: String, _ detail: String, cause: JournalError.Cause = .unusableFolder
    ) -> JournalError {
        JournalError(operation: "use the state folder", path: path, cause: cause, detail: detail)
    }
}
