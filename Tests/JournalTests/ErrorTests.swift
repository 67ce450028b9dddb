import CSQLite
import Glibc
import Model
import Testing

@testable import Journal

@Suite struct ErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let code: Int32
        var systemError: Int32 = 0
        let cause: JournalError.Cause
        let isRetryable: Bool
        var testDescription: String { "SQLite \(code), errno \(systemError)" }
    }

    static let cases = [
        Case(code: SQLITE_BUSY, cause: .busy, isRetryable: true),
        Case(code: SQLITE_BUSY | 2 << 8, cause: .busy, isRetryable: true),
        Case(code: SQLITE_FULL, cause: .full, isRetryable: true),
        Case(code: SQLITE_IOERR | 3 << 8, systemError: EFBIG, cause: .fileLimit, isRetryable: true),
        Case(code: SQLITE_IOERR | 19 << 8, systemError: ENOSPC, cause: .full, isRetryable: true),
        Case(code: SQLITE_CANTOPEN, systemError: ENOSPC, cause: .full, isRetryable: true),
        Case(code: SQLITE_CANTOPEN, systemError: EACCES, cause: .cannotOpen, isRetryable: false),
        Case(code: SQLITE_CANTOPEN, systemError: EROFS, cause: .readOnly, isRetryable: false),
        Case(code: SQLITE_READONLY | 4 << 8, cause: .readOnly, isRetryable: false),
        Case(code: SQLITE_CORRUPT, cause: .corrupt, isRetryable: false),
        Case(code: SQLITE_NOTADB, cause: .corrupt, isRetryable: false),
        Case(code: SQLITE_IOERR | 2 << 8, cause: .corrupt, isRetryable: false),
        Case(
            code: SQLITE_IOERR | 4 << 8, systemError: EIO, cause: .failed(code: SQLITE_IOERR | 4 << 8),
            isRetryable: true),
        Case(code: SQLITE_CONSTRAINT, cause: .failed(code: SQLITE_CONSTRAINT), isRetryable: false),
        Case(code: SQLITE_MISUSE, cause: .failed(code: SQLITE_MISUSE), isRetryable: false),
    ]

    @Test(arguments: cases) func codesHaveCauses(_ test: Case) {
        let cause = JournalError.Cause(code: test.code, systemError: test.systemError)
        #expect(cause == test.cause)
        #expect(JournalError(operation: "test", path: "/x", cause: cause).isRetryable == test.isRetryable)
    }

    @Test func anErrorSaysWhatWhereWhyAndWhatToDo() {
        let error = JournalError(
            operation: "commit a tick", path: "/s/journal.db", cause: .full, detail: "disk is full")
        #expect(
            error.description == "cannot commit a tick: /s/journal.db: no space left (disk is full); free some space; "
                + "nothing that was committed is lost, and it is tried again")
    }

    /// Space may be plenty: who frees some has done nothing.
    @Test func aLimitOnTheSizeOfFilesIsCalledThat() {
        let error = JournalError(operation: "commit a tick", path: "/s/journal.db", cause: .fileLimit, detail: "disk I/O error")
        let text = error.description
        #expect(
            text.hasPrefix("cannot commit a tick: /s/journal.db: a limit on the size of files lets it grow no further (disk I/O error); "))
        #expect(text.contains("LimitFSIZE=") && text.contains("ulimit -f") && !text.contains("space"))
    }

    /// SQLite refuses each of these with words of its own, in which no bound value may stand.
    @Test func noBoundValueIsInAnErrorText() throws {
        let secret = "xoxb-this-must-not-be-shown"
        let place = try Place()
        let engine = try place.engine()
        try engine.commitTick(TickRecord(audit: [audit("first")]))
        let attempts: [(String, [SQLValue])] = [
            (
                "INSERT INTO audit (seq, at_ms, actor, kind, reason, document, previous, digest) "
                    + "VALUES (1, 0, ?1, ?1, ?1, ?1, x'', x'')", [.text(secret)]
            ),
            ("INSERT INTO state (key, bytes, checksum) VALUES (?1, ?1, ?1)", [.text(secret)]),
            ("INSERT INTO chats (source, key, record, checksum) VALUES (99, ?1, ?1, 0)", [.bytes(Array(secret.utf8))]),
            ("UPDATE audit SET reason = ?1", [.text(secret)]),
            ("SELECT json(?1)", [.text(secret)]),
            ("SELECT ?1", [.text(secret), .text(secret)]),
        ]
        for (sql, values) in attempts {
            let error = failure {
                try engine.writing("try something") { database throws(JournalError) in
                    try database.rows(sql, values) { row throws(JournalError) in row.text(0) }
                }
            }
            let text = try #require(error, "\(sql) went through").description
            #expect(text.contains("cannot try something") && !text.contains(secret) && !text.contains("xoxb"))
        }
        #expect(try engine.verifyAudit() == .intact(rows: 1), "and the journal goes on")
    }
}
