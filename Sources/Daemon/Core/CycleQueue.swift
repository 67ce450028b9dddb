import Collector
import Cycle
import Model
import Synchronization

/// What one poll of a runtime brought, decoded, to be judged.
struct PolledCycle: Sendable {
    let runtime: String
    let polled: [DecodedObservation]
    /// Sees what a tape holds, in its order.
    let recorder: (@Sendable (TapeStep) -> Void)?
}

/// Polls that wait for their cycle, in the order in which they came. Beside the core, so that they can gather here while
/// it waits for the disk.
final class CycleQueue: Sendable {
    private struct State {
        var waiting: [(ticket: Int, cycle: PolledCycle)] = []
        var tickets = 0
    }

    private let state = Mutex(State())

    /// How many wait now.
    var count: Int { state.withLock { $0.waiting.count } }

    /// Takes its place; the ticket says which outcome is its own.
    func join(_ cycle: PolledCycle) -> Int {
        state.withLock { state in
            state.tickets += 1
            state.waiting.append((state.tickets, cycle))
            return state.tickets
        }
    }

    /// Those that came first, at most so many.
    func next(_ most: Int) -> [(ticket: Int, cycle: PolledCycle)] {
        state.withLock { state in
            let group = Array(state.waiting.prefix(most))
            state.waiting.removeFirst(group.count)
            return group
        }
    }
}
