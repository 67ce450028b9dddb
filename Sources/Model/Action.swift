/// The closed list of what may ever happen automatically. Everything else is a suggestion: text for a person.
public enum ActionKind: String, Hashable, Sendable, CaseIterable {
    case notify, throttle, pause
    case disablePack = "disable_pack"
}

/// The name of a workflow ("pack").
public struct PackID: ByteName {
    public let bytes: [UInt8]

    public init(bytes: [UInt8]) {
        self.bytes = bytes
    }
}

/// Limits of a throttle. Nil leaves that limit alone; at least one is set.
public struct Limits: Hashable, Sendable {
    /// Open runs at once; never below the floor of the guard.
    public var concurrentWorkflows: Int?
    /// Starts in any sixty seconds; never below the floor of the guard.
    public var requestsPerMinute: Int?

    public init(concurrentWorkflows: Int? = nil, requestsPerMinute: Int? = nil) {
        self.concurrentWorkflows = concurrentWorkflows
        self.requestsPerMinute = requestsPerMinute
    }

    /// The stricter of two, limit by limit.
    public func strictest(_ other: Limits) -> Limits {
        func lower(_ a: Int?, _ b: Int?) -> Int? {
            guard let a else { return b }
            return b.map { min(a, $0) } ?? a
        }
        return Limits(
            concurrentWorkflows: lower(concurrentWorkflows, other.concurrentWorkflows),
            requestsPerMinute: lower(requestsPerMinute, other.requestsPerMinute))
    }
}

/// What a lease does to one app while it is in force.
public enum Effect: Hashable, Sendable {
    case throttle(Limits)
    case pause
    case disablePack(PackID)

    public var kind: ActionKind {
        switch self {
        case .throttle: .throttle
        case .pause: .pause
        case .disablePack: .disablePack
        }
    }

    public var pack: PackID? {
        if case .disablePack(let pack) = self { pack } else { nil }
    }

    public var limits: Limits? {
        if case .throttle(let limits) = self { limits } else { nil }
    }
}

extension Effect: CustomStringConvertible {
    /// For people: `throttle to 2 runs at once`, `pause new runs`, `disable workflow Generator`.
    public var description: String {
        switch self {
        case .throttle(let limits):
            var parts: [String] = []
            if let runs = limits.concurrentWorkflows { parts.append("\(runs) run\(runs == 1 ? "" : "s") at once") }
            if let starts = limits.requestsPerMinute { parts.append("\(starts) starts a minute") }
            return "throttle to " + parts.joined(separator: " and ")
        case .pause: return "pause new runs"
        case .disablePack(let pack): return "disable workflow \(pack)"
        }
    }
}

/// What at most one lease stands for: an action on an app of a runtime (and one of its packs).
public struct LeaseKey: Hashable, Comparable, Sendable {
    public let kind: ActionKind
    public let runtime: String
    public let app: AppID
    public let pack: PackID?

    public init(kind: ActionKind, runtime: String, app: AppID, pack: PackID? = nil) {
        self.kind = kind
        self.runtime = runtime
        self.app = app
        self.pack = pack
    }

    /// All fields, in the order of comparison.
    public var canonical: [UInt8] {
        Array(runtime.utf8) + [0] + app.bytes + [0] + Array(kind.rawValue.utf8) + [0] + (pack?.bytes ?? [])
    }

    public static func < (a: LeaseKey, b: LeaseKey) -> Bool { a.canonical.lexicographicallyPrecedes(b.canonical) }
}

/// An action in force for a limited time.
public struct Lease: Hashable, Sendable, Identifiable {
    /// An incident that wants the lease, and what it asked for.
    public struct Holder: Hashable, Sendable {
        public let incident: String
        public let effect: Effect
        public let ttl: TimeSpan
        /// Who approved it; nil for what needed no approval. What was approved lasts as long as was approved: it is never
        /// extended.
        public let approvedBy: String?
        /// When it lets go, where others hold the lease for longer; nil: as long as the lease lasts.
        public var until: Timestamp?

        public init(incident: String, effect: Effect, ttl: TimeSpan, approvedBy: String? = nil, until: Timestamp? = nil) {
            self.incident = incident
            self.effect = effect
            self.ttl = ttl
            self.approvedBy = approvedBy
            self.until = until
        }
    }

    public enum State: String, Hashable, Sendable, CaseIterable {
        /// Written down, not yet confirmed by the adapter.
        case intended
        /// Confirmed: it holds until `expiresAt`.
        case inForce = "in_force"
        /// To be undone; done once the adapter confirms.
        case reverting
        /// Over.
        case ended
    }

    /// `lease-` and 16 hex digits; also the idempotency key towards adapters.
    public let id: String
    public let key: LeaseKey
    /// The strictest of the holders.
    public var effect: Effect
    /// Sorted by incident id.
    public var holders: [Holder]
    public let createdAt: Timestamp
    public var expiresAt: Timestamp
    public var state: State
    /// In observe mode a lease only pretends: it feeds the same limits, lands nowhere.
    public let shadow: Bool
    public var extensions: Int
    /// When it was made stricter, each time a new action by itself; ascending.
    public var tightenings: [Timestamp]
    /// Why it ended: `expired`, `max_lease`, `reverted`, `no_effect`, `mode`, `overwritten`, `refused_by_adapter`; nil while
    /// it has not.
    public var endReason: String?
    public var endedAt: Timestamp?

    public init(
        id: String, key: LeaseKey, effect: Effect, holders: [Holder], createdAt: Timestamp, expiresAt: Timestamp,
        state: State, shadow: Bool, extensions: Int = 0, tightenings: [Timestamp] = [], endReason: String? = nil,
        endedAt: Timestamp? = nil
    ) {
        self.id = id
        self.key = key
        self.effect = effect
        self.holders = holders
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.state = state
        self.shadow = shadow
        self.extensions = extensions
        self.tightenings = tightenings
        self.endReason = endReason
        self.endedAt = endedAt
    }

    /// Whether it holds, or is meant to.
    public var isActive: Bool { state == .intended || state == .inForce }

    /// Whether it is to be somewhere: active, and no mere pretence.
    public var isWanted: Bool { isActive && !shadow }
}

extension Lease {
    /// Whether a person approved it, for any of its holders.
    public var isApproved: Bool { holders.contains { $0.approvedBy != nil } }
}

/// The guard's answer to one wanted action. The first refusal in the guard's order wins.
public enum Verdict: Hashable, Sendable {
    /// Enforced: a lease is intended.
    case act
    /// Everything allowed it, but the mode is observe.
    case wouldHave
    /// Allowed so far, and a person would be asked, but the mode is observe: nothing is offered.
    case wouldAsk(Refusal)
    /// Allowed so far, but a person must say yes.
    case needsApproval(Refusal)
    case refused(Refusal)
    /// The lease is in force already, for others or more strictly.
    case alreadyInForce(lease: String)
}

/// Why the guard refused: the step of its order, and a sentence for people.
public struct Refusal: Hashable, Sendable {
    /// The guard's steps, in its order.
    public enum Step: String, Hashable, Sendable, CaseIterable {
        case killSwitch = "kill_switch"
        /// A silence or hours of maintenance hold the incident's actions back.
        case silenced
        case notAllowed = "not_allowed"
        case protected
        case onlyActiveApp = "only_active_app"
        case evidence
        /// The runtime has, or had a short while ago, a fault of another kind.
        case otherFault = "other_fault"
        case onlyIf = "only_if"
        case alreadyInForce = "already_in_force"
        case cooldown
        case budget
        case blastRadius = "blast_radius"
        case storm
        case flap
        case maxLease = "max_lease"
        /// An earlier lease for it changed nothing.
        case noEffect = "no_effect"
        case quietPeriod = "quiet_period"
        case floor
        case approval
        case mode
        /// No adapter that could land it is configured.
        case noAdapter = "no_adapter"
    }

    public let step: Step
    public let text: String

    public init(_ step: Step, _ text: String) {
        self.step = step
        self.text = text
    }
}

/// One decision on one wanted action, as the incident and the audit record it.
public struct ActionDecision: Hashable, Sendable {
    public let at: Timestamp
    public let incident: String
    public let key: LeaseKey
    public let effect: Effect
    public let ttl: TimeSpan
    public let verdict: Verdict
    /// The lease it created or extended, if any.
    public let lease: String?
    /// When that lease ends as decided so far; of what waits for approval, when the offer does. Nil without either.
    public let until: Timestamp?
    /// Of what waits for approval: the id to approve it by. Of what was decided on an approval: that one's. Nil otherwise,
    /// and where an approval is not asked for, since the mode only observes.
    public let approval: String?
    /// Who approved it; nil for what needed no approval, or has none.
    public let approvedBy: String?

    public init(
        at: Timestamp, incident: String, key: LeaseKey, effect: Effect, ttl: TimeSpan, verdict: Verdict,
        lease: String? = nil, until: Timestamp? = nil, approval: String? = nil, approvedBy: String? = nil
    ) {
        self.at = at
        self.incident = incident
        self.key = key
        self.effect = effect
        self.ttl = ttl
        self.verdict = verdict
        self.lease = lease
        self.until = until
        self.approval = approval
        self.approvedBy = approvedBy
    }
}
