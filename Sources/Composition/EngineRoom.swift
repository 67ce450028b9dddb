import Configuration
import Journal
import Model

/// The state folder as the engine holds it: locked, with the journal open for writing.
package struct EngineRoom {
    package let folder: StateFolder
    package let journal: Journal

    /// Throws when another engine holds the lock, or the journal cannot be used. Nothing is changed then.
    package init(_ configuration: Configuration, now: Timestamp) throws(JournalError) {
        folder = try StateFolder(creating: configuration.state.value)
        let lock = try EngineLock(folder: folder, now: now)
        journal = try Journal.open(folder, mode: .engine(lock))
    }
}
