import CSQLite
import Model

/// A prepared statement and, after a step, the row it stands on. Lives as long as its database.
final class SQLiteStatement: SQLRow {
    private let handle: OpaquePointer
    private unowned let database: SQLiteDatabase

    init(_ handle: OpaquePointer, of database: SQLiteDatabase) {
        self.handle = handle
        self.database = database
    }

    /// Called once, by the database, at its end.
    func finalize() {
        sqlite3_finalize(handle)
    }

    /// Back before the first row, without values. The error that a failed step left was reported by that step.
    func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    // MARK: Values in

    func bind(_ values: [SQLValue]) throws(JournalError) {
        for (index, value) in values.enumerated() { try bind(value, at: Int32(index + 1)) }
    }

    /// `index` counts from 1.
    func bind(_ value: SQLValue, at index: Int32) throws(JournalError) {
        let code: Int32
        switch value {
        case .null: code = sqlite3_bind_null(handle, index)
        case .int(let value): code = sqlite3_bind_int64(handle, index, value)
        case .text(var text):
            code = text.withUTF8 { utf8 in
                utf8.withMemoryRebound(to: CChar.self) { characters in
                    // An empty buffer may have no address, and no address means NULL.
                    csqlite_bind_text_copy(handle, index, characters.baseAddress ?? SQLiteStatement.empty, UInt64(utf8.count))
                }
            }
        case .bytes(let bytes):
            code =
                bytes.isEmpty
                ? sqlite3_bind_zeroblob(handle, index, 0)
                : csqlite_bind_blob_copy(handle, index, bytes, UInt64(bytes.count))
        }
        try database.check(code)
    }

    private static var empty: UnsafePointer<CChar> {
        UnsafeRawPointer(("" as StaticString).utf8Start).assumingMemoryBound(to: CChar.self)
    }

    // MARK: Rows out

    /// To the next row; false at the end.
    func step() throws(JournalError) -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        try database.check(code)
        return false
    }

    /// Columns count from 0. The schema is strict, so that a column has its declared type or is NULL (then 0 or empty).
    func int(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func bytes(_ column: Int32) -> [UInt8] {
        guard let start = sqlite3_column_blob(handle, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
    }

    func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    func error(_ cause: JournalError.Cause, _ detail: String) -> JournalError { database.error(cause, detail) }
}
