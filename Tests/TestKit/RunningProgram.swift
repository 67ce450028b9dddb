import Glibc
import Synchronization

/// A program that runs beside the tests: what it writes is read as it comes, and it never outlives its deadline.
///
/// Its standard input is empty, its environment is what is given and nothing else, and it is killed by its own process
/// id.
public final class RunningProgram: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// How a program ended, and everything that it wrote.
    public struct Ending: Sendable {
        /// The exit code; nil when a signal ended it.
        public let code: Int32?
        /// The signal that ended it; SIGKILL when that was its deadline.
        public let signal: Int32?
        public let output: String
        public let errors: String
        /// Both streams, for what must stand in neither.
        public var everything: String { output + errors }
    }

    private struct State {
        var output: [UInt8] = []
        var errors: [UInt8] = []
        /// Read ends; nil once the program closed its own.
        var outputPipe: Int32?
        var errorPipe: Int32?
        var ending: Ending?
    }

    /// `mozaiks-ops` as it was built with the tests: beside their bundle.
    public static let built: String = {
        var path = [CChar](repeating: 0, count: 4_096)
        let length = readlink("/proc/self/exe", &path, path.count - 1)
        let bundle = String(decoding: path.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let beside = bundle.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/mozaiks-ops"
        let named = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/.build/debug/mozaiks-ops"
        return access(beside, X_OK) == 0 ? beside : named
    }()

    public let pid: pid_t
    private let deadline: UInt64
    private let state: Mutex<State>

    /// - Parameters:
    ///   - arguments: without the program's own name.
    ///   - seconds: how long it may run before it is killed.
    public init(
        _ path: String, _ arguments: [String], environment: [String: String] = [:], in folder: String,
        atMost seconds: Int = 30
    ) throws {
        // One at a time: a program started between a pipe's making and its marking would hold it open.
        pthread_mutex_lock(RunningProgram.starting)
        defer { pthread_mutex_unlock(RunningProgram.starting) }
        let (output, errors) = (try Pipe(), try Pipe())
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.write, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errors.write, STDERR_FILENO)
        // Signals as a login shell leaves them, whatever the test process blocks or ignores.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var pid = pid_t()
        let names = environment.keys.sorted().map { "\($0)=\(environment[$0] ?? "")" }
        // The shell changes the folder and becomes the program: the process id stays.
        let line = ["/bin/sh", "-c", #"cd "$0" && exec "$@""#, folder, path] + arguments
        let code = CStrings.with(line) { words in
            CStrings.with(names) { variables in posix_spawn(&pid, line[0], &actions, &attributes, words, variables) }
        }
        close(output.write)
        close(errors.write)
        guard code == 0 else {
            close(output.read)
            close(errors.read)
            throw Failure(description: "cannot start \(path): \(String(cString: strerror(code)))")
        }
        self.pid = pid
        deadline = RunningProgram.nanoseconds() + UInt64(seconds) * 1_000_000_000
        state = Mutex(State(outputPipe: output.read, errorPipe: errors.read))
    }

    deinit {
        state.withLock { state in
            guard state.ending == nil else { return }
            kill(pid, SIGKILL)
            RunningProgram.finish(pid, &state)
        }
    }

    /// Held while a program is started. Never freed.
    private static nonisolated(unsafe) let starting: UnsafeMutablePointer<pthread_mutex_t> = {
        let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        return mutex
    }()

    public func send(_ signal: Int32) {
        state.withLock { state in
            if state.ending == nil { kill(pid, signal) }
        }
    }

    /// What it wrote to standard output so far.
    public var output: String { state.withLock { String(decoding: $0.output, as: UTF8.self) } }
    /// What it wrote to standard error so far.
    public var errors: String { state.withLock { String(decoding: $0.errors, as: UTF8.self) } }

    /// Reads on until `condition` holds; false when the program ended, or its deadline came, before it did.
    public func waits(until condition: (_ output: String, _ errors: String) -> Bool) -> Bool {
        while true {
            if condition(output, errors) { return true }
            guard state.withLock({ pump(&$0) }) else { return condition(output, errors) }
        }
    }

    /// Reads on until it ends, or kills it at its deadline.
    public func waitForEnd() -> Ending {
        state.withLock { state in
            if let ending = state.ending { return ending }
            while pump(&state) {}
            if state.outputPipe != nil || state.errorPipe != nil { kill(pid, SIGKILL) }
            return RunningProgram.finish(pid, &state)
        }
    }

    /// Waits for output and takes it in. False when there is none to come, or the deadline has come.
    private func pump(_ state: inout State) -> Bool {
        let pipes = [state.outputPipe, state.errorPipe].compactMap { $0 }
        let now = RunningProgram.nanoseconds()
        guard !pipes.isEmpty, now < deadline else { return false }
        var polls = pipes.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        guard poll(&polls, nfds_t(polls.count), Int32(min(60_000, (deadline - now) / 1_000_000 + 1))) > 0 else {
            return true
        }
        for entry in polls where entry.revents != 0 {
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            let count = read(entry.fd, &chunk, chunk.count)
            let isOutput = entry.fd == state.outputPipe
            if count > 0 {
                if isOutput { state.output += chunk[..<count] } else { state.errors += chunk[..<count] }
            } else if count == 0 || errno != EINTR {
                close(entry.fd)
                if isOutput { state.outputPipe = nil } else { state.errorPipe = nil }
            }
        }
        return true
    }

    @discardableResult
    private static func finish(_ pid: pid_t, _ state: inout State) -> Ending {
        for pipe in [state.outputPipe, state.errorPipe].compactMap({ $0 }) { close(pipe) }
        (state.outputPipe, state.errorPipe) = (nil, nil)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        let ending = Ending(
            code: signal == 0 ? (status >> 8) & 0xFF : nil, signal: signal == 0 ? nil : signal,
            output: String(decoding: state.output, as: UTF8.self), errors: String(decoding: state.errors, as: UTF8.self)
        )
        state.ending = ending
        return ending
    }

    private static func nanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// Both ends close when a program is started from another thread meanwhile.
private struct Pipe {
    let read: Int32
    let write: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw RunningProgram.Failure(description: "no pipe: \(String(cString: strerror(errno)))")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (read, write) = (ends[0], ends[1])
    }
}

/// Texts as C wants them: pointers that end with nil, good for the time of a call.
private enum CStrings {
    static func with<R>(_ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R) -> R {
        let pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers + [nil])
    }
}
