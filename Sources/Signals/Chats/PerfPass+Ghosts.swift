import Model

/// Ghosts: runs that nobody ended and that do not run any more.
extension PerfPass {
    /// A run that has not ended.
    struct Open {
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
        /// The workflow's slot, where workflows are counted.
        var flow: Int32
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
            if let socketCount { sense.counts.add(socketCount) }
            for began in [sense.exhausted(), sense.counts.emptied].compactMap(\.self) {
                for place in open.indices where isSettled(open[place]) && !open[place].isMoving {
                    guard let own = open[place].began, own <= began else { continue }
                    mark(place, true, &chats)
                    sense.foundGhost(began: own)
                }
            }
            bound = running(&sense, least: least, most: most, limit: limit)
        }
        count(sense)
    }

    /// What websockets say of how many of those that are held for no ghosts run.
    private func running(_ sense: inout GhostSense, least: Int64, most: Int64, limit: Int64) -> RunGauges.SocketBound {
        let standing = open.filter { !$0.isGhost }
        let began = standing.map { $0.began ?? .max }.sorted()
        // Of one that does not say when it began it is not known at which polls it stood open.
        if began.last != .max { sense.counts.learn(began: began) }
        // The youngest may still wait for theirs.
        var sure = most + Int64(began.count { $0 > limit })
        let told = sense.counts.most(at: at, began: began)
        let moving = Int64(standing.count(where: \.isMoving))
        if let most = told.sure { sure = min(sure, max(most, moving)) }
        let shown = Int64(standing.count { $0.kind == .young || $0.kind == .progressing })
        var doubtful = min(sure, told.likely.map { max($0, moving) } ?? .max)
        if !isSighted {
            // How both grew tells most of the time, and not for certain: websockets of before may have been those of runs that
            // were too young to be counted then.
            let settled = began.filter { $0 <= limit }
            let balance = GhostSense.Balance(at: at, began: limit, open: Int64(settled.count), least: least, most: most)
            let unmatched = sense.unmatched(balance, within: stalledAfter, began: settled)
            if unmatched > 0 { doubtful = min(doubtful, shown - unmatched) }
        }
        return doubtful < sure && RunGauges.excess(of: shown, over: doubtful) > 0 ? .doubtful(max(0, doubtful)) : .most(max(0, sure))
    }

    private mutating func mark(_ place: Int, _ isGhost: Bool, _ chats: inout ChatTable) {
        open[place].isGhost = isGhost
        var record = chats[open[place].index]
        if isGhost { record.flags.insert(.ghost) } else { record.flags.remove(.ghost) }
        record.flags.insert(.dirty)
        chats[open[place].index] = record
    }

    mutating func count(_ sense: GhostSense) {
        let overtaken = isSighted ? sense.overtaken : nil
        let quietAge = Double(sense.quietAge(stalledAfter))
        for run in open {
            let isOvertaken =
                run.isIdle && !uncounted[run.slot] && run.age >= quietAge
                && overtaken.map { (run.began ?? .max) < $0 } ?? false
            if run.isGhost || isOvertaken {
                gauges[run.slot].ghosts &+= 1
                flows?.countGhost(of: run.flow)
                continue
            }
            gauges[run.slot].count(run.kind)
            flows?.count(run.kind, of: run.flow)
            guard run.kind == .young || run.kind == .progressing, let user = run.user else { continue }
            activeUsers.append((run.slot, user))
        }
        countUsers()
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
}
