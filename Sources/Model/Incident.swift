/// Where a rule's subject stands.
public enum Phase: String, Hashable, Sendable, CaseIterable {
    case inactive, pending, firing, clearing
}

/// A place in a policy file.
public struct Origin: Hashable, Sendable, CustomStringConvertible {
    public let file: String
    /// From 1.
    public let line: Int

    public init(file: String, line: Int) {
        self.file = file
        self.line = line
    }

    public var description: String { "\(file):\(line)" }
}

/// One reading that a decision compared.
public struct ComparedReading: Hashable, Sendable {
    /// As `SeriesRef.description` writes it.
    public let series: String
    public let unit: Unit
    public let evidence: Evidence
    /// What it was at the least where it is missing: some of it was not seen, or figures contradict each other. Evidence for
    /// `>` and never for `<`.
    public let least: Double?

    /// - Parameter least: left out of a reading that is known.
    public init(series: String, unit: Unit, evidence: Evidence, least: Double? = nil) {
        self.series = series
        self.unit = unit
        self.evidence = evidence
        self.least = evidence.value == nil ? least : nil
    }
}

/// Readings of one moment beside those that a rule compares. Nothing is decided by them.
public struct ReadingsBeside: Hashable, Sendable {
    /// The newest moment of which something is known.
    public let at: Timestamp
    public let readings: [ComparedReading]

    public init(at: Timestamp, readings: [ComparedReading]) {
        self.at = at
        self.readings = readings
    }
}

/// A change of phase with its reason and the values that were compared.
public struct Transition: Hashable, Sendable {
    public let at: Timestamp
    public let rule: String
    public let subject: Subject
    public let from: Phase
    public let to: Phase
    /// For people: `condition true for 5m`, `condition false for 2m`, `rule removed`.
    public let reason: String
    /// The condition with the values put in.
    public let condition: String
    public let readings: [ComparedReading]

    public init(
        at: Timestamp, rule: String, subject: Subject, from: Phase, to: Phase, reason: String, condition: String,
        readings: [ComparedReading]
    ) {
        self.at = at
        self.rule = rule
        self.subject = subject
        self.from = from
        self.to = to
        self.reason = reason
        self.condition = condition
        self.readings = readings
    }
}

/// A short series of one signal around an incident, oldest first.
public struct EvidenceSeries: Hashable, Sendable {
    public struct Point: Hashable, Sendable {
        public let at: Timestamp
        public let evidence: Evidence

        public init(at: Timestamp, evidence: Evidence) {
            self.at = at
            self.evidence = evidence
        }
    }

    public let series: String
    public let unit: Unit
    public var points: [Point]

    public init(series: String, unit: Unit, points: [Point]) {
        self.series = series
        self.unit = unit
        self.points = points
    }
}

/// What went wrong, where, since when, what was decided and what was done. Schema `mozaiks.ops/incident/v1`.
///
/// The decisions are reproduced byte for byte by a replay; the handling is what people and services did about it.
public struct Incident: Hashable, Sendable, Identifiable {
    public static let schema = "mozaiks.ops/incident/v1"
    /// Who notes on an open incident that its rule says something else than when it opened.
    public static let policyNoter = "policy"

    public enum Status: String, Hashable, Sendable, CaseIterable {
        case open, acknowledged, resolved
    }

    // Decisions.

    /// First 16 hex digits of SHA-256 over `v1\0rule\0subject kind\0runtime\0subject`.
    public let fingerprint: String
    /// The fingerprint, `-`, the opening time in milliseconds.
    public let id: String
    public let rule: String
    public let subject: Subject
    public let severity: Severity
    /// One sentence from the rule.
    public let summary: String
    /// Where the rule stands.
    public let origin: Origin
    /// The condition as written.
    public let condition: String
    public let openedAt: Timestamp
    /// When the condition was first seen true (start of pending).
    public let since: Timestamp
    public var resolvedAt: Timestamp?
    /// `cleared`, `overtaken` (by a rule that holds and keeps this one quiet), `removed`; nil while open.
    public var resolveReason: String?
    /// How often it reopened within the flap time.
    public var flaps: Int
    public var transitions: [Transition]
    public var evidence: [EvidenceSeries]
    public var decisions: [ActionDecision]
    /// What its leases brought about.
    public var verifications: [Verification]
    public let suggestions: [String]
    public let nextSteps: [String]
    public let playbook: String?
    /// Labels of the environment and runtime, sorted by key when written.
    public var labels: [String: String]

    // Handling.

    public var acknowledged: Acknowledgement?
    /// What a language model wrote about it; nil without an advisor, or while it has not answered well.
    public var advice: Advice?
    public var handling: [HandlingNote]

    public struct Acknowledgement: Hashable, Sendable {
        public let at: Timestamp
        public let by: String
        public let until: Timestamp?
        public let comment: String

        public init(at: Timestamp, by: String, until: Timestamp?, comment: String) {
            self.at = at
            self.by = by
            self.until = until
            self.comment = comment
        }
    }

    public init(
        fingerprint: String, id: String, rule: String, subject: Subject, severity: Severity, summary: String, origin: Origin,
        condition: String, openedAt: Timestamp, since: Timestamp, transitions: [Transition], evidence: [EvidenceSeries],
        suggestions: [String], nextSteps: [String], playbook: String?, labels: [String: String]
    ) {
        self.fingerprint = fingerprint
        self.id = id
        self.rule = rule
        self.subject = subject
        self.severity = severity
        self.summary = summary
        self.origin = origin
        self.condition = condition
        self.openedAt = openedAt
        self.since = since
        self.flaps = 0
        self.transitions = transitions
        self.evidence = evidence
        self.decisions = []
        self.verifications = []
        self.suggestions = suggestions
        self.nextSteps = nextSteps
        self.playbook = playbook
        self.labels = labels
        self.handling = []
    }

    /// Begins another episode of the same: what was said of the one before is void. A field that is not of the incident for good
    /// is made void here; what stays is a record of all episodes.
    public mutating func reopen() {
        resolvedAt = nil
        resolveReason = nil
        acknowledged = nil
        advice = nil
        flaps += 1
    }

    /// When what it is about was over: the beginning of the clearing that ended it, which `resolvedAt` only confirms. Nil
    /// while it is open; the moment of its end where it ended for another reason.
    public var heldUntil: Timestamp? {
        guard let resolvedAt else { return nil }
        guard transitions.last?.from == .clearing, let began = transitions.last(where: { $0.to == .clearing })?.at else {
            return resolvedAt
        }
        return min(began, resolvedAt)
    }

    /// From when the condition held, the rule's own waiting included, to when it was over; nil while it is open. Everywhere the
    /// same, so that a list and a message say the same length.
    public var lasted: TimeSpan? { heldUntil.map { max($0 - since, .zero) } }

    public var status: Status {
        if resolvedAt != nil { return .resolved }
        return acknowledged == nil ? .open : .acknowledged
    }
}

/// One line of an incident's handling: an action's result, a message, a note of a person.
public struct HandlingNote: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case leaseInForce = "lease_in_force"
        case leaseExtended = "lease_extended"
        case leaseEnded = "lease_ended"
        case leaseRefused = "lease_refused"
        case message
        case acknowledgement
        /// A person said yes or no to an action.
        case approval
        /// A deploy or restart of the runtime, with the main signals before and after it.
        case mark
        case note
    }

    public let at: Timestamp
    public let kind: Kind
    /// Who or what wrote it: `gate`, `slack:ops`, `cli`.
    public let by: String
    public let text: String

    public init(at: Timestamp, kind: Kind, by: String, text: String) {
        self.at = at
        self.kind = kind
        self.by = by
        self.text = text
    }
}
