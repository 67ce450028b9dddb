import Glibc
import Model

/// What time it is, for code that must be testable without waiting. Pure rooms take times as arguments instead.
public protocol Clock: Sendable {
    /// The wall clock's moment. May step back or forward when the machine's clock is set.
    func now() -> Timestamp

    /// Nanoseconds since an arbitrary start. Never steps; only differences mean something.
    func monotonicNanoseconds() -> UInt64

    /// Suspends for a duration of the monotonic clock, or ends early by throwing when the task is cancelled.
    func sleep(for span: TimeSpan) async throws(CancellationError)
}

/// The machine's own clocks.
public struct SystemClock: Clock {
    public init() {}

    public func now() -> Timestamp {
        let time = Self.read(CLOCK_REALTIME)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }

    public func monotonicNanoseconds() -> UInt64 {
        let time = Self.read(CLOCK_MONOTONIC)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    public func sleep(for span: TimeSpan) async throws(CancellationError) {
        do {
            try await Task.sleep(for: .milliseconds(max(0, span.milliseconds)))
        } catch {
            throw CancellationError()
        }
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        // Both clocks always exist on Linux; clock_gettime can then only fail for a bad address.
        _ = clock_gettime(clock, &time)
        return time
    }
}
