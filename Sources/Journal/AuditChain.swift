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

/// Where the log ended at some moment: the number of its last row and that row's digest. Kept elsewhere (a log file, a
/// message, a health answer) it shows later that the log was not cut short or written anew since.
public struct AuditHead: Hashable, Sendable, CustomStringConvertible {
    public let seq: Int64
    /// 32 bytes.
    public let digest: [UInt8]

    /// Reads `SEQ:DIGEST`, the digest in hexadecimal; nil when it is not one.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let seq = Int64(parts[0]), seq > 0, let digest = AuditHead.bytes(parts[1]) else { return nil }
        self.init(seq: seq, digest: digest)
    }

    init(seq: Int64, digest: [UInt8]) {
        self.seq = seq
        self.digest = digest
    }

    /// `123:9f86…`: what the first initializer reads.
    public var description: String { "\(seq):\(Hex.encode(digest))" }

    private static func bytes(_ hex: some StringProtocol) -> [UInt8]? {
        let digits = hex.utf8.map { digit -> UInt8? in
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
            default: nil
            }
        }
        guard digits.count == 2 * SHA256.byteCount else { return nil }
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[place], let low = digits[place + 1] else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }
}

/// The log as a chain: each row's digest covers the digest of the row before, so that nothing in it can be changed,
/// taken out or put in without changing every digest after it. The end of the chain stands in `meta` too: a log that
/// was cut short does not match it, and goes on from there: the rows that are missing stay missing for ever.
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
    static func append(_ entries: [AuditEntry], to database: any Database) throws(JournalError) {
        guard !entries.isEmpty else { return }
        let last = try database.row("SELECT seq, digest FROM audit ORDER BY seq DESC LIMIT 1") {
            row throws(JournalError) in (seq: row.int(0), digest: row.bytes(1))
        }
        var (seq, previous) = try end(of: last, database)
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

    /// What the next row continues: the recorded end, not the last row that is there. Where the two differ somebody was at it, and
    /// what is written from now on fits no row before it, whichever of the two was forged.
    private static func end(
        of last: (seq: Int64, digest: [UInt8])?, _ database: any Database
    ) throws(JournalError) -> (seq: Int64, digest: [UInt8]) {
        let recorded = try recordedHead(database).flatMap { AuditHead($0) }
        guard let recorded else { return (last?.seq ?? 0, origin) }
        return (max(recorded.seq, last?.seq ?? 0), recorded.digest)
    }

    /// Where the log ends as the last commit recorded it; nil for an empty log.
    static func recordedHead(_ database: any Database) throws(JournalError) -> String? {
        try database.row("SELECT value FROM meta WHERE key = ?1", [.text(headKey)]) { row throws(JournalError) in row.text(0) }
    }

    /// Walks the whole chain, as it is at one moment: rows that are written meanwhile do not matter.
    ///
    /// - Parameter anchor: a head that somebody kept; it must be in the chain.
    static func verify(_ database: any Database, anchor: AuditHead?) throws(JournalError) -> AuditFinding {
        try database.snapshot { () throws(JournalError) in try walk(database, anchor: anchor) }
    }

    private static func walk(_ database: any Database, anchor: AuditHead?) throws(JournalError) -> AuditFinding {
        let recorded = try recordedHead(database)
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
                if let anchor, anchor.seq == seq, anchor.digest != row.digest {
                    return .broken(seq: seq, why: "it is not the row whose digest was kept: the log was written anew")
                }
            }
            if rows.isEmpty { break }
        }
        if let anchor, anchor.seq > seq {
            return .broken(seq: seq + 1, why: "the log ends before row \(anchor.seq), whose digest was kept: it was cut short")
        }
        guard recorded == (seq == 0 ? nil : head(seq, previous)) else {
            return .broken(seq: seq + 1, why: "the log does not end where it was recorded to end")
        }
        // A lease is never written without a row here.
        let leases = try database.row("SELECT count(*) FROM leases") { row throws(JournalError) in row.int(0) } ?? 0
        guard seq > 0 || leases == 0 else {
            return .broken(seq: 1, why: "the log is empty, but the journal holds \(leases) lease\(leases == 1 ? "" : "s")")
        }
        guard try database.isAuditGuarded() else {
            return .broken(seq: seq + 1, why: "every row fits, but what keeps rows from being changed was taken away")
        }
        return .intact(rows: seq)
    }

    static func rows(after seq: Int64, limit: Int, _ database: any Database) throws(JournalError) -> [AuditRow] {
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

    private static func head(_ seq: Int64, _ digest: [UInt8]) -> String { AuditHead(seq: seq, digest: digest).description }
}

extension Journal {
    /// Rows of the audit log behind number `seq`, oldest first.
    public func audit(after seq: Int64 = 0, limit: Int = 1_000) throws(JournalError) -> [AuditRow] {
        try reading("read the audit log") { database throws(JournalError) in
            try AuditChain.rows(after: seq, limit: limit, database)
        }
    }

    /// Checks every row of the audit log against the one before it, and its end against where it was recorded to end.
    ///
    /// - Parameter anchor: a head that somebody kept elsewhere; it must be in the chain. Only this finds a log that was
    ///   written anew as a whole, or cut short together with its recorded end.
    public func verifyAudit(anchor: AuditHead? = nil) throws(JournalError) -> AuditFinding {
        try reading("check the audit log") { database throws(JournalError) in
            try AuditChain.verify(database, anchor: anchor)
        }
    }

    /// Where the audit log ends; nil while it is empty.
    public func auditHead() throws(JournalError) -> AuditHead? {
        try reading("read the end of the audit log") { database throws(JournalError) in
            try AuditChain.recordedHead(database).flatMap { AuditHead($0) }
        }
    }

    /// The number of the first row of the audit log at or after `moment`; nil when there is none. Rows are in the order in
    /// which they were written; a clock that was set back does not hide any.
    public func firstAuditRow(since moment: Timestamp) throws(JournalError) -> Int64? {
        try reading("read the audit log") { database throws(JournalError) in
            try database.row("SELECT min(seq) FROM audit WHERE at_ms >= ?1", [.time(moment)]) {
                row throws(JournalError) in row.optionalInt(0)
            } ?? nil
        }
    }
}
