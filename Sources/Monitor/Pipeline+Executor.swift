import Model

extension Pipeline {
    /// A message on an incident whose action needs a person: it goes where the routes send the incident, whatever its rule
    /// says of notifying.
    func news(of incident: Incident, now: Timestamp) -> RoutedMessage {
        let mode = min(settings.mode, incident.subject.app.map { policies.policy(for: $0).mode } ?? policies.defaultPolicy.mode)
        let message = Message(
            event: .updated, incident: incident, environment: settings.environment, mode: mode, at: now, news: .action)
        return RoutedMessage(message: message, channels: routing(of: incident).channels)
    }
}
