import Ambient
import Engine
import Guard
import Model

/// What the log says of a cycle.
extension Core {
    func log(_ transitions: [Transition], _ decisions: [ActionDecision]) {
        for transition in transitions {
            logger.info(
                "\(transition.from.rawValue) => \(transition.to.rawValue)",
                [
                    "rule": .text(transition.rule), "subject": .text("\(transition.subject)"),
                    "reason": .text(transition.reason), "condition": .text(transition.condition),
                ])
        }
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
