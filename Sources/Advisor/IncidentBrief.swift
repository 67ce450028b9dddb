import Model
import Playbooks

/// What a model is told of an incident: a document that is built field by field from an allow list, with names in the
/// place of ids. What is not written here is not sent: no label, no note, no error text, no refusal's words, no summary.
public struct IncidentBrief: Sendable {
    public let document: JSON
    public let pseudonyms: Pseudonyms
    /// The ids that an answer may choose from, sorted.
    public let playbooks: [String]
    /// Actions that are in force or were: only of these may a text say that they were done.
    public let done: Set<ActionKind>
    /// Names that a text may say whole, whatever words they are made of: the rule's and the pages'.
    let said: [String]

    /// The most values of one series; the newest stay.
    static let pointLimit = 12
    static let seriesLimit = 8
    static let decisionLimit = 8
    static let playbookLimit = 60

    /// - Parameters:
    ///   - beside: what is known besides what the rule compares.
    ///   - now: lengths of time are counted up to here.
    public init(_ incident: Incident, beside: ReadingsBeside? = nil, playbooks: PlaybookSet, now: Timestamp) {
        var pseudonyms = Pseudonyms()
        // All names first, so that texts of the operator are searched for every id that there is.
        let subject = IncidentBrief.subject(incident.subject, &pseudonyms)
        let decisions = incident.decisions.suffix(IncidentBrief.decisionLimit)
        let actions = decisions.map { IncidentBrief.decision($0, now, &pseudonyms) }
        let known = pseudonyms
        let pages = playbooks.playbooks.filter { known.scrubbed($0.id) == $0.id }.prefix(IncidentBrief.playbookLimit)
        document = [
            "incident": .object(IncidentBrief.identity(incident, subject, now, known)),
            "evidence": .array(IncidentBrief.evidence(incident, known) + IncidentBrief.further(beside, than: incident, now, known)),
            "decisions": .array(actions),
            "suggestions": .strings(incident.suggestions.map { known.scrubbed(Plain.word($0)) }),
            "playbooks": .array(
                pages.map { page in
                    [
                        "id": .string(page.id), "title": .string(known.scrubbed(Plain.text(page.title, 160))),
                        "when": .string(known.scrubbed(Plain.text(page.when, 300))),
                    ]
                }),
        ]
        self.pseudonyms = pseudonyms
        self.playbooks = pages.map(\.id)
        said = ([Plain.word(incident.rule)] + pages.map(\.id)).sorted { $0.utf8.count > $1.utf8.count }
        done = Set(decisions.filter { $0.verdict.isDone }.map(\.key.kind))
    }

    /// The kind and the names; of a kind that this page does not know only the kind.
    private static func subject(_ subject: Subject, _ pseudonyms: inout Pseudonyms) -> JSON {
        var object: JSONObject = ["kind": .string(subject.kind.rawValue)]
        if let app = subject.app { object.append("app", .string(pseudonyms.name(.app, app.bytes))) }
        if let pack = subject.workflow { object.append("workflow", .string(pseudonyms.name(.workflow, pack.bytes))) }
        if let url = subject.replica { object.append("replica", .string(pseudonyms.name(.replica, url))) }
        object.append("runtime", .string(pseudonyms.name(.runtime, subject.runtime)))
        return .object(object)
    }

    private static func identity(
        _ incident: Incident, _ subject: JSON, _ now: Timestamp, _ pseudonyms: Pseudonyms
    ) -> JSONObject {
        var object: JSONObject = [
            "rule": .string(pseudonyms.scrubbed(Plain.word(incident.rule))),
            "severity": .string(incident.severity.rawValue),
            "status": .string(incident.status.rawValue), "subject": subject,
            "condition": .string(ConditionVocabulary.cleaned(incident.condition, pseudonyms)),
        ]
        if let fired = incident.transitions.last(where: { $0.to == .firing }) {
            object.append(
                "condition_with_values", .string(ConditionVocabulary.cleaned(fired.condition, pseudonyms)))
        }
        object.append("true_for_s", seconds(now - incident.since))
        object.append("open_for_s", seconds(now - incident.openedAt))
        object.append("times_reopened", .int(Int64(incident.flaps)))
        return object
    }

    // MARK: Evidence

    private static func evidence(_ incident: Incident, _ pseudonyms: Pseudonyms) -> [JSON] {
        let sampled = incident.evidence.prefix(seriesLimit).map { series($0, pseudonyms) }
        let compared = incident.transitions.last { $0.to == .firing }?.readings ?? []
        let others = compared.filter { reading in !incident.evidence.contains { $0.series == reading.series } }
        return sampled
            + others.prefix(seriesLimit - sampled.count).map { reading in
                .object(head(reading.series, reading.unit, reading.evidence, pseudonyms))
            }
    }

    /// What the rule does not compare, with how long ago it was read: not when the incident opened, as the rest.
    private static func further(
        _ beside: ReadingsBeside?, than incident: Incident, _ now: Timestamp, _ pseudonyms: Pseudonyms
    ) -> [JSON] {
        let compared = (incident.transitions.last { $0.to == .firing }?.readings ?? []).map(\.series) + incident.evidence.map(\.series)
        return (beside?.readings ?? []).filter { reading in !compared.contains { $0.isSame(as: reading.series) } }.map { reading in
            var object = head(reading.series, reading.unit, reading.evidence, pseudonyms)
            if let beside { object.append("read_s_ago", seconds(now - beside.at)) }
            return .object(object)
        }
    }

    private static func series(_ series: EvidenceSeries, _ pseudonyms: Pseudonyms) -> JSON {
        let points = series.points.suffix(pointLimit)
        guard let last = points.last else {
            return .object(head(series.series, series.unit, .missing(.tooLittleData), pseudonyms))
        }
        var object = head(series.series, series.unit, last.evidence, pseudonyms)
        if points.count > 1, let first = points.first {
            object.append("recent", .array(points.map { figure($0.evidence) }))
            object.append("recent_span_s", seconds(last.at - first.at))
        }
        return .object(object)
    }

    private static func head(_ name: String, _ unit: Unit, _ newest: Evidence, _ pseudonyms: Pseudonyms) -> JSONObject {
        let name = ConditionVocabulary.series(name, pseudonyms)
        var object: JSONObject = ["series": .string(name)]
        if let meaning = ConditionVocabulary.meaning(name) { object.append("meaning", .string(meaning)) }
        object.append("unit", .string(unit.word))
        object.append("latest", figure(newest))
        if let reason = newest.reason { object.append("missing", .string(reason.name)) }
        return object
    }

    /// Four digits that count are more than a text needs.
    private static func figure(_ evidence: Evidence) -> JSON {
        guard let value = evidence.value, value.isFinite, value.magnitude < 1e15 else {
            return evidence.value == nil ? .null : "infinite"
        }
        if value == value.rounded() { return .int(Int64(value)) }
        var scale = 1.0
        while value.magnitude * scale < 1_000, scale < 1e9 { scale *= 10 }
        return .double((value * scale).rounded() / scale)
    }

    private static func seconds(_ span: TimeSpan) -> JSON { .int(max(0, span.milliseconds / 1_000)) }

    // MARK: Decisions

    private static func decision(_ decision: ActionDecision, _ now: Timestamp, _ pseudonyms: inout Pseudonyms) -> JSON {
        var object: JSONObject = [
            "action": .string(decision.key.kind.rawValue),
            "app": .string(pseudonyms.name(.app, decision.key.app.bytes)),
        ]
        if let pack = decision.key.pack { object.append("workflow", .string(pseudonyms.name(.workflow, pack.bytes))) }
        if let limits = decision.effect.limits { object.append("limits", limits.document) }
        object.append("for_s", seconds(decision.ttl))
        object.append("decided_s_ago", seconds(now - decision.at))
        object.append("verdict", .string(decision.verdict.name))
        if let step = decision.verdict.step { object.append("because", .string(step.words)) }
        if let lease = decision.lease { object.append("lease", .string(pseudonyms.name(.lease, lease))) }
        return .object(object)
    }
}

/// Texts of the operator's own files, as far as they are sent: one line of plain characters.
enum Plain {
    /// A name such as a rule's: `[A-Za-z0-9._-]`, at most 64 bytes; what else stands in it becomes `-`.
    static func word(_ text: String) -> String {
        String(decoding: text.utf8.prefix(64).map { isWord($0) ? $0 : UInt8(ascii: "-") }, as: UTF8.self)
    }

    /// Printable ASCII on one line, cut at `limit` characters.
    static func text(_ text: String, _ limit: Int) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit).map { $0.isPrintableASCII ? $0 : " " }))
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, 45, 46, 95: true
        default: false
        }
    }
}

extension Unicode.Scalar {
    var isPrintableASCII: Bool { value >= 0x20 && value < 0x7F }
}

extension Unit {
    /// What it counts, as the document says it: `%`, `s`, `/min`, `USD/h`, `runs`.
    fileprivate var word: String {
        guard isCount else { return String(suffix.drop { $0 == " " }) }
        return "\(self)"
    }
}

extension Verdict {
    fileprivate var isDone: Bool {
        if case .act = self { true } else { false }
    }

    fileprivate var name: String {
        switch self {
        case .act: "done"
        case .wouldHave: "would have been done, but the mode is observe"
        case .wouldAsk: "a person would be asked, but the mode is observe"
        case .needsApproval: "waits for a person's approval"
        case .refused: "held back"
        case .alreadyInForce: "in force already"
        }
    }

    fileprivate var step: Refusal.Step? {
        switch self {
        case .wouldAsk(let refusal), .needsApproval(let refusal), .refused(let refusal): refusal.step
        case .act, .wouldHave, .alreadyInForce: nil
        }
    }
}

extension Refusal.Step {
    /// The refusal in words of the program's own: its text names apps and people.
    fileprivate var words: String { Refusal.Step.sentences[rawValue] ?? "the guard refused it" }

    /// A step that is not here is told in general words.
    private static let sentences: [String: String] = [
        "kill_switch": "actions are stopped, or it is not known whether they are",
        "not_allowed": "the policy does not allow it",
        "protected": "the app is protected",
        "only_active_app": "it is the only active app of the runtime",
        "evidence": "evidence is missing or old",
        "other_fault": "the runtime has or had a fault of another kind, from which it may follow",
        "only_if": "the condition for the action is not known to be true",
        "already_in_force": "it is in force already",
        "cooldown": "the app had such an action a short while ago",
        "budget": "the budget of actions is used up",
        "blast_radius": "too large a part of the apps is under action already",
        "storm": "many incidents opened at once",
        "flap": "it has come back too often within a day",
        "max_lease": "it lasted as long as is allowed",
        "quiet_period": "the runtime restarted or was deployed a short while ago",
        "floor": "it is below the lowest limit allowed",
        "approval": "the policy asks for a person's approval",
        "mode": "the mode does not allow it",
        "no_adapter": "nothing is configured that could do it",
    ]
}
