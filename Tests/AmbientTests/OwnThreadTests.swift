import Ambient
import Glibc
import Model
import Synchronization
import Testing

/// Work that blocks, and who waits for it.
@Suite struct OwnThreadTests {
    /// What a thread waits at until somebody opens it.
    private final class Door: Sendable {
        private let ends: (Int32, Int32)

        init() throws {
            var ends: [Int32] = [-1, -1]
            try #require(pipe(&ends) == 0)
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            self.ends = (ends[0], ends[1])
        }

        deinit {
            close(ends.0)
            close(ends.1)
        }

        func pass() {
            var byte: UInt8 = 0
            _ = read(ends.0, &byte, 1)
        }

        func open() {
            var byte: UInt8 = 1
            _ = write(ends.1, &byte, 1)
        }
    }

    @Test func `what it comes to is brought back, from another thread with no signals`() async {
        let mine = pthread_self()
        let result = await OwnThread.run { () -> (isMine: Bool, blocksTerm: Bool) in
            var mask = sigset_t()
            pthread_sigmask(SIG_BLOCK, nil, &mask)
            return (pthread_equal(pthread_self(), mine) != 0, sigismember(&mask, SIGTERM) == 1)
        }
        #expect(result?.isMine == false && result?.blocksTerm == true)
        guard case .done(7) = await OwnThread.run(atMost: .minutes(10), { 7 }) else {
            Issue.record("not done")
            return
        }
    }

    @Test func `what does not come back is waited for no longer than that, and ends alone`() async throws {
        let (inner, outer) = (try Door(), try Door())
        guard
            case .overdue = await OwnThread.run(
                atMost: .seconds(0.05),
                {
                    inner.pass(); outer.open()
                })
        else {
            Issue.record("not overdue")
            return
        }
        inner.open()
        outer.pass()
    }

    @Test func `whoever is cancelled waits no longer`() async throws {
        let (inner, begun) = (try Door(), try Door())
        let task = Task {
            await OwnThread.run(atMost: .minutes(10)) {
                begun.open()
                inner.pass()
            }
        }
        _ = await OwnThread.run { begun.pass() }
        task.cancel()
        guard case .cancelled = await task.value else {
            Issue.record("not cancelled")
            return
        }
        inner.open()
    }
}
