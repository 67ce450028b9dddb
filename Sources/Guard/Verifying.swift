import Engine
import Model
import Policy
import Signals

/// What is remembered of a lease until it is known whether it changed anything: how things stood when it began.
struct LeaseWatch: Hashable, Sendable {
    let lease: String
    /// The incident that asked first: its condition is the signal.
    let incident: String
    /// The first look, and the last: then it is decided one way or the other. Put off at each tick at which the lease is not in
    /// force yet, so that how fast an adapter was between two ticks changes no decision.
    var dueAt: Timestamp
    var deadline: Timestamp
    /// Whether an adapter confirmed it; until then nothing can be found of it, and these are the newest readings.
    var isInForce: Bool
    /// The last tick at which it was not in force yet; at first the one that decided it.
    var idleAt: Timestamp
    /// What the action acts on: starts a minute and active runs of the app; nil where that was not known.
    var starts: Double?
    var runs: Double?
    /// The first reading of the condition; nil where that was not known.
    var signal: Double?
    /// The rule and what it is about, so that its signal can be read when the incident is over. Nil: an earlier version's.
    var rule: String?
    var subject: Subject?
    /// When it began to hold, as far as is known.
    var begunAt: Timestamp?
    /// Whether the gate was asked about the app since.
    var isAsked = false

    /// What fell by less than a tenth did not fall.
    static let share = 0.9
    /// The least time that an action is given.
    static let least = TimeSpan.minutes(3)
    /// How far back the gate's counts are looked at for whether anybody asks it.
    static let sight = TimeSpan.minutes(1)
}

extension GuardState {
    /// Remembers how things stand when a lease begins. A lease that only pretends changes nothing, so nothing is verified.
    mutating func watch(_ lease: Lease, _ wanted: Wanted, _ readings: ReadingTable, _ now: Timestamp) {
        guard !lease.shadow else { return }
        let after = max(LeaseWatch.least, wanted.rule.when.longestRange + wanted.standing.interval * 2)
        let own = GuardReadings(readings)
        let view = readings.view(of: wanted.standing.subject)
        let signal = wanted.rule.when.readings.first
        watches.removeAll { $0.lease.isSame(as: lease.id) }
        watches.append(
            LeaseWatch(
                lease: lease.id, incident: wanted.incident, dueAt: now + after,
                deadline: max(now + after, lease.expiresAt - wanted.standing.maxGap), isInForce: lease.state == .inForce, idleAt: now,
                starts: own.runStarts(lease.key), runs: own.activeRuns(lease.key),
                signal: signal.flatMap { signal in view?.reading(signal.slot).value }, rule: wanted.rule.name,
                subject: wanted.standing.subject, begunAt: now))
    }

    /// A lease is in force from now on.
    mutating func beginWatch(_ lease: Lease) {
        for index in watches.indices where watches[index].lease.isSame(as: lease.id) {
            watches[index].isInForce = true
        }
    }

    /// Looks at the leases whose time has come. One that changed nothing is taken back, and its incidents start no other. Of one
    /// that was never in force nothing is found, and nothing follows.
    mutating func verify(
        _ outcome: TickOutcome, _ policies: PolicySet, _ readings: ReadingTable, _ context: GuardContext,
        _ plan: inout Plan
    ) {
        let now = outcome.now
        var kept: [LeaseWatch] = []
        var judged: [(index: Int, finding: Finding)] = []
        let own = GuardReadings(readings)
        for var watch in watches {
            guard let index = leases.firstIndex(where: { $0.id.isSame(as: watch.lease) }) else { continue }
            let isElsewhere = leases[index].key.runtime != outcome.runtime
            guard leases[index].isActive || (isElsewhere && !watch.isInForce) else {
                if !watch.isInForce { judged.append((index, LeaseWatch.neverInForce)) }
                continue
            }
            if !isElsewhere, watch.isInForce, !watch.isAsked, isAsked(leases[index], since: watch.begunAt ?? now, own, now) {
                watch.isAsked = true
                plan.asked.append(leases[index])
            }
            guard !isElsewhere, watch.isInForce, watch.dueAt <= now else {
                kept.append(isElsewhere || watch.isInForce ? watch : renewed(watch, leases[index], outcome, policies, readings))
                continue
            }
            guard let finding = finding(watch, leases[index], outcome, policies, readings, context) else {
                kept.append(watch)
                continue
            }
            judged.append((index, finding))
        }
        watches = kept
        for (index, finding) in judged { record(finding, index, now, &plan) }
    }

    /// Whether the gate was asked about the app since a lease began. The windows of both readings reach back before that at
    /// first; but nothing was refused then, unless another lease did.
    func isAsked(_ lease: Lease, since begunAt: Timestamp, _ own: GuardReadings, _ now: Timestamp) -> Bool {
        let app = lease.key.app
        let from = begunAt - LeaseWatch.sight
        if now - begunAt >= LeaseWatch.sight, own.gateStarts(app) ?? 0 > 0 { return true }
        let hasOther = leases.contains {
            $0.id != lease.id && $0.key.runtime == lease.key.runtime && $0.key.app == app && $0.createdAt <= begunAt
                && ($0.isActive || $0.state == .reverting || ($0.endedAt ?? $0.expiresAt) >= from)
        }
        return !hasOther && own.gateRefusals(app) ?? 0 > 0
    }

    mutating func record(_ finding: Finding, _ index: Int, _ now: Timestamp, _ plan: inout Plan) {
        let lease = leases[index]
        let verification = Verification(
            at: now, lease: lease.id, app: lease.key.app, outcome: finding.outcome, text: finding.text)
        plan.verifications += lease.holders.map { IncidentVerification(incident: $0.incident, verification: verification) }
        guard finding.outcome == .noEffect else { return }
        plan.leaseChanges.append(end(index, EndReason.noEffect, now: now))
        handOver(lease, lease.holders, .noEffect, now)
        let verb = finding.text.hasPrefix(Verification.unkept) ? "is" : finding.hasHeld ? "did not help:" : "changed nothing:"
        refuse(
            lease, lease.holders, Refusal(.noEffect, "\(lease.effect) \(verb) \(finding.text); a person has to look"), now, &plan)
    }

    struct Finding {
        let outcome: Verification.Outcome
        let text: String
        /// What it acts on fell: it held somebody back, whatever that was good for.
        var hasHeld = false
    }

    /// How things stand just before a lease is in force, as far as that is known.
    private func renewed(
        _ watch: LeaseWatch, _ lease: Lease, _ outcome: TickOutcome, _ policies: PolicySet, _ readings: ReadingTable
    ) -> LeaseWatch {
        var watch = watch
        watch.dueAt = watch.dueAt + max(.zero, outcome.now - watch.idleAt)
        watch.deadline = max(watch.deadline, watch.dueAt)
        watch.idleAt = outcome.now
        watch.begunAt = outcome.now
        let own = GuardReadings(readings)
        watch.starts = own.runStarts(lease.key) ?? watch.starts
        watch.runs = own.activeRuns(lease.key) ?? watch.runs
        let standing = outcome.standings.first { $0.incident.map { $0.isSame(as: watch.incident) } ?? false }
        if let standing, let first = policies.rule(standing.rule, for: standing.subject)?.when.readings.first {
            watch.signal = readings.view(of: standing.subject)?.reading(first.slot).value ?? watch.signal
        }
        return watch
    }

    /// Nil: too early to tell.
    private func finding(
        _ watch: LeaseWatch, _ lease: Lease, _ outcome: TickOutcome, _ policies: PolicySet, _ readings: ReadingTable,
        _ context: GuardContext
    ) -> Finding? {
        let isLast = outcome.now >= watch.deadline
        let own = GuardReadings(readings)
        // What a fault of the runtime changed, an action did not.
        if let other = disturbance(of: lease.key.runtime, since: watch.begunAt ?? lease.createdAt) {
            return Finding(outcome: .unknown, text: "\(other), so what changed since is not to be told apart from that")
        }
        // A gate that nobody asks holds nobody.
        if context.landsAtGateOnly, !watch.isAsked {
            return isLast
                ? Finding(
                    outcome: .unknown,
                    text: "it is in force at the gate, but neither a proxy nor the extension has asked the gate about \(lease.key.app)")
                : nil
        }
        guard let startsBefore = watch.starts, let runsBefore = watch.runs,
            let starts = own.runStarts(lease.key), let runs = own.activeRuns(lease.key)
        else {
            return isLast
                ? Finding(outcome: .unknown, text: "the runs of \(own.acted(lease.key)) were not known before and after") : nil
        }
        func moved(_ name: String, _ before: Double, _ after: Double, _ unit: Unit) -> String {
            "\(name) \(Figure.text(before, unit)) → \(Figure.text(after, unit))"
        }
        let acted =
            "\(moved("run_starts", startsBefore, starts, .perMinute)), \(moved("active_runs", runsBefore, runs, .runs))"
        let limit = lease.effect.limits?.concurrentWorkflows.map(Double.init)
        guard starts < startsBefore * LeaseWatch.share || runs < runsBefore * LeaseWatch.share else {
            if let limit, runsBefore <= limit, runs <= limit {
                return isLast
                    ? Finding(outcome: .unknown, text: "its runs were within the limit before: \(acted)") : nil
            }
            guard startsBefore > 0 || !isLast else {
                return Finding(outcome: .unknown, text: "nothing was started before, so nothing could fall: \(acted)")
            }
            // Runs that go on when it begins hold the numbers up for a while; what starts nothing new lowers the starts.
            return startsBefore > 0 ? Finding(outcome: .noEffect, text: "what it acts on did not fall: \(acted)") : nil
        }
        let above = limit.flatMap { runs > $0 ? ", still above the limit of \(Figure.text($0, .runs))" : nil } ?? ""
        return signal(watch, acted + above, isLast, outcome, policies, readings)
    }

    /// What it acts on fell. And the signal?
    private func signal(
        _ watch: LeaseWatch, _ acted: String, _ isLast: Bool, _ outcome: TickOutcome, _ policies: PolicySet,
        _ readings: ReadingTable
    ) -> Finding? {
        let standing = outcome.standings.first { $0.incident.map { $0.isSame(as: watch.incident) } ?? false }
        guard let subject = standing?.subject ?? watch.subject, let name = standing?.rule ?? watch.rule,
            let rule = policies.rule(name, for: subject)
        else {
            return Finding(outcome: .unknown, text: "\(acted); the incident is over, and what its condition says is not known")
        }
        let isCovered = standing.map { outcome.now - $0.observed <= $0.maxGap } ?? true
        let view = readings.view(of: subject)
        let truth = view.map { rule.when.evaluate($0) } ?? .unknown
        // A condition that is over for want of traffic is over.
        let isOver = standing == nil || truth == .no || truth == .noTraffic
        guard isCovered, isOver || truth != .unknown else {
            return isLast ? Finding(outcome: .unknown, text: "\(acted); whether the condition still holds is not known") : nil
        }
        let words = isOver ? "the condition is no longer true" : "the condition is still true"
        guard let first = rule.when.readings.first, let before = watch.signal else {
            return isLast ? Finding(outcome: .unknown, text: "\(acted); \(words)") : nil
        }
        let reading = view?.reading(first.slot)
        // What has nothing left to measure fell as far as it can.
        let hasFallenSilent = reading?.reason == .noTraffic
        guard let value = hasFallenSilent ? 0 : reading?.value else {
            return isLast ? Finding(outcome: .unknown, text: "\(acted); \(words)") : nil
        }
        let unit = first.series.resultUnit
        let after = hasFallenSilent ? "nothing left to measure" : Figure.text(value, unit)
        // What was said of it already is not said twice.
        let isSaid =
            [SeriesRef(signal: .activeRuns), LeaseRequest.workflowGauges[0]].contains(first.series)
            || first.series == SeriesRef(signal: .runStarts)
        let text = isSaid ? acted : "\(acted); \(first.series) \(Figure.text(before, unit)) → \(after)"
        if value < before * LeaseWatch.share { return Finding(outcome: .effective, text: text) }
        guard isLast else { return nil }
        // Others went home, say: then it is over, and not by this.
        return isOver
            ? Finding(outcome: .unknown, text: text + ": \(words), but not because of that")
            : Finding(outcome: .noEffect, text: text + ", and \(words)", hasHeld: true)
    }
}

// MARK: - As a document

extension LeaseWatch {
    fileprivate static let neverInForce = GuardState.Finding(
        outcome: .unknown, text: "it was never in force: no adapter confirmed it")

    var document: JSON {
        func value(_ value: Double?) -> JSON { value.map(JSON.figure) ?? .null }
        return [
            "lease": .string(lease), "incident": .string(incident), "due_at": .moment(dueAt),
            "deadline": .moment(deadline), "in_force": .bool(isInForce), "not_in_force_at": .moment(idleAt),
            "run_starts": value(starts), "active_runs": value(runs), "signal": value(signal),
            "rule": .optional(rule), "subject": subject.map(\.document) ?? .null, "begun_at": .moment(begunAt),
            "asked": .bool(isAsked),
        ]
    }

    init(_ reader: DocumentReader) throws(DocumentError) {
        func value(_ key: String) throws(DocumentError) -> Double? {
            guard let member = try reader.optional(key) else { return nil }
            guard let number = member.value.double else { throw member.error("is no number") }
            return number
        }
        let dueAt = try reader.member("due_at").timestamp()
        self.init(
            lease: try reader.member("lease").string(), incident: try reader.member("incident").string(),
            dueAt: dueAt, deadline: try reader.member("deadline").timestamp(),
            // Earlier versions did not ask.
            isInForce: try reader.optional("in_force")?.bool() ?? true,
            idleAt: try reader.optional("not_in_force_at")?.timestamp() ?? dueAt,
            starts: try value("run_starts"), runs: try value("active_runs"), signal: try value("signal"),
            rule: try reader.optional("rule")?.string(), subject: try reader.optional("subject").map(Subject.init),
            begunAt: try reader.optional("begun_at")?.timestamp(), isAsked: try reader.optional("asked")?.bool() ?? false)
    }
}
