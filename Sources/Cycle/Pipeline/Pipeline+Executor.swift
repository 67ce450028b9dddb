import Model

extension Pipeline {
    /// A message on an incident whose action needs a person: to those who heard of the incident; where nobody did, to every
    /// channel, whatever its rule says of notifying.
    package func news(of incident: Incident, now: Timestamp) -> [RoutedMessage] {
        let heard = news(.action, of: incident.id, at: now)
        guard heard.allSatisfy(\.channels.isEmpty) else { return heard }
        let message = Message(
            event: .updated, incident: incident, environment: settings.environment, mode: Telltale(self).mode(incident),
            at: now, news: .action)
        return [RoutedMessage(message, toAll: settings.telling.channels.map(\.name))]
    }
}
