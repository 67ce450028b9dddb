import Model

/// What the gates of all monitors counted, added up by the one that decides: its own counts with what the others' have grown by
/// since it first heard of them.
///
/// A sum may only grow, or a reader would take it for another process. So what a gate counted before anybody here knew of it says
/// nothing, a gate that began anew counts from zero, and one that goes takes nothing along.
public struct GateLedger: Sendable {
    private struct Known: Sendable {
        var counts: [String: GateCounts] = [:]
        var refusals: [String: Int] = [:]
    }

    /// By monitor, as it was heard last.
    private var known: [String: Known] = [:]
    /// By runtime and app, what others counted.
    private var apps: [String: [AppID: GateCounts.Starts]] = [:]
    private var others: [String: GateCounts.Starts] = [:]

    public init() {}

    /// Takes in what the other monitors say now, by name; those that are not among them are gone.
    ///
    /// - Parameter refused: told how many starts a lease refused elsewhere since the last time.
    public mutating func hear(_ reports: [(monitor: String, report: GateReport)], refused: (String, Int) -> Void) {
        for (monitor, report) in reports {
            let before = known[monitor]
            for (runtime, counts) in report.counts.inByteOrder(of: \.key) { add(counts, of: runtime, since: before) }
            // What it refused before it was known was told to whoever was the engine then.
            if let before {
                for (lease, count) in report.refusals.inByteOrder(of: \.key) {
                    let grown = count - (before.refusals[lease] ?? 0)
                    if grown > 0 { refused(lease, grown) }
                }
            }
        }
        known = Dictionary(reports.map { ($0.monitor, Known(counts: $0.report.counts, refusals: $0.report.refusals)) }) { first, _ in first
        }
    }

    private mutating func add(_ counts: GateCounts, of runtime: String, since before: Known?) {
        guard let before else { return }
        let last = before.counts[runtime].flatMap { $0.since == counts.since ? $0 : nil }
        var shown = Dictionary((last?.apps ?? []).map { ($0.app, $0.starts) }) { first, _ in first }
        for app in counts.apps {
            let grown = app.starts.grown(since: shown.removeValue(forKey: app.app) ?? GateCounts.Starts())
            if grown != GateCounts.Starts() { apps[runtime, default: [:]][app.app, default: GateCounts.Starts()].add(grown) }
        }
        // An app that is named no more is among the others from then on, with all that was counted of it.
        var named = last?.others ?? GateCounts.Starts()
        for starts in shown.values { named.add(starts) }
        others[runtime, default: GateCounts.Starts()].add(counts.others.grown(since: named))
    }

    /// What one gate counted, and the others with it.
    ///
    /// - Parameter own: of the gate beside whoever decides; its process stands for the sum.
    public func sum(_ own: GateCounts, of runtime: String) -> GateCounts {
        guard apps[runtime] != nil || others[runtime] != nil else { return own }
        var all = apps[runtime] ?? [:]
        for app in own.apps { all[app.app, default: GateCounts.Starts()].add(app.starts) }
        var sum = own
        sum.apps = all.map { GateCounts.App(app: $0.key, starts: $0.value) }.sorted { $0.app < $1.app }
        if let more = others[runtime] { sum.others.add(more) }
        // No reader takes more by name; what is too many counts for the runtime.
        for app in sum.apps.dropFirst(GateCounts.mostApps) { sum.others.add(app.starts) }
        sum.apps = Array(sum.apps.prefix(GateCounts.mostApps))
        return sum
    }
}

extension GateCounts.Starts {
    fileprivate mutating func add(_ more: Self) {
        allowed = min(GateCounts.most, allowed + more.allowed)
        refused = min(GateCounts.most, refused + more.refused)
    }

    /// What was counted since; nothing where it seems to have fallen.
    fileprivate func grown(since older: Self) -> Self {
        Self(allowed: max(0, allowed - older.allowed), refused: max(0, refused - older.refused))
    }
}
