import Model

/// All placements: which lease goes to which adapter, and what is due. A value; what changed since the last commit is kept
/// apart, for the journal.
public struct PlacementBook: Sendable {
    /// One lease at one adapter.
    public struct ID: Hashable, Comparable, Sendable {
        public let lease: String
        public let adapter: String

        public static func < (a: ID, b: ID) -> Bool { (a.lease, a.adapter) < (b.lease, b.adapter) }
    }

    /// A step to be taken, as the adapter gets it.
    public struct Errand: Sendable {
        public let id: ID
        public let step: Placement.Step
        public let order: LeaseOrder
    }

    /// Where errands are not to overlap: an app at an adapter.
    private struct Slot: Hashable {
        let adapter: String
        let runtime: String
        let app: AppID
    }

    private var placements: [ID: Placement] = [:]
    private var inFlight: [Slot: ID] = [:]
    private var changed: Set<ID> = []

    /// - Parameter kept: from the journal.
    public init(_ kept: [Placement] = []) {
        for placement in kept { placements[placement.id] = placement }
    }

    /// In the order of their leases' beginning, then by id.
    public var all: [Placement] { placements.values.sorted { $0.createdAt == $1.createdAt ? $0.id < $1.id : $0.createdAt < $1.createdAt } }
    public var isEmpty: Bool { placements.isEmpty }
    public subscript(id: ID) -> Placement? { placements[id] }
    public func of(_ lease: String) -> [Placement] { all.filter { $0.lease == lease } }

    /// What changed since the last call, for the journal.
    public mutating func drainChanges() -> [Placement] {
        defer { changed = [] }
        return changed.sorted().compactMap { placements[$0] }
    }

    /// Changes one placement, if it is there. Returns whether that changed anything.
    @discardableResult
    mutating func change(_ id: ID, _ body: (inout Placement) -> Void) -> Bool {
        guard var placement = placements[id] else { return false }
        body(&placement)
        guard placement != placements[id] else { return false }
        placements[id] = placement
        changed.insert(id)
        return true
    }
}

// MARK: - Following the leases

extension PlacementBook {
    /// An adapter as far as the book needs to know it.
    public struct Place: Sendable {
        public let adapter: String
        public let capability: @Sendable (LeaseKey) -> Capability?

        public init(adapter: String, capability: @escaping @Sendable (LeaseKey) -> Capability?) {
            self.adapter = adapter
            self.capability = capability
        }
    }

    /// Brings the placements in line with the guard's leases: a new lease goes to every adapter that can land it without a
    /// person's word (or has that word), changed terms follow, what belongs to no lease in force is to be undone.
    ///
    /// - Parameter facts: why a lease was begun, in a sentence, and whether a person approved it.
    public mutating func follow(
        _ leases: [Lease], places: [Place], now: Timestamp, facts: (Lease) -> (reason: String, isApproved: Bool)
    ) {
        var active: Set<String> = []
        for lease in leases where lease.isWanted {
            active.insert(lease.id)
            let terms = Placement.Terms(effect: lease.effect, expiresAt: lease.expiresAt)
            for place in places {
                let id = ID(lease: lease.id, adapter: place.adapter)
                if placements[id] != nil {
                    change(id) { $0.want(terms, now: now) }
                } else if lease.state == .intended, let capability = place.capability(lease.key) {
                    let facts = facts(lease)
                    guard capability.approval == nil || facts.isApproved else { continue }
                    placements[id] = Placement(
                        lease, adapter: place.adapter, capability: capability, reason: facts.reason,
                        isApproved: facts.isApproved, now: now)
                    changed.insert(id)
                }
            }
        }
        let known = Set(leases.lazy.filter { $0.state != .ended }.map(\.id))
        for (id, placement) in placements where !active.contains(id.lease) {
            change(id) { $0.end(now: now) }
            // What is over of what is over is of no more use here.
            if placement.isOver, !known.contains(id.lease), !changed.contains(id) { placements[id] = nil }
        }
    }

    /// Leases that were begun and go nowhere, as far as adapters go: each refused it, or could not, or was held back. What one
    /// that refused may have left of it can still be on its way out.
    public func isRefusedEverywhere(_ lease: String) -> Bool {
        of(lease).allSatisfy { ($0.isOver || $0.refusal != nil) && !$0.isInForce }
    }

    /// Whether it is known to hold at some adapter.
    public func isInForce(_ lease: String) -> Bool { of(lease).contains(where: \.isInForce) }
    /// Whether something of it is still to be done, or unknown.
    public func isUnfinished(_ lease: String) -> Bool { of(lease).contains { !$0.isOver } }
}

// MARK: - Errands

extension PlacementBook {
    /// Hands out what is due at an adapter. Until it is settled, nothing else of the same app at the same adapter is.
    ///
    /// - Parameters:
    ///   - mayPut: false while nothing new may begin there: what was decided is not on disk yet.
    ///   - isStopped: whether the kill switch is on.
    public mutating func errands(
        of adapter: String, now: Timestamp, limit: Int, mayPut: Bool, isStopped: Bool
    ) -> [Errand] {
        var errands: [Errand] = []
        var busy: Set<LeaseKey> = []
        for placement in all where placement.adapter == adapter && !placement.isOver {
            // Of two leases on one key the older one is undone before the newer one is begun.
            defer { busy.insert(placement.key) }
            let slot = Slot(adapter: adapter, runtime: placement.key.runtime, app: placement.key.app)
            guard let step = placement.step, placement.dueAt <= now, inFlight[slot] == nil,
                inFlight.keys.filter({ $0.adapter == adapter }).count < limit
            else { continue }
            if step != .revert {
                guard !busy.contains(placement.key), mayPut else { continue }
                guard !isStopped else {
                    change(placement.id) { $0.withhold(now: now, wait: .seconds(5)) }
                    continue
                }
            }
            inFlight[slot] = placement.id
            errands.append(Errand(id: placement.id, step: step, order: placement.order))
        }
        return errands
    }

    /// When the next step of an adapter is due; nil when none waits.
    public func nextDue(_ adapter: String) -> Timestamp? {
        placements.values.lazy.filter { placement in
            placement.adapter == adapter && placement.step != nil && !self.inFlight.values.contains(placement.id)
        }.map(\.dueAt).min()
    }

    /// The orders that an adapter is asked about: what may be there of ours and is not being worked on now.
    public func ordersHeld(_ adapter: String) -> [LeaseOrder] {
        let busy = Set(inFlight.values)
        return all.filter { $0.adapter == adapter && !$0.isOver && $0.asked != nil && !busy.contains($0.id) }.map(\.order)
    }

    /// An errand is settled by one of these.
    public enum Answer: Equatable, Sendable {
        case preparation(Preparation)
        case landing(Landing)
        case undoing(Undoing)
        /// It was not tried, because actions were stopped at the last moment.
        case withheld
    }

    /// Takes what came of an errand.
    public mutating func settle(
        _ errand: Errand, _ answer: Answer, now: Timestamp, wait: (Int, TimeSpan?) -> TimeSpan
    ) {
        inFlight = inFlight.filter { $0.value != errand.id }
        change(errand.id) { placement in
            switch answer {
            case .preparation(let preparation): placement.take(preparation, for: errand.order, now: now, wait: wait)
            case .landing(let landing):
                placement.markTried()
                placement.take(landing, for: errand.order, now: now, wait: wait)
            case .undoing(let undoing): placement.take(undoing, now: now, wait: wait)
            case .withheld: placement.withhold(now: now, wait: .seconds(5))
            }
        }
    }

    /// Takes what an adapter holds of ours.
    ///
    /// - Parameters:
    ///   - asked: the orders that it was asked about.
    ///   - runtimes: those that this monitor watches: what stands there for others is others' affair.
    /// - Returns: the placements of which that is news, as they are now.
    public mutating func reconcile(
        _ adapter: String, _ holding: Holding, asked: [LeaseOrder], expiry: Capability.Expiry, runtimes: Set<String>,
        now: Timestamp
    ) -> [Placement] {
        guard case .known(let inForce, let strangers) = holding else { return [] }
        let busy = Set(inFlight.values)
        var news: [ID] = []
        for order in asked {
            let id = ID(lease: order.id, adapter: adapter)
            // What was changed or begun since it was asked about says nothing.
            guard !busy.contains(id), placements[id]?.order == order else { continue }
            let isHeld = inForce.contains(order.id)
            if change(id, { _ = $0.reconcile(isHeld: isHeld, now: now) }) { news.append(id) }
        }
        for stranger in strangers where runtimes.contains(stranger.key.runtime) {
            let id = ID(lease: stranger.id, adapter: adapter)
            guard placements[id]?.isOver ?? true, !busy.contains(id) else { continue }
            placements[id] = Placement(stranger: stranger, adapter: adapter, expiry: expiry, now: now)
            changed.insert(id)
            news.append(id)
        }
        return news.compactMap { placements[$0] }
    }

    /// What is to be undone is due now, however long the wait after its last failure is.
    public mutating func hurryUndoing(now: Timestamp) {
        for id in placements.keys {
            change(id) { placement in
                if placement.phase == .reverting, placement.dueAt > now { placement.dueAt = now }
            }
        }
    }

    /// Placements whose present step does not succeed for so long that people have to hear of it, each told once.
    public mutating func escalations(after patience: TimeSpan, now: Timestamp) -> [Placement] {
        let late = all.filter { $0.phase == .reverting && !$0.isEscalated && now - $0.since >= patience }
        for placement in late { change(placement.id) { $0.isEscalated = true } }
        return late
    }
}

extension Placement {
    public var id: PlacementBook.ID { PlacementBook.ID(lease: lease, adapter: adapter) }
}
