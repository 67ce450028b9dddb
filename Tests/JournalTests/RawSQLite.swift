import CSQLite
import Testing

/// Another program that has the file open.
final class RawSQLite {
    struct Refused: Error, Equatable {
        let words: String
    }

    private var handle: OpaquePointer?

    init(_ path: String) throws {
        try #require(sqlite3_open(path, &handle) == SQLITE_OK)
    }

    deinit { sqlite3_close_v2(handle) }

    func run(_ sql: String) throws {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else {
            throw Refused(words: String(cString: sqlite3_errmsg(handle)))
        }
    }
}
