import Ambient
import CJobs
import CycleKit
import Daemon
import HTTP
import Synchronization

/// All tasks of the process one after the other on the main thread, which so knows when none of them can go on: then nothing
/// happens at this moment any more, and time moves to the next at which somebody wakes.
final class Lane: Sendable {
    /// What works beside the lane: the core, which has a queue of its own, and requests under way.
    struct Monitor: Sendable {
        let core: Core
        let client: HTTPClient
    }

    private static let jobs = ConditionLock<[UnownedJob]>([])
    private let clock: ManualClock
    private let monitor = Mutex<Monitor?>(nil)
    private let isOver = Atomic<Bool>(false)

    init(_ clock: ManualClock) {
        self.clock = clock
        jobs_go_to { pointer in
            guard let pointer else { return }
            let job = unsafeBitCast(pointer, to: UnownedJob.self)
            Lane.jobs.change { $0.append(job) }
        }
    }

    /// Whose work is waited for from here on; nil: none runs.
    func watch(_ monitor: Monitor?) { self.monitor.withLock { $0 = monitor } }
    /// Ends ``run()``.
    func end() { isOver.store(true, ordering: .releasing) }

    /// Until ``end()``. To be called on the main thread.
    func run() {
        while !isOver.load(ordering: .acquiring) {
            guard work() == 0 else { continue }
            let monitor = monitor.withLock { $0 }
            if let monitor {
                guard monitor.client.underWay == 0 else {
                    rest()
                    continue
                }
                guard isAtRest(monitor.core) else { continue }
            }
            if let next = clock.next { clock.move(to: next) } else { awaitOthers() }
        }
    }

    /// Nobody waits for time to pass: a thread has yet to say that it has ended.
    private func awaitOthers() {
        guard Lane.jobs.wait(atMost: 60, { $0.isEmpty ? nil : true }) != nil || isOver.load(ordering: .acquiring) else {
            fatalError("nobody does anything any more, and nobody waits for anything")
        }
    }

    /// Runs what can be run now. Returns how many jobs that were.
    private func work() -> Int {
        let taken = Lane.jobs.locked { jobs in
            defer { jobs = [] }
            return jobs
        }
        for job in taken { job.runSynchronously(on: LaneExecutor.only.asUnownedTaskExecutor()) }
        return taken.count
    }

    /// Until there is something to run, or a moment has passed.
    private func rest() { _ = Lane.jobs.wait(atMost: 0.01) { $0.isEmpty ? nil : true } }

    /// Whether the core has nothing left to do: it does one thing after the other, so a question is answered last.
    private func isAtRest(_ core: Core) -> Bool {
        let answered = Answer()
        Task.detached {
            _ = await core.state
            answered.flag.store(true, ordering: .releasing)
        }
        var jobs = 0
        while !answered.flag.load(ordering: .acquiring) {
            let done = work()
            jobs += done
            if done == 0 { rest() }
        }
        // The question's own two: its beginning, and after the answer.
        return jobs <= 2 && Lane.jobs.locked { $0.isEmpty }
    }

    private final class Answer: Sendable {
        let flag = Atomic<Bool>(false)
    }
}

/// Stands for the lane where the runtime wants to know what a job runs on.
private final class LaneExecutor: TaskExecutor {
    static let only = LaneExecutor()

    func enqueue(_ job: consuming ExecutorJob) { fatalError("nobody prefers this executor") }
}
