import Engine
import Model

extension TellingState {
    /// Decides who is told what of one tick, and remembers it.
    ///
    /// Pure: what comes out follows from the occasion, the settings, the incidents and the state alone.
    public mutating func tell(
        _ occasion: Occasion, _ settings: TellingSettings, _ source: some IncidentSource
    ) -> Tidings {
        // Taken out while it changes, so that there is one owner and nothing is copied.
        var round = Round(state: self, settings: settings, source: source, occasion: occasion)
        self = TellingState()
        round.run()
        self = round.state
        return round.tidings
    }
}

/// One tick's telling, step by step. Each step is a file of its own.
struct Round<Source: IncidentSource> {
    var state: TellingState
    let settings: TellingSettings
    let source: Source
    let occasion: Occasion
    var tidings = Tidings()
    /// Incidents that opened, or opened again, at this tick.
    var fresh: [String] = []
    /// Why a channel hears of an incident, by incident and channel: of those routed at this tick.
    var reasons: [String: [String: String]] = [:]
    /// By incident, the channels to which its opening was told at this tick as a message of its own, which holds everything.
    var toldNow: [String: Set<String>] = [:]
    /// The weightiest incident of a digest that ended at this tick.
    var endedNow: [String: Incident] = [:]

    init(state: TellingState, settings: TellingSettings, source: Source, occasion: Occasion) {
        self.state = state
        self.settings = settings
        self.source = source
        self.occasion = occasion
    }

    var now: Timestamp { occasion.now }

    mutating func run() {
        takeChanges()
        tendSilences()
        route()
        tellOpenings()
        tellNews()
        endAcknowledgements()
        tellDigests()
        remind()
    }

    // MARK: - What began and ended

    private mutating func takeChanges() {
        for change in occasion.changes {
            let incident = change.incident
            switch change.kind {
            case .opened, .reopened:
                state.entries[incident.id] = TellingState.Entry(runtime: occasion.runtime, severity: incident.severity)
                fresh.append(incident.id)
            case .updated: break
            case .resolved:
                guard let entry = state.entries.removeValue(forKey: incident.id) else { continue }
                end(incident, entry)
            }
        }
    }

    /// Everybody who heard of the opening hears of the end, whatever routes and silences say by now.
    private mutating func end(_ incident: Incident, _ entry: TellingState.Entry) {
        var recipients = entry.heard.filter(\.value.isOwn).mapValues { _ in "it heard of the opening" }
        // What waited for company goes out with its end: the outbox makes one message of the two.
        if !entry.waiting.isEmpty {
            let waiting = entry.waiting.mapValues { _ in "it was waiting to be told with others" }
            say(.opened, incident, to: waiting)
            recipients.merge(waiting) { own, _ in own }
        }
        for id in entry.heard.values.compactMap(\.digest) where state.digests[id] != nil {
            state.digests[id]?.close(incident)
            if endedNow[id].map({ Round.isWeightier(incident, than: $0) }) ?? true { endedNow[id] = incident }
        }
        if !recipients.isEmpty || entry.isAnnounced { say(.resolved, incident, to: recipients) }
    }

    /// The worse first, then the older, then by id.
    static func isWeightier(_ a: Incident, than b: Incident) -> Bool {
        if a.severity != b.severity { return a.severity > b.severity }
        return a.openedAt != b.openedAt ? a.openedAt < b.openedAt : a.id < b.id
    }

    // MARK: - Saying

    /// - Parameters:
    ///   - recipients: the reason by channel.
    ///   - environment: of a digest, the one that it began with, by which services know it again; nil: of the tick at hand.
    mutating func say(
        _ event: Message.Event, _ incident: Incident, to recipients: [String: String], news: Message.News? = nil,
        digest: Digest? = nil, environment: String? = nil
    ) {
        let message = Message(
            event: event, incident: incident, environment: environment ?? occasion.environment,
            mode: source.mode(incident), at: now, news: news, digest: digest)
        let ordered = order(Array(recipients.keys)).map { channel in
            // Of the keys themselves.
            Told.Recipient(channel: channel, reason: recipients[channel] ?? "")
        }
        tidings.messages.append(Told(message: message, recipients: ordered))
    }

    /// In the order of the configuration; others by their bytes, last.
    func order(_ channels: [String]) -> [String] {
        let known = settings.channels.map(\.name)
        let others = channels.filter { !known.contains($0) }
            .inByteOrder()
        return known.filter(channels.contains) + others
    }

    mutating func note(_ kind: HandlingNote.Kind, by: String, _ text: String, on incident: String) {
        tidings.notes.append(
            Tidings.Note(incident: incident, note: HandlingNote(at: now, kind: kind, by: by, text: text)))
    }

    /// Open incidents of the runtime at hand, sorted.
    var ownEntries: [String] {
        state.entries.filter { $0.value.runtime == occasion.runtime }.keys
            .inByteOrder()
    }

    /// An incident that is open now.
    func open(_ id: String) -> Incident? {
        source.incident(id).flatMap { $0.resolvedAt == nil ? $0 : nil }
    }
}
