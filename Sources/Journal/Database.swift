import Model

/// The seam below the journal's calls: statements and transactions of one connection. SQLite and PostgreSQL stand behind
/// it; what the two do not share (blobs, placeholders, identities, maintenance, how a connection is had) stands in
/// `SQLite/` and `Postgres/`, and nothing above knows which it is.
///
/// Texts of statements are constants of the program, written for both: placeholders `?1`, `?2`; `ON CONFLICT`; `RETURNING`
/// for new numbers; no function and no collation that only one has. Texts compare by their bytes.
///
/// Not Sendable: it belongs to one owner, who calls it from one thread at a time.
protocol Database: AnyObject {
    /// The file, or the URL without what is secret.
    var path: String { get }
    /// What is being done, for error texts.
    var operation: String { get set }
    /// What names a row where the table's own key is several columns: for deletions in batches.
    var rowName: String { get }
    /// Whether what keeps the rows of the audit log from being changed or removed is there.
    func isAuditGuarded() throws(JournalError) -> Bool

    /// Runs statements that take and give nothing.
    func execute(_ script: String) throws(JournalError)
    /// Runs a statement whose outcome nobody needs now. It may be on its way only when this returns; whatever fails of
    /// it fails the next call that waits for an answer, at the latest the transaction's end. Only inside a transaction.
    func put(_ sql: String, _ values: [SQLValue]) throws(JournalError)
    /// The same for many rows of values.
    func put(_ sql: String, count: Int, _ values: (Int) -> [SQLValue]) throws(JournalError)
    /// Runs a statement; how many rows it changed.
    func change(_ sql: String, _ values: [SQLValue]) throws(JournalError) -> Int
    /// All rows of one statement.
    func rows<R>(_ sql: String, _ values: [SQLValue], _ read: (any SQLRow) throws(JournalError) -> R) throws(JournalError) -> [R]

    /// Runs `body` in one write transaction: everything in it is kept, or nothing. One writer at a time, whoever it is.
    func transaction<R>(_ body: () throws(JournalError) -> R) throws(JournalError) -> R
    /// Runs `body` with everything as it is at one moment.
    func snapshot<R>(_ body: () throws(JournalError) -> R) throws(JournalError) -> R

    /// Looks at all that can be looked at. Throws `.corrupt` with the first finding.
    func verify() throws(JournalError)
    /// After rows were put in with their numbers: new ones get higher ones.
    func goOnNumbering(_ table: String) throws(JournalError)
    /// Hands some space that removed rows left back.
    func giveBackSpace() throws(JournalError)
    /// Makes room in the log of commits, as far as that goes now.
    func foldLog()
    /// Makes it as small as what is in it. Nobody else may be at it.
    func compact() throws(JournalError)
    /// What it takes, by part.
    func sizes() -> [(part: String, bytes: Int64)]

    /// The number of a commit of which is not known whether it was kept, after a call that failed so.
    var doubt: Int64? { get }
    /// Whether that commit was kept. Throws while that cannot be found out.
    func wasKept(_ commit: Int64) throws(JournalError) -> Bool
}

extension Database {
    /// Names what `body` does, for the errors that come out of it.
    func during<R>(_ operation: String, _ body: () throws(JournalError) -> R) throws(JournalError) -> R {
        let outer = self.operation
        self.operation = operation
        defer { self.operation = outer }
        return try body()
    }

    /// One statement of which nobody needs the outcome, with its values.
    func run(_ sql: String, _ values: SQLValue...) throws(JournalError) { try put(sql, values) }

    /// All rows of a statement without values.
    func rows<R>(_ sql: String, _ read: (any SQLRow) throws(JournalError) -> R) throws(JournalError) -> [R] {
        try rows(sql, [], read)
    }

    /// The first row of one statement, or nil.
    func row<R>(
        _ sql: String, _ values: [SQLValue] = [], _ read: (any SQLRow) throws(JournalError) -> R
    ) throws(JournalError) -> R? {
        try rows(sql, values, read).first
    }

    /// The number that a statement ending in `RETURNING id` gave its row.
    func insert(_ sql: String, _ values: SQLValue...) throws(JournalError) -> Int64 {
        guard let id = try rows(sql, values, { row throws(JournalError) in row.int(0) }).first else {
            throw error(.corrupt, "a new row has no number")
        }
        return id
    }

    func error(_ cause: JournalError.Cause, _ detail: String = "") -> JournalError {
        JournalError(operation: operation, path: path, cause: cause, detail: detail)
    }
}

/// A value on its way into a statement. Never part of an error text.
enum SQLValue {
    /// What a value that is absent would be.
    enum Kind { case int, text, bytes }

    case null(Kind)
    case int(Int64)
    case text(String)
    case bytes([UInt8])

    static func optional(_ value: Int64?) -> SQLValue { value.map(SQLValue.int) ?? .null(.int) }
    static func optional(_ value: String?) -> SQLValue { value.map(SQLValue.text) ?? .null(.text) }
    static func optional(_ value: [UInt8]?) -> SQLValue { value.map(SQLValue.bytes) ?? .null(.bytes) }
    static func time(_ value: Timestamp) -> SQLValue { .int(value.milliseconds) }
    static func time(_ value: Timestamp?) -> SQLValue { .optional(value?.milliseconds) }

    var kind: Kind {
        switch self {
        case .null(let kind): kind
        case .int: .int
        case .text: .text
        case .bytes: .bytes
        }
    }
}

/// A row as a statement gives it, good until the next. Columns count from 0; each has its declared type or is absent (then
/// it reads as 0 or empty).
protocol SQLRow: AnyObject {
    func isNull(_ column: Int32) -> Bool
    func int(_ column: Int32) -> Int64
    /// Of a text the bytes of it.
    func bytes(_ column: Int32) -> [UInt8]
    func text(_ column: Int32) -> String
    func error(_ cause: JournalError.Cause, _ detail: String) -> JournalError
}

extension SQLRow {
    func optionalInt(_ column: Int32) -> Int64? { isNull(column) ? nil : int(column) }

    func time(_ column: Int32) -> Timestamp { Timestamp(milliseconds: int(column)) }

    func optionalTime(_ column: Int32) -> Timestamp? { optionalInt(column).map(Timestamp.init(milliseconds:)) }

    func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    // MARK: Checked contents

    /// Bytes whose checksum stands in another column; throws `.corrupt` when they do not match.
    ///
    /// - Parameter key: what the checksum covers before the bytes, so that they cannot turn up under another name.
    func checkedBytes(_ column: Int32, checksum: Int32, key: [UInt8] = []) throws(JournalError) -> [UInt8] {
        let bytes = bytes(column)
        guard Checksum.of(bytes, key: key) == int(checksum) else {
            throw error(.corrupt, "a stored value does not match its checksum")
        }
        return bytes
    }

    func checkedText(_ column: Int32, checksum: Int32) throws(JournalError) -> String {
        String(decoding: try checkedBytes(column, checksum: checksum), as: UTF8.self)
    }

    /// A word out of a closed list; throws `.corrupt` for any other.
    func word<Word: RawRepresentable<String>>(_ column: Int32) throws(JournalError) -> Word {
        guard let word = Word(rawValue: text(column)) else {
            throw error(.corrupt, "a stored word is not one of \(Word.self)")
        }
        return word
    }
}

/// FNV-1a, 64 bits: finds flipped bytes inside values, which a database's own check of its pages does not look at.
enum Checksum {
    static func of(_ bytes: [UInt8], key: [UInt8] = []) -> Int64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int64(bitPattern: hash)
    }

    static func of(_ text: String) -> Int64 { of(Array(text.utf8)) }
}
