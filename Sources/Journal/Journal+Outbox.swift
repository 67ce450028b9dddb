import Model

extension Journal {
    /// The messages to send now: pending, due, the first of their incident and channel, not handed out already. They
    /// count as being sent until they are settled or released (or the process ends), and only then does the next of
    /// the same incident and channel come.
    ///
    /// - Parameter channel: only of this channel, so that a hung one takes no place from the others; nil for all.
    public func nextDue(_ now: Timestamp, channel: String? = nil, limit: Int = 32) throws(JournalError) -> [OutboxRow] {
        let found = try engineReading("read the outbox") { database throws(JournalError) in
            try database.rows(
                Outbox.heads(OutboxRow.columns, of: channel),
                [.int(Int64(limit + messagesInFlight.count)), .optional(channel), .time(now)], OutboxRow.readable)
        }
        let damaged = found.filter { $0.row == nil && !messagesInFlight.contains($0.id) }.map(\.id)
        if !damaged.isEmpty { try giveUp(damaged: damaged, now) }
        let due = Array(found.lazy.compactMap(\.row).filter { !self.messagesInFlight.contains($0.id) }.prefix(limit))
        messagesInFlight.formUnion(due.map(\.id))
        return due
    }

    /// One message whose contents are damaged must not keep all others from being sent: it is given up, and the audit log
    /// says so.
    private func giveUp(damaged ids: [Int64], _ now: Timestamp) throws(JournalError) {
        let reason = "the stored message is damaged"
        try writing("give up a damaged message") { database throws(JournalError) in
            for id in ids {
                try database.run(
                    "UPDATE outbox SET state = 'dead', last_error = ?2, settled_ms = ?3 WHERE id = ?1",
                    .int(id), .text(reason), .time(now))
            }
            try AuditChain.append(
                ids.map { id in
                    AuditEntry(
                        at: now, actor: "engine", kind: "message.given_up", reason: reason,
                        document: "{\"message\":\(id)}")
                }, to: database)
        }
    }

    /// When the next message (of a channel, if one is named) is due that is not being sent; nil when none waits. For the
    /// sender's sleep.
    public func nextDueTime(channel: String? = nil) throws(JournalError) -> Timestamp? {
        let waiting = try engineReading("read the outbox") { database throws(JournalError) in
            try database.rows(
                Outbox.heads("id, due_ms", of: channel),
                [.int(Int64(messagesInFlight.count + 1)), .optional(channel), .time(Timestamp(milliseconds: .max))]
            ) { row throws(JournalError) in (id: row.int(0), dueAt: row.time(1)) }
        }
        return waiting.first { !messagesInFlight.contains($0.id) }?.dueAt
    }

    /// Records what came of an attempt and frees the next message of the same incident and channel. Returns the
    /// message's new state; settling one that is not pending changes nothing. Throws `.unknownID`.
    @discardableResult
    public func settle(_ id: Int64, _ outcome: OutboxOutcome) throws(JournalError) -> OutboxRow.State {
        let state = try writing("settle a message") { database throws(JournalError) in
            let found = try database.row(
                "SELECT \(OutboxRow.columns) FROM outbox WHERE id = ?1", [.int(id)], OutboxRow.init)
            guard let row = found else { throw database.error(.unknownID) }
            guard row.state == .pending else { return row.state }
            let after = Outbox.after(outcome, row.patience)
            try database.run(
                """
                UPDATE outbox SET state = ?2, attempts = attempts + 1, due_ms = coalesce(?3, due_ms), last_error = ?4,
                    settled_ms = ?5, reference = ?6, failed_ms = ?7, blocked_ms = ?8, blocked_since_ms = ?9 WHERE id = ?1
                """,
                .int(id), .text(after.state.rawValue), .time(after.dueAt), .optional(after.error),
                .time(after.settledAt), .optional(outcome.reference), .time(after.patience.failedAt),
                .int(after.patience.blocked.milliseconds), .time(after.patience.blockedSince))
            return after.state
        }
        messagesInFlight.remove(id)
        return state
    }

    /// Gives back a message that was handed out and not tried. It is due as before.
    public func release(_ id: Int64) {
        messagesInFlight.remove(id)
    }

    /// What waits for channels other than these, by channel.
    public func stranded(besides channels: [String]) throws(JournalError) -> [StrandedMessages] {
        try reading("look for messages without a channel") { database throws(JournalError) in
            let marks = channels.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
            let isOther = channels.isEmpty ? "" : "AND channel NOT IN (\(marks))"
            return try database.rows(
                """
                SELECT channel, count(*), min(created_ms) FROM outbox WHERE state = 'pending' \(isOther)
                GROUP BY channel ORDER BY channel
                """,
                channels.map { .text($0) }
            ) { row throws(JournalError) in
                StrandedMessages(channel: row.text(0), count: Int(row.int(1)), since: row.time(2))
            }
        }
    }

    /// Gives up what was decided `lifetimeOfBlocked` ago or before for channels other than these: nobody sends it, and it
    /// would wait for ever. Returns what that was; the audit log has it, too.
    public func giveUpStranded(besides channels: [String], _ now: Timestamp) throws(JournalError) -> [StrandedMessages] {
        let last = now - Outbox.lifetimeOfBlocked
        let old = try stranded(besides: channels).filter { $0.since <= last }
        guard !old.isEmpty else { return [] }
        return try writing("give up messages without a channel") { database throws(JournalError) in
            var given: [StrandedMessages] = []
            for one in old {
                let reason = "no channel '\(one.channel)' has been configured for \(Outbox.lifetimeOfBlocked)"
                let count =
                    try database.row(
                        "SELECT count(*) FROM outbox WHERE state = 'pending' AND channel = ?1 AND created_ms <= ?2",
                        [.text(one.channel), .time(last)]
                    ) { row throws(JournalError) in Int(row.int(0)) } ?? 0
                try database.run(
                    """
                    UPDATE outbox SET state = 'dead', last_error = ?3, settled_ms = ?4
                    WHERE state = 'pending' AND channel = ?1 AND created_ms <= ?2
                    """,
                    .text(one.channel), .time(last), .text(reason), .time(now))
                given.append(StrandedMessages(channel: one.channel, count: count, since: one.since))
            }
            try AuditChain.append(
                given.map { one in
                    AuditEntry(
                        at: now, actor: "engine", kind: "message.given_up", reason: "the channel is not configured any more",
                        document: JSON.object(["channel": .string(one.channel), "messages": .int(Int64(one.count))])
                            .serialized())
                }, to: database)
            return given
        }
    }

    /// Brings forward what is due later than it ever can be: this machine's clock stood ahead when it was put off.
    public func bringForward(to now: Timestamp, dueAfter latest: Timestamp) throws(JournalError) {
        let isAny = try reading("look for messages of a clock ahead") { database throws(JournalError) in
            try database.row(
                "SELECT 1 FROM outbox WHERE state = 'pending' AND due_ms > ?1 LIMIT 1", [.time(latest)]
            ) { row throws(JournalError) in row.int(0) }
        }
        guard isAny != nil else { return }
        _ = try writing("bring messages forward") { database throws(JournalError) in
            // By that clock they may have been tried for days.
            try database.run(
                """
                UPDATE outbox SET due_ms = ?2, failed_ms = NULL, blocked_since_ms = NULL
                WHERE state = 'pending' AND due_ms > ?1
                """, .time(latest), .time(now))
        }
    }

    /// Adds a message inside a tick's transaction, merging what it makes superfluous.
    func add(_ message: OutboxMessage, _ database: any Database) throws(JournalError) {
        let pending = try database.rows(
            "SELECT id, event, news FROM outbox WHERE state = 'pending' AND incident = ?1 AND channel = ?2 ORDER BY id",
            [.text(message.incident), .text(message.channel)]
        ) { row throws(JournalError) in
            (id: row.int(0), event: try row.word(1) as Message.Event, news: row.optionalText(2).flatMap(Message.News.init))
        }
        let waiting = pending.filter { !messagesInFlight.contains($0.id) }
        let (merged, carriesOpening, news) = Outbox.coalesce(waiting, adding: message.event, message.news)
        let id = try database.insert(
            """
            INSERT INTO outbox (incident, channel, event, created_ms, due_ms, document, checksum, carries_opening, news)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING id
            """,
            .text(message.incident), .text(message.channel), .text(message.event.rawValue), .time(message.createdAt),
            .time(message.dueAt), .text(message.document), .int(Checksum.of(message.document)),
            .int(carriesOpening ? 1 : 0), .optional(news?.rawValue))
        for old in merged {
            try database.run(
                "UPDATE outbox SET state = 'merged', merged_into = ?2, settled_ms = ?3 WHERE id = ?1",
                .int(old), .int(id), .time(message.createdAt))
        }
    }

    /// Only the engine hands messages out: the marks of what is being sent are in its memory.
    private func engineReading<R>(
        _ operation: String, _ body: (any Database) throws(JournalError) -> R
    ) throws(JournalError) -> R {
        try requireEngine(operation)
        return try reading(operation, body)
    }
}

extension Outbox {
    /// The messages whose turn it is (the first that wait of their incident and channel) up to a time (?3), the one that is
    /// due first before the others, at most so many (?1), of one channel (?2) or of all. One channel's are read off an
    /// index in their order: what it costs does not grow with how many wait.
    static func heads(_ columns: String, of channel: String?) -> String {
        """
        SELECT \(columns) FROM outbox AS o
        WHERE state = 'pending' AND \(channel == nil ? "?2 IS NULL" : "channel = ?2") AND due_ms <= ?3
            AND NOT EXISTS (SELECT 1 FROM outbox AS e WHERE e.state = 'pending' AND e.incident = o.incident
                AND e.channel = o.channel AND e.id < o.id)
        ORDER BY due_ms, id LIMIT ?1
        """
    }

    /// The columns of a message after an attempt.
    static func after(
        _ outcome: OutboxOutcome, _ before: OutboxRow.Patience
    ) -> (state: OutboxRow.State, dueAt: Timestamp?, error: String?, settledAt: Timestamp?, patience: OutboxRow.Patience) {
        switch outcome {
        case .sent(let at, _): return (.sent, nil, nil, at, before)
        case .dead(let at, let error): return (.dead, nil, error, at, before)
        case .retry(let at, let error, let isBlocked):
            var patience = before
            let failed = before.failedAt ?? at
            patience.failedAt = failed
            let blocked = before.blocked + (before.blockedSince.map { max(at - $0, .zero) } ?? .zero)
            let isOver: Bool
            if isBlocked {
                patience.blockedSince = before.blockedSince ?? at
                isOver = blocked >= lifetimeOfBlocked
            } else {
                (patience.blocked, patience.blockedSince) = (blocked, nil)
                isOver = at - failed >= lifetime + min(blocked, lifetimeOfBlocked)
            }
            return isOver ? (.dead, nil, error, at, patience) : (.pending, at, error, nil, patience)
        }
    }
}

extension OutboxOutcome {
    /// What the service calls the incident, where it said so.
    var reference: String? {
        if case .sent(_, let reference) = self { reference } else { nil }
    }
}

extension OutboxRow {
    static let columns = """
        id, incident, channel, event, created_ms, document, checksum, state, attempts, due_ms, carries_opening, \
        merged_into, last_error, settled_ms, reference, news, failed_ms, blocked_ms, blocked_since_ms
        """

    /// A row with `columns` and its id; without the row where its contents are damaged.
    static func readable(_ row: any SQLRow) throws(JournalError) -> (id: Int64, row: OutboxRow?) {
        let id = row.int(0)
        do throws(JournalError) {
            return (id, try OutboxRow(row))
        } catch {
            guard error.cause == .corrupt else { throw error }
            return (id, nil)
        }
    }

    /// From a row with `columns`.
    init(_ row: any SQLRow) throws(JournalError) {
        let dueAt = row.time(9)
        self.init(
            id: row.int(0),
            message: OutboxMessage(
                incident: row.text(1), channel: row.text(2), event: try row.word(3),
                news: row.optionalText(15).flatMap(Message.News.init), createdAt: row.time(4), dueAt: dueAt,
                document: try row.checkedText(5, checksum: 6)),
            state: try row.word(7), attempts: Int(row.int(8)), dueAt: dueAt, carriesOpening: row.int(10) != 0,
            mergedInto: row.optionalInt(11), lastError: row.optionalText(12), reference: row.optionalText(14),
            settledAt: row.optionalTime(13),
            patience: Patience(
                failedAt: row.optionalTime(16), blocked: TimeSpan(milliseconds: row.int(17)),
                blockedSince: row.optionalTime(18)))
    }
}
