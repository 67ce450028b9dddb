import Cycle
import Engine
import Guard
import Model
import Policy
import Signals

/// One rule on one subject: where it stands, on what values, and what keeps it from more.
public struct RuleExplanation {
    public let rule: Rule
    public let subject: Subject
    public let at: Timestamp
    public let source: String
    public let notes: [String]
    /// When the newest answer came that its readings are made of, of the endpoints that this rule asks; nil: at that moment.
    /// A rate or an average is of the time before.
    public let answered: Timestamp?
    /// Whether nothing was decided by this rule yet.
    public let isOfDraft: Bool
    /// What decides: `when`, and of what fires or is ending what it goes on while. Nil: the readings do not hold the subject.
    public let condition: Explanation?
    /// Whose explanation `condition` is.
    public let judged: CompiledCondition
    public let standing: Standing?
    /// Its incident, while that is remembered.
    public let incident: Incident?
    /// The incident of the rule that keeps this one quiet.
    public let cause: Incident?
    public let policy: EffectivePolicy
    public let mode: Mode
    public let maxGap: TimeSpan
    /// Whose clocks the rule goes by, and what labels it asks for, with their places.
    private let around: [(key: String, value: String, origin: String)]
    /// How much more must be watched until a function over the past has a value, by series.
    private var wanting: [String: TimeSpan] = [:]
    /// What is not known of the past, by series, where that is not of the time up to now.
    private var lacks: [String: String] = [:]
    /// Why pages of metrics say nothing, by series.
    private var lacksOfPages: [String: [MissingReason: String]] = [:]

    /// - Parameter isOpen: whether its incident is known to be open, whatever the readings kept last make of it.
    public init(_ rule: Rule, _ subject: Subject, _ tick: TickResult, _ situation: Situation, isOpen: Bool = false) {
        self.rule = rule
        self.subject = subject
        at = tick.now
        source = situation.source
        notes = situation.notes
        let (pipeline, readings) = (situation.pipeline, tick.readings)
        let row = readings.view(of: subject)
        let made = tick.outcome.standings.first { $0.rule == rule.name && $0.subject == subject }
        let hasFired = isOpen || made?.phase == .firing || made?.phase == .clearing
        (judged, condition) = RuleExplanation.deciding(rule, row, hasFired: hasFired)
        let endpoints = judged.endpoints
        let answered = situation.answered[subject.runtime].flatMap { newest in
            endpoints.compactMap { newest[$0] }.max().flatMap { $0 < tick.now ? $0 : nil }
        }
        self.answered = answered
        isOfDraft = situation.isOfDraft
        for (_, series) in judged.readings {
            // A window ends now, and less than the fifth that it needs is in what was kept last.
            let isAfter = answered.map { at in series.window.map { (tick.now - at).milliseconds * 5 > $0.milliseconds * 4 } ?? false }
            lacks[series.description] =
                isAfter == true ? "little of this window is in the readings kept last: they are kept once a minute" : series.lackOfData
        }
        if let row, row.kind != .replica {
            for (slot, series) in judged.readings {
                wanting[series.description] = readings.wanting(row.appRow, slot)
            }
        }
        for (_, series) in rule.when.readings {
            guard let query = series.metric else { continue }
            let replica = series.scope == .runtime ? nil : subject.replica
            let signals = pipeline.signals[subject.runtime]
            for reason in [MissingReason.notTracked, .malformed, .ambiguous, .noTraffic] {
                lacksOfPages[series.description, default: [:]][reason] = signals?.lack(of: query, reason, of: replica)
            }
        }
        var standing = made
        // What is newer than the readings was decided by others than a draft.
        if answered != nil, !isOfDraft, let decided = situation.decided, !decided.isInProgress(rule.name, subject) { standing = nil }
        self.standing = standing
        incident = standing?.incident.flatMap { pipeline.engine.incident($0) }
        let open = pipeline.engine.openIncidents(of: subject.runtime)
        cause = standing?.suppressedBy.flatMap { name in open.first { $0.rule == name } }
        policy = subject.app.map { pipeline.policies.policy(for: $0) } ?? pipeline.policies.defaultPolicy
        around = RuleExplanation.around(rule, policy, pipeline, subject)
        mode = min(pipeline.settings.mode, policy.mode)
        maxGap = standing?.maxGap ?? rule.maxGap ?? Rule.leastMaxGap
    }

    /// The condition that decides, as the engine does: of what has fired either keeps it open, and only both end it.
    private static func deciding(
        _ rule: Rule, _ row: TableRow?, hasFired: Bool
    ) -> (judged: CompiledCondition, condition: Explanation?) {
        guard let row else { return (rule.when, nil) }
        let when = rule.when.explain(row)
        guard hasFired, let keeps = rule.keeps, when.truth != .yes else { return (rule.when, when) }
        let goesOn = keeps.explain(row)
        // What is not known of `when` keeps it from ending.
        if goesOn.truth == .no, when.truth != .no { return (rule.when, when) }
        return (keeps, goesOn)
    }

    /// Whether `condition` is what it goes on while, and not what it begins by.
    public var isWhile: Bool { condition != nil && rule.keeps != nil && !judged.text.isSame(as: rule.when.text) }

    /// What a rule goes by that is nobody's reading.
    private static func around(
        _ rule: Rule, _ policy: EffectivePolicy, _ pipeline: Pipeline, _ subject: Subject
    ) -> [(key: String, value: String, origin: String)] {
        let conditions = [rule.when] + (rule.keeps.map { [$0] } ?? [])
        var rows: [(key: String, value: String, origin: String)] = []
        if conditions.contains(where: \.readsClock) { rows.append(("timezone", pipeline.settings.telling.zone.name, "configuration")) }
        let runtime = pipeline.labels(of: subject.runtime)
        for name in Set(conditions.flatMap { $0.labels.map(\.test.name) }).inByteOrder() {
            if let own = policy.labels.first(where: { $0.name.isSame(as: name) }) {
                rows.append(("label(\(name))", own.value, own.origin.description))
            } else if let value = runtime[name] {
                rows.append(("label(\(name))", value, "configuration"))
            }
        }
        return rows
    }

    // MARK: - What keeps it from more

    public var phase: Phase { standing?.phase ?? .inactive }

    /// `true for 3m20s of 5m`; nil when no timer runs.
    public var timer: String? {
        guard let standing else { return nil }
        switch standing.phase {
        case .inactive: return nil
        case .pending: return "true for \((standing.observed - standing.since).brief) of \(rule.hold)"
        case .firing: return "true since \(standing.since)"
        case .clearing: return "not true any more; resolves when known false for \(rule.clearAfter)"
        }
    }

    /// Why it does not fire, in the order in which to look; empty when it does.
    public var reasons: [String] {
        guard let condition else { return ["nothing was seen of \(subject) within the last day"] }
        var reasons: [String] = []
        if let suppressor = standing?.suppressedBy {
            reasons.append(
                "it is kept quiet by \(suppressor)" + (cause.map { " (incident \($0.id), open since \($0.openedAt))" } ?? ""))
        }
        if phase == .firing { return reasons }
        switch condition.truth {
        case .yes:
            if phase == .pending, rule.hold > .zero { reasons.append("it has been " + (timer ?? "true for too short a time")) }
            if phase != .pending, let answered {
                reasons.append("it was true by the readings kept last, none newer than \(answered), and is \(phase.rawValue) by newer ones")
            }
        case .no:
            let terms = condition.terms.filter { $0.isDecisive && $0.isAgainst }.map(RuleExplanation.words)
            reasons.append((isWhile ? "what it goes on while is false: " : "its condition is false: ") + terms.joined(separator: "; "))
        case .unknown, .noTraffic:
            let gaps =
                missing.map { "\($0.series) is missing (\($0.reason): \(why($0)))" }
                + condition.lackedLabels.map {
                    "label(\($0)) is missing (\(subject.app == nil ? "the runtime has none" : "neither the app nor its runtime has one"))"
                }
            reasons.append((isWhile ? "what it goes on while is unknown: " : "its condition is unknown: ") + gaps.joined(separator: "; "))
            let wrong = condition.terms.filter(\.isAgainst).map(RuleExplanation.words)
            if !wrong.isEmpty { reasons.append("and these are against it: " + wrong.joined(separator: "; ")) }
        }
        return reasons
    }

    /// A term that is against its condition. Under a `not` that is one that is true.
    private static func words(_ term: Explanation.Term) -> String { term.fact ?? (term.isNegated ? "\(term.text) is true" : term.text) }

    /// Why a reading is missing, and how much more watching it needs where that is what it lacks.
    public func why(_ gap: (series: String, reason: MissingReason)) -> String {
        if let lack = lacksOfPages[gap.series]?[gap.reason] { return lack }
        if gap.reason == .tooLittleData, let lack = lacks[gap.series] { return lack }
        let words = gap.reason.explanation(of: subject.kind.watched)
        guard let more = wanting[gap.series] else { return words }
        let isOfBusy = gap.series.hasPrefix("baseline(") || gap.series.hasPrefix("mad(")
        return "\(words): needs \(more) more of watching" + (isOfBusy ? " while something happens" : "")
    }

    public var missing: [(series: String, reason: MissingReason)] {
        condition?.readings.compactMap { reading in reading.evidence.reason.map { (reading.series, $0) } } ?? []
    }

    /// Each action that the rule asks for, and what the guard last said to it on this incident.
    public var actions: [(action: JSON, needsApproval: Bool, decisions: [ActionDecision])] {
        rule.actions.map { action in
            var newest: [ActionDecision] = []
            for decision in incident?.decisions ?? [] where decision.key.kind == action.kind {
                newest.removeAll { $0.key == decision.key }
                newest.append(decision)
            }
            return (action.json, action.needsApproval, newest)
        }
    }

    /// Values of the rule and thresholds that it uses, with their places.
    public var values: [(key: String, value: String, origin: String)] {
        func text(_ value: JSON) -> String {
            // Of an action its name; the whole of it stands above.
            if let items = value.array { return items.map(text).joined(separator: ", ") }
            return value.string ?? value.object.flatMap { $0.first { _ in true }?.key } ?? value.serialized()
        }
        let keys = ["for", "dips", "clear_after", "max_gap", "severity", "actions", "require_approval", "suppressed_by"]
        var rows = rule.fields.filter { keys.contains($0.key) }.map {
            (key: $0.key, value: text($0.value), origin: $0.origin?.description ?? "default")
        }
        var names = rule.when.thresholds + (rule.keeps?.thresholds ?? [])
        for case .lease(let request) in rule.actions { names += request.onlyIf?.thresholds ?? [] }
        for threshold in policy.thresholds where names.contains(threshold.name) {
            rows.append(("$" + threshold.name, threshold.text, threshold.origin.description))
        }
        rows += around
        rows.append(("mode", mode.rawValue, mode == policy.mode ? policy.modeOrigin?.description ?? "default" : "configuration"))
        rows.append(
            (
                "allowed_actions", policy.allowedActions.map(\.rawValue).joined(separator: ", "),
                policy.allowedActionsOrigin?.description ?? "default"
            ))
        return rows
    }
}

// MARK: - As a document

extension RuleExplanation {
    public var document: OutputDocument {
        let members: JSONObject = [
            "rule": .string(rule.name), "kind": .string(subject.kind.rawValue),
            "runtime": .string(subject.runtime), "subject": .string(subject.idText), "at": .string("\(at)"),
            "source": .string(source), "answered_at": .string((answered ?? at).description),
            "notes": .array(notes.map(JSON.string)), "phase": .string(phase.rawValue), "timer": .optional(timer),
            "truth": .optional(condition.map { "\($0.truth)" }), "condition": .string(judged.text),
            "with_values": .optional(condition?.withValues),
            "terms": .array(
                (condition?.terms ?? []).map { ["text": .string($0.text), "truth": .string("\($0.truth)")] }),
            "missing": .array(
                missing.map {
                    ["series": .string($0.series), "reason": .string("\($0.reason)"), "text": .string(why($0))]
                }),
            "reasons": .array(reasons.map(JSON.string)), "suppressed_by": .optional(standing?.suppressedBy),
            "suppressing_incident": .optional(cause?.id), "incident": .optional(incident?.id),
            "max_gap": .string(maxGap.description), "origin": .string(judged.origin.description),
            "actions": .array(
                actions.map {
                    [
                        "action": $0.action, "needs_approval": .bool($0.needsApproval),
                        "decisions": .array($0.decisions.map(\.document)),
                    ]
                }),
            "values": .array(
                values.map { ["key": .string($0.key), "value": .string($0.value), "from": .string($0.origin)] }),
        ]
        return OutputDocument(.explanation, members)
    }

    /// An incident with how its rule stands now: `incidents explain -o json`.
    /// - Parameter explanation: nil where that cannot be said any more.
    public static func document(of incident: Incident, now explanation: RuleExplanation?) -> OutputDocument {
        OutputDocument(.incidentExplanation, ["incident": incident.document, "now": explanation?.document.json ?? .null])
    }
}
