import Model

/// A schema of a PostgreSQL database behind the journal's seam: one session, which is had anew when it was lost.
///
/// Statements go out in a pipeline: what nobody waits for travels with what comes after it, so that a tick's commit is one
/// journey to the server and back. A write transaction takes one lock first, so that there is one writer at a time as in a
/// file. The engine's carries the engine's epoch and a number of its own: one that was deposed cannot commit, and after a
/// connection that broke during a commit the number tells whether it was kept.
final class PostgresDatabase: Database {
    /// What the session may do.
    enum Role { case reader, command, engine }

    let place: PostgresPlace
    let role: Role
    var operation: String
    var busyTimeout: TimeSpan
    var connection: PostgresConnection?
    /// Names of prepared statements, by their text.
    var prepared: [String: String] = [:]
    private var preparedCount = 0
    /// What was sent and not answered: the text where it prepares a statement.
    var sent: [String?] = []
    var isInTransaction = false
    var isTakingUp = false
    var isPipelined = false
    var waiting = PostgresWaiting()
    /// Of an engine that polls; nil: as long as a statement may take.
    var patience: PostgresPatience?
    /// A connection that is being made.
    var attempt: PostgresAttempt?
    /// The engine's place in line, from when it has begun.
    var fence: Fence?
    /// Who its process is, as others see the session.
    var signature: String?
    /// Whether the table of monitors is known to be there.
    var hasMonitors = false
    var doubt: Int64?
    var verdicts: [Int64: Bool] = [:]
    /// Called when all is handed to libpq and before any answer is awaited, for tests that break the connection there.
    var disturbance: ((PostgresConnection) -> Void)?
    var sizesKept: (at: UInt64, sizes: [(part: String, bytes: Int64)])?

    struct Fence {
        let epoch: Int64
        /// Of the last commit that was tried.
        var commit: Int64
        /// The session that holds the lock.
        var session: Int32
    }

    var path: String { place.description }

    init(_ place: PostgresPlace, role: Role, busyTimeout: TimeSpan, operation: String) throws(JournalError) {
        self.place = place
        self.role = role
        self.busyTimeout = busyTimeout
        self.operation = operation
        _ = try session()
    }

    deinit { letGo() }

    // MARK: Statements

    func execute(_ script: String) throws(JournalError) {
        let connection = try session()
        do throws(PostgresFailure) { try run(script: script, connection) } catch { throw journalError(error) }
    }

    func run(script: String, _ connection: PostgresConnection) throws(PostgresFailure) {
        if isPipelined {
            try connection.exitPipeline()
            isPipelined = false
        }
        try PostgresDatabase.run(script, connection)
    }

    static func run(_ script: String, _ connection: PostgresConnection) throws(PostgresFailure) {
        try connection.sendScript(script)
        var failure: PostgresFailure?
        while let result = try connection.result() {
            if result.kind == .failed { failure = failure ?? result.failure }
        }
        if let failure { throw failure }
    }

    func put(_ sql: String, _ values: [SQLValue]) throws(JournalError) {
        let connection = try session()
        do throws(PostgresFailure) { try send(sql, values, connection) } catch { throw journalError(error) }
        if sent.count >= PostgresDatabase.mostUnanswered { _ = try collect() }
    }

    func put(_ sql: String, count: Int, _ values: (Int) -> [SQLValue]) throws(JournalError) {
        for index in 0..<count { try put(sql, values(index)) }
    }

    func change(_ sql: String, _ values: [SQLValue]) throws(JournalError) -> Int { try answer(sql, values)?.changedCount ?? 0 }

    func rows<R>(
        _ sql: String, _ values: [SQLValue], _ read: (any SQLRow) throws(JournalError) -> R
    ) throws(JournalError) -> [R] {
        guard let result = try answer(sql, values) else { return [] }
        let row = PostgresRow(result, of: self)
        var rows: [R] = []
        rows.reserveCapacity(Int(result.rowCount))
        while row.isThere {
            rows.append(try read(row))
            row.next()
        }
        return rows
    }

    /// What cannot have changed anything is asked once more where the connection turns out to be gone.
    private func answer(_ sql: String, _ values: [SQLValue]) throws(JournalError) -> PostgresResult? {
        do throws(JournalError) {
            try put(sql, values)
            return try collect()
        } catch {
            guard case .unreachable = error.cause, !isInTransaction, !isTakingUp, role == .reader || sql.hasPrefix("SELECT"),
                waiting.fault == nil
            else {
                throw error
            }
        }
        try put(sql, values)
        return try collect()
    }

    private static let mostUnanswered = 512

    private func send(_ sql: String, _ values: [SQLValue], _ connection: PostgresConnection) throws(PostgresFailure) {
        if !isPipelined {
            try connection.enterPipeline()
            isPipelined = true
        }
        let name: String
        if let known = prepared[sql] {
            name = known
        } else {
            preparedCount += 1
            name = "s\(preparedCount)"
            try connection.sendPrepare(name, PostgresDatabase.translated(sql), values.map(\.kind))
            prepared[sql] = name
            sent.append(sql)
        }
        try connection.sendPrepared(name, values)
        sent.append(nil)
    }

    /// The placeholders as the server has them.
    private static func translated(_ sql: String) -> String {
        String(decoding: sql.utf8.map { $0 == UInt8(ascii: "?") ? UInt8(ascii: "$") : $0 }, as: UTF8.self)
    }

    /// Waits for all answers; the last one's.
    private func collect() throws(JournalError) -> PostgresResult? {
        let connection = try session()
        var last: PostgresResult?
        var failure: PostgresFailure?
        do throws(PostgresFailure) {
            try connection.sync()
            disturbance?(connection)
            for text in sent {
                while let result = try connection.result() {
                    switch result.kind {
                    case .failed: failure = failure ?? result.failure
                    case .done, .rows: last = result
                    case .skipped, .sync: break
                    }
                    // What was not prepared is prepared anew, under another name.
                    if let text, result.kind == .failed || result.kind == .skipped { prepared[text] = nil }
                }
            }
            _ = try connection.result()
        } catch {
            // A server that ends a session says why before it does.
            failure = failure ?? error
        }
        sent = []
        guard let failure else { return last }
        if failure.isLost { _ = connection.lost(failure.text) }
        if connection.isSilent { patience?.waitedInVain() }
        throw journalError(failure)
    }

    // MARK: Transactions

    func transaction<R>(_ body: () throws(JournalError) -> R) throws(JournalError) -> R {
        precondition(!isInTransaction, "transactions do not nest")
        let before = connection
        do throws(JournalError) {
            return try once(body)
        } catch {
            // A session that was lost since its last use shows only now. What was under way is done once more, unless the
            // server has it.
            guard case .unreachable = error.cause, before != nil, waiting.fault == nil else { throw error }
            if let commit = doubt {
                _ = try session()
                if let done = finished as? R, try wasKept(commit) { return done }
            }
        }
        return try once(body)
    }

    /// What the body gave whose commit is in doubt.
    private var finished: Any?

    private func once<R>(_ body: () throws(JournalError) -> R) throws(JournalError) -> R {
        _ = try session()
        let began = PostgresDatabase.now()
        isInTransaction = true
        defer {
            isInTransaction = false
            if doubt == nil { finished = nil }
        }
        do throws(JournalError) {
            try put("BEGIN", [])
            try put("SELECT pg_advisory_xact_lock(?1)", [.int(place.writerKey)])
            if let fence {
                self.fence?.commit += 1
                try put("SELECT mozaiks_fence(?1, ?2)", [.int(fence.epoch), .int(fence.commit + 1)])
            }
            let result = try body()
            try put("COMMIT", [])
            doubt = fence?.commit
            finished = result
            do throws(JournalError) { _ = try collect() } catch {
                if case .unreachable = error.cause {} else { doubt = nil }
                throw error
            }
            doubt = nil
            patience?.wasDone(in: TimeSpan(milliseconds: Int64(clamping: (PostgresDatabase.now() - began) / 1_000_000)))
            return result
        } catch {
            rollBack()
            throw error
        }
    }

    func snapshot<R>(_ body: () throws(JournalError) -> R) throws(JournalError) -> R {
        // Asked for first, so that a session that was lost shows before the transaction begins.
        _ = try answer("SELECT 1", [])
        isInTransaction = true
        defer {
            isInTransaction = false
            rollBack()
        }
        try put("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", [])
        return try body()
    }

    private func rollBack() {
        guard let connection, !connection.isLost else { return }
        if !sent.isEmpty { _ = try? collect() }
        guard !connection.isLost else { return }
        do throws(PostgresFailure) { try run(script: "ROLLBACK", connection) } catch { _ = connection.lost(error.text) }
    }
}

/// The row of a result that is being read.
final class PostgresRow: SQLRow {
    private let result: PostgresResult
    private unowned let database: PostgresDatabase
    private var index: Int32 = 0

    init(_ result: PostgresResult, of database: PostgresDatabase) {
        self.result = result
        self.database = database
    }

    var isThere: Bool { index < result.rowCount }
    func next() { index += 1 }

    func isNull(_ column: Int32) -> Bool { result.isNull(index, column) }
    func int(_ column: Int32) -> Int64 { result.isNull(index, column) ? 0 : result.int(index, column) }
    func bytes(_ column: Int32) -> [UInt8] { result.isNull(index, column) ? [] : result.bytes(index, column) }
    func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }
    func error(_ cause: JournalError.Cause, _ detail: String) -> JournalError { database.error(cause, detail) }
}
