import Model

/// One lease at one adapter: what is wanted there, what is known to be there, and what is to be done next. A value without
/// I/O: whoever drives it does what ``Placement/step`` says and hands back what came of it. Each change is on disk before
/// the step that follows from it, so that a process that was killed goes on where it stopped.
///
/// ```
/// preparing ─► intended ─► landed ─► reverting ─► over
///     ▲            │  outcome unknown: put again      ▲
///     └── other terms wanted ──┘      the lease ended ┘
/// ```
/// A put that is refused leads to `reverting` too: what it did before it was refused, or what an earlier one did, may be there.
public struct Placement: Equatable, Sendable {
    /// What a lease asks for at one moment.
    public struct Terms: Hashable, Sendable {
        public var effect: Effect
        public var expiresAt: Timestamp

        public init(effect: Effect, expiresAt: Timestamp) {
            self.effect = effect
            self.expiresAt = expiresAt
        }
    }

    public enum Phase: String, Hashable, Sendable, CaseIterable {
        /// What is wanted now was not tried yet: the adapter looks first.
        case preparing
        /// Written down, with what is needed to undo it; whether it is there is not known.
        case intended
        /// There, found so by the adapter.
        case landed
        /// To be undone; whether it still is there is not known.
        case reverting
        /// Nothing of it is to be done any more.
        case over
    }

    /// How it came to be over.
    public enum Outcome: String, Hashable, Sendable, CaseIterable {
        /// What stood there before stands there again.
        case undone
        /// Nothing of it was there any more.
        case alreadyGone = "already_gone"
        /// Someone else changed it since; theirs stays.
        case overwritten
        /// It cannot be undone from here: a person has to.
        case stuck
        /// What was asked was there already, by someone else.
        case noop
        /// The adapter would not.
        case refused
        /// The receiver ended it by itself when its time was over.
        case ranOut = "ran_out"
        /// The lease ended before anything was tried.
        case neverTried = "never_tried"
        /// Actions were stopped before anything was tried.
        case withheld

        /// Whether what was asked holds nonetheless.
        var isInForce: Bool { self == .noop }
    }

    /// What is to be done next.
    public enum Step: String, Hashable, Sendable, CaseIterable {
        case prepare, put, revert
    }

    public let lease: String
    public let adapter: String
    public let key: LeaseKey
    public let createdAt: Timestamp
    public let reason: String
    public let isApproved: Bool
    public let expiry: Capability.Expiry
    /// Whether it is put again when nothing but its end changed.
    public let hearsOfExtensions: Bool
    /// Of the lease, as it is now.
    public internal(set) var wanted: Terms
    /// Of the newest intent; nil before the first.
    public internal(set) var asked: Terms?
    /// What was last found in force; nil before that, and when it is known to be gone.
    public internal(set) var placed: Terms?
    public internal(set) var phase: Phase
    public internal(set) var memo: AdapterMemo?
    /// How often the present step failed.
    public internal(set) var attempts: Int
    /// Not before.
    public internal(set) var dueAt: Timestamp
    /// Since when the present step is to be done.
    public internal(set) var since: Timestamp
    /// Why the last attempt failed, in a sentence; nil after one that did not.
    public internal(set) var lastError: String?
    /// Nil until it is over.
    public internal(set) var outcome: Outcome?
    /// Whether people were told that it does not succeed.
    public internal(set) var isEscalated: Bool
    /// Why the adapter will not have it in force, while what an earlier attempt left there is taken away; nil otherwise.
    public internal(set) var refusal: String?
    /// Whether a put of the present intent may have been sent. Not kept: after a restart it may have been.
    var isTried = true
    /// The same of any intent, the present one or an earlier one.
    var isEverTried = true

    public init(
        _ lease: Lease, adapter: String, capability: Capability, reason: String, isApproved: Bool, now: Timestamp
    ) {
        self.init(
            lease: lease.id, adapter: adapter, key: lease.key, createdAt: lease.createdAt, reason: reason,
            isApproved: isApproved, expiry: capability.expiry, hearsOfExtensions: capability.hearsOfExtensions,
            wanted: Terms(effect: lease.effect, expiresAt: lease.expiresAt), phase: .preparing, dueAt: now, since: now)
        isEverTried = false
    }

    init(
        lease: String, adapter: String, key: LeaseKey, createdAt: Timestamp, reason: String, isApproved: Bool,
        expiry: Capability.Expiry, hearsOfExtensions: Bool, wanted: Terms, phase: Phase, dueAt: Timestamp,
        since: Timestamp
    ) {
        self.lease = lease
        self.adapter = adapter
        self.key = key
        self.createdAt = createdAt
        self.reason = reason
        self.isApproved = isApproved
        self.expiry = expiry
        self.hearsOfExtensions = hearsOfExtensions
        self.wanted = wanted
        self.phase = phase
        self.dueAt = dueAt
        self.since = since
        attempts = 0
        isEscalated = false
    }

    /// A lease that a receiver holds in our name and that nobody here knows: to be undone.
    public init(stranger: Holding.Stranger, adapter: String, expiry: Capability.Expiry, now: Timestamp) {
        let effect: Effect =
            switch stranger.key.kind {
            case .disablePack: .disablePack(stranger.key.pack ?? PackID(bytes: []))
            case .throttle: .throttle(Limits())
            case .pause, .notify: .pause
            }
        let terms = Terms(effect: effect, expiresAt: stranger.expiresAt)
        self.init(
            lease: stranger.id, adapter: adapter, key: stranger.key, createdAt: now, reason: "nobody here knows it",
            isApproved: false, expiry: expiry, hearsOfExtensions: expiry == .receiver, wanted: terms, phase: .reverting,
            dueAt: now, since: now)
        asked = terms
    }

    /// What is to be done next, whenever it is due; nil when nothing is.
    public var step: Step? {
        switch phase {
        case .preparing: .prepare
        case .intended: .put
        case .reverting: .revert
        case .landed, .over: nil
        }
    }

    public var isOver: Bool { phase == .over }
    /// Whether it is known to hold.
    public var isInForce: Bool { phase == .landed || (outcome?.isInForce ?? false) || (phase != .over && placed != nil) }

    /// What the adapter is asked with.
    public var order: LeaseOrder {
        let terms = phase == .preparing ? wanted : asked ?? wanted
        return LeaseOrder(
            id: lease, key: key, effect: terms.effect, createdAt: createdAt, expiresAt: terms.expiresAt, reason: reason,
            isApproved: isApproved, memo: memo)
    }
}

// MARK: - What the lease wants

extension Placement {
    /// The lease is meant to hold, with these terms.
    mutating func want(_ terms: Terms, now: Timestamp) {
        guard terms != wanted, phase != .over, phase != .reverting else { return }
        wanted = terms
        if phase == .landed { settleTerms(now) }
    }

    /// The lease is over. What was never tried is over with it; what the receiver ends by itself is over in time.
    mutating func end(now: Timestamp) {
        guard phase != .over else { return }
        if asked == nil { return finish(.neverTried, now) }
        let last = max(asked?.expiresAt ?? now, placed?.expiresAt ?? now)
        if expiry == .receiver, now >= last { return finishUndone(.ranOut, now) }
        if phase != .reverting { begin(.reverting, now) }
    }

    /// Actions are stopped: nothing new is put. What was never tried will not be; what perhaps is there, of this intent or
    /// an earlier one, waits for its lease's end and is undone then.
    mutating func withhold(now: Timestamp, wait: TimeSpan) {
        guard phase == .preparing || phase == .intended else { return }
        if placed == nil, asked == nil || !isEverTried { return finish(.withheld, now) }
        dueAt = now + wait
        lastError = "actions are stopped, or it is not known whether they are"
    }

    /// A put of the present intent was sent, whatever came of it.
    mutating func markTried() {
        isTried = true
        isEverTried = true
    }
}
