import Glibc
import Synchronization

/// The POSIX thread on which a transfer loop runs.
///
/// Unchecked because `pthread_t` is a raw handle. Invariant: it is written once, in `init`, and joined at most once,
/// which `state` guards.
final class TransferThread: @unchecked Sendable {
    private struct State {
        var hasEnded = false
        var isJoined = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private final class Work: Sendable {
        let loop: TransferLoop
        let progress: Progress

        init(loop: TransferLoop, progress: Progress) {
            self.loop = loop
            self.progress = progress
        }
    }

    private final class Progress: Sendable {
        let state = Mutex(State())
    }

    private let progress = Progress()
    private var handle = pthread_t()

    /// Nil when the system has no thread left.
    init?(running loop: TransferLoop) {
        let work = Unmanaged.passRetained(Work(loop: loop, progress: progress))
        let code = pthread_create(
            &handle, nil,
            { context in
                guard let context else { return nil }
                let work = Unmanaged<Work>.fromOpaque(context).takeRetainedValue()
                TransferThread.blockSignals()
                work.loop.run()
                work.progress.state.withLock { state in
                    state.hasEnded = true
                    for waiter in state.waiting { waiter.resume() }
                    state.waiting = []
                }
                return nil
            }, work.toOpaque())
        guard code == 0 else {
            work.release()
            return nil
        }
    }

    /// Suspends until the loop has returned.
    func ended() async {
        await withCheckedContinuation { continuation in
            progress.state.withLock { state in
                if state.hasEnded { continuation.resume() } else { state.waiting.append(continuation) }
            }
        }
    }

    /// Waits, blocking, for the thread's end. Short once the loop was closed.
    func join() {
        let isMine = progress.state.withLock { state in
            defer { state.isJoined = true }
            return !state.isJoined
        }
        if isMine { pthread_join(handle, nil) }
    }

    /// Signals belong to the main thread. That includes SIGPIPE, which OpenSSL would raise on a closed connection:
    /// blocked, it turns into an error of the write.
    private static func blockSignals() {
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, nil)
    }
}
