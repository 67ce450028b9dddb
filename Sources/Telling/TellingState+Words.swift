import Model

/// What people say.
extension TellingState {
    /// Holds back what a silence matches from now on. False when one with its id is there already.
    public mutating func add(_ silence: Silence) -> Bool {
        guard !silences.contains(where: { $0.id == silence.id }) else { return false }
        silences.append(silence)
        return true
    }

    /// Ends a silence before its time. False when none with that id is in force.
    public mutating func expire(_ id: String, by: String, now: Timestamp) -> Bool {
        guard let index = silences.firstIndex(where: { $0.id == id && $0.isActive(now) }) else { return false }
        silences[index].ended = Silence.End(at: now, by: by)
        return true
    }

    /// A person has taken an incident on: no reminders until then. Everybody who heard of it by itself is told, and
    /// everybody who heard of it among others, once all of them are taken on. Nil `until`: as long as it is open.
    public mutating func acknowledge(
        _ id: String, until: Timestamp?, _ occasion: Occasion, _ settings: TellingSettings, _ source: some IncidentSource
    ) -> Tidings {
        guard entries[id] != nil else { return Tidings() }
        entries[id]?.acknowledgedUntil = until ?? .distantFuture
        var round = Round(state: self, settings: settings, source: source, occasion: occasion)
        guard let entry = entries[id], let incident = round.open(id) else { return Tidings() }
        let own = entry.heard.filter(\.value.isOwn).mapValues { _ in "it heard of the opening" }
        if !own.isEmpty { round.say(.updated, incident, to: own, news: .acknowledged) }
        for digest in digests(of: id) {
            guard let open = round.state.digests[digest] else { continue }
            let isWhole = round.members(digest).allSatisfy { entries[$0]?.acknowledgedUntil != nil }
            guard isWhole else { continue }
            round.tell(.updated, digest, open, reason: "all of it was taken on", news: .acknowledged)
        }
        return round.tidings
    }

    /// The acknowledgement is taken back: reminders go on.
    public mutating func unacknowledge(_ id: String) {
        entries[id]?.acknowledgedUntil = nil
    }

    /// Other news of an open incident, for those who heard of it by itself and whom routes still lead to.
    public func news(
        _ news: Message.News, of id: String, _ occasion: Occasion, _ settings: TellingSettings,
        _ source: some IncidentSource
    ) -> Tidings {
        var round = Round(state: self, settings: settings, source: source, occasion: occasion)
        guard let entry = entries[id], let incident = round.open(id) else { return Tidings() }
        let routed = round.routedNow(incident, entry)
        let own = entry.heard.filter { $0.value.isOwn && routed.contains($0.key) }
            .mapValues { _ in "it heard of the opening" }
        if !own.isEmpty { round.say(.updated, incident, to: own, news: news) }
        return round.tidings
    }

    /// The open members of a digest, sorted; none when there is no such digest.
    public func members(of digest: String) -> [String] {
        entries.filter { entry in entry.value.heard.values.contains { $0.digest == digest } }.keys.sorted()
    }

    // MARK: - Taking up what an earlier version kept

    /// Whether an open incident is known here.
    public func knows(_ incident: String) -> Bool { entries[incident] != nil }

    /// Takes in an open incident of a journal that does not say who was told what: these channels heard of its opening.
    public mutating func adopt(_ incident: Incident, heardBy channels: [String]) {
        var entry = Entry(runtime: incident.subject.runtime, severity: incident.severity)
        for channel in channels { entry.heard[channel] = Heard(isOwn: true, digest: nil, toldAt: incident.openedAt) }
        if let acknowledged = incident.acknowledged { entry.acknowledgedUntil = acknowledged.until ?? .distantFuture }
        entries[incident.id] = entry
    }
}

extension Timestamp {
    /// The end of the year 9999.
    static let distantFuture = Timestamp(milliseconds: 253_402_300_799_000)
}
