import Engine
import Model
import Policy
import Signals

/// The guard's steps over one wanted action. Pure questions: nothing here changes anything.
///
/// Each step is nil, or the verdict that ends the questioning; the first one wins. An approval, once it exists, runs the
/// same steps again and passes those that only a person can pass.
struct GuardSteps {
    let state: GuardState
    let context: GuardContext
    let policies: PolicySet
    let readings: ReadingTable
    let own: GuardReadings
    let now: Timestamp
    /// Whether a person approved exactly this.
    let isApproved: Bool

    private var options: GuardOptions { context.options }

    /// The same where a person has said yes.
    var onceApproved: GuardSteps {
        GuardSteps(state: state, context: context, policies: policies, readings: readings, own: own, now: now, isApproved: true)
    }

    /// - Parameter ttl: how long the lease would last.
    func verdict(_ wanted: Wanted, ttl: TimeSpan) -> Verdict {
        // The order of the guard.
        let steps: [(Wanted) -> Verdict?] = [
            killSwitch, notSilenced, allowed, notProtected, notOnlyActive, evidence, undisturbed, onlyIf, notInForce, notHandedOver,
            cooldown, budget, blastRadius, storm, { flap($0, ttl) }, quiet, approval, mode,
        ]
        for step in steps {
            if let verdict = step(wanted) { return verdict }
        }
        return .act
    }

    /// Whether the evidence asks for it, should it last: what limits and persons say comes later.
    func isComing(_ wanted: Wanted) -> Bool {
        for step in [allowed, notProtected, notOnlyActive, evidence, onlyIf] where step(wanted) != nil { return false }
        return true
    }

    // MARK: - May we at all

    private func killSwitch(_: Wanted) -> Verdict? {
        if context.killFile {
            return .refuse(
                .killSwitch,
                "actions are stopped (kill switch), or it cannot be found out whether they are; none begins until they are known not to be")
        }
        return nil
    }

    private func notSilenced(_ wanted: Wanted) -> Verdict? {
        context.silenced[wanted.incident].map { .refuse(.silenced, "held back by \($0)") }
    }

    private func allowed(_ wanted: Wanted) -> Verdict? {
        let policy = policies.policy(for: wanted.key.app)
        guard !policy.allows(wanted.key.kind) else { return nil }
        let list = policy.allowedActions.map(\.rawValue).joined(separator: ", ")
        let place = policy.allowedActionsOrigin.map { " (\($0))" } ?? ""
        return .refuse(
            .notAllowed,
            "the policy of \(wanted.key.app) allows \(list.isEmpty ? "no actions" : "only \(list)")\(place)")
    }

    private func notProtected(_ wanted: Wanted) -> Verdict? {
        guard options.isProtected(wanted.key.app) else { return nil }
        return .refuse(.protected, "\(wanted.key.app) is protected")
    }

    private func notOnlyActive(_ wanted: Wanted) -> Verdict? {
        // What is not known here is refused for its evidence, one step on.
        guard let apps = own.activeApps, apps <= 1, (own.activeRuns(wanted.key.app) ?? 1) > 0 else { return nil }
        return .refuse(
            .onlyActiveApp, "\(wanted.key.app) is the only active app of \(wanted.key.runtime): nobody else suffers")
    }

    // MARK: - Do we know enough

    /// Complete: nothing was lost on the way, and the answer does not hang on what the runtime cannot tell (a dead
    /// counter, a ratio without traffic); fresh: observed within `max_gap`.
    private func evidence(_ wanted: Wanted) -> Verdict? {
        guard let view = readings.view(of: wanted.standing.subject) else {
            return .refuse(.evidence, "there are no readings of \(wanted.standing.subject)")
        }
        let condition = wanted.rule.when
        // Of what contradicts itself the least is known in places, and the condition may rest on that.
        let gaps = condition.missing(view).filter { gap in
            !(gap.reason == .contradictory && condition.readings.contains { $0.series == gap.series && view.floor($0.slot) != nil })
        }
        let restsOnGap = ![-Double.infinity, .infinity].allSatisfy {
            condition.evaluate(Filled(view, with: $0)) == .yes
        }
        if let gap = gaps.first(where: { $0.reason.isLoss }) ?? (restsOnGap ? gaps.first : nil) {
            return .refuse(.evidence, "\(gap.series) is missing: \(gap.reason.explanation)")
        }
        let age = now - wanted.standing.observed
        if age > wanted.standing.maxGap {
            return .refuse(.evidence, "the newest evidence is \(age.brief) old")
        }
        guard wanted.standing.isKnownTrue else {
            return .refuse(.evidence, "the condition is not known to be true now")
        }
        // What was mostly not known is told, and nobody is held back for it until more of it was seen.
        let standing = wanted.standing
        guard standing.unseen * 2 <= standing.observed - standing.since else {
            return .refuse(
                .evidence,
                "since \(standing.since) the condition was not known for \(standing.unseen.brief) of \((standing.observed - standing.since).brief): "
                    + "that is more than was seen")
        }
        guard own.activeApps != nil else {
            return .refuse(.evidence, "it is not known how many apps of \(wanted.key.runtime) are active")
        }
        return stillWeighs(wanted)
    }

    /// What a tenant looks like while the runtime has another fault, and while what piled up drains, is not judged.
    private func undisturbed(_ wanted: Wanted) -> Verdict? {
        let range = wanted.rule.when.recentRange + wanted.rule.hold
        guard let found = state.disturbance(wanted.key, range: range, options, now) else { return nil }
        guard let rest = found.rest else {
            let since = found.trouble.times > 1 ? "again and again since" : "since"
            return .refuse(
                .otherFault,
                "\(found.trouble.text(wanted.key.runtime)) \(since) \(found.trouble.since): nobody is acted upon for how things look meanwhile"
            )
        }
        return .refuse(
            .otherFault,
            "\(found.trouble.pastText(wanted.key.runtime)): what piled up is not the doing of "
                + "\(wanted.key.app); no new actions for \(rest.brief)")
    }

    /// An app that was picked by its weight is acted upon only while it has any.
    private func stillWeighs(_ wanted: Wanted) -> Verdict? {
        guard case .top(_, let slot, let series) = wanted.request.target else { return nil }
        guard let row = readings.index(of: wanted.key.app), let weight = readings.app(row, slot).value else {
            return .refuse(.evidence, "\(series) of \(wanted.key.app) is not known now")
        }
        guard weight > 0 else {
            return .refuse(.evidence, "\(wanted.key.app) weighs nothing any more: its \(series) is 0")
        }
        return nil
    }

    private func onlyIf(_ wanted: Wanted) -> Verdict? {
        guard let condition = wanted.request.onlyIf, let view = readings.view(of: wanted.standing.subject) else {
            return nil
        }
        switch condition.evaluate(view) {
        case .yes: return nil
        case .no: return .refuse(.onlyIf, "not needed now: \(condition.explain(view).withValues) is false")
        case .unknown, .noTraffic: return .refuse(.onlyIf, "\(condition.explain(view).withValues) is not known")
        }
    }

    // MARK: - Is it too much

    /// The strictness of what is in force is compared limit by limit; asking for no less is asking for nothing.
    private func notInForce(_ wanted: Wanted) -> Verdict? {
        guard let index = state.active(wanted.key) else { return nil }
        let lease = state.leases[index]
        let pretends = pretends(wanted)
        let asksForLess = lease.effect.strictest(wanted.effect) == lease.effect
        if asksForLess, pretends || !lease.shadow { return .alreadyInForce(lease: lease.id) }
        guard lease.shadow != pretends else { return nil }
        let kind = lease.shadow ? "one that only pretends" : "one in force"
        return .refuse(.alreadyInForce, "\(kind), from another mode, lasts until \(lease.expiresAt)")
    }

    /// Before every step that a person can pass: nobody is asked for what a yes could not begin.
    private func notHandedOver(_ wanted: Wanted) -> Verdict? {
        guard let handover = state.handover(wanted.incident, pretends: pretends(wanted)) else { return nil }
        switch handover.cause {
        case .maxLease:
            return .refuse(
                .maxLease,
                "a lease of this incident lasted \(options.maxLease) without effect enough; a person has to look")
        case .reverted:
            return .refuse(.approval, "a person took a lease of this incident back: no other starts for it")
        case .noEffect:
            return .refuse(.noEffect, "a lease of this incident changed nothing: no other starts for it")
        }
    }

    private func cooldown(_ wanted: Wanted) -> Verdict? {
        guard let last = state.lastTouched(wanted.key, pretends: pretends(wanted)) else { return nil }
        let rest = options.cooldown - (now - last)
        // Who was held when the process died is not let go by that.
        if rest > .zero, !state.wasDueAtRestart(wanted.key, options, now) {
            return .refuse(
                .cooldown,
                "\(wanted.key.app) had a \(wanted.key.kind.rawValue) \((now - last).brief) ago; another in \(rest.brief)")
        }
        guard state.isBeingUndone(wanted.key) else { return nil }
        return .refuse(.cooldown, "the last \(wanted.key.kind.rawValue) of \(wanted.key.app) is still being undone")
    }

    private func budget(_ wanted: Wanted) -> Verdict? {
        let ofApp = state.begunWithinHour(now, app: wanted.key, pretends: pretends(wanted))
        if ofApp >= options.perAppHour {
            return .refuse(
                .budget, "\(ofApp) actions on \(wanted.key.app) within the hour; the limit is \(options.perAppHour)")
        }
        let ofAll = state.begunWithinHour(now, pretends: pretends(wanted))
        guard ofAll >= options.totalHour else { return nil }
        return .refuse(.budget, "\(ofAll) actions within the hour; the limit is \(options.totalHour)")
    }

    private func blastRadius(_ wanted: Wanted) -> Verdict? {
        let touched = state.appsUnderAction(wanted.key.runtime, pretends: pretends(wanted), now)
        guard !touched.contains(wanted.key.app), let active = own.activeApps else { return nil }
        let limit = max(1, Int((Double(active) * options.blastPercent / 100).rounded(.down)))
        guard touched.count >= limit else { return nil }
        let text =
            "\(touched.count) of \(active) active apps of \(wanted.key.runtime) are under action; at most \(limit) may be"
        guard wanted.isPick else { return .refuse(.blastRadius, text) }
        return isApproved ? nil : ask(wanted, .blastRadius, text)
    }

    private func storm(_: Wanted) -> Verdict? {
        let recent = state.openings.filter { now - $0 < options.stormWindow }.count
        guard recent >= options.stormIncidents else { return nil }
        return .refuse(
            .storm, "\(recent) incidents opened within \(options.stormWindow): a storm is no time to act on one app")
    }

    /// Many leases on one key, or a row of them as long as one lease may be, are for a person to look at.
    private func flap(_ wanted: Wanted, _ ttl: TimeSpan) -> Verdict? {
        guard !isApproved else { return nil }
        let pretends = pretends(wanted)
        let begun = state.begunWithinDay(now, wanted.key, pretends: pretends)
        if begun >= options.leasesPerDay {
            return ask(wanted, .flap, "\(wanted.key.app) had \(begun) such leases within a day; another needs a person")
        }
        guard let row = state.fullRow(wanted.key, ttl: ttl, pretends: pretends, options, now) else { return nil }
        return ask(
            wanted, .flap,
            "\(wanted.key.app) was under such action for \(row.length.brief) within a day; more needs a person")
    }

    private func quiet(_ wanted: Wanted) -> Verdict? {
        guard let mark = state.quietMark(wanted.key.runtime, options, now) else { return nil }
        // The quiet is for what a restart causes; who was held, or about to be, when the process died gets no gift by it.
        if mark.by == nil, state.wasDueAtRestart(wanted.key, options, now) { return nil }
        let rest = options.quietAfterRestart - (now - mark.at)
        let what = mark.by.map { "\($0) marked the deploy \(mark.name)" } ?? "\(wanted.key.runtime) restarted"
        return .refuse(.quietPeriod, "\(what) \((now - mark.at).brief) ago; no new actions for \(rest.brief)")
    }

    // MARK: - Who says so

    private func effectiveMode(_ app: AppID) -> Mode { min(context.mode, policies.policy(for: app).mode) }

    /// Whether nothing would be done in earnest.
    private func pretends(_ wanted: Wanted) -> Bool { effectiveMode(wanted.key.app) == .observe }

    /// In mode observe nobody is asked for anything: it is said that a person would be.
    private func ask(_ wanted: Wanted, _ step: Refusal.Step, _ text: String) -> Verdict {
        pretends(wanted) ? .wouldAsk(Refusal(step, text)) : .needsApproval(Refusal(step, text))
    }

    private func approval(_ wanted: Wanted) -> Verdict? {
        guard !isApproved else { return nil }
        if wanted.request.needsApproval {
            return ask(wanted, .approval, "the policy asks for a person's approval (\(wanted.request.origin))")
        }
        if !pretends(wanted), let reason = context.approvalReason(wanted.key) {
            return .needsApproval(Refusal(.approval, "where it would land a person must say yes: \(reason)"))
        }
        guard effectiveMode(wanted.key.app) == .suggest else { return nil }
        return .needsApproval(Refusal(.approval, "in mode suggest every action waits for a person's approval"))
    }

    private func mode(_ wanted: Wanted) -> Verdict? {
        if pretends(wanted) { return .wouldHave }
        guard !context.lands(wanted.key) else { return nil }
        return .refuse(.noAdapter, "no configured adapter can \(wanted.effect) of \(wanted.key.app)")
    }
}

extension Verdict {
    /// Whether a person is asked, or would be.
    var asksPerson: Bool {
        switch self {
        case .needsApproval, .wouldAsk: true
        case .act, .wouldHave, .refused, .alreadyInForce: false
        }
    }

    static func refuse(_ step: Refusal.Step, _ text: String) -> Verdict { .refused(Refusal(step, text)) }
}

/// A source in which nothing is missing: the gaps hold one value instead. A condition that is true whatever stands in the
/// gaps, and no longer because something is missing, rests on evidence alone.
private struct Filled<Base: ReadingSource>: ReadingSource {
    let base: Base
    let value: Double

    init(_ base: Base, with value: Double) {
        self.base = base
        self.value = value
    }

    var localHour: LocalHour? { base.localHour }
    func label(_ test: Int) -> KnownLabel? { base.label(test) }
    var appCount: Int { base.appCount }
    func app(at row: Int) -> Filled<Base> { Filled(base.app(at: row), with: value) }
    func emptyReason(_ slot: Int) -> MissingReason? { nil }

    func reading(_ slot: Int) -> Evidence {
        let evidence = base.reading(slot)
        return evidence.value == nil ? .value(max(value, base.floor(slot) ?? value)) : evidence
    }
}

extension MissingReason {
    /// Whether evidence that could be there did not arrive. The other reasons say that there is none to be had.
    var isLoss: Bool {
        switch self {
        case .unauthorized, .unreachable, .error, .malformed, .stale, .partial, .contradictory: true
        case .notTracked, .deadCounter, .tooLittleData, .noTraffic, .ambiguous: false
        }
    }
}
