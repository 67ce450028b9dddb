import Digest
import Model

/// Everything that the guard remembers, for the whole monitor. A value: the same inputs give the same state.
///
/// Nearly every limit is read off the leases of the last day: cool-downs, budgets, blast radius, flaps, doubled lengths.
/// There is no second account of what was done that could disagree with it.
public struct GuardState: Hashable, Sendable {
    /// How long ended leases are remembered, for the limits that look back.
    static let memory = TimeSpan.hours(24)

    /// Leases not yet over, and those that ended within `memory`, in the order of creation, then key.
    public internal(set) var leases: [Lease] = []
    /// When incidents opened, within the longest storm window seen; ascending.
    var openings: [Timestamp] = []
    /// The newest restart known of each runtime.
    var restarts: [String: Timestamp] = [:]
    /// Incidents for which no lease starts any more, since a person has to look.
    var handedOver: [String: Handover] = [:]
    /// The last verdict on each wanted action, so that only changes are recorded.
    var asks: [Ask: Answer] = [:]
    /// The apps that a rule on a runtime picked, so that acting on them picks no others.
    var picks: [Pick: [AppID]] = [:]
    /// Offers to people, and for a day what became of them; oldest first.
    public internal(set) var approvals: [Approval] = []
    /// Leases of which it is not known yet what they brought about.
    var watches: [LeaseWatch] = []
    /// What is seen of limits in force.
    var holds: [LeaseHold] = []
    /// Faults of each runtime, of the last hours, in the order in which they were first seen.
    var troubles: [String: [Trouble]] = [:]
    /// What was in force or due, so that a restart is no way out of it. Sorted by key.
    var due: [Due] = []
    /// Of each runtime: what was asked for at the ends of its process's lives.
    var lastWords = LastWordsBook()
    /// Deploys and restarts of the last day, oldest first.
    public internal(set) var marks: [Mark] = []

    public init() {}

    struct Handover: Hashable {
        enum Cause: String, CaseIterable {
            /// Its lease lasted as long as one may, and the condition was still true.
            case maxLease = "max_lease"
            /// A person took its lease back.
            case reverted
            /// Its lease changed nothing.
            case noEffect = "no_effect"
        }

        let cause: Cause
        /// Of a lease that only pretended: of no weight once things are done in earnest.
        let shadow: Bool
        /// When it was handed over, or its incident was last seen open.
        var at: Timestamp
    }

    /// One wanted action: what an incident asks for.
    struct Ask: Hashable, Comparable {
        let incident: String
        let key: LeaseKey

        static func < (a: Ask, b: Ask) -> Bool { a.incident == b.incident ? a.key < b.key : a.incident < b.incident }
    }

    /// A verdict without its wording: two that are equal are the same answer to a person.
    enum Answer: Hashable {
        case act, wouldHave, alreadyInForce
        case needsApproval(Refusal.Step)
        case refused(Refusal.Step)

        init(_ verdict: Verdict) {
            switch verdict {
            case .act: self = .act
            case .wouldHave: self = .wouldHave
            case .alreadyInForce: self = .alreadyInForce
            // As an offer, so that a change of the mode makes one of it.
            case .wouldAsk(let refusal), .needsApproval(let refusal): self = .needsApproval(refusal.step)
            case .refused(let refusal): self = .refused(refusal.step)
            }
        }

        /// Whether the evidence asks for the action, whatever limit or person holds it back.
        var isDue: Bool {
            switch self {
            case .act, .wouldHave, .alreadyInForce, .needsApproval: true
            case .refused(let step): [.cooldown, .budget, .blastRadius, .storm].contains(step)
            }
        }
    }

    /// One action of a rule on a runtime, by its position among the rule's actions.
    struct Pick: Hashable, Comparable {
        let incident: String
        let runtime: String
        let action: Int

        static func < (a: Pick, b: Pick) -> Bool {
            a.incident == b.incident ? a.action < b.action : a.incident < b.incident
        }
    }
}

// MARK: - What people and adapters say

extension GuardState {
    /// An adapter confirmed an intended lease: it holds, from now on.
    public mutating func confirm(_ id: String) {
        guard let index = leases.firstIndex(where: { $0.id == id && $0.state == .intended }) else { return }
        leases[index].state = .inForce
        beginWatch(leases[index])
    }

    /// An adapter undid a lease, or found it already gone. It ended when that was decided: how long an adapter took must
    /// not change later decisions, or a replay would come to others.
    /// - Parameter overwritten: whether it found that someone else had changed it since. Theirs stays.
    public mutating func settle(_ id: String, now: Timestamp, overwritten: Bool = false) {
        change(id) { lease in
            guard lease.state == .reverting else { return }
            lease.state = .ended
            lease.endedAt = lease.endedAt ?? now
            if overwritten { lease.endReason = EndReason.overwritten }
        }
    }

    /// As an adapter leaves the book that lands everything at once and undoes everything at once: what was intended holds,
    /// what was to be undone is over. For whoever only imagines actions, as a replay does.
    public mutating func landAll(now: Timestamp) {
        for lease in leases where !lease.shadow {
            switch lease.state {
            case .intended: confirm(lease.id)
            case .reverting: settle(lease.id, now: now)
            case .inForce, .ended: break
            }
        }
    }

    /// No adapter would have a lease in force.
    /// - Parameter isLeft: whether something of it may be there all the same: then it is over once that is undone.
    public mutating func refuse(_ id: String, now: Timestamp, isLeft: Bool = false) {
        change(id) { lease in
            guard lease.isActive else { return }
            lease.state = isLeft ? .reverting : .ended
            lease.endReason = EndReason.refusedByAdapter
            lease.endedAt = now
        }
    }

    /// A person takes a lease back. Its incidents start no other. Nil when it is not in force.
    public mutating func revert(_ id: String, now: Timestamp) -> LeaseChange? {
        guard let index = leases.firstIndex(where: { $0.id == id && $0.isActive }) else { return nil }
        handOver(leases[index], leases[index].holders, .reverted, now)
        return end(index, EndReason.reverted, now: now)
    }

    /// A person takes everything back.
    public mutating func revertAll(now: Timestamp) -> [LeaseChange] {
        leases.filter(\.isActive).compactMap { revert($0.id, now: now) }
    }

    /// Ends what ran out on runtimes that are no longer judged: on those not among `judged`.
    public mutating func expire(now: Timestamp, exceptOf judged: Set<String> = []) -> [LeaseChange] {
        leases.indices
            .filter {
                leases[$0].isActive && leases[$0].expiresAt <= now && !judged.contains(leases[$0].key.runtime)
            }
            .map { end($0, EndReason.expired, now: now) }
    }

    private mutating func change(_ id: String, _ body: (inout Lease) -> Void) {
        guard let index = leases.firstIndex(where: { $0.id == id }) else { return }
        body(&leases[index])
    }
}

/// Why leases end, as `Lease.endReason` has it.
enum EndReason {
    static let expired = "expired"
    static let maxLease = "max_lease"
    static let reverted = "reverted"
    /// It changed nothing.
    static let noEffect = "no_effect"
    /// It only pretended, and things are done in earnest now.
    static let mode = "mode"
    /// Someone else had changed it when it was to be undone; theirs stays.
    static let overwritten = "overwritten"
    static let refusedByAdapter = "refused_by_adapter"
}

extension Lease {
    /// Why a lease ended that no adapter would put in force, as `endReason` has it.
    public static let refusedByAdapter = EndReason.refusedByAdapter
}

// MARK: - The book

extension GuardState {
    /// Ends an active lease. A shadow is over at once; another once its adapter has settled it.
    mutating func end(_ index: Int, _ reason: String, now: Timestamp) -> LeaseChange {
        leases[index].endReason = reason
        leases[index].state = leases[index].shadow ? .ended : .reverting
        leases[index].endedAt = now
        return LeaseChange(kind: .end, lease: leases[index], reason: reason)
    }

    /// Adds a new lease and gives it its id.
    mutating func create(
        _ key: LeaseKey, _ holder: Lease.Holder, now: Timestamp, until end: Timestamp, shadow: Bool
    ) -> Lease {
        let lease = Lease(
            id: GuardState.leaseID(key, incident: holder.incident, now), key: key, effect: holder.effect,
            holders: [holder], createdAt: now, expiresAt: end, state: shadow ? .inForce : .intended,
            shadow: shadow)
        leases.append(lease)
        return lease
    }

    /// `lease-` and 16 hexadecimal digits of SHA-256 over the key, the incident and the moment in milliseconds.
    static func leaseID(_ key: LeaseKey, incident: String, _ now: Timestamp) -> String {
        let bytes = key.canonical + [0] + Array(incident.utf8) + [0] + Array(String(now.milliseconds).utf8)
        return "lease-" + SHA256.hex(bytes).prefix(16)
    }

    /// Where the active lease on a key stands.
    func active(_ key: LeaseKey) -> Int? { leases.firstIndex { $0.key == key && $0.isActive } }

    /// Whether a lease counts for a decision. What is done in earnest is held to what was done in earnest; what only
    /// pretends, to everything, so that what would have happened is what will.
    private func counts(_ lease: Lease, _ pretends: Bool) -> Bool { pretends || !lease.shadow }

    /// When the newest lease on this app with this action began, became stricter or ended; nil when none did.
    func lastTouched(_ key: LeaseKey, pretends: Bool) -> Timestamp? {
        leases.lazy
            .filter {
                $0.key.runtime == key.runtime && $0.key.app == key.app && $0.key.kind == key.kind
                    && counts($0, pretends)
            }
            .map { max($0.createdAt, $0.tightenings.last ?? $0.createdAt, $0.endedAt ?? $0.createdAt) }.max()
    }

    /// Whether an adapter has not undone the last lease on this key yet.
    func isBeingUndone(_ key: LeaseKey) -> Bool { leases.contains { $0.key == key && $0.state == .reverting } }

    /// Leases that began or became stricter within the last hour: of one app, or of all.
    func begunWithinHour(_ now: Timestamp, app: LeaseKey? = nil, pretends: Bool) -> Int {
        leases.lazy
            .filter { lease in
                counts(lease, pretends)
                    && (app.map { lease.key.runtime == $0.runtime && lease.key.app == $0.app } ?? true)
            }
            .map { lease in
                (now - lease.createdAt < .hours(1) ? 1 : 0) + lease.tightenings.count { now - $0 < .hours(1) }
            }
            .reduce(0, +)
    }

    /// Leases on one key that began within the last day.
    func begunWithinDay(_ now: Timestamp, _ key: LeaseKey, pretends: Bool) -> Int {
        leases.lazy.filter { $0.key == key && now - $0.createdAt < GuardState.memory && counts($0, pretends) }.count
    }

    /// Apps of a runtime that are under action, or from which an adapter has not lifted one yet; none can have been lifted
    /// that ended this very moment.
    func appsUnderAction(_ runtime: String, pretends: Bool, _ now: Timestamp) -> Set<AppID> {
        Set(
            leases.lazy
                .filter { lease in
                    (lease.isActive || lease.state == .reverting || lease.endedAt == now)
                        && lease.key.runtime == runtime && counts(lease, pretends)
                }
                .map(\.key.app))
    }

    /// Why no lease starts for an incident any more; nil when one may.
    func handover(_ incident: String, pretends: Bool) -> Handover? {
        guard let handover = handedOver[incident], pretends || !handover.shadow else { return nil }
        return handover
    }

    /// No lease starts for these incidents any more, so that nothing of theirs waits for a yes either.
    mutating func handOver(_ lease: Lease, _ holders: [Lease.Holder], _ cause: Handover.Cause, _ now: Timestamp) {
        for holder in holders {
            handedOver[holder.incident] = Handover(cause: cause, shadow: lease.shadow, at: now)
            if !lease.shadow { withdrawApprovals(holder.incident, now) }
        }
    }

    /// Lets go of what no limit looks at any more.
    mutating func forget(_ now: Timestamp, _ options: GuardOptions) {
        leases.removeAll { lease in
            guard lease.state == .ended, let ended = lease.endedAt else { return false }
            return now - ended >= GuardState.memory
        }
        openings.removeAll { now - $0 >= options.stormWindow }
        handedOver = handedOver.filter { now - $0.value.at < GuardState.memory }
        marks.removeAll { now - $0.at >= GuardState.memory }
    }
}
