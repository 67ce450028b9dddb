import Model

/// Websockets as they were counted at polls, and what has ended since of the runs that stood open then.
///
/// A websocket counted at a poll belongs to a run that was open then, also to a young one: each that was old enough to have
/// its own, and ends later, takes one of them. How many are left is how many at most of those that still stand open can be
/// running. So ghosts cannot hide behind the websockets of chats that are over before they are old.
///
/// How old a run must be to have its websocket, the lag, is learnt from polls that lie minutes apart, whatever stands open
/// meanwhile. Of the runs that still stand let c of those of poll i have a websocket. If the lag lies between the ages a and b,
///
///     sockets − ended of age a  ≤  c  ≤  sockets − ended of age b,
///
/// since those of age b all had one, and none younger than a. From poll to poll c changes by runs that came and still stand, and
/// their number is known: c of a later poll is no less, and greater by no more than these. A lag at which one poll says more of c
/// than another allows is refuted; the true one never is, so the longest that is not refuted is at least as long as the true
/// one, and what is left by it is no less than what runs. Nothing is learnt of it where that is ``GhostSense/grace``.
///
/// It holds for websockets that come about equally late (two neighbouring ages wide) and for runs that keep theirs. A socket
/// that drops makes c fall, one that stays without its run makes it rise: so a lag is refuted only by rises and falls, of several
/// polls each. Until it is known, ``GhostSense/grace`` bounds what runs, and the shortest lag that no poll speaks against only
/// says whether that is to be doubted.
struct SocketCounts: Hashable, Sendable {
    struct Count: Hashable, Sendable {
        /// The monitor's clock and the runtime's, ms.
        var at: Int64
        var clock: Int64
        var sockets: Int64
        /// By ``SocketCounts/ages``: of the runs that were at least so old, those that have ended since.
        var ended: [Int64]
        /// It says nothing of the lag: the moment is not exact, or a run that was held for a ghost later stood open.
        var isMute = false

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
    /// Answers that took longer count at no certain moment, and while the loop lags websockets come late: runs must be older by
    /// as much again. After so long they say nothing, ms.
    static let (slow, useless) = (500.0, 5_000.0)
    private static let last = ages.count - 1
    /// The shortest lag to go by, a place in ``ages``.
    private static let shortest = 3
    private static let memory: Int64 = 300_000
    private static let spacing: Int64 = 4_000
    private static let most = 64
    private static let (fewestPolls, fewestLags, mostLags) = (8, 4, 32)
    /// So many polls must each say that a lag is too short or too long.
    private static let refuting = 2
    /// So many polls, so far apart, must agree that no websocket is left.
    private static let agreeing = 3

    /// Oldest first.
    private(set) var all: [Count] = []
    /// What the last ones taught, places in ``ages``; newest last.
    private(set) var lags: [Int] = []
    /// The count that taught last, and whether those of now fit no lag at all.
    private var taughtAt: Int64?
    private var isUnsettled = false

    mutating func forget() { (all, isUnsettled) = ([], false) }

    /// Of another process of the same build only the lag is known.
    mutating func beginAnew() {
        forget()
        taughtAt = nil
    }

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
        for index in all.indices where all[index].clock >= began { all[index].isMute = true }
    }

    mutating func add(_ count: Count) {
        all.removeAll { count.at - $0.at > SocketCounts.memory || $0.at > count.at }
        if let last = all.last, count.at - last.at < SocketCounts.spacing { return }
        all.append(count)
        if all.count > SocketCounts.most { all.removeFirst() }
    }

    // MARK: - The lag

    /// Learns how late websockets are.
    /// - Parameter began: when the runs began that stand open and are no ghosts, ascending.
    mutating func learn(began: [Int64]) {
        let longest = longest(began)
        isUnsettled = longest == nil
        guard let longest, longest < SocketCounts.last, let newest = all.last?.at, newest != taughtAt else { return }
        taughtAt = newest
        lags.append(longest)
        if lags.count > SocketCounts.mostLags { lags.removeFirst() }
    }

    /// The longest lag that the counts do not refute; nil when they refute all.
    private func longest(_ began: [Int64]) -> Int? {
        let told = all.filter { !$0.isMute }
        guard told.count >= SocketCounts.fewestPolls else { return SocketCounts.last }
        let standing = told.map {
            (most: SocketCounts.count(began, by: $0.clock), least: SocketCounts.count(began, by: $0.clock - GhostSense.grace))
        }
        return (1...SocketCounts.last).last { !SocketCounts.isRefuted($0, told, standing) }
    }

    /// Whether the lag cannot lie between two ages before a place and the age of it. One walk: each count against the second
    /// highest and second lowest of those before, so that one that met all websockets closed refutes nothing.
    private static func isRefuted(_ place: Int, _ told: [Count], _ standing: [(most: Int64, least: Int64)]) -> Bool {
        var (fallen, risen, lacking) = (0, 0, 0)
        var (highest, second) = (Int64.min, Int64.min)
        var (lowest, other) = (Int64.max, Int64.max)
        for (count, standing) in zip(told, standing) {
            let (least, most) = (count.left(max(0, place - 2)), count.left(place))
            if most < 0 { lacking += 1 }
            if second > most { fallen += 1 }
            if least - standing.most > other { risen += 1 }
            if least > highest { (highest, second) = (least, highest) } else { second = max(second, least) }
            let rest = most - standing.least
            if rest < lowest { (lowest, other) = (rest, lowest) } else { other = min(other, rest) }
        }
        return lacking >= refuting || fallen >= refuting && risen >= refuting
    }

    /// How many of ascending moments are not later than one.
    private static func count(_ moments: [Int64], by moment: Int64) -> Int64 {
        var (low, high) = (0, moments.count)
        while low < high {
            let middle = (low + high) / 2
            if moments[middle] <= moment { low = middle + 1 } else { high = middle }
        }
        return Int64(low)
    }

    /// The shortest lag that no count speaks against: where more has ended than there were websockets they come later.
    private var least: Int { all.map(\.leastAge).max() ?? 0 }

    /// The age at which a run of this build has its websocket, a place in ``ages``; the last one while that is not known.
    private var age: Int {
        guard !isUnsettled, lags.count >= SocketCounts.fewestLags else { return SocketCounts.last }
        return min(SocketCounts.last, max(SocketCounts.shortest, lags.max() ?? 0, least))
    }

    // MARK: - What it says

    /// Of the runs that began by a moment of the runtime's clock none can be running; nil when there is no such moment. Several
    /// polls must agree over as long as a client may take to connect anew.
    var emptied: Int64? {
        let place = age
        let empty = all.filter { $0.left(place) <= 0 }
        guard let newest = empty.last, empty.count >= SocketCounts.agreeing else { return nil }
        let first = empty.dropLast(SocketCounts.agreeing - 1).last { newest.at - $0.at >= GhostSense.socketMemory }
        return first.map { $0.clock - GhostSense.grace }
    }

    /// How many can be running of the runs that stand open.
    /// - Parameter began: when those began, ascending.
    /// - Returns: `sure`, what is certain, and `likely`, what would be if websockets came as soon as they may; nil where too
    ///   little is known, and where that is not in doubt.
    func most(at moment: Int64, began: [Int64]) -> (sure: Int64?, likely: Int64?) {
        let (place, least) = (age, least)
        guard place == SocketCounts.last else { return (most(at: moment, began, place: place), nil) }
        return (nil, most(at: moment, began, place: max(SocketCounts.shortest, least)))
    }

    /// Two polls must say so: one count may meet a proxy that closed all websockets a moment ago.
    private func most(at moment: Int64, _ began: [Int64], place: Int) -> Int64? {
        var allowed: [Int64] = []
        for count in all where moment - count.at <= GhostSense.socketMemory {
            let younger = Int64(began.count) - SocketCounts.count(began, by: count.clock - SocketCounts.ages[place])
            allowed.append(max(0, count.left(place)) + younger)
        }
        allowed.sort()
        return allowed.count > 1 ? allowed[1] : nil
    }

    // MARK: - Kept state

    func encode(to writer: inout StateWriter) {
        writer.put(each: all) {
            for value in [$1.at, $1.clock, $1.sockets] + $1.ended { $0.put(value) }
            $0.put($1.isMute)
        }
        writer.put(each: lags) { $0.put(Int64($1)) }
        writer.put(optional: taughtAt) { $0.put($1) }
        writer.put(isUnsettled)
    }

    init() {}

    init(from reader: inout StateReader, version: UInt8) throws(SignalStateError) {
        all = try reader.each { (reader) throws(SignalStateError) in
            var count = Count(at: try reader.moment(), clock: try reader.moment(), sockets: try reader.integer())
            for place in count.ended.indices { count.ended[place] = try reader.integer() }
            for value in count.ended + [count.sockets] where value.magnitude >= 1 << 40 {
                throw reader.failure("a count is out of range")
            }
            count.isMute = try reader.flag()
            return count
        }
        lags = try reader.each { (reader) throws(SignalStateError) in
            let place = try reader.integer()
            guard SocketCounts.ages.indices.contains(Int(clamping: place)) else { throw reader.failure("a lag is out of range") }
            return Int(place)
        }
        guard version > 6 else {
            // What that one learnt was the shortest lag, not the longest.
            lags = []
            return
        }
        taughtAt = try reader.optional { (reader) throws(SignalStateError) in try reader.moment() }
        isUnsettled = try reader.flag()
    }
}

extension ReplicaState {
    /// The newest count of websockets, where it and the runtime's clock are exact enough to set runs against it.
    func socketCount(at moment: Int64, clock: Int64) -> SocketCounts.Count? {
        guard isClockExact, let entry = health.newest, let sockets = entry.figures?.websockets, entry.at >= ghosts.since,
            entry.at <= moment, moment - entry.at <= GhostSense.grace, entry.elapsedMilliseconds <= SocketCounts.useless
        else { return nil }
        let elapsed = Int64(entry.elapsedMilliseconds.rounded(.up))
        // They were counted at some moment since it was asked: what was old enough then had its websocket, and was counted.
        let counted = entry.at - elapsed
        let isSlow = entry.elapsedMilliseconds > SocketCounts.slow
        var count = SocketCounts.Count(
            at: counted, clock: clock - (moment - counted) - (isSlow ? elapsed : 0), sockets: min(max(0, sockets), 1 << 39))
        count.isMute = isSlow
        return count
    }
}
