import Model

/// What one evaluation of one runtime changed, and what stands after it.
public struct TickOutcome: Hashable, Sendable {
    public let runtime: String
    /// The engine's own now: it never runs backwards.
    public let now: Timestamp
    /// Every change of phase, by subject, then rule.
    public internal(set) var transitions: [Transition] = []
    /// Incidents that began, began again, changed or ended, by id.
    public internal(set) var changes: [IncidentChange] = []
    /// Ids of open incidents that took in new readings and changed in nothing else.
    public internal(set) var refreshed: [String] = []
    /// Every rule that is not inactive, by subject, then rule.
    public internal(set) var standings: [Standing] = []

    init(runtime: String, now: Timestamp) {
        self.runtime = runtime
        self.now = now
    }

    /// Incidents that opened for the first time.
    public var opened: [Incident] { incidents(.opened) }
    /// Incidents that opened again within the flap time.
    public var reopened: [Incident] { incidents(.reopened) }
    /// Incidents that stay open and changed phase.
    public var updated: [Incident] { incidents(.updated) }
    public var resolved: [Incident] { incidents(.resolved) }

    private func incidents(_ kind: IncidentChange.Kind) -> [Incident] {
        changes.filter { $0.kind == kind }.map(\.incident)
    }
}

/// An incident as it is after the tick, and what happened to it.
public struct IncidentChange: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case opened, reopened, updated, resolved
    }

    public let kind: Kind
    public let incident: Incident

    public init(kind: Kind, incident: Incident) {
        self.kind = kind
        self.incident = incident
    }
}

/// Where one rule stands on one subject after a tick.
public struct Standing: Hashable, Sendable {
    public let rule: String
    public let subject: Subject
    /// Pending, firing or clearing.
    public let phase: Phase
    /// The first observation of the unbroken run of true ones.
    public let since: Timestamp
    /// How much of the time since then, until the rule fired, the condition was not known.
    public let unseen: TimeSpan
    /// The newest observation of what the condition needs.
    public let observed: Timestamp
    /// Whether the condition was known true at that observation.
    public let isKnownTrue: Bool
    /// Unknown stretches up to this count as held.
    public let maxGap: TimeSpan
    /// How far apart the polls are of the slowest endpoint that the condition needs.
    public let interval: TimeSpan
    /// The rule that keeps this one from opening an incident or asking for actions; nil when none does.
    public let suppressedBy: String?
    /// The id of its incident; nil while pending.
    public let incident: String?
}
