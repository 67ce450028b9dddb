import Model

/// Where a monitor waits that is not the engine of a database, and from where it becomes it: one session that tries for the
/// engine's lock, says that somebody stands by, and looks after the engine.
///
/// Not Sendable: it belongs to one owner, who calls it from one thread at a time.
public final class StandbyPost {
    /// What one look showed.
    public enum Sight: Sendable {
        /// The lock was free and is this process's now. The post is over.
        case free(EngineLock)
        case held(Held)
    }

    /// Somebody has the lock.
    public struct Held: Sendable {
        public let holder: EngineHolder?
        /// The other monitors, the engine among them.
        public let others: [MonitorRow]
        /// The number of the engine's last commit: another number, something else may be on record.
        public let commit: Int64
        /// The engine was not heard of for longer than it may be silent, and its session was ended: it is the engine no more.
        public let wasDeposed: Bool
        /// Why such a session could not be ended.
        public let fault: String?

        /// The engine as it said itself, where it did.
        public var engine: MonitorRow? { others.first(where: \.isEngine) }
    }

    /// After a server came back its engine has so long to come back too: it remembers what it could not write down meanwhile, which
    /// would be lost with it.
    public static let grace = TimeSpan.seconds(12)

    private let folder: StateFolder
    private let session: any PostSession
    /// The session's number at the last look.
    private var number: Int32?
    /// Of the monotonic clock, nanoseconds: no try for the lock before then.
    private var restsUntil: UInt64 = 0
    private let now: () -> UInt64

    /// Throws what a database throws that cannot be had; `.notPermitted` for a folder, whose second engine has nothing to wait for.
    ///
    /// - Parameters:
    ///   - now: the moment, for whoever asks who stands by.
    ///   - monotonic: nanoseconds of a clock that never steps.
    public convenience init(folder: StateFolder, now: Timestamp) throws(JournalError) {
        try self.init(folder: folder, now: now, monotonic: PostgresDatabase.now)
    }

    convenience init(folder: StateFolder, now: Timestamp, monotonic: @escaping () -> UInt64) throws(JournalError) {
        guard let place = folder.database else {
            throw JournalError(operation: "stand by", path: folder.path, cause: .notPermitted, detail: "a folder has one engine")
        }
        self.init(folder: folder, session: try PostgresPostSession(place, now: now), monotonic: monotonic)
    }

    init(folder: StateFolder, session: any PostSession, monotonic: @escaping () -> UInt64) {
        self.folder = folder
        self.session = session
        self.now = monotonic
        number = session.number
    }

    /// Which process this is, as the others see it.
    public var name: String { session.name }

    /// Tries for the lock and looks who has it.
    ///
    /// - Parameters:
    ///   - at: the moment; written down where the lock is had.
    ///   - document: what this monitor says of itself.
    ///   - patience: after so long without another look this one counts as gone.
    public func look(at: Timestamp, patience: TimeSpan, _ document: String) throws(JournalError) -> Sight {
        // First what shows a session that was lost.
        let hasTable = try session.hasTable()
        if let current = session.number, current != number {
            number = current
            restsUntil = now() + UInt64(StandbyPost.grace.milliseconds) * 1_000_000
            try session.sign()
        }
        if now() >= restsUntil, try session.takeLock() {
            return .free(try session.engineLock(at: at, in: folder, hasTable: hasTable))
        }
        if hasTable { try session.speak(patience: patience, document) }
        let holder = try session.holder()
        // Whoever was waited for is back.
        if holder != nil { restsUntil = 0 }
        let others = hasTable ? try session.rows().filter { $0.name != name } : []
        let commit = try session.commits()
        let (wasDeposed, fault) = try depose(holder, others)
        return .held(Held(holder: holder?.words, others: others, commit: commit, wasDeposed: wasDeposed, fault: fault))
    }

    /// This one stands by no more.
    public func leave() { session.leave() }

    /// Ends the session of an engine of which nothing is heard. Only of the very process that said it would be: a lock that somebody
    /// has just taken, or a command that looks after the journal, is nobody's silence.
    private func depose(_ holder: PostgresLock.Holder?, _ others: [MonitorRow]) throws(JournalError) -> (Bool, String?) {
        guard let holder, !holder.words.isKeeping, let engine = others.first(where: { $0.isEngine && $0.name == holder.name }),
            engine.isSilent
        else { return (false, nil) }
        do throws(JournalError) {
            return (try session.end(session: holder.session), nil)
        } catch  where error.cause == .denied {
            return (false, error.message)
        }
    }
}
