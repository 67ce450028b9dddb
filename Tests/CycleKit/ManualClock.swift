import Ambient
import Model
import Synchronization

/// A clock that moves when told. Who sleeps on it wakes when its time has come, or when its task is cancelled.
package final class ManualClock: Clock {
    private struct State {
        var elapsed: Int64 = 0
        var sleepers: [Int: (until: Int64, waker: CheckedContinuation<Bool, Never>)] = [:]
        var cancelled: Set<Int> = []
        var next = 0
    }

    /// Its moment zero.
    package let origin: Timestamp
    private let state = Mutex(State())

    package init(_ origin: Timestamp = Timestamp(milliseconds: 1_795_251_600_000)) {
        self.origin = origin
    }

    package func now() -> Timestamp { origin + TimeSpan(milliseconds: state.withLock { $0.elapsed }) }
    package func monotonicNanoseconds() -> UInt64 { UInt64(state.withLock { $0.elapsed }) * 1_000_000 }

    /// Moves on to a moment; never back.
    package func move(to moment: Timestamp) { advance(by: max(.zero, moment - now())) }

    package func advance(by span: TimeSpan) {
        let woken = state.withLock { state in
            state.elapsed += span.milliseconds
            let due = state.sleepers.filter { $0.value.until <= state.elapsed }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.waker)
        }
        for waker in woken { waker.resume(returning: true) }
    }

    /// When the first of them wakes; nil where nobody sleeps.
    package var next: Timestamp? {
        state.withLock { $0.sleepers.values.map(\.until).min() }.map { origin + TimeSpan(milliseconds: $0) }
    }

    /// How many sleep now.
    package var sleepers: Int { state.withLock { $0.sleepers.count } }

    package func sleep(for span: TimeSpan) async throws(CancellationError) {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        let isDone = await withTaskCancellationHandler {
            await withCheckedContinuation { (waker: CheckedContinuation<Bool, Never>) in
                let answer: Bool? = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return false }
                    if span <= .zero { return true }
                    state.sleepers[id] = (state.elapsed + span.milliseconds, waker)
                    return nil
                }
                if let answer { waker.resume(returning: answer) }
            }
        } onCancel: {
            let waker = state.withLock { state in
                let sleeper = state.sleepers.removeValue(forKey: id)
                if sleeper == nil { state.cancelled.insert(id) }
                return sleeper?.waker
            }
            waker?.resume(returning: false)
        }
        if !isDone || Task.isCancelled { throw CancellationError() }
    }
}
