import Model
import Synchronization

/// A wall clock that never goes back, for what lives long and measures by moments: leases, timers, windows.
///
/// When the machine's clock is set back (a wrong clock at boot that the network corrects, a restored virtual machine), it
/// goes on from where it was, a tenth slower than real time, until the machine's clock has caught up. Standing still
/// instead would stop every timer for as long as the step was: no incident would open or resolve, and a lease would last
/// that much longer. A step forward is taken at once.
public final class SteadyClock: Clock {
    private let base: any Clock
    /// The newest moment at which the base was not behind.
    private let anchor: Mutex<(at: Timestamp, monotonic: UInt64)>

    /// - Parameter notBefore: the newest moment that kept state knows of; it goes on from there.
    public init(_ base: any Clock, notBefore: Timestamp? = nil) {
        self.base = base
        let now = base.now()
        anchor = Mutex((max(now, notBefore ?? now), base.monotonicNanoseconds()))
    }

    public func now() -> Timestamp {
        let wall = base.now()
        let monotonic = base.monotonicNanoseconds()
        return anchor.withLock { anchor in
            // Another thread may have read both clocks a little later and come first.
            let passed = monotonic > anchor.monotonic ? monotonic - anchor.monotonic : 0
            let own = anchor.at + TimeSpan(milliseconds: Int64(passed / 10_000_000 * 9))
            guard wall >= own else { return own }
            anchor = (wall, max(monotonic, anchor.monotonic))
            return wall
        }
    }

    public func monotonicNanoseconds() -> UInt64 { base.monotonicNanoseconds() }

    public func sleep(for span: TimeSpan) async throws(CancellationError) { try await base.sleep(for: span) }
}
