import Journal
import Synchronization

/// Ends the waits for a state that does not answer in the moment in which the process is told to end: on the thread of the signals,
/// because the one that would read them may be the one that waits.
final class EndOfWaiting: Sendable {
    private let known = Mutex<(state: StateName?, isTold: Bool)>((nil, false))

    /// Which state that is, once the configuration is read.
    func concerns(_ state: StateName) {
        let isTold = known.withLock { known in
            known.state = state
            return known.isTold
        }
        if isTold { state.hurry() }
    }

    func tell() {
        let state = known.withLock { known in
            known.isTold = true
            return known.state
        }
        state?.hurry()
    }

    /// Whether what is missing is an answer that nobody waits for any more.
    func isReason(for error: JournalError) -> Bool { known.withLock { $0.isTold } && error.cause == .unreachable }
}
