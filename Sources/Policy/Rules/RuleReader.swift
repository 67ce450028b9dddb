import Model
import YAML

/// Turns a rule's keys, already merged, into a rule. What is wrong is reported where each value stands.
struct RuleReader {
    let sheet: RuleSheet
    let policy: PolicyFrame

    /// What rules share.
    struct PolicyFrame {
        let window: TimeSpan
        let missingAfter: TimeSpan
        let clearAfter: TimeSpan
        let thresholds: [String: Threshold]
        /// Thresholds whose values were reported already.
        let faultyThresholds: Set<String>
        /// How often the runtime is asked, where that is known.
        let interval: TimeSpan?
        /// `suppresses` and `suppressed_by` of all rules, both ways.
        let suppression: Suppression
    }

    private static let longest = TimeSpan.hours(24 * 7)
    private static let polls = 1...100

    /// Nil when something was reported that keeps the rule from standing.
    func read(demand: inout DemandTable, usedThresholds: inout Set<String>) -> Rule? {
        // Everything is read before anything is given up, so that all faults are found at once.
        let subject = subject()
        let severity = severity()
        let hold = hold()
        let (clearAfter, maxGap, dips) = (span("clear_after"), span("max_gap"), span("dips"))
        let (summary, details, playbook) = (text("summary"), text("description"), text("playbook"))
        let (nextSteps, suggestions) = (texts("next_steps"), texts("suggest"))
        let labels = labels()
        guard let subject else { return nil }
        checkTexts(subject)
        let when = condition("when", subject, &demand, &usedThresholds)
        let keeps = sheet["while"] == nil ? nil : condition("while", subject, &demand, &usedThresholds)
        let polls = sheet["polls"].map { $0.reporter.int($0.node, "'polls'", in: RuleReader.polls) ?? 1 } ?? 1
        let actions = actions(subject, &demand, &usedThresholds)
        guard let severity, let when, keeps != nil || sheet["while"] == nil else { return nil }
        let rule = Rule(
            name: sheet.name, origin: sheet.place.origin, subject: subject, when: when, keeps: keeps, hold: hold,
            leastPolls: polls, dips: dips ?? .zero,
            clearAfter: clearAfter ?? policy.clearAfter, maxGap: maxGap, severity: severity,
            summary: summary ?? sheet.name.split(separator: "-").joined(separator: " "), details: details,
            nextSteps: nextSteps, actions: actions, suggestions: suggestions, playbook: playbook, labels: labels,
            suppresses: policy.suppression.victims(of: sheet.name),
            suppressedBy: policy.suppression.causes(of: sheet.name), fields: [])
        return rule.with(fields: RuleFields.list(of: rule, from: sheet))
    }

    /// A rule that says nothing of actions tells people.
    private func actions(
        _ subject: SubjectKind, _ demand: inout DemandTable, _ usedThresholds: inout Set<String>
    ) -> [RuleAction] {
        var actions: [RuleAction] = sheet["actions"] == nil ? [.notify(channels: [])] : []
        for (key, needsApproval) in [("actions", false), ("require_approval", true)] {
            guard let source = sheet[key] else { continue }
            var reader = ActionReader(
                reporter: source.reporter, subject: subject, policy: policy, needsApproval: needsApproval,
                demand: demand)
            actions += reader.read(source.node, key, after: actions)
            demand = reader.demand
            usedThresholds.formUnion(reader.usedThresholds)
        }
        return actions
    }

    private func subject() -> SubjectKind? {
        guard let source = sheet["subject"] else {
            sheet.place.reporter.report("missing-key", "the rule '\(sheet.name)' needs 'subject'", at: sheet.place.node)
            return nil
        }
        return source.reporter.choice(source.node, "subject", meant: RuleReader.subjects)
    }

    private func severity() -> Severity? {
        guard let source = sheet["severity"] else {
            sheet.place.reporter.report(
                "missing-key", "the rule '\(sheet.name)' needs 'severity'", at: sheet.place.node)
            return nil
        }
        return source.reporter.choice(source.node, "severity", meant: RuleReader.severities)
    }

    /// What subjects and severities are called elsewhere.
    private static let subjects: [String: SubjectKind] = [
        "tenant": .app, "tenants": .app, "customer": .app, "application": .app, "user": .app, "chat": .app, "client": .app,
        "account": .app, "workspace": .app, "pack": .workflow, "packs": .workflow, "workflows": .workflow, "flow": .workflow,
        "server": .replica, "instance": .replica, "pod": .replica, "container": .replica,
        "process": .replica, "node": .host, "machine": .host, "vm": .host, "hosts": .host, "endpoint": .service, "url": .service,
        "website": .service, "site": .service, "probe": .service, "services": .service, "cluster": .runtime, "system": .runtime,
        "platform": .runtime,
        "engine": .runtime, "global": .runtime, "all": .runtime,
    ]
    private static let severities: [String: Severity] = [
        "warn": .warning, "medium": .warning, "moderate": .warning, "minor": .warning, "p3": .warning, "sev3": .warning, "error": .critical,
        "err": .critical, "high": .critical, "crit": .critical, "fatal": .critical, "severe": .critical, "major": .critical,
        "emergency": .critical, "urgent": .critical, "page": .critical, "alert": .critical, "p1": .critical, "p2": .critical,
        "sev1": .critical, "sev2": .critical, "low": .info, "notice": .info, "information": .info, "informational": .info, "debug": .info,
        "p4": .info, "ticket": .info,
    ]

    private func condition(
        _ key: String, _ subject: SubjectKind, _ demand: inout DemandTable, _ used: inout Set<String>
    ) -> CompiledCondition? {
        guard let source = sheet[key] else {
            sheet.place.reporter.report("missing-key", "the rule '\(sheet.name)' needs '\(key)'", at: sheet.place.node)
            return nil
        }
        guard let condition = policy.condition(source, key, subject, &demand, &used) else { return nil }
        if key == "when", condition.readsNothing {
            source.reporter.report(
                "no-reading",
                "this reads nothing of \(subject.isBesideRuntimes ? subject.withArticle : "a runtime"), and would never be judged",
                at: source.node,
                hint: "join it with what is watched: '\(subject.isBesideRuntimes ? "up == 0" : "active_runs > 0") and \(condition.text)'")
        }
        return condition
    }

    /// `for`: a length of time, or `missing_after`, the policy's.
    private func hold() -> TimeSpan {
        if sheet["for"]?.node.text == "missing_after" { return policy.missingAfter }
        guard let hold = span("for", or: ["missing_after"]) else { return .zero }
        if let interval = policy.interval, let source = sheet["for"], hold > .zero, hold < interval {
            source.reporter.report(
                "below-interval", "'for: \(hold)' is shorter than the \(interval) between two polls", at: source.node,
                hint: "it waits for the second answer that is true, \(interval) after the first", severity: .warning)
        }
        return hold
    }

    private func span(_ key: String, or words: [String] = []) -> TimeSpan? {
        sheet[key].flatMap { $0.reporter.span($0.node, key, in: .zero...RuleReader.longest, or: words) }
    }

    private func text(_ key: String) -> String? {
        // Block texts end with a line break that is no part of the sentence.
        sheet[key].flatMap { $0.reporter.string($0.node, "'\(key)'") }.map { ConditionLayout.folded($0) }
    }

    private func texts(_ key: String) -> [String] {
        sheet[key].flatMap { $0.reporter.strings($0.node, "'\(key)'") } ?? []
    }

    /// The texts of a key: one, those of a list, or the values of a mapping.
    private func nodes(_ keys: [String]) -> [(key: String, node: YAMLNode, reporter: Reporter)] {
        keys.flatMap { key -> [(key: String, node: YAMLNode, reporter: Reporter)] in
            guard let source = sheet[key] else { return [] }
            let nodes = source.node.entries?.map(\.value) ?? source.node.items ?? [source.node]
            return nodes.map { (key, $0, source.reporter) }
        }
    }

    /// Braces that mean nothing, places as other languages have them, and facts that there are not on this kind of subject.
    private func checkTexts(_ subject: SubjectKind) {
        func warn(_ finding: RuleText.Finding, _ node: YAMLNode, _ reporter: Reporter) {
            reporter.report(
                "braces", finding.message, in: node, valueOffset: finding.offset, length: finding.length, hint: finding.hint,
                severity: .warning)
        }
        for (_, node, reporter) in nodes(["summary", "next_steps", "labels"]) {
            guard let text = node.text, text.utf8.contains(where: { $0 == 0x7B || $0 == 0x7D || $0 == 0x24 }) else { continue }
            let parsed = RuleText(text)
            for finding in parsed.findings { warn(finding, node, reporter) }
            let lacking: [(fact: RuleText.Fact, isThere: Bool)] = [
                (.app, subject.isOfApp), (.workflow, subject == .workflow), (.replica, subject == .replica),
            ]
            for (fact, isThere) in lacking where parsed.facts.contains(fact) && !isThere {
                reporter.report(
                    "braces", "a rule on \(subject.withArticle) has no '{\(fact.rawValue)}': it says 'none'", at: node, severity: .warning)
            }
        }
        for (key, node, reporter) in nodes(["description", "suggest", "playbook"]) {
            guard let text = node.text, let finding = RuleText.unfilled(text, key) else { continue }
            warn(finding, node, reporter)
        }
    }

    private func labels() -> [String: String] {
        guard let source = sheet["labels"], let fields = Fields(source.node, "'labels'", source.reporter) else {
            return [:]
        }
        var labels: [String: String] = [:]
        for entry in fields.all() { labels[entry.name] = source.reporter.string(entry.value, "a label") }
        return labels
    }
}

extension RuleReader.PolicyFrame {
    /// Parses and checks a condition; faults are reported at their places in the file.
    func condition(
        _ source: Sourced, _ what: String, _ subject: SubjectKind, _ demand: inout DemandTable,
        _ used: inout Set<String>
    ) -> CompiledCondition? {
        guard let text = source.reporter.string(source.node, "'\(what)'") else { return nil }
        let context = ConditionContext(
            subject: subject, window: window, thresholds: thresholds, faultyThresholds: faultyThresholds,
            origin: source.origin)
        switch ConditionCompiler.compile(text, context, demand: &demand, used: &used) {
        case .success(let condition):
            for finding in condition.findings(in: text) { source.report(finding, text, severity: .warning) }
            return condition
        case .failure(let faults):
            for fault in faults.all { source.report(fault, text) }
            return nil
        }
    }
}

extension Sourced {
    /// Reports a fault of a scalar's text at its place in the file.
    func report(_ fault: ConditionFault, _ text: String, severity: Diagnostic.Severity = .error) {
        let length = Array(text.utf8)[fault.range.clamped(to: 0..<text.utf8.count)].count { $0 & 0xC0 != 0x80 }
        reporter.report(
            fault.code, fault.message, in: node, valueOffset: fault.range.lowerBound, length: length, hint: fault.hint,
            severity: severity)
    }
}
