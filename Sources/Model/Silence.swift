/// A person's word that some incidents are known: their messages and new actions are held back for a while.
public struct Silence: Hashable, Sendable, Identifiable {
    /// `silence-` and 16 hex digits.
    public let id: String
    public let match: IncidentMatch
    public let createdAt: Timestamp
    public let by: String
    public let comment: String
    /// Nil: until nothing that it holds back is open any more.
    public var until: Timestamp?
    /// When it ended before its time, and who ended it; nil while it has not.
    public var ended: End?

    public struct End: Hashable, Sendable {
        public let at: Timestamp
        public let by: String

        public init(at: Timestamp, by: String) {
            self.at = at
            self.by = by
        }
    }

    public init(
        id: String, match: IncidentMatch, createdAt: Timestamp, by: String, comment: String, until: Timestamp?,
        ended: End? = nil
    ) {
        self.id = id
        self.match = match
        self.createdAt = createdAt
        self.by = by
        self.comment = comment
        self.until = until
        self.ended = ended
    }

    /// Whether it holds anything back at that moment.
    public func isActive(_ now: Timestamp) -> Bool { ended == nil && (until.map { now < $0 } ?? true) }

    /// When it was over; nil while it is not.
    public func endedAt(_ now: Timestamp) -> Timestamp? {
        if let ended { return ended.at }
        return until.flatMap { now < $0 ? nil : $0 }
    }

    /// Who said so, until when and why: `silence-1f3a… by dana until …: we know`.
    public var text: String {
        "\(Shown.id(id)) by \(Shown.id(by)) until \(until?.description ?? "it resolves")"
            + (comment.isEmpty ? "" : ": \(Shown.comment(comment))")
    }

    public var document: JSON {
        let end = ended.map { end -> JSON in ["at": .moment(end.at), "by": .string(end.by)] }
        return [
            "id": .string(id), "match": match.document, "created_at": .moment(createdAt), "by": .string(by),
            "comment": .string(comment), "until": .moment(until), "ended": end ?? .null,
        ]
    }

    public init(_ reader: DocumentReader) throws(DocumentError) {
        let end = try reader.optional("ended").map { end throws(DocumentError) in
            End(at: try end.member("at").timestamp(), by: try end.member("by").string())
        }
        self.init(
            id: try reader.member("id").string(), match: try IncidentMatch(reader.member("match")),
            createdAt: try reader.member("created_at").timestamp(), by: try reader.member("by").string(),
            comment: try reader.member("comment").string(), until: try reader.optional("until")?.timestamp(), ended: end)
    }
}
