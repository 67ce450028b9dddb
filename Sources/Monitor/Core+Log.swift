import Ambient
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

    func log(_ transitions: [Transition]) {
        for transition in transitions {
            logger.info(
                "\(transition.from.rawValue) => \(transition.to.rawValue)",
                [
                    "rule": .text(transition.rule), "subject": .text("\(transition.subject)"),
                    "reason": .text(transition.reason), "condition": .text(transition.condition),
                ])
        }
    }

    /// Only behind the commit that holds them: a tick that could not be written did nothing.
    func log(_ decisions: [ActionDecision]) {
        for decision in decisions {
            logger.info(
                "action \(decision.verdict.word)",
                [
                    "incident": .text(decision.incident), "app": .text("\(decision.key.app)"),
                    "action": .text("\(decision.effect)"), "ttl": .text("\(decision.ttl)"),
                    "why": .text(decision.verdict.reason ?? "-"), "lease": .text(decision.lease ?? "-"),
                ])
        }
    }
}
