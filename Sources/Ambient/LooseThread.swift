import Glibc

/// A thread for work that blocks, which tasks must not do: their pool has a thread for each core.
public enum LooseThread {
    private final class Work: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    /// Runs `work` on a thread of its own, which ends with it. False when the system has no thread left; then it never runs.
    /// - Parameter stackSize: in bytes; nil: what the system gives.
    public static func start(stackSize: Int? = nil, _ work: @escaping @Sendable () -> Void) -> Bool {
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        if let stackSize { pthread_attr_setstacksize(&attributes, stackSize) }
        defer { pthread_attr_destroy(&attributes) }
        let work = Unmanaged.passRetained(Work(work))
        let code = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                let work = Unmanaged<Work>.fromOpaque(context).takeRetainedValue()
                // Signals belong to the main thread; SIGPIPE becomes an error of the write.
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_SETMASK, &all, nil)
                work.run()
                return nil
            }, work.toOpaque())
        if code != 0 { work.release() }
        return code == 0
    }
}
