import Model

/// Websockets as they were counted at polls, and what has ended since of the runs that stood open then.
///
/// A websocket counted at a poll belongs to a run that was open then, also to a young one: each that was old enough to have
/// its own, and ends later, takes one of them. How many are left is how many at most of those that still stand open can be
/// running. So ghosts cannot hide behind the websockets of chats that are over before they are old.
///
/// How old a run must be to have its websocket is learnt from polls all of whose runs have ended: there every websocket is
/// accounted for. Until it is known it is ``GhostSense/grace``.
struct SocketCounts: Hashable, Sendable {
    struct Count: Hashable, Sendable {
        /// The monitor's clock and the runtime's, ms.
        var at: Int64
        var clock: Int64
        var sockets: Int64
        /// By ``SocketCounts/ages``: of the runs that were at least so old, those that have ended since.
        var ended: [Int64]
        /// All runs that stood open then have ended or are ghosts, and what it teaches, if anything, is learnt.
        var isClosed = false

        init(at: Int64, clock: Int64, sockets: Int64) {
            (self.at, self.clock, self.sockets) = (at, clock, sockets)
            ended = Array(repeating: 0, count: SocketCounts.ages.count)
        }

        /// Of the runs that still stand open and were so old, at most so many run.
        func left(_ age: Int) -> Int64 { sockets - ended[age] }

        /// The least age at which there was a websocket for each that has ended since.
        var leastAge: Int { ended.firstIndex { $0 <= sockets } ?? SocketCounts.ages.count - 1 }
    }

    /// Ages by which a run may have its websocket, ms. The last is the longest that is waited for it.
    static let ages: [Int64] = [0, 1_000, 2_000, 3_000, 5_000, 8_000, GhostSense.grace]
    /// Answers that took longer count at no certain moment, and while the loop lags websockets come late, ms.
    static let slow: Double = 500
    private static let last = ages.count - 1
    /// The least to go by: for what is missing then, and for what is held for a ghost.
    private static let (leastToDoubt, leastToTell) = (3, 4)
    private static let memory: Int64 = 300_000
    private static let spacing: Int64 = 4_000
    private static let most = 64
    private static let (fewestLags, mostLags) = (8, 32)
    /// So many polls, so far apart, must agree that no websocket is left.
    private static let agreeing = 3

    /// Oldest first.
    private(set) var all: [Count] = []
    /// What the last closed ones taught, places in ``ages``; newest last.
    private(set) var lags: [Int] = []

    mutating func forget() { all = [] }

    mutating func ended(began: Int64) {
        for index in all.indices {
            let age = all[index].clock - began
            guard age >= 0 else { continue }
            for (place, least) in SocketCounts.ages.enumerated() where age >= least { all[index].ended[place] += 1 }
        }
    }

    /// A run that stood open is held for a ghost. It may have had a websocket at first, which makes up there for one that came
    /// late: such a count teaches nothing about when they come.
    mutating func foundGhost(began: Int64) {
        for index in all.indices where all[index].clock >= began { all[index].isClosed = true }
    }

    mutating func add(_ count: Count) {
        all.removeAll { count.at - $0.at > SocketCounts.memory || $0.at > count.at }
        if let last = all.last, count.at - last.at < SocketCounts.spacing { return }
        all.append(count)
        if all.count > SocketCounts.most { all.removeFirst() }
    }

    /// Learns from those whose runs have all ended.
    /// - Parameter oldest: when the oldest run began that still stands open and is no ghost; nil when there is none.
    mutating func learn(oldest: Int64?) {
        for index in all.indices where !all[index].isClosed && oldest.map({ all[index].clock < $0 }) ?? true {
            all[index].isClosed = true
            guard all[index].ended[0] > 0 else { continue }
            lags.append(all[index].leastAge)
            if lags.count > SocketCounts.mostLags { lags.removeFirst() }
        }
    }

    /// The age at which a run of this build has its websocket, a place in ``ages``: one more than was ever seen lately.
    private func age(least: Int) -> Int {
        guard lags.count >= SocketCounts.fewestLags else { return SocketCounts.last }
        // Those that are not closed tell of a lag, too, where more has ended than there were websockets.
        let seen = max(lags.max() ?? 0, all.map(\.leastAge).max() ?? 0)
        return min(SocketCounts.last, max(least, seen + 1))
    }

    /// Of the runs that began by a moment of the runtime's clock none can be running; nil when there is no such moment. Several
    /// polls must agree over as long as a client may take to connect anew.
    var emptied: Int64? {
        let place = age(least: SocketCounts.leastToTell)
        let empty = all.filter { $0.left(place) <= 0 }
        guard let newest = empty.last, empty.count >= SocketCounts.agreeing else { return nil }
        let first = empty.dropLast(SocketCounts.agreeing - 1).last { newest.at - $0.at >= GhostSense.socketMemory }
        return first.map { $0.clock - GhostSense.grace }
    }

    /// How many can be running of the runs that stand open and began then; nil while too little is known. Two polls must say
    /// so: one count may meet a proxy that closed all websockets a moment ago.
    func most(at moment: Int64, began: [Int64]) -> Int64? {
        let place = age(least: SocketCounts.leastToDoubt)
        guard place < SocketCounts.last else { return nil }
        var allowed: [Int64] = []
        for count in all where moment - count.at <= GhostSense.socketMemory {
            let limit = count.clock - SocketCounts.ages[place]
            allowed.append(max(0, count.left(place)) + Int64(began.count { $0 > limit }))
        }
        allowed.sort()
        return allowed.count > 1 ? allowed[1] : nil
    }

    // MARK: - Kept state

    func encode(to writer: inout StateWriter) {
        writer.put(each: all) {
            for value in [$1.at, $1.clock, $1.sockets] + $1.ended { $0.put(value) }
            $0.put($1.isClosed)
        }
        writer.put(each: lags) { $0.put(Int64($1)) }
    }

    init() {}

    init(from reader: inout StateReader) throws(SignalStateError) {
        all = try reader.each { (reader) throws(SignalStateError) in
            var count = Count(at: try reader.moment(), clock: try reader.moment(), sockets: try reader.integer())
            for place in count.ended.indices { count.ended[place] = try reader.integer() }
            for value in count.ended + [count.sockets] where abs(value) >= 1 << 40 {
                throw reader.failure("a count is out of range")
            }
            count.isClosed = try reader.flag()
            return count
        }
        lags = try reader.each { (reader) throws(SignalStateError) in
            let place = try reader.integer()
            guard SocketCounts.ages.indices.contains(Int(clamping: place)) else { throw reader.failure("a lag is out of range") }
            return Int(place)
        }
    }
}

extension ReplicaState {
    /// The newest count of websockets, where it and the runtime's clock are exact enough to set runs against it.
    func socketCount(at moment: Int64, clock: Int64) -> SocketCounts.Count? {
        guard isClockExact, let entry = health.newest, let sockets = entry.figures?.websockets, entry.at >= ghosts.since,
            entry.at <= moment, moment - entry.at <= GhostSense.grace, entry.elapsedMilliseconds <= SocketCounts.slow
        else { return nil }
        let counted = entry.at - Int64(entry.elapsedMilliseconds.rounded(.up))
        return .init(at: counted, clock: clock - (moment - counted), sockets: sockets)
    }
}
