/// What a message is about. A channel turns it into its own format; the text is deterministic.
public struct Message: Hashable, Sendable {
    public enum Event: String, Hashable, Sendable, CaseIterable {
        case opened, updated, resolved
        /// A marked test message.
        case drill
    }

    public let event: Event
    public let incident: Incident
    public let environment: String
    public let mode: Mode
    /// When it was decided.
    public let at: Timestamp

    public init(event: Event, incident: Incident, environment: String, mode: Mode, at: Timestamp) {
        self.event = event
        self.incident = incident
        self.environment = environment
        self.mode = mode
        self.at = at
    }
}
