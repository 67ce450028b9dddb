import Model

/// Digests on their way: updates while members come and go, the end when all are over.
extension Round {
    mutating func tellDigests() {
        let now = now
        for id in state.digests.keys.sorted() {
            guard let digest = state.digests[id] else { continue }
            if digest.open <= 0, !isKept(digest) {
                state.digests[id] = nil
                guard let incident = endedNow[id] ?? digest.last else { continue }
                say(
                    .resolved, incident, to: [digest.channel: "all that it was told of together is over"],
                    digest: digest.told(id, current: []), environment: digest.environment)
            } else if digest.hasNews, now - digest.toldAt >= digest.pause, isRouted(id, digest) {
                state.digests[id]?.pause = min(digest.pause * 2, TellingSettings.digestPause.longest)
                state.digests[id]?.toldAt = now
                state.digests[id]?.hasNews = false
                tell(.updated, id, digest, reason: "what it was told of together changed")
            }
        }
    }

    /// A digest of a night whose pages are used up takes in what opens until that night is over, so that it is one page,
    /// however often everything in it ends meanwhile.
    private func isKept(_ digest: TellingState.OpenDigest) -> Bool {
        guard digest.reason == .pageBudget, let channel = settings.channels.first(where: { $0.name == digest.channel }),
            let night = night(channel)
        else { return false }
        return digest.night == night
    }

    /// Whether routes lead to a digest's channel at this hour, for one of its open members; where none is open, for the
    /// weightiest of those that are over.
    func isRouted(_ id: String, _ digest: TellingState.OpenDigest) -> Bool {
        guard digest.open > 0 else {
            return digest.last.map { isRouted($0, to: digest.channel) } ?? false
        }
        return members(id).contains { member in
            guard let incident = open(member), let entry = state.entries[member] else { return false }
            return entry.silencedBy == nil && isRouted(incident, to: digest.channel)
        }
    }

    /// Says how a digest stands, its weightiest open member first.
    mutating func tell(
        _ event: Message.Event, _ id: String, _ digest: TellingState.OpenDigest, reason: String,
        news: Message.News? = nil
    ) {
        let current = members(id).prefix(Digest.itemLimit).compactMap { open($0) }
        guard let first = current.first ?? digest.last else { return }
        say(
            event, first, to: [digest.channel: reason], news: news, digest: digest.told(id, current: current),
            environment: digest.environment)
    }

    /// Ids of the open members, the weightiest first, then the oldest.
    func members(_ id: String) -> [String] {
        guard let channel = state.digests[id]?.channel else { return [] }
        // The time of opening is the end of an incident's id.
        return state.entries.filter { $0.value.heard[channel]?.digest == id }
            .map { (id: $0.key, severity: $0.value.severity, openedAt: Round.openedAt($0.key)) }
            .sorted { a, b in
                if a.severity != b.severity { return a.severity > b.severity }
                return a.openedAt != b.openedAt ? a.openedAt < b.openedAt : a.id < b.id
            }
            .map(\.id)
    }

    private static func openedAt(_ id: String) -> Int64 {
        id.lastIndex(of: "-").flatMap { Int64(id[id.index(after: $0)...]) } ?? 0
    }
}

extension TellingState.OpenDigest {
    /// Members that are open.
    var open: Int { total - over }

    mutating func join(_ incident: Incident, _ now: Timestamp) {
        if let index = past.firstIndex(where: { $0.incident == incident.id }) {
            past.remove(at: index)
            over -= 1
        } else {
            total += 1
        }
        joinedAt = now
        hasNews = true
    }

    /// A member is over.
    mutating func close(_ incident: Incident) {
        over += 1
        hasNews = true
        past.append(Digest.Item(incident))
        if past.count > Digest.itemLimit { past.removeFirst() }
        if last.map({ incident.severity >= $0.severity }) ?? true { last = incident.brief }
    }

    /// As a message shows it: open members before those that are over; of the listed ones the weightiest first.
    func told(_ id: String, current: [Incident]) -> Digest {
        let listed = current.map { Digest.Item($0) } + past.reversed()
        let items = listed.prefix(Digest.itemLimit).sorted { a, b in
            if a.severity != b.severity { return a.severity > b.severity }
            return a.openedAt != b.openedAt ? a.openedAt < b.openedAt : a.incident < b.incident
        }
        return Digest(id: id, reason: reason, items: items, total: total, open: open)
    }
}

extension Incident {
    /// Without what grows: a digest keeps it for as long as a night.
    fileprivate var brief: Incident {
        var brief = self
        (brief.transitions, brief.evidence, brief.decisions, brief.verifications, brief.handling) = ([], [], [], [], [])
        (brief.acknowledged, brief.advice) = (nil, nil)
        return brief
    }
}
