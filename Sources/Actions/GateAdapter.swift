import Model

/// The gate as a place where leases land. It enforces the leases of the table that the core publishes after each commit, by
/// itself and until their end: a lease is in force by publication, and out of it likewise. There is nothing to put.
public struct GateAdapter: ActionAdapter {
    public let name = "gate"
    private let isPublished: @Sendable (_ id: String) async -> Bool

    /// - Parameter isPublished: whether the table that the gate goes by holds the lease.
    public init(isPublished: @escaping @Sendable (_ id: String) async -> Bool) {
        self.isPublished = isPublished
    }

    public func capability(for key: LeaseKey) -> Capability? {
        switch key.kind {
        case .throttle, .pause, .disablePack: Capability(expiry: .receiver)
        case .notify: nil
        }
    }

    public func put(_ order: LeaseOrder) async -> Landing {
        await isPublished(order.id) ? .landed(nil) : .retry(after: nil, reason: "the gate has not been given the lease yet")
    }

    public func revert(_ order: LeaseOrder) async -> Undoing {
        await isPublished(order.id) ? .retry(after: nil, reason: "the gate still has the lease") : .undone
    }

    public func held(_ orders: [LeaseOrder]) async -> Holding {
        var inForce: Set<String> = []
        for order in orders where await isPublished(order.id) { inForce.insert(order.id) }
        return .known(inForce: inForce, strangers: [])
    }
}
