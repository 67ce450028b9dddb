import Model

/// Where the leases stand that are not over, by id: the one place that says what is in force.
///
/// The gate takes no errands, for there is nothing to put there and nothing that can fail: a lease is in force at it by being
/// in the table that was published, and out of it likewise. At every other adapter each lease has a ``Placement``, whose
/// outcome is known only once somebody was asked. Both are asked here, and nowhere else.
public struct LeaseStanding: Sendable {
    /// Known to hold somewhere.
    public private(set) var inForce: Set<String> = []
    /// Held, perhaps held, or to be undone somewhere.
    public private(set) var unfinished: Set<String> = []
    /// Offered everywhere, and taken nowhere.
    public private(set) var refused: Set<String> = []
    /// Someone else had changed it somewhere when it was to be undone; theirs stays.
    public private(set) var overwritten: Set<String> = []

    /// - Parameters:
    ///   - leases: of any state; shadows and what is over stand nowhere.
    ///   - gate: nil where there is none.
    ///   - book: what is known of the other adapters.
    ///   - hasAdapters: whether there are any now. Without them and a gate a lease waits, and nobody has refused it.
    public init(_ leases: [Lease], gate: GatePublication?, book: PlacementBook, hasAdapters: Bool) {
        for lease in leases where !lease.shadow && lease.state != .ended {
            let id = lease.id
            let isAtGate = gate?.holds(id) ?? false
            if isAtGate || book.isInForce(id) { inForce.insert(id) }
            if isAtGate || book.isUnfinished(id) { unfinished.insert(id) }
            if book.of(id).contains(where: { $0.outcome == .overwritten }) { overwritten.insert(id) }
            let isOffered = gate.map { $0.withheld.contains(id) } ?? hasAdapters
            if isOffered, book.isRefusedEverywhere(id) { refused.insert(id) }
        }
    }
}

/// What the gate was given last, and what of it was held back.
public struct GatePublication: Sendable {
    /// By id, as the gate got them.
    private var leases: [String: Lease] = [:]
    /// Leases that the last publication left out, because actions had been stopped before they were in force.
    public private(set) var withheld: Set<String> = []

    public init() {}

    /// Whether the gate enforces it.
    public func holds(_ id: String) -> Bool { leases[id] != nil }

    /// The leases for the next table.
    ///
    /// Between decision and commit may lie a full disk, or a restart: while actions are stopped, what is not in force yet must
    /// not come, and what is becomes neither longer nor stricter.
    /// - Parameter all: the guard's leases.
    public mutating func publish(_ all: [Lease], isStopped: Bool) -> [Lease] {
        var wanted = all.filter(\.isWanted)
        if isStopped {
            withheld = Set(wanted.filter { $0.state == .intended && !holds($0.id) }.map(\.id))
            wanted.removeAll { withheld.contains($0.id) }
            wanted = wanted.map { lease in leases[lease.id].map { lease.held(to: $0) } ?? lease }
        }
        leases = Dictionary(wanted.map { ($0.id, $0) }) { first, _ in first }
        return wanted
    }

    /// What was held back, in the order of ids, told once.
    public mutating func takeWithheld() -> [String] {
        defer { withheld = [] }
        return withheld.sorted()
    }
}

extension Lease {
    /// As it was published before, where it has become longer or stricter since.
    fileprivate func held(to published: Lease) -> Lease {
        var lease = self
        lease.expiresAt = min(expiresAt, published.expiresAt)
        if !effect.isAsMild(as: published.effect) { lease.effect = published.effect }
        return lease
    }
}

extension Effect {
    /// Whether it asks for no more than another of its kind in any respect.
    fileprivate func isAsMild(as other: Effect) -> Bool {
        guard let own = limits, let others = other.limits else { return true }
        func isAsMild(_ own: Int?, _ other: Int?) -> Bool { own.map { own in other.map { own >= $0 } ?? false } ?? true }
        return isAsMild(own.concurrentWorkflows, others.concurrentWorkflows)
            && isAsMild(own.requestsPerMinute, others.requestsPerMinute)
    }
}
