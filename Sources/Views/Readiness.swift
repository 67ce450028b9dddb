import Model

/// What each rule's actions would have done, or did, over some time: whether an operator can let it act by itself.
///
/// From the incidents and leases that the journal holds. A lease that only pretended changed nothing, so it cannot tell what
/// an action would have brought about; what it can tell is how often the condition went away by itself before the lease
/// would have been over. Effect is known only of what was done in earnest.
public struct Readiness: Hashable, Sendable {
    public struct Row: Hashable, Sendable {
        public let rule: String
        public var incidents = 0
        /// Leases that would have been, or were, begun.
        public var wouldHave = 0
        public var done = 0
        /// How long they lasted in all.
        public var length = TimeSpan.zero
        /// The apps that they were on.
        public var apps: Set<AppID> = []
        /// Of those that would have been: the incident resolved within the length first asked for, though nothing was done.
        public var clearedAlone = 0
        /// Of those that would have been: neither over nor resolved yet.
        public var stillOpen = 0
        /// Of those that were done, what was found.
        public var effective = 0
        public var noEffect = 0
        public var unknown = 0
        /// Taken back by a person.
        public var reverted = 0
        /// Waited for a person's yes, by the step that asked.
        public var needsApproval: [Refusal.Step: Int] = [:]
        /// Held back, by the step that refused.
        public var refused: [Refusal.Step: Int] = [:]

        init(rule: String) {
            self.rule = rule
        }
    }

    /// By rule.
    public let rows: [Row]
    public let since: Timestamp

    /// - Parameters:
    ///   - rules: names of rules that ask for actions; one without incidents has a row too.
    ///   - incidents: those that opened since.
    public init(rules: [String], incidents: [Incident], leases: [Lease], since: Timestamp, now: Timestamp) {
        self.since = since
        let byID = Dictionary(leases.map { ($0.id, $0) }) { first, _ in first }
        var rows = Dictionary(rules.map { ($0, Row(rule: $0)) }) { first, _ in first }
        for incident in incidents where rows[incident.rule] != nil {
            rows[incident.rule]?.add(incident, byID, now)
        }
        self.rows = rows.values.inByteOrder(of: \.rule)
    }
}

extension Readiness.Row {
    fileprivate mutating func add(_ incident: Incident, _ leases: [String: Lease], _ now: Timestamp) {
        incidents += 1
        var seen: Set<String> = []
        for decision in incident.decisions {
            switch decision.verdict {
            case .wouldAsk(let refusal), .needsApproval(let refusal): needsApproval[refusal.step, default: 0] += 1
            case .refused(let refusal): refused[refusal.step, default: 0] += 1
            case .alreadyInForce: break
            case .act, .wouldHave:
                // An extension is a decision of its own on the same lease.
                guard let id = decision.lease, seen.insert(id).inserted else { continue }
                apps.insert(decision.key.app)
                let end = leases[id].map { $0.endedAt ?? min(now, $0.expiresAt) } ?? decision.until ?? decision.at
                length = length + max(.zero, end - decision.at)
                if decision.verdict == .act {
                    done += 1
                    if leases[id]?.endReason.map({ $0.isSame(as: "reverted") }) == true { reverted += 1 }
                } else {
                    wouldHave += 1
                    if let resolved = incident.resolvedAt, resolved <= decision.at + decision.ttl {
                        clearedAlone += 1
                    } else if decision.at + decision.ttl > now {
                        stillOpen += 1
                    }
                }
            }
        }
        for verification in incident.verifications {
            switch verification.outcome {
            case .effective: effective += 1
            case .noEffect: noEffect += 1
            case .unknown: unknown += 1
            }
        }
    }

    /// A sentence for whoever decides.
    public var advice: String {
        if incidents == 0 { return "never fired: nothing to judge by" }
        if done > 0 {
            if noEffect > 0 { return "\(noEffect) of \(done) changed nothing: look at these before it goes on" }
            return effective > 0 ? "\(effective) of \(done) found effective" : "done, and its effect is not known"
        }
        if wouldHave == 0 {
            let approvals = needsApproval.values.reduce(0, +)
            return approvals > 0 ? "would only have asked a person" : "would have done nothing: see what held it back"
        }
        if clearedAlone == wouldHave { return "not needed so far: it always cleared by itself before the lease was over" }
        let lasting = wouldHave - clearedAlone - stillOpen
        let open = stillOpen == 0 ? "" : "\(stillOpen) of \(wouldHave) not over yet"
        if lasting == 0 { return open + (clearedAlone == 0 ? "" : "; \(clearedAlone) cleared by themselves before the lease was over") }
        return "\(lasting) of \(wouldHave) outlasted the lease without help" + (open.isEmpty ? "" : ", \(open)")
            + "; its effect shows only under enforce"
    }
}

extension Readiness {
    /// Every row, whatever became of it: `policy readiness -o json`.
    public var document: OutputDocument {
        OutputDocument(.readiness, ["since": .moment(since), "rules": .array(rows.map(\.document))])
    }
}

extension Readiness.Row {
    fileprivate var document: JSON {
        [
            "rule": .string(rule), "incidents": .int(Int64(incidents)),
            "would_have": .int(Int64(wouldHave)), "done": .int(Int64(done)), "length": .span(length),
            "apps": .array(apps.sorted().map { .string($0.text) }), "cleared_alone": .int(Int64(clearedAlone)),
            "effective": .int(Int64(effective)), "no_effect": .int(Int64(noEffect)),
            "effect_unknown": .int(Int64(unknown)), "reverted": .int(Int64(reverted)),
            "needs_approval": Readiness.Row.document(needsApproval), "refused": Readiness.Row.document(refused),
            "advice": .string(advice),
        ]
    }

    /// How often each step spoke, in the order of the guard; those that never did are left out.
    private static func document(_ steps: [Refusal.Step: Int]) -> JSON {
        .object(
            JSONObject(
                uniqueMembers: Refusal.Step.allCases.compactMap { step in
                    steps[step].map { JSONObject.Member(key: step.rawValue, value: .int(Int64($0))) }
                }))
    }
}
