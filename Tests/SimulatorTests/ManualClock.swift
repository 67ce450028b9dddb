import Ambient
import Model
import Synchronization

/// A clock that moves when told.
final class ManualClock: Clock {
    private let elapsed = Mutex<TimeSpan>(.zero)

    func advance(by span: TimeSpan) { elapsed.withLock { $0 = $0 + span } }

    func now() -> Timestamp { origin + elapsed.withLock { $0 } }
    func monotonicNanoseconds() -> UInt64 { UInt64(elapsed.withLock { $0 }.milliseconds) * 1_000_000 }
    func sleep(for span: TimeSpan) async throws(CancellationError) { advance(by: span) }
}
