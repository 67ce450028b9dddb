import Cycle
import Engine
import Guard
import Model
import Policy
import Signals
import Views

extension RuleExplanation {
    func text(_ rendering: Rendering, whyNot: Bool) -> String {
        let terminal = rendering.terminal
        var text = "\(terminal.paint(rule.name, .bold)) on \(subject), as of \(at)\n"
        text += "  \(phase.rawValue)" + (timer.map { ": \($0)" } ?? "") + "  (\(source))\n"
        for note in notes { text += "  \(terminal.paint("note", .yellow)): \(Shown.code(note))\n" }
        let reasons = reasons
        if whyNot || phase != .firing {
            text += "\n" + terminal.paint(phase == .firing ? "It does fire" : "Why it does not fire", .bold) + "\n"
            text += reasons.map { "  - \(Shown.code($0))\n" }.joined()
        } else if !reasons.isEmpty {
            text += reasons.map { "  \(Shown.code($0))\n" }.joined()
        }
        text += "\n" + terminal.paint(isWhile ? "It goes on while" : "Condition", .bold) + "  \(judged.origin)\n"
        if let answered {
            text +=
                "  with the readings kept last, none newer than \(answered): they are kept once a minute"
                + (isOfDraft ? "\n" : ", the state above at each poll\n")
        }
        text += "  \(Shown.code(condition?.withValues ?? judged.text))\n"
        for term in condition?.terms ?? [] {
            let words = "\(term.truth)"
            text += "    \(words)" + String(repeating: " ", count: max(1, 8 - words.utf8.count)) + Shown.code(term.text)
            text += (term.fact.map { ": " + Shown.code($0) } ?? "") + "\n"
        }
        if !missing.isEmpty {
            text += "\n" + terminal.paint("Missing evidence", .bold) + "\n"
            text += missing.map { "  \($0.series): \($0.reason), \(why($0))\n" }.joined()
        }
        text += "\n" + terminal.paint("Actions", .bold) + "\n"
        for (action, needsApproval, decisions) in actions {
            text += "  \(action.string ?? action.serialized())" + (needsApproval ? " (only on approval)" : "") + "\n"
            for decision in decisions { text += "    \(decision.at)  \(rendering.decision(decision, of: incident))\n" }
        }
        if let incident { text += "  incident \(incident.id)\n" }
        text += "\n" + terminal.paint("Values", .bold) + "\n"
        return text
            + terminal.table(["key", "value", "from"], values.map { [$0.key, $0.value, $0.origin] })
            .split(separator: "\n").map { "  \($0)\n" }.joined()
    }
}
