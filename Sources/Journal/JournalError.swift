import CSQLite
import Glibc
import Model

/// What went wrong with the state folder or the journal in it. Carries no value that was stored or bound.
public struct JournalError: Error, Hashable, Sendable {
    public enum Cause: Hashable, Sendable {
        /// There is no journal yet.
        case missing
        /// Another process is the engine of this folder.
        case heldBy(EngineHolder)
        /// The state folder cannot be used.
        case unusableFolder
        case cannotOpen
        case readOnly
        /// Another connection holds a lock that did not go away in time.
        case busy
        /// No space left, on the disk or in a quota.
        case full
        /// The file may grow no further: a limit of this process, or of the file system.
        case fileLimit
        case corrupt
        /// A sound SQLite file that this program did not write.
        case notAJournal
        case newerSchema(found: Int, known: Int)
        /// Written by an older version, which only the engine may bring up to date.
        case olderSchema(found: Int, known: Int)
        /// The server cannot be reached, or the connection to it was lost.
        case unreachable
        /// The server knows the user not, or not with that password, or does not let it do that.
        case denied
        case noDatabase
        /// Another process has become the engine meanwhile.
        case deposed
        /// It is what another shard remembers; both as `2/5`, nil for a monitor that says none.
        case otherShard(found: String, own: String?)
        /// Any other SQLite result, by its extended code.
        case failed(code: Int32)
        /// Any other answer of PostgreSQL, by its SQLSTATE.
        case refused(state: String)
        /// This connection may not do that: a reader cannot write, a command cannot commit a tick.
        case notPermitted
        case closed
        case unknownID
        /// More than one id begins like that; the first few, sorted.
        case ambiguousID([String])
        case tooLarge
    }

    /// What was being done, as in "commit a tick".
    public let operation: String
    /// The file or folder.
    public let path: String
    public let cause: Cause
    /// The library's or the system's own words; may be empty.
    public let detail: String

    public init(operation: String, path: String, cause: Cause, detail: String = "") {
        self.operation = operation
        self.path = path
        self.cause = cause
        self.detail = detail
    }

    /// Whether the same call may succeed later without anybody touching the journal.
    public var isRetryable: Bool {
        switch cause {
        case .busy, .full, .fileLimit, .heldBy, .unreachable: true
        case .failed(let code): code & 0xFF == SQLITE_IOERR || code & 0xFF == SQLITE_NOMEM
        default: false
        }
    }

    /// Whether nothing was said of what was asked: another call may be answered, and of what is kept this tells nothing.
    public var isUnanswered: Bool { cause == .unreachable || cause == .busy }

    /// What a person can do about it.
    public var hint: String? {
        if isOfDatabase, let hint = databaseHint { return hint }
        return switch cause {
        case .missing: "start `mozaiks-ops run` or `mozaiks-ops check` once with this state folder, or name another one"
        case .heldBy(let holder) where holder.isKeeping: "wait until it is done"
        case .heldBy: "stop that process, or give this one another state folder"
        case .unusableFolder: "name a folder that this user owns and may write to (`state` in the configuration)"
        case .cannotOpen: "check that the path is a file and that this user may read and write it and its folder"
        case .readOnly: "make the state folder and its files writable for this user, or name another state folder"
        case .busy: "another program holds the journal open for writing; it is tried again"
        case .full: "free some space; nothing that was committed is lost, and it is tried again"
        case .fileLimit:
            "raise the limit on the size of files (LimitFSIZE= of the service, `ulimit -f`) and start again; where there is none, the "
                + "file system takes no larger file. Nothing that was committed is lost"
        case .corrupt:
            "nothing was changed or deleted. Move \(path), \(path)-wal and \(path)-shm aside together; the next start "
                + "begins a new journal. `sqlite3 \(path) .recover` may bring the old contents back"
        case .notAJournal: "move the file aside or name another state folder"
        case .newerSchema: "a newer mozaiks-ops wrote it: run that version, or name another state folder"
        case .olderSchema: "start the engine (`mozaiks-ops run` or `check`) once to bring it up to date"
        case .unknownID: "list the ids first"
        case .ambiguousID(let ids): "give more digits; it could be " + ids.joined(separator: ", ")
        case .deposed: "start this process anew; it waits for the other, or is told who it is"
        case .otherShard(let found, nil):
            "say --shard \(found) or MOZAIKS_OPS_SHARD=\(found); to be the only monitor from here on, 1/1 on the state of shard 1"
        case .otherShard: "give each shard a state of its own: a folder, or a schema of the database (?schema= in 'state')"
        case .unreachable, .denied, .noDatabase, .refused, .failed, .notPermitted, .closed, .tooLarge: nil
        }
    }
}

extension JournalError: CustomStringConvertible {
    /// Operation, path, cause and detail, for whoever shows the hint apart.
    public var message: String {
        // What may not be is said by its detail alone, where there is one: people hold no connection.
        let isSaid = cause == .notPermitted && !detail.isEmpty
        return "cannot \(operation): \(path): " + (isSaid ? detail : causeText + (detail.isEmpty ? "" : " (\(detail))"))
    }

    /// One line: the message and the hint.
    public var description: String { message + (hint.map { "; \($0)" } ?? "") }

    private var causeText: String {
        switch cause {
        case .missing: "there is no journal"
        case .heldBy(let holder) where holder.isKeeping: "a command on the journal is under way, such as 'journal copy': \(holder)"
        case .heldBy(let holder): "another engine runs: \(holder)"
        case .unusableFolder: "the state folder cannot be used"
        case .cannotOpen: "cannot be opened"
        case .readOnly: "is read-only"
        case .busy: "is locked by another process"
        case .full: "no space left"
        case .fileLimit: "a limit on the size of files lets it grow no further"
        case .corrupt: "is damaged"
        case .notAJournal: "is not a journal of mozaiks-ops"
        case .newerSchema(let found, let known): "has schema version \(found), newer than \(known)"
        case .olderSchema(let found, let known): "has schema version \(found), older than \(known)"
        case .unreachable: "cannot be reached"
        case .denied: "does not let this user in"
        case .noDatabase: "there is no such database"
        case .deposed: "another engine has taken over"
        case .otherShard(let found, let own):
            "is the state of shard \(found), and this monitor is \(own.map { "shard \($0)" } ?? "none of several")"
        case .failed(let code): "SQLite error \(code)"
        case .refused(let state): "PostgreSQL error \(state)"
        case .notPermitted: "that is not done"
        case .closed: "was closed"
        case .unknownID: "no such id"
        case .ambiguousID: "the id is ambiguous"
        case .tooLarge: "the value is too large"
        }
    }
}

extension JournalError.Cause {
    /// What an extended SQLite result code means here. `systemError` is the errno behind it, 0 for none.
    init(code: Int32, systemError: Int32) {
        let outOfSpace = [ENOSPC, EDQUOT].contains(systemError)
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: self = .busy
        case SQLITE_READONLY, SQLITE_PERM: self = .readOnly
        case SQLITE_FULL: self = .full
        case SQLITE_CORRUPT, SQLITE_NOTADB: self = .corrupt
        case SQLITE_CANTOPEN: self = outOfSpace ? .full : systemError == EROFS ? .readOnly : .cannotOpen
        case SQLITE_IOERR where outOfSpace: self = .full
        case SQLITE_IOERR where systemError == EFBIG: self = .fileLimit
        case SQLITE_IOERR where code == Self.shortRead || code == Self.corruptFileSystem: self = .corrupt
        case SQLITE_TOOBIG: self = .tooLarge
        default: self = .failed(code: code)
        }
    }

    // SQLITE_IOERR_SHORT_READ and SQLITE_IOERR_CORRUPTFS: macros of macros, which Swift does not import.
    private static let shortRead = SQLITE_IOERR | 2 << 8
    private static let corruptFileSystem = SQLITE_IOERR | 33 << 8
}

/// The words of the system for an errno.
func systemErrorText(_ code: Int32) -> String {
    guard let text = strerror(code) else { return "error \(code)" }
    return String(cString: text)
}
