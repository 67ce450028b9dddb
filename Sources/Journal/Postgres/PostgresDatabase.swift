import Glibc
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
    private var busyTimeout: TimeSpan
    private(set) var connection: PostgresConnection?
    /// Names of prepared statements, by their text.
    private var prepared: [String: String] = [:]
    private var preparedCount = 0
    /// What was sent and not answered: the text where it prepares a statement.
    private var sent: [String?] = []
    private var isInTransaction = false
    private var isTakingUp = false
    private var isPipelined = false
    private var waiting = Waiting()
    /// The engine's place in line, from when it has begun.
    var fence: Fence?
    var doubt: Int64?
    private var verdicts: [Int64: Bool] = [:]
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

    /// Gives the engine's lock back before the connection goes: the server may take its time to notice.
    private func letGo() {
        guard role == .engine, let connection, !connection.isLost, sent.isEmpty else { return }
        connection.patience = .seconds(1)
        try? run(script: "SELECT pg_advisory_unlock_all()", connection)
    }

    // MARK: Session

    /// The session, had anew where it was lost: not more often than the last failures allow.
    func session() throws(JournalError) -> PostgresConnection {
        if let connection, !connection.isLost { return connection }
        // What was begun on one session does not go on in another.
        guard !isInTransaction, !isTakingUp else { throw error(.unreachable, "the connection was lost") }
        if let known = waiting.fault { throw error(known.cause, known.detail) }
        connection = nil
        (prepared, sent, isPipelined) = ([:], [], false)
        do {
            let fresh: PostgresConnection
            do throws(PostgresFailure) {
                fresh = try PostgresConnection(parameters(), patience: place.statementTimeout + .seconds(5))
                try run(script: setup(fresh), fresh)
            } catch {
                throw journalError(error)
            }
            connection = fresh
            if fence != nil { try takeUp() }
            waiting = Waiting()
            return fresh
        } catch {
            connection = nil
            let fault = error as? JournalError ?? self.error(.unreachable)
            waiting.add(fault)
            throw fault
        }
    }

    private func parameters() throws(PostgresFailure) -> [PostgresPlace.Parameter] {
        var parameters = place.parameters
        func add(_ name: String, _ value: String) {
            if !parameters.contains(where: { $0.name == name }) { parameters.append(.init(name: name, value: value)) }
        }
        if let password = place.password {
            do {
                add("password", try password.read())
            } catch {
                throw PostgresFailure(state: "28000", text: PostgresConnection.line("\(error)"), isLost: true)
            }
        }
        add("client_encoding", "UTF8")
        add("application_name", "mozaiks-ops")
        add("connect_timeout", "5")
        // A network that is cut shows within some twenty seconds on both ends.
        for (name, value) in [("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "2"), ("tcp_user_timeout", "20000")] {
            add(name, value)
        }
        return parameters
    }

    private func setup(_ connection: PostgresConnection) throws(PostgresFailure) -> String {
        if let encoding = connection.parameter("server_encoding"), encoding != "UTF8" {
            throw PostgresFailure(state: "MZ002", text: "the database's encoding is \(Shown.id(encoding)), and must be UTF8", isLost: false)
        }
        guard connection.serverVersion >= 130_000 else {
            throw PostgresFailure(state: "MZ002", text: "the server is older than PostgreSQL 13", isLost: false)
        }
        return """
            SET search_path = \(place.schema), pg_catalog; SET client_min_messages = warning; SET TimeZone = 'UTC';
            SET lock_timeout = \(max(1, busyTimeout.milliseconds)); SET statement_timeout = \(place.statementTimeout.milliseconds);
            SET idle_in_transaction_session_timeout = 30000; SET synchronous_commit = on;
            SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = \(role == .reader ? "on" : "off");
            SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 2; SET tcp_user_timeout = 20000
            """
    }

    /// After the session was lost: takes the lock again, finds that nobody was the engine meanwhile, and what became of a
    /// commit that was under way.
    private func takeUp() throws(JournalError) {
        guard let fence, let connection else { return }
        isTakingUp = true
        defer { isTakingUp = false }
        guard try PostgresLock.take(self) else {
            let holder = try PostgresLock.holder(self)
            // The server has not noticed yet that our own last session is gone.
            if let holder, holder.session == fence.session {
                _ = try rows("SELECT pg_terminate_backend(?1::int)", [.int(Int64(fence.session))]) { row throws(JournalError) in row.int(0) }
                throw error(.unreachable, "the server still keeps the session that was lost")
            }
            throw error(.heldBy(holder?.words ?? EngineHolder(pid: nil, since: nil)))
        }
        let kept = try rows("SELECT epoch, commits FROM journal", []) { row throws(JournalError) in (epoch: row.int(0), commit: row.int(1)) }.first
        guard let kept, kept.epoch == fence.epoch else { throw error(.deposed) }
        self.fence?.session = connection.backendPID
        if let doubt {
            verdicts[doubt] = kept.commit == doubt
            self.doubt = nil
        }
    }

    func wasKept(_ commit: Int64) throws(JournalError) -> Bool {
        _ = try session()
        return verdicts.removeValue(forKey: commit) ?? false
    }

    /// How long a call waits for another's transaction.
    func wait(_ span: TimeSpan) throws(JournalError) {
        busyTimeout = span
        try execute("SET lock_timeout = \(max(1, span.milliseconds))")
    }

    // MARK: Statements

    func execute(_ script: String) throws(JournalError) {
        let connection = try session()
        do throws(PostgresFailure) { try run(script: script, connection) } catch { throw journalError(error) }
    }

    private func run(script: String, _ connection: PostgresConnection) throws(PostgresFailure) {
        if isPipelined {
            try connection.exitPipeline()
            isPipelined = false
        }
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
            guard case .unreachable = error.cause, !isInTransaction, !isTakingUp, role == .reader || sql.hasPrefix("SELECT"), waiting.fault == nil else {
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

/// How long a server that did not answer is left alone: each failure doubles it, up to ten seconds.
private struct Waiting {
    private var until: UInt64 = 0
    private var count: UInt64 = 0
    private var last: JournalError?

    /// What the last try said, while no other is due.
    var fault: JournalError? { PostgresDatabase.now() < until ? last : nil }

    mutating func add(_ error: JournalError) {
        last = error
        count += 1
        let milliseconds: UInt64 = min(10_000, 50 << min(count, 8))
        until = PostgresDatabase.now() + milliseconds * 1_000_000
    }
}

extension PostgresDatabase {
    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
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
