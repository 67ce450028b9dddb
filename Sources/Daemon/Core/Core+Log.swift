import Ambient
import Cycle
import Engine
import Guard
import Model

/// What the log says of a cycle.
extension Core {
    /// Takes the end of the audit log down, and logs it at the start and once a day: kept in another place than the
    /// journal, it shows whether the log was cut short or written anew.
    func noteAuditHead() {
        guard let head = (try? journal?.auditHead()) ?? nil else { return }
        progress.auditHead = head.description
        let day = clock.now().minute / (24 * 60)
        guard day != auditHeadLogged else { return }
        auditHeadLogged = day
        logger.info("audit log", ["head": .text(head.description)])
    }

    /// What begins is told as loudly as its severity is; all else is for the record.
    /// - Parameter changed: incidents that the tick opened, changed or resolved.
    func log(_ transitions: [Transition], _ changed: [Incident] = []) {
        for transition in transitions {
            let incident = incident(transition, changed)
            let severity = incident?.severity ?? severity(transition)
            logger.say(
                isLoud && transition.to == .firing && transition.from != .clearing ? Core.level(severity) : .info,
                "\(transition.from.rawValue) => \(transition.to.rawValue)",
                [
                    "rule": .text(transition.rule), "subject": .text("\(transition.subject)"),
                    "reason": .text(transition.reason), "condition": .text(transition.condition),
                    "incident": .text(incident?.id ?? "-"), "severity": .text(severity?.rawValue ?? "-"),
                    "app": .text(transition.subject.app.map { "\($0)" } ?? "-"), "runtime": .text(transition.subject.runtime),
                ])
        }
    }

    /// The incident that a transition belongs to: none before it fires.
    private func incident(_ transition: Transition, _ changed: [Incident]) -> Incident? {
        guard transition.to != .pending, transition.from != .pending || transition.to == .firing else { return nil }
        func fits(_ incident: Incident) -> Bool {
            incident.rule.isSame(as: transition.rule) && incident.subject == transition.subject
        }
        return changed.last(where: fits) ?? pipeline.engine.openIncidents(of: transition.subject.runtime).last(where: fits)
    }

    private func severity(_ transition: Transition) -> Severity? {
        let policy = transition.subject.app.map { pipeline.policies.index(for: $0) } ?? 0
        return pipeline.policies.rules(for: transition.subject.kind, policy: policy)
            .first { $0.name.isSame(as: transition.rule) }?.severity
    }

    static func level(_ severity: Severity?) -> Logger.Level {
        switch severity {
        case .critical?: .error
        case .warning?: .warning
        case .info?, nil: .info
        }
    }

    /// For whoever looks closely: what came of a poll.
    func logCycle(_ runtime: String, _ observations: [Observation], _ report: CycleReport?, isSaved: Bool) {
        guard logger.isEnabled(.debug) else { return }
        let silent = (report?.summary.replicas ?? []).flatMap { replica in
            Endpoint.allCases.compactMap { endpoint in replica.missing[endpoint].map { "\(replica.url)\(endpoint.path) \($0)" } }
        }
        logger.debug(
            "polled",
            [
                "runtime": .text(runtime), "answers": .integer(Int64(observations.count)),
                "slowest_ms": .number((observations.map(\.elapsedMilliseconds).max() ?? 0).rounded()),
                "missing": .text(silent.isEmpty ? "-" : silent.joined(separator: ", ")),
                "apps": .integer(Int64(report?.summary.apps ?? 0)),
                "open_incidents": .integer(Int64(pipeline.engine.openIncidents(of: runtime).count)), "saved": .flag(isSaved),
            ])
    }

    /// Who came and who is gone; and once, that nobody can say who is there.
    func logTargets(of runtime: String, before: [String]) {
        guard let state = pipeline.signals[runtime] else { return }
        let now = state.expectedReplicas
        let (came, gone) = (now.filter { !before.contains($0) }, before.filter { !now.contains($0) })
        if !came.isEmpty || !gone.isEmpty {
            func names(_ urls: [String]) -> LogValue {
                let more = urls.count > 10 ? " and \(urls.count - 10) more" : ""
                return .text(urls.isEmpty ? "-" : urls.prefix(10).joined(separator: ", ") + more)
            }
            logger.info(
                "replicas",
                [
                    "runtime": .text(runtime), "came": names(came), "gone": names(gone), "now": .integer(Int64(now.count)),
                ])
        }
        // Those that the configuration names are compared as it is read; these are known only now.
        for url in came {
            guard let other = pipeline.otherRuntime(of: url, besides: runtime) else { continue }
            logger.warning(
                "a replica is another runtime's as well: what runs there counts twice, and is told and held back twice",
                ["runtime": .text(runtime), "replica": .text(url), "other": .text(other)])
        }
        let trouble = state.findingTrouble
        guard trouble != saidTroubles[runtime] else { return }
        saidTroubles[runtime] = trouble
        if let trouble {
            logger.warning(
                "who the replicas are cannot be said for sure",
                ["runtime": .text(runtime), "why": .text(trouble), "known": .integer(Int64(now.count))])
        } else {
            logger.info("who the replicas are is known again", ["runtime": .text(runtime), "now": .integer(Int64(now.count))])
        }
    }

    /// From here on what is in force is enforced.
    func logAsked(_ leases: [Lease]) {
        for lease in leases where !lease.shadow {
            logger.info(
                "the gate is asked about it",
                [
                    "lease": .text(lease.id), "app": .text("\(lease.key.app)"), "action": .text("\(lease.effect)"),
                    "runtime": .text(lease.key.runtime),
                ])
        }
    }

    /// `action refused`. That a lease was decided does not say yet that anybody is held to it: see `lease landed`, and
    /// `the gate is asked about it`.
    private func message(_ decision: ActionDecision) -> String {
        guard case .act = decision.verdict else { return "action \(decision.verdict.word)" }
        return pipeline.settings.landsAtGateOnly ? "action in force at the gate, as far as it is asked" : "action decided"
    }

    /// Only behind the commit that holds them: a tick that could not be written did nothing.
    func log(_ decisions: [ActionDecision]) {
        for decision in decisions {
            logger.info(
                message(decision),
                [
                    "incident": .text(decision.incident), "app": .text("\(decision.key.app)"),
                    "action": .text("\(decision.effect)"), "ttl": .text("\(decision.ttl)"),
                    "why": .text(decision.verdict.reason ?? "-"), "lease": .text(decision.lease ?? "-"),
                    "severity": .text(pipeline.engine.incident(decision.incident)?.severity.rawValue ?? "-"),
                    "runtime": .text(decision.key.runtime),
                ])
        }
    }
}
