import Glibc

/// Tells blocked handlers that their server stops, and the stopping server when the last request has ended.
///
/// `@unchecked Sendable`: all state is read and written with `mutex` held; mutex and condition live as long as self.
final class StopSignal: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var stopping = false
    private var inFlight = 0

    init() {
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
        changed.deallocate()
    }

    var isStopping: Bool { locked { stopping } }

    func requestBegan() { locked { inFlight += 1 } }

    func requestEnded() {
        locked {
            inFlight -= 1
            if stopping { pthread_cond_broadcast(changed) }
        }
    }

    func stop() {
        locked {
            stopping = true
            pthread_cond_broadcast(changed)
        }
    }

    /// Waits until the server stops; true when it does, false when `seconds` passed before.
    func wait(atMost seconds: Double) -> Bool { wait(atMost: seconds) { stopping } }

    /// Waits until no request is in flight; false when `seconds` passed before.
    func waitForLastRequest(atMost seconds: Double) -> Bool { wait(atMost: seconds) { inFlight == 0 } }

    private func wait(atMost seconds: Double, until condition: () -> Bool) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        // A century stands for "for ever": it does not overflow a timespec.
        let bounded = min(max(seconds, 0), 3e9)
        deadline.tv_sec += Int(bounded)
        deadline.tv_nsec += Int((bounded - bounded.rounded(.down)) * 1e9)
        if deadline.tv_nsec >= 1_000_000_000 {
            deadline.tv_sec += 1
            deadline.tv_nsec -= 1_000_000_000
        }
        return locked {
            while !condition() {
                if pthread_cond_timedwait(changed, mutex, &deadline) != 0 { return condition() }
            }
            return true
        }
    }

    private func locked<T>(_ body: () -> T) -> T {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }
}
