import Model

/// Where a message about an incident goes, channel by channel, with the reason. Pure; what decides is also what explains.
public struct Routing: Hashable, Sendable {
    /// One channel's part.
    public struct Decision: Hashable, Sendable {
        public let channel: String
        public let isSent: Bool
        /// Why, or why not, for people.
        public let reason: String
    }

    /// One for each configured channel, in the order of the configuration.
    public let decisions: [Decision]
    /// Channels that the rule or a route names and that are not configured, in the order of naming.
    public let unknown: [String]
    /// Why nobody hears of it at all; nil where that is not decided for all channels at once.
    public let silence: String?

    /// The channels that hear of it.
    public var channels: [String] { decisions.filter(\.isSent).map(\.channel) }

    /// - Parameters:
    ///   - named: what the rule's `notify` names; empty: it leaves it to the routes. Nil: the rule does not notify.
    public init(
        _ severity: Severity, named: [String]?, channels: [String], routes: [MonitorSettings.Route]
    ) {
        guard let named else {
            silence = "the rule's actions have no 'notify'"
            decisions = channels.map { Decision(channel: $0, isSent: false, reason: "the rule notifies nobody") }
            unknown = []
            return
        }
        silence = channels.isEmpty ? "no channel is configured" : nil
        if !named.isEmpty {
            decisions = channels.map { channel in
                named.contains(channel)
                    ? Decision(channel: channel, isSent: true, reason: "the rule names it")
                    : Decision(channel: channel, isSent: false, reason: "the rule names others")
            }
        } else if routes.isEmpty {
            decisions = channels.map { Decision(channel: $0, isSent: true, reason: "there are no routes") }
        } else {
            decisions = channels.map { Routing.decide(severity, $0, routes) }
        }
        let wanted = named.isEmpty ? routes.flatMap(\.channels) : named
        unknown = wanted.enumerated().filter { index, name in
            !channels.contains(name) && wanted.firstIndex(of: name) == index
        }.map(\.element)
    }

    private static func decide(_ severity: Severity, _ channel: String, _ routes: [MonitorSettings.Route]) -> Decision {
        let own = routes.enumerated().filter { $0.element.channels.contains(channel) }
        if let match = own.first(where: { $0.element.severities.isEmpty || $0.element.severities.contains(severity) }) {
            return Decision(
                channel: channel, isSent: true, reason: "routes[\(match.offset)] sends it \(severity.rawValue)")
        }
        let heard = own.flatMap { $0.element.severities }
        let words = Severity.allCases.filter(heard.contains).map(\.rawValue).joined(separator: ", ")
        return Decision(
            channel: channel, isSent: false,
            reason: own.isEmpty ? "no route leads to it" : "its routes send it \(words), not \(severity.rawValue)")
    }
}
