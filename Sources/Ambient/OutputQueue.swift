import Glibc

/// Lines on their way to a file descriptor. A thread of their own writes them, so that who puts them in never waits for
/// whoever reads: a pipe that nobody empties, a terminal that was stopped, a log driver that hangs.
///
/// Lines wait in memory, up to a limit. What does not fit, and what could not be written, is left out and counted, and
/// once a line gets through again a notice in its place says how many are missing. A reader that went away may come
/// back (a named pipe, a disk that has room again), so each line is tried.
///
/// `@unchecked Sendable`: all state is read and written with `mutex` held; mutex and condition live as long as self.
public final class OutputQueue: @unchecked Sendable {
    /// Makes the line that says how many are missing, with its line end.
    public typealias Notice = @Sendable (_ missing: Int) -> [UInt8]

    private enum Entry {
        case line([UInt8], Notice)
        case gap(Int, Notice)
    }

    /// Standard error: one for the whole process, so that its lines keep their order.
    public static let standardError = OutputQueue(descriptor: STDERR_FILENO)
    /// Standard output of a process that must not wait for its reader.
    public static let standardOutput = OutputQueue(descriptor: STDOUT_FILENO)

    private let descriptor: Int32
    private let limit: Int
    private let onFailure: @Sendable (_ code: Int32) -> Void
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var entries: [Entry] = []
    /// Of the lines that wait and of those that are being written.
    private var bytes = 0
    private var isWriting = false
    private var isClosed = false
    private var hasThread = false
    private var missing = 0

    /// - Parameters:
    ///   - limit: how many bytes may wait; a line that finds the queue empty is taken whatever its length.
    ///   - onFailure: told from the writing thread each time that a write fails, with its `errno`.
    public init(
        descriptor: Int32, limit: Int = 1 << 20, onFailure: @escaping @Sendable (_ code: Int32) -> Void = { _ in }
    ) {
        self.descriptor = descriptor
        self.limit = limit
        self.onFailure = onFailure
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        // The thread holds a reference, so it has ended, or there never was one.
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
        changed.deallocate()
    }

    /// Lines that found no room or could not be written.
    public var lost: Int { locked { missing } }

    /// Takes a line with its line end; false when there was no room for it.
    @discardableResult
    public func offer(_ line: [UInt8], notice: @escaping Notice = { _ in [] }) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard bytes == 0 || bytes + line.count <= limit else {
            missing += 1
            if case .gap(let count, _) = entries.last {
                entries[entries.count - 1] = .gap(count + 1, notice)
            } else {
                entries.append(.gap(1, notice))
            }
            return false
        }
        entries.append(.line(line, notice))
        bytes += line.count
        if !hasThread { hasThread = startThread() }
        pthread_cond_broadcast(changed)
        return true
    }

    /// Waits until all was written or left out; false when `seconds` passed before. Nil: however long it takes.
    @discardableResult
    public func drain(atMost seconds: Double?) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let nanoseconds = deadline.tv_nsec + Int(min(max(seconds ?? 0, 0), 1e9) * 1e9)
        deadline.tv_sec += nanoseconds / 1_000_000_000
        deadline.tv_nsec = nanoseconds % 1_000_000_000
        return locked {
            while !entries.isEmpty || isWriting {
                // Without a thread nobody would ever write it.
                guard hasThread else { return false }
                if seconds == nil {
                    pthread_cond_wait(changed, mutex)
                } else if pthread_cond_timedwait(changed, mutex, &deadline) != 0 {
                    return entries.isEmpty && !isWriting
                }
            }
            return true
        }
    }

    /// Ends the thread once all is written. Lines that come later are left out.
    public func close() {
        locked {
            isClosed = true
            pthread_cond_broadcast(changed)
        }
    }

    private func locked<T>(_ body: () -> T) -> T {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    // MARK: - The thread

    private func startThread() -> Bool {
        let myself = Unmanaged.passRetained(self)
        var handle = pthread_t()
        let code = pthread_create(
            &handle, nil,
            { context in
                guard let context else { return nil }
                let queue = Unmanaged<OutputQueue>.fromOpaque(context).takeRetainedValue()
                // Signals belong to the main thread; a pipe without a reader is an error of the write.
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_SETMASK, &all, nil)
                queue.work()
                return nil
            }, myself.toOpaque())
        guard code == 0 else {
            myself.release()
            return false
        }
        pthread_detach(handle)
        return true
    }

    private func work() {
        // What is missing since the last line that got through, and whether that one broke off in its middle.
        var (unsaid, isTorn) = (0, false)
        /// Whether all of it was written.
        func put(_ line: [UInt8]) -> Bool {
            let whole = isTorn ? [UInt8(ascii: "\n")] + line : line
            let (written, code) = Descriptor.write(whole, to: descriptor)
            if written > 0 { isTorn = written < whole.count }
            if code != 0 { onFailure(code) }
            return written == whole.count
        }
        while let batch = next() {
            for entry in batch {
                switch entry {
                case .gap(let count, let notice):
                    unsaid += count
                    if put(notice(unsaid)) { unsaid = 0 }
                case .line(let line, let notice):
                    if unsaid > 0, put(notice(unsaid)) { unsaid = 0 }
                    let isWritten = unsaid == 0 && put(line)
                    if !isWritten { unsaid += 1 }
                    locked {
                        bytes -= line.count
                        if !isWritten { missing += 1 }
                    }
                }
            }
        }
    }

    /// What waits; nil once there will be no more.
    private func next() -> [Entry]? {
        locked {
            isWriting = false
            pthread_cond_broadcast(changed)
            while entries.isEmpty {
                if isClosed { return nil }
                pthread_cond_wait(changed, mutex)
            }
            isWriting = true
            defer { entries = [] }
            return entries
        }
    }
}

/// Writing to file descriptors.
public enum Descriptor {
    /// Writes all of it, waiting where the reader is slow. What was written, and the `errno` that stopped it; 0: none.
    public static func write(_ bytes: [UInt8], to descriptor: Int32) -> (written: Int, code: Int32) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
            }
            if count >= 0 {
                written += count
                continue
            }
            let code = errno
            switch code {
            case EINTR: continue
            case EAGAIN:
                // Somebody who shares the descriptor made it non-blocking.
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&entry, 1, -1)
            default: return (written, code)
            }
        }
        return (written, 0)
    }

    /// Gives the three standard descriptors something behind them where whoever started us closed them: the next file
    /// that is opened would be one of them, and what we print would land in it. Writing there fails as it would have.
    public static func fillStandard() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", (descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY))
        }
    }
}
