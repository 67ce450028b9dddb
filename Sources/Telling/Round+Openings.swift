import Digest
import Model

/// Openings: one by one, or several as one message.
extension Round {
    /// Tells each channel what waits for it, channel by channel.
    mutating func tellOpenings() {
        let waiting = state.entries.filter { !$0.value.waiting.isEmpty }
        guard !waiting.isEmpty else { return }
        var own: [String: [String: String]] = [:]
        for channel in settings.channels {
            let ids = waiting.filter { $0.value.waiting[channel.name] != nil }
            guard let first = ids.values.compactMap({ $0.waiting[channel.name] }).min(),
                now - first >= settings.grouping.wait
            else { continue }
            for id in ids.keys { state.entries[id]?.waiting[channel.name] = nil }
            let incidents = ids.keys.compactMap { open($0) }.sorted { Round.isWeightier($0, than: $1) }
            var desk = Desk(channel: channel)
            plan(incidents, &desk)
            for incident in desk.own { own[incident.id, default: [:]][channel.name] = reason(incident, channel.name) }
        }
        for id in own.keys.inByteOrder() {
            guard let incident = open(id), let recipients = own[id] else { continue }
            say(.opened, incident, to: recipients)
        }
        tellBegun()
    }

    /// One channel's openings while they are sorted out.
    struct Desk {
        let channel: TellingSettings.Channel
        /// Told one by one.
        var own: [Incident] = []
    }

    private func reason(_ incident: Incident, _ channel: String) -> String {
        reasons[incident.id]?[channel] ?? "it is open"
    }

    /// - Parameter incidents: the weightiest first.
    private mutating func plan(_ incidents: [Incident], _ desk: inout Desk) {
        guard !incidents.isEmpty else { return }
        let name = desk.channel.name
        state.ledgers[name, default: TellingState.Ledger()].enter(incidents.count, occasion, settings)
        if state.ledgers[name]?.isStorm(occasion, settings) ?? false {
            var rest = join(incidents, .storm, name) { [now] in now - $0.joinedAt <= TellingSettings.digestOpen }
            let isFirst = rest.count == incidents.count && !hasOpenStorm(name)
            if isFirst || rest.count >= settings.grouping.from {
                tellTogether(.storm, rest, &desk)
                rest = []
            }
            for incident in rest { tellAlone(incident, &desk) }
        } else if incidents.count >= settings.grouping.from {
            tellTogether(.together, incidents, &desk)
        } else {
            for incident in incidents { tellAlone(incident, &desk) }
        }
    }

    /// One message for several. It is a page like any other: where none is left, they go into the digest of the night, but
    /// for those that wake people all the same.
    private mutating func tellTogether(_ reason: Digest.Reason, _ incidents: [Incident], _ desk: inout Desk) {
        guard !mayPage(desk.channel) else { return begin(reason, incidents, &desk) }
        let exempt = incidents.filter { isExempt($0, desk.channel) }
        spend(incidents.filter { !isExempt($0, desk.channel) }, &desk)
        if exempt.count >= settings.grouping.from {
            begin(reason, exempt, &desk)
        } else {
            for incident in exempt { tellAlone(incident, &desk) }
        }
    }

    private func hasOpenStorm(_ channel: String) -> Bool {
        state.digests.values.contains {
            $0.channel == channel && $0.reason == .storm && now - $0.joinedAt <= TellingSettings.digestOpen
        }
    }

    private mutating func tellAlone(_ incident: Incident, _ desk: inout Desk) {
        let (name, now) = (desk.channel.name, now)
        guard mayPage(desk.channel) || isExempt(incident, desk.channel) else { return spend([incident], &desk) }
        count([incident], desk.channel)
        state.entries[incident.id]?.heard[name] = TellingState.Heard(isOwn: true, digest: nil, toldAt: now)
        toldNow[incident.id, default: []].insert(name)
        desk.own.append(incident)
    }

    // MARK: - The page budget

    /// The night whose pages are counted now; nil by day, and for channels that do not page.
    func night(_ channel: TellingSettings.Channel) -> Int64? {
        guard channel.pages, let budget = settings.pageBudget else { return nil }
        return budget.hours.began(now, in: settings.zone)
    }

    func mayPage(_ channel: TellingSettings.Channel) -> Bool {
        guard let night = night(channel), let budget = settings.pageBudget else { return true }
        guard let ledger = state.ledgers[channel.name], ledger.night == night else { return budget.pages > 0 }
        return ledger.pages < budget.pages
    }

    /// A whole runtime in a critical state wakes people beyond the budget, once a night for the same cause.
    func isExempt(_ incident: Incident, _ channel: TellingSettings.Channel) -> Bool {
        guard incident.mayExceed else { return false }
        // What paged in an earlier night pages again in this one.
        guard let ledger = state.ledgers[channel.name], ledger.night == night(channel) else { return true }
        return !ledger.paged.contains(incident.fingerprint)
    }

    /// A new thread on a channel, which may be a page.
    mutating func count(_ incidents: [Incident], _ channel: TellingSettings.Channel) {
        let night = night(channel)
        var ledger = state.ledgers[channel.name] ?? TellingState.Ledger()
        ledger.threads.append(now)
        if let night {
            if ledger.night != night { (ledger.night, ledger.pages, ledger.paged) = (night, 0, []) }
            ledger.pages += 1
            ledger.paged.formUnion(incidents.filter(\.mayExceed).map(\.fingerprint))
        }
        state.ledgers[channel.name] = ledger
    }

    /// The pages are used up: what would have been one more goes into the digest of this night.
    private mutating func spend(_ incidents: [Incident], _ desk: inout Desk) {
        guard !incidents.isEmpty else { return }
        let night = night(desk.channel)
        let rest = join(incidents, .pageBudget, desk.channel.name) { $0.night == night }
        if !rest.isEmpty { begin(.pageBudget, rest, &desk) }
    }

    // MARK: - Digests

    /// Puts incidents into open digests of a reason that take them. Returns those that none takes.
    private mutating func join(
        _ incidents: [Incident], _ reason: Digest.Reason, _ channel: String,
        where takes: (TellingState.OpenDigest) -> Bool
    ) -> [Incident] {
        let taking = state.digests.filter { $0.value.channel == channel && $0.value.reason == reason && takes($0.value) }
            .sorted { a, b in
                a.value.weight != b.value.weight ? a.value.weight < b.value.weight : a.key < b.key
            }
        guard !taking.isEmpty else { return incidents }
        let now = now
        var rest: [Incident] = []
        for incident in incidents {
            guard let id = taking.first(where: { $0.value.weight >= incident.severity })?.key else {
                rest.append(incident)
                continue
            }
            state.digests[id]?.join(incident, now)
            enter(incident, id, channel)
        }
        return rest
    }

    private mutating func begin(_ reason: Digest.Reason, _ incidents: [Incident], _ desk: inout Desk) {
        guard let first = incidents.first else { return }
        let channel = desk.channel
        count(incidents, channel)
        let words = [channel.name, reason.rawValue, String(now.milliseconds), first.id]
        let id = "digest-" + SHA256.hex(Array(words.joined(separator: "\0").utf8)).prefix(16)
        state.digests[id] = TellingState.OpenDigest(
            channel: channel.name, reason: reason, weight: first.severity, openedAt: now, night: night(channel),
            environment: occasion.environment, joinedAt: now, toldAt: now, pause: TellingSettings.digestPause.first,
            total: incidents.count, isNew: true)
        for incident in incidents { enter(incident, id, channel.name) }
    }

    private mutating func enter(_ incident: Incident, _ digest: String, _ channel: String) {
        let now = now
        state.entries[incident.id]?.heard[channel] = TellingState.Heard(isOwn: false, digest: digest, toldAt: now)
        note(.message, by: channel, "told with others in \(digest)", on: incident.id)
    }

    private mutating func tellBegun() {
        for id in state.digests.filter(\.value.isNew).keys.sorted() {
            guard let digest = state.digests[id] else { continue }
            state.digests[id]?.isNew = false
            state.digests[id]?.hasNews = false
            tell(.opened, id, digest, reason: digest.reason.words)
        }
    }
}

extension Digest.Reason {
    /// Why a message stands for several, for people.
    var words: String {
        switch self {
        case .together: "they opened together"
        case .storm: "so many open at once that they are told together"
        case .pageBudget: "the pages of this night are used up"
        }
    }
}

extension TellingState.Ledger {
    /// Notes openings, and forgets what no limit looks at any more.
    mutating func enter(_ count: Int, _ occasion: Occasion, _ settings: TellingSettings) {
        let now = occasion.now
        openings.removeAll { now - $0.at >= occasion.storm.span }
        openings.append(TellingState.Opening(at: now, count: count))
        threads.removeAll { now - $0 >= settings.grouping.limit.span }
    }

    func isStorm(_ occasion: Occasion, _ settings: TellingSettings) -> Bool {
        openings.reduce(0) { $0 + $1.count } >= occasion.storm.count || threads.count >= settings.grouping.limit.count
    }
}

extension Incident {
    /// Whether it may page beyond the budget of a night: a critical one of what all apps share.
    fileprivate var mayExceed: Bool { severity == .critical && subject.kind.concernsAll }
}
