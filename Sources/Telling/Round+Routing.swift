import Model

extension Round {
    /// Ends silences that last until nothing of theirs is open, and lets go of those that are long over.
    mutating func tendSilences() {
        for index in state.silences.indices {
            let silence = state.silences[index]
            guard silence.until == nil, silence.ended == nil else { continue }
            let isNeeded = state.entries.keys.contains { id in
                open(id).map { silence.match.fits($0, environment: occasion.environment) } ?? false
            }
            if !isNeeded { state.silences[index].ended = Silence.End(at: now, by: "all of it resolved") }
        }
        let isPast = { [now] (silence: Silence) in
            silence.endedAt(now).map { now - $0 > TellingState.silenceMemory } ?? false
        }
        if state.silences.contains(where: isPast) { state.silences.removeAll(where: isPast) }
    }

    /// Finds out for each incident that is new, or whose circumstances changed, which channels it is to be told to.
    mutating func route() {
        let circumstances = TellingState.Circumstances(settings, state.silences, now)
        let all = state.judged[occasion.runtime] != circumstances
        state.judged[occasion.runtime] = circumstances
        let ids: [String]
        if all {
            ids = ownEntries
        } else {
            let putOff = state.entries.filter { $0.value.isPutOff && $0.value.runtime == occasion.runtime }.keys
            ids = (fresh + putOff).inByteOrder()
        }
        for id in ids {
            guard var entry = state.entries[id], let incident = open(id) else { continue }
            route(incident, &entry)
            state.entries[id] = entry
        }
    }

    private mutating func route(_ incident: Incident, _ entry: inout TellingState.Entry) {
        let holder = state.holder(of: incident, environment: occasion.environment, settings, now)
        if holder?.name != entry.silencedBy {
            if let holder {
                note(.note, by: holder.name, "messages and new actions held back by \(holder.text)", on: incident.id)
            } else if let name = entry.silencedBy {
                note(.note, by: name, "no longer held back", on: incident.id)
            }
            entry.silencedBy = holder?.name
        }
        entry.isPutOff = false
        guard holder == nil else {
            entry.waiting = [:]
            return
        }
        let routing = routing(incident)
        let missing = routing.decisions.filter { $0.isSent && entry.heard[$0.channel] == nil }
        entry.waiting = entry.waiting.filter { waiting in missing.contains { $0.channel == waiting.key } }
        // Its cause is told; it is itself when it outlives the cause.
        if occasion.suppressed[incident.id] != nil, !missing.isEmpty {
            entry.isPutOff = true
            entry.waiting = [:]
            return
        }
        for decision in missing where entry.waiting[decision.channel] == nil {
            entry.waiting[decision.channel] = now
            reasons[incident.id, default: [:]][decision.channel] = decision.reason
        }
        // Nowhere to send it: whoever listens to events still hears it.
        if routing.channels.isEmpty, entry.heard.isEmpty, !entry.isAnnounced, source.named(incident) != nil {
            entry.isAnnounced = true
            say(.opened, incident, to: [:])
        }
    }

    /// The channels that an open incident may be told to now: routed, and not held back.
    func routedNow(_ incident: Incident, _ entry: TellingState.Entry) -> Set<String> {
        guard entry.silencedBy == nil else { return [] }
        return Set(routing(incident).channels)
    }

    /// Whether routes lead from an incident to a channel now.
    func isRouted(_ incident: Incident, to channel: String) -> Bool {
        routing(incident).decisions.contains { $0.isSent && $0.channel == channel }
    }

    private func routing(_ incident: Incident) -> Routing {
        Routing(incident, named: source.named(incident), environment: occasion.environment, now: now, settings: settings)
    }
}

extension TellingState.Circumstances {
    init(_ settings: TellingSettings, _ silences: [Silence], _ now: Timestamp) {
        self.init(
            routes: settings.routes.map { $0.hours?.holds(now, in: settings.zone) ?? true },
            maintenance: settings.maintenance.map { $0.hours.holds(now, in: settings.zone) },
            silences: silences.filter { $0.isActive(now) }.map(\.id))
    }
}

extension TellingState {
    /// What holds an incident's messages and actions back at a moment: a silence first, then hours of maintenance.
    public func holder(
        of incident: Incident, environment: String, _ settings: TellingSettings, _ now: Timestamp
    ) -> (name: String, text: String)? {
        for silence in silences where silence.isActive(now) && silence.match.fits(incident, environment: environment) {
            return (silence.id, silence.text)
        }
        for (index, window) in settings.maintenance.enumerated()
        where window.hours.holds(now, in: settings.zone) && window.match.fits(incident, environment: environment) {
            let comment = window.comment.isEmpty ? "" : ": \(Shown.comment(window.comment))"
            return ("maintenance[\(index)]", "maintenance[\(index)], \(window.hours) \(settings.zone)\(comment)")
        }
        return nil
    }

    /// Whether anything can hold incidents back at that moment.
    public func holdsAnything(_ settings: TellingSettings, _ now: Timestamp) -> Bool {
        silences.contains { $0.isActive(now) }
            || settings.maintenance.contains { $0.hours.holds(now, in: settings.zone) }
    }
}
