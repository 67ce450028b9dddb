import Engine
import Model

/// What came of a person's yes or no.
public enum ApprovalAnswer: Hashable, Sendable {
    case taken(Approval)
    /// No offer of that id is remembered.
    case unknown
    /// It does not wait any more, or the yes was for another action than the one of that id.
    case tooLate(Approval), changed(Approval)
}

extension GuardState {
    /// Offers that wait for a person, oldest first.
    public func waitingApprovals(at now: Timestamp) -> [Approval] { approvals.filter { $0.isWaiting(at: now) } }

    /// A person's yes or no to an offer. The guard looks again at the next tick of the runtime: a yes passes only the steps
    /// that a person can pass.
    /// - Parameters:
    ///   - id: the offer's, or more of its digest.
    ///   - digest: of what the person was shown; nil where only the id is known.
    public mutating func answer(
        _ id: String, digest: String?, approves: Bool, by: String, comment: String?, now: Timestamp
    ) -> ApprovalAnswer {
        let found = approvals.indices.filter { index in
            let known = approvals[index]
            return known.id.isSame(as: id)
                || (id.utf8.count > known.id.utf8.count && known.digest.hasPrefix(id))
        }
        // An id may come again after days; the newest is meant.
        guard let index = found.last else { return .unknown }
        let approval = approvals[index]
        if let digest, !digest.isSame(as: approval.digest) { return .changed(approval) }
        guard approval.isWaiting(at: now) else { return .tooLate(approval) }
        approvals[index].state = approves ? .approved : .denied
        approvals[index].by = by
        approvals[index].comment = comment
        approvals[index].decidedAt = now
        return .taken(approvals[index])
    }

    /// The offer on a wanted action: the one that waits already, or a new one. One that asked for something else, in length
    /// or strictness, is withdrawn.
    mutating func offer(
        _ wanted: Wanted, _ ttl: TimeSpan, _ reason: Refusal, _ options: GuardOptions, _ now: Timestamp
    ) -> (offer: Approval, isNew: Bool) {
        for index in approvals.indices where approvals[index].isFor(wanted) && approvals[index].state == .waiting {
            if approvals[index].effect == wanted.effect, approvals[index].ttl == ttl {
                return (approvals[index], false)
            }
            approvals[index].close(.withdrawn, now)
        }
        let approval = Approval(
            incident: wanted.incident, key: wanted.key, effect: wanted.effect, ttl: ttl, reason: reason, offeredAt: now,
            expiresAt: now + options.approvalExpiry,
            isTaken: { id in approvals.contains { $0.id.isSame(as: id) } })
        approvals.append(approval)
        return (approval, true)
    }

    /// Notes what a yes to the offer that waits for it would come to now: whoever is asked is to know.
    mutating func noteObstacle(_ verdict: Verdict, _ wanted: Wanted) {
        guard let index = approvals.firstIndex(where: { $0.isFor(wanted) && $0.state == .waiting }) else { return }
        if case .refused(let refusal) = verdict { approvals[index].obstacle = refusal } else { approvals[index].obstacle = nil }
    }

    /// The same of what waits and nothing asks for at this tick.
    mutating func noteUnwanted(_ asked: Set<Ask>, _ runtime: String) {
        for index in approvals.indices where approvals[index].state == .waiting && approvals[index].key.runtime == runtime {
            let approval = approvals[index]
            guard !asked.contains(Ask(incident: approval.incident, key: approval.key)) else { continue }
            approvals[index].obstacle = Refusal(.approval, "nothing asks for it now")
        }
    }

    /// The yes to a wanted action that the guard has not looked at yet.
    func approved(_ wanted: Wanted) -> Int? {
        approvals.firstIndex { $0.isFor(wanted) && $0.state == .approved }
    }

    /// A person's no to a wanted action; it holds as long as its incident is open.
    func denial(_ wanted: Wanted) -> Approval? { approvals.last { $0.isFor(wanted) && $0.state == .denied } }

    /// Ends offers whose time is over or whose incident is. What expired is offered anew, if it is still wanted. A yes expires
    /// with its offer: one that the guard comes to only after hours in which nobody watched was for what stood then.
    mutating func tendApprovals(_ outcome: TickOutcome, open: Set<String>, _ now: Timestamp, _ plan: inout Plan) {
        for index in approvals.indices where approvals[index].key.runtime == outcome.runtime {
            let approval = approvals[index]
            switch approval.state {
            case .waiting where !open.contains(approval.incident): approvals[index].close(.withdrawn, now)
            case .waiting where approval.expiresAt <= now:
                approvals[index].close(.expired, now)
                asks[Ask(incident: approval.incident, key: approval.key)] = nil
            case .approved where approval.expiresAt <= now:
                approvals[index].close(.expired, now)
                asks[Ask(incident: approval.incident, key: approval.key)] = nil
                plan.decisions.append(
                    .undone(approval, "but that expired at \(approval.expiresAt), before the guard could look again", now))
            default: break
            }
        }
        approvals.removeAll { approval in
            let isOpen = approval.key.runtime == outcome.runtime && open.contains(approval.incident)
            guard let decided = approval.decidedAt, !isOpen, approval.state != .approved else { return false }
            return now - decided >= GuardState.memory
        }
    }

    /// Takes back what still waits for a yes on an incident.
    mutating func withdrawApprovals(_ incident: String, _ now: Timestamp) {
        for index in approvals.indices
        where approvals[index].state == .waiting && approvals[index].incident.isSame(as: incident) {
            approvals[index].close(.withdrawn, now)
        }
    }

    /// A yes to what nothing asks for at this tick does nothing, and says so.
    mutating func closeUnwanted(_ outcome: TickOutcome, _ now: Timestamp, _ plan: inout Plan) {
        for index in approvals.indices
        where approvals[index].state == .approved && approvals[index].key.runtime == outcome.runtime {
            approvals[index].close(.refused, now)
            plan.decisions.append(.undone(approvals[index], "but nothing asks for it any more", now))
        }
    }
}

extension ActionDecision {
    /// A yes that nothing follows from.
    fileprivate static func undone(_ approval: Approval, _ why: String, _ now: Timestamp) -> ActionDecision {
        ActionDecision(
            at: now, incident: approval.incident, key: approval.key, effect: approval.effect, ttl: approval.ttl,
            verdict: .refused(Refusal(.approval, "approved by \(approval.by ?? "a person"), \(why)")),
            approval: approval.id, approvedBy: approval.by)
    }
}

extension Approval {
    func isFor(_ wanted: Wanted) -> Bool { key == wanted.key && incident.isSame(as: wanted.incident) }

    mutating func close(_ state: State, _ now: Timestamp) {
        self.state = state
        obstacle = nil
        if decidedAt == nil || state == .used || state == .refused || state == .expired { decidedAt = now }
    }
}
