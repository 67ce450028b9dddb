import Model

extension Overview {
    /// What is done about an incident, what is not and why, in sentences; empty when nothing is.
    /// - Parameter moment: writes a moment by the reader's clocks.
    public func handling(of incident: Incident, _ moment: (Timestamp) -> String) -> [String] {
        var lines = leases(of: incident).map { lease in
            "\(leaseSights[lease.id]?.remark(lease.key.app) ?? "done"): \(Overview.words(lease, moment))"
        }
        lines += approvals(of: incident).map { "waits for you: \($0.effect) for \($0.key.app), \($0.ttl)" }
        var newest: [LeaseKey: ActionDecision] = [:]
        for decision in incident.decisions { newest[decision.key] = decision }
        for decision in incident.decisions where newest[decision.key] == decision {
            switch decision.verdict {
            case .refused(let refusal):
                lines.append("not done: \(decision.effect) for \(decision.key.app): \(refusal.text)")
            case .wouldHave: lines.append("would have done (mode observe): \(decision.effect) for \(decision.key.app)")
            case .wouldAsk: lines.append("would ask a person (mode observe): \(decision.effect) for \(decision.key.app)")
            case .act, .needsApproval, .alreadyInForce: break
            }
        }
        return lines + (circumstances[incident.id] ?? [])
    }

    /// A lease as a phrase: `throttle … for app_a, until …`.
    public static func words(_ lease: Lease, _ moment: (Timestamp) -> String) -> String {
        let what = "\(lease.effect) for \(lease.key.app)"
        return switch lease.state {
        case .intended: "\(what), not there yet"
        case .inForce: "\(what), until \(moment(lease.expiresAt))"
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
