import Model

extension Message {
    /// The incident as one JSON line for standard output: event, environment and the incident document.
    public func documentLine(_ incident: JSON) -> String {
        let document: JSON = [
            "schema": "mozaiks.ops/event/v1", "event": .string(event.rawValue), "at": .string(at.description),
            "environment": .string(environment), "mode": .string(mode.rawValue), "incident": incident,
        ]
        return document.serialized()
    }
}
