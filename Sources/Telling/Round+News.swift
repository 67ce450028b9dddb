import Guard
import Model

/// News of incidents that were told before.
extension Round {
    /// What was done, and what waits for a person. The first extension of a lease is told; later ones are not, until it
    /// has lasted as long as one may: reminders show them.
    mutating func tellNews() {
        var news: [String: Occurrence] = [:]
        for decision in occasion.decisions {
            guard let found = occurrence(decision) else { continue }
            news[decision.incident] = news[decision.incident].map { max($0, found) } ?? found
        }
        for id in news.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            guard let found = news[id], let entry = state.entries[id], let incident = open(id) else { continue }
            tell(found, incident, entry)
        }
    }

    /// What a decision is to people, the more urgent last.
    private enum Occurrence: Comparable {
        case done, approval, verified, person

        var news: Message.News {
            switch self {
            case .approval: .approval
            case .verified: .verified
            case .done, .person: .action
            }
        }
    }

    private mutating func occurrence(_ decision: ActionDecision) -> Occurrence? {
        switch decision.verdict {
        case .act:
            let isOld = occasion.leaseChanges.contains { change in
                change.lease.id == decision.lease && change.kind == .extend && change.lease.extensions > 1
                    && change.reason == LeaseChange.stillTrue
            }
            return isOld ? nil : .done
        case .refused(let refusal):
            switch refusal.step {
            case .maxLease: return .person
            case .noEffect: return .verified
            // A person said yes, and the guard no.
            default: return decision.approval == nil ? nil : .person
            }
        case .needsApproval:
            // Nobody is asked for what would not be done.
            guard let incident = open(decision.incident), source.mode(incident) != .observe else { return nil }
            return isNewOffer(decision) ? .approval : nil
        case .wouldHave, .alreadyInForce: return nil
        }
    }

    /// Whether people are to hear that an action waits: of each offer once. One that nobody answered expires and is offered
    /// anew under another id; of an action whose offers follow each other faster than `askPause` not each is told.
    private mutating func isNewOffer(_ decision: ActionDecision) -> Bool {
        guard let entry = state.entries[decision.incident] else { return false }
        let now = now
        let key = String(decoding: decision.key.canonical, as: UTF8.self)
        if let asked = entry.asked[key] {
            if let told = asked.approval, let offered = decision.approval, told.utf8.elementsEqual(offered.utf8) { return false }
            guard decision.approval != nil, asked.at.map({ now - $0 >= TellingSettings.askPause }) ?? true else { return false }
        }
        state.entries[decision.incident]?.asked[key] = TellingState.Asked(approval: decision.approval, at: now)
        return true
    }

    private mutating func tell(_ found: Occurrence, _ incident: Incident, _ entry: TellingState.Entry) {
        let (now, routed) = (now, routedNow(incident, entry))
        var updated: [String: String] = [:]
        var opened: [String: String] = [:]
        for (name, heard) in entry.heard {
            guard routed.contains(name), toldNow[incident.id]?.contains(name) != true else { continue }
            if heard.isOwn {
                updated[name] = "it heard of the opening"
            } else if found != .done || settings.channels.first(where: { $0.name == name })?.pages != true {
                // A digest cannot show it. Nobody is woken for what is done already.
                opened[name] = found == .done ? "something was done about it" : "it needs a person"
                state.entries[incident.id]?.heard[name]?.isOwn = true
            }
            state.entries[incident.id]?.heard[name]?.toldAt = now
        }
        if !opened.isEmpty { say(.opened, incident, to: opened) }
        if !updated.isEmpty { say(.updated, incident, to: updated, news: found.news) }
    }

    // MARK: - Acknowledgements and reminders

    /// Acknowledgements that ran out: reminders go on.
    mutating func endAcknowledgements() {
        for (id, entry) in state.entries where entry.acknowledgedUntil.map({ $0 <= now }) ?? false {
            guard entry.runtime == occasion.runtime else { continue }
            state.entries[id]?.acknowledgedUntil = nil
            note(.acknowledgement, by: "engine", "the acknowledgement has run out", on: id)
        }
    }

    /// Tells again what has been open for long, and that nobody has taken on.
    mutating func remind() {
        guard !settings.reminders.isEmpty else { return }
        let now = now
        var due: [String: [String]] = [:]
        for (id, entry) in state.entries where entry.runtime == occasion.runtime {
            guard entry.acknowledgedUntil == nil, entry.silencedBy == nil, let first = settings.reminders[entry.severity]
            else { continue }
            let channels = entry.heard.filter { $0.value.isOwn && isDue($0.value, first) }.keys
            if !channels.isEmpty { due[id] = Array(channels) }
        }
        for id in due.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            guard occasion.suppressed[id] == nil, let entry = state.entries[id], let incident = open(id) else { continue }
            let routed = routedNow(incident, entry)
            let channels = due[id, default: []].filter(routed.contains)
            guard !channels.isEmpty else { continue }
            for channel in channels {
                state.entries[id]?.heard[channel]?.toldAt = now
                state.entries[id]?.heard[channel]?.reminders += 1
            }
            say(
                .updated, incident,
                to: Dictionary(uniqueKeysWithValues: channels.map { ($0, "it is still open, and nobody has taken it on") }),
                news: .reminder)
        }
        remindOfDigests()
    }

    private func isDue(_ heard: TellingState.Heard, _ first: TimeSpan) -> Bool {
        now >= heard.toldAt + TellingSettings.pause(first, after: heard.reminders)
    }

    private mutating func remindOfDigests() {
        let now = now
        let known = Set(settings.channels.map(\.name))
        for id in state.digests.keys.sorted() {
            guard let digest = state.digests[id], let first = settings.reminders[digest.weight],
                known.contains(digest.channel),
                now >= digest.toldAt + TellingSettings.pause(first, after: digest.reminders)
            else { continue }
            let isWanted = members(id).contains { member in
                guard let entry = state.entries[member] else { return false }
                return entry.acknowledgedUntil == nil && entry.silencedBy == nil
            }
            guard isWanted else { continue }
            state.digests[id]?.toldAt = now
            state.digests[id]?.reminders += 1
            tell(.updated, id, digest, reason: "some of it is still open, and nobody has taken it on", news: .reminder)
        }
    }
}

extension TellingSettings {
    /// An action that waits for a person is told again no sooner, whatever becomes of its offers.
    static let askPause = TimeSpan.hours(1)

    /// How long after the last word the next reminder comes: doubled with each.
    static func pause(_ first: TimeSpan, after reminders: Int) -> TimeSpan {
        max(first, min(first * (Int64(1) << Int64(min(reminders, 16))), longestReminder))
    }
}
