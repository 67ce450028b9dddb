import Synchronization

/// How many may do something at the same time.
public final class CallSlots: Sendable {
    public let most: Int
    private let taken = Mutex(0)

    public init(_ most: Int) {
        self.most = most
    }

    /// False when all are taken.
    public func take() -> Bool {
        taken.withLock { taken in
            guard taken < most else { return false }
            taken += 1
            return true
        }
    }

    public func give() {
        taken.withLock { $0 -= 1 }
    }
}
