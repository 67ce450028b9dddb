import Model
import Policy

/// Where one rule stands on one subject, while it is not inactive. An inactive rule has no state: idle costs nothing.
///
/// All moments here are those of observations, never of ticks: however often it is looked at, the same answers of the
/// runtime lead to the same states.
struct RuleState: Hashable, Sendable {
    /// Pending, firing or clearing.
    var phase: Phase
    /// The first observation of the unbroken run of known-true ones.
    var since: Timestamp
    /// The newest observation that the state has taken in.
    var observed: Timestamp
    /// The newest observation at which the condition was known. While pending, it was true then, or false in a dip.
    var known: Timestamp
    /// How much of the time from then until the rule fired the condition was not known. It does not end what is held, and is told.
    var blind = TimeSpan.zero
    /// While pending: how much of the time since then the condition was known to be false, in dips that its rule allows.
    /// That is not held.
    var dipped = TimeSpan.zero
    /// While pending: how long the condition held before the process died under it, on evidence of that time.
    var before = TimeSpan.zero
    /// The newest observation at which the condition was true.
    var seenTrue: Timestamp
    /// What the condition said at the newest observation.
    var truth: Truth
    /// While clearing, and in a dip of what is pending: the first observation of the unbroken run of known-false ones.
    var falseSince: Timestamp?
    /// The rule that keeps this one from opening an incident or asking for actions.
    var suppressedBy: String?
    /// While pending: the readings so far. Afterwards they go on in the incident.
    var evidence: [EvidenceSeries]
    /// While firing or clearing: the fingerprint of its incident.
    var incident: String?

    /// The lengths of time that one rule works with now.
    struct Timing: Hashable {
        let hold: TimeSpan
        let dips: TimeSpan
        /// A poll and a half: polls do not come on the dot.
        let slack: TimeSpan
        let clearAfter: TimeSpan
        let maxGap: TimeSpan
    }

    /// A change of phase and the sentence that explains it.
    struct Change: Hashable {
        let from: Phase
        let to: Phase
        let reason: String
    }

    /// A rule whose condition is seen true for the first time.
    init(firstTrue at: Timestamp) {
        phase = .inactive
        since = at
        observed = at
        known = at
        seenTrue = at
        truth = .yes
        evidence = []
    }

    /// The first step of a new state: pending, or firing at once where nothing has to be held.
    mutating func start(_ timing: Timing, suppressor: String?) -> Change {
        suppressedBy = suppressor
        let fires = timing.hold <= before && suppressor == nil
        defer { if fires { before = .zero } }
        return move(to: fires ? .firing : .pending, "condition true" + beforeText)
    }

    /// Takes in what the condition says at an observation. Nil when the phase stays.
    ///
    /// An observation that is not newer than the last one moves nothing: timers advance on evidence alone.
    /// - Parameter restart: when the process was last seen to have been replaced, where that cuts short what is held.
    mutating func advance(
        _ truth: Truth, at: Timestamp, _ timing: Timing, suppressor: String?, restart: Timestamp? = nil
    ) -> Change? {
        let before = suppressedBy
        suppressedBy = suppressor
        guard at > observed else { return nil }
        observed = at
        let wasBlind = !self.truth.isKnown
        self.truth = truth
        // A longer stretch without knowledge than this is a hole: what was held before it does not count.
        let isHole = at - known > timing.maxGap
        if phase == .pending, truth == .yes, isHole { self.before = restart.map { $0 > seenTrue ? held : .zero } ?? .zero }
        defer { if truth == .yes { seenTrue = at } }
        switch phase {
        case .inactive: return nil
        case .pending: return advancePending(truth, at, timing, isHole, wasBlind: wasBlind, quietedBy: suppressor ?? before)
        case .firing: return advanceFiring(truth, at, timing)
        case .clearing: return advanceClearing(truth, at, timing, isHole)
        }
    }

    private mutating func advancePending(
        _ truth: Truth, _ at: Timestamp, _ timing: Timing, _ isHole: Bool, wasBlind: Bool, quietedBy cause: String?
    ) -> Change? {
        switch truth {
        case .unknown, .noTraffic: return nil
        case .no:
            if !isHole, isDip(at, timing) {
                falseSince = falseSince ?? at
                known = at
                return nil
            }
            defer { known = at }
            falseSince = nil
            return move(to: .inactive, whyNot(at, timing, isHole, cause))
        case .yes:
            if isHole {
                (since, blind, dipped) = (at, .zero, .zero)
            } else if let began = falseSince {
                dipped = dipped + (at - began)
            } else if wasBlind {
                blind = blind + (at - known)
            }
            known = at
            falseSince = nil
            let held = at - since - dipped
            guard held + before >= timing.hold, suppressedBy == nil else { return nil }
            let part =
                (dipped > .zero ? " in \((at - since).brief)" : "")
                + (blind > .zero ? ", not known for \(blind.brief) of it" : "") + beforeText
            // How much of it was not known stays: who is told is one thing, who is acted upon another.
            (dipped, before) = (.zero, .zero)
            return move(to: .firing, "condition true for \(held.brief)\(part)")
        }
    }

    /// While pending: how long the condition was seen to hold, before the process died and since.
    var held: TimeSpan { before + max(.zero, seenTrue - since - blind - dipped) }

    /// Whether a condition that is waited for, and is false now, may be so for a while. What is more often false than true
    /// is not waited for.
    private func isDip(_ at: Timestamp, _ timing: RuleState.Timing) -> Bool {
        guard timing.dips > .zero else { return false }
        let began = falseSince ?? at
        let length = at - began
        return length <= timing.dips && dipped + length <= began - since - dipped + timing.slack
    }

    private var beforeText: String { before > .zero ? ", and for \(before.brief) before the restart" : "" }

    /// Why a condition that was true is false again and never fired. What it held is known up to the last time it was seen.
    private func whyNot(_ at: Timestamp, _ timing: Timing, _ isHole: Bool, _ cause: String?) -> String {
        let held = seenTrue - since - dipped
        let text = held > .zero ? "condition false after \(held.brief)" : "condition false at the next look"
        if isHole { return text + ", and not known for \((at - known).brief) before" }
        guard held >= timing.hold || at - since - dipped >= timing.hold, let cause else {
            return text + ", before it held for \(timing.hold)"
        }
        return text + ", kept quiet by \(cause)"
    }

    private mutating func advanceFiring(_ truth: Truth, _ at: Timestamp, _ timing: Timing) -> Change? {
        switch truth {
        case .unknown: return nil
        case .yes:
            known = at
            return nil
        case .no, .noTraffic:
            known = at
            falseSince = at
            let what = truth == .no ? "condition false" : "nothing left to measure"
            return move(to: timing.clearAfter <= .zero ? .inactive : .clearing, what)
        }
    }

    private mutating func advanceClearing(_ truth: Truth, _ at: Timestamp, _ timing: Timing, _ isHole: Bool) -> Change? {
        switch truth {
        case .unknown: return nil
        case .yes:
            known = at
            falseSince = nil
            return move(to: .firing, "condition true again")
        case .no, .noTraffic:
            if isHole { falseSince = at }
            known = at
            let held = at - (falseSince ?? at)
            guard held >= timing.clearAfter else { return nil }
            return move(to: .inactive, "condition false for \(held.brief)")
        }
    }

    /// Whether it explains what else is seen: it fires, or was false for less than `clearAfter`. A rule that waits longer
    /// until it calls its own incident over does so for the sake of that; what is seen meanwhile has another cause.
    func isCause(_ clearAfter: TimeSpan) -> Bool {
        switch phase {
        case .inactive, .pending: false
        case .firing: true
        case .clearing: falseSince.map { known - $0 < clearAfter } ?? true
        }
    }

    /// Leaves for a cause other than evidence.
    mutating func remove(_ reason: String) -> Change { move(to: .inactive, reason) }

    private mutating func move(to next: Phase, _ reason: String) -> Change {
        defer { phase = next }
        return Change(from: phase, to: next, reason: reason)
    }
}
