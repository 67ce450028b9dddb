import Guard
import Model
import Notify

extension Overview {
    /// What is done about an incident, what is not and why, in sentences; empty when nothing is.
    /// - Parameter moment: writes a moment by the reader's clocks.
    public func handling(of incident: Incident, _ moment: (Timestamp) -> String) -> [String] {
        var lines = leases(of: incident).map { lease in
            "\(leaseSights[lease.id]?.remark(lease.key.app) ?? "done"): \(Overview.words(lease, leaseSights[lease.id], moment))"
        }
        lines += approvals(of: incident).map { "waits for you: \($0.effect) for \($0.key.app), \($0.ttl)" }
        var newest: [LeaseKey: ActionDecision] = [:]
        for decision in incident.decisions { newest[decision.key] = decision }
        for decision in incident.decisions where newest[decision.key] == decision {
            switch decision.verdict {
            case .refused(let refusal):
                // How long ago something was, and how much longer it takes, is of then.
                lines.append("not done at \(moment(decision.at)): \(decision.effect) for \(decision.key.app): \(refusal.text)")
            case .wouldHave: lines.append("would have done (mode observe): \(decision.effect) for \(decision.key.app)")
            case .wouldAsk: lines.append("would ask a person (mode observe): \(decision.effect) for \(decision.key.app)")
            case .act, .needsApproval, .alreadyInForce: break
            }
        }
        return lines + (circumstances[incident.id] ?? [])
    }

    /// The same for a screen, which says so where nothing is done. A field of an incident that people are to see on every screen
    /// gets its line in `handling`, and nowhere else.
    public func handled(_ incident: Incident, _ moment: (Timestamp) -> String) -> [String] {
        let lines = handling(of: incident, moment)
        return lines.isEmpty ? ["nothing is done about it by itself"] : lines
    }

    /// Leases as a screen has room for them: many of which nothing differs than the app and the moments as one, as of incidents.
    public var leaseGroups: [[Lease]] {
        struct Key: Hashable {
            let effect: String
            let runtime: String
            let state: Lease.State
            let sight: LeaseSight?
        }
        func keyed(_ lease: Lease) -> Key {
            Key(effect: "\(lease.effect)", runtime: lease.key.runtime, state: lease.state, sight: leaseSights[lease.id])
        }
        return OpenGroups.gathered(leases, by: keyed)
    }

    /// `throttle to 2 runs at once for 10 apps of shared, until 22:13:00`, with what is to be said of it besides.
    public func words(ofGroup leases: [Lease], _ moment: (Timestamp) -> String) -> String {
        guard let first = leases.min(by: { $0.expiresAt < $1.expiresAt }) else { return "" }
        let sight = leaseSights[first.id]
        guard leases.count > 1 else {
            return Overview.words(first, sight, moment) + (sight?.remark(first.key.app).map { ": \($0)" } ?? "")
        }
        let differ = leases.contains { $0.expiresAt != first.expiresAt }
        let whom = "\(leases.count) apps of \(Shown.id(first.key.runtime))"
        return Overview.words(first, whom, sight) { moment($0) + (differ ? " at the earliest" : "") }
            + (sight?.remarkOfSeveral.map { ": \($0)" } ?? "")
    }

    /// A lease as a phrase: `throttle … for app_a, until …`.
    /// - Parameter sight: whether anything was seen to hold the app to it: the gate has what it was just given before that is looked at.
    public static func words(_ lease: Lease, _ sight: LeaseSight?, _ moment: (Timestamp) -> String) -> String {
        words(lease, "\(lease.key.app)", sight, moment)
    }

    private static func words(
        _ lease: Lease, _ whom: String, _ sight: LeaseSight?, _ moment: (Timestamp) -> String
    ) -> String {
        let what = "\(lease.effect) for \(whom)"
        return switch lease.state {
        case .intended where sight != .unasked: "\(what), not there yet"
        case .intended, .inForce: "\(what), until \(moment(lease.expiresAt))"
        case .reverting, .ended: "\(what), being undone"
        }
    }
}

extension Incident {
    /// Since when its condition has not been true any more, while it is not over yet; nil while it is true or not known.
    public var quietSince: Timestamp? {
        guard resolvedAt == nil, let last = transitions.last, last.to == .clearing else { return nil }
        return last.at
    }
}

extension Incident {
    /// The stretches in which its condition was not true and after which it was true again, oldest first. It stayed open through
    /// them.
    public var lulls: [Range<Timestamp>] {
        var found: [Range<Timestamp>] = []
        for (before, after) in zip(transitions, transitions.dropFirst())
        where before.to == .clearing && after.from == .clearing && after.to == .firing && before.at < after.at {
            found.append(before.at..<after.at)
        }
        return found
    }

    /// `but not from 22:04:10 to 22:08:14`, for behind since when it is so; nil where it was so all the time.
    /// - Parameter moment: writes a moment by the reader's clocks.
    public func interrupted(_ moment: (Timestamp) -> String) -> String? {
        guard let last = lulls.last else { return nil }
        let times = lulls.count == 1 ? "" : " \(lulls.count) times, the last"
        return "but not\(times) from \(moment(last.lowerBound)) to \(moment(last.upperBound))"
    }
}

extension Incident {
    /// `, lasted 10m1s, not so for 4m9s of it`; empty where it is not known.
    public var lastedWords: String {
        guard let lasted else { return "" }
        let well = lulls.reduce(TimeSpan.zero) { $0 + ($1.upperBound - $1.lowerBound) }
        return ", lasted \(lasted.brief)" + (well > .zero ? ", not so for \(well.brief) of it" : "")
    }
}

extension Incident {
    /// `came back twice, last at 22:08:14`; nil where it never did.
    /// - Parameter moment: writes a moment by the reader's clocks.
    public func returned(_ moment: (Timestamp) -> String) -> String? {
        guard flaps > 0 else { return nil }
        let last = transitions.last { $0.to == .firing && $0.from != .clearing }
        let times = flaps == 1 ? "once" : flaps == 2 ? "twice" : "\(flaps) times"
        return "came back \(times)" + (last.map { ", last at \(moment($0.at))" } ?? "")
    }

    /// Of which users and workflows its app's open runs were, when that was last looked at; nil where nobody looked.
    public var weight: HandlingNote? { handling.last { $0.kind == .note && $0.by.isSame(as: Wording.weigher) } }
    /// Which replicas do not answer, what they say of it and when they last did; nil where they do.
    public var answer: HandlingNote? { handling.last { $0.kind == .note && $0.by.isSame(as: Wording.listener) } }

    /// The same for a screen that is read at a glance: of each replica what came and when it was well, without how and figures.
    public var answerBriefly: String? {
        answer.map { answer in
            answer.text.replacing(bytesOf: " · ", with: "\n").split(separator: "\n").map(Incident.brief).joined(separator: " · ")
        }
    }

    private static func namesFault(_ part: String) -> Bool {
        ["Mongo", "mongo", "unhealthy"].contains { part.firstIndex(ofBytes: $0) != nil }
    }

    private static func brief(_ replica: Substring) -> String {
        let parts = replica.split(separator: ";").map { String($0.drop { $0 == " " }) }
        let first = parts.first ?? ""
        // What names the part that fails is what a reader looks for, wherever it stands.
        let said = namesFault(first) ? first[...] : first[..<(first.firstIndex(ofBytes: " (") ?? first.endIndex)]
        let faults = parts.dropFirst().filter { namesFault($0) && !$0.hasPrefix("last healthy at ") }
        let last = parts.dropFirst().last { $0.hasPrefix("last healthy at ") || $0.hasPrefix("not seen healthy ") }
        return ([String(said)] + faults).joined(separator: "; ") + (last.map { "; \($0.prefix { $0 != "," })" } ?? "")
    }
}

extension Overview {
    /// The first thing about an incident that was wanted and not done, in words that need no policy at hand; nil without any.
    public func refused(of incident: Incident, _ moment: (Timestamp) -> String) -> String? {
        var newest: [LeaseKey: ActionDecision] = [:]
        for decision in incident.decisions { newest[decision.key] = decision }
        for decision in incident.decisions where newest[decision.key] == decision {
            let what = "\(decision.effect) for \(decision.key.app)"
            switch decision.verdict {
            case .refused(let refusal): return "not done at \(moment(decision.at)): \(what): \(refusal.briefly)"
            case .wouldHave: return "would have done (mode observe): \(what)"
            case .wouldAsk: return "would ask a person (mode observe): \(what)"
            case .act, .needsApproval, .alreadyInForce: break
            }
        }
        return nil
    }
}

extension Refusal {
    /// Without the conditions and series that a policy names: those stand where there is room for them.
    fileprivate var briefly: String {
        let gap = " is missing: "
        switch step {
        case .evidence:
            return text.firstIndex(ofBytes: gap).map { "what it takes to know is missing: \(text[$0...].dropFirst(gap.count))" } ?? text
        case .onlyIf: return text.hasPrefix("not needed now") ? "not needed now" : "whether it is needed is not known"
        default: return text
        }
    }
}
