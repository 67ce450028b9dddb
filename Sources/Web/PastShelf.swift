import Journal
import Model
import Synchronization
import Views

/// Pasts and months that were just read, so that however many look, and however often, a week is read once in a while. Each has a
/// lock of its own: whoever looks at an hour does not wait for whoever looks at a month.
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

    /// What was read for one key, and when.
    private final class Place: Sendable {
        let read = Mutex<(made: Int64, past: Result<RuntimePast, RuntimePast.Failure>)?>(nil)
    }

    private let places = Mutex<[(key: Key, place: Place)]>([])

    /// - Throws: why nothing can be drawn.
    func past(_ runtime: String, _ frame: Timeframe, _ reading: Reading) throws(RuntimePast.Failure) -> RuntimePast {
        let range = PastRange(from: frame.from, until: frame.until)
        // What reaches to now is another each minute; that a week is behind by a sixth of a step nobody sees.
        let made = reading.now.minute / max(1, range.step / 6)
        let key = Key(runtime: runtime, time: frame.span.map(Time.span) ?? .stretch(range))
        let place = places.withLock { places in
            if let known = places.first(where: { $0.key == key }) { return known.place }
            if places.count >= PastShelf.mostKept { places.removeFirst() }
            let place = Place()
            places.append((key, place))
            return place
        }
        return try place.read.withLock { read throws(RuntimePast.Failure) in
            if let read, read.made == made { return try read.past.get() }
            let past = Result { () throws(RuntimePast.Failure) in
                try RuntimePast(
                    reading.journal, runtime: runtime, range, now: reading.now, price: reading.surroundings.settings?.price)
            }
            // What cannot be read now may be in a moment.
            if case .failure(.unreadable) = past { throw .unreadable }
            read = (made, past)
            return try past.get()
        }
    }

    // MARK: - Months

    private struct Month: Hashable {
        let runtime: String
        let begins: Int64
    }

    private final class Ledger: Sendable {
        let sums: Mutex<MonthLedger>

        init(_ ledger: MonthLedger) { sums = Mutex(ledger) }
    }

    private let ledgers = Mutex<[(month: Month, ledger: Ledger)]>([])

    /// What the apps of a runtime used since the month began by the reader's clocks; nil where the history cannot be read.
    func month(_ runtime: String, _ reading: Reading) -> MonthLedger? {
        let begins = reading.zone.monthBegins(reading.now)
        let month = Month(runtime: runtime, begins: begins.minute)
        let ledger = ledgers.withLock { ledgers in
            if let known = ledgers.first(where: { $0.month == month }) { return known.ledger }
            if ledgers.count >= PastShelf.mostKept { ledgers.removeFirst() }
            let ledger = Ledger(MonthLedger(runtime: runtime, begins: begins))
            ledgers.append((month, ledger))
            return ledger
        }
        return ledger.sums.withLock { sums in
            do throws(JournalError) {
                try sums.add(reading.journal, now: reading.now, price: reading.surroundings.settings?.price)
            } catch {
                return nil
            }
            return sums
        }
    }
}
