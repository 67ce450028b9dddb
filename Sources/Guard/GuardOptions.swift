import Model

/// The limits that the guard holds every action to: the configuration's `guard` part.
public struct GuardOptions: Hashable, Sendable {
    /// Apps that nothing is ever done to.
    public var protected: [AppID] = []
    /// After a lease on (app, action) began or ended, no new one for this long.
    public var cooldown = TimeSpan.minutes(10)
    /// New leases within an hour for one app, and in all.
    public var perAppHour = 3
    public var totalHour = 10
    /// So many incidents opened within this time are a storm: no new actions.
    public var stormIncidents = 10
    public var stormWindow = TimeSpan.minutes(2)
    /// A throttle asks for no less than this.
    public var floor = Limits(concurrentWorkflows: 1, requestsPerMinute: 10)
    /// The longest that one lease may last, with all its extensions.
    public var maxLease = TimeSpan.hours(2)
    /// No new actions for this long after a restart of the runtime or a marked deploy.
    public var quietAfterRestart = TimeSpan.minutes(10)
    /// After a fault of the runtime itself nobody is acted upon for this long: what piled up is nobody's doing. Zero: only
    /// while it lasts.
    public var quietAfterFault = TimeSpan.minutes(10)
    /// Apps under action at once, in percent of the active ones; rounded down, at least one app.
    public var blastPercent = 10.0
    /// Leases on one key within a day; one more needs a person.
    public var leasesPerDay = 2
    /// How long an offer waits for a person's answer: an owner sleeps.
    public var approvalExpiry = TimeSpan.hours(8)

    public init() {}
}

/// What the guard is told about the world at one tick.
public struct GuardContext: Hashable, Sendable {
    public var options: GuardOptions
    /// The global mode; the stricter of it and the app's policy's wins.
    public var mode: Mode
    /// Whether the file that stops all actions is there.
    public var killFile: Bool
    /// The newest restart of the runtime, or marked deploy, that is known; nil when none is.
    public var restartedAt: Timestamp?
    /// Actions that some configured adapter can land on every app. Only `enforce` asks.
    public var landable: Set<ActionKind>
    /// What can be landed besides: adapters may know some apps and workflows only.
    public var landableKeys: Set<LeaseKey>
    /// What can be landed only after a person said yes, and why, for people.
    public var landableOnApproval: [LeaseKey: String]
    /// Incidents whose new actions a silence holds back, and which silence, for people.
    public var silenced: [String: String]
    /// Whether what leases brought about is looked for. Not where their past never felt them: of an action that a replay
    /// only imagines, the evidence would always say that it changed nothing.
    public var verifies: Bool
    /// How far apart the polls of health and of the tenants' figures are: what was lost once is no fault yet.
    public var healthInterval = TimeSpan.seconds(10)
    public var perfInterval = TimeSpan.seconds(10)
    /// Whether what is done lands at the gate and nowhere else: then nothing is held where no proxy asks it.
    public var landsAtGateOnly = false

    public init(
        options: GuardOptions = GuardOptions(), mode: Mode = .observe, killFile: Bool = false,
        restartedAt: Timestamp? = nil, landable: Set<ActionKind> = [], landableKeys: Set<LeaseKey> = [],
        landableOnApproval: [LeaseKey: String] = [:], silenced: [String: String] = [:], verifies: Bool = true
    ) {
        self.options = options
        self.mode = mode
        self.killFile = killFile
        self.restartedAt = restartedAt
        self.landable = landable
        self.landableKeys = landableKeys
        self.landableOnApproval = landableOnApproval
        self.silenced = silenced
        self.verifies = verifies
    }

    /// Whether a lease with that key would land somewhere, at once or after a person's yes.
    func lands(_ key: LeaseKey) -> Bool { landsFreely(key) || landableOnApproval[key] != nil }

    /// Why it lands nowhere without a person; nil where it does, or where it never would.
    func approvalReason(_ key: LeaseKey) -> String? { landsFreely(key) ? nil : landableOnApproval[key] }

    private func landsFreely(_ key: LeaseKey) -> Bool { landable.contains(key.kind) || landableKeys.contains(key) }
}

/// What the guard decided at one tick of one runtime.
public struct Plan: Hashable, Sendable {
    /// New or changed verdicts, in the order of deciding. The same refusal is not repeated tick after tick.
    public internal(set) var decisions: [ActionDecision] = []
    /// What becomes of leases, in the order of doing.
    public internal(set) var leaseChanges: [LeaseChange] = []
    /// What leases brought about, for each incident that holds one.
    public internal(set) var verifications: [IncidentVerification] = []
    /// Deploys and restarts about which something new is known: begun, or compared.
    public internal(set) var marks: [Mark] = []
    /// Leases about whose app the gate was asked for the first time since they are in force: whoever asks it enforces them.
    public internal(set) var asked: [Lease] = []

    public init() {}
}

/// What a lease brought about, for one of its holders.
public struct IncidentVerification: Hashable, Sendable {
    public let incident: String
    public let verification: Verification
}

/// A lease as it is after a change, and what an adapter has to do about it. Nothing, for a shadow.
public struct LeaseChange: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// New: put it in force, then `settle` it.
        case intend
        /// Another expiry, or another effect by other holders: put it again. Putting is idempotent.
        case extend
        /// Undo it now, then `settle` it. It ran out, or a person took it back.
        case end
    }

    /// The reason of an extension that changes nothing but the end.
    public static let stillTrue = "condition still true"
    /// The reason of an extension without new evidence.
    public static let acrossRestart = "it was in force when the runtime restarted"
    /// The reason of a change when one of those who hold a lease lets go before the others.
    public static let lessStrictly = "less strictly: the time of one who asked for more is over"

    public let kind: Kind
    public let lease: Lease
    /// For people: `asked by noisy-neighbor`, `condition still true`, `expired`.
    public let reason: String

    public init(kind: Kind, lease: Lease, reason: String) {
        self.kind = kind
        self.lease = lease
        self.reason = reason
    }
}
