import Dispatch
import Glibc
import Synchronization

/// What was pressed and not yet taken. While the screen waits for its journal, which may be a database that does not answer, a thread
/// of its own hears the keys: whoever wants to end must not wait for it.
final class KeyWatch: Sendable {
    private struct State {
        var pressed: [UInt8] = []
        /// Since when the screen waits for something else than keys, ms of the monotonic clock; nil: it hears them itself.
        var waitingSince: Int64?
    }

    /// So long a journal may take, ms, before a key ends what waits for it: until then it is a key like others.
    private static let patience: Int64 = 500
    /// `q` and what Ctrl-C and Ctrl-D send.
    private static let ends: Set<UInt8> = [0x71, 3, 4]

    private let state = Mutex(State())
    private let begins = DispatchSemaphore(value: 0)
    private let onEnd: @Sendable () -> Void

    /// - Parameter onEnd: ends the process; called on the thread.
    init(onEnd: @escaping @Sendable () -> Void) {
        self.onEnd = onEnd
        var thread = pthread_t()
        let owned = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread, nil,
            { context in
                // It hears until the process ends.
                if let context { Unmanaged<KeyWatch>.fromOpaque(context).takeUnretainedValue().listen() }
                return nil
            }, owned.toOpaque())
        if code == 0 { pthread_detach(thread) } else { owned.release() }
    }

    /// Does something that may take long.
    func during<R>(_ body: () throws -> R) rethrows -> R {
        state.withLock { $0.waitingSince = KeyWatch.now() }
        begins.signal()
        defer { state.withLock { $0.waitingSince = nil } }
        return try body()
    }

    private func listen() {
        while true {
            begins.wait()
            while state.withLock({ $0.waitingSince != nil }) {
                let isThere = KeyWatch.isPressed(within: 50)
                let isOver = state.withLock { state -> Bool in
                    // Else they are the screen's.
                    guard let since = state.waitingSince else { return false }
                    if isThere, !KeyWatch.hear(&state.pressed) { return true }
                    return KeyWatch.now() - since >= KeyWatch.patience && state.pressed.contains(where: KeyWatch.ends.contains)
                }
                if isOver { onEnd() }
            }
        }
    }

    // MARK: - For the screen

    var count: Int { state.withLock { $0.pressed.count } }

    /// The next ones, without taking them.
    func next(_ count: Int) -> [UInt8] { state.withLock { Array($0.pressed.prefix(count)) } }

    func take(_ count: Int) { state.withLock { $0.pressed.removeFirst(min(count, $0.pressed.count)) } }

    /// Takes in what was pressed within that time. False: nothing was; nil: there is nobody any more.
    func hear(within milliseconds: Int32) -> Bool? {
        guard KeyWatch.isPressed(within: milliseconds) else { return false }
        return state.withLock { KeyWatch.hear(&$0.pressed) } ? true : nil
    }

    private static func isPressed(within milliseconds: Int32) -> Bool {
        var question = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        return poll(&question, 1, milliseconds) > 0
    }

    /// False: there is nobody any more.
    private static func hear(_ pressed: inout [UInt8]) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(STDIN_FILENO, &bytes, bytes.count)
        guard count > 0 else { return false }
        pressed += bytes.prefix(count)
        return true
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
