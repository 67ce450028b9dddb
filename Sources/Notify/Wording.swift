import Model

/// The sentences of a message, the same for every channel. Deterministic; no markup; text from outside made safe to show.
///
/// They are read on a phone at three in the morning: the headline says how bad, what and where; below stand what is
/// known, what was done, what to do and how to undo.
public struct Wording: Sendable {
    /// Lines under a heading.
    public struct Section: Hashable, Sendable {
        public let heading: String
        public let lines: [Phrase]
    }

    public let message: Message
    let stories: [ActionStory]

    public init(_ message: Message) {
        self.message = message
        stories = ActionStory.all(of: message.incident, at: message.at)
    }

    var incident: Incident { message.incident }
    var isResolved: Bool { message.event == .resolved }

    // MARK: - What and where

    /// Longest headline, in scalars: what a phone shows without cutting.
    static let headlineLimit = 80

    /// `Warning: noisy-neighbor, app-clinic on shared`; `Resolved after 25m: …`; `[staging] Critical, again: …`
    public var headline: String {
        let start = "\(environmentMark)\(state): "
        return start + topic(Wording.headlineLimit - start.unicodeScalars.count)
    }

    /// `[staging] `; empty in production.
    var environmentMark: String { isProduction ? "" : "[\(Shown.shortened(Shown.id(message.environment), 16))] " }

    /// `noisy-neighbor, app-clinic on shared` in about `limit` scalars.
    func topic(_ limit: Int) -> String {
        let room = limit - 2
        let whole = place.plain
        // Both whole if they fit; else the rule has its say, and the place at least a quarter of the line.
        let ofRule = max(min(28, max(14, room - 20)), room - whole.unicodeScalars.count)
        let rule = Shown.shortened(Shown.id(incident.rule), ofRule)
        return "\(rule), " + shortPlace(room - rule.unicodeScalars.count)
    }

    private var isProduction: Bool { message.environment.utf8.elementsEqual("production".utf8) }

    var severity: String { incident.severity.rawValue.capitalizedFirst }

    /// How it stands, or why somebody is told again: `Warning, action taken`.
    var state: String {
        switch message.event {
        case .drill: return "Drill, nothing to do"
        case .opened: return incident.flaps > 0 ? "\(severity), again" : severity
        case .updated: return "\(severity), \(news)"
        case .resolved:
            // Only evidence resolves; a rule or target that is gone merely closes.
            let verb = isRemoved ? "Closed" : "Resolved"
            return duration.map { "\(verb) after \($0)" } ?? verb
        }
    }

    /// Resolved because the rule or its target is gone, not by evidence.
    var isRemoved: Bool { isResolved && incident.resolveReason.map { $0.utf8.elementsEqual("removed".utf8) } == true }

    /// Whether this message is told because nothing more happens until a person does something.
    var asksForPerson: Bool {
        message.event == .updated
            && incident.decisions.contains { $0.at == message.at && $0.verdict.isForPerson }
    }

    /// Why somebody is told again.
    private var news: String {
        let newest = incident.decisions.filter { $0.at == message.at }
        if asksForPerson { return "needs a person" }
        let acts = newest.filter { $0.verdict == .act }
        guard let act = acts.first else { return "update" }
        let isExtension = incident.decisions.contains { $0.at < act.at && $0.verdict == .act && $0.key == act.key }
        return isExtension ? "action extended" : "action taken"
    }

    /// The ids in at most `room` scalars: the second name gets what it needs up to a third, the first the rest.
    private func shortPlace(_ room: Int) -> String {
        func pair(_ first: String, _ link: String, _ second: String) -> String {
            let available = max(12, room - link.unicodeScalars.count)
            let first = Shown.id(first)
            let second = Shown.id(second)
            let ofSecond = max(available / 3, available - first.unicodeScalars.count)
            let shownSecond = Shown.shortened(second, max(5, ofSecond))
            return Shown.shortened(first, max(7, available - shownSecond.unicodeScalars.count)) + link + shownSecond
        }
        switch incident.subject {
        case .runtime(let name): return "runtime " + Shown.shortened(Shown.id(name), max(8, room - 8))
        case .app(let app, let runtime): return pair(app.text, " on ", runtime)
        case .replica(let url, let runtime): return pair(url, " of ", runtime)
        }
    }

    /// Whom it is about, with ids to copy.
    public var place: Phrase {
        switch incident.subject {
        case .runtime(let name): "runtime \(code: name)"
        case .app(let app, let runtime): "app \(code: app.text) on runtime \(code: runtime)"
        case .replica(let url, let runtime): "replica \(code: url) of runtime \(code: runtime)"
        }
    }

    /// The rule's sentence; the rule's name where it has none.
    public var what: Phrase {
        Phrase(words: incident.summary.isEmpty ? "The rule \(incident.rule) holds." : incident.summary)
    }

    /// The whole message in one line, for lock screens, notifications and clients that show nothing else.
    public var oneLine: String {
        let measure = isResolved ? nil : ConditionText.measure(condition).map { " (\($0))" }
        var what = what.plain
        if let measure, what.hasSuffix(".") { what = what.dropLast() + measure + "." } else { what += measure ?? "" }
        return "\(headline). \(what)"
    }

    // MARK: - Since when

    /// Times and what else is a matter of one line: `Since`, `09:00:05 UTC on 2026-11-21`.
    public var facts: [(name: String, value: Phrase)] {
        var facts: [(name: String, value: Phrase)] = [("Where", place), ("Since", Phrase(words: full(incident.since)))]
        if let resolved = incident.resolvedAt, isResolved { facts.append(("Until", Phrase(words: full(resolved)))) }
        if incident.flaps > 0 {
            let last = incident.transitions.last { $0.to == .firing && $0.from != .clearing }
            let times = incident.flaps == 1 ? "once" : "\(incident.flaps) times"
            facts.append(("Reopened", Phrase(words: last.map { "\(times), last at \($0.at.clock) UTC" } ?? times)))
        }
        if let seen = incident.acknowledged, !isResolved {
            let end = seen.until.map { " until \($0.minuteText(seenFrom: message.at))" } ?? ""
            facts.append(("Acknowledged", "by \(code: seen.by)\(end)"))
        }
        return facts
    }

    /// Always with its day: a message may arrive long after it was written.
    private func full(_ moment: Timestamp) -> String { "\(moment.clock) UTC on \(moment.day)" }

    /// How long it was, for a resolution.
    public var duration: String? { incident.resolvedAt.map { max($0 - incident.since, .zero).brief } }

    // MARK: - The condition

    /// The condition with its values, as of the opening or, for a resolution, of the end. One line a clause.
    /// Empty when it ended for another reason than its condition.
    public var conditionLines: [String] {
        guard !isRemoved else { return [] }
        let lines = ConditionText.lines(condition)
        return lines.isEmpty ? ConditionText.lines(incident.condition) : lines
    }

    /// `true for 5m`; why it ended, for a resolution.
    public var conditionReason: String {
        let reason = Shown.line(transition?.reason ?? incident.resolveReason ?? "")
        if isRemoved { return "\(reason), so nothing is known of the condition any more" }
        return reason.hasPrefix("condition ") && !isResolved ? String(reason.dropFirst(10)) : reason
    }

    private var transition: Transition? {
        let last = incident.transitions.last
        return isResolved ? last : incident.transitions.last { $0.to == .firing } ?? last
    }

    private var condition: String { transition?.condition ?? incident.condition }

    // MARK: - What to do

    /// The rule's next steps, its suggestions as sentences, and its playbook. None for a resolution.
    public var nextSteps: [Phrase] {
        guard !isResolved else { return [] }
        var steps = incident.nextSteps.map(Phrase.init(words:))
            + incident.suggestions.map { Phrase(words: "Consider: \(String($0.map { $0 == "_" ? " " : $0 })).") }
        if let playbook {
            // Channels show the first eight.
            steps.insert("How to confirm, what is safe, how to undo: \(command: playbook)", at: min(steps.count, 7))
        }
        return steps
    }

    /// What to run to read the rule's playbook; nil when it names none.
    public var playbook: String? { incident.playbook.map { "mozaiks-ops playbooks show \(Shown.id($0))" } }

    // MARK: - Where it comes from

    /// `production · mode enforce · rule at ops_policy.default.yaml:12 · playbook noisy-neighbor`
    public var footer: Phrase {
        let playbook = incident.playbook.map { " · playbook \(Shown.id($0))" } ?? ""
        return Phrase(
            words: "\(Shown.id(message.environment)) · mode \(message.mode.rawValue) · rule at \(origin)\(playbook)")
    }

    /// Without the folder: people know where their policies are.
    private var origin: String {
        let file = incident.origin.file.split(separator: "/").last.map(String.init) ?? incident.origin.file
        return "\(Shown.id(file)):\(incident.origin.line)"
    }

    /// What to run for the whole story; it names the incident's id.
    public var more: String { "mozaiks-ops incidents show \(Shown.id(incident.id))" }
}

extension Verdict {
    /// Whether nothing more happens until a person does something.
    fileprivate var isForPerson: Bool {
        switch self {
        case .needsApproval: true
        case .refused(let refusal): refusal.step == .maxLease
        case .act, .wouldHave, .alreadyInForce: false
        }
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
