import Model

/// Channel by channel: whether an incident would be told there now, why or why not, and what it heard so far.
public struct RoutingExplanation: Hashable, Sendable {
    public struct Line: Hashable, Sendable {
        public let channel: String
        /// Whether an opening at this moment would go there.
        public let isSent: Bool
        public let reason: String
        /// What it heard of this incident, in words; nil where it heard nothing.
        public let heard: String?
    }

    public let routing: Routing
    /// One for each configured channel, then channels that heard and are no longer configured.
    public let lines: [Line]
}

extension TellingState {
    /// The same decisions as `tell` makes, in words. The incident need not be open.
    public func explain(
        _ incident: Incident, _ occasion: Occasion, _ settings: TellingSettings, _ source: some IncidentSource
    ) -> RoutingExplanation {
        let now = occasion.now
        let routing = Routing(
            incident, named: source.named(incident), environment: occasion.environment, now: now, settings: settings)
        let holder = holder(of: incident, environment: occasion.environment, settings, now)
        let entry = entries[incident.id]
        var lines = zip(settings.channels, routing.decisions).map { channel, decision in
            var (isSent, reason) = (decision.isSent, decision.reason)
            if isSent, let holder {
                (isSent, reason) = (false, "held back by \(holder.text)")
            } else if isSent, let since = entry?.waiting[channel.name] {
                reason += "; waits until \(since + settings.grouping.wait) for others to be told with"
            } else if isSent {
                reason += limits(channel, incident, occasion, settings)
            }
            return RoutingExplanation.Line(
                channel: channel.name, isSent: isSent, reason: reason,
                heard: entry?.heard[channel.name].map { words($0, entry, settings) })
        }
        let gone = (entry?.heard ?? [:]).filter { heard in !settings.channels.contains { $0.name == heard.key } }
        for (channel, heard) in gone.inByteOrder(of: \.key) {
            lines.append(
                RoutingExplanation.Line(
                    channel: channel, isSent: false, reason: "it is not configured any more; the end still goes there",
                    heard: words(heard, entry, settings)))
        }
        return RoutingExplanation(routing: routing, lines: lines)
    }

    /// What an opening would meet on a channel now: `; 2 of 5 pages of this night are used`.
    private func limits(
        _ channel: TellingSettings.Channel, _ incident: Incident, _ occasion: Occasion, _ settings: TellingSettings
    ) -> String {
        let now = occasion.now
        var text = ""
        let ledger = ledgers[channel.name] ?? Ledger()
        let recent = ledger.openings.filter { now - $0.at < occasion.storm.span }.reduce(0) { $0 + $1.count }
        let threads = ledger.threads.filter { now - $0 < settings.grouping.limit.span }.count
        if recent >= occasion.storm.count {
            text += "; \(recent) opened there within \(occasion.storm.span): what opens now is told together"
        } else if threads >= settings.grouping.limit.count {
            text += "; \(threads) began there within \(settings.grouping.limit.span): what opens now is told together"
        }
        if channel.pages, let budget = settings.pageBudget, let night = budget.hours.began(now, in: settings.zone) {
            let used = ledger.night == night ? ledger.pages : 0
            text += "; \(used) of \(budget.pages) pages of this night (\(budget.hours)) are used"
            if used >= budget.pages {
                let isExempt = incident.severity == .critical && incident.subject.app == nil
                let wakes = isExempt && !(ledger.night == night && ledger.paged.contains(incident.fingerprint))
                text += wakes ? ", and a critical runtime pages beyond them" : ": what opens now goes into a digest"
            }
        }
        return text
    }

    private func words(_ heard: Heard, _ entry: Entry?, _ settings: TellingSettings) -> String {
        var text = heard.isOwn ? "told" : ""
        if let id = heard.digest {
            text += heard.isOwn ? ", and in \(id)" : "told with others in \(id)"
            if let digest = digests[id] { text += " (\(digest.reason.words))" }
        }
        text += ", last at \(heard.toldAt)"
        if heard.reminders > 0 { text += ", reminded \(heard.reminders) time\(heard.reminders == 1 ? "" : "s")" }
        guard heard.isOwn, let entry, entry.silencedBy == nil, entry.acknowledgedUntil == nil,
            let first = settings.reminders[entry.severity]
        else { return text }
        return text + ", again at \(heard.toldAt + TellingSettings.pause(first, after: heard.reminders))"
    }
}
