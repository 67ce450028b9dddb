import Model

/// How long what is over is kept. What is open, in force or pending is never removed, nor is the audit log.
public struct Retention: Hashable, Sendable {
    /// Resolved incidents.
    public var incidents: TimeSpan
    /// Ended leases.
    public var leases: TimeSpan
    /// Messages that were sent, given up or merged.
    public var messages: TimeSpan
    /// History: minutes, and whole hours once all of one is past its time.
    public var minutes: TimeSpan
    /// Commands that were taken.
    public var commands: TimeSpan

    public init(
        incidents: TimeSpan = .hours(90 * 24), leases: TimeSpan = .hours(90 * 24), messages: TimeSpan = .hours(30 * 24),
        minutes: TimeSpan = .hours(30 * 24), commands: TimeSpan = .hours(90 * 24)
    ) {
        self.incidents = incidents
        self.leases = leases
        self.messages = messages
        self.minutes = minutes
        self.commands = commands
    }
}

extension Journal {
    /// Removes at most `batch` rows of each table that are past their time, in one short transaction, and hands some
    /// free pages back to the file system. Returns how many rows went; call again, later, until it is 0.
    @discardableResult
    public func prune(_ retention: Retention = Retention(), now: Timestamp, batch: Int = 500) throws(JournalError)
        -> Int
    {
        let removed = try writing("remove what is past its time") { database throws(JournalError) in
            var removed = 0
            func remove(_ table: String, where condition: String, _ limit: Int64) throws(JournalError) {
                removed += try database.change(
                    """
                    DELETE FROM \(table) WHERE \(database.rowName) IN (SELECT \(database.rowName) FROM \(table) WHERE \(condition) LIMIT ?2)
                    """,
                    [.int(limit), .int(Int64(batch))])
            }
            func before(_ span: TimeSpan) -> Int64 { (now - span).milliseconds }
            try remove("incidents", where: "resolved_ms < ?1", before(retention.incidents))
            try remove("leases", where: "ended_ms < ?1", before(retention.leases))
            // Of a lease that is not over every placement stays.
            let isEnded = "lease NOT IN (SELECT id FROM leases WHERE state <> 'ended')"
            try remove("placements", where: "over = 1 AND updated_ms < ?1 AND \(isEnded)", before(retention.leases))
            // The messages of an open incident stay: they hold what the services call it.
            // So do those of a digest that is not over.
            let isOpen = """
                (incident IN (SELECT id FROM incidents WHERE status <> 'resolved') OR (substr(incident, 1, 7) = 'digest-' AND NOT
                    EXISTS (SELECT 1 FROM outbox AS r WHERE r.incident = outbox.incident AND r.event = 'resolved')))
                """
            try remove("outbox", where: "settled_ms < ?1 AND NOT \(isOpen)", before(retention.messages))
            let oldest = (now - retention.minutes).minute
            try remove("minutes", where: "minute < ?1", oldest)
            try remove("hours", where: "hour < ?1", HistoryKey.minute(oldest).hour)
            try remove("commands", where: "taken_ms < ?1", before(retention.commands))
            return removed
        }
        if removed > 0 {
            try reading("give back free pages") { database throws(JournalError) in
                try database.giveBackSpace()
            }
        }
        return removed
    }
}
