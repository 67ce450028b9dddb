import JSONParsing
import Model

/// A message as the outbox keeps it: all that a channel needs to render it, whenever that is.
public enum MessageDocument {
    public static let schema = "mozaiks.ops/message/v1"

    public static func encode(_ message: Message) -> String { document(message).serialized() }

    /// One JSON object: also the line that `--events` prints.
    public static func document(_ message: Message) -> JSON {
        var object: JSONObject = [
            "schema": .string(schema), "event": .string(message.event.rawValue), "at": .string(message.at.description),
            "environment": .string(message.environment), "mode": .string(message.mode.rawValue),
        ]
        if let news = message.news { object.append("news", .string(news.rawValue)) }
        if let digest = message.digest { object.append("digest", document(digest)) }
        object.append("incident", message.incident.document)
        return .object(object)
    }

    public static func decode(_ text: String) throws -> Message {
        let reader = DocumentReader(try JSON(parsing: Array(text.utf8)), document: "message")
        try reader.expectSchema(schema)
        return Message(
            event: try reader.member("event").choice(Message.Event.self),
            incident: try Incident(reader.member("incident")),
            environment: try reader.member("environment").string(), mode: try reader.member("mode").choice(Mode.self),
            at: try reader.member("at").timestamp(), news: try reader.optional("news")?.choice(Message.News.self),
            digest: try reader.optional("digest").map(digest))
    }

    private static func document(_ digest: Digest) -> JSON {
        [
            "id": .string(digest.id), "reason": .string(digest.reason.rawValue), "total": .int(Int64(digest.total)),
            "open": .int(Int64(digest.open)),
            "incidents": .array(
                digest.items.map { item in
                    [
                        "id": .string(item.incident), "rule": .string(item.rule), "subject": item.subject.document,
                        "severity": .string(item.severity.rawValue), "opened_at": .moment(item.openedAt),
                        "resolved_at": .moment(item.resolvedAt),
                    ]
                }),
        ]
    }

    private static func digest(_ reader: DocumentReader) throws(DocumentError) -> Digest {
        Digest(
            id: try reader.member("id").string(), reason: try reader.member("reason").choice(Digest.Reason.self),
            items: try reader.member("incidents").map { item throws(DocumentError) in
                Digest.Item(
                    incident: try item.member("id").string(), rule: try item.member("rule").string(),
                    subject: try Subject(item.member("subject")),
                    severity: try item.member("severity").choice(Severity.self),
                    openedAt: try item.member("opened_at").timestamp(),
                    resolvedAt: try item.optional("resolved_at")?.timestamp())
            },
            total: try reader.member("total").count(), open: try reader.member("open").count())
    }
}
