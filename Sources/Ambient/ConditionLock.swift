import Glibc

/// State that threads change one at a time, and whose changes they can wait for: a mutex with its condition.
///
/// For threads that may block, which tasks must not.
///
/// `@unchecked Sendable`: what `state` points to is read and written with `mutex` held; it, mutex and condition live as long
/// as self.
public final class ConditionLock<State: Sendable>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// Memory and not a property: who waits lets others change it in the middle of a call, which an access to a property
    /// rules out, so that an optimised build goes on with what it read before.
    private let state = UnsafeMutablePointer<State>.allocate(capacity: 1)

    public init(_ state: State) {
        self.state.initialize(to: state)
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
        state.deinitialize(count: 1)
        state.deallocate()
        mutex.deallocate()
        changed.deallocate()
    }

    /// Reads the state, or changes it in a way that nobody waits for.
    public func locked<T>(_ body: (inout State) -> T) -> T {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&state.pointee)
    }

    /// Changes the state and wakes everybody who waits.
    public func change<T>(_ body: (inout State) -> T) -> T {
        locked { state in
            defer { pthread_cond_broadcast(changed) }
            return body(&state)
        }
    }

    /// Tries `attempt` now and after each change until it gives a value, which it returns; nil when `seconds` passed
    /// before. Nil seconds: however long it takes. More than a century counts as one, which a `timespec` can hold.
    public func wait<T>(atMost seconds: Double?, _ attempt: (inout State) -> T?) -> T? {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let bounded = min(max(seconds ?? 0, 0), 3e9)
        deadline.tv_sec += Int(bounded)
        deadline.tv_nsec += Int((bounded - bounded.rounded(.down)) * 1e9)
        if deadline.tv_nsec >= 1_000_000_000 {
            deadline.tv_sec += 1
            deadline.tv_nsec -= 1_000_000_000
        }
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            // Each attempt is an access of its own, over before the mutex is let go of.
            if let value = attempt(&state.pointee) { return value }
            if seconds == nil {
                pthread_cond_wait(changed, mutex)
            } else if pthread_cond_timedwait(changed, mutex, &deadline) != 0 {
                return attempt(&state.pointee)
            }
        }
    }
}
