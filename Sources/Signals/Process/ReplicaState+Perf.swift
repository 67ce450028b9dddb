import Model

extension ReplicaState {
    /// Takes in a perf body: what changed for each chat since the last one, and what is open now.
    /// `clock` is the runtime's at the answer, ms.
    mutating func ingest(
        _ table: PerfTable, at: Int64, clock: Int64, isWatched: Bool, _ shared: inout SharedState,
        _ others: OtherReplicas, _ options: SignalOptions
    ) -> PerfFigures {
        decideSilentEnds(isWatched: isWatched)
        identity.isMarked = identity.lastMarkAt.map { at - $0 <= maxGap(.events, options) } ?? false
        var pass = PerfPass(
            self, table, at: at, clock: clock, isWatched: isWatched, stalledAfter: options.stalledAfter.milliseconds,
            slots: shared.apps.slots(of: table.apps), capacity: shared.apps.capacity, shared,
            others, sockets: sockets(at: at, options))
        for slot in pass.slots { shared.apps.lastSeen[slot] = at }
        if options.tracksWorkflows {
            // Moved there and back: a copy of it would be made of all workflows at each answer.
            var directory = FlowDirectory()
            swap(&directory, &shared.flows.directory)
            pass.flows = FlowPass(directory)
        }
        pass.run(table, &chats, &identity)
        pass.settle(&chats, &ghosts, shared)
        pass.flows?.settle(&flows, &shared, at: at, isWatched: isWatched)
        while shared.longEnds.count < pass.capacity { shared.longEnds.append(SharedState.LongEnds()) }
        for end in pass.longEnds {
            if end.worked { shared.longEnds[end.slot].worked &+= 1 } else { shared.longEnds[end.slot].silent &+= 1 }
            // Halved now and then: what an app runs changes, and so does what of it is counted.
            if shared.longEnds[end.slot].worked > 1_000 || shared.longEnds[end.slot].silent > 1_000 {
                shared.longEnds[end.slot].worked /= 2
                shared.longEnds[end.slot].silent /= 2
            }
        }
        dropVanished(pass, at: at, &shared, options)

        if pass.sawTurn { shared.lastTurnAt = max(shared.lastTurnAt, at) }
        let totalsOfBody = table.totals
        shared.counters.insert(moved: pass.moved | PerfPass.moved(in: totalsOfBody))
        endedChats = pass.endedChats
        sharedChats = pass.sharedChats

        var whole = RunGauges()
        for gauges in pass.gauges { whole.add(gauges) }
        whole.socketBound = pass.bound
        if isWatched {
            while totals.count < pass.capacity { totals.append(AppTotals()) }
            for slot in pass.touched {
                totals[slot].add(pass.increments[slot])
                total.add(pass.increments[slot])
            }
            shared.latencies.append(pass.latencies, at: at)
            Clamp.add(&judgedEnds, pass.workedEnds + pass.idleEnds)
            Clamp.add(&silentEnds, pass.idleEnds)
            undecidedEnds = Int64(pass.endings.count)
            let lastTurn = shared.lastTurnAt
            let silent = pass.endings.filter { lastTurn <= Int64($0.seenAfter) * 1_000 }
            undecidedSilent = silent.filter { !$0.isQuick }.map(\.seenAfter)
            undecidedQuick = silent.filter(\.isQuick).map(\.seenAfter)
        }
        while totals.count < pass.capacity { totals.append(AppTotals()) }
        log.append(
            PerfRow(
                apps: totals, gauges: pass.gauges, total: total, totalGauges: whole, judgedEnds: judgedEnds,
                silentEnds: silentEnds),
            at: at, isWatched: isWatched)
        restart = nil
        return pass.figures(totalsOfBody, apps: table.apps.count)
    }

    /// Judges the runs that ended in the last poll and have no counters of their own, now that the events endpoint has
    /// spoken since. Without its word nothing can be said of them; nor of those that were over at once and called no model:
    /// the runtime answers from a cache, too.
    private mutating func decideSilentEnds(isWatched: Bool) {
        defer {
            undecidedEnds = 0
            undecidedSilent = []
            undecidedQuick = []
        }
        guard undecidedEnds > 0, isWatched, let endedAt = log.axis.last,
            events.entries.contains(where: { $0.at >= endedAt && $0.figures?.usageDelta != nil })
        else { return }
        let grewAt = lastUsageGrowthAt
        func callless(_ runs: [UInt32]) -> Int64 { Int64(runs.count { grewAt <= Int64($0) * 1_000 }) }
        Clamp.add(&judgedEnds, max(0, undecidedEnds - callless(undecidedQuick)))
        Clamp.add(&silentEnds, callless(undecidedSilent))
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
        identity.observe(vanished: vanished, hasMark: identity.isMarked, at: at)
    }
}
