import Glibc
import Journal
import Model

/// What the commit of a tick takes, wall-clock: the disk's and the server's time is what is waited for.
enum CommitBench {
    /// - Parameter words: where the state lies (a folder or a postgres:// URL), and how many ticks.
    static func run(_ words: ArraySlice<String>) throws {
        guard let place = words.first, let count = words.dropFirst().first.flatMap({ Int($0) }), count > 0 else {
            throw BenchFailure("commit needs STATE TICKS")
        }
        let start = Timestamp(milliseconds: 1_795_251_600_000)
        let folder = try StateFolder(creating: StateName(place))
        let journal = try Journal.open(folder, mode: .engine(EngineLock(folder: folder, now: start)))
        // What a runtime of some hundred apps writes in a tick, and once a minute.
        for (name, chats, audit) in [("tick", 0, 0), ("tick_with_audit", 0, 4), ("minute", 500, 0)] {
            var samples: [Double] = []
            for n in 0..<count {
                let tick = tick(n, chats: chats, audit: audit, start)
                let began = seconds()
                try journal.commitTick(tick)
                samples.append(seconds() - began)
            }
            report(name, median(samples))
        }
    }

    private static func tick(_ n: Int, chats: Int, audit: Int, _ start: Timestamp) -> TickRecord {
        let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: n), count: 4_000)
        let rows = (0..<chats).map {
            ChatRow(key: StableHash(high: UInt64($0) &* 0x9E37_79B9_7F4A_7C15, low: UInt64($0)), record: Array(bytes.prefix(48)))
        }
        return TickRecord(
            states: [StateRow(key: "engine:shared", bytes: bytes), StateRow(key: "guard", bytes: bytes)],
            chats: chats == 0 ? [] : [ChatChanges(runtime: "shared", replica: "http://127.0.0.1:8000", changed: rows)],
            minutes: chats == 0 ? [] : [MinuteRow(runtime: "shared", minute: Int64(n), bytes: bytes)],
            audit: (0..<audit).map { AuditEntry(at: start, actor: "engine", kind: "would_have", reason: "reason \($0)", document: "{}") })
    }

    private static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
