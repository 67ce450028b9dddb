import Model

/// A place where leases land besides the gate: a control plane, an operator's endpoint. The gate is none of these: there is
/// nothing to put there, see ``LeaseStanding``.
///
/// An adapter keeps nothing: whatever it must know later is in the ``LeaseOrder`` that it is given, so that a process that
/// was killed goes on where it stopped. Whoever drives it keeps to this order, each step on disk before the next:
///
/// 1. `prepare(order)` reads and changes nothing. The memo that it returns is written to the journal, with the intent.
/// 2. `put(order)`, with that memo in it. `.landed` settles the intent. After `.retry`, a crash, or a cancellation the outcome
///    is **not known**: put again (with the same memo; nothing is done twice), or revert, which is right either way.
///    After `.refused` revert it, since what this put or an earlier one did, in this process or another, may be there.
/// 3. For another end or effect of the same lease: again 1 and 2, with the memo in hand; the new memo replaces it. Where
///    only the end differs and `hearsOfExtensions` is false, nothing needs to be put.
/// 4. `revert(order)` when the lease is over, until it answers something else than `.retry`. Where `expiry` is `.receiver`, a
///    lease that ran out needs no revert, and one is harmless.
///
/// Of two leases with the same key in the same adapter the older one is reverted before the newer one is prepared: otherwise
/// the newer one would take the older one's values for what was there before. Calls for different leases may overlap; an
/// adapter that must be serial sees to it itself.
///
/// No call throws, logs, or takes longer than a minute. Cancelling the task ends it soon, with `.retry`. Reasons are sentences
/// for people and hold no secret.
public protocol ActionAdapter: Sendable {
    /// How the journal and people call it: `lease_api`, `entitlements`, `webhook`. The same across restarts.
    var name: String { get }

    /// How it would land a lease with that key; nil when it cannot. From its configuration alone, without asking anyone.
    func capability(for key: LeaseKey) -> Capability?

    /// Looks at what is there, and says what `put` will change. Changes nothing.
    func prepare(_ order: LeaseOrder) async -> Preparation

    /// Puts a lease in force, or puts it again with another end or effect. Idempotent by the order's id, effect and end.
    func put(_ order: LeaseOrder) async -> Landing

    /// Undoes a lease, whether or not its `put` was ever heard of again. Idempotent.
    func revert(_ order: LeaseOrder) async -> Undoing

    /// What it holds of ours: asked on start, and now and then.
    /// - Parameter orders: those that the journal takes to be in force here.
    func held(_ orders: [LeaseOrder]) async -> Holding
}

extension ActionAdapter {
    public func prepare(_ order: LeaseOrder) async -> Preparation { .ready(order.memo) }
}

/// How an adapter lands an action.
public struct Capability: Hashable, Sendable {
    /// Who ends the lease when its time is over.
    public enum Expiry: String, Hashable, Sendable, CaseIterable {
        /// The receiver, by itself: a dead monitor leaves nothing behind.
        case receiver
        /// The monitor, by reverting: if it dies, the values stay until it is back.
        case monitor
    }

    public let expiry: Expiry
    /// Whether a lease is put again when nothing but its end changed: always where the receiver ends it, and where it was
    /// handed the end and would otherwise take an old one for the present one.
    public let hearsOfExtensions: Bool
    /// Why a person must say yes before it is done here; nil where none need to.
    public let approval: String?

    public init(expiry: Expiry, hearsOfExtensions: Bool = false, approval: String? = nil) {
        self.expiry = expiry
        self.hearsOfExtensions = hearsOfExtensions || expiry == .receiver
        self.approval = approval
    }
}

/// One lease as an adapter gets it.
public struct LeaseOrder: Equatable, Sendable, Identifiable {
    /// The lease's id, `lease-` and 16 hexadecimal digits: the idempotency key.
    public let id: String
    public let key: LeaseKey
    public var effect: Effect
    public let createdAt: Timestamp
    public var expiresAt: Timestamp
    /// Why, in a sentence for whoever runs the receiver: `asked by noisy-neighbor`. No secret; shortened where it is sent.
    public var reason: String
    /// Whether a person approved it. Adapters refuse what needs it and lacks it.
    public var isApproved: Bool
    /// What the newest `prepare` or `put` of this lease returned, from the journal; nil before the first.
    public var memo: AdapterMemo?

    public init(
        id: String, key: LeaseKey, effect: Effect, createdAt: Timestamp, expiresAt: Timestamp, reason: String,
        isApproved: Bool = false, memo: AdapterMemo? = nil
    ) {
        self.id = id
        self.key = key
        self.effect = effect
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.reason = reason
        self.isApproved = isApproved
        self.memo = memo
    }

    public init(_ lease: Lease, reason: String, isApproved: Bool = false, memo: AdapterMemo? = nil) {
        self.init(
            id: lease.id, key: lease.key, effect: lease.effect, createdAt: lease.createdAt, expiresAt: lease.expiresAt,
            reason: reason, isApproved: isApproved, memo: memo)
    }
}

/// What an adapter must know to undo a lease: which values it set, and what stood there before. Its adapter's own affair; for
/// everyone else a small JSON document, at most a few kilobytes, to be kept in the journal beside the lease. No secret.
public struct AdapterMemo: Equatable, Sendable {
    public let document: JSON

    public init(_ document: JSON) {
        self.document = document
    }
}

/// What `prepare` found.
public enum Preparation: Equatable, Sendable {
    /// `put` may come, once the memo (nil: there is nothing to remember) is on disk.
    case ready(AdapterMemo?)
    /// What is asked is there already, as strictly or more, by someone else: nothing to put, nothing to revert.
    case noop(reason: String)
    /// Not now: not before `after`, where the receiver said so.
    case retry(after: TimeSpan?, reason: String)
    /// Never: it would do harm, or cannot be undone. Nothing was changed; what an earlier `put` did is still there.
    case refused(reason: String)
}

/// What came of `put`.
public enum Landing: Equatable, Sendable {
    /// In force, found so by reading it back. The memo replaces the one in the journal.
    case landed(AdapterMemo?)
    /// There already, by someone else: nothing was changed, nothing is to be reverted.
    case noop(reason: String)
    /// Not known to be in force, and perhaps it is: put again, not before `after`, or revert.
    case retry(after: TimeSpan?, reason: String)
    /// It will never be in force as asked. What this `put` did before it was refused, or an earlier one of the same lease, may
    /// still be there: revert it.
    case refused(reason: String)
}

/// What came of `revert`.
public enum Undoing: Equatable, Sendable {
    /// What stood there before stands there again, found so by reading it back.
    case undone
    /// Nothing of the lease was there any more: it ran out, or never landed.
    case alreadyGone
    /// Someone else changed it since. Theirs stays. Final.
    case overwritten(reason: String)
    /// Not known to be undone: revert again, not before `after`.
    case retry(after: TimeSpan?, reason: String)
    /// It cannot be undone from here: a person has to. Final.
    case refused(reason: String)
}

/// What an adapter holds of ours.
public enum Holding: Equatable, Sendable {
    /// - Parameters:
    ///   - inForce: ids among the orders asked about whose lease is there, with the effect asked for. The others are not: put them
    ///     again, or find that they are over.
    ///   - strangers: leases of ours that were not asked about. Nobody owns them: revert them, by an order with that id.
    case known(inForce: Set<String>, strangers: [Stranger])
    /// It cannot be told, for now or ever. Nothing follows from that: not that the leases are there, nor that they are not.
    case unknown(reason: String)

    /// A lease that the receiver holds in our name.
    public struct Stranger: Hashable, Sendable {
        public let id: String
        public let key: LeaseKey
        public let expiresAt: Timestamp

        public init(id: String, key: LeaseKey, expiresAt: Timestamp) {
            self.id = id
            self.key = key
            self.expiresAt = expiresAt
        }
    }
}
