import Glibc
import Model

/// How the session is had, and had anew.
extension PostgresDatabase {
    /// Gives the engine's lock back before the connection goes: the server may take its time to notice.
    func letGo() {
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
        // Whoever is to end asks no server again that has just not answered.
        if place.ending.isTold {
            if connection?.isSilent == true { throw error(.unreachable, PostgresDatabase.endsUnanswered) }
            if let known = waiting.last { throw error(known.cause, known.detail) }
        }
        connection = nil
        (prepared, sent, isPipelined) = ([:], [], false)
        do {
            let fresh: PostgresConnection
            do throws(PostgresFailure) { fresh = try connect() } catch { throw journalError(error) }
            fresh.patience = usualPatience
            connection = fresh
            if fence != nil { try takeUp() }
            waiting = PostgresWaiting()
            return fresh
        } catch {
            connection = nil
            let fault = error as? JournalError ?? self.error(.unreachable)
            waiting.add(fault)
            throw fault
        }
    }

    /// How long an answer may take.
    var usualPatience: TimeSpan { patience?.span ?? place.statementTimeout + .seconds(5) }

    /// From here on somebody waits for each call who has other things to do: no answer within seconds is none.
    func answerPromptly() {
        patience = PostgresPatience(longest: place.statementTimeout + .seconds(5))
        connection?.patience = usualPatience
    }

    private func connect() throws(PostgresFailure) -> PostgresConnection {
        let isNew = attempt == nil
        let attempt = attempt ?? PostgresAttempt(place, role, busyTimeout)
        self.attempt = attempt
        // Who does not poll has nothing to do meanwhile, and waits until it is over, or until the process is to end.
        guard let outcome = attempt.wait(atMost: patience == nil ? nil : isNew ? PostgresAttempt.patience : .zero, place.ending) else {
            let text = place.ending.isTold ? PostgresDatabase.endsUnanswered : "no connection within \(PostgresAttempt.patience)"
            throw PostgresFailure(state: "", text: text, isLost: true)
        }
        self.attempt = nil
        guard let fresh = try outcome.get().take() else { throw PostgresFailure(state: "", text: "the connection is gone", isLost: true) }
        return fresh
    }

    private static let endsUnanswered = "no answer, and this process is to end"

    /// A connection with all that a session begins with.
    static func connected(
        _ place: PostgresPlace, _ role: Role, _ busyTimeout: TimeSpan
    ) throws(PostgresFailure) -> sending PostgresConnection {
        let fresh = try PostgresConnection(parameters(place), patience: place.statementTimeout + .seconds(5), ending: place.ending)
        try run(setup(fresh, place, role, busyTimeout), fresh)
        return fresh
    }

    private static func parameters(_ place: PostgresPlace) throws(PostgresFailure) -> [PostgresPlace.Parameter] {
        var parameters = place.parameters
        func add(_ name: String, _ value: String) {
            if !parameters.contains(where: { $0.name == name }) { parameters.append(.init(name: name, value: value)) }
        }
        if let password = place.password {
            do {
                add("password", try password.read())
            } catch {
                throw PostgresFailure(state: "MZ004", text: PostgresConnection.line("\(error)"), isLost: true)
            }
        }
        add("client_encoding", "UTF8")
        add("application_name", "mozaiks-ops")
        add("connect_timeout", "5")
        // A network that is cut shows within some twenty seconds on both ends.
        for (name, value) in [
            ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "2"), ("tcp_user_timeout", "20000"),
        ] {
            add(name, value)
        }
        return parameters
    }

    private static func setup(
        _ connection: PostgresConnection, _ place: PostgresPlace, _ role: Role, _ busyTimeout: TimeSpan
    ) throws(PostgresFailure) -> String {
        if let encoding = connection.parameter("server_encoding"), encoding != "UTF8" {
            throw PostgresFailure(state: "MZ002", text: "the database's encoding is \(Shown.id(encoding)), and must be UTF8", isLost: false)
        }
        guard connection.serverVersion >= 130_000 else {
            throw PostgresFailure(state: "MZ002", text: "the server is older than PostgreSQL 13", isLost: false)
        }
        return """
            SET search_path = \(place.quotedSchema), pg_catalog; SET client_min_messages = warning; SET TimeZone = 'UTC';
            SET lock_timeout = \(PostgresDatabase.lockTimeout(busyTimeout)); SET statement_timeout = \(place.statementTimeout.milliseconds);
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
                _ = try rows("SELECT pg_terminate_backend(?1::int)", [.int(Int64(fence.session))]) { row throws(JournalError) in row.int(0)
                }
                throw error(.unreachable, "the server still keeps the session that was lost")
            }
            // Whoever has the lock and has begun is the engine, and this one is it no more.
            let epoch = try row("SELECT epoch FROM journal") { row throws(JournalError) in row.int(0) }
            if let epoch, epoch != fence.epoch { throw error(.deposed) }
            throw error(.heldBy(holder?.words ?? EngineHolder(pid: nil, since: nil)))
        }
        let kept = try rows("SELECT epoch, commits FROM journal", []) { row throws(JournalError) in (epoch: row.int(0), commit: row.int(1))
        }.first
        guard let kept, kept.epoch == fence.epoch else { throw error(.deposed) }
        try PostgresLock.sign(self)
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

    /// In milliseconds. None at all would be for ever, and a server has short waits of its own.
    static func lockTimeout(_ span: TimeSpan) -> Int64 { max(100, span.milliseconds) }

    /// How long a call waits for another's transaction.
    func wait(_ span: TimeSpan) throws(JournalError) {
        busyTimeout = span
        try execute("SET lock_timeout = \(PostgresDatabase.lockTimeout(span))")
    }
}

/// How long a server that did not answer is left alone: each failure doubles it, up to ten seconds.
struct PostgresWaiting {
    private var until: UInt64 = 0
    private var count: UInt64 = 0
    private(set) var last: JournalError?

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
