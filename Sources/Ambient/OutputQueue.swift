import Glibc

/// Lines on their way to a file descriptor. A thread of their own writes them, so that who puts them in never waits for
/// whoever reads: a pipe that nobody empties, a terminal that was stopped, a log driver that hangs.
///
/// Lines wait in memory, up to a limit. What does not fit, and what could not be written, is left out and counted, and
/// once a line gets through again a notice in its place says how many are missing. A reader that went away may come
/// back (a named pipe, a disk that has room again), so each line is tried.
public final class OutputQueue: Sendable {
    /// Makes the line that says how many are missing, with its line end.
    public typealias Notice = @Sendable (_ missing: Int) -> [UInt8]

    private enum Entry {
        case line([UInt8], Notice)
        case gap(Int, Notice)
    }

    private struct State {
        var entries: [Entry] = []
        /// Of the lines that wait and of those that are being written.
        var bytes = 0
        var isWriting = false
        var isClosed = false
        var hasThread = false
        var missing = 0

        var isDone: Bool { entries.isEmpty && !isWriting }
    }

    /// Standard error: one for the whole process, so that its lines keep their order.
    public static let standardError = OutputQueue(descriptor: STDERR_FILENO)
    /// Standard output of a process that must not wait for its reader.
    public static let standardOutput = OutputQueue(descriptor: STDOUT_FILENO)

    private let descriptor: Int32
    private let limit: Int
    private let onFailure: @Sendable (_ code: Int32) -> Void
    private let state = ConditionLock(State())

    /// - Parameters:
    ///   - limit: how many bytes may wait; a line that finds the queue empty is taken whatever its length.
    ///   - onFailure: told from the writing thread each time that a write fails, with its `errno`.
    public init(
        descriptor: Int32, limit: Int = 1 << 20, onFailure: @escaping @Sendable (_ code: Int32) -> Void = { _ in }
    ) {
        self.descriptor = descriptor
        self.limit = limit
        self.onFailure = onFailure
    }

    /// Lines that found no room or could not be written.
    public var lost: Int { state.locked { $0.missing } }

    /// Takes a line with its line end; false when there was no room for it.
    @discardableResult
    public func offer(_ line: [UInt8], notice: @escaping Notice = { _ in [] }) -> Bool {
        state.change { state in
            guard state.bytes == 0 || state.bytes + line.count <= limit else {
                state.missing += 1
                if case .gap(let count, _) = state.entries.last {
                    state.entries[state.entries.count - 1] = .gap(count + 1, notice)
                } else {
                    state.entries.append(.gap(1, notice))
                }
                return false
            }
            state.entries.append(.line(line, notice))
            state.bytes += line.count
            if !state.hasThread { state.hasThread = startThread() }
            return true
        }
    }

    /// Waits until all was written or left out; false when `seconds` passed before. Nil: however long it takes.
    @discardableResult
    public func drain(atMost seconds: Double?) -> Bool {
        state.wait(atMost: seconds) { state in
            if state.isDone { return true }
            // Without a thread nobody would ever write it.
            return state.hasThread ? nil : false
        } ?? false
    }

    /// Whether there is something left that somebody will write.
    public var isDraining: Bool { state.locked { !$0.isDone && $0.hasThread } }

    /// Ends the thread once all is written. Lines that come later are left out.
    public func close() { state.change { $0.isClosed = true } }

    // MARK: - The thread

    private func startThread() -> Bool { LooseThread.start { self.work() } }

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
                    state.locked {
                        $0.bytes -= line.count
                        if !isWritten { $0.missing += 1 }
                    }
                }
            }
        }
    }

    /// What waits; nil once there will be no more.
    private func next() -> [Entry]? {
        state.change { $0.isWriting = false }
        let batch: [Entry] =
            state.wait(atMost: nil) { state in
                if state.entries.isEmpty { return state.isClosed ? [] : nil }
                state.isWriting = true
                defer { state.entries = [] }
                return state.entries
            } ?? []
        return batch.isEmpty ? nil : batch
    }
}

/// Writing to file descriptors.
public enum Descriptor {
    /// Writes all of it, waiting where the reader is slow. What was written, and the `errno` that stopped it; 0: none.
    ///
    /// - Parameter isOver: asked while the reader takes nothing; once it says so, what is left is not written (`ECANCELED`).
    public static func write(
        _ bytes: [UInt8], to descriptor: Int32, unless isOver: (() -> Bool)? = nil
    ) -> (written: Int, code: Int32) {
        var written = 0
        while written < bytes.count {
            var most = bytes.count - written
            if let isOver {
                // A pipe that has room at all has room for so much: the write does not wait.
                most = min(most, 4_096)
                guard waits(for: descriptor, unless: isOver) else { return (written, ECANCELED) }
            }
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, most)
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

    /// Waits until something can be written, or says that it is over.
    private static func waits(for descriptor: Int32, unless isOver: () -> Bool) -> Bool {
        while true {
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            // Whatever is wrong with it the write will say.
            if poll(&entry, 1, 100) != 0 { return true }
            if isOver() { return false }
        }
    }

    /// Gives the three standard descriptors something behind them where whoever started us closed them: the next file
    /// that is opened would be one of them, and what we print would land in it. Writing there fails as it would have.
    public static func fillStandard() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", (descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY))
        }
    }
}
