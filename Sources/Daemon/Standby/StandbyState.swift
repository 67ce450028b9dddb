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
        /// Whether the database has ever answered.
        public var hasSeen = false
        /// When was looked last, of the monotonic clock in nanoseconds.
        public var lookedAt: UInt64?
        /// Why it did not answer last; nil while it does.
        public var fault: String?
        /// Why the gate here may be behind what was committed; nil while it follows.
        public var lag: String?
    }

    private let figures = Mutex(Figures())

    public init() {}

    public var now: Figures { figures.withLock { $0 } }

    func change(_ body: (inout sending Figures) -> Void) { figures.withLock { body(&$0) } }

    /// `standing by: the engine is pid 812 on ops-a since …`.
    public var words: String {
        guard let holder = now.holder else { return "standing by: no engine is known" }
        return "standing by: " + (holder.isKeeping ? "a command on the journal is under way, \(holder)" : "the engine is \(holder)")
    }

    /// One line with what is wrong.
    public var line: String {
        let now = now
        return [words, now.fault, now.lag].compactMap { $0 }.joined(separator: "; ")
    }
}
