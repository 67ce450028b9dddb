import Journal
import Model
import Synchronization
import Views

/// Pasts that were just drawn, so that however many look, and however often, a week is read once in a while.
final class PastShelf: Sendable {
    private static let mostKept = 32

    private struct Key: Hashable {
        let runtime: String
        let time: Time
    }

    private enum Time: Hashable {
        /// Up to now.
        case span(String)
        case stretch(PastRange)
    }

    private let kept = Mutex<[(key: Key, made: Int64, past: Result<RuntimePast, RuntimePast.Failure>)]>([])

    /// - Throws: why nothing can be drawn.
    func past(_ runtime: String, _ frame: Timeframe, _ reading: Reading) throws(RuntimePast.Failure) -> RuntimePast {
        let range = PastRange(from: frame.from, until: frame.until)
        // What reaches to now is another each minute; that a week is behind by a sixth of a step nobody sees.
        let lasts = max(1, range.step / 6)
        let made = reading.now.minute / lasts
        let key = Key(runtime: runtime, time: frame.span.map(Time.span) ?? .stretch(range))
        return try kept.withLock { kept throws(RuntimePast.Failure) in
            kept.removeAll { $0.made != made && $0.key == key }
            if let known = kept.first(where: { $0.key == key }) { return try known.past.get() }
            let past = Result { () throws(RuntimePast.Failure) in
                try RuntimePast(
                    reading.journal, runtime: runtime, range, now: reading.now, price: reading.surroundings.settings?.price)
            }
            // What cannot be read now may be in a moment.
            if case .failure(.unreadable) = past { throw .unreadable }
            if kept.count >= PastShelf.mostKept { kept.removeFirst() }
            kept.append((key, made, past))
            return try past.get()
        }
    }
}
