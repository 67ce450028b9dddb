import Model

/// A misbehaviour of the simulated control plane.
public struct ControlPlaneFault: Sendable, Equatable {
    /// The three faces of a control plane.
    public enum Part: String, Sendable, CaseIterable {
        case leases, entitlements, webhook
    }

    /// Which requests are met.
    public enum Scope: String, Sendable, CaseIterable {
        case all, reads, writes
    }

    public enum Kind: Sendable, Equatable {
        /// Answers with that status and does nothing.
        case refuse(status: Int)
        /// Takes the request and never answers; nothing is done.
        case hang
        /// Does as asked, and answers only after so many seconds.
        case slow(seconds: Double)
        /// Does as asked, and closes the connection without an answer.
        case lost
        /// Answers 200 as if, and does nothing.
        case ignores
        /// 500 after half of the state was changed: entitlements are handed out anew while the old ones are enforced; a lease is there
        /// for reading, not in force; a webhook did it and says nothing.
        case halfApplied
        /// Forgets everything first, as a restart does.
        case forgets
        /// 200 with something that is no answer.
        case garbage
        /// The lease API keeps leases an hour longer than asked; entitlements keep our limits a little higher.
        case distorts
        /// Does as asked, and before anyone looks the platform syncs that document of the same app. Entitlements alone.
        case overtaken(by: JSON)
        /// The webhook's answer is signed with another secret.
        case forged
        /// The webhook gives its previous answer again, with its signature.
        case replayed
        /// The webhook throws the question back, with its signature.
        case reflected
    }

    public let part: Part
    public let kind: Kind
    public var scope: Scope
    /// How many requests it meets; nil: all, until faults are cleared.
    public var count: Int?

    public init(_ part: Part, _ kind: Kind, on scope: Scope = .all, count: Int? = nil) {
        self.part = part
        self.kind = kind
        self.scope = scope
        self.count = count
    }
}

extension ControlPlaneFault {
    /// `{"part": "leases", "fault": "refuse", "status": 503, "on": "writes", "count": 3}`. Nil for what is none.
    public init?(_ document: JSON) {
        guard let part = document["part"]?.string.flatMap(Part.init), let name = document["fault"]?.string else { return nil }
        let status = Int(document["status"]?.int ?? 503)
        let seconds = document["seconds"]?.double ?? 1
        guard (200...599).contains(status), (0...3_600).contains(seconds) else { return nil }
        let kinds: [String: Kind] = [
            "refuse": .refuse(status: status), "hang": .hang, "slow": .slow(seconds: seconds), "lost": .lost,
            "ignores": .ignores, "half_applied": .halfApplied, "forgets": .forgets, "garbage": .garbage,
            "distorts": .distorts, "overtaken": .overtaken(by: document["by"] ?? .null), "forged": .forged, "replayed": .replayed,
            "reflected": .reflected,
        ]
        guard let kind = kinds[name] else { return nil }
        let scope = document["on"]?.string.map { Scope(rawValue: $0) } ?? .all
        guard let scope else { return nil }
        self.init(part, kind, on: scope, count: document["count"]?.int.map { Int(clamping: $0) })
    }
}

/// One thing that the simulated control plane did, in its own words: what a checker compares with the monitor's journal.
public struct ControlPlaneEvent: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        /// A lease is in force that was not.
        case began
        /// A lease that was in force is so with another end or effect; the same again is `repeated`.
        case changed
        case repeated
        /// Undone on request.
        case ended
        /// Ended by the receiver, at its time.
        case expired
        /// An app's entitlements were replaced.
        case synced
        /// The same, but only the half that is handed out.
        case halfSynced = "half_synced"
        /// Everything was forgotten.
        case forgot
        /// A request that changed nothing: read, refused, or met by a fault.
        case none
    }

    public let at: Timestamp
    public let part: ControlPlaneFault.Part
    public let kind: Kind
    /// `PUT /ops/v1/leases/lease-…`; empty for what happened by itself.
    public let request: String
    /// The status answered; nil where no answer was given.
    public let status: Int?
    /// The lease's id, or the correlation id of entitlements.
    public let lease: String?
    public let app: String?

    public var document: JSON {
        [
            "at": .moment(at), "part": .string(part.rawValue), "event": .string(kind.rawValue), "request": .string(request),
            "status": status.map { .int(Int64($0)) } ?? .null, "lease": .optional(lease), "app_id": .optional(app),
        ]
    }
}
