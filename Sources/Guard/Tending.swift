import Engine
import Model
import Policy
import Signals

extension GuardState {
    /// Extends or ends the runtime's leases that are near their end or past it.
    ///
    /// A throttle takes away the evidence that asked for it. So a lease is not undone when its incident resolves: it is
    /// merely no longer extended, and runs out. Extended it is only while a holder's condition is *known true*.
    mutating func tendLeases(
        _ outcome: TickOutcome, _ policies: PolicySet, _ readings: ReadingTable, _ context: GuardContext,
        _ plan: inout Plan
    ) {
        let now = outcome.now
        let firing = Dictionary(
            outcome.standings.compactMap { standing in
                standing.phase == .firing && standing.suppressedBy == nil
                    ? standing.incident.map { ($0, standing) } : nil
            }, uniquingKeysWith: { first, _ in first })
        for index in leases.indices where leases[index].isActive && leases[index].key.runtime == outcome.runtime {
            let lease = leases[index]
            let wanting = lease.holders.filter { holder in
                guard let standing = firing[holder.incident] else { return false }
                return standing.isKnownTrue && now - standing.observed <= standing.maxGap
            }
            if lease.expiresAt <= now {
                expire(index, wanting, context, now, &plan)
            } else if isNearEnd(lease, wanting, firing, now) {
                extend(index, wanting, policies, context, now, &plan)
            }
        }
    }

    /// Within `max_gap` of the end; of a lease shorter than twice that, in its second half.
    private func isNearEnd(
        _ lease: Lease, _ wanting: [Lease.Holder], _ firing: [String: Standing], _ now: Timestamp
    ) -> Bool {
        wanting.contains { holder in
            guard let standing = firing[holder.incident] else { return false }
            let half = TimeSpan(milliseconds: holder.ttl.milliseconds / 2)
            return lease.expiresAt - now <= min(standing.maxGap, half)
        }
    }

    /// Puts the end of a lease off, by the longest ttl of those who still want it, up to the longest that a lease may
    /// last. Holders that no longer want it leave, and the strictest of the others counts.
    private mutating func extend(
        _ index: Int, _ wanting: [Lease.Holder], _ policies: PolicySet, _ context: GuardContext, _ now: Timestamp,
        _ plan: inout Plan
    ) {
        let lease = leases[index]
        let ttl = wanting.map(\.ttl).max() ?? .zero
        let last = lease.createdAt + context.options.maxLease
        let end = min(lease.expiresAt + ttl, last)
        guard end > lease.expiresAt else { return }
        if let refusal = refusalToExtend(lease, policies, context) {
            return refuse(lease, wanting, refusal, now, &plan)
        }
        leases[index].expiresAt = end
        leases[index].extensions += 1
        leases[index].holders = wanting
        leases[index].effect = wanting.dropFirst().reduce(wanting[0].effect) { $0.strictest($1.effect) }
        plan.leaseChanges.append(LeaseChange(kind: .extend, lease: leases[index], reason: "condition still true"))
        for holder in wanting {
            let verdict = lease.shadow ? Verdict.wouldHave : .act
            asks[Ask(incident: holder.incident, key: lease.key)] = Answer(verdict)
            plan.decisions.append(
                ActionDecision(
                    at: now, incident: holder.incident, key: lease.key, effect: leases[index].effect, ttl: holder.ttl,
                    verdict: verdict, lease: lease.id))
        }
    }

    /// The steps of the guard that also hold an extension back. The counting ones do not: nothing new is begun.
    private func refusalToExtend(_ lease: Lease, _ policies: PolicySet, _ context: GuardContext) -> Refusal? {
        let policy = policies.policy(for: lease.key.app)
        if stopped != nil || context.killFile {
            return Refusal(.killSwitch, "actions are stopped: the lease runs out at \(lease.expiresAt)")
        }
        if !policy.allows(lease.key.kind) {
            return Refusal(.notAllowed, "the policy of \(lease.key.app) no longer allows \(lease.key.kind.rawValue)")
        }
        if context.options.protected.contains(lease.key.app) {
            return Refusal(.protected, "\(lease.key.app) is protected")
        }
        let mode = min(context.mode, policy.mode)
        guard lease.shadow == (mode != .enforce) else {
            return Refusal(.mode, "the mode is \(mode.rawValue) now")
        }
        guard lease.shadow || context.lands(lease.key) else {
            return Refusal(.noAdapter, "no configured adapter can \(lease.effect) any more")
        }
        return nil
    }

    private mutating func refuse(
        _ lease: Lease, _ wanting: [Lease.Holder], _ refusal: Refusal, _ now: Timestamp, _ plan: inout Plan
    ) {
        for holder in wanting {
            let ask = Ask(incident: holder.incident, key: lease.key)
            let answer = Answer.refused(refusal.step)
            guard asks.updateValue(answer, forKey: ask) != answer else { continue }
            plan.decisions.append(
                ActionDecision(
                    at: now, incident: holder.incident, key: lease.key, effect: holder.effect, ttl: holder.ttl,
                    verdict: .refused(refusal), lease: lease.id))
        }
    }

    /// Ends a lease that ran out. Where it lasted as long as one may and is still wanted, a person has to look.
    private mutating func expire(
        _ index: Int, _ wanting: [Lease.Holder], _ context: GuardContext, _ now: Timestamp, _ plan: inout Plan
    ) {
        let lease = leases[index]
        let lastedLongest = lease.expiresAt >= lease.createdAt + context.options.maxLease && !wanting.isEmpty
        plan.leaseChanges.append(end(index, lastedLongest ? EndReason.maxLease : EndReason.expired, now: now))
        guard lastedLongest else { return }
        for holder in wanting { handedOver[holder.incident] = Handover(cause: .maxLease, at: now) }
        let text =
            "\(lease.effect) lasted \(context.options.maxLease), the longest allowed, and the condition is still true: "
            + "a person has to look"
        refuse(lease, wanting, Refusal(.maxLease, text), now, &plan)
    }
}
