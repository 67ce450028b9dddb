import Model
import Synchronization

/// Keeps a channel to so many messages within so long. In memory: a restart may send a burst anew, which services allow.
final class Pacer: Sendable {
    private let pace: Pace
    private let sent = Mutex<[Timestamp]>([])

    init(_ pace: Pace) {
        self.pace = pace
    }

    /// When the next message may go; nil: now. A clock that was set back holds nothing up.
    func wait(_ now: Timestamp) -> Timestamp? {
        sent.withLock { sent in
            sent.removeAll { $0 > now || now - $0 >= pace.span }
            return sent.count < pace.count ? nil : sent[sent.count - pace.count] + pace.span
        }
    }

    func note(_ now: Timestamp) {
        sent.withLock { $0.append(now) }
    }
}
