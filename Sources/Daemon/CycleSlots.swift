/// When the cycles of one runtime begin: the first at once, then one each interval. Where many are watched they are spread over
/// the interval, so that they do not ask, decode and commit all at the same moment. A value without a clock.
struct CycleSlots {
    /// From so many on.
    static let crowd = 16
    /// So many moments of an interval: of hundreds some still come together, and go into one commit.
    static let places = 20

    /// When the newest cycle was due. Monotonic nanoseconds, as all here.
    private var slot: UInt64
    private let step: UInt64
    /// To the second cycle.
    private var gap: UInt64
    private let isCrowded: Bool

    /// - Parameters:
    ///   - place: which of them it is, from 0.
    ///   - count: how many are watched.
    init(now: UInt64, step: UInt64, place: Int, of count: Int) {
        slot = now
        self.step = max(1, step)
        isCrowded = count >= CycleSlots.crowd
        // Between half an interval and one and a half: nobody waits for long for a second look.
        let places = min(count, CycleSlots.places)
        let offset = isCrowded ? self.step / UInt64(places) * UInt64(max(0, place) % places) : 0
        gap = offset > self.step / 2 ? offset : offset + self.step
    }

    /// A cycle is over. How long to wait for the next one, and how many were due meanwhile that are left out: one that comes late
    /// stands for all that were missed, and none is made up for.
    mutating func next(now: UInt64) -> (wait: UInt64, leftOut: Int) {
        let due = slot &+ gap
        gap = step
        guard now > due else {
            slot = due
            return (due - now, 0)
        }
        let missed = (now - due) / step
        // Among many each keeps its place: one stall of all would else have them all at the same moment from then on.
        slot = isCrowded ? due &+ missed &* step : now
        return (0, Int(clamping: missed))
    }
}
