import CycleKit
import Model
import Synchronization

@testable import Journal

/// A database server as far as a monitor that stands by asks it: sessions, one lock, what monitors say. Its clock is the test's.
final class PretendServer: Sendable {
    private struct Word {
        let epoch: Int64
        let at: Timestamp
        let patience: TimeSpan
        let document: String
    }

    private struct State {
        var isUp = true
        var isDenied = false
        var sessions: Set<Int32> = []
        var newest: Int32 = 100
        var lock: (session: Int32, name: String)?
        var epoch: Int64 = 0
        var words: [String: Word] = [:]
        var commits: Int64 = 0
        var tries = 0
        var ended: [Int32] = []
    }

    private let state = Mutex(State())
    private let clock: ManualClock

    init(_ clock: ManualClock) { self.clock = clock }

    // MARK: The engine

    /// How the engine's session signs.
    static let engine = "mozaiks-ops 812 0 ops-a"

    /// Another process becomes the engine.
    @discardableResult
    func engage(_ name: String = engine) -> Int32 {
        state.withLock { state in
            state.newest += 1
            state.sessions.insert(state.newest)
            state.lock = (state.newest, name)
            state.epoch += 1
            return state.newest
        }
    }

    /// It says that it works; with a commit of its own where it has decided something.
    func speak(_ document: String, as name: String = engine, commits: Int64 = 0) {
        let now = clock.now()
        state.withLock { state in
            state.words[name] = Word(epoch: state.epoch, at: now, patience: .seconds(20), document: document)
            state.commits += commits
        }
    }

    /// Its session is gone, and with it the lock.
    func disengage() {
        state.withLock { state in
            if let lock = state.lock { state.sessions.remove(lock.session) }
            state.lock = nil
        }
    }

    // MARK: The server

    func stop() {
        state.withLock { state in
            state.isUp = false
            state.sessions = []
            state.lock = nil
        }
    }

    func start() { state.withLock { $0.isUp = true } }

    /// Whether it lets nobody in, and nobody end another's session.
    func deny() { state.withLock { $0.isDenied = true } }

    /// How often somebody tried for the lock.
    var tries: Int { state.withLock { $0.tries } }
    /// The sessions that were ended by others.
    var ended: [Int32] { state.withLock { $0.ended } }
    /// Who says something there.
    var speakers: [String] { state.withLock { $0.words.keys.sorted() } }

    // MARK: A session

    private static func error(_ cause: JournalError.Cause) -> JournalError {
        JournalError(operation: "stand by", path: "postgres://pretended", cause: cause)
    }

    /// A session that is there: the one of that number, or a new one.
    fileprivate func session(after number: Int32?) throws(JournalError) -> Int32 {
        let found = state.withLock { state -> Int32? in
            guard state.isUp else { return nil }
            if let number, state.sessions.contains(number) { return number }
            state.newest += 1
            state.sessions.insert(state.newest)
            return state.newest
        }
        guard let found else { throw Self.error(.unreachable) }
        return found
    }

    fileprivate func take(_ number: Int32?, _ name: String) -> Bool {
        state.withLock { state in
            state.tries += 1
            guard let number, state.lock == nil else { return false }
            state.lock = (number, name)
            return true
        }
    }

    fileprivate func hear(_ name: String, _ patience: TimeSpan, _ document: String) {
        let now = clock.now()
        state.withLock { $0.words[name] = Word(epoch: 0, at: now, patience: patience, document: document) }
    }

    fileprivate func forget(_ name: String) { state.withLock { $0.words[name] = nil } }

    fileprivate var holder: PostgresLock.Holder? {
        state.withLock { $0.lock }.map { PostgresLock.Holder(words: PostgresLock.words($0.name), name: $0.name, session: $0.session) }
    }

    fileprivate var rows: [MonitorRow] {
        let now = clock.now()
        return state.withLock { state in
            state.words.sorted { $0.key < $1.key }.map { name, word in
                MonitorRow(
                    name: name, who: PostgresLock.words(name), isEngine: word.epoch == state.epoch, age: now - word.at,
                    patience: word.patience, document: word.document)
            }
        }
    }

    fileprivate var commits: Int64 { state.withLock { $0.commits } }

    fileprivate func end(_ session: Int32) throws(JournalError) -> Bool {
        let isDone = state.withLock { state -> Bool? in
            if state.isDenied { return nil }
            state.ended.append(session)
            if state.lock?.session == session { state.lock = nil }
            return state.sessions.remove(session) != nil
        }
        guard let isDone else { throw Self.error(.denied) }
        return isDone
    }
}

/// One monitor's session there.
final class PretendSession: PostSession {
    private let server: PretendServer
    private(set) var number: Int32?
    let name: String

    init(_ server: PretendServer, _ name: String) throws(JournalError) {
        self.server = server
        self.name = name
        number = try server.session(after: nil)
    }

    func hasTable() throws(JournalError) -> Bool {
        number = try server.session(after: number)
        return true
    }

    func sign() {}
    func takeLock() -> Bool { server.take(number, name) }
    func speak(patience: TimeSpan, _ document: String) { server.hear(name, patience, document) }
    func holder() -> PostgresLock.Holder? { server.holder }
    func rows() -> [MonitorRow] { server.rows }
    func commits() -> Int64 { server.commits }
    func end(session: Int32) throws(JournalError) -> Bool { try server.end(session) }
    func leave() { server.forget(name) }

    func engineLock(at moment: Timestamp, in folder: StateFolder, hasTable: Bool) throws(JournalError) -> EngineLock {
        server.forget(name)
        return try EngineLock(folder: folder, now: moment)
    }
}
