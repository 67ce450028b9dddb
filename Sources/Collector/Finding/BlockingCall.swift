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
        // The machine's own clock: it is the machine's call.
        let outcome = await OwnThread.run(atMost: patience) { () -> Answer in
            defer { self.isBusy.store(false, ordering: .releasing) }
            return call()
        }
        switch outcome {
        case .done(let answer): return .answer(answer)
        case .overdue, .cancelled: return .timedOut
        case .noThread:
            isBusy.store(false, ordering: .releasing)
            return .noThread
        }
    }
}
