import Actions
import Model
import Synchronization

/// A receiver that does what a test says, and writes down what it was asked.
final class StubAdapter: ActionAdapter {
    enum Behaviour: Sendable, Equatable {
        case obeys
        /// Nothing is done, and it is to be tried again.
        case down(String)
        /// It is done, and nobody hears of it.
        case doneUnheard
        /// Puts are refused.
        case refuses(String)
        /// It is done, and refused after that.
        case doneThenRefuses(String)
        /// Already when it looks.
        case refusesToBegin(String)
        case isThereAlready
        /// Until its task is cancelled.
        case hangs
    }

    struct State {
        var behaviour = Behaviour.obeys
        /// What it holds, by id.
        var held: [String: LeaseOrder] = [:]
        var calls: [String] = []
        var strangers: [Holding.Stranger] = []
    }

    let name: String
    let expiry: Capability.Expiry
    let hearsOfExtensions: Bool
    private let state = Mutex(State())
    /// Called before each put and revert.
    private let onCall: @Sendable (String, LeaseOrder) async -> Void

    init(
        _ name: String = "stub", expiry: Capability.Expiry = .receiver, hearsOfExtensions: Bool = false,
        onCall: @escaping @Sendable (String, LeaseOrder) async -> Void = { _, _ in }
    ) {
        self.name = name
        self.expiry = expiry
        self.hearsOfExtensions = hearsOfExtensions
        self.onCall = onCall
    }

    var behaviour: Behaviour {
        get { state.withLock { $0.behaviour } }
        set { state.withLock { $0.behaviour = newValue } }
    }
    /// `prepare`, `put`, `revert` in their order; not `held`.
    var calls: [String] { state.withLock { $0.calls } }
    var heldIDs: Set<String> { state.withLock { Set($0.held.keys) } }
    var ends: [Timestamp] { state.withLock { $0.held.values.map(\.expiresAt) } }
    func forget() { state.withLock { $0.held = [:] } }
    func add(_ stranger: Holding.Stranger) {
        state.withLock { state in
            state.strangers.append(stranger)
        }
    }

    func capability(for key: LeaseKey) -> Capability? { Capability(expiry: expiry, hearsOfExtensions: hearsOfExtensions) }

    func prepare(_ order: LeaseOrder) async -> Preparation {
        note("prepare")
        if case .refusesToBegin(let why) = behaviour { return .refused(reason: why) }
        return .ready(AdapterMemo(["before": "nothing"]))
    }

    func put(_ order: LeaseOrder) async -> Landing {
        note("put")
        await onCall("put", order)
        switch behaviour {
        case .obeys:
            keep(order)
            return .landed(order.memo)
        case .down(let why): return .retry(after: nil, reason: why)
        case .doneUnheard:
            keep(order)
            return .retry(after: nil, reason: "the connection was lost")
        case .refuses(let why), .refusesToBegin(let why): return .refused(reason: why)
        case .doneThenRefuses(let why):
            keep(order)
            return .refused(reason: why)
        case .isThereAlready: return .noop(reason: "someone else did it")
        case .hangs:
            // No test waits for its end: whoever called cancels it, which is what is tested.
            try? await Task.sleep(for: .seconds(3_600))
            return .retry(after: nil, reason: "broken off")
        }
    }

    func revert(_ order: LeaseOrder) async -> Undoing {
        note("revert")
        await onCall("revert", order)
        switch behaviour {
        case .obeys, .isThereAlready, .refuses, .refusesToBegin, .doneThenRefuses:
            return state.withLock { state in
                state.strangers.removeAll { $0.id == order.id }
                return state.held.removeValue(forKey: order.id) == nil ? .alreadyGone : .undone
            }
        case .down(let why): return .retry(after: nil, reason: why)
        case .doneUnheard:
            state.withLock { $0.held[order.id] = nil }
            return .retry(after: nil, reason: "the connection was lost")
        case .hangs:
            // No test waits for its end: whoever called cancels it, which is what is tested.
            try? await Task.sleep(for: .seconds(3_600))
            return .retry(after: nil, reason: "broken off")
        }
    }

    func held(_ orders: [LeaseOrder]) async -> Holding {
        if case .down(let why) = behaviour { return .unknown(reason: why) }
        return state.withLock { state in
            .known(inForce: Set(orders.map(\.id)).intersection(state.held.keys), strangers: state.strangers)
        }
    }

    private func note(_ call: String) { state.withLock { $0.calls.append(call) } }
    private func keep(_ order: LeaseOrder) { state.withLock { $0.held[order.id] = order } }
}
