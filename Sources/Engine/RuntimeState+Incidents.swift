import Model
import Policy

extension RuntimeState {
    /// The longest timeline that an incident keeps: its first entries and its newest ones.
    static let timelineLimit = (first: 20, all: 200)

    /// Whether a rule keeps others quiet on a subject: it fires, or was seen false for less than `clearAfter` since.
    func isFiring(_ key: RuleKey, id: [UInt8], clearAfter: TimeSpan) -> Bool {
        guard let entries = rules[key] else { return false }
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].id == id { return entries[middle].state.isCause(clearAfter) }
            if entries[middle].id.lexicographicallyPrecedes(id) { low = middle + 1 } else { high = middle }
        }
        return false
    }

    /// The same on any subject of its kind, or on any whose id passes.
    func isFiringAnywhere(_ key: RuleKey, clearAfter: TimeSpan, where isMeant: ([UInt8]) -> Bool = { _ in true }) -> Bool {
        rules[key]?.contains { $0.state.isCause(clearAfter) && isMeant($0.id) } ?? false
    }

    /// Opens the incident of a rule that begins to fire, or opens the last one again if that was resolved shortly ago.
    mutating func open(
        _ rule: Rule, _ transition: Transition, _ labels: [String: String], _ ruleState: inout RuleState,
        into outcome: inout TickOutcome
    ) {
        let fingerprint = Fingerprint.of(rule: rule.name, subject: transition.subject)
        ruleState.incident = fingerprint
        defer { ruleState.evidence = [] }
        if var again = incidents[fingerprint] {
            again.reopen()
            again.transitions.appendBounded(transition)
            again.evidence = EvidenceSeries.join(again.evidence, ruleState.evidence)
            incidents[fingerprint] = again
            outcome.changes.append(IncidentChange(kind: .reopened, incident: again))
            return
        }
        let told = rule.told(at: transition)
        let incident = Incident(
            fingerprint: fingerprint, id: "\(fingerprint)-\(transition.at.milliseconds)", rule: rule.name,
            subject: transition.subject, severity: rule.severity, summary: told.summary, origin: rule.conditionOrigin,
            condition: rule.when.text, openedAt: transition.at, since: ruleState.since, transitions: [transition],
            evidence: ruleState.evidence, suggestions: rule.suggestions, nextSteps: told.nextSteps,
            playbook: rule.playbook, labels: labels.merging(told.labels) { _, ofRule in ofRule })
        incidents[fingerprint] = incident
        outcome.changes.append(IncidentChange(kind: .opened, incident: incident))
    }

    /// Takes a change of phase into the incident of a rule, if it has one; resolves it when the rule is inactive.
    mutating func note(
        _ transition: Transition, _ ruleState: inout RuleState, resolveReason: String, into outcome: inout TickOutcome
    ) {
        guard let fingerprint = ruleState.incident, var incident = incidents[fingerprint] else { return }
        incident.transitions.appendBounded(transition)
        let isOver = transition.to == .inactive
        if isOver {
            incident.resolvedAt = transition.at
            incident.resolveReason = resolveReason
        }
        incidents[fingerprint] = incident
        outcome.changes.append(IncidentChange(kind: isOver ? .resolved : .updated, incident: incident))
    }

    /// Gives up a rule on a subject because one of them is no longer there.
    mutating func remove(
        _ entry: RuleEntry, _ key: RuleKey, _ subject: Subject, _ reason: String, into outcome: inout TickOutcome
    ) {
        var ruleState = entry.state
        let change = ruleState.remove(reason)
        let condition = ruleState.incident.flatMap { incidents[$0]?.condition } ?? ""
        let transition = Transition(
            at: outcome.now, rule: key.rule, subject: subject, from: change.from, to: change.to, reason: change.reason,
            condition: condition, readings: [])
        outcome.transitions.append(transition)
        note(transition, &ruleState, resolveReason: "removed", into: &outcome)
    }

    /// Lets go of incidents that can no longer be opened again, and of acknowledgements that ran out.
    mutating func forgetOldIncidents() {
        for (fingerprint, incident) in incidents {
            if let resolved = incident.resolvedAt, now - resolved > EngineState.flapTime {
                incidents[fingerprint] = nil
            } else if let until = incident.acknowledged?.until, until <= now {
                incidents[fingerprint]?.acknowledged = nil
            }
        }
        for (key, known) in cutShort {
            let kept = known.filter { now - $0.endedAt <= EngineState.flapTime }
            cutShort[key] = kept.isEmpty ? nil : kept
        }
    }
}

extension EngineState {
    /// Open incidents of a runtime, by id.
    public func openIncidents(of runtime: String) -> [Incident] {
        (runtimes[runtime]?.incidents.values.filter { $0.resolvedAt == nil } ?? []).sorted { $0.id < $1.id }
    }

    /// Open incidents, and those resolved within the flap time; nil for any other.
    public func incident(_ id: String) -> Incident? {
        runtimes.values.lazy.compactMap { $0.incident(id) }.first
    }

    /// Puts the guard's decisions on their incidents. Those whose incident is no longer remembered are left out.
    public mutating func record(_ decisions: [ActionDecision]) {
        for decision in decisions { change(decision.incident) { $0.decisions.appendBounded(decision) } }
    }

    /// Puts what a lease brought about on an incident. One that is no longer remembered is left out.
    public mutating func record(_ verification: Verification, on incident: String) {
        change(incident) { $0.verifications.appendBounded(verification) }
    }

    /// Adds a line to an incident's handling. False when the incident is no longer remembered.
    @discardableResult
    public mutating func note(_ note: HandlingNote, on incident: String) -> Bool {
        change(incident) { $0.handling.appendBounded(note) }
    }

    /// Marks an open incident as seen by a person, until it resolves or `until` comes. False when it is not open.
    @discardableResult
    public mutating func acknowledge(_ incident: String, _ acknowledgement: Incident.Acknowledgement) -> Bool {
        guard self.incident(incident)?.resolvedAt == nil else { return false }
        return change(incident) { $0.acknowledged = acknowledgement }
    }

    /// Takes an acknowledgement back. False when the incident is not open.
    @discardableResult
    public mutating func unacknowledge(_ incident: String) -> Bool {
        guard self.incident(incident)?.resolvedAt == nil else { return false }
        return change(incident) { $0.acknowledged = nil }
    }

    /// Changes an incident that is remembered, for whoever decides a field of it. False when it is not.
    @discardableResult
    package mutating func change(_ id: String, _ body: (inout Incident) -> Void) -> Bool {
        // Nothing else may hold on to what is changed, or the change copies every other incident of the runtime.
        guard let name = runtimes.first(where: { $0.value.incident(id) != nil })?.key,
            let fingerprint = runtimes[name]?.incident(id)?.fingerprint,
            var incident = runtimes[name]?.incidents.removeValue(forKey: fingerprint)
        else { return false }
        body(&incident)
        runtimes[name]?.incidents[fingerprint] = incident
        changed.runtimes.insert(name)
        return true
    }
}

extension RuntimeState {
    fileprivate func incident(_ id: String) -> Incident? {
        // The fingerprint is the id up to the last dash.
        guard let dash = id.lastIndex(of: "-"), let incident = incidents[String(id[..<dash])], incident.id == id else {
            return nil
        }
        return incident
    }
}

extension Array {
    /// Appends, and lets go of the middle once the timeline is full: how it began and how it stands now stay.
    mutating func appendBounded(_ element: Element) {
        append(element)
        if count > RuntimeState.timelineLimit.all { remove(at: RuntimeState.timelineLimit.first) }
    }
}

extension TickOutcome {
    /// Brings everything into the order of listings.
    mutating func sort() {
        transitions.sort { ($0.subject, $0.rule) < ($1.subject, $1.rule) }
        standings.sort { ($0.subject, $0.rule) < ($1.subject, $1.rule) }
        changes.sort { $0.incident.id < $1.incident.id }
        let changed = Set(changes.map(\.incident.id))
        refreshed = refreshed.filter { !changed.contains($0) }.sorted()
    }
}
