import Model

/// The moments of the starts that one app was allowed lately: exact, in order, bounded.
///
/// Kept only for apps whose limits need it. Beyond `capacity` the oldest are forgotten, so that limits above it are
/// not exact; no limit that holds anybody back is that high.
public struct StartWindow: Hashable, Sendable {
    public static let capacity = 65_536
    private var moments: [Timestamp] = []
    /// Moments before this index are over; they are removed when they outweigh the rest.
    private var first = 0

    public init() {}

    /// Adds a start. A clock that went backwards is taken as standing still, so that the order holds.
    public mutating func add(_ moment: Timestamp) {
        moments.append(max(moment, moments.last ?? moment))
        if moments.count - first > Self.capacity { first += 1 }
        compact()
    }

    /// Forgets the starts up to and including `moment`.
    public mutating func forget(through moment: Timestamp) {
        first = index(after: moment)
        compact()
    }

    /// How many starts came after `moment`.
    public func count(after moment: Timestamp) -> Int { moments.count - index(after: moment) }

    /// The moment of the start with so many later ones: 0 is the latest. Nil when there are not as many.
    public func moment(latest position: Int) -> Timestamp? {
        let index = moments.count - 1 - position
        return index >= first ? moments[index] : nil
    }

    /// The same with the starts of another window among them.
    public func moment(latest position: Int, with other: StartWindow) -> Timestamp? {
        var (own, others) = (0, 0)
        while true {
            let (mine, theirs) = (moment(latest: own), other.moment(latest: others))
            guard let later = [mine, theirs].compactMap({ $0 }).max() else { return nil }
            if own + others == position { return later }
            if mine == later { own += 1 } else { others += 1 }
        }
    }

    /// The latest starts, in order, at most so many.
    public func latest(_ count: Int) -> [Timestamp] { Array(moments[first...].suffix(count)) }

    private func index(after moment: Timestamp) -> Int {
        var (low, high) = (first, moments.count)
        while low < high {
            let middle = (low + high) / 2
            if moments[middle] <= moment { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func compact() {
        guard first > 64, first > moments.count / 2 else { return }
        moments.removeFirst(first)
        first = 0
    }
}
