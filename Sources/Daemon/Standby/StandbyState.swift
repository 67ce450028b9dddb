import Journal
import Model
import Synchronization

/// How it stands with a monitor that stands by, for whoever asks from other threads.
public final class StandbyState: Sendable {
    public struct Figures: Sendable {
        /// Who the engine is; nil while that is not known.
        public var holder: EngineHolder?
        /// Since when the engine was not heard of; nil: it never said anything, as versions before this did not.
        public var silence: TimeSpan?
        /// When the database last answered, of the monotonic clock in nanoseconds; nil before the first time.
        public var seen: UInt64?
        /// Why it did not answer last; nil while it does.
        public var fault: String?
        /// Why the gate here may be behind what was committed; nil while it follows.
        public var lag: String?
        public var looks = 0
    }

    private let figures = Mutex(Figures())

    public init() {}

    public var now: Figures { figures.withLock { $0 } }

    func change(_ body: (inout sending Figures) -> Void) { figures.withLock { body(&$0) } }

    /// One line for people: `standing by: the engine is pid 812 on ops-a since …`.
    public var line: String {
        let now = now
        let engine = now.holder.map { "the engine is \($0)" } ?? "no engine is known"
        return "standing by: " + ([engine, now.fault, now.lag].compactMap { $0 }).joined(separator: "; ")
    }
}
