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
    private(set) var bound = RunGauges.SocketBound.none
    private let sockets: GhostSense.Sockets
    /// By app slot: no counter moves for what it runs.
    private let uncounted: ContiguousArray<Bool>
    /// Counters that progress would move are alive on this runtime.
    private let isSighted: Bool
    private var open: ContiguousArray<Open> = []
    /// When runs began that ended, those that were not held for ghosts; by the runtime's clock.
    private var endedBegan: [Int64] = []
    /// Of runs that made their first progress: when they began.
    private var firstProgress: [Int64] = []
    /// Ghosts that ended or made progress.
    private var mistakes: Int64 = 0

    /// A run that has not ended.
    private struct Open {
        enum Kind { case young, progressing, quiet, unwatched }
        /// In the chat table.
        var index: Int
        var slot: Int
        var kind: Kind
        /// By the runtime's clock, ms; nil where it does not say.
        var began: Int64?
        var age: Double
        var user: UInt64?
        /// Made progress within the last minute.
        var isMoving: Bool
        /// Watched from its start on, and never made any.
        var isIdle: Bool
        var isGhost: Bool
    }

    /// Shorter runs without a model call may have had their answers from the runtime's cache; a call that fails is tried
    /// again before a run gives up. Seconds.
    private static var leastWait: Double { 2 }
    private(set) var sawTurn = false
    private(set) var moved: UInt8 = 0
    private(set) var endedChats: Int64 = 0
    /// Open chats that another replica shows as well.
    private(set) var sharedChats = 0
    private let others: OtherReplicas
    private var sums = PerfFigures()
    private var activeUsers: [(slot: Int, user: UInt64)] = []

    init(
        _ replica: ReplicaState, _ table: PerfTable, at: Int64, clock: Int64, isWatched: Bool, stalledAfter: Int64,
        slots: [Int], capacity: Int, _ shared: SharedState, _ others: OtherReplicas, sockets: GhostSense.Sockets
    ) {
        self.others = others
        self.sockets = sockets
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

    /// Tells ghosts from runs, and counts both.
    mutating func settle(_ chats: inout ChatTable, _ sense: inout GhostSense, _ shared: SharedState) {
        for began in firstProgress { sense.madeProgress(began: began, age: clock - began) }
        for began in endedBegan { sense.ended(began: began) }
        let held = Int64(open.count(where: \.isGhost))
        sense.mistakes += mistakes
        var sockets = sockets
        // What makes progress runs, and what was held for a ghost and ends did: if that is more than websockets allow,
        // they allow nothing on this build.
        if case .known(_, let most, _) = sockets {
            let moving = Int64(open.count(where: \.isMoving))
            let isWrong = moving > most + max(2, most / 10) || (sense.mistakes >= 3 && sense.mistakes * 4 >= held)
            if isWrong {
                sense.refute(at: at)
                sockets = .unusable
            }
        }
        switch sockets {
        case .unusable:
            sense.forgetBounds()
            for place in open.indices where open[place].isGhost { mark(place, false, &chats) }
        case .lost: bound = .lost
        case .known(let least, let most, let counted):
            // More websockets, for a while, than runs that have one: some of the ghosts may be back.
            let alive = Int64(open.count { !$0.isGhost })
            if held > 0, least > alive + max(2, alive / 10) {
                sense.forgetBounds()
                for place in open.indices where open[place].isGhost { mark(place, false, &chats) }
            }
            // What began after websockets were last counted is not among them.
            let limit = clock - counted - GhostSense.grace
            func isSettled(_ run: Open) -> Bool { !run.isGhost && (run.began ?? .max) <= limit }
            if Int64(open.count(where: isSettled)) > most { sense.add(.init(began: limit, left: most)) }
            if let began = sense.exhausted() {
                for place in open.indices where isSettled(open[place]) && !open[place].isMoving {
                    guard let own = open[place].began, own <= began else { continue }
                    mark(place, true, &chats)
                    sense.foundGhost(began: own)
                }
            }
            // The youngest may still wait for theirs.
            var allowed = most + Int64(open.count { !$0.isGhost && ($0.began ?? .max) > limit })
            if !isSighted {
                let balance = GhostSense.Balance(
                    at: at, began: limit, open: Int64(open.count(where: isSettled)), least: least, most: most)
                let unmatched = sense.unmatched(
                    balance, within: stalledAfter, began: open.filter(isSettled).compactMap(\.began))
                let running = Int64(open.count { !$0.isGhost && ($0.kind == .young || $0.kind == .progressing) })
                if unmatched > 0 { allowed = min(allowed, running - unmatched) }
            }
            bound = .most(max(0, allowed))
        }
        count(sense)
    }

    private mutating func mark(_ place: Int, _ isGhost: Bool, _ chats: inout ChatTable) {
        open[place].isGhost = isGhost
        var record = chats[open[place].index]
        if isGhost { record.flags.insert(.ghost) } else { record.flags.remove(.ghost) }
        record.flags.insert(.dirty)
        chats[open[place].index] = record
    }

    private mutating func count(_ sense: GhostSense) {
        let overtaken = isSighted ? sense.overtaken : nil
        let quietAge = Double(sense.quietAge(stalledAfter))
        for run in open {
            let isOvertaken =
                run.isIdle && !uncounted[run.slot] && run.age >= quietAge
                && overtaken.map { (run.began ?? .max) < $0 } ?? false
            if run.isGhost || isOvertaken {
                gauges[run.slot].ghosts &+= 1
                continue
            }
            switch run.kind {
            case .young: gauges[run.slot].young &+= 1
            case .progressing: gauges[run.slot].progressing &+= 1
            case .quiet: gauges[run.slot].quiet &+= 1
            case .unwatched: gauges[run.slot].unwatched &+= 1
            }
            guard run.kind == .young || run.kind == .progressing, let user = run.user else { continue }
            activeUsers.append((run.slot, user))
        }
        countUsers()
    }

    /// Whether a chat that is seen for the first time counts from zero.
    private func isFresh(_ chat: PerfChat, _ identity: inout ProcessIdentity) -> Bool {
        let started = chat.present.contains(.startedAt) ? chat.startedAt : nil
        let returned = identity.observe(returned: .init(key: chat.key, startedAt: started ?? 0), at: at)
        guard previousAt != nil, !returned, !identity.isSeveral(asOf: at) else { return false }
        if sawRestart { return true }
        guard let started else { return false }
        return started >= previousClock ?? newestStart ?? .min
    }

    private mutating func first(_ chat: PerfChat, slot: Int, isFresh: Bool) -> ChatRecord {
        var record = ChatRecord(key: chat.key)
        record.quietSince = at
        record.app = UInt32(truncatingIfNeeded: slot)
        record.seenAfter = UInt32(clamping: (previousAt ?? 0) / 1_000)
        if chat.present.contains(.startedAt) {
            record.startedAt = chat.startedAt
            record.flags.insert(.started)
        }
        if isFresh { record.flags.insert(.fresh) }
        var step = take(chat, &record)
        if chat.isOpen { record.flags.insert(.open) }
        if isFresh {
            // The start that another replica answered is this one.
            step.starts = others.isEmpty || !others.knows(chat.key) ? 1 : 0
            if chat.hasEnded { step.ends = 1 }
            if step.isProgress { noteProgress(&record) }
        }
        count(step, chat, slot, record)
        return record
    }

    private mutating func again(_ chat: PerfChat, slot: Int, _ record: inout ChatRecord) {
        var step = take(chat, &record)
        record.app = UInt32(truncatingIfNeeded: slot)
        if chat.present.contains(.startedAt) {
            record.startedAt = chat.startedAt
            record.flags.insert(.started)
        }
        if step.isProgress {
            record.quietSince = at
            noteProgress(&record)
        }
        let wasOpen = record.flags.contains(.open)
        if wasOpen, chat.hasEnded {
            step.ends = 1
            record.flags.remove(.open)
            if record.flags.contains(.ghost) {
                record.flags.remove(.ghost)
                mistakes += 1
            } else if record.flags.contains(.started) {
                endedBegan.append(record.startedAt)
            }
        } else if !wasOpen, chat.isOpen {
            step.starts = 1
            record.flags.insert(.open)
        }
        count(step, chat, slot, record)
    }

    private mutating func noteProgress(_ record: inout ChatRecord) {
        if record.flags.contains(.ghost) {
            record.flags.remove(.ghost)
            mistakes += 1
        }
        guard record.flags.insert(.progressed).inserted, record.flags.isSuperset(of: [.fresh, .started]) else { return }
        firstProgress.append(record.startedAt)
    }

    /// What the counters of a chat grew by since last shown; they then stand as shown.
    private func take(_ chat: PerfChat, _ record: inout ChatRecord) -> AppTotals {
        let isFresh = record.flags.contains(.fresh)
        func step(
            _ field: PerfChat.Fields, _ shown: Int64, _ flag: ChatRecord.Flags, _ last: inout UInt32,
            _ flags: inout ChatRecord.Flags
        ) -> Int64 {
            guard chat.present.contains(field) else { return 0 }
            let now = Clamp.counter(shown)
            defer { last = now }
            guard flags.contains(flag) || isFresh else {
                flags.insert(flag)
                return 0
            }
            flags.insert(flag)
            return Int64(now >= last ? now - last : now)
        }
        var grown = AppTotals()
        var flags = record.flags
        grown.turns = step(.agentTurns, chat.agentTurns, .turns, &record.turns, &flags)
        grown.tools = step(.toolCalls, chat.toolCalls, .tools, &record.tools, &flags)
        grown.errors = step(.errors, chat.errors, .errors, &record.errors, &flags)
        grown.prompt = step(.promptTokens, chat.promptTokens, .prompt, &record.prompt, &flags)
        grown.completion = step(.completionTokens, chat.completionTokens, .completion, &record.completion, &flags)
        if chat.present.contains(.cost) {
            let now = Clamp.cost(chat.cost)
            if flags.contains(.cost) || isFresh {
                // Binary noise in a sum of costs is no fall.
                let isNoise = now < record.cost && record.cost - now <= 1e-9 * max(1, record.cost)
                grown.cost = now >= record.cost ? now - record.cost : (isNoise ? 0 : now)
            }
            flags.insert(.cost)
            record.cost = now
        }
        record.flags = flags
        return grown
    }

    private mutating func count(_ step: AppTotals, _ chat: PerfChat, _ slot: Int, _ record: ChatRecord) {
        if step.turns > 0 { sawTurn = true }
        guard isWatched else { return }
        if step.isProgress || step.starts != 0 || step.ends != 0 {
            increments[slot].add(step)
            if !isTouched[slot] {
                isTouched[slot] = true
                touched.append(slot)
            }
        }
        if step.ends != 0 { judgeEnd(chat, slot, record) }
        if step.turns > 0, chat.present.contains(.lastTurnSeconds), chat.lastTurnSeconds >= 0 {
            latencies.append(
                .init(app: UInt32(truncatingIfNeeded: slot), bucket: LatencyBuckets.bucket(chat.lastTurnSeconds)))
        }
    }

    /// Whether a run that ended did anything. By its own counters where there are such; errors alone are nothing done.
    private mutating func judgeEnd(_ chat: PerfChat, _ slot: Int, _ record: ChatRecord) {
        let hasWorked = record.hasWorked
        let seconds = age(chat, record) / 1_000
        if isSighted, seconds >= 60 { longEnds.append((slot, hasWorked)) }
        if hasWorked {
            workedEnds += 1
            increments[slot].judged += 1
        } else if isSighted, !uncounted[slot] {
            idleEnds += 1
            increments[slot].judged += 1
            increments[slot].silent += 1
        } else if record.flags.contains(.fresh) {
            endings.append((record.seenAfter, seconds < PerfPass.leastWait))
        }
    }

    /// What the chat shows at this moment.
    private mutating func observe(_ chat: PerfChat, index: Int, slot: Int, _ record: ChatRecord) {
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
                isIdle: !hasProgressed && record.flags.contains(.fresh), isGhost: record.flags.contains(.ghost)))
    }

    /// ms, by the runtime's own clock where it says.
    private func age(_ chat: PerfChat, _ record: ChatRecord) -> Double {
        if chat.present.contains(.runtimeSeconds) { return chat.runtimeSeconds * 1_000 }
        if chat.present.contains(.startedAt) { return Double(clock) - Double(chat.startedAt) }
        return Double(at - record.quietSince)
    }

    private mutating func countUsers() {
        activeUsers.sort { $0.slot != $1.slot ? $0.slot < $1.slot : $0.user < $1.user }
        var run: Int32 = 0
        for index in activeUsers.indices {
            let isSame = index > 0 && activeUsers[index] == activeUsers[index - 1]
            run = isSame ? run &+ 1 : 1
            let slot = activeUsers[index].slot
            gauges[slot].busiestUser = max(gauges[slot].busiestUser, run)
        }
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
