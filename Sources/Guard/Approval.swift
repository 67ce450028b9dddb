import Digest
import Model

/// An action that waits for a person's yes, and what became of that.
///
/// It is bound to the exact action: the digest covers what is asked, for whom, for how long, for which incident and when it
/// was offered. Another limit, another length or another incident is another offer, and an old yes does not count for it.
public struct Approval: Hashable, Sendable, Identifiable {
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// Nobody has answered yet.
        case waiting
        /// Approved; the guard has not looked again yet.
        case approved
        case denied
        /// Approved, and done.
        case used
        /// Approved, and the guard refused all the same.
        case refused
        /// Nobody answered in time, or the guard did not come to look at a yes in time.
        case expired
        /// Nothing asks for it any more, or for something else.
        case withdrawn
    }

    /// The first hexadecimal digits of `digest`, four or as many as it takes to be unique: short enough to type.
    public let id: String
    /// 64 hexadecimal digits: SHA-256 over everything that is approved.
    public let digest: String
    public let incident: String
    public let key: LeaseKey
    public let effect: Effect
    /// How long the lease would last.
    public let ttl: TimeSpan
    /// Why it needs a person.
    public let reason: Refusal
    public let offeredAt: Timestamp
    public let expiresAt: Timestamp
    public internal(set) var state = State.waiting
    /// When it left `waiting`; nil while it waits.
    public internal(set) var decidedAt: Timestamp?
    /// Who approved or denied it: `cli:ann`, `slack:U012AB3CD`.
    public internal(set) var by: String?
    public internal(set) var comment: String?
    /// What a yes would be refused for as things stood when the guard last looked; nil: for nothing. Most of it passes.
    public internal(set) var obstacle: Refusal?

    init(
        incident: String, key: LeaseKey, effect: Effect, ttl: TimeSpan, reason: Refusal, offeredAt: Timestamp,
        expiresAt: Timestamp, isTaken: (String) -> Bool
    ) {
        let digest = Approval.digest(incident: incident, key: key, effect: effect, ttl: ttl, offeredAt: offeredAt)
        var length = 4
        while length < digest.utf8.count, isTaken(String(digest.prefix(length))) { length += 1 }
        self.init(
            id: String(digest.prefix(length)), digest: digest, incident: incident, key: key, effect: effect, ttl: ttl,
            reason: reason, offeredAt: offeredAt, expiresAt: expiresAt)
    }

    private init(
        id: String, digest: String, incident: String, key: LeaseKey, effect: Effect, ttl: TimeSpan, reason: Refusal,
        offeredAt: Timestamp, expiresAt: Timestamp
    ) {
        self.id = id
        self.digest = digest
        self.incident = incident
        self.key = key
        self.effect = effect
        self.ttl = ttl
        self.reason = reason
        self.offeredAt = offeredAt
        self.expiresAt = expiresAt
    }

    /// Whether a yes would still count.
    public func isWaiting(at now: Timestamp) -> Bool { state == .waiting && now < expiresAt }

    private static func digest(
        incident: String, key: LeaseKey, effect: Effect, ttl: TimeSpan, offeredAt: Timestamp
    ) -> String {
        func number(_ value: Int?) -> String { value.map(String.init) ?? "-" }
        let limits = "\(number(effect.limits?.concurrentWorkflows)) \(number(effect.limits?.requestsPerMinute))"
        var bytes = Array("v1".utf8) + [0] + key.canonical + [0] + Array(limits.utf8) + [0]
        bytes += Array("\(ttl.milliseconds) \(offeredAt.milliseconds)".utf8) + [0] + Array(incident.utf8)
        return String(SHA256.hex(bytes))
    }
}

// MARK: - As a document

extension Approval {
    public static let schema = "mozaiks.ops/approval/v1"

    public var document: JSON {
        var object: JSONObject = [
            "schema": .string(Approval.schema), "id": .string(id), "digest": .string(digest),
            "incident": .string(incident),
        ]
        if let members = key.document.object { for member in members { object.append(member.key, member.value) } }
        if let limits = effect.limits { object.append("limits", limits.document) }
        object.append("ttl", .span(ttl))
        object.append("step", .string(reason.step.rawValue))
        object.append("reason", .string(reason.text))
        object.append("offered_at", .moment(offeredAt))
        object.append("expires_at", .moment(expiresAt))
        object.append("state", .string(state.rawValue))
        object.append("decided_at", .moment(decidedAt))
        object.append("by", .optional(by))
        object.append("comment", .optional(comment))
        object.append(
            "obstacle", obstacle.map { ["step": .string($0.step.rawValue), "reason": .string($0.text)] } ?? .null)
        return .object(object)
    }

    /// Reads a document. Throws when a member is missing, holds something else, or the digest is not of this action.
    public init(_ reader: DocumentReader) throws(DocumentError) {
        try reader.expectSchema(Approval.schema)
        let key = try LeaseKey(reader)
        self.init(
            id: try reader.member("id").string(), digest: try reader.member("digest").string(),
            incident: try reader.member("incident").string(), key: key, effect: try key.effect(reader),
            ttl: try reader.member("ttl").span(),
            reason: Refusal(
                try reader.member("step").choice(Refusal.Step.self), try reader.member("reason").string()),
            offeredAt: try reader.member("offered_at").timestamp(),
            expiresAt: try reader.member("expires_at").timestamp())
        let own = Approval.digest(incident: incident, key: key, effect: effect, ttl: ttl, offeredAt: offeredAt)
        guard own.isSame(as: digest), digest.hasPrefix(id), id.utf8.count >= 4 else {
            throw reader.error("has a digest or an id that is not of this action")
        }
        state = try reader.member("state").choice(State.self)
        decidedAt = try reader.optional("decided_at")?.timestamp()
        by = try reader.optional("by")?.string()
        comment = try reader.optional("comment")?.string()
        // Of versions before it was told nothing is known.
        obstacle = try reader.optional("obstacle").map { found throws(DocumentError) in
            Refusal(try found.member("step").choice(Refusal.Step.self), try found.member("reason").string())
        }
    }
}
