import Digest
import Model

/// One decision, as a tick hands it to the audit log.
public struct AuditEntry: Hashable, Sendable {
    public let at: Timestamp
    /// `engine`, or who asked.
    public let actor: String
    /// `done`, `refused`, `would_have`, `approved`, `reverted`, …
    public let kind: String
    public let reason: String
    /// JSON, stored as given.
    public let document: String

    public init(at: Timestamp, actor: String, kind: String, reason: String, document: String) {
        self.at = at
        self.actor = actor
        self.kind = kind
        self.reason = reason
        self.document = document
    }
}

/// A row of the audit log.
public struct AuditRow: Hashable, Sendable {
    /// From 1, without gaps.
    public let seq: Int64
    public let entry: AuditEntry
    /// The digest of the row before; of the first row 32 zero bytes.
    public let previous: [UInt8]
    /// SHA-256 over `previous` and this row's contents.
    public let digest: [UInt8]
}

/// What a check of the audit log found.
public enum AuditFinding: Hashable, Sendable {
    case intact(rows: Int64)
    /// The first row that does not fit, and why.
    case broken(seq: Int64, why: String)
}

/// The log as a chain: each row's digest covers the digest of the row before, so that nothing in it can be changed,
/// taken out or put in without changing every digest after it. The end of the chain stands in `meta` too: a log that
/// was cut short does not match it.
enum AuditChain {
    static let origin = [UInt8](repeating: 0, count: SHA256.byteCount)
    private static let headKey = "audit_head"

    /// SHA-256 over the previous digest, number and time (8 bytes each, most significant first), and actor, kind,
    /// reason and document, each behind its length in bytes (8 bytes).
    static func digest(previous: [UInt8], seq: Int64, entry: AuditEntry) -> [UInt8] {
        var bytes = previous
        func put(_ value: Int64) { withUnsafeBytes(of: value.bigEndian) { bytes += $0 } }
        put(seq)
        put(entry.at.milliseconds)
        for text in [entry.actor, entry.kind, entry.reason, entry.document] {
            put(Int64(text.utf8.count))
            bytes += text.utf8
        }
        return SHA256.digest(bytes)
    }

    /// Adds entries inside a tick's transaction.
    static func append(_ entries: [AuditEntry], to database: Database) throws(JournalError) {
        guard !entries.isEmpty else { return }
        let last = try database.row("SELECT seq, digest FROM audit ORDER BY seq DESC LIMIT 1") {
            row throws(JournalError) in (seq: row.int(0), digest: row.bytes(1))
        }
        var (seq, previous) = last ?? (0, origin)
        for entry in entries {
            seq += 1
            let digest = digest(previous: previous, seq: seq, entry: entry)
            try database.run(
                """
                INSERT INTO audit (seq, at_ms, actor, kind, reason, document, previous, digest)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                """,
                .int(seq), .time(entry.at), .text(entry.actor), .text(entry.kind), .text(entry.reason),
                .text(entry.document), .bytes(previous), .bytes(digest))
            previous = digest
        }
        try database.run(
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            .text(headKey), .text(head(seq, previous)))
    }

    /// Walks the whole chain.
    static func verify(_ database: Database) throws(JournalError) -> AuditFinding {
        let recorded = try database.row("SELECT value FROM meta WHERE key = ?1", [.text(headKey)]) {
            row throws(JournalError) in row.text(0)
        }
        var (seq, previous): (Int64, [UInt8]) = (0, origin)
        while true {
            let rows = try rows(after: seq, limit: 500, database)
            for row in rows {
                guard row.seq == seq + 1 else { return .broken(seq: seq + 1, why: "the row is missing") }
                guard row.previous == previous else {
                    return .broken(seq: row.seq, why: "it does not continue the row before")
                }
                guard row.digest == digest(previous: previous, seq: row.seq, entry: row.entry) else {
                    return .broken(seq: row.seq, why: "its contents do not match its digest")
                }
                (seq, previous) = (row.seq, row.digest)
            }
            if rows.isEmpty { break }
        }
        guard recorded == (seq == 0 ? nil : head(seq, previous)) else {
            return .broken(seq: seq + 1, why: "the log does not end where it was recorded to end")
        }
        return .intact(rows: seq)
    }

    static func rows(after seq: Int64, limit: Int, _ database: Database) throws(JournalError) -> [AuditRow] {
        try database.rows(
            """
            SELECT seq, at_ms, actor, kind, reason, document, previous, digest FROM audit
            WHERE seq > ?1 ORDER BY seq LIMIT ?2
            """,
            [.int(seq), .int(Int64(max(0, limit)))]
        ) { row throws(JournalError) in
            AuditRow(
                seq: row.int(0),
                entry: AuditEntry(
                    at: row.time(1), actor: row.text(2), kind: row.text(3), reason: row.text(4), document: row.text(5)),
                previous: row.bytes(6), digest: row.bytes(7))
        }
    }

    private static func head(_ seq: Int64, _ digest: [UInt8]) -> String { "\(seq):\(Hex.encode(digest))" }
}

extension Journal {
    /// Rows of the audit log behind number `seq`, oldest first.
    public func audit(after seq: Int64 = 0, limit: Int = 1_000) throws(JournalError) -> [AuditRow] {
        try reading("read the audit log") { database throws(JournalError) in
            try AuditChain.rows(after: seq, limit: limit, database)
        }
    }

    /// Checks every row of the audit log against the one before it.
    public func verifyAudit() throws(JournalError) -> AuditFinding {
        try reading("check the audit log") { database throws(JournalError) in try AuditChain.verify(database) }
    }
}
