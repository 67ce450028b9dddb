import Model

/// A named piece of encoded state: of the engine, of the guard, of one runtime's signals. Opaque here.
public struct StateRow: Hashable, Sendable {
    public let key: String
    /// Nil removes the row.
    public let bytes: [UInt8]?

    public init(key: String, bytes: [UInt8]?) {
        self.key = key
        self.bytes = bytes
    }
}

/// One chat as the signals remember it between observations. Opaque here.
public struct ChatRow: Hashable, Sendable {
    public let key: StableHash
    public let record: [UInt8]

    public init(key: StableHash, record: [UInt8]) {
        self.key = key
        self.record = record
    }
}

/// What changed among the chats of one replica. Applied in the order of the fields.
public struct ChatChanges: Hashable, Sendable {
    public let runtime: String
    public let replica: String
    /// All earlier chats of the replica are gone: its process restarted.
    public var removesAll: Bool
    public var removed: [StableHash]
    /// A key stands once.
    public var changed: [ChatRow]

    public init(
        runtime: String, replica: String, removesAll: Bool = false, removed: [StableHash] = [], changed: [ChatRow] = []
    ) {
        self.runtime = runtime
        self.replica = replica
        self.removesAll = removesAll
        self.removed = removed
        self.changed = changed
    }
}

/// A closed minute of one runtime's history. Opaque here.
public struct MinuteRow: Hashable, Sendable {
    public let runtime: String
    /// UTC minutes since 1970.
    public let minute: Int64
    public let bytes: [UInt8]

    public init(runtime: String, minute: Int64, bytes: [UInt8]) {
        self.runtime = runtime
        self.minute = minute
        self.bytes = bytes
    }
}

/// An incident: the columns that listings filter by, and the document, which is stored as given.
public struct IncidentRow: Hashable, Sendable, Identifiable {
    public let id: String
    public let fingerprint: String
    public let rule: String
    public let subject: Subject
    public let severity: Severity
    public let status: Incident.Status
    public let openedAt: Timestamp
    public let resolvedAt: Timestamp?
    public let updatedAt: Timestamp
    /// JSON, schema `mozaiks.ops/incident/v1`.
    public let document: String

    public init(
        id: String, fingerprint: String, rule: String, subject: Subject, severity: Severity, status: Incident.Status,
        openedAt: Timestamp, resolvedAt: Timestamp?, updatedAt: Timestamp, document: String
    ) {
        self.id = id
        self.fingerprint = fingerprint
        self.rule = rule
        self.subject = subject
        self.severity = severity
        self.status = status
        self.openedAt = openedAt
        self.resolvedAt = resolvedAt
        self.updatedAt = updatedAt
        self.document = document
    }

    /// The row of an incident as it is now, with its document.
    public init(_ incident: Incident, updatedAt: Timestamp) {
        self.init(
            id: incident.id, fingerprint: incident.fingerprint, rule: incident.rule, subject: incident.subject,
            severity: incident.severity, status: incident.status, openedAt: incident.openedAt,
            resolvedAt: incident.resolvedAt, updatedAt: updatedAt,
            document: incident.document.serialized())
    }
}

/// A lease: the columns that listings filter by, and the document, which is stored as given.
public struct LeaseRow: Hashable, Sendable, Identifiable {
    public let id: String
    public let key: LeaseKey
    public let state: Lease.State
    public let shadow: Bool
    public let createdAt: Timestamp
    public let expiresAt: Timestamp
    public let endedAt: Timestamp?
    /// JSON.
    public let document: String

    public init(
        id: String, key: LeaseKey, state: Lease.State, shadow: Bool, createdAt: Timestamp, expiresAt: Timestamp,
        endedAt: Timestamp?, document: String
    ) {
        self.id = id
        self.key = key
        self.state = state
        self.shadow = shadow
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.endedAt = endedAt
        self.document = document
    }

    /// The row of a lease as it is now, with its document.
    public init(_ lease: Lease) {
        self.init(
            id: lease.id, key: lease.key, state: lease.state, shadow: lease.shadow, createdAt: lease.createdAt,
            expiresAt: lease.expiresAt, endedAt: lease.endedAt, document: lease.document.serialized())
    }
}

/// One lease at one adapter, with the document, which is stored as given.
public struct PlacementRow: Hashable, Sendable {
    public let lease: String
    public let adapter: String
    /// Nothing of it is to be done any more.
    public let isOver: Bool
    public let updatedAt: Timestamp
    /// JSON.
    public let document: String

    public init(lease: String, adapter: String, isOver: Bool, updatedAt: Timestamp, document: String) {
        self.lease = lease
        self.adapter = adapter
        self.isOver = isOver
        self.updatedAt = updatedAt
        self.document = document
    }
}

/// What somebody asked for on the command line, waiting for or taken by the engine.
public struct CommandRow: Hashable, Sendable, Identifiable {
    public let id: Int64
    public let at: Timestamp
    /// Who asked: a user name, `dashboard:alice`.
    public let actor: String
    /// `acknowledge`, `approve`, `revert`, …
    public let kind: String
    /// JSON.
    public let arguments: String
    /// Nil while it waits.
    public let takenAt: Timestamp?
    /// What came of it, for the person who asked; nil while it waits.
    public let result: String?

    public init(
        id: Int64, at: Timestamp, actor: String, kind: String, arguments: String, takenAt: Timestamp? = nil,
        result: String? = nil
    ) {
        self.id = id
        self.at = at
        self.actor = actor
        self.kind = kind
        self.arguments = arguments
        self.takenAt = takenAt
        self.result = result
    }
}

/// The engine's answer to one command.
public struct CommandResult: Hashable, Sendable {
    public let id: Int64
    public let takenAt: Timestamp
    public let result: String

    public init(id: Int64, takenAt: Timestamp, result: String) {
        self.id = id
        self.takenAt = takenAt
        self.result = result
    }
}
