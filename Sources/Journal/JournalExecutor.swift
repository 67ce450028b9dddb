import Dispatch

/// Runs the journal's calls one after the other on a queue of its own: a commit waits for the disk, and must not do so
/// on the cooperative pool, which has one thread a core.
final class JournalExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "journal")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
