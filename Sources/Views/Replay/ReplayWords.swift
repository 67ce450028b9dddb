import Cycle
import Model
import Policy

/// What a replay says of itself at its end.
public enum ReplayCaveat {
    /// Of every source.
    public static let counterfactual =
        "The evidence was recorded under the actions of that time. A throttle that is only proposed would have changed what "
        + "came after it; one that was in force then still shows in the evidence."
    /// Of the history.
    public static let minutes =
        "History knows minutes, not polls. A tick stands at the end of each minute, so an incident may open or end up to a "
        + "minute later than live, and what came and went within a minute is not seen. Windows are whole minutes."
    /// Of what begins without the decisions before it.
    public static let beginning =
        "It begins without open incidents: what was open at the beginning opens once its condition has held anew."
    /// Of the history.
    public static let people =
        "Acknowledgements, silences, reverted actions, the kill switch and reloads are not in the history; tapes have them."

    /// Of the history, what rules of these policies go by that it has not: pages of metrics, workflows.
    public static func lacking(_ policies: [PolicySet]) -> [String] { [metrics(policies), workflows(policies)].compactMap { $0 } }

    /// Of the history, where rules of these policies read pages of metrics; nil where none does.
    public static func metrics(_ policies: [PolicySet]) -> String? {
        named(policies) { $0.when.readings.contains { $0.series.signal == .metric } }.map {
            "Metrics of the runtime's own pages are not in the history, so what rules read of them is missing; tapes have them: \($0)."
        }
    }

    /// Of the history, where rules of these policies are on workflows; nil where none is.
    public static func workflows(_ policies: [PolicySet]) -> String? {
        named(policies) { $0.subject == .workflow }.map {
            "Minutes tell of apps and not of their workflows, so rules on workflows are not judged; tapes have them: \($0)."
        }
    }

    /// The first few rules that pass, by name; nil where none does.
    private static func named(_ policies: [PolicySet], _ isMeant: (Rule) -> Bool) -> String? {
        let names = Array(Set(policies.flatMap(\.allRules).filter(isMeant).map(\.name))).inByteOrder()
        guard !names.isEmpty else { return nil }
        return names.prefix(5).joined(separator: ", ") + (names.count > 5 ? " and \(names.count - 5) more" : "")
    }
}

extension ReplayComparison {
    /// `3 fewer pages; app-shop would have been throttled twice, 14m`
    public var headline: String {
        let (old, new) = (ReplayComparison.total(old), ReplayComparison.total(new))
        func difference(_ old: Int, _ new: Int, _ noun: String, _ behind: String = "") -> String? {
            guard old != new else { return nil }
            let count = abs(new - old)
            return "\(count) \(new < old ? "fewer" : "more") \(noun)\(count == 1 ? "" : "s")\(behind)"
        }
        let parts =
            [difference(old.pages, new.pages, "page"), difference(old.incidents, new.incidents, "incident")].compactMap { $0 }
            + underAction + [difference(old.offers, new.offers, "approval", " asked for")].compactMap { $0 }
        if parts.isEmpty, pairs.contains(where: { !$0.isSame }) {
            return "No difference in number; when they open and end, how severe they are, or what is done differs."
        }
        return parts.isEmpty ? "No difference in incidents, pages and actions." : parts.joined(separator: "; ") + "."
    }

    /// A phrase for each app whose actions differ.
    private var underAction: [String] {
        struct Key: Hashable {
            let app: AppID
            let kind: ActionKind
        }
        func sums(_ story: ReplayStory) -> [Key: (count: Int, time: TimeSpan)] {
            var sums: [Key: (count: Int, time: TimeSpan)] = [:]
            for lease in story.leases {
                let key = Key(app: lease.key.app, kind: lease.key.kind)
                let before = sums[key] ?? (0, .zero)
                sums[key] = (before.count + 1, before.time + story.duration(of: lease))
            }
            return sums
        }
        func times(_ count: Int) -> String { count == 1 ? "once" : count == 2 ? "twice" : "\(count) times" }
        let (old, new) = (sums(old), sums(new))
        let keys = Set(old.keys).union(new.keys).sorted { ($0.app, $0.kind.rawValue) < ($1.app, $1.kind.rawValue) }
        return keys.compactMap { key in
            let (was, now) = (old[key] ?? (0, .zero), new[key] ?? (0, .zero))
            guard was.count != now.count || was.time != now.time else { return nil }
            let done = ReplayComparison.participle(key.kind)
            guard now.count > 0 else {
                return "\(Shown.id(key.app.text)) would not have been \(done) (now \(times(was.count)), \(was.time.brief))"
            }
            let before = was.count > 0 ? " (now \(times(was.count)), \(was.time.brief))" : ""
            return "\(Shown.id(key.app.text)) would have been \(done) \(times(now.count)), \(now.time.brief)\(before)"
        }
    }

    private static func participle(_ kind: ActionKind) -> String {
        switch kind {
        case .throttle: "throttled"
        case .pause: "paused"
        case .disablePack: "without a pack"
        case .notify: "notified"
        }
    }
}

extension ReplayComparison.Pair {
    /// How an incident of both stories differs: `opens 3m later`, `lasts 12m (now 4m)`. Empty where only one story has it.
    public var differences: [String] {
        guard let old, let new else { return [] }
        var parts: [String] = []
        if old.openedAt != new.openedAt {
            let later = new.openedAt > old.openedAt
            let span = later ? new.openedAt - old.openedAt : old.openedAt - new.openedAt
            parts.append("opens \(span.brief) \(later ? "later" : "earlier")")
        }
        if old.resolvedAt != new.resolvedAt { parts.append("lasts \(new.lastedInWords) (now \(old.lastedInWords))") }
        if old.severity != new.severity { parts.append("is \(new.severity) (now \(old.severity))") }
        if old.flaps != new.flaps { parts.append("opens again \(new.flaps)× (now \(old.flaps)×)") }
        if parts.isEmpty { parts.append("other actions") }
        return parts
    }
}

extension Incident {
    /// `12m`, or `to the end`: in a story of the past.
    public var lastedInWords: String { lasted?.brief ?? "to the end" }
}
