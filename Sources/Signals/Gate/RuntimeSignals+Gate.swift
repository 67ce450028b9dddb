import Model

/// What the newest perf answers show of some apps: what the gate needs to tell a new run from one that goes on.
public struct RunningChats: Hashable, Sendable {
    /// One app's.
    public struct App: Hashable, Sendable {
        /// Runs that really run, `active_runs`: neither stalled ones nor ghosts. Nil when that cannot be told.
        public var active: Int?
        /// Where figures contradict each other: so many run at the least.
        public var least: Int?
        /// How many starts of this app were ever seen: it grows by those that a new answer shows.
        public var starts: Int64
        /// The chats that have not ended, by the hashes of their ids, whatever else is thought of them. Nil when there are more
        /// than ``mostChats``.
        public var open: Set<StableHash>?
        /// Those of them that are known for ghosts: they are not in ``active``.
        public var ghosts: Set<StableHash> = []
        /// No process has the extension: what runs is worked out, and not told by the runtime itself.
        public var isWorkedOut = true
    }

    /// Of so many open chats of one app the ids are told: 2 MB.
    public static let mostChats = 65_536

    /// When the oldest of those answers was asked for: what began before is surely in it.
    public var at: Timestamp
    /// In the order asked for; an app that the runtime has not shown has none.
    public var apps: [App]
}

extension RuntimeSignals {
    /// What the newest perf answers of all replicas show of some apps. Nil while a replica has no usable answer.
    ///
    /// One pass over what is remembered of the chats: for the few apps under a lease, not for all.
    public func runningChats(of apps: [AppID]) -> RunningChats? {
        let evaluation = Evaluation(self, at: newestAt)
        let sums = evaluation.openRuns(asOf: newestAt, checksNow: true)
        guard sums.missing == nil else { return nil }
        var asked = Int64.max
        for replica in evaluation.present {
            guard let newest = replica.perf.newest, !replica.log.rows.isEmpty else { return nil }
            asked = min(asked, newest.at - Int64(newest.elapsedMilliseconds.rounded(.up)))
            // What runs is of the extension's page, where there is one: what was let in after that was asked for is in neither.
            if replica.insideFigures(asOf: newestAt, options) != nil, let inside = replica.inside.newest {
                asked = min(asked, inside.at - Int64(inside.elapsedMilliseconds.rounded(.up)))
            }
        }
        guard asked != .max else { return nil }
        var found = apps.map { _ in RunningChats.App(active: 0, starts: 0, open: []) }
        var places: [UInt32: Int] = [:]
        for (place, app) in apps.enumerated() {
            let coming = evaluation.present.reduce(0) { $0 + ($1.insideFigures(asOf: newestAt, options)?.coming[app] ?? 0) }
            found[place].active = Int(clamping: coming)
            found[place].isWorkedOut = !evaluation.present.contains { $0.inside.newest?.figures != nil }
            guard let slot = shared.apps.slot(of: app) else { continue }
            places[UInt32(truncatingIfNeeded: slot)] = place
            if slot < sums.apps.count {
                let reading = evaluation.rules.gauge(.activeRuns, sums.apps[slot], total: sums.total)
                found[place].active = reading.value.flatMap { Int(exactly: $0.rounded()) }.map { $0 + Int(clamping: coming) }
                found[place].least = evaluation.rules.floor(.activeRuns, sums.apps[slot], total: sums.total).map { Int($0) }
            }
            for replica in evaluation.present where slot < replica.totals.count { found[place].starts += replica.totals[slot].starts }
        }
        guard !places.isEmpty else { return RunningChats(at: Timestamp(milliseconds: asked), apps: found) }
        for replica in evaluation.present {
            for index in 0..<replica.chats.count {
                let chat = replica.chats[index]
                guard chat.flags.contains(.open), let place = places[chat.app] else { continue }
                guard let known = found[place].open?.count else { continue }
                if known < RunningChats.mostChats { found[place].open?.insert(chat.key) } else { found[place].open = nil }
                if chat.flags.contains(.ghost), known < RunningChats.mostChats { found[place].ghosts.insert(chat.key) }
            }
        }
        return RunningChats(at: Timestamp(milliseconds: asked), apps: found)
    }
}
