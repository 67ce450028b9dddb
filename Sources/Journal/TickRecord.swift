import Model

/// Everything that a tick changed, in one value, to be kept in one transaction: all of it or nothing.
public struct TickRecord: Hashable, Sendable {
    public var states: [StateRow]
    public var chats: [ChatChanges]
    public var minutes: [MinuteRow]
    /// Opened, changed and resolved ones; the row replaces the one of the same id.
    public var incidents: [IncidentRow]
    /// Intended, settled, extended and ended ones; the row replaces the one of the same id.
    public var leases: [LeaseRow]
    /// What is at which adapter; the row replaces the one of the same lease and adapter.
    public var placements: [PlacementRow]
    /// Messages to send, in the order in which they were decided.
    public var messages: [OutboxMessage]
    public var commands: [CommandResult]
    public var audit: [AuditEntry]

    public init(
        states: [StateRow] = [], chats: [ChatChanges] = [], minutes: [MinuteRow] = [], incidents: [IncidentRow] = [],
        leases: [LeaseRow] = [], placements: [PlacementRow] = [], messages: [OutboxMessage] = [], commands: [CommandResult] = [],
        audit: [AuditEntry] = []
    ) {
        self.states = states
        self.chats = chats
        self.minutes = minutes
        self.incidents = incidents
        self.leases = leases
        self.placements = placements
        self.messages = messages
        self.commands = commands
        self.audit = audit
    }

    public var isEmpty: Bool {
        states.isEmpty && chats.isEmpty && minutes.isEmpty && incidents.isEmpty && leases.isEmpty && placements.isEmpty && messages.isEmpty
            && commands.isEmpty && audit.isEmpty
    }
}

extension TickRecord {
    /// Adds a later record, of another runtime's tick or of the tick after one whose commit failed. Of rows that a
    /// later one replaces only the later stays, so that a record that waits for disk space does not grow with time
    /// alone. Committing the sum leaves the journal as committing both in turn would.
    public mutating func append(_ later: TickRecord) {
        states.replace(with: later.states) { Array($0.key.utf8) }
        minutes.replace(with: later.minutes) { Array($0.runtime.utf8) + [0] + Array(String($0.minute).utf8) }
        incidents.replace(with: later.incidents) { Array($0.id.utf8) }
        leases.replace(with: later.leases) { Array($0.id.utf8) }
        placements.replace(with: later.placements) { Array($0.lease.utf8) + [0] + Array($0.adapter.utf8) }
        messages += later.messages
        commands += later.commands
        audit += later.audit
        for changes in later.chats { append(changes) }
    }

    /// Whether what is only ever added begins as in an earlier record of which this is the sum with later ones.
    func begins(with earlier: TickRecord) -> Bool {
        messages.starts(with: earlier.messages) && commands.starts(with: earlier.commands) && audit.starts(with: earlier.audit)
    }

    private mutating func append(_ later: ChatChanges) {
        let place = chats.lastIndex {
            $0.runtime.isSame(as: later.runtime) && $0.replica.isSame(as: later.replica)
        }
        guard let place else { return chats.append(later) }
        if later.removesAll {
            chats[place] = later
            return
        }
        let gone = Set(later.removed)
        chats[place].changed.removeAll { gone.contains($0.key) }
        chats[place].removed += later.removed
        chats[place].changed.replace(with: later.changed, by: \.key)
    }
}

extension Array {
    /// Appends `later`, each in the place of an element with the same key if there is one.
    fileprivate mutating func replace<Key: Hashable>(with later: [Element], by key: (Element) -> Key) {
        guard !later.isEmpty else { return }
        var places: [Key: Int] = [:]
        for (place, element) in enumerated() { places[key(element)] = place }
        for element in later {
            if let place = places[key(element)] {
                self[place] = element
            } else {
                places[key(element)] = count
                append(element)
            }
        }
    }
}
