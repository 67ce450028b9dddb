import Guard
import Model

/// News of incidents that were told before.
extension Round {
    /// What was done, and what waits for a person. The first extension of a lease is told; later ones are not, until it
    /// has lasted as long as one may: reminders show them.
    ///
    /// News that need a person reach every channel of the incident: at once, or as soon as routes, silences, company that
    /// was waited for and the pages of the night allow it.
    mutating func tellNews() {
        var news: [String: TellingState.Owed] = [:]
        for decision in occasion.decisions {
            guard let found = occurrence(decision) else { continue }
            var owed = news[decision.incident] ?? TellingState.Owed(found: found)
            owed.found = max(owed.found, found)
            if found == .approval {
                owed.actions[decision.action] = TellingState.Asked(approval: decision.approval, at: now)
            }
            news[decision.incident] = owed
        }
        let owed = state.entries.filter { $0.value.owed != nil && $0.value.runtime == occasion.runtime }.keys
        for id in Set(news.keys).union(owed).inByteOrder() {
            guard let entry = state.entries[id], let incident = open(id) else { continue }
            tell(news[id], incident, entry)
        }
    }

    private func occurrence(_ decision: ActionDecision) -> TellingState.Occurrence? {
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
        case .wouldHave, .wouldAsk, .alreadyInForce: return nil
        }
    }

    /// Whether people are to hear that an action waits: of each offer once. One that nobody answered expires and is offered
    /// anew under another id; of an action whose offers follow each other faster than `askPause` not each is told.
    private func isNewOffer(_ decision: ActionDecision) -> Bool {
        guard let entry = state.entries[decision.incident] else { return false }
        func isSame(_ approval: String?) -> Bool {
            guard let approval, let offered = decision.approval else { return approval == nil && decision.approval == nil }
            return approval.isSame(as: offered)
        }
        if let owed = entry.owed?.actions[decision.action], isSame(owed.approval) { return false }
        guard let asked = entry.asked[decision.action] else { return true }
        return decision.approval != nil && !isSame(asked.approval)
            && (asked.at.map { now - $0 >= TellingSettings.askPause } ?? true)
    }

    /// - Parameter news: of this tick; nil where there are only older ones that somebody has not heard yet.
    private mutating func tell(_ news: TellingState.Owed?, _ incident: Incident, _ entry: TellingState.Entry) {
        let (now, routed) = (now, routedNow(incident, entry))
        let older = entry.owed.flatMap { incident.stillNeeds($0.found) ? $0 : nil }
        var (told, wasSaid) = (Set<String>(), false)
        var updated: [TellingState.Occurrence: [String: String]] = [:]
        var opened: [String: String] = [:]
        for (name, heard) in entry.heard.inByteOrder(of: \.key) {
            let missed = older.flatMap { $0.told.contains(name) ? nil : $0.found }
            guard let found = [news?.found, missed].compactMap({ $0 }).max() else {
                told.insert(name)
                continue
            }
            if toldNow[incident.id]?.contains(name) == true {
                told.insert(name)
                wasSaid = true
                continue
            }
            guard routed.contains(name), let channel = settings.channels.first(where: { $0.name == name }) else { continue }
            if heard.isOwn {
                updated[found, default: [:]][name] = "it heard of the opening"
            } else if found == .done, channel.pages {
                // A digest cannot show it, and nobody is woken for what is done already.
                told.insert(name)
                continue
            } else {
                // A page more: where none is left, it is told when the night is over.
                guard mayPage(channel) || isExempt(incident, channel) else { continue }
                count([incident], channel)
                opened[name] = found == .done ? "something was done about it" : "it needs a person"
                state.entries[incident.id]?.heard[name]?.isOwn = true
            }
            state.entries[incident.id]?.heard[name]?.toldAt = now
            told.insert(name)
            wasSaid = true
        }
        keep(news, older, told, wasSaid, incident.id)
        if !opened.isEmpty { say(.opened, incident, to: opened) }
        for found in updated.keys.sorted() { say(.updated, incident, to: updated[found] ?? [:], news: found.news) }
    }

    /// Remembers news that somebody may still have to hear.
    private mutating func keep(
        _ news: TellingState.Owed?, _ older: TellingState.Owed?, _ told: Set<String>, _ wasSaid: Bool, _ id: String
    ) {
        guard let entry = state.entries[id] else { return }
        let now = now
        var owed = news ?? older
        if let news, let older {
            owed?.found = max(news.found, older.found)
            owed?.actions = older.actions.merging(news.actions) { _, new in new }
        }
        owed?.told = told
        if wasSaid {
            for (action, asked) in owed?.actions ?? [:] {
                state.entries[id]?.asked[action] = TellingState.Asked(approval: asked.approval, at: now)
            }
        }
        // What is done is in any later opening; only a digest that it is still to stand in would not show it.
        let isKept = owed.map { $0.found.needsPerson || !entry.waiting.isEmpty || entry.heard.isEmpty } ?? false
        state.entries[id]?.owed = isKept ? owed : nil
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
        for id in due.keys.inByteOrder() {
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
        for id in state.digests.keys.sorted() {
            guard let digest = state.digests[id], let first = settings.reminders[digest.weight],
                now >= digest.toldAt + TellingSettings.pause(first, after: digest.reminders)
            else { continue }
            let isWanted = members(id).contains { member in
                guard let entry = state.entries[member], let incident = open(member) else { return false }
                return entry.acknowledgedUntil == nil && entry.silencedBy == nil && isRouted(incident, to: digest.channel)
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

extension TellingState.Occurrence {
    fileprivate var news: Message.News {
        switch self {
        case .approval: .approval
        case .verified: .verified
        case .person: .person
        case .done: .action
        }
    }
}

extension ActionDecision {
    fileprivate var action: String { String(decoding: key.canonical, as: UTF8.self) }
}

extension Incident {
    /// Whether news of it still hold: an action still waits for a person's yes; nothing was done since a person was needed.
    fileprivate func stillNeeds(_ found: TellingState.Occurrence) -> Bool {
        switch found {
        case .done, .verified: return true
        case .person:
            if case .act = decisions.last?.verdict { return false }
            return true
        case .approval:
            var seen: Set<String> = []
            return decisions.reversed().contains { decision in
                guard seen.insert(decision.action).inserted, case .needsApproval = decision.verdict else { return false }
                return true
            }
        }
    }
}
