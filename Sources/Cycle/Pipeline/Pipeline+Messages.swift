import Engine
import Guard
import Model
import Policy
import Telling

/// What people are told of a tick.
extension Pipeline {
    /// Decides who is told what of a tick, and puts on the incidents what that leaves on them. Returns the messages and the
    /// ids of incidents that it touched.
    mutating func tell(_ outcome: TickOutcome, _ plan: Plan) -> (messages: [RoutedMessage], touched: Set<String>) {
        var occasion = occasion(outcome.runtime, at: outcome.now)
        occasion.changes = outcome.changes
        occasion.decisions = plan.decisions
        occasion.leaseChanges = plan.leaseChanges
        for standing in outcome.standings {
            guard let cause = standing.suppressedBy, let incident = standing.incident else { continue }
            occasion.suppressed[incident] = cause
        }
        let telltale = Telltale(self, outcome)
        let tidings = telling.tell(occasion, settings.telling, telltale)
        return (carry(tidings), Set(tidings.notes.map(\.incident)))
    }

    /// Notes go on their incidents, messages on their way.
    mutating func carry(_ tidings: Tidings) -> [RoutedMessage] {
        for note in tidings.notes { _ = engine.note(note.note, on: note.incident) }
        return tidings.messages.map(RoutedMessage.init)
    }

    func occasion(_ runtime: String, at now: Timestamp) -> Occasion {
        let guardOptions = settings.guardOptions
        return Occasion(
            runtime: runtime, now: now, environment: settings.environment,
            storm: Pace(guardOptions.stormIncidents, in: guardOptions.stormWindow))
    }

    /// News of an open incident that came between two ticks, for those who heard of it and whom routes still lead to.
    package func news(_ news: Message.News, of incident: String, at now: Timestamp) -> [RoutedMessage] {
        guard let runtime = engine.incident(incident)?.subject.runtime else { return [] }
        return telling.news(news, of: incident, occasion(runtime, at: now), settings.telling, Telltale(self))
            .messages.map(RoutedMessage.init)
    }

    /// Where a message about an incident goes at a moment by the settings and policies in force, and why.
    /// - Parameter telling: who was told what so far.
    public func explain(_ incident: Incident, _ telling: TellingState, at now: Timestamp) -> RoutingExplanation {
        telling.explain(incident, occasion(incident.subject.runtime, at: now), settings.telling, Telltale(self))
    }
}

/// What telling asks about incidents.
struct Telltale: IncidentSource {
    private let engine: EngineState
    private let policies: PolicySet
    private let mode: Mode
    /// Incidents that ended by being given up are known only here.
    private let changed: [String: Incident]

    init(_ pipeline: Pipeline, _ outcome: TickOutcome? = nil) {
        engine = pipeline.engine
        policies = pipeline.policies
        mode = pipeline.settings.mode
        let changes = outcome?.changes.map { ($0.incident.id, $0.incident) } ?? []
        changed = Dictionary(changes) { _, last in last }
    }

    func incident(_ id: String) -> Incident? { engine.incident(id) ?? changed[id] }

    func named(_ incident: Incident) -> [String]? {
        // The rule is gone: it names nobody, and says nothing against telling either.
        guard let rule = policies.rule(incident.rule, for: incident.subject) else { return [] }
        var named: [String]?
        for case .notify(let channels) in rule.actions { named = (named ?? []) + channels }
        return named
    }

    func mode(_ incident: Incident) -> Mode {
        let policy = incident.subject.app.map { policies.policy(for: $0) } ?? policies.defaultPolicy
        return min(mode, policy.mode)
    }
}

/// A message and the channels that hear it, each with the reason; none when there is nowhere to send it.
public struct RoutedMessage: Sendable {
    public let message: Message
    public let channels: [String]
    /// By channel, for people.
    public let reasons: [String: String]

    init(_ told: Told) {
        message = told.message
        channels = told.channels
        reasons = Dictionary(told.recipients.map { ($0.channel, $0.reason) }) { first, _ in first }
    }

    /// For every channel, because it must be known and nobody heard of its incident.
    init(_ message: Message, toAll channels: [String]) {
        self.message = message
        self.channels = channels
        reasons = Dictionary(channels.map { ($0, "it needs a person") }) { first, _ in first }
    }
}
