import Model

/// Advice that a rule may name under `suggest:`: nothing that is ever done automatically, but what a person might do, step by
/// step.
public struct Suggestion: Hashable, Sendable {
    /// As policies write it: `scale_out`.
    public let name: String
    /// In the imperative: `Run more replicas of the runtime`.
    public let title: String
    public let steps: [String]

    /// Every suggestion with steps of its own. Others are shown by their name.
    public static let known: [Suggestion] = [
        Suggestion(
            name: "scale_out", title: "Run more replicas of the runtime",
            steps: [
                "Check that it is load and not one tenant: mozaiks-ops check shows who runs how much.",
                "Start one more replica behind the same balancer, and add its URL to the runtime's replicas here.",
                "Mark it (mozaiks-ops mark deploy scale-out) and compare latency and errors ten minutes later.",
            ]),
        Suggestion(
            name: "raise_limit", title: "Raise the tenant's limit",
            steps: [
                "Check with the tenant that the load is wanted, and with the plan that it is paid for.",
                "Raise the limit in the control plane, not here: mozaiks-ops only lowers limits, for a while.",
                "Give the app a policy of its own with the new threshold, or the rule fires again.",
            ]),
        Suggestion(
            name: "contact_tenant", title: "Talk to the tenant",
            steps: [
                "Send the figures below: what was unusual, since when, and what was done about it.",
                "Ask whether a new release, a loop or a shared key explains it.",
            ]),
        Suggestion(
            name: "dedicated_runtime", title: "Move the tenant to a runtime of its own",
            steps: [
                "Look whether it is a habit: mozaiks-ops incidents list --app APP --since 30d.",
                "Set up a runtime for it and add that to the configuration, with its own labels.",
                "Move the tenant at a quiet hour, mark the deploy, and keep the old place for a week.",
            ]),
        Suggestion(
            name: "dedicated_db", title: "Move the tenant's data to a database of its own",
            steps: [
                "Check that the database is what is slow: mongodb_latency rises with this tenant's load and no other's.",
                "Plan the move with a backup and a way back; it needs a stop of the tenant's runs.",
            ]),
        Suggestion(
            name: "check_provider", title: "Check the model provider",
            steps: [
                "Look at the provider's status page, and at the key's quota and spending limit.",
                "Try one call with the same key and model from the runtime's machine.",
            ]),
    ]

    public static func named(_ name: String) -> Suggestion? {
        known.first { $0.name.isSame(as: name) }
    }

    /// What the rule compared when its incident opened, for whoever follows the steps: `active_runs.share 61%`.
    public static func evidence(of incident: Incident) -> [String] {
        let firing = incident.transitions.last { $0.to == .firing } ?? incident.transitions.last
        return firing?.readings.map { "\($0.series) \(Figure.text($0.evidence, $0.unit))" } ?? []
    }

    /// One line for each suggestion of an incident: what to do and its steps; of an unknown one its words.
    public static func lines(of incident: Incident) -> [String] {
        incident.suggestions.map { name in
            guard let known = named(name) else {
                return "Consider: \(String(name.map { $0 == "_" ? " " : $0 }))."
            }
            let steps = known.steps.enumerated().map { "(\($0.offset + 1)) \($0.element)" }.joined(separator: " ")
            return "Consider: \(known.title.prefix(1).lowercased() + known.title.dropFirst()). \(steps)"
        }
    }
}
