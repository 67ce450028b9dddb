import CSQLite
import Model

/// A value on its way into a statement. Never part of an error text.
enum SQLValue {
    case null
    case int(Int64)
    case text(String)
    case bytes([UInt8])

    static func optional(_ value: Int64?) -> SQLValue { value.map(SQLValue.int) ?? .null }
    static func optional(_ value: String?) -> SQLValue { value.map(SQLValue.text) ?? .null }
    static func optional(_ value: [UInt8]?) -> SQLValue { value.map(SQLValue.bytes) ?? .null }
    static func time(_ value: Timestamp) -> SQLValue { .int(value.milliseconds) }
    static func time(_ value: Timestamp?) -> SQLValue { .optional(value?.milliseconds) }
}

/// A prepared statement and, after a step, the row it stands on. Lives as long as its database.
final class Statement {
    private let handle: OpaquePointer
    private unowned let database: Database

    init(_ handle: OpaquePointer, of database: Database) {
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
                    csqlite_bind_text_copy(handle, index, characters.baseAddress ?? Statement.empty, UInt64(utf8.count))
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

    func optionalInt(_ column: Int32) -> Int64? { isNull(column) ? nil : int(column) }

    func time(_ column: Int32) -> Timestamp { Timestamp(milliseconds: int(column)) }

    func optionalTime(_ column: Int32) -> Timestamp? { optionalInt(column).map(Timestamp.init(milliseconds:)) }

    func bytes(_ column: Int32) -> [UInt8] {
        guard let start = sqlite3_column_blob(handle, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
    }

    func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }

    func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    private func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    // MARK: Checked contents

    /// Bytes whose checksum stands in another column; throws `.corrupt` when they do not match.
    ///
    /// - Parameter key: what the checksum covers before the bytes, so that they cannot turn up under another name.
    func checkedBytes(_ column: Int32, checksum: Int32, key: [UInt8] = []) throws(JournalError) -> [UInt8] {
        let bytes = bytes(column)
        guard Checksum.of(bytes, key: key) == int(checksum) else {
            throw database.error(.corrupt, "a stored value does not match its checksum")
        }
        return bytes
    }

    func checkedText(_ column: Int32, checksum: Int32) throws(JournalError) -> String {
        String(decoding: try checkedBytes(column, checksum: checksum), as: UTF8.self)
    }

    /// A word out of a closed list; throws `.corrupt` for any other.
    func word<Word: RawRepresentable<String>>(_ column: Int32) throws(JournalError) -> Word {
        guard let word = Word(rawValue: text(column)) else {
            throw database.error(.corrupt, "a stored word is not one of \(Word.self)")
        }
        return word
    }
}

/// FNV-1a, 64 bits: finds flipped bytes inside values, which SQLite's own check of its pages does not look at.
enum Checksum {
    static func of(_ bytes: [UInt8], key: [UInt8] = []) -> Int64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int64(bitPattern: hash)
    }

    static func of(_ text: String) -> Int64 { of(Array(text.utf8)) }
}
