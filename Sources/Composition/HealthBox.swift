import Ambient
import Daemon
import Model
import Server
import Synchronization

/// Whether cycles go on, for `/healthz`, `/-/healthy` and `/-/ready`.
final class HealthBox: Sendable {
    private let limit: TimeSpan
    private let clock: any Clock
    private let state: Mutex<(last: UInt64, cycles: Int, auditHead: String?, revertsDue: Int)>
    private let senders = Mutex<SenderCrew?>(nil)
    private let instruments: Instruments
    /// Those that are watched.
    private let runtimes: [String]

    init(limit: TimeSpan, clock: any Clock, instruments: Instruments, runtimes: [String]) {
        self.limit = limit
        self.clock = clock
        self.instruments = instruments
        self.runtimes = runtimes
        state = Mutex((clock.monotonicNanoseconds(), 0, nil, 0))
    }

    func watch(_ senders: SenderCrew) {
        self.senders.withLock { $0 = senders }
    }

    func cycled(auditHead: String?, revertsDue: Int) {
        let now = clock.monotonicNanoseconds()
        state.withLock { $0 = (now, $0.cycles + 1, auditHead ?? $0.auditHead, revertsDue) }
    }

    var answer: DaemonHealth {
        let (last, cycles, auditHead, revertsDue) = state.withLock { $0 }
        let age = Int64((clock.monotonicNanoseconds() &- last) / 1_000_000)
        // By name alone: why stands in the log and in `notify history`.
        let failing = (senders.withLock { $0 }?.senders ?? []).filter { $0.trouble != nil }.map { JSON.string($0.name) }
        return DaemonHealth(
            isCycling: age < limit.milliseconds, isReady: instruments.hasCommitted, isKept: !instruments.isJournalFailing,
            troubles: instruments.troubles(of: runtimes), standstills: instruments.standstills(of: runtimes),
            details: JSONObject([
                (key: "cycles", value: .int(Int64(cycles))), (key: "last_cycle_ms_ago", value: .int(age)),
                (key: "audit_head", value: .optional(auditHead)), (key: "reverts_due", value: .int(Int64(revertsDue))),
                (key: "failing_channels", value: .array(failing)),
                (
                    key: "refused_connections",
                    value: .array(
                        instruments.refusedConnections.map { server, reason, count in
                            ["server": .string(server), "reason": .string(reason), "count": .int(Int64(count))]
                        })
                ),
            ]))
    }
}
