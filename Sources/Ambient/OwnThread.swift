import Glibc
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
            if !start({ continuation.resume(returning: work()) }) { continuation.resume(returning: nil) }
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
                let isStarted = start(stackSize: stackSize) {
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

    private final class Work: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// False when the system has no thread left; the work is then not begun.
    /// - Parameter stackSize: in bytes; nil: what the system gives.
    static func start(stackSize: Int? = nil, _ body: @escaping @Sendable () -> Void) -> Bool {
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        if let stackSize { pthread_attr_setstacksize(&attributes, stackSize) }
        defer { pthread_attr_destroy(&attributes) }
        let work = Unmanaged.passRetained(Work(body))
        let code = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                // Signals belong to the main thread; SIGPIPE becomes an error of the write.
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_SETMASK, &all, nil)
                Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        if code != 0 { work.release() }
        return code == 0
    }
}
