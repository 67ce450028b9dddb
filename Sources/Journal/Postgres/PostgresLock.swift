import Glibc
import Model

/// The engine's lock of a schema: an advisory lock of the session. It goes when the session does, whatever ends it.
enum PostgresLock {
    /// Who holds it: as the session says itself, and the number of the session.
    struct Holder {
        let words: EngineHolder
        /// How its session signs.
        let name: String
        let session: Int32
    }

    /// How a command that looks after the journal signs.
    private static let keeper = "mozaiks-ops/journal"

    /// Takes it without waiting; whether that went well.
    static func take(_ database: PostgresDatabase) throws(JournalError) -> Bool {
        try database.row("SELECT pg_try_advisory_lock(?1)", [.int(database.place.engineKey)]) {
            row throws(JournalError) in row.int(0) != 0
        } ?? false
    }

    /// Has the session say who its process is, for the one that is refused.
    static func sign(_ database: PostgresDatabase, now: Timestamp, isKeeping: Bool) throws(JournalError) {
        // At most 63 bytes are kept.
        let name =
            "\(isKeeping ? keeper : "mozaiks-ops") \(getpid()) \(now.milliseconds) \(String(decoding: hostName().utf8.prefix(24), as: UTF8.self))"
        database.signature = name
        try sign(database)
    }

    /// The same on a session that was had anew.
    static func sign(_ database: PostgresDatabase) throws(JournalError) {
        guard let name = database.signature else { return }
        _ = try database.row("SELECT set_config('application_name', ?1, false)", [.text(name)]) { row throws(JournalError) in row.text(0) }
    }

    static func holder(_ database: PostgresDatabase) throws(JournalError) -> Holder? {
        let key = UInt64(bitPattern: database.place.engineKey)
        return try database.row(
            """
            SELECT l.pid, coalesce(a.application_name, '') FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
            WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid::bigint = ?1 AND l.objid::bigint = ?2
                AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """, [.int(Int64(key >> 32)), .int(Int64(key & 0xFFFF_FFFF))]
        ) { row throws(JournalError) in
            Holder(words: words(row.text(1)), name: row.text(1), session: Int32(truncatingIfNeeded: row.int(0)))
        }
    }

    static func words(_ name: String) -> EngineHolder {
        let parts = name.split(separator: " ", maxSplits: 3).map(String.init)
        guard parts.count >= 3, ["mozaiks-ops", keeper].contains(parts[0]) else { return EngineHolder(pid: nil, since: nil) }
        return EngineHolder(
            pid: Int32(parts[1]), since: Int64(parts[2]).map { Timestamp(milliseconds: $0) },
            host: parts.count > 3 ? Shown.id(parts[3]) : nil, isKeeping: parts[0] == keeper)
    }

    private static func hostName() -> String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
