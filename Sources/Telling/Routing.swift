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
    ///   - now: for the hours of routes.
    public init(
        _ incident: Incident, named: [String]?, environment: String, now: Timestamp, settings: TellingSettings
    ) {
        let channels = settings.channels.map(\.name)
        guard let named else {
            silence = "the rule's actions have no 'notify'"
            decisions = channels.map { Decision(channel: $0, isSent: false, reason: "the rule notifies nobody") }
            unknown = []
            return
        }
        silence = channels.isEmpty ? "no channel is configured" : nil
        let judged = Routing.judge(incident, environment, now, settings)
        decisions = settings.channels.map { channel in
            let decision = Routing.decide(channel.name, incident.severity, named, judged)
            guard decision.isSent, channel.pages, environment != TellingSettings.production,
                !judged.contains(where: { $0.isOpen && $0.route.pagesOutsideProduction && $0.leads(to: channel.name) })
            else { return decision }
            return Decision(
                channel: channel.name, isSent: false,
                reason: "\(decision.reason), but it pages, and nobody is paged for \(environment) "
                    + "(page_outside_production: true allows it)")
        }
        let wanted = named.isEmpty ? settings.routes.flatMap(\.channels) : named
        unknown = wanted.enumerated().filter { index, name in
            !channels.contains(name) && wanted.firstIndex(of: name) == index
        }.map(\.element)
    }

    /// A route and what it says of an incident at a moment.
    private struct Judged {
        enum Verdict {
            case open
            /// It does not match, and why: `is for critical`.
            case other(String)
            case severity([Severity])
            case hours(Hours)
            case stopped(by: Int)
        }

        let index: Int
        let route: TellingSettings.Route
        let verdict: Verdict

        var isOpen: Bool { if case .open = verdict { true } else { false } }
        func leads(to channel: String) -> Bool { route.channels.contains(channel) }
    }

    private static func judge(
        _ incident: Incident, _ environment: String, _ now: Timestamp, _ settings: TellingSettings
    ) -> [Judged] {
        var stopped: Int?
        return settings.routes.enumerated().map { index, route in
            let verdict: Judged.Verdict
            if let stopped {
                verdict = .stopped(by: stopped)
            } else if !route.match.severities.isEmpty, !route.match.severities.contains(incident.severity) {
                verdict = .severity(route.match.severities)
            } else if let why = route.match.mismatch(incident, environment: environment) {
                verdict = .other(why)
            } else if let hours = route.hours, !hours.holds(now, in: settings.zone) {
                verdict = .hours(hours)
            } else {
                verdict = .open
                if route.stop { stopped = index }
            }
            return Judged(index: index, route: route, verdict: verdict)
        }
    }

    private static func decide(
        _ channel: String, _ severity: Severity, _ named: [String], _ judged: [Judged]
    ) -> Decision {
        if !named.isEmpty {
            let isNamed = named.contains(channel)
            return Decision(
                channel: channel, isSent: isNamed, reason: isNamed ? "the rule names it" : "the rule names others")
        }
        if judged.isEmpty { return Decision(channel: channel, isSent: true, reason: "there are no routes") }
        let own = judged.filter { $0.leads(to: channel) }
        if let match = own.first(where: \.isOpen) {
            let others = match.route.match.details
            return Decision(
                channel: channel, isSent: true,
                reason: "routes[\(match.index)] sends it \(severity.rawValue)" + (others.isEmpty ? "" : ", \(others)"))
        }
        return Decision(channel: channel, isSent: false, reason: refusal(own, severity))
    }

    private static func refusal(_ own: [Judged], _ severity: Severity) -> String {
        guard !own.isEmpty else { return "no route leads to it" }
        var heard: Set<Severity> = []
        var reasons: [String] = []
        for judged in own {
            switch judged.verdict {
            case .open: break
            case .severity(let severities):
                heard.formUnion(severities)
                reasons.append(
                    "routes[\(judged.index)] is for \(severities.map(\.rawValue).joined(separator: ", "))")
            case .other(let why): reasons.append("routes[\(judged.index)] \(why)")
            case .hours(let hours): reasons.append("routes[\(judged.index)] holds \(hours)")
            case .stopped(let by): reasons.append("routes[\(by)] stops before routes[\(judged.index)]")
            }
        }
        let isOnlySeverity = own.allSatisfy { if case .severity = $0.verdict { true } else { false } }
        guard isOnlySeverity else { return reasons.joined(separator: "; ") }
        let words = Severity.allCases.filter(heard.contains).map(\.rawValue).joined(separator: ", ")
        return "its routes send it \(words), not \(severity.rawValue)"
    }
}

extension IncidentMatch {
    /// What it asks for besides severities.
    fileprivate var details: String {
        var others = self
        others.severities = []
        return others.isEmpty ? "" : others.description
    }
}
