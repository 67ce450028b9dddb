import Model

/// One rule as it holds for one policy: merged, parsed, unit-checked.
public struct Rule: Sendable {
    /// Unique within its policy: `noisy-neighbor`. An app's own version of a rule keeps the name.
    public let name: String
    public let origin: Origin
    public let subject: SubjectKind
    public let when: CompiledCondition
    /// Once it fires, it goes on while this holds, though `when` no longer does (`while`): what shows a fault beginning,
    /// such as growth, is over long before the fault is.
    public let keeps: CompiledCondition?
    /// How long the condition must be true before the rule fires (`for`); zero: at once.
    public let hold: TimeSpan
    /// In at least so many polls in a row, however far apart these are (`polls`); 1: `for` alone counts.
    public let leastPolls: Int
    /// While the rule waits for `hold`: known false for no longer than this, and for no more than half of the time in all,
    /// does not begin it anew, and does not count (`dips`). Zero: whatever is known false does.
    public let dips: TimeSpan
    /// How long it must be known false before the incident resolves.
    public let clearAfter: TimeSpan
    /// Unknown or unobserved stretches up to this count as held. Nil: three effective intervals of the slowest endpoint
    /// in the condition, at least `Rule.leastMaxGap`.
    public let maxGap: TimeSpan?
    public let severity: Severity
    /// One sentence for people, short enough for a phone.
    public let summary: String
    /// Why the rule exists, for whoever maintains it.
    public let details: String?
    public let nextSteps: [String]
    /// In the order of the file; those under `require_approval` come last and say so.
    public let actions: [RuleAction]
    /// What a person might do: `scale_out`.
    public let suggestions: [String]
    /// Name of a page in `playbooks/`.
    public let playbook: String?
    /// Sorted by key.
    public let labels: [String: String]
    /// While this rule fires on a runtime or on something of it, these rules open no incident on that runtime. Sorted.
    public let suppresses: [String]
    /// The other direction of `suppresses`. Sorted.
    public let suppressedBy: [String]

    /// Every value with its place, for `policy show`. Nil origin: nothing is written, this holds by default.
    public let fields: [Field]

    /// Where a value of it is written; of one that holds by default, where the rule stands.
    public func origin(of key: String) -> Origin { fields.first { $0.key.isSame(as: key) }?.origin ?? origin }

    /// Where to look for its condition: at the rule, or in the file that says another one for it.
    public var conditionOrigin: Origin {
        let written = origin(of: "when")
        return written.file.isSame(as: origin.file) ? origin : written
    }

    /// One value of a rule, or of a policy, as it holds, and where it is written.
    public struct Field: Sendable {
        public let key: String
        public let value: JSON
        public let origin: Origin?
    }

    public static let leastMaxGap = TimeSpan.minutes(2)
}

extension Rule {
    /// An outage that is told later than this is told by somebody else.
    private static let latestOutage = TimeSpan.minutes(10)

    /// Whether it can hold while nothing answers: `up` is 0 and what would have to be read is missing.
    var seesOutage: Bool {
        when.readings.contains { $0.series.signal == .up }
            && when.canBeTrue(knowing: { $0.signal == .up ? ($0.range == nil ? .zero : nil) : .unreachable })
    }

    /// Why an outage is told too late or too softly by it; nil when it is not.
    var outageFault: String? {
        // As often as a runtime is asked where nothing else is configured.
        let polls = TimeSpan.seconds(10) * Int64(leastPolls)
        if hold > Rule.latestOutage { return "after \(hold)" }
        if polls > Rule.latestOutage { return "after \(leastPolls) polls" }
        return severity == .critical ? nil : "as \(severity.rawValue)"
    }
}

/// What a rule asks for when it fires. Closed: see `ActionKind`.
public enum RuleAction: Sendable {
    /// A message. To these channels; none named: where the routes say.
    case notify(channels: [String])
    case lease(LeaseRequest)

    public var kind: ActionKind {
        switch self {
        case .notify: .notify
        case .lease(let request): request.effect.kind
        }
    }
}

/// A lease that a rule asks for.
public struct LeaseRequest: Sendable {
    /// On which apps it lands, each its own lease.
    public enum Target: Hashable, Sendable {
        /// The rule's own app.
        case subject
        /// The apps of the runtime that weigh most by a reading of the app; ties by the bytes of their ids. Apps whose
        /// reading is missing or zero weigh nothing and are never picked.
        case top(Int, slot: Int, series: SeriesRef)
    }

    /// As the policy has it. `disable_pack` of a rule on workflows names none: `effect(on:)` is of the one at hand.
    public let effect: Effect
    public let ttl: TimeSpan
    public let target: Target
    /// Checked on the rule's own subject when the action would start: only *known true* lets it.
    public let onlyIf: CompiledCondition?
    /// Offered in the message, done only on a person's approval.
    public let needsApproval: Bool
    public let origin: Origin

    /// What is asked for when the rule fires on a subject.
    public func effect(on subject: Subject) -> Effect {
        guard case .disablePack(let pack) = effect, pack.bytes.isEmpty, let own = subject.workflow else { return effect }
        return .disablePack(own)
    }

    /// What is read of each workflow where a rule on one asks for an action: open runs, and starts over the least time that an
    /// action is given.
    public static let workflowGauges = [
        SeriesRef(signal: .activeRuns, scope: .workflow),
        SeriesRef(signal: .runStarts, scope: .workflow, window: .minutes(3)),
    ]
}
