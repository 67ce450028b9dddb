import Model
import Notify

/// What people hear between an opening and its end, and messages about several incidents.
extension Sample {
    static let occasions: [(name: String, message: Message)] = [
        ("reminder", reminder), ("approval", approval), ("verified", verified), ("acknowledged", acknowledged),
        ("advice", advice), ("digest-storm", digest(.opened, .storm, 34, open: 34)),
        ("digest-update", digest(.updated, .storm, 41, open: 3)),
        ("digest-over", digest(.resolved, .storm, 41, open: 0)),
        ("digest-together", digest(.opened, .together, 3, open: 3)),
        ("digest-pages-used-up", digest(.opened, .pageBudget, 1, open: 1)),
    ]

    private static func updated(_ news: Message.News, _ incident: Incident, _ seconds: Double) -> Message {
        Message(
            event: .updated, incident: incident, environment: "production", mode: .enforce, at: at(seconds), news: news)
    }

    private static var reminder: Message {
        var incident = noisy()
        incident.decisions = [decision(300, .act, lease: lease)]
        return updated(.reminder, incident, 300 + 3 * 3_600)
    }

    private static var approval: Message {
        var incident = noisy()
        incident.decisions = [
            decision(
                300,
                .needsApproval(Refusal(.approval, "the policy asks for a person's approval (ops_policy.default.yaml:156)")),
                approval: "approval-0123456789abcdef", ttl: .minutes(30))
        ]
        return updated(.approval, incident, 300)
    }

    private static var verified: Message {
        var incident = noisy()
        incident.decisions = [decision(300, .act, lease: lease)]
        incident.verifications = [
            Verification(
                at: at(600), lease: lease, app: AppID("app-clinic"), outcome: .effective,
                text: "run_starts 40/min → 6/min, active_runs 118 → 52; the condition is no longer true")
        ]
        return updated(.verified, incident, 600)
    }

    private static var acknowledged: Message {
        var incident = noisy()
        incident.acknowledged = .init(at: at(640), by: "dana", until: at(8_000), comment: "looking at <their> imports")
        return updated(.acknowledged, incident, 640)
    }

    static let writing = Advice(
        at: at(400), by: "gpt-4o-mini",
        summary: "app-clinic holds 61.1% of the open runs of shared. The share grew from 12% within 5m.",
        likelyCause: "One workflow of app-clinic was started in a loop.", playbook: "noisy-neighbor",
        steps: ["Look which workflow has the most open runs.", "Ask the tenant whether the starts are meant."],
        confidence: 0.7)

    private static var advice: Message {
        var incident = noisy()
        incident.decisions = [decision(300, .act, lease: lease)]
        incident.advice = writing
        return updated(.advice, incident, 400)
    }

    /// Critical ones first, as many as are listed, the last ones over.
    static func digest(_ event: Message.Event, _ reason: Digest.Reason, _ total: Int, open: Int) -> Message {
        let items = (0..<min(total, Digest.itemLimit)).map { index -> Digest.Item in
            let isDown = index < 2
            let subject: Subject =
                isDown ? .runtime("shared-\(index + 1)") : .app(AppID("app-\(index)"), runtime: "shared-\(index % 4 + 1)")
            return Digest.Item(
                incident: "5f2c9a7b1d3e4f\(index + 10)-1795230305000", rule: isDown ? "runtime-down" : "noisy-neighbor",
                subject: subject, severity: isDown ? .critical : .warning, openedAt: at(300 + Double(index) * 4),
                resolvedAt: index < open ? nil : at(900 + Double(index) * 30))
        }
        var incident = incident(
            rule: "runtime-down", subject: .runtime("shared-1"), severity: .critical, summary: "The runtime answers nobody.",
            line: 42, condition: "up == 0",
            transitions: [
                transition(300, .pending, .firing, "condition true for 5m", "up (0) == 0", rule: "runtime-down", subject: runtime)
            ], playbook: "runtime-down")
        if event == .resolved {
            incident.resolvedAt = at(900)
            incident.resolveReason = "cleared"
        }
        return Message(
            event: event, incident: incident, environment: "production", mode: .enforce,
            at: at(event == .opened ? 420 : event == .updated ? 1_500 : 2_000),
            digest: Digest(id: "digest-5f2c9a7b1d3e4f60", reason: reason, items: items, total: total, open: open))
    }

    /// Every kind of message that there is, by name.
    static let messages = ordinary + occasions
}
