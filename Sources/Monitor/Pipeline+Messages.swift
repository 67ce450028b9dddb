import Engine
import Guard
import Model
import Policy

/// What people are told of a tick.
extension Pipeline {
    /// What people are told: of each opening, of each resolution, and of an action that came after the opening.
    func messages(_ outcome: TickOutcome, _ plan: Plan) -> [RoutedMessage] {
        var messages: [RoutedMessage] = []
        var told: Set<String> = []
        for change in outcome.changes {
            let event: Message.Event
            switch change.kind {
            case .opened, .reopened: event = .opened
            case .resolved: event = .resolved
            case .updated: continue
            }
            told.insert(change.incident.id)
            append(event, change.incident, outcome.now, to: &messages)
        }
        let later = plan.decisions.filter { decision in
            switch decision.verdict {
            case .act: true
            case .refused(let refusal): refusal.step == .maxLease
            default: false
            }
        }
        for decision in later where told.insert(decision.incident).inserted {
            guard let incident = engine.incident(decision.incident) else { continue }
            append(.updated, incident, outcome.now, to: &messages)
        }
        return messages
    }

    private func append(_ event: Message.Event, _ incident: Incident, _ now: Timestamp, to messages: inout [RoutedMessage]) {
        guard let named = named(incident) else { return }
        let current = engine.incident(incident.id) ?? incident
        let message = Message(
            event: event, incident: current, environment: settings.environment, mode: effectiveMode(incident), at: now)
        let channels = settings.channels(for: incident.severity, named: named)
        messages.append(RoutedMessage(message: message, channels: channels))
    }

    /// Where a message about an incident goes by the settings and policies in force, and why.
    public func routing(of incident: Incident) -> Routing {
        settings.routing(of: incident.severity, named: named(incident))
    }

    /// The channels that the incident's rule names, none where it leaves that to the routes; nil where it notifies nobody.
    private func named(_ incident: Incident) -> [String]? {
        // The rule is gone: whoever may have heard of the opening hears of the end.
        guard let rule = rule(of: incident) else { return [] }
        var named: [String]?
        for case .notify(let channels) in rule.actions { named = channels }
        return named
    }

    private func rule(of incident: Incident) -> Rule? {
        let policy = incident.subject.app.map { policies.index(for: $0) } ?? 0
        return policies.rules(for: incident.subject.kind, policy: policy).first { $0.name == incident.rule }
    }

    private func effectiveMode(_ incident: Incident) -> Mode {
        let policy = incident.subject.app.map { policies.policy(for: $0) } ?? policies.defaultPolicy
        return min(settings.mode, policy.mode)
    }
}
