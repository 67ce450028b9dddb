import Model
import YAML

/// A value of a file, with the file's reporter: what is wrong with it is said where it stands.
struct Sourced {
    let node: YAMLNode
    let reporter: Reporter

    var origin: Origin { Origin(file: reporter.source.file, line: node.start.line) }
}

/// One policy file, read but not yet merged.
struct PolicySheet {
    /// Nil: the default policy.
    let app: AppID?
    let file: String
    let reporter: Reporter
    /// `extends: builtin`: the built-in policy holds below this one.
    var extendsBuiltIn = false
    /// A file of rules: thresholds and rules that are laid over the default policy.
    var isRulesOnly = false
    var mode: (value: Mode, origin: Origin, node: YAMLNode)?
    var window: (value: TimeSpan, origin: Origin)?
    var missingAfter: (value: TimeSpan, origin: Origin)?
    var clearAfter: (value: TimeSpan, origin: Origin)?
    var stalledAfter: (value: TimeSpan, origin: Origin)?
    var allowedActions: (value: [ActionKind], origin: Origin)?
    /// A threshold with its place.
    typealias Written = (threshold: Threshold, key: YAMLNode, value: YAMLNode, reporter: Reporter)

    var thresholds: [Written] = []
    /// Of the app that it is for.
    var labels: [AppLabel] = []
    /// Named in the file, with a value that was reported.
    var faultyThresholds: Set<String> = []
    var rules: [RuleSheet] = []
}

/// The keys of one rule as one file writes them.
struct RuleSheet {
    let name: String
    let place: Sourced
    var fields: [(key: String, value: Sourced)]

    static let keys = [
        "subject", "when", "while", "for", "polls", "dips", "clear_after", "max_gap", "severity", "summary", "description", "next_steps",
        "actions",
        "require_approval", "suggest", "playbook", "suppresses", "suppressed_by", "labels", "enabled",
    ]

    /// What other monitors call the same.
    static let meant = [
        "condition": "when", "conditions": "when", "expr": "when", "expression": "when", "if": "when", "query": "when", "trigger": "when",
        "where": "when", "alert": "when", "duration": "for", "hold": "for", "pending": "for", "wait": "for", "after": "for",
        "keep_firing_for": "clear_after", "cooldown": "clear_after", "resolve_after": "clear_after", "level": "severity",
        "priority": "severity", "message": "summary", "title": "summary", "msg": "summary", "annotations": "summary", "text": "summary",
        "details": "description", "runbook": "playbook", "runbook_url": "playbook", "steps": "next_steps", "action": "actions",
        "do": "actions", "then": "actions", "notify": "actions", "target": "subject", "scope": "subject", "kind": "subject",
        "on": "subject",
        "tags": "labels", "disabled": "enabled", "active": "enabled", "inhibits": "suppresses", "approval": "require_approval",
        "until": "while", "advice": "suggest",
    ]

    subscript(key: String) -> Sourced? { fields.first { $0.key == key }?.value }

    /// This rule with the keys of an app's version put over it, one by one.
    func overlaid(with other: RuleSheet) -> RuleSheet {
        let kept = fields.filter { field in other[field.key] == nil }
        return RuleSheet(name: name, place: place, fields: kept + other.fields)
    }
}

/// Reads one policy file.
struct PolicySheetReader {
    static let schema = "mozaiks.ops/policy/v1"
    let reporter: Reporter

    /// Nil when the file is not a policy at all; what is wrong with single values is reported and left out.
    /// - Parameter isRulesOnly: it is a file of rules, `ops_rules.NAME.yaml`.
    func read(_ root: YAMLNode, expected app: AppID?, isRulesOnly: Bool = false) -> PolicySheet? {
        guard let fields = Fields(root, "a policy", reporter) else { return nil }
        schema(fields)
        identity(fields, expected: app)
        var sheet = PolicySheet(app: app, file: reporter.source.file, reporter: reporter)
        sheet.isRulesOnly = isRulesOnly
        if isRulesOnly {
            for key in PolicySheetReader.wholeKeys {
                guard let entry = fields.entry(key) else { continue }
                reporter.report(
                    "default-only", "'\(key)' stands in \(PolicyFileName.defaultFile) only", at: entry.key,
                    hint: "a file of rules holds 'thresholds' and 'rules'")
            }
            thresholds(fields, &sheet)
            sheet.rules = rules(fields)
            fields.finish()
            return sheet
        }
        sheet.extendsBuiltIn = extends(fields, app)
        if let node = fields.node("mode"), let mode: Mode = reporter.choice(node, "mode") {
            sheet.mode = (mode, origin(node), node)
        }
        // What holds for the runtime as a whole stands once.
        let second = TimeSpan.seconds(1)
        if app == nil {
            sheet.window = span(fields, "window", second...ConditionCompiler.longestWindow)
            sheet.missingAfter = span(fields, "missing_after", second...TimeSpan.hours(24))
            sheet.clearAfter = span(fields, "clear_after", .zero...TimeSpan.hours(24))
            sheet.stalledAfter = span(fields, "stalled_after", second...TimeSpan.hours(24))
        } else {
            for key in ["window", "missing_after", "clear_after", "stalled_after"] {
                guard let entry = fields.entry(key) else { continue }
                reporter.report("default-only", "'\(key)' stands in the default policy only", at: entry.key)
            }
        }
        thresholds(fields, &sheet)
        sheet.labels = labels(fields, app)
        sheet.allowedActions = allowedActions(fields)
        sheet.rules = rules(fields)
        fields.finish()
        return sheet
    }

    /// What a file of rules does not hold.
    private static let wholeKeys = ["extends", "mode", "window", "missing_after", "clear_after", "stalled_after", "allowed_actions"]

    private func extends(_ fields: Fields, _ app: AppID?) -> Bool {
        guard let entry = fields.entry("extends") else { return false }
        guard app == nil else {
            reporter.report(
                "default-only", "'extends' stands in the default policy only", at: entry.key,
                hint: "an app's policy always overrides the default one")
            return false
        }
        if entry.value.text == nil {
            reporter.report("type", "'extends' must be text, not \(entry.value.kind)", at: entry.value, hint: "write 'extends: builtin'")
            return false
        }
        guard let text = reporter.string(entry.value, "'extends'") else { return false }
        guard text == "builtin" else {
            reporter.report(
                "value", "extends cannot be '\(text)'", at: entry.value, hint: "write 'extends: builtin', the policy that is built in")
            return false
        }
        return true
    }

    private func origin(_ node: YAMLNode) -> Origin { Origin(file: reporter.source.file, line: node.start.line) }

    private func schema(_ fields: Fields) {
        guard let node = fields.required("schema"), let text = reporter.string(node, "schema") else { return }
        guard text == PolicySheetReader.schema else {
            reporter.report(
                "schema", "schema '\(text)' is not known", at: node, hint: "write '\(PolicySheetReader.schema)'")
            return
        }
    }

    /// `ops_policy` must say the same as the file's name.
    private func identity(_ fields: Fields, expected: AppID?) {
        guard let node = fields.required("ops_policy") else { return }
        let written: AppID?
        if node.entries != nil {
            guard let inner = Fields(node, "'ops_policy'", reporter) else { return }
            guard let app = inner.required("app"), let text = reporter.string(app, "the app's id") else { return }
            inner.finish()
            written = AppID(text)
        } else {
            guard let text = reporter.string(node, "ops_policy") else { return }
            written = text == "default" ? nil : AppID(text)
        }
        guard written != expected else { return }
        reporter.report(
            "file-name", "the file's name says \(describe(expected)), this says \(describe(written))", at: node,
            hint: "name the file '\(PolicyFileName.name(for: written))'")
    }

    private func describe(_ app: AppID?) -> String { app.map { "app '\($0)'" } ?? "the default policy" }

    private func span(_ fields: Fields, _ key: String, _ range: ClosedRange<TimeSpan>) -> (
        value: TimeSpan, origin: Origin
    )? {
        fields.node(key).flatMap { node in reporter.span(node, key, in: range).map { ($0, origin(node)) } }
    }

    private func thresholds(_ fields: Fields, _ sheet: inout PolicySheet) {
        guard let node = fields.node("thresholds"), let inner = Fields(node, "'thresholds'", reporter) else { return }
        for entry in inner.all() {
            if let threshold = threshold(entry) {
                sheet.thresholds.append((threshold, entry.key, entry.value, reporter))
            } else {
                sheet.faultyThresholds.insert(entry.name)
            }
        }
    }

    private func threshold(_ entry: YAMLNode.Entry) -> Threshold? {
        guard isThresholdName(entry.name) else {
            reporter.report(
                "name", "'\(entry.name)' cannot name a threshold", at: entry.key,
                hint: "lower-case letters, digits and '_', a letter first")
            return nil
        }
        guard let text = reporter.string(entry.value, "the threshold '\(entry.name)'") else { return nil }
        guard let quantity = Quantity(text) else {
            reporter.report(
                "quantity", "'\(text)' is not a number with a unit", at: entry.value,
                hint: QuantitySpelling.hint(text) ?? "such as 40%, 200, 1.5s, 10/min, 3 USD/h")
            return nil
        }
        return Threshold(
            name: entry.name, value: quantity.value, unit: quantity.unit, text: text, origin: origin(entry.value))
    }

    private func isThresholdName(_ name: String) -> Bool {
        guard let first = name.utf8.first, (97...122).contains(first) else { return false }
        return name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
    }

    private func labels(_ fields: Fields, _ app: AppID?) -> [AppLabel] {
        guard let entry = fields.entry("labels") else { return [] }
        guard app != nil else {
            reporter.report(
                "app-only", "'labels' stand in an app's own policy", at: entry.key,
                hint: "those of a runtime stand in the configuration, at the runtime; those of incidents at a rule")
            return []
        }
        guard let inner = Fields(entry.value, "'labels'", reporter) else { return [] }
        return inner.all().compactMap { entry in
            reporter.string(entry.value, "a label").map { AppLabel(name: entry.name, value: $0, origin: origin(entry.value)) }
        }
    }

    private func allowedActions(_ fields: Fields) -> (value: [ActionKind], origin: Origin)? {
        guard let node = fields.node("allowed_actions"), let items = reporter.list(node, "'allowed_actions'") else {
            return nil
        }
        let kinds = items.compactMap { item -> ActionKind? in reporter.choice(item, "an allowed action") }
        // Nothing silences people: a message is always allowed.
        return (ActionKind.allCases.filter { $0 == .notify || kinds.contains($0) }, origin(node))
    }

    private func rules(_ fields: Fields) -> [RuleSheet] {
        guard let node = fields.node("rules"), let inner = Fields(node, "'rules'", reporter) else { return [] }
        return inner.all().compactMap { entry in
            guard isRuleName(entry.name) else {
                reporter.report(
                    "name", "'\(entry.name)' cannot name a rule", at: entry.key,
                    hint: "lower-case letters, digits and '-', a letter first, at most 64")
                return nil
            }
            let place = Sourced(node: entry.key, reporter: reporter)
            guard let rule = Fields(entry.value, "a rule", reporter, place: entry.key.start) else { return nil }
            let fields = RuleSheet.keys.compactMap { key in
                rule.node(key).map { (key: key, value: Sourced(node: $0, reporter: reporter)) }
            }
            rule.finish(meant: RuleSheet.meant)
            return RuleSheet(name: entry.name, place: place, fields: fields)
        }
    }

    private func isRuleName(_ name: String) -> Bool {
        guard let first = name.utf8.first, (97...122).contains(first), name.utf8.count <= 64 else { return false }
        return name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 95 }
    }
}

extension Reporter {
    /// A length of time within a range.
    /// - Parameter words: what may stand in its place, for hints.
    public func span(_ node: YAMLNode, _ what: String, in range: ClosedRange<TimeSpan>, or words: [String] = []) -> TimeSpan? {
        guard let text = node.text, let span = TimeSpan(text) else {
            let hint = node.text.flatMap(SpanSpelling.hint)
            // What is longer than any length of time, and a length that is spelled strangely and out of range as well: the hint
            // would lead into the next error.
            let spelled = hint.map { $0.split(separator: "'") }.flatMap { $0.count == 2 ? String($0[1]) : nil }
            let isTooLong = node.text.map(SpanSpelling.isTooLong) == true
            if isTooLong || spelled.map({ TimeSpan($0).map { $0 > range.upperBound } != false }) == true {
                report("range", "'\(what)' must be at most \(range.upperBound)", at: node, hint: "write '\(range.upperBound)', or less")
            } else if let spelled = spelled.flatMap({ TimeSpan($0) }), spelled < range.lowerBound {
                report("range", "'\(what)' must be at least \(range.lowerBound)", at: node, hint: "write '\(range.lowerBound)', or more")
            } else {
                report(
                    "type", "'\(what)' must be a length of time", at: node,
                    hint: Nearest.name(to: node.text ?? "", among: words).map { "did you mean '\($0)'?" } ?? hint
                        ?? "such as 30s, 5m, 1h30m")
            }
            return nil
        }
        guard range.contains(span) else {
            let limit = span < range.lowerBound ? "at least \(range.lowerBound)" : "at most \(range.upperBound)"
            report("range", "'\(what)' must be \(limit)", at: node)
            return nil
        }
        return span
    }
}
