import Engine
import Model
import Notify

/// What a replica that does not answer, or says that it is not well, said last, on the incident that opens: its URL, the error
/// in words, and when it was last well. For people; nothing is decided by it.
extension Pipeline {
    /// The newest health answers of one replica.
    struct LastAnswers: Sendable {
        var good: (at: Timestamp, health: Health)?
        /// Nil after an answer that says that all is well.
        var fault: Fault?
    }

    /// Why a replica is not known to be well.
    enum Fault: Sendable {
        /// The runtime's own word, and what it says of it.
        case unhealthy(String?)
        /// No answer of its health, or none that can be read.
        /// - Parameters:
        ///   - since: the first of those in a row.
        ///   - isAlive: whether anything else of it answered since then.
        case silent(MissingReason, detail: String, since: Timestamp, isAlive: Bool)
    }

    /// Replicas that are told of; the others are counted.
    private static let mostReplicas = 3

    mutating func remember(_ content: Decoded, _ observation: Observation) {
        let (runtime, replica) = (observation.runtime, observation.replica)
        switch content {
        case .health(let health):
            let said = health.detail ?? health.status.flatMap { $0 == "unhealthy" ? nil : "its status is '\($0)'" }
            lastAnswers[runtime, default: [:]][replica, default: LastAnswers()].fault = health.isHealthy ? nil : .unhealthy(said)
            if health.isHealthy { lastAnswers[runtime]?[replica]?.good = (observation.at, health) }
        case .missing(.health, let reason, let detail):
            var (since, isAlive) = (observation.at, false)
            if case .silent(_, _, let first, let lives)? = lastAnswers[runtime]?[replica]?.fault { (since, isAlive) = (first, lives) }
            lastAnswers[runtime, default: [:]][replica, default: LastAnswers()].fault =
                .silent(reason, detail: detail, since: since, isAlive: isAlive)
        case .missing, .gate, .targets: break
        default:
            guard case .silent(let reason, let detail, let since, false)? = lastAnswers[runtime]?[replica]?.fault, observation.at > since
            else { break }
            lastAnswers[runtime]?[replica]?.fault = .silent(reason, detail: detail, since: since, isAlive: true)
        }
    }

    /// Notes on incidents about a runtime or a replica that this tick opened which replicas do not answer, or say that they are
    /// not well. Returns the ids of those it wrote on.
    mutating func noteOutages(_ outcome: TickOutcome) -> Set<String> {
        let opened = outcome.changes.filter { $0.kind == .opened || $0.kind == .reopened }.map(\.incident)
        var touched: Set<String> = []
        if let found = lastLook(at: outcome.runtime) {
            for incident in opened where note(found, on: incident, at: outcome.now) { touched.insert(incident.id) }
            return touched
        }
        touched = noteHosts(outcome, opened)
        // A note that opens meanwhile is about something else, and stays open for long after.
        for incident in opened where incident.subject.app == nil && incident.severity != .info {
            let only = incident.subject.replica
            let silent = (lastAnswers[outcome.runtime] ?? [:]).filter { url, last in
                last.fault != nil && (only.map { $0.isSame(as: url) } ?? true)
            }.inByteOrder(of: \.key)
            let trouble = only == nil ? signals[outcome.runtime]?.findingTrouble.map(Shown.line) : nil
            guard !silent.isEmpty || trouble != nil else { continue }
            let lines = [trouble].compactMap { $0 } + silent.prefix(Pipeline.mostReplicas).map { Pipeline.words($0.key, $0.value) }
            let more = max(0, silent.count - Pipeline.mostReplicas)
            let text = lines.joined(separator: " · ") + (more > 0 ? " · and \(more) more replica\(more == 1 ? "" : "s")" : "")
            if note(text, on: incident, at: outcome.now) { touched.insert(incident.id) }
        }
        return touched
    }

    private mutating func note(_ text: String, on incident: Incident, at now: Timestamp) -> Bool {
        engine.note(HandlingNote(at: now, kind: .note, by: Wording.listener, text: text), on: incident.id)
    }

    /// What the last look at a host or a service came to, with why; nil of a runtime, and where nothing was seen.
    private func lastLook(at name: String) -> String? {
        guard let signals = signals[name], let endpoint = signals.options.kind.endpoint else { return nil }
        let replica = signals.summary.replicas.first
        let parts = [replica?.said[endpoint], replica?.detail[endpoint].map(Shown.line)].compactMap { $0 }.filter { !$0.isEmpty }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    /// Notes on incidents about a runtime that this tick opened what is open of the machine that it runs on.
    private mutating func noteHosts(_ outcome: TickOutcome, _ opened: [Incident]) -> Set<String> {
        var touched: Set<String> = []
        for incident in opened where incident.subject.app == nil && incident.severity != .info {
            let open = settings.hosts(of: outcome.runtime).flatMap { engine.openIncidents(of: $0) }.filter { $0.severity != .info }
            guard !open.isEmpty else { continue }
            let words = open.map { "\($0.rule) of \($0.subject) since \($0.since)" }.inByteOrder()
            let text = "on the machine that it runs on: " + words.prefix(Pipeline.mostReplicas).joined(separator: ", ")
            if note(text, on: incident, at: outcome.now) { touched.insert(incident.id) }
        }
        return touched
    }

    /// `http://10.0.0.7:8000: connection refused; last healthy at …, Mongo ping 0.04 ms, 7 websockets`
    private static func words(_ url: String, _ last: LastAnswers) -> String {
        let said =
            switch last.fault {
            case .unhealthy(let detail)?: HealthWords.unhealthy(detail.map(Shown.line))
            case .silent(let reason, let detail, _, let isAlive)?:
                (detail.isEmpty ? "\(reason)" : Shown.line(detail)) + (reason == .unreachable && isAlive ? "; \(HealthWords.waits)" : "")
            case nil: ""
            }
        guard let (at, health) = last.good else { return "\(Shown.id(url)): \(said); not seen healthy since the monitor began" }
        var figures: [String] = []
        if let ping = health.mongoPingMilliseconds { figures.append("Mongo ping \((ping * 100).rounded() / 100) ms") }
        if let sockets = health.websocketConnections { figures.append("\(sockets) websocket\(sockets == 1 ? "" : "s")") }
        return "\(Shown.id(url)): \(said); last healthy at \(at)" + figures.map { ", \($0)" }.joined()
    }
}
