import Model

extension ReplicaState {
    /// Takes in a perf body: what changed for each chat since the last one, and what is open now.
    /// `clock` is the runtime's at the answer, ms.
    mutating func ingest(
        _ table: PerfTable, at: Int64, clock: Int64, isWatched: Bool, _ shared: inout SharedState,
        _ options: SignalOptions
    ) -> PerfFigures {
        decideSilentEnds(isWatched: isWatched)
        var pass = PerfPass(
            self, table, at: at, clock: clock, isWatched: isWatched, stalledAfter: options.stalledAfter.milliseconds,
            slots: shared.apps.slots(of: table.apps), capacity: shared.apps.capacity)
        for slot in pass.slots { shared.apps.lastSeen[slot] = at }
        pass.run(table, &chats, &identity)
        dropVanished(pass, at: at, &shared, options)

        if pass.sawTurn { shared.lastTurnAt = max(shared.lastTurnAt, at) }
        let totalsOfBody = table.totals
        shared.counters.insert(moved: pass.moved | PerfPass.moved(in: totalsOfBody))
        endedChats = pass.endedChats

        var whole = RunGauges()
        for gauges in pass.gauges { whole.add(gauges) }
        if isWatched {
            while totals.count < pass.capacity { totals.append(AppTotals()) }
            for slot in pass.touched {
                totals[slot].add(pass.increments[slot])
                total.add(pass.increments[slot])
            }
            shared.latencies.append(pass.latencies, at: at)
            undecidedEnds = Int64(pass.endings.count)
            let lastTurn = shared.lastTurnAt
            undecidedSilent = pass.endings.compactMap { seenAfter in
                seenAfter.flatMap { lastTurn <= Int64($0) * 1_000 ? $0 : nil }
            }
        }
        while totals.count < pass.capacity { totals.append(AppTotals()) }
        log.append(
            PerfRow(
                apps: totals, gauges: pass.gauges, total: total, totalGauges: whole, judgedEnds: judgedEnds,
                silentEnds: silentEnds),
            at: at, isWatched: isWatched)
        lastPerfClock = clock
        restart = nil
        return pass.figures(totalsOfBody, apps: table.apps.count)
    }

    /// Judges the runs that ended in the last poll, now that the events endpoint has spoken since. Without its word
    /// nothing can be said of them.
    private mutating func decideSilentEnds(isWatched: Bool) {
        defer {
            undecidedEnds = 0
            undecidedSilent = []
        }
        guard undecidedEnds > 0, isWatched, let endedAt = log.axis.last,
            events.entries.contains(where: { $0.at >= endedAt && $0.figures?.usageDelta != nil })
        else { return }
        Clamp.add(&judgedEnds, undecidedEnds)
        Clamp.add(&silentEnds, Int64(undecidedSilent.count { lastUsageGrowthAt <= Int64($0) * 1_000 }))
    }

    private mutating func dropVanished(
        _ pass: PerfPass, at: Int64, _ shared: inout SharedState, _ options: SignalOptions
    ) {
        let before = pass.seen.prefix(pass.knownChats)
        guard before.contains(false) else { return }
        var vanished: [ProcessIdentity.Vanished] = []
        for index in before.indices where !pass.seen[index] {
            let record = chats[index]
            vanished.append(.init(key: record.key, startedAt: record.startedAt))
            gone.append(record.key)
            if !record.flags.contains(.open) { Clamp.add(&shared.counters.endedBefore, 1) }
        }
        // By key: the order of the table is not kept.
        vanished.sort { $0.key < $1.key }
        chats.keep { index, _ in pass.seen[index] }
        let hasMark = identity.lastMarkAt.map { at - $0 <= maxGap(.events, options) } ?? false
        identity.observe(vanished: vanished, hasMark: hasMark, at: at)
    }
}

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
    /// Runs that ended: for those watched from their start, the poll (s) before they were first seen.
    private(set) var endings: [UInt32?] = []
    private(set) var sawTurn = false
    private(set) var moved: UInt8 = 0
    private(set) var endedChats: Int64 = 0
    private var sums = PerfFigures()
    private var activeUsers: [(slot: Int, user: UInt64)] = []

    init(
        _ replica: ReplicaState, _ table: PerfTable, at: Int64, clock: Int64, isWatched: Bool, stalledAfter: Int64,
        slots: [Int], capacity: Int
    ) {
        self.at = at
        self.clock = clock
        self.isWatched = isWatched
        self.stalledAfter = stalledAfter
        self.slots = slots
        self.capacity = capacity
        knownChats = replica.chats.count
        previousAt = replica.log.axis.last
        previousClock = replica.lastPerfClock
        sawRestart = replica.restart != nil
        if let created = replica.restart?.createdAt, let previousClock {
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
                observe(chat, slot: slot, record)
                if record != before {
                    record.flags.insert(.dirty)
                    chats[index] = record
                }
            } else {
                var record = first(chat, slot: slot, isFresh: isFresh(chat, &identity))
                observe(chat, slot: slot, record)
                record.flags.insert(.dirty)
                chats.append(record)
                seen.append(true)
            }
        }
        countUsers()
    }

    /// Whether a chat that is seen for the first time counts from zero.
    private func isFresh(_ chat: PerfChat, _ identity: inout ProcessIdentity) -> Bool {
        let started = chat.present.contains(.startedAt) ? chat.startedAt : nil
        let returned = identity.observe(returned: .init(key: chat.key, startedAt: started ?? 0), at: at)
        guard previousAt != nil, !returned, !identity.isSeveral(asOf: at) else { return false }
        if sawRestart { return true }
        guard let started, let previousClock else { return false }
        return started >= previousClock
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
            step.starts = 1
            if chat.hasEnded { step.ends = 1 }
            if step.isProgress { record.flags.insert(.progressed) }
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
            record.flags.insert(.progressed)
        }
        let wasOpen = record.flags.contains(.open)
        if wasOpen, chat.hasEnded {
            step.ends = 1
            record.flags.remove(.open)
        } else if !wasOpen, chat.isOpen {
            step.starts = 1
            record.flags.insert(.open)
        }
        count(step, chat, slot, record)
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
        if step.ends != 0 { endings.append(record.flags.contains(.fresh) ? record.seenAfter : nil) }
        if step.turns > 0, chat.present.contains(.lastTurnSeconds), chat.lastTurnSeconds >= 0 {
            latencies.append(
                .init(app: UInt32(truncatingIfNeeded: slot), bucket: LatencyBuckets.bucket(chat.lastTurnSeconds)))
        }
    }

    /// What the chat shows at this moment.
    private mutating func observe(_ chat: PerfChat, slot: Int, _ record: ChatRecord) {
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
        let sinceQuiet = at - record.quietSince
        if age(chat, record) < Double(stalledAfter) {
            gauges[slot].young &+= 1
        } else if record.flags.contains(.progressed) && sinceQuiet < stalledAfter {
            gauges[slot].progressing &+= 1
        } else if sinceQuiet >= stalledAfter || !record.flags.isDisjoint(with: [.fresh, .progressed]) {
            gauges[slot].quiet &+= 1
            return
        } else {
            gauges[slot].unwatched &+= 1
            return
        }
        if chat.present.contains(.user) { activeUsers.append((slot, chat.user)) }
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
