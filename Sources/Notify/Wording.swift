import Model

/// The sentences of a message, the same for every channel. Deterministic; no markup; ids made safe to show.
public struct Wording: Sendable {
    public let message: Message

    public init(_ message: Message) {
        self.message = message
    }

    private var incident: Incident { message.incident }

    /// `warning: noisy-neighbor, app app-clinic on shared`
    public var headline: String {
        let drill = message.event == .drill ? "[drill] " : ""
        let state = message.event == .resolved ? "resolved" : incident.severity.rawValue
        return "\(drill)\(state): \(incident.rule), \(place)"
    }

    /// Whom it is about.
    public var place: String {
        switch incident.subject {
        case .runtime(let name): "runtime \(Shown.id(name))"
        case .app(let app, let runtime): "app \(Shown.id(app.text)) on \(Shown.id(runtime))"
        case .replica(let url, let runtime): "replica \(Shown.id(url)) of \(Shown.id(runtime))"
        }
    }

    public var what: String { incident.summary }

    /// `09:00:05 UTC on 2026-11-21 (5m before this message)`
    public var since: String {
        let started = incident.since
        let day = started.description.prefix(10)
        return "\(started.clock) UTC on \(day)"
    }

    /// How long it was open, for a resolution.
    public var duration: String? {
        incident.resolvedAt.map { ($0 - incident.openedAt).brief }
    }

    /// The condition with its values, as of the newest transition.
    public var condition: String {
        let newest = incident.transitions.last(where: { $0.to == .firing }) ?? incident.transitions.last
        return Shown.line(newest?.condition ?? incident.condition)
    }

    /// Why it ended, for a resolution.
    public var ending: String {
        let last = incident.transitions.last
        let values = last.map { Shown.line($0.condition) } ?? ""
        let reason = last?.reason ?? incident.resolveReason ?? "cleared"
        return values.isEmpty ? reason : "\(reason): \(values)"
    }

    /// One line for each decision: what was done, what would have been, and why not.
    public var decisions: [String] {
        incident.decisions.suffix(8).map { decision in
            let target = "app \(Shown.id(decision.key.app.text))"
            let action = "\(Shown.line(decision.effect.description)) for \(target)"
            switch decision.verdict {
            case .act:
                return "Done: \(action), until \((decision.at + decision.ttl).clock) UTC at the latest unless it is extended"
                    + (decision.lease.map { " (\($0))" } ?? "")
            case .wouldHave:
                return "Not done, mode is observe: would \(action) for \(decision.ttl)"
            case .needsApproval(let refusal):
                return "Needs a person: \(action) for \(decision.ttl) (\(Shown.line(refusal.text)))"
            case .refused(let refusal):
                return "Held back: \(action) (\(Shown.line(refusal.text)))"
            case .alreadyInForce(let lease):
                return "Already in force: \(action) (\(lease))"
            }
        }
    }

    /// How to undo what was done, one command a lease.
    public var undo: [String] {
        var seen: [String] = []
        for case let decision in incident.decisions where decision.verdict == .act {
            if let lease = decision.lease, !seen.contains(lease) { seen.append(lease) }
        }
        return seen.map { "mozaiks-ops actions revert \($0)" }
    }

    /// The rule's next steps, then its suggestions as sentences.
    public var nextSteps: [String] {
        incident.nextSteps.map(Shown.line) + incident.suggestions.map { "Consider: \(Shown.line($0.spaced))" }
    }

    /// `sent by mozaiks-ops in production, mode enforce · rule at ops_policy.default.yaml:12 · 5f2c…-1795…`
    public var footer: String {
        "\(message.environment), mode \(message.mode.rawValue) · rule \(incident.origin) · \(incident.id)"
    }

    /// What to run for the whole story.
    public var more: String { "mozaiks-ops incidents show \(incident.id)" }
}

/// Text from outside made safe to show to people: nothing invisible, nothing that reorders, nothing endless.
public enum Shown {
    /// An id: control, formatting and bidirectional characters become `\u{XX}`; longer than 80 characters is cut.
    public static func id(_ text: String) -> String { clean(text, limit: 80) }

    /// A line: the same, up to 2,000 characters.
    public static func line(_ text: String) -> String { clean(text, limit: 2_000) }

    private static func clean(_ text: String, limit: Int) -> String {
        var out = ""
        var count = 0
        for scalar in text.unicodeScalars {
            guard count < limit else { return out + "…" }
            count += 1
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                out += "\\u{\(String(scalar.value, radix: 16))}"
            default:
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}

extension String {
    /// `scale_out` as `scale out`.
    fileprivate var spaced: String { String(map { $0 == "_" ? " " : $0 }) }
}
