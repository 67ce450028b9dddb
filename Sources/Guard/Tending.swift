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
            letGo(index, context, now, &plan)
            let lease = leases[index]
            // Things are done in earnest now: what only pretended is in nobody's way.
            if lease.shadow, min(context.mode, policies.policy(for: lease.key.app).mode) != .observe {
                plan.leaseChanges.append(end(index, EndReason.mode, now: now))
                continue
            }
            let wanting = lease.holders.filter { holder in
                // What a person approved lasts as long as was approved.
                guard holder.approvedBy == nil, let standing = firing[holder.incident] else { return false }
                return standing.isKnownTrue && now - standing.observed <= standing.maxGap
            }
            if carry(index, policies, context, now, &plan) { continue }
            // What is silenced asks for nothing: neither for more time nor for a person.
            let free = wanting.filter { context.silenced[$0.incident] == nil }
            if lease.expiresAt <= now {
                expire(index, free, context, now, &plan)
            } else if isNearEnd(lease, free, firing, now) {
                extend(index, free, firing, policies, readings, context, now, &plan)
            } else if free.isEmpty, let first = wanting.first, isNearEnd(lease, wanting, firing, now) {
                let why = context.silenced[first.incident] ?? ""
                refuse(lease, wanting, Refusal(.silenced, "held back by \(why): the lease runs out"), now, &plan)
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
            return lease.end(holder) - now <= min(standing.maxGap, half)
        }
    }

    /// Holders whose own time is over leave; the strictest of the others counts.
    private mutating func letGo(_ index: Int, _ context: GuardContext, _ now: Timestamp, _ plan: inout Plan) {
        let lease = leases[index]
        guard lease.expiresAt > now, lease.holders.contains(where: { lease.end($0) <= now }) else { return }
        leases[index].holders.removeAll { lease.end($0) <= now }
        leases[index].holdStrictest(context.options.floor)
        guard leases[index].effect != lease.effect else { return }
        plan.leaseChanges.append(LeaseChange(kind: .extend, lease: leases[index], reason: LeaseChange.lessStrictly))
    }

    /// Puts the end of a lease off, by the longest ttl of those who still want it, up to the longest that a lease may
    /// last. Holders that no longer want it leave, and the strictest of the others counts.
    private mutating func extend(
        _ index: Int, _ wanting: [Lease.Holder], _ firing: [String: Standing], _ policies: PolicySet,
        _ readings: ReadingTable, _ context: GuardContext, _ now: Timestamp, _ plan: inout Plan
    ) {
        let lease = leases[index]
        // Those who hold it for longer by a person's word are not near their end, and stay.
        let present = wanting.map { lease.end($0) }.min() ?? lease.expiresAt
        let wanting = wanting.filter { lease.end($0) == present }
        let others = lease.holders.filter { lease.end($0) > present }
        let ttl = wanting.map(\.ttl).max() ?? .zero
        let last = latestEnd(lease, context.options)
        var end = min(present + ttl, last)
        guard end > present else { return }
        // No scrap at the end for which everybody would be told once more.
        if last - end < TimeSpan(milliseconds: ttl.milliseconds / 2) { end = last }
        if let refusal = refusalToExtend(lease, policies, GuardReadings(readings), context)
            ?? disturbed(lease, wanting, firing, policies, context, now)
        {
            return refuse(lease, wanting, refusal, now, &plan)
        }
        leases[index].extensions += 1
        leases[index].holders = wanting + others
        leases[index].holders.sort { $0.incident.precedes($1.incident) }
        leases[index].hold { holder in
            wanting.contains { $0.incident.isSame(as: holder.incident) } ? end : lease.end(holder)
        }
        leases[index].holdStrictest(context.options.floor)
        plan.leaseChanges.append(LeaseChange(kind: .extend, lease: leases[index], reason: LeaseChange.stillTrue))
        for holder in wanting {
            let verdict = lease.shadow ? Verdict.wouldHave : .act
            asks[Ask(incident: holder.incident, key: lease.key)] = Answer(verdict)
            plan.decisions.append(
                ActionDecision(
                    at: now, incident: holder.incident, key: lease.key, effect: leases[index].effect, ttl: holder.ttl,
                    verdict: verdict, lease: lease.id, until: end))
        }
    }

    /// What was in force when the runtime restarted stays so for the quiet time in which nothing new may begin: else whoever
    /// brings the process down is free of it each time. Once for each restart, and never beyond the longest that is allowed.
    private mutating func carry(
        _ index: Int, _ policies: PolicySet, _ context: GuardContext, _ now: Timestamp, _ plan: inout Plan
    ) -> Bool {
        let lease = leases[index]
        guard let restart = restarts[lease.key.runtime], restart > lease.createdAt, lease.expiresAt > now else { return false }
        let end = min(restart + context.options.quietAfterRestart, latestEnd(lease, context.options))
        // What a person approved lasts as long as was approved, and what is silenced or stopped asks for no more time.
        let own = lease.holders.filter { $0.approvedBy == nil && context.silenced[$0.incident] == nil }
        guard end > lease.expiresAt, now < end, let first = own.first, own.count == lease.holders.count else { return false }
        let policy = policies.policy(for: lease.key.app)
        let mode = min(context.mode, policy.mode)
        guard !context.killFile, policy.allows(lease.key.kind),
            !context.options.isProtected(lease.key.app), lease.shadow == (mode == .observe), mode != .suggest,
            lease.shadow || context.lands(lease.key)
        else { return false }
        leases[index].extensions += 1
        leases[index].hold { _ in end }
        plan.leaseChanges.append(LeaseChange(kind: .extend, lease: leases[index], reason: LeaseChange.acrossRestart))
        plan.decisions.append(
            ActionDecision(
                at: now, incident: first.incident, key: lease.key, effect: lease.effect, ttl: first.ttl,
                verdict: lease.shadow ? .wouldHave : .act, lease: lease.id, until: end))
        return true
    }

    /// The fault for which a lease is not extended; nil when there is none.
    private func disturbed(
        _ lease: Lease, _ wanting: [Lease.Holder], _ firing: [String: Standing], _ policies: PolicySet,
        _ context: GuardContext, _ now: Timestamp
    ) -> Refusal? {
        let ranges = wanting.compactMap { holder -> TimeSpan? in
            guard let standing = firing[holder.incident],
                let rule = policies.rule(standing.rule, for: standing.subject)
            else { return nil }
            return rule.when.recentRange + rule.hold
        }
        guard let found = disturbance(lease.key, range: ranges.max() ?? .zero, context.options, now) else { return nil }
        return Refusal(
            .otherFault,
            "\(found.trouble.text(lease.key.runtime)) from \(found.trouble.since) on: nothing is extended for how things "
                + "look since; the lease runs out at \(lease.expiresAt)")
    }

    /// The steps of the guard that also hold an extension back. The counting ones do not: nothing new is begun.
    private func refusalToExtend(
        _ lease: Lease, _ policies: PolicySet, _ own: GuardReadings, _ context: GuardContext
    ) -> Refusal? {
        let policy = policies.policy(for: lease.key.app)
        if context.killFile {
            return Refusal(
                .killSwitch, "actions are stopped, or it cannot be found out whether they are: the lease runs out at \(lease.expiresAt)")
        }
        if !policy.allows(lease.key.kind) {
            return Refusal(.notAllowed, "the policy of \(lease.key.app) no longer allows \(lease.key.kind.rawValue)")
        }
        if context.options.isProtected(lease.key.app) {
            return Refusal(.protected, "\(lease.key.app) is protected")
        }
        guard let apps = own.activeApps else {
            return Refusal(.evidence, "it is not known how many apps of \(lease.key.runtime) are active")
        }
        if apps <= 1, (own.activeRuns(lease.key.app) ?? 1) > 0 {
            return Refusal(
                .onlyActiveApp, "\(lease.key.app) is the only active app of \(lease.key.runtime): nobody else suffers")
        }
        let mode = min(context.mode, policy.mode)
        guard lease.shadow == (mode == .observe), mode != .suggest else {
            return Refusal(.mode, "the mode is \(mode.rawValue) now")
        }
        guard lease.shadow || context.lands(lease.key) else {
            return Refusal(.noAdapter, "no configured adapter can \(lease.effect) any more")
        }
        return nil
    }

    mutating func refuse(
        _ lease: Lease, _ wanting: [Lease.Holder], _ refusal: Refusal, _ now: Timestamp, _ plan: inout Plan
    ) {
        for holder in wanting {
            let ask = Ask(incident: holder.incident, key: lease.key)
            let answer = Answer.refused(refusal.step)
            guard asks.updateValue(answer, forKey: ask) != answer else { continue }
            plan.decisions.append(
                ActionDecision(
                    at: now, incident: holder.incident, key: lease.key, effect: holder.effect, ttl: holder.ttl,
                    verdict: .refused(refusal), lease: lease.id, until: lease.expiresAt))
        }
    }

    /// Ends a lease that ran out. Where it lasted as long as one may and is still wanted, a person has to look.
    private mutating func expire(
        _ index: Int, _ wanting: [Lease.Holder], _ context: GuardContext, _ now: Timestamp, _ plan: inout Plan
    ) {
        let lease = leases[index]
        // What was never in force did not last.
        let lastedLongest =
            lease.state == .inForce && lease.expiresAt >= latestEnd(lease, context.options) && !wanting.isEmpty
        plan.leaseChanges.append(end(index, lastedLongest ? EndReason.maxLease : EndReason.expired, now: now))
        guard lastedLongest else { return }
        handOver(lease, wanting, .maxLease, now)
        let text =
            "\(lease.effect) lasted \(context.options.maxLease), the longest allowed, and the condition is still true: "
            + "a person has to look"
        refuse(lease, wanting, Refusal(.maxLease, text), now, &plan)
    }
}

extension Lease {
    /// Makes the effect the strictest of those of all holders; there is at least one.
    fileprivate mutating func holdStrictest(_ floor: Limits) {
        effect = holders.dropFirst().reduce(holders[0].effect) { $0.strictest($1.effect) }.raised(to: floor)
    }
}
