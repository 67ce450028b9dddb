import Glibc
import Model
import TestKit
import Testing

@testable import Journal

/// A moment, in seconds after a fixed start.
func at(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: 1_795_251_600_000 + seconds * 1_000) }

/// A state folder of its own for one test, and engines, readers and commands on it.
struct Place {
    /// In memory where the machine has such a place: every commit waits for the disk.
    let temporary = TemporaryFolder(in: access("/dev/shm", W_OK) == 0 ? "/dev/shm" : nil)
    let folder: StateFolder

    init() throws {
        switch Kind.current {
        case .sqlite: folder = try StateFolder(creating: temporary.path)
        case .postgres:
            folder = try StateFolder(creating: StateName(try #require(PostgresServer.shared, "\(PostgresServer.why)").url()))
        }
    }

    /// Another program that has the journal open.
    var forger: Forger {
        get throws {
            guard let place = folder.database else { return .sqlite(try RawSQLite(folder.journalPath)) }
            return .postgres(try PostgresDatabase(place, role: .command, busyTimeout: .zero, operation: "forge"))
        }
    }

    func engine(busyTimeout: TimeSpan = .zero) throws -> Journal {
        // A server has waits of its own, which a file has not.
        try Journal.open(
            folder, mode: .engine(EngineLock(folder: folder, now: at(0))), busyTimeout: folder.database == nil ? busyTimeout : .seconds(5))
    }

    func reader() throws -> Journal { try Journal.open(folder, mode: .reader, busyTimeout: .zero) }
    func command() throws -> Journal { try Journal.open(folder, mode: .command, busyTimeout: .zero) }
}

func incident(
    _ id: String, rule: String = "noisy-neighbor", subject: Subject = .app(AppID("app-clinic"), runtime: "shared"),
    severity: Severity = .warning, status: Incident.Status = .open, openedAt: Timestamp = at(0),
    resolvedAt: Timestamp? = nil, document: String = #"{"schema":"mozaiks.ops/incident/v1"}"#
) -> IncidentRow {
    IncidentRow(
        id: id, fingerprint: String(id.prefix(16)), rule: rule, subject: subject, severity: severity, status: status,
        openedAt: openedAt, resolvedAt: resolvedAt, updatedAt: resolvedAt ?? openedAt, document: document)
}

func lease(
    _ id: String, kind: ActionKind = .throttle, app: String = "app-clinic", pack: PackID? = nil,
    state: Lease.State = .inForce, createdAt: Timestamp = at(0), endedAt: Timestamp? = nil
) -> LeaseRow {
    LeaseRow(
        id: id, key: LeaseKey(kind: kind, runtime: "shared", app: AppID(app), pack: pack), state: state, shadow: false,
        createdAt: createdAt, expiresAt: createdAt + .minutes(15), endedAt: endedAt, document: #"{"id":"\#(id)"}"#)
}

func message(
    _ event: Message.Event, incident: String = "a-1", channel: String = "ops", news: Message.News? = nil,
    createdAt: Timestamp = at(0), dueAt: Timestamp? = nil
) -> OutboxMessage {
    OutboxMessage(
        incident: incident, channel: channel, event: event, news: news, createdAt: createdAt, dueAt: dueAt ?? createdAt,
        document: #"{"event":"\#(event.rawValue)"}"#)
}

func audit(_ reason: String, at time: Timestamp = at(0)) -> AuditEntry {
    AuditEntry(at: time, actor: "engine", kind: "would_have", reason: reason, document: #"{"mode":"observe"}"#)
}

func hash(_ value: UInt64) -> StableHash { StableHash(high: value &* 0x9E37_79B9_7F4A_7C15, low: value) }

/// The cause of the error that `body` throws; nil when it throws none.
func cause<R>(_ body: () throws -> R) -> JournalError.Cause? {
    failure(body)?.cause
}

/// The journal error that `body` throws; nil when it throws none.
func failure<R>(_ body: () throws -> R) -> JournalError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? JournalError
    }
}
