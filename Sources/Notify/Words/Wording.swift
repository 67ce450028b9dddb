import Digest
import Model
import Policy

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
    /// Who notes on an incident of which users and workflows its app's open runs are.
    public static let weigher = "perf"
    /// Who notes on an incident which replicas do not answer, and when they last did.
    public static let listener = "health"

    /// What the channel words otherwise.
    let template: MessageTemplate

    public init(_ message: Message, _ template: MessageTemplate = MessageTemplate()) {
        self.message = message
        self.template = template
        stories = ActionStory.all(of: message.incident, at: message.at)
    }

    var incident: Incident { message.incident }
    /// By the clocks of the channel's readers.
    var moments: Moments { Moments(zone: template.zone, message: message.at) }
    /// Nil for a message about one incident.
    var digest: Model.Digest? { message.digest }
    var isResolved: Bool { message.event == .resolved }

    // MARK: - What and where

    /// Longest headline, in scalars: what a phone shows without cutting.
    static let headlineLimit = 80

    /// `Warning: noisy-neighbor, app-clinic on shared`; `Resolved after 25m: …`; `[staging] Critical, again: …`; of
    /// several `Critical: storm of 34 incidents, 12 still open`
    public var headline: String {
        if let own = ownHeadline { return own }
        let start = "\(environmentMark)\(state): "
        if let digest { return start + topic(of: digest) }
        return start + topic(Wording.headlineLimit - start.unicodeScalars.count)
    }

    /// `[staging] `; empty in production.
    var environmentMark: String { isProduction ? "" : "[\(Shown.shortened(Shown.id(message.environment), 12))] " }

    /// `noisy-neighbor, app-clinic on shared` in about `limit` scalars.
    func topic(_ limit: Int) -> String {
        let room = limit - 2
        let whole = place.plain
        // Both whole if they fit; else the rule has its say, and the place at least a quarter of the line.
        let ofRule = max(min(28, max(14, room - 20)), room - whole.unicodeScalars.count)
        let rule = Shown.shortened(Shown.id(incident.rule), ofRule)
        return "\(rule), " + shortPlace(room - rule.unicodeScalars.count)
    }

    var isProduction: Bool { message.environment.isSame(as: "production") }

    var severity: String { incident.severity.rawValue.capitalizedFirst }

    /// How it stands, or why somebody is told again: `Warning, action taken`.
    var state: String {
        switch message.event {
        case .drill: return "Drill, nothing to do"
        case .opened: return message.isReopening ? "\(severity), again" : severity
        case .updated: return digest == nil ? "\(severity), \(occasion)" : "\(severity), update"
        case .resolved:
            // Only evidence resolves; a rule or target that is gone merely closes.
            let verb = isRemoved || isOvertaken ? "Closed" : "Resolved"
            return duration.map { "\(verb) after \($0)" } ?? verb
        }
    }

    /// Resolved because the rule or its target is gone, not by evidence.
    var isRemoved: Bool {
        isResolved && digest == nil && incident.resolveReason.map { $0.isSame(as: "removed") } == true
    }

    /// Over while a rule holds that tells the same as something else: whether it is over itself is not known.
    var isOvertaken: Bool {
        isResolved && digest == nil && incident.resolveReason.map { $0.isSame(as: "overtaken") } == true
    }

    /// The ids in at most `room` scalars: the second name gets what it needs up to a third, the first the rest.
    func shortPlace(_ room: Int) -> String {
        func pair(_ first: String, _ link: String, _ second: String) -> String {
            let available = max(12, room - link.unicodeScalars.count)
            let first = Shown.id(first)
            let second = Shown.id(second)
            let ofSecond = max(available / 3, available - first.unicodeScalars.count)
            let shownSecond = Shown.shortened(second, max(5, ofSecond))
            return Shown.shortened(first, max(7, available - shownSecond.unicodeScalars.count)) + link + shownSecond
        }
        let subject = incident.subject
        guard let link = subject.kind.link else {
            return "\(subject.kind.rawValue) " + Shown.shortened(Shown.id(subject.idText), max(8, room - 8))
        }
        // Which workflow of whom: where that is there is room for in the message.
        if let workflow = subject.workflow, let app = subject.app { return pair(workflow.text, " of ", app.text) }
        return pair(subject.idText, " \(link) ", subject.runtime)
    }

    /// Whom it is about, with ids to copy.
    public var place: Phrase { Wording.place(incident.subject) }

    static func place(_ subject: Subject) -> Phrase {
        guard let link = subject.kind.link else { return "\(subject.kind.rawValue) \(code: subject.idText)" }
        if let workflow = subject.workflow, let app = subject.app {
            return "workflow \(code: workflow.text) of app \(code: app.text) \(link) runtime \(code: subject.runtime)"
        }
        return "\(subject.kind.rawValue) \(code: subject.idText) \(link) runtime \(code: subject.runtime)"
    }

    /// The rule's sentence; the rule's name where it has none. It speaks of now, so it is denied once it is over. Of several
    /// incidents, why they are told together.
    public var what: Phrase {
        if let digest { return what(of: digest) }
        if message.event != .drill, let text = template.what { return filled(text) }
        let said = incident.summary.isEmpty ? "The rule \(incident.rule) holds." : incident.summary
        return Phrase(words: isResolved ? (isRemoved || isOvertaken ? "It was: " : "No longer: ") + said : said)
    }

    /// The whole message in one line, for lock screens, notifications and clients that show nothing else.
    public var oneLine: String {
        // Of the opening: in an update it would be read as today's.
        let measure =
            isResolved || message.event == .updated || digest != nil || template.what != nil
            ? nil : ConditionText.measure(condition).map { " (\($0))" }
        var what = what.plain
        if let measure, what.hasSuffix(".") { what = what.dropLast() + measure + "." } else { what += measure ?? "" }
        return "\(headline). \(what)"
    }

    // MARK: - Since when

    /// Times and what else is a matter of one line: `Since`, `09:00:05 UTC on 2026-11-21`.
    public var facts: [(name: String, value: Phrase)] {
        if let digest { return facts(of: digest) }
        var facts: [(name: String, value: Phrase)] = [("Where", place), ("Since", Phrase(words: full(incident.since)))]
        if let end = incident.heldUntil, isResolved { facts.append(("Until", Phrase(words: full(end)))) }
        if incident.flaps > 0 {
            let last = incident.transitions.last { $0.to == .firing && $0.from != .clearing }
            let times = incident.flaps == 1 ? "once" : "\(incident.flaps) times"
            facts.append(("Reopened", Phrase(words: last.map { "\(times), last at \(moments.second($0.at))" } ?? times)))
        }
        if let weight = incident.handling.last(where: { $0.kind == .note && $0.by == Wording.weigher }), !isResolved {
            facts.append(("Runs", Phrase(words: Shown.line(weight.text))))
        }
        if let silence = incident.handling.last(where: { $0.kind == .note && $0.by == Wording.listener }), !isResolved {
            facts.append(("Answer", Phrase(words: moments.readable(Shown.line(silence.text)))))
        }
        if let seen = incident.acknowledged, !isResolved {
            let end = seen.until.map { " until \(moments.minute($0))" } ?? ""
            let comment = seen.comment.isEmpty ? "" : ": \(Shown.line(seen.comment))"
            facts.append(("Acknowledged", "by \(code: seen.by)\(end)\(comment)"))
        }
        return facts
    }

    /// Always with its day: a message may arrive long after it was written.
    func full(_ moment: Timestamp) -> String { moments.full(moment) }

    /// How long it was, for a resolution.
    public var duration: String? {
        if let digest { return isResolved ? duration(of: digest) : nil }
        return incident.lasted?.brief
    }

    // MARK: - The condition

    /// The condition with its values, as of the opening or, for a resolution, of the end. One line a clause.
    /// Empty when it ended for another reason than its condition.
    public var conditionLines: [String] {
        guard !isRemoved else { return [] }
        let lines = ConditionText.lines(condition)
        return (lines.isEmpty ? ConditionText.lines(incident.condition) : lines) + [figuresNow].compactMap { $0 }
    }

    /// What the condition goes by as it was last seen, with the time of that: `at 09:14:02 UTC: active_runs.share 47%`. Nil
    /// unless the message is told later than the condition's own figures are of.
    private var figuresNow: String? {
        guard message.event == .updated, digest == nil, let newest = incident.evidence.compactMap({ $0.points.last?.at }).max(),
            transition.map({ newest > $0.at }) ?? false
        else { return nil }
        let figures = incident.evidence.prefix(8).compactMap { series in
            series.points.last.map { "\(Shown.line(series.series)) \(Figure.text($0.evidence, series.unit))" }
        }
        return "at \(moments.second(newest)): \(figures.joined(separator: ", "))"
    }

    /// `true for 5m`; why it ended, for a resolution.
    public var conditionReason: String {
        let reason = Shown.line(transition?.reason ?? incident.resolveReason ?? "")
        if isRemoved { return "\(reason), so nothing is known of the condition any more" }
        guard reason.hasPrefix("condition "), !isResolved else { return reason }
        let rest = String(reason.dropFirst(10))
        // Later nobody should read the opening's figures as today's.
        return message.news == nil ? rest : "when it opened, \(rest)"
    }

    private var transition: Transition? {
        let last = incident.transitions.last
        return isResolved ? last : incident.transitions.last { $0.to == .firing } ?? last
    }

    var condition: String { transition?.condition ?? incident.condition }

    // MARK: - What to do

    /// The rule's next steps, its suggestions as sentences, and its playbook. None for a resolution.
    public var nextSteps: [Phrase] {
        guard !isResolved else { return [] }
        if digest != nil { return stepsOfDigest }
        var steps =
            incident.nextSteps.map(Phrase.init(words:))
            + Suggestion.lines(of: incident).map(Phrase.init(words:))
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
        if let text = template.footer { return filled(text) }
        if let digest { return footer(of: digest) }
        let playbook = incident.playbook.map { " · playbook \(Shown.id($0))" } ?? ""
        return Phrase(
            words: "\(Shown.id(message.environment)) · mode \(message.mode.rawValue) · rule at \(origin)\(playbook)")
    }

    /// Without the folder: people know where their policies are.
    var origin: String {
        let file = incident.origin.file.split(separator: "/").last.map(String.init) ?? incident.origin.file
        return "\(Shown.id(file)):\(incident.origin.line)"
    }

    /// Where the whole story can be looked at; nil where nobody said where the page is. By the whole id: a message may be opened in a
    /// month, when others begin as the short one does. Opening it changes nothing.
    var link: String? {
        template.page.map { page in
            message.event == .drill || digest != nil ? page + "/" : page + "/incidents/" + PercentEncoding.url(incident.id)
        }
    }

    /// What to run for the whole story; it names the incident by its short id.
    public var more: String {
        // A drill is nobody's incident: there is nothing to show of it.
        if message.event == .drill { return "mozaiks-ops notify history" }
        if digest != nil { return "mozaiks-ops incidents list" + (isResolved ? "" : " --status open") }
        return showing
    }

    /// What to run for the story of the incident, or of the weightiest of them.
    var showing: String { "mozaiks-ops incidents show \(ShortID.of(incident.id))" }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
