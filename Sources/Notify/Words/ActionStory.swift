import Model

/// Words of notes on leases that messages go by.
public enum LeaseNotes {
    /// How a note begins that says the gate is asked about an app, by a proxy or the runtime's extension.
    public static let asked = "the gate is asked about"
    /// As an earlier version wrote it.
    static let askedBefore = "a proxy asks the gate about"

    static func saysAsked(_ text: String) -> Bool { text.hasPrefix(asked) || text.hasPrefix(askedBefore) }
}

/// Whether anything was seen to hold an app to a lease.
public enum LeaseSight: String, Sendable {
    /// At an adapter, or at the gate and it is asked about this app.
    case enforced
    /// At the gate, and neither a proxy nor the extension has asked it about this app since.
    case unasked = "not_asked"
    /// Decided; where it is to land has not said yet that it has.
    case decided

    /// What the notes on an incident say of where its lease is in force. Of an earlier version's incident nothing is noted;
    /// that was in force for all that is known.
    public init(lease: String, in handling: [HandlingNote]) {
        var found: LeaseSight?
        for note in handling where note.text.contains(bytesOf: lease) {
            switch note.kind {
            case .leaseInForce, .leaseExtended:
                if note.by.isSame(as: "gate") {
                    found = found ?? .unasked
                } else if note.by.isSame(as: "engine") {
                    found = found ?? .decided
                } else {
                    found = .enforced
                }
            case .note: if LeaseNotes.saysAsked(note.text) { found = .enforced }
            default: break
            }
        }
        self = found ?? .enforced
    }

    static let nobodyAsked = "neither a proxy nor the extension has asked it about"

    /// What is to be said of it besides; nil where the deed is one.
    public func remark(_ app: AppID) -> String? { remark("\(app) since it began, so nothing holds it back") }

    /// The same where there is room for a few words; what it comes to, and not why.
    public var brief: String? {
        switch self {
        case .enforced: nil
        case .unasked: "nobody is held to it"
        case .decided: "not seen in force yet"
        }
    }

    /// The same of several of which nothing else differs than the app.
    public var remarkOfSeveral: String? { remark("any of them since they began, so nothing holds them back") }

    private func remark(_ whom: String) -> String? {
        switch self {
        case .enforced: nil
        case .unasked: "in force at the gate; \(Self.nobodyAsked) \(whom)"
        case .decided: "decided; not seen in force yet"
        }
    }
}

/// What became of one thing that an incident wanted done: all its decisions on one lease key, told as one.
struct ActionStory: Sendable {
    /// Why an action that was offered is offered anew: the id that people have seen counts no more.
    enum LastOffer: Sendable {
        case unanswered
        /// Somebody said yes, and the guard did not act on it.
        case notDone
    }

    /// How it stands at the time of the message.
    enum Standing: Sendable, Equatable {
        /// In force; `until` is its end as decided so far.
        case inForce(lease: String, from: Timestamp, until: Timestamp, extensions: Int)
        case over(lease: String, from: Timestamp)
        /// Decided, but the place where it should land refused it.
        case notLanded(lease: String)
        case none
    }

    let app: AppID
    let effect: Effect
    let ttl: TimeSpan
    let standing: Standing
    let sight: LeaseSight
    /// The id to approve it by; nil where nothing waits.
    let approval: String?
    /// When what waits can be approved no more; nil where nothing waits, or that is not known.
    let offerEnds: Timestamp?
    /// What became of the offer before the one that waits; nil where none was right before it.
    let lastOffer: LastOffer?
    /// The newest verdict.
    let verdict: Verdict
    /// Whether the newest decision was about a lease that was there already.
    let isAboutLease: Bool
    /// Who approved it; nil for what needed no approval.
    let approvedBy: String?

    /// One story a key, in the order of the first decisions.
    static func all(of incident: Incident, at moment: Timestamp) -> [ActionStory] {
        var order: [LeaseKey] = []
        var byKey: [LeaseKey: [ActionDecision]] = [:]
        for decision in incident.decisions {
            if byKey[decision.key] == nil { order.append(decision.key) }
            byKey[decision.key, default: []].append(decision)
        }
        return order.compactMap { key in
            byKey[key].flatMap { ActionStory($0, incident.handling, at: moment) }
        }
    }

    /// Nil for no decisions.
    private init?(_ decisions: [ActionDecision], _ handling: [HandlingNote], at moment: Timestamp) {
        guard let newest = decisions.last else { return nil }
        app = newest.key.app
        effect = newest.effect
        ttl = newest.ttl
        verdict = newest.verdict
        approvedBy = decisions.last { $0.verdict == .act }?.approvedBy
        // What was decided on an approval carries its id, too; it waits no more.
        if case .needsApproval = newest.verdict {
            (approval, offerEnds) = (newest.approval, newest.until)
        } else {
            (approval, offerEnds) = (nil, nil)
        }
        lastOffer = ActionStory.lastOffer(decisions)
        isAboutLease = newest.lease != nil
        standing = ActionStory.standing(decisions, handling, at: moment)
        sight = decisions.last { $0.verdict == .act }?.lease.map { LeaseSight(lease: $0, in: handling) } ?? .enforced
    }

    /// The newest lease counts. It began with its first decision; each later one put its end off, by its ttl where it does
    /// not say to when.
    private static func standing(
        _ decisions: [ActionDecision], _ handling: [HandlingNote], at moment: Timestamp
    ) -> Standing {
        guard let lease = decisions.last(where: { $0.verdict == .act })?.lease else { return .none }
        let acts = decisions.filter { $0.verdict == .act && ids($0.lease ?? "", lease) }
        guard let first = acts.first else { return .none }
        let until = acts.last?.until ?? acts.dropFirst().reduce(first.at + first.ttl) { $0 + $1.ttl }
        func isNoted(_ kind: HandlingNote.Kind) -> Bool {
            handling.contains { $0.kind == kind && $0.text.contains(bytesOf: lease) }
        }
        if isNoted(.leaseRefused) { return .notLanded(lease: lease) }
        if isNoted(.leaseEnded) || until <= moment { return .over(lease: lease, from: first.at) }
        return .inForce(lease: lease, from: first.at, until: until, extensions: acts.count - 1)
    }

    /// Where the newest decision offers anew what the one before it was about.
    private static func lastOffer(_ decisions: [ActionDecision]) -> LastOffer? {
        guard let newest = decisions.last, let before = decisions.dropLast().last, case .needsApproval = newest.verdict,
            let new = newest.approval, let old = before.approval, !ids(new, old)
        else { return nil }
        switch before.verdict {
        case .needsApproval: return .unanswered
        case .refused: return .notDone
        case .act, .wouldHave, .wouldAsk, .alreadyInForce: return nil
        }
    }

    private static func ids(_ a: String, _ b: String) -> Bool { a.isSame(as: b) }
}

extension ActionStory {
    /// `Throttle app-a to 2 runs at once`
    var order: Phrase {
        switch effect {
        case .throttle(let limits): "Throttle \(code: app.text) to \(limits.words)"
        case .pause: "Pause new runs of \(code: app.text)"
        case .disablePack(let pack): "Disable workflow \(code: pack.text) of \(code: app.text)"
        }
    }

    /// `Throttled app-a to 2 runs at once`; where nothing was seen to do so, what is in force: `Throttle of app-a to 2 runs at
    /// once, in force at the gate; neither a proxy nor the extension has asked it about app-a since it began`.
    /// - Parameter time: from when until when, put behind the deed.
    func told(_ time: Phrase) -> Phrase {
        switch sight {
        case .enforced: "\(deed)\(time)"
        case .unasked: "\(thing)\(time): in force at the gate; \(LeaseSight.nobodyAsked) \(code: app.text) since it began"
        case .decided: "\(thing)\(time): decided; not seen in force yet"
        }
    }

    /// `Throttle of app-a to 2 runs at once`
    private var thing: Phrase {
        switch effect {
        case .throttle(let limits): "Throttle of \(code: app.text) to \(limits.words)"
        case .pause: "Pause of new runs of \(code: app.text)"
        case .disablePack(let pack): "Stop of workflow \(code: pack.text) of \(code: app.text)"
        }
    }

    private var deed: Phrase {
        switch effect {
        case .throttle(let limits): "Throttled \(code: app.text) to \(limits.words)"
        case .pause: "Paused new runs of \(code: app.text)"
        case .disablePack(let pack): "Disabled workflow \(code: pack.text) of \(code: app.text)"
        }
    }

    /// `app-a stays throttled to 2 runs at once`
    var state: Phrase {
        switch sight {
        case .enforced: break
        case .unasked: return "\(thing), in force at the gate though \(LeaseSight.nobodyAsked) \(code: app.text), stays"
        case .decided: return "\(thing), decided and not seen in force, stays"
        }
        return switch effect {
        case .throttle(let limits): "\(code: app.text) stays throttled to \(limits.words)"
        case .pause: "New runs of \(code: app.text) stay paused"
        case .disablePack(let pack): "Workflow \(code: pack.text) of \(code: app.text) stays disabled"
        }
    }
}

extension Limits {
    /// `2 runs at once and 10 starts a minute`
    var words: String {
        var parts: [String] = []
        if let runs = concurrentWorkflows { parts.append("\(runs) run\(runs == 1 ? "" : "s") at once") }
        if let starts = requestsPerMinute { parts.append("\(starts) start\(starts == 1 ? "" : "s") a minute") }
        return parts.joined(separator: " and ")
    }
}
