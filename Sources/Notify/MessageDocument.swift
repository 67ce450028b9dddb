import JSONParsing
import Model

/// A message as the outbox keeps it: all that a channel needs to render it, whenever that is.
public enum MessageDocument {
    public static let schema = "mozaiks.ops/message/v1"

    public static func encode(_ message: Message) -> String { document(message).serialized() }

    /// One JSON object: also the line that `--events` prints.
    public static func document(_ message: Message) -> JSON {
        [
            "schema": .string(schema), "event": .string(message.event.rawValue), "at": .string(message.at.description),
            "environment": .string(message.environment), "mode": .string(message.mode.rawValue),
            "incident": message.incident.document,
        ]
    }

    public static func decode(_ text: String) throws -> Message {
        let reader = DocumentReader(try JSON(parsing: Array(text.utf8)), document: "message")
        try reader.expectSchema(schema)
        return Message(
            event: try reader.member("event").choice(Message.Event.self),
            incident: try Incident(reader.member("incident")),
            environment: try reader.member("environment").string(), mode: try reader.member("mode").choice(Mode.self),
            at: try reader.member("at").timestamp())
    }
}
