import Ambient
import Glibc
import Model
import Synchronization
import TestKit
import Testing

/// Work that blocks, and who waits for it.
@Suite struct OwnThreadTests {
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
        let (inner, outer) = (Door(), Door())
        guard
            case .overdue = await OwnThread.run(
                atMost: .seconds(0.05),
                {
                    inner.wait(); outer.open()
                })
        else {
            Issue.record("not overdue")
            return
        }
        inner.open()
        outer.wait()
    }

    @Test func `whoever is cancelled waits no longer`() async throws {
        let (inner, begun) = (Door(), Door())
        let task = Task {
            await OwnThread.run(atMost: .minutes(10)) {
                begun.open()
                inner.wait()
            }
        }
        _ = await OwnThread.run { begun.wait() }
        task.cancel()
        guard case .cancelled = await task.value else {
            Issue.record("not cancelled")
            return
        }
        inner.open()
    }
}
