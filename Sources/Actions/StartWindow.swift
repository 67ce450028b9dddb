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
