import Dispatch
import Glibc
import Synchronization

/// What the outside asks of the process.
public enum ProcessSignal: Int32, Sendable, CaseIterable {
    /// SIGHUP
    case hangUp = 1
    /// SIGINT
    case interrupt = 2
    /// SIGTERM
    case terminate = 15

    /// The signals as they come in, for one loop that decides what they mean. From now on, and for the rest of the
    /// process's life, their default effects are off.
    ///
    /// Returns when every signal is really listened for; one that arrives after that is not lost, and none ends the
    /// process. (Dispatch registers its sources on a thread of its own, a little after `resume`.) A few wait while
    /// the loop is busy; what a longer burst asks for is asked for once.
    ///
    /// - Parameter onEnd: called with each signal that asks for the end, on a thread of its own and at once: the loop may
    ///   not come to it while something else waits.
    public static func listen(
        for wanted: [ProcessSignal] = allCases, onEnd: @escaping @Sendable () -> Void = {}
    ) async -> AsyncStream<ProcessSignal> {
        let (signals, continuation) = AsyncStream.makeStream(
            of: ProcessSignal.self, bufferingPolicy: .bufferingOldest(8))
        let sources = Sources(wanted, into: continuation, onEnd)
        // The stream owns its sources: they end with it.
        continuation.onTermination = { _ in sources.cancel() }
        await sources.register()
        return signals
    }

    private static let end = Atomic<Bool>(false)
    /// Bits of the signals that came before Dispatch took over: ignored they would be lost, and a stop right after a start with
    /// them.
    private static let early = Atomic<UInt64>(0)

    /// Whether the end of the process was asked for, once somebody listens for that: then nothing waits for a reader any more.
    public static var isEndAsked: Bool { end.load(ordering: .acquiring) }

    /// Writing to a connection or pipe whose other end is gone becomes an error of the write instead of the
    /// process's end. Call once, first thing.
    public static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
    }

    /// What other programs take for an order (to open a log anew, say) and what means nothing here does not end a process that is
    /// to stay, as it would by default. Call where one begins.
    public static func ignoreStrays() {
        for stray in strays { signal(stray, SIG_IGN) }
    }

    static let strays = [SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR]

    /// Whether whoever started the process wants it to go on in spite of this signal, as `nohup` does.
    public var isIgnored: Bool {
        let before = signal(rawValue, SIG_IGN)
        signal(rawValue, before)
        // `SIG_IGN` is the number 1 in place of a function.
        return unsafeBitCast(before, to: UInt.self) == 1
    }

    /// Ends the process as the signal would have if nobody had listened, so that whoever waits for it sees by what it ended.
    public func endProcess() -> Never {
        signal(rawValue, SIG_DFL)
        var own = sigset_t()
        sigemptyset(&own)
        sigaddset(&own, rawValue)
        pthread_sigmask(SIG_UNBLOCK, &own, nil)
        raise(rawValue)
        // Not reached: its default effect is the end.
        _exit(128 + rawValue)
    }

    /// Unchecked because Dispatch does not declare its sources Sendable on Linux. Invariant: they are configured by
    /// `init` and `register`, before anybody else has them, and after that only cancelled, which any thread may do.
    private final class Sources: @unchecked Sendable {
        private let wanted: [ProcessSignal]
        private let continuation: AsyncStream<ProcessSignal>.Continuation
        private let onEnd: @Sendable () -> Void
        private let sources: [any DispatchSourceSignal]

        init(
            _ wanted: [ProcessSignal], into continuation: AsyncStream<ProcessSignal>.Continuation, _ onEnd: @escaping @Sendable () -> Void
        ) {
            let queue = DispatchQueue(label: "signals")
            self.wanted = wanted
            self.continuation = continuation
            self.onEnd = onEnd
            // Made before a handler uses it, which may not make anything.
            _ = ProcessSignal.early.load(ordering: .relaxed)
            sources = wanted.map { wanted in
                // Before the source is there: otherwise the default effect would end the process in between.
                signal(wanted.rawValue) { number in ProcessSignal.early.bitwiseOr(1 << UInt64(number), ordering: .relaxed) }
                let source = DispatchSource.makeSignalSource(signal: wanted.rawValue, queue: queue)
                source.setEventHandler { Sources.pass(wanted, to: continuation, onEnd) }
                return source
            }
        }

        private static func pass(
            _ signal: ProcessSignal, to continuation: AsyncStream<ProcessSignal>.Continuation, _ onEnd: @Sendable () -> Void
        ) {
            if signal != .hangUp {
                ProcessSignal.end.store(true, ordering: .releasing)
                onEnd()
            }
            continuation.yield(signal)
        }

        func register() async {
            for source in sources {
                await withCheckedContinuation { continuation in
                    source.setRegistrationHandler { continuation.resume() }
                    source.resume()
                }
            }
            let early = ProcessSignal.early.exchange(0, ordering: .acquiringAndReleasing)
            for signal in wanted where early & (1 << UInt64(signal.rawValue)) != 0 { Sources.pass(signal, to: continuation, onEnd) }
        }

        func cancel() {
            for source in sources { source.cancel() }
        }
    }
}
