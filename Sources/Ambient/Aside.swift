import Glibc
import Model
import Synchronization

/// Does what may block for ever, such as asking a file system whose server is gone, on a thread of its own: neither the
/// cooperative pool nor whoever waits is held up by it.
public struct Aside: Sendable {
    private let clock: any Clock

    public init(clock: any Clock) {
        self.clock = clock
    }

    /// What the work came to; nil when it did not come back in time, or there is no thread for it. It goes on by itself then,
    /// and its result is dropped: so it must change nothing that others go by.
    public func run<Value: Sendable>(within limit: TimeSpan, _ work: @escaping @Sendable () -> Value) async -> Value? {
        let answer = Answer<Value>()
        let clock = clock
        let timer = Task {
            guard (try? await clock.sleep(for: limit)) != nil else { return }
            answer.give(nil)
        }
        defer { timer.cancel() }
        // Whoever is cancelled waits for nobody.
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard answer.isAwaited(by: continuation) else { return }
                if !Work.start({ answer.give(work()) }) { answer.give(nil) }
            }
        } onCancel: {
            answer.give(nil)
        }
    }
}

/// Who waits for a result. What comes first is what was waited for: the result, or that there is none.
private final class Answer<Value: Sendable>: Sendable {
    private enum State {
        case new
        case awaited(CheckedContinuation<Value?, Never>)
        /// Given, or given up before anybody waited.
        case done
    }

    private let state = Mutex(State.new)

    /// False where it was given up already; then the continuation has been told.
    func isAwaited(by continuation: CheckedContinuation<Value?, Never>) -> Bool {
        let isNew = state.withLock { state in
            guard case .new = state else { return false }
            state = .awaited(continuation)
            return true
        }
        if !isNew { continuation.resume(returning: nil) }
        return isNew
    }

    func give(_ value: Value?) {
        let continuation: CheckedContinuation<Value?, Never>? = state.withLock { state in
            defer { state = .done }
            if case .awaited(let continuation) = state { return continuation }
            return nil
        }
        continuation?.resume(returning: value)
    }
}

/// What a thread is handed.
private final class Work: Sendable {
    private let perform: @Sendable () -> Void

    private init(_ perform: @escaping @Sendable () -> Void) {
        self.perform = perform
    }

    /// As much as reading a few files takes.
    private static let stackSize = 256 << 10

    /// False where there is no thread to be had.
    static func start(_ perform: @escaping @Sendable () -> Void) -> Bool {
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, stackSize)
        defer { pthread_attr_destroy(&attributes) }
        let work = Unmanaged.passRetained(Work(perform))
        let code = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                let work = Unmanaged<Work>.fromOpaque(context).takeRetainedValue()
                // Signals belong to the main thread.
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_SETMASK, &all, nil)
                work.perform()
                return nil
            }, work.toOpaque())
        if code != 0 { work.release() }
        return code == 0
    }
}
