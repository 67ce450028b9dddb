import Model

/// The starts of one runtime that the gate was asked about, by app: for the apps that it follows, and for all others
/// together. Whoever invents ids makes it hold nothing.
///
/// Counting a followed app is one look-up, and allocates nothing.
struct StartTally: Sendable {
    /// Apps with longer ids (bytes) are among the others.
    static let longestID = 256

    /// As they were given last, those that were too many or too long among them.
    private(set) var followed: [AppID] = []
    private var slots: [AppID: Int] = [:]
    /// By slot; nil is free.
    private var apps: ContiguousArray<AppID?> = []
    private var counts: ContiguousArray<GateCounts.Starts> = []
    private var free: [Int] = []
    private var others = GateCounts.Starts()

    mutating func count(_ app: AppID, isRefused: Bool) {
        if let slot = slots[app] {
            if isRefused { counts[slot].refused += 1 } else { counts[slot].allowed += 1 }
        } else if isRefused {
            others.refused += 1
        } else {
            others.allowed += 1
        }
    }

    /// What it takes to follow other apps than before; made outside the gate's lock.
    struct Change {
        let followed: [AppID]
        let added: [AppID]
        let removed: [AppID]

        init(from old: [AppID], to new: [AppID]) {
            let (before, after) = (Change.taken(old), Change.taken(new))
            let (known, wanted) = (Set(before), Set(after))
            followed = new
            added = after.filter { !known.contains($0) }
            removed = before.filter { !wanted.contains($0) }
        }

        private static func taken(_ apps: [AppID]) -> ArraySlice<AppID> {
            apps.filter { $0.bytes.count <= StartTally.longestID }.prefix(GateCounts.mostApps)
        }
    }

    mutating func apply(_ change: Change) {
        followed = change.followed
        for app in change.removed {
            guard let slot = slots.removeValue(forKey: app) else { continue }
            others.allowed += counts[slot].allowed
            others.refused += counts[slot].refused
            counts[slot] = GateCounts.Starts()
            apps[slot] = nil
            free.append(slot)
        }
        for app in change.added where slots[app] == nil {
            if let slot = free.popLast() {
                apps[slot] = app
                slots[app] = slot
            } else {
                slots[app] = apps.count
                apps.append(app)
                counts.append(GateCounts.Starts())
            }
        }
    }

    /// The counts of a moment: what is copied under the gate's lock.
    var snapshot: Snapshot {
        // A copy of its own: the next count must not have to make one.
        Snapshot(apps: apps, counts: counts.withUnsafeBufferPointer { Array($0) }, others: others)
    }

    struct Snapshot: Sendable {
        fileprivate let apps: ContiguousArray<AppID?>
        fileprivate let counts: [GateCounts.Starts]
        fileprivate let others: GateCounts.Starts

        func counts(since: Timestamp) -> GateCounts {
            var named: [GateCounts.App] = []
            for (app, starts) in zip(apps, counts) where starts != GateCounts.Starts() {
                if let app { named.append(GateCounts.App(app: app, starts: starts)) }
            }
            named.sort { $0.app < $1.app }
            return GateCounts(since: since.description, apps: named, others: others)
        }
    }
}
