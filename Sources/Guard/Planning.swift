import Engine
import Model
import Policy
import Signals

extension GuardState {
    /// Decides on everything that a runtime's firing rules ask for, and on the leases that are near their end.
    ///
    /// Asked anew at every tick while a rule fires, since most refusals pass (a cool-down, an `only_if`, a storm); only
    /// an answer that differs from the last one is recorded. A rule that is suppressed or clears asks for nothing.
    ///
    /// - Parameters:
    ///   - outcome: the engine's, of this very tick.
    ///   - readings: the table that the engine judged, whose demand ends with `GuardReadings.demand`.
    public mutating func plan(
        outcome: TickOutcome, policies: PolicySet, readings: ReadingTable, context: GuardContext
    ) -> Plan {
        let now = outcome.now
        openings += Array(repeating: now, count: outcome.opened.count + outcome.reopened.count)
        var plan = Plan()
        if let restart = context.restartedAt { noteRestart(restart, of: outcome.runtime) }
        let own = GuardReadings(readings)
        noteTroubles(outcome, policies, own, context)
        compareMarks(outcome.runtime, readings, now, &plan)
        forget(now, context.options)
        forgetAsks(outcome, &plan)
        if context.verifies {
            verify(outcome, policies, readings, context, &plan)
            findUnkept(outcome, readings, context, &plan)
        }
        tendLeases(outcome, policies, readings, context, &plan)
        let asked = byAsk(wanted(outcome, policies, readings, context))
        for same in asked {
            decide(chosen(same, policies, readings, context, now), policies, readings, context, now, &plan)
        }
        closeUnwanted(outcome, now, &plan)
        noteUnwanted(Set(asked.map { $0[0].ask }), outcome.runtime)
        noteComing(outcome, policies, readings, own, context)
        noteDue(outcome, own, context)
        return plan
    }

    /// Verdicts and picks of incidents that are over are of no use. What was handed over to a person stays so for as long
    /// as its incident is open, however long that is.
    private mutating func forgetAsks(_ outcome: TickOutcome, _ plan: inout Plan) {
        let open = Set(outcome.standings.compactMap(\.incident))
        for incident in open { handedOver[incident]?.at = outcome.now }
        asks = asks.filter { $0.key.key.runtime != outcome.runtime || open.contains($0.key.incident) }
        picks = picks.filter { $0.key.runtime != outcome.runtime || open.contains($0.key.incident) }
        tendApprovals(outcome, open: open, outcome.now, &plan)
    }

    // MARK: - What is wanted

    /// The worst first, so that the budget goes where it counts; then by subject, rule and the order of the file.
    private mutating func wanted(
        _ outcome: TickOutcome, _ policies: PolicySet, _ readings: ReadingTable, _ context: GuardContext
    ) -> [Wanted] {
        var asking: [(rule: Rule, standing: Standing, incident: String)] = []
        for standing in outcome.standings where standing.phase == .firing && standing.suppressedBy == nil {
            guard let incident = standing.incident, let rule = policies.rule(standing.rule, for: standing.subject)
            else {
                continue
            }
            asking.append((rule, standing, incident))
        }
        // Standings come sorted, and the position breaks ties: the sort of the standard library is stable, but does not
        // promise it.
        let order = asking.indices.sorted {
            asking[$0].rule.severity == asking[$1].rule.severity
                ? $0 < $1 : asking[$0].rule.severity > asking[$1].rule.severity
        }
        var wanted: [Wanted] = []
        for (rule, standing, incident) in order.map({ asking[$0] }) {
            for (position, action) in rule.actions.enumerated() {
                guard case .lease(let request) = action else { continue }
                let pick = Pick(incident: incident, runtime: outcome.runtime, action: position)
                for app in apps(request, standing.subject, pick, readings) {
                    let effect = request.effect(on: standing.subject).raised(to: context.options.floor)
                    wanted.append(
                        Wanted(
                            key: LeaseKey(
                                kind: effect.kind, runtime: outcome.runtime, app: app, pack: effect.pack),
                            request: request, effect: effect, rule: rule, standing: standing, incident: incident,
                            isPick: standing.subject.app == nil))
                }
            }
        }
        return wanted
    }

    /// The apps that a request is about. What a rule on a runtime picked once stays picked while its incident is open.
    private mutating func apps(
        _ request: LeaseRequest, _ subject: Subject, _ pick: Pick, _ readings: ReadingTable
    ) -> [AppID] {
        switch request.target {
        case .subject: return subject.app.map { [$0] } ?? []
        case .top(let count, let slot, _):
            if let picked = picks[pick] { return picked }
            guard let heaviest = readings.heaviest(count, slot: slot) else { return [] }
            if !heaviest.isEmpty { picks[pick] = heaviest }
            return heaviest
        }
    }

    /// What one incident asks for under one key, together: a rule may name an action twice, under different conditions.
    private func byAsk(_ all: [Wanted]) -> [[Wanted]] {
        var places: [Ask: Int] = [:]
        var groups: [[Wanted]] = []
        for wanted in all {
            if let place = places[wanted.ask] {
                groups[place].append(wanted)
            } else {
                places[wanted.ask] = groups.count
                groups.append([wanted])
            }
        }
        return groups
    }

    // MARK: - Deciding

    /// Of several the first one that is not refused. One answer for each ask and tick: with two of them each would be news
    /// at every tick, and an offer to a person would be withdrawn for the other's.
    private func chosen(
        _ same: [Wanted], _ policies: PolicySet, _ readings: ReadingTable, _ context: GuardContext, _ now: Timestamp
    ) -> Wanted {
        guard same.count > 1 else { return same[0] }
        let steps = GuardSteps(
            state: self, context: context, policies: policies, readings: readings, own: GuardReadings(readings),
            now: now, isApproved: false)
        let free = same.first { wanted in
            let mode = min(context.mode, policies.policy(for: wanted.key.app).mode)
            let ttl = length(wanted, context.options, pretends: mode == .observe, now)
            if case .refused = steps.verdict(wanted, ttl: ttl) { return false }
            return true
        }
        return free ?? same[0]
    }

    private mutating func decide(
        _ wanted: Wanted, _ policies: PolicySet, _ readings: ReadingTable, _ context: GuardContext, _ now: Timestamp,
        _ plan: inout Plan
    ) {
        let mode = min(context.mode, policies.policy(for: wanted.key.app).mode)
        guard !isSettled(wanted, pretends: mode == .observe) else { return }
        let ttl = length(wanted, context.options, pretends: mode == .observe, now)
        let approved = approved(wanted)
        let isAsApproved = approved.map { approvals[$0].effect == wanted.effect && approvals[$0].ttl == ttl } ?? false
        let steps = GuardSteps(
            state: self, context: context, policies: policies, readings: readings, own: GuardReadings(readings),
            now: now, isApproved: isAsApproved)
        var verdict = steps.verdict(wanted, ttl: ttl)
        if approved != nil, !isAsApproved {
            verdict = .refuse(.approval, "what is asked for is not what was approved any more")
        } else if verdict.asksPerson, let denial = denial(wanted) {
            verdict = .refuse(
                .approval, "\(denial.by ?? "a person") denied it at \(denial.decidedAt ?? denial.offeredAt)")
        }
        var lease: Lease?
        var isNews = approved != nil
        var approval = approved.map { approvals[$0].id }
        var waitsUntil: Timestamp?
        switch verdict {
        case .act, .wouldHave:
            let by = approved.flatMap { approvals[$0].by }
            lease = act(wanted, ttl, now, context.options, shadow: verdict == .wouldHave, approvedBy: by, &plan)
            if let lease, context.verifies { watch(lease, wanted, readings, now) }
            isNews = true
        case .alreadyInForce(let id):
            lease = leases.last { $0.id == id }
            if mayHold(wanted, pretends: mode == .observe) {
                join(wanted, ttl)
                isNews = true
            }
        case .needsApproval(let reason):
            let (offer, isNew) = self.offer(wanted, ttl, reason, context.options, now)
            (approval, waitsUntil) = (offer.id, offer.expiresAt)
            isNews = isNew
        case .wouldAsk, .refused: break
        }
        let by = approved.flatMap { approvals[$0].by }
        if let approved {
            let isDone = verdict == .act || verdict == .wouldHave
            approvals[approved].close(isDone ? .used : .refused, now)
        }
        // What asks a person is passed by one, and what comes behind it is not.
        let ifYes = if case .needsApproval = verdict { steps.onceApproved.verdict(wanted, ttl: ttl) } else { verdict }
        noteObstacle(ifYes, wanted)
        let answer = Answer(verdict)
        if answer.isDue { noteDue(wanted.key, now) }
        guard asks.updateValue(answer, forKey: wanted.ask) != answer || isNews else { return }
        plan.decisions.append(
            ActionDecision(
                at: now, incident: wanted.incident, key: wanted.key, effect: wanted.effect, ttl: ttl, verdict: verdict,
                lease: lease?.id, until: lease?.expiresAt ?? waitsUntil, approval: approval, approvedBy: by))
    }

    /// Whether what was said of it stays said.
    private func isSettled(_ wanted: Wanted, pretends: Bool) -> Bool {
        // An incident that holds what it asks for asks for nothing more; its lease is tended.
        if let index = active(wanted.key), leases[index].holders.contains(where: { $0.incident == wanted.incident }) { return true }
        let last = asks[wanted.ask]
        // What was handed over to a person stays so; a cool-down that also refuses it would only bury that.
        if handover(wanted.incident, pretends: pretends) != nil, last == .refused(.maxLease) || last == .refused(.noEffect) {
            return true
        }
        // So does what a person said no to.
        return denial(wanted) != nil && last == .refused(.approval)
    }

    /// The length asked for, doubled for each lease on the key within a day, never beyond the longest allowed.
    private func length(_ wanted: Wanted, _ options: GuardOptions, pretends: Bool, _ now: Timestamp) -> TimeSpan {
        let before = min(begunWithinDay(now, wanted.key, pretends: pretends), 16)
        return min(wanted.request.ttl * (1 << Int64(before)), options.maxLease)
    }

    /// A new lease; or, where others hold one that is less strict, that one made stricter.
    private mutating func act(
        _ wanted: Wanted, _ ttl: TimeSpan, _ now: Timestamp, _ options: GuardOptions, shadow: Bool, approvedBy: String?,
        _ plan: inout Plan
    ) -> Lease {
        let holder = Lease.Holder(incident: wanted.incident, effect: wanted.effect, ttl: ttl, approvedBy: approvedBy)
        let asker = approvedBy.map { "approved by \($0)" } ?? "asked by \(wanted.rule.name)"
        guard let index = active(wanted.key) else {
            let latest =
                approvedBy == nil
                ? latestEnd(wanted.key, pretends: shadow, options, now) : now + options.maxLease
            let lease = create(wanted.key, holder, now: now, until: min(now + ttl, latest), shadow: shadow)
            plan.leaseChanges.append(LeaseChange(kind: .intend, lease: lease, reason: asker))
            return lease
        }
        let present = leases[index].expiresAt
        let latest = latestEnd(leases[index], options)
        let end = min(now + ttl, max(latest, present))
        leases[index].add(holder)
        leases[index].tightenings.append(now)
        if approvedBy == nil {
            leases[index].expiresAt = max(end, present)
        } else {
            // What was approved lasts as long as was approved, and lengthens what others hold by nothing.
            leases[index].hold { $0.incident.isSame(as: holder.incident) ? end : $0.until ?? present }
        }
        plan.leaseChanges.append(LeaseChange(kind: .extend, lease: leases[index], reason: "more strictly, \(asker)"))
        return leases[index]
    }

    /// Whether an incident may hold a lease of others, and so have it extended, without a person's word.
    private func mayHold(_ wanted: Wanted, pretends: Bool) -> Bool {
        !wanted.request.needsApproval && handover(wanted.incident, pretends: pretends) == nil && denial(wanted) == nil
    }

    /// An incident that wants what is in force already holds it too: its wish counts when the lease is to be extended.
    private mutating func join(_ wanted: Wanted, _ ttl: TimeSpan) {
        guard let index = active(wanted.key) else { return }
        leases[index].add(Lease.Holder(incident: wanted.incident, effect: wanted.effect, ttl: ttl))
    }
}

extension Lease {
    /// Adds a holder, and makes the effect the strictest of all.
    mutating func add(_ holder: Holder) {
        holders.append(holder)
        holders.sort { $0.incident.precedes($1.incident) }
        effect = effect.strictest(holder.effect)
    }

    /// Gives each holder an end of its own; the lease ends with the last.
    mutating func hold(_ end: (Holder) -> Timestamp) {
        let ends = holders.map(end)
        expiresAt = ends.max() ?? expiresAt
        for (index, end) in ends.enumerated() { holders[index].until = end == expiresAt ? nil : end }
    }

    /// When a holder lets go.
    func end(_ holder: Holder) -> Timestamp { holder.until ?? expiresAt }
}
