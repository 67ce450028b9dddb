import Model

/// What tells the runs of one process that are running from those that only stand open (runtime-facts, 3 and 5): a start
/// whose websocket never came, a start that failed, a socket that dropped.
///
/// - **Websockets are tickets.** At a poll with `w` websockets at most `w` of the runs that were open then can have been
///   running. Each of these that ends gives its ticket back; when none is left, those that still stand open are ghosts. Of
///   runs that end young, too: ``SocketCounts``.
/// - **They move together.** Sockets that nothing runs behind hide as many ghosts from the tickets. But a run that begins
///   brings a websocket: where runs grew in number and websockets did not, most of the growth has none, though whose that is
///   cannot be told. Asked only where progress is not seen.
/// - **Progress.** Where counters move, a run that never moved one while several that began later did is a ghost.
///
/// Neither is believed blindly: websockets that never change, or that are fewer than the runs that make progress, or whose
/// "ghosts" go on to end or to work, say nothing on this build.
struct GhostSense: Sendable {
    /// Runs that began later than so long ago may still wait for their websocket, ms.
    static let grace: Int64 = 15_000
    /// Websockets of so long are looked at together: a client that connects anew is no ghost, ms.
    static let socketMemory: Int64 = 60_000
    /// For how long websockets are not believed after they were refuted, ms.
    static let refutal: Int64 = 6 * 3_600_000
    /// So many runs that began later must have made progress before one that did not is a ghost.
    static let overtakers = 5
    /// So much later they must have begun, ms.
    static let headStart: Int64 = 30_000
    /// A run younger than this is no ghost for want of progress, ms.
    static let leastQuiet: Int64 = 120_000
    private static let mostBounds = 64

    /// Of the runs that began by a moment, so many at most can still be running.
    struct Bound: Hashable, Sendable {
        /// The runtime's clock, ms.
        var began: Int64
        var left: Int64
    }

    /// How runs and websockets stood at a moment.
    struct Balance: Hashable, Sendable {
        var at: Int64
        /// Runs that began before this, by the runtime's clock, ...
        var began: Int64
        /// ... stood open, without ghosts.
        var open: Int64
        var least: Int64
        var most: Int64
    }

    /// Since when this process is watched, ms: websockets of before are another's.
    var since = Int64.min
    /// The first count of websockets that was seen, and whether another one was since.
    var firstSockets: Int64?
    var hasMoved = false
    /// When websockets were last found to bound nothing, ms.
    var refutedAt: Int64?
    /// Ghosts that turned out to run.
    var mistakes: Int64 = 0
    /// Oldest first; `left` grows along it.
    private(set) var bounds: [Bound] = []
    /// Over the time in which a run counts as young; oldest first, a few a minute.
    private(set) var balances: [Balance] = []
    var counts = SocketCounts()
    private static let mostBalances = 32

    /// When the newest of the runs that made progress began, by the runtime's clock; ascending.
    private(set) var progressed: [Int64] = []
    /// Ages at which the last runs made their first progress, ms, newest last.
    private(set) var firstProgress: [Int64] = []

    /// What the websockets of the last minute say.
    enum Sockets: Hashable {
        /// Nothing, on this build or not yet.
        case unusable
        /// They usually do, but were not told lately.
        case lost
        /// The newest was counted `age` ms ago.
        case known(least: Int64, most: Int64, age: Int64)
    }

    func isRefuted(asOf moment: Int64) -> Bool { refutedAt.map { moment - $0 < GhostSense.refutal } ?? false }

    mutating func observe(sockets: Int64) {
        guard let firstSockets else { return firstSockets = sockets }
        if sockets != firstSockets { hasMoved = true }
    }

    mutating func refute(at moment: Int64) {
        refutedAt = moment
        mistakes = 0
        forgetBounds()
    }

    // MARK: - Tickets

    mutating func add(_ bound: Bound) {
        // Earlier ones that allow no fewer say nothing any more.
        while let last = bounds.last, last.left >= bound.left { bounds.removeLast() }
        bounds.append(bound)
        if bounds.count > GhostSense.mostBounds { bounds.removeFirst() }
    }

    /// A run that was not held for a ghost has ended.
    mutating func ended(began: Int64) {
        for index in bounds.indices where bounds[index].began >= began { bounds[index].left -= 1 }
        counts.ended(began: began)
    }

    /// Up to when runs began of which none can be running; nil when there is no such moment. Forgets what that settles.
    mutating func exhausted() -> Int64? {
        guard let index = bounds.lastIndex(where: { $0.left <= 0 }) else { return nil }
        let began = bounds[index].began
        bounds.removeFirst(index + 1)
        return began
    }

    mutating func forgetBounds() {
        bounds = []
        balances = []
        counts.forget()
    }

    // MARK: - Moving together

    /// Takes in how runs and websockets stand. How many of the runs that are more than they were have no websocket that
    /// came with them; zero unless that is most of them.
    ///
    /// Websockets that nothing runs behind may close meanwhile, too (people who left a chat open go home). What grew since a
    /// later moment is then matched; of what was before that moment only the runs that still stand open can be without.
    /// - Parameter began: when the settled runs of now began, by the runtime's clock.
    mutating func unmatched(_ now: Balance, within span: Int64, began: [Int64]) -> Int64 {
        balances.removeAll { now.at - $0.at > span || $0.at > now.at }
        defer {
            if balances.last.map({ now.at - $0.at >= span / Int64(GhostSense.mostBalances) }) ?? true { balances.append(now) }
        }
        guard let then = balances.first else { return 0 }
        let grown = now.open - then.open
        var unmatched = grown - max(0, now.most - then.least)
        guard unmatched > 0, unmatched * 2 > grown else { return 0 }
        for later in balances.dropFirst() {
            let since = max(0, now.open - later.open - (now.most - later.least))
            let before = began.count { $0 > then.began && $0 <= later.began }
            unmatched = min(unmatched, since + Int64(before))
        }
        return unmatched * 2 > grown ? unmatched : 0
    }

    /// A run turned out to be a ghost: it never was among those that run.
    mutating func foundGhost(began: Int64) {
        for index in balances.indices where balances[index].began >= began { balances[index].open -= 1 }
        counts.foundGhost(began: began)
    }

    // MARK: - Progress

    mutating func madeProgress(began: Int64, age: Int64) {
        progressed.append(began)
        progressed.sort()
        if progressed.count > GhostSense.overtakers { progressed.removeFirst() }
        firstProgress.append(max(0, age))
        if firstProgress.count > 15 { firstProgress.removeFirst() }
    }

    /// Runs that began before this and never made any progress were overtaken; nil while too few made any.
    var overtaken: Int64? {
        guard progressed.count == GhostSense.overtakers else { return nil }
        return progressed[0] - GhostSense.headStart
    }

    /// How old a run must be before the lack of progress says something, ms: several times what it usually takes.
    func quietAge(_ stalledAfter: Int64) -> Int64 {
        let sorted = firstProgress.sorted()
        let usual = sorted.isEmpty ? 0 : sorted[sorted.count / 2]
        return min(max(4 * usual, GhostSense.leastQuiet), max(stalledAfter, GhostSense.leastQuiet))
    }

    // MARK: - Kept state

    func encode(to writer: inout StateWriter) {
        writer.put(since)
        writer.put(optional: firstSockets) { $0.put($1) }
        writer.put(hasMoved)
        writer.put(optional: refutedAt) { $0.put($1) }
        writer.put(mistakes)
        writer.put(each: bounds) {
            $0.put($1.began)
            $0.put($1.left)
        }
        writer.put(each: balances) {
            for value in [$1.at, $1.began, $1.open, $1.least, $1.most] { $0.put(value) }
        }
        writer.put(each: progressed) { $0.put($1) }
        writer.put(each: firstProgress) { $0.put($1) }
        counts.encode(to: &writer)
    }

    init() {}

    init(from reader: inout StateReader, version: UInt8) throws(SignalStateError) {
        since = try reader.integer()
        firstSockets = try reader.optional { (reader) throws(SignalStateError) in try reader.integer() }
        hasMoved = try reader.flag()
        refutedAt = try reader.optional { (reader) throws(SignalStateError) in try reader.moment() }
        mistakes = try reader.integer()
        bounds = try reader.each { (reader) throws(SignalStateError) in
            let began = try reader.moment()
            let left = try reader.integer()
            guard left.magnitude < 1 << 40 else { throw reader.failure("a bound is out of range") }
            return Bound(began: began, left: left)
        }
        if version > 4 {
            balances = try reader.each { (reader) throws(SignalStateError) in
                let (at, began) = (try reader.moment(), try reader.moment())
                let counts = (try reader.integer(), try reader.integer(), try reader.integer())
                for count in [counts.0, counts.1, counts.2] where count.magnitude >= 1 << 40 {
                    throw reader.failure("a balance is out of range")
                }
                return Balance(at: at, began: began, open: counts.0, least: counts.1, most: counts.2)
            }
        }
        progressed = try reader.each { (reader) throws(SignalStateError) in try reader.moment() }
        firstProgress = try reader.each { (reader) throws(SignalStateError) in try reader.moment() }
        if version > 5 { counts = try SocketCounts(from: &reader, version: version) }
    }
}

extension ReplicaState {
    /// What the websockets of the last minute say at a perf answer.
    func sockets(at moment: Int64, _ options: SignalOptions) -> GhostSense.Sockets {
        guard ghosts.hasMoved, !ghosts.isRefuted(asOf: moment) else { return .unusable }
        let from = max(moment - max(GhostSense.socketMemory, 2 * interval(.health, options)), ghosts.since)
        let told = health.entries.filter { $0.at >= from && $0.at <= moment && $0.figures?.websockets != nil }
        let counts = told.compactMap(\.figures?.websockets)
        guard let least = counts.min(), let most = counts.max(), let newest = told.last?.at else { return .lost }
        return .known(least: least, most: most, age: moment - newest)
    }
}

extension RunGauges {
    /// What websockets say of how many of the young and progressing can be running.
    enum SocketBound: Hashable {
        case none, lost, most(Int64)
        /// Perhaps no more than so many, and perhaps all: it is not known yet how late websockets come, or only how both grew.
        case doubtful(Int64)

        /// Of two processes, only when both tell.
        func with(_ other: SocketBound) -> SocketBound {
            switch (self, other) {
            case (.lost, .lost): .lost
            case (.most(let own), .most(let others)): .most(own + others)
            case (.doubtful(let own), .most(let others)), (.most(let own), .doubtful(let others)),
                (.doubtful(let own), .doubtful(let others)):
                .doubtful(own + others)
            default: .none
            }
        }
    }

    private static let (leastMost, leastDoubtful, mostTold): (Int64, Int64, Int64) = (2, 1 << 30, 1 << 29)

    var socketBound: SocketBound {
        get {
            let told = Int64(sockets)
            if told >= RunGauges.leastDoubtful { return .doubtful(told - RunGauges.leastDoubtful) }
            return told == 0 ? .none : told == 1 ? .lost : .most(told - RunGauges.leastMost)
        }
        set {
            switch newValue {
            case .none: sockets = 0
            case .lost: sockets = 1
            case .most(let most): sockets = Int32(RunGauges.leastMost + min(max(0, most), RunGauges.mostTold))
            case .doubtful(let most): sockets = Int32(RunGauges.leastDoubtful + min(max(0, most), RunGauges.mostTold))
            }
        }
    }

    /// Whether it is not even known how many there are of ``excess``.
    var isDoubtful: Bool { if case .doubtful = socketBound { true } else { false } }

    /// How many of the young and progressing cannot be running, though it is not known which; in doubt, may not. A tenth and
    /// two are left out: websockets and runs are not counted in the same instant.
    var excess: Int64 {
        switch socketBound {
        case .none, .lost: 0
        case .most(let most), .doubtful(let most): RunGauges.excess(of: Int64(young) + Int64(progressing), over: most)
        }
    }

    static func excess(of running: Int64, over most: Int64) -> Int64 {
        let excess = running - most
        return excess > max(2, running / 10) ? excess : 0
    }
}

extension PerfTable {
    /// The runtime's own clock when it made the body, ms: an open run began so long ago by that clock. Nil without open
    /// runs that say both, and where they do not agree.
    var clock: Int64? {
        var clocks: [Int64] = []
        for chat in chats where chat.isOpen && chat.present.isSuperset(of: [.startedAt, .runtimeSeconds]) {
            let age = chat.runtimeSeconds * 1_000
            guard age >= 0, age < 1e13 else { continue }
            clocks.append(Clamp.moment(chat.startedAt &+ Int64(age.rounded())))
        }
        guard !clocks.isEmpty else { return nil }
        clocks.sort()
        let middle = clocks[clocks.count / 2]
        return clocks.count { abs($0 - middle) <= 2_000 } * 2 > clocks.count ? middle : nil
    }
}
