import Journal
import Model
import TestKit

/// What an engine has written, to be looked at.
struct Kept {
    static let now = Timestamp(rfc3339: "2026-11-21T09:00:00Z") ?? Timestamp(milliseconds: 0)

    private let temporary = TemporaryFolder()
    let folder: StateFolder
    let journal: Journal

    init(_ record: TickRecord = TickRecord()) throws {
        folder = try StateFolder(creating: temporary.path("state"))
        journal = try Journal.open(folder, mode: .engine(EngineLock(folder: folder, now: Kept.now)))
        if !record.isEmpty { try journal.commitTick(record) }
    }

    /// What a person left for the engine.
    func command(_ kind: String, _ arguments: JSON, at moment: Timestamp = Kept.now) throws {
        let journal = try Journal.open(folder, mode: .command)
        defer { journal.close() }
        _ = try journal.appendCommand(at: moment, actor: "cli:pat", kind: kind, arguments: arguments.serialized())
    }
}
