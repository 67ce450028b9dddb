import Model

/// A full hour of one runtime's history. Opaque here.
public struct HistoryHour: Hashable, Sendable {
    public let runtime: String
    /// UTC hours since 1970.
    public let hour: Int64
    public let bytes: [UInt8]

    public init(runtime: String, hour: Int64, bytes: [UInt8]) {
        self.runtime = runtime
        self.hour = hour
        self.bytes = bytes
    }
}

/// Where a piece of the history lies: minutes that closed lately one by one, older ones by the hour.
public enum HistoryKey: Hashable, Sendable {
    /// UTC hours since 1970.
    case hour(Int64)
    /// UTC minutes since 1970.
    case minute(Int64)

    /// The hour that it lies in.
    public var hour: Int64 {
        switch self {
        case .hour(let hour): hour
        case .minute(let minute): minute >= 0 ? minute / 60 : (minute - 59) / 60
        }
    }
}

extension Journal {
    /// What there is of a runtime's history in `minutes` (UTC minutes since 1970): by hour, in each hour the block before
    /// the minutes that came after it was made. A block may reach beyond the range.
    public func historyKeys(runtime: String, in minutes: Range<Int64>) throws(JournalError) -> [HistoryKey] {
        try reading("read the history") { database throws(JournalError) in
            let first = HistoryKey.minute(minutes.lowerBound).hour
            let last = HistoryKey.minute(minutes.upperBound - 1).hour
            let hours = try database.rows(
                "SELECT hour FROM hours WHERE runtime = ?1 AND hour >= ?2 AND hour <= ?3 ORDER BY hour",
                [.text(runtime), .int(first), .int(last)]
            ) { row throws(JournalError) in HistoryKey.hour(row.int(0)) }
            let single = try database.rows(
                "SELECT minute FROM minutes WHERE runtime = ?1 AND minute >= ?2 AND minute < ?3 ORDER BY minute",
                [.text(runtime), .int(minutes.lowerBound), .int(minutes.upperBound)]
            ) { row throws(JournalError) in HistoryKey.minute(row.int(0)) }
            var keys: [HistoryKey] = []
            keys.reserveCapacity(hours.count + single.count)
            var rest = single[...]
            for hour in hours {
                while let key = rest.first, key.hour < hour.hour {
                    keys.append(key)
                    rest.removeFirst()
                }
                keys.append(hour)
            }
            return keys + rest
        }
    }

    /// One piece of the history; nil when it is gone, or is not what was written: then its time counts as not watched.
    public func history(runtime: String, _ key: HistoryKey) throws(JournalError) -> [UInt8]? {
        do throws(JournalError) {
            return try reading("read the history") { database throws(JournalError) in
                switch key {
                case .hour(let hour):
                    try database.row(
                        "SELECT bytes, checksum FROM hours WHERE runtime = ?1 AND hour = ?2",
                        [.text(runtime), .int(hour)]
                    ) { row throws(JournalError) in
                        try row.checkedBytes(0, checksum: 1, key: Journal.checksumKey(runtime, hour))
                    }
                case .minute(let minute):
                    try database.row(
                        "SELECT bytes, checksum FROM minutes WHERE runtime = ?1 AND minute = ?2",
                        [.text(runtime), .int(minute)]
                    ) { row throws(JournalError) in try row.checkedBytes(0, checksum: 1) }
                }
            }
        } catch  where error.cause == .corrupt {
            return nil
        }
    }

    /// A checksum that covers where a block belongs.
    static func checksumKey(_ runtime: String, _ hour: Int64) -> [UInt8] {
        Array(runtime.utf8) + [0] + Array(String(hour).utf8)
    }

    /// The runtimes of which there is any history, with the first minute of it and the last; sorted by bytes.
    public func historyRuntimes() throws(JournalError) -> [(runtime: String, minutes: ClosedRange<Int64>)] {
        try reading("read the history") { database throws(JournalError) in
            try database.rows(
                """
                SELECT runtime, MIN(first), MAX(last) FROM (
                    SELECT runtime, MIN(hour) * 60 AS first, MAX(hour) * 60 + 59 AS last FROM hours GROUP BY runtime
                    UNION ALL SELECT runtime, MIN(minute), MAX(minute) FROM minutes GROUP BY runtime) AS parts
                GROUP BY runtime ORDER BY runtime
                """
            ) { row throws(JournalError) in
                (runtime: row.text(0), minutes: min(row.int(1), row.int(2))...max(row.int(1), row.int(2)))
            }
        }
    }

    /// The oldest hour of a runtime whose minutes lie one by one though a later hour has begun; nil when there is none.
    public func foldableHour(runtime: String) throws(JournalError) -> Int64? {
        try reading("read the history") { database throws(JournalError) in
            let ends = try database.row(
                "SELECT MIN(minute), MAX(minute) FROM minutes WHERE runtime = ?1 HAVING COUNT(*) > 0", [.text(runtime)]
            ) { row throws(JournalError) in (first: row.int(0), last: row.int(1)) }
            guard let ends else { return nil }
            let (first, last) = (HistoryKey.minute(ends.first).hour, HistoryKey.minute(ends.last).hour)
            return first < last ? first : nil
        }
    }

    /// Puts an hour's block in the place of its minutes, and of the block that was there, in one transaction.
    public func fold(_ block: HistoryHour) throws(JournalError) {
        try writing("keep an hour of history") { database throws(JournalError) in
            try database.run(
                """
                INSERT INTO hours (runtime, hour, bytes, checksum) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT (runtime, hour) DO UPDATE SET bytes = excluded.bytes, checksum = excluded.checksum
                """,
                .text(block.runtime), .int(block.hour), .bytes(block.bytes),
                .int(Checksum.of(block.bytes, key: Journal.checksumKey(block.runtime, block.hour))))
            try database.run(
                "DELETE FROM minutes WHERE runtime = ?1 AND minute >= ?2 AND minute < ?3",
                .text(block.runtime), .int(block.hour * 60), .int(block.hour * 60 + 60))
        }
    }
}
