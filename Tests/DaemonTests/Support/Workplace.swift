import Actions
import Ambient
import CycleKit
import JSONParsing
import Model
import Policy
import Server
import Synchronization
import TestKit

@testable import Cycle
@testable import Daemon
@testable import Journal

/// A state folder with what the engine keeps in it, and cores that take it up one after the other.
final class Workplace: Sendable {
    let temporary: TemporaryFolder
    let clock: ManualClock
    let lines = Lines()

    init(clock: ManualClock = ManualClock(), in temporary: TemporaryFolder = TemporaryFolder()) {
        self.clock = clock
        self.temporary = temporary
    }

    var path: String { temporary.path("state") }
    var folder: StateFolder { get throws { try StateFolder(creating: path) } }

    /// A core as a new process makes it: lock, journal, state taken up.
    func core(
        _ settings: MonitorSettings, _ policies: PolicySet = .embeddedDefault, gate: Gate? = nil,
        adapters: [any ActionAdapter] = [], clock other: (any Clock)? = nil, instruments: Instruments? = nil,
        onMessages: @escaping @Sendable () -> Void = {}, onReport: @escaping @Sendable (CycleReport) -> Void = { _ in }
    ) throws -> Core {
        let clock = other ?? self.clock
        let folder = try folder
        let journal = try Journal.open(
            folder, mode: .engine(try EngineLock(folder: folder, now: clock.now())), busyTimeout: .zero)
        var pipeline = Pipeline(settings: settings, policies: policies)
        try pipeline.restore(from: journal, now: clock.now()) { lines.add("restore: \($0)") }
        let kept = try PlacementBook(from: journal)
        return Core(
            pipeline: pipeline, journal: journal, folder: folder, gate: gate, adapters: adapters, kept: kept,
            retryWait: { attempts, asked in max(.seconds(1) * Int64(attempts), asked ?? .zero) }, onMessages: onMessages, clock: clock,
            logger: Logger(level: .debug, writesTime: false, clock: clock) { [lines] in lines.add($0) },
            instruments: instruments, onReport: onReport)
    }

    /// A gate that knows no lease yet.
    func gate(_ settings: MonitorSettings) -> Gate {
        Gate(table: GateTable(runtimes: settings.runtimes.map(\.name))) { [clock] in clock.now() }
    }

    /// What the journal holds, seen from another process.
    func read<R>(_ body: (Journal) throws -> R) throws -> R {
        let journal = try Journal.open(try StateFolder(existing: path), mode: .reader)
        defer { journal.close() }
        return try body(journal)
    }

    /// A person's wish, as the command line leaves it.
    @discardableResult
    func command(_ kind: String, _ arguments: String = "{}") throws -> Int64 {
        let journal = try Journal.open(try StateFolder(existing: path), mode: .command)
        defer { journal.close() }
        return try journal.appendCommand(at: clock.now(), actor: "alice", kind: kind, arguments: arguments)
    }

    /// All incidents of the journal.
    func incidents() throws -> [Incident] {
        try read { journal in
            try journal.incidents(IncidentFilter(limit: 10_000)).map {
                try Incident(document: JSON(parsing: Array($0.document.utf8)))
            }
        }
    }

    /// The decisions of all incidents in the journal, by id: what a replay has to reproduce.
    func decisions() throws -> [String: String] {
        Dictionary(uniqueKeysWithValues: try incidents().map { ($0.id, $0.replayedDocument.serialized()) })
    }
}

/// What can be wrong with the disk below a core that runs.
enum Obstacle: String, CaseIterable, Sendable {
    case full, readOnly, locked

    /// Puts it in the way; what comes back takes it away again.
    func raise(_ core: Core, _ place: Workplace) async throws -> @Sendable () async throws -> Void {
        switch self {
        case .full:
            try await core.execute("PRAGMA max_page_count = 1")
            return { try await core.execute("PRAGMA max_page_count = 1000000") }
        case .readOnly:
            try await core.execute("PRAGMA query_only = ON")
            return { try await core.execute("PRAGMA query_only = OFF") }
        case .locked:
            let other = try OtherProcess(place.path)
            return { other.close() }
        }
    }
}

/// Holds the journal's write lock, as a program that somebody opened it with.
private final class OtherProcess: Sendable {
    private let journal: Mutex<Journal>

    init(_ path: String) throws {
        let opened = try Journal.open(try StateFolder(existing: path), mode: .command)
        try opened.reading("lock") { database throws(JournalError) in try database.execute("BEGIN IMMEDIATE") }
        journal = Mutex(opened)
    }

    func close() { journal.withLock { $0.close() } }
}

extension Core {
    func commit(_ record: TickRecord) throws {
        try journal?.commitTick(record)
    }

    func execute(_ sql: String) throws {
        try journal?.reading("hinder") { database throws(JournalError) in try database.execute(sql) }
    }
}

/// Lines of a log, or anything else that comes one by one from somewhere.
final class Lines: Sendable {
    private let all = Mutex<[String]>([])

    @discardableResult
    func add(_ line: [UInt8]) -> Bool {
        add(String(decoding: line, as: UTF8.self))
        return true
    }

    func add(_ line: String) { all.withLock { $0.append(line) } }
    func containing(_ text: String) -> [String] { all.withLock { $0.filter { $0.contains(text) } } }
    var text: String { all.withLock { $0.joined() } }
}

extension Gate {
    /// What a start of that app is answered.
    func start(_ app: String, workflow: String = "HelloWorld") -> Answer {
        ask(method: "POST", target: Array("/api/chats/\(app)/\(workflow)/start".utf8), runtime: nil)
    }

    /// Whether a start of that app is refused.
    func refuses(_ app: String) -> Bool {
        if case .start(.refuse) = start(app) { true } else { false }
    }
}
