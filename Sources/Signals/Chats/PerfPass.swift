import Model

/// One walk over the chats of a perf body.
struct PerfPass {
    let at: Int64
    let clock: Int64
    let isWatched: Bool
    let stalledAfter: Int64
    /// The app slot of each of the body's apps.
    let slots: [Int]
    let capacity: Int
    /// How many chats the table held before.
    let knownChats: Int
    /// The poll before; nil for the first.
    let previousAt: Int64?
    let previousClock: Int64?
    /// When that is not known: the newest start that the last answer showed.
    let newestStart: Int64?
    let sawRestart: Bool
    /// The last body came from the process before this one: what the table knows is void.
    let isReplaced: Bool

    var increments: ContiguousArray<AppTotals>
    var gauges: ContiguousArray<RunGauges>
    /// Slots with increments, in the order of the body.
    private(set) var touched: [Int] = []
    private var isTouched: ContiguousArray<Bool>
    private(set) var latencies: ContiguousArray<LatencyLog.Entry> = []
    /// By index in the chat table: whether the body shows it.
    private(set) var seen: ContiguousArray<Bool>
    /// Runs that ended, were watched from their start and have no counters that move: the poll (s) before they were first
    /// seen, and whether they were over at once.
    private(set) var endings: [(seenAfter: UInt32, isQuick: Bool)] = []
    /// Runs that ended whose own counters tell whether anything was done.
    private(set) var workedEnds: Int64 = 0
    private(set) var idleEnds: Int64 = 0
    /// Runs of at least a minute that ended.
    private(set) var longEnds: [(slot: Int, worked: Bool)] = []
    /// What websockets say of how many can be running.
    var bound = RunGauges.SocketBound.none
    let sockets: GhostSense.Sockets
    let socketCount: SocketCounts.Count?
    /// By app slot: no counter moves for what it runs.
    let uncounted: ContiguousArray<Bool>
    /// Counters that progress would move are alive on this runtime.
    let isSighted: Bool
    var open: ContiguousArray<Open> = []
    /// When runs began that ended, those that were not held for ghosts; by the runtime's clock.
    var endedBegan: [Int64] = []
    /// Of runs that made their first progress: when they began.
    var firstProgress: [Int64] = []
    /// Ghosts that ended or made progress.
    var mistakes: Int64 = 0

    /// Shorter runs without a model call may have had their answers from the runtime's cache; a call that fails is tried
    /// again before a run gives up. Seconds.
    private static var leastWait: Double { 2 }
    private(set) var sawTurn = false
    private(set) var moved: UInt8 = 0
    private(set) var endedChats: Int64 = 0
    /// Open chats that another replica shows as well.
    private(set) var sharedChats = 0
    let others: OtherReplicas
    private var sums = PerfFigures()
    var activeUsers: [(slot: Int, user: UInt64)] = []
    /// Counts the same by workflow; nil where no policy asks for that.
    var flows: FlowPass?

    init(
        _ replica: ReplicaState, _ table: PerfTable, at: Int64, clock: Int64, isWatched: Bool, stalledAfter: Int64,
        slots: [Int], capacity: Int, _ shared: SharedState, _ others: OtherReplicas, sockets: GhostSense.Sockets
    ) {
        self.others = others
        self.sockets = sockets
        socketCount = replica.socketCount(at: at, clock: clock)
        let known = CounterRules(alive: shared.counters.moved | PerfPass.moved(in: table.totals), dead: 0, price: nil)
        isSighted = known.sight == .sighted
        uncounted = ContiguousArray((0..<capacity).map { shared.isUncounted($0) })
        self.at = at
        self.clock = clock
        self.isWatched = isWatched
        self.stalledAfter = stalledAfter
        self.slots = slots
        self.capacity = capacity
        knownChats = replica.chats.count
        previousAt = replica.log.axis.last
        // Where the clock was not known at the last answer it is by now, mostly.
        previousClock =
            replica.lastPerfClock
            ?? replica.log.axis.last.flatMap { last in
                replica.clockOffset.map { last + $0 - Int64(min(replica.perf.newest?.elapsedMilliseconds ?? 0, 1e9)) }
            }
        // A clock that nothing tells of: what began after all that the last answer showed is new.
        newestStart =
            previousClock == nil
            ? (0..<replica.chats.count).lazy.map { replica.chats[$0].startedAt }.max() : nil
        sawRestart = replica.restart != nil
        if let created = replica.restart?.createdAt, let previousClock = previousClock {
            isReplaced = created > previousClock
        } else {
            isReplaced = false
        }
        increments = ContiguousArray(repeating: AppTotals(), count: capacity)
        gauges = ContiguousArray(repeating: RunGauges(), count: capacity)
        isTouched = ContiguousArray(repeating: false, count: capacity)
        seen = ContiguousArray(repeating: false, count: replica.chats.count)
        seen.reserveCapacity(replica.chats.count + table.chats.count)
    }

    mutating func run(_ table: PerfTable, _ chats: inout ChatTable, _ identity: inout ProcessIdentity) {
        for place in table.chats.indices {
            let chat = table.chats[place]
            guard Int(chat.app) < slots.count else { continue }
            let slot = slots[Int(chat.app)]
            flows?.begin(chat, app: slot, table.workflows, at: at)
            if let index = chats.find(chat.key, hint: place) {
                // A key that stands twice in one body counts once.
                guard !seen[index] else { continue }
                seen[index] = true
                var record = chats[index]
                let before = record
                if isReplaced {
                    record = first(chat, slot: slot, isFresh: !identity.isSeveral(asOf: at))
                } else {
                    again(chat, slot: slot, &record)
                }
                observe(chat, index: index, slot: slot, record)
                if record != before {
                    record.flags.insert(.dirty)
                    chats[index] = record
                }
            } else {
                var record = first(chat, slot: slot, isFresh: isFresh(chat, &identity))
                observe(chat, index: chats.count, slot: slot, record)
                record.flags.insert(.dirty)
                chats.append(record)
                seen.append(true)
            }
        }
    }

    mutating func count(_ step: AppTotals, _ chat: PerfChat, _ slot: Int, _ record: ChatRecord) {
        if step.turns > 0 { sawTurn = true }
        guard isWatched else { return }
        var step = step
        if step.ends != 0 { judgeEnd(chat, slot, record, &step) }
        if step.isProgress || step.starts != 0 || step.ends != 0 {
            increments[slot].add(step)
            flows?.count(step)
            if !isTouched[slot] {
                isTouched[slot] = true
                touched.append(slot)
            }
        }
        if step.turns > 0, chat.present.contains(.lastTurnSeconds), chat.lastTurnSeconds >= 0 {
            let bucket = LatencyBuckets.bucket(chat.lastTurnSeconds)
            latencies.append(.init(app: UInt32(truncatingIfNeeded: slot), bucket: bucket))
            flows?.count(latency: bucket)
        }
    }

    /// Whether a run that ended did anything. By its own counters where there are such; errors alone are nothing done.
    private mutating func judgeEnd(_ chat: PerfChat, _ slot: Int, _ record: ChatRecord, _ step: inout AppTotals) {
        let hasWorked = record.hasWorked
        let seconds = age(chat, record) / 1_000
        if isSighted, seconds >= 60 { longEnds.append((slot, hasWorked)) }
        if hasWorked {
            workedEnds += 1
            step.judged += 1
        } else if isSighted, !uncounted[slot] {
            idleEnds += 1
            step.judged += 1
            step.silent += 1
        } else if record.flags.contains(.fresh) {
            endings.append((record.seenAfter, seconds < PerfPass.leastWait))
        }
    }

    /// What the chat shows at this moment.
    mutating func observe(_ chat: PerfChat, index: Int, slot: Int, _ record: ChatRecord) {
        func bit(_ counter: Counter, _ isMoved: Bool) -> UInt8 { isMoved ? CounterWatch.bit(counter) : 0 }
        moved |= bit(.errors, chat.errors != 0) | bit(.turns, chat.agentTurns != 0) | bit(.tools, chat.toolCalls != 0)
        moved |= bit(.tokens, chat.promptTokens != 0 || chat.completionTokens != 0) | bit(.cost, chat.cost != 0)
        sums.trackedChats += 1
        Clamp.add(&sums.turns, max(0, chat.agentTurns))
        Clamp.add(&sums.toolCalls, max(0, chat.toolCalls))
        Clamp.add(&sums.errors, max(0, chat.errors))
        Clamp.add(&sums.promptTokens, max(0, chat.promptTokens))
        Clamp.add(&sums.completionTokens, max(0, chat.completionTokens))
        sums.cost += Clamp.cost(chat.cost)
        guard chat.isOpen else {
            endedChats += 1
            return
        }
        sums.openChats += 1
        if !others.isEmpty {
            let claim = others.claim(record)
            sharedChats += claim.isShared ? 1 : 0
            guard !claim.isTheirs else {
                gauges[slot].ghosts &+= 1
                flows?.countGhost()
                return
            }
        }
        let sinceQuiet = at - record.quietSince
        let age = age(chat, record)
        let hasProgressed = record.flags.contains(.progressed)
        let kind: Open.Kind
        if age < Double(stalledAfter) {
            kind = .young
        } else if hasProgressed && sinceQuiet < stalledAfter {
            kind = .progressing
        } else if sinceQuiet >= stalledAfter || !record.flags.isDisjoint(with: [.fresh, .progressed]) {
            kind = .quiet
        } else {
            kind = .unwatched
        }
        open.append(
            Open(
                index: index, slot: slot, kind: kind, began: record.flags.contains(.started) ? record.startedAt : nil,
                age: age, user: chat.present.contains(.user) ? chat.user : nil,
                isMoving: hasProgressed && sinceQuiet < GhostSense.socketMemory,
                isIdle: !hasProgressed && record.flags.contains(.fresh), isGhost: record.flags.contains(.ghost),
                flow: flows?.current ?? FlowPass.none))
    }

    /// ms, by the runtime's own clock where it says.
    func age(_ chat: PerfChat, _ record: ChatRecord) -> Double {
        if chat.present.contains(.runtimeSeconds) { return chat.runtimeSeconds * 1_000 }
        if chat.present.contains(.startedAt) { return Double(clock) - Double(chat.startedAt) }
        return Double(at - record.quietSince)
    }

    /// The body's totals, and its own sums where it has none.
    func figures(_ totals: PerfTotals?, apps: Int) -> PerfFigures {
        var figures = sums
        figures.apps = Int64(apps)
        // Held to what a double shows exactly, so that sums over replicas cannot overflow whatever a body claims.
        func shown(_ total: Int64?, _ sum: Int64) -> Int64 { min(max(0, total ?? sum), 1 << 53) }
        figures.trackedChats = shown(totals?.trackedChats, sums.trackedChats)
        figures.openChats = shown(totals?.activeChats, sums.openChats)
        figures.turns = shown(totals?.agentTurns, sums.turns)
        figures.toolCalls = shown(totals?.toolCalls, sums.toolCalls)
        figures.errors = shown(totals?.errors, sums.errors)
        figures.promptTokens = shown(totals?.promptTokens, sums.promptTokens)
        figures.completionTokens = shown(totals?.completionTokens, sums.completionTokens)
        if let cost = totals?.cost, cost.isFinite { figures.cost = cost }
        return figures
    }

    static func moved(in totals: PerfTotals?) -> UInt8 {
        guard let totals else { return 0 }
        func bit(_ counter: Counter, _ value: Int64?) -> UInt8 { (value ?? 0) != 0 ? CounterWatch.bit(counter) : 0 }
        return bit(.errors, totals.errors) | bit(.turns, totals.agentTurns) | bit(.tools, totals.toolCalls)
            | bit(.tokens, totals.promptTokens) | bit(.tokens, totals.completionTokens)
            | ((totals.cost ?? 0) != 0 ? CounterWatch.bit(.cost) : 0)
    }
}
