import Model

/// What was told, what waits and why: the outbox as whoever looks sees it.
extension Journal {
    /// What a channel's service called an incident in its newest answer that said so; nil before that.
    public func reference(incident: String, channel: String) throws(JournalError) -> String? {
        try reading("look an incident's reference up") { database throws(JournalError) in
            try database.row(
                """
                SELECT reference FROM outbox WHERE incident = ?1 AND channel = ?2 AND reference IS NOT NULL
                ORDER BY id DESC LIMIT 1
                """,
                [.text(incident), .text(channel)]
            ) { row throws(JournalError) in row.text(0) }
        }
    }

    /// The messages of an incident that a channel sent to where its service called it `reference`, and whose document holds
    /// these bytes, oldest first.
    public func sent(
        incident: String, channel: String, as reference: String, holding text: String, limit: Int = 16
    ) throws(JournalError) -> [OutboxRow] {
        try reading("look for what a channel told") { database throws(JournalError) in
            try database.rows(
                """
                SELECT \(OutboxRow.columns) FROM outbox
                WHERE incident = ?1 AND channel = ?2 AND state = 'sent' AND reference = ?3 AND instr(document, ?4) > 0
                ORDER BY id LIMIT ?5
                """,
                [.text(incident), .text(channel), .text(reference), .text(text), .int(Int64(limit))], OutboxRow.init)
        }
    }

    /// Whether this is the first message that its channel sent to where its service called the incident so: before it,
    /// nobody can have answered there.
    public func isFirst(_ row: OutboxRow) throws(JournalError) -> Bool {
        guard let reference = row.reference else { return false }
        return try reading("look for an incident's first message") { database throws(JournalError) in
            try database.row(
                """
                SELECT id FROM outbox WHERE incident = ?1 AND channel = ?2 AND reference = ?3 ORDER BY id LIMIT 1
                """,
                [.text(row.message.incident), .text(row.message.channel), .text(reference)]
            ) { row throws(JournalError) in row.int(0) } == row.id
        }
    }

    /// What a channel told of incidents and digests that are still open, and nothing newer waits to be told: the newest
    /// sent message of each, in the order of their ids, from above `after` on. What is damaged is left out.
    public func standing(channel: String, after: Int64 = 0, limit: Int = 32) throws(JournalError) -> [OutboxRow] {
        var last = after
        while true {
            let found = try reading("list what stands on a channel") { database throws(JournalError) in
                try database.rows(
                    """
                    SELECT \(OutboxRow.columns) FROM outbox AS o
                    WHERE incident IN (SELECT id FROM incidents WHERE status <> 'resolved'
                            UNION SELECT incident FROM outbox WHERE incident >= 'digest-' AND incident < 'digest.')
                        AND channel = ?1 AND id > ?2 AND state = 'sent' AND event IN ('opened', 'updated')
                        AND NOT EXISTS (SELECT 1 FROM outbox AS n WHERE n.incident = o.incident
                            AND n.channel = o.channel AND n.id > o.id
                            AND (n.state IN ('sent', 'pending') OR n.event = 'resolved'))
                    ORDER BY id LIMIT ?3
                    """,
                    [.text(channel), .int(last), .int(Int64(limit))], OutboxRow.readable)
            }
            let rows = found.compactMap(\.row)
            // A page of damaged ones is no end.
            guard rows.isEmpty, let end = found.last?.id else { return rows }
            last = end
        }
    }

    /// The channels that owe people messages because attempts failed, by name: what waits, and why.
    public func channelTroubles() throws(JournalError) -> [ChannelTrouble] {
        try reading("look for channels in trouble") { database throws(JournalError) in
            try database.rows(
                """
                SELECT channel, count(*), min(created_ms), max(attempts),
                    (SELECT last_error FROM outbox AS l WHERE l.state = 'pending' AND l.channel = o.channel
                        AND l.attempts > 0 ORDER BY l.due_ms DESC, l.id DESC LIMIT 1)
                FROM outbox AS o WHERE state = 'pending' GROUP BY channel HAVING max(attempts) > 0 ORDER BY channel
                """
            ) { row throws(JournalError) in
                ChannelTrouble(
                    channel: row.text(0), waiting: Int(row.int(1)), since: row.time(2), attempts: Int(row.int(3)),
                    reason: row.optionalText(4) ?? "")
            }
        }
    }

    /// How each channel's messages stand, by name: all channels that a message was ever decided for and kept.
    public func channelCounts() throws(JournalError) -> [ChannelCounts] {
        try reading("count the messages of channels") { database throws(JournalError) in
            try database.rows(
                """
                SELECT channel, count(CASE WHEN state = 'pending' THEN 1 END), count(CASE WHEN state = 'dead' THEN 1 END),
                    count(CASE WHEN state = 'sent' THEN 1 END), max(CASE WHEN state = 'sent' THEN settled_ms END)
                FROM outbox GROUP BY channel ORDER BY channel
                """
            ) { row throws(JournalError) in
                ChannelCounts(
                    channel: row.text(0), pending: Int(row.int(1)), dead: Int(row.int(2)), sent: Int(row.int(3)),
                    lastSent: row.optionalTime(4))
            }
        }
    }

    public func outboxCounts() throws(JournalError) -> OutboxCounts {
        try reading("count the outbox") { database throws(JournalError) in
            var counts = OutboxCounts()
            let groups = try database.rows("SELECT state, count(*), min(created_ms) FROM outbox GROUP BY state") {
                row throws(JournalError) in
                (state: try row.word(0) as OutboxRow.State, count: Int(row.int(1)), oldest: row.time(2))
            }
            for group in groups {
                switch group.state {
                case .pending:
                    counts.pending = group.count
                    counts.oldestPending = group.oldest
                case .sent: counts.sent = group.count
                case .dead: counts.dead = group.count
                case .merged: counts.merged = group.count
                }
            }
            return counts
        }
    }

    /// Messages, newest first; of one incident when its id is given (and of the digests in which it was told), in one
    /// state, of one channel, decided before that id, made from one moment on and before another.
    public func outbox(
        incident: String? = nil, digests: [String] = [], state: OutboxRow.State? = nil, channel: String? = nil,
        since: Timestamp? = nil, until: Timestamp? = nil, before: Int64? = nil, limit: Int = 100
    ) throws(JournalError) -> [OutboxRow] {
        let others = digests.indices.map { " OR incident = ?\($0 + 8)" }.joined()
        return try reading("list the outbox") { database throws(JournalError) in
            try database.rows(
                """
                SELECT \(OutboxRow.columns) FROM outbox WHERE (?1 IS NULL OR incident = ?1\(others))
                    AND (?3 IS NULL OR state = ?3) AND (?4 IS NULL OR channel = ?4) AND (?5 IS NULL OR id < ?5)
                    AND (?6 IS NULL OR created_ms >= ?6) AND (?7 IS NULL OR created_ms < ?7) ORDER BY id DESC LIMIT ?2
                """,
                [
                    .optional(incident), .int(Int64(limit)), .optional(state?.rawValue), .optional(channel), .optional(before),
                    .optional(since?.milliseconds), .optional(until?.milliseconds),
                ]
                    + digests.map { .text($0) }, OutboxRow.init)
        }
    }
}
