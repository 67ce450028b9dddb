import Model
import Synchronization

/// Work that blocks, on a thread of its own for as long as it lasts: the cooperative pool has one thread per core, and a
/// call that waits there stalls everybody.
public enum OwnThread {
    /// What became of work that somebody waited for.
    public enum Outcome<Result: Sendable>: Sendable {
        case done(Result)
        /// It is still at it, and ends alone.
        case overdue
        /// Whoever waited was cancelled; the work ends alone.
        case cancelled
        /// The system has no thread left.
        case noThread
    }

    /// Returns when the work has. Nil when the system has no thread left.
    public static func run<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result? {
        await withCheckedContinuation { continuation in
            if !LooseThread.start({ continuation.resume(returning: work()) }) { continuation.resume(returning: nil) }
        }
    }

    /// The same for work that cannot be interrupted, such as the system's look-up of a name: nobody waits for it longer than
    /// that.
    public static func run<Result: Sendable>(
        atMost span: TimeSpan, clock: any Clock = SystemClock(), stackSize: Int? = nil, _ work: @escaping @Sendable () -> Result
    ) async -> Outcome<Result> {
        let waiting = Waiting<Result>()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                waiting.begin(continuation)
                let timer = Task {
                    // Cancelled when the work is done: then this says nothing that anybody hears.
                    try? await clock.sleep(for: span)
                    waiting.end(.overdue)
                }
                let isStarted = LooseThread.start(stackSize: stackSize) {
                    waiting.end(.done(work()))
                    timer.cancel()
                }
                if !isStarted {
                    waiting.end(.noThread)
                    timer.cancel()
                }
            }
        } onCancel: {
            waiting.end(.cancelled)
        }
    }

    /// Who waits, told once.
    private final class Waiting<Result: Sendable>: Sendable {
        private struct State {
            var continuation: CheckedContinuation<Outcome<Result>, Never>?
            /// Of an end that came before anybody waited.
            var early: Outcome<Result>?
        }

        private let state = Mutex(State())

        func begin(_ continuation: CheckedContinuation<Outcome<Result>, Never>) {
            let early = state.withLock { state in
                if state.early == nil { state.continuation = continuation }
                return state.early
            }
            if let early { continuation.resume(returning: early) }
        }

        func end(_ outcome: Outcome<Result>) {
            let continuation = state.withLock { state in
                defer { state.continuation = nil }
                if state.early == nil { state.early = outcome }
                return state.continuation
            }
            continuation?.resume(returning: outcome)
        }
    }
}
