import Configuration
import Journal
import Model

/// The state folder as the engine holds it: locked, with the journal open for writing.
package struct EngineRoom {
    package let folder: StateFolder
    package let journal: Journal

    /// Throws when another engine holds the lock, the journal cannot be used, or it is another shard's. Nothing is changed then.
    /// - Parameter lock: had already.
    package init(_ configuration: Configuration, now: Timestamp, lock: EngineLock? = nil) throws(JournalError) {
        if let lock {
            folder = lock.folder
            journal = try Journal.open(folder, mode: .engine(lock))
        } else {
            folder = try StateFolder(creating: configuration.state.value)
            journal = try Journal.open(folder, mode: .engine(EngineLock(folder: folder, now: now)))
        }
        try journal.claim(configuration.shard?.value)
    }
}
