import Ambient
import Model
import Synchronization

/// Calls of the system that block for as long as they like: each on a thread of its own, and waited for no longer than one has
/// patience. While one hangs no other is begun, so that threads do not pile up behind a dead server.
final class BlockingCall<Answer: Sendable>: Sendable {
    private let isBusy = Atomic(false)

    enum Outcome: Sendable {
        case answer(Answer)
        case timedOut
        /// The one before still hangs.
        case stillBusy
        case noThread
    }

    func run(patience: TimeSpan, _ call: @escaping @Sendable () -> Answer) async -> Outcome {
        guard isBusy.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged else {
            return .stillBusy
        }
        let waiting = Waiting()
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // The machine's own clock: it is the machine's call. Ends early when nobody waits any more.
                try? await SystemClock().sleep(for: patience)
                waiting.finish(.timedOut)
            }
            let outcome: Outcome = await withCheckedContinuation { continuation in
                waiting.begin(continuation)
                let isStarted = LooseThread.start {
                    let answer = call()
                    self.isBusy.store(false, ordering: .releasing)
                    waiting.finish(.answer(answer))
                }
                if !isStarted {
                    isBusy.store(false, ordering: .releasing)
                    waiting.finish(.noThread)
                }
            }
            group.cancelAll()
            return outcome
        }
    }

    /// Who waits, and what came before anybody did.
    private final class Waiting: Sendable {
        private enum State {
            case empty
            case waiting(CheckedContinuation<Outcome, Never>)
            case done(Outcome?)
        }
        private let state = Mutex(State.empty)

        func begin(_ continuation: CheckedContinuation<Outcome, Never>) {
            let early: Outcome? = state.withLock { state in
                if case .done(let outcome) = state { return outcome }
                state = .waiting(continuation)
                return nil
            }
            if let early { continuation.resume(returning: early) }
        }

        func finish(_ outcome: Outcome) {
            let continuation: CheckedContinuation<Outcome, Never>? = state.withLock { state in
                switch state {
                case .empty:
                    state = .done(outcome)
                    return nil
                case .waiting(let continuation):
                    state = .done(nil)
                    return continuation
                case .done: return nil
                }
            }
            continuation?.resume(returning: outcome)
        }
    }
}
