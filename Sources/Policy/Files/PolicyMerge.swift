import Model
import YAML

/// Puts apps' policies over the default and compiles what comes out.
struct PolicyMerge {
    let defaultSheet: PolicySheet
    /// How often the runtime is asked; nil: not known, nothing is said about it.
    var interval: TimeSpan?

    private static let window = TimeSpan.minutes(5)
    private static let missingAfter = TimeSpan.minutes(5)
    private static let clearAfter = TimeSpan.minutes(2)
    private static let stalledAfter = TimeSpan.minutes(10)
    private static let mostHints = 100

    /// The set as far as it can be built; faults are with the reporters. App sheets come sorted by id.
    func merge(_ appSheets: [PolicySheet]) -> PolicySet {
        var demand = DemandTable()
        var used: Set<String> = []
        let window = defaultSheet.window?.value ?? PolicyMerge.window
        let missingAfter = defaultSheet.missingAfter?.value ?? PolicyMerge.missingAfter
        let clearAfter = defaultSheet.clearAfter?.value ?? PolicyMerge.clearAfter

        let defaults = compile(
            defaultSheet.rules, thresholds: defaultSheet.thresholds.map(\.threshold), defaultSheet.faultyThresholds,
            &demand,
            &used)
        let base = policy(
            defaultSheet, over: nil, thresholds: defaultSheet.thresholds.map(\.threshold), rules: defaults)
        var usedAnywhere = used

        var policies = [base]
        var byApp: [AppID: Int] = [:]
        for sheet in appSheets {
            guard let app = sheet.app else { continue }
            check(sheet, base: base)
            let thresholds = overlaid(base.thresholds, with: sheet)
            var usedHere: Set<String> = []
            let sheets = rules(for: sheet)
            let faulty = sheet.faultyThresholds.union(defaultSheet.faultyThresholds)
            let compiled = compile(sheets, thresholds: thresholds, faulty, &demand, &usedHere)
            checkThresholds(of: sheet, base: base, used: usedHere)
            usedAnywhere.formUnion(usedHere)
            byApp[app] = policies.count
            policies.append(policy(sheet, over: base, thresholds: thresholds, rules: compiled))
            warnAboutActions(compiled.rules, of: sheet, allowed: Set(policies[policies.count - 1].allowedActions))
        }
        warnAboutUnused(defaultSheet, used: usedAnywhere)
        // What one app's policy allows is done there, though the default does not allow it.
        warnAboutActions(defaults.rules, of: defaultSheet, allowed: Set(policies.flatMap(\.allowedActions)))
        return PolicySet(
            demand: demand.entries, labelTests: demand.labels, policies: policies,
            wideRules: SubjectKind.allCases.filter { !$0.isOfApp }.flatMap { kind in defaults.rules.filter { $0.subject == kind } },
            window: window, missingAfter: missingAfter,
            clearAfter: clearAfter, stalledAfter: defaultSheet.stalledAfter?.value ?? PolicyMerge.stalledAfter,
            frameFields: frameFields(window, missingAfter, clearAfter), warnings: [], byApp: byApp)
    }

    // MARK: Rules

    private struct Compiled {
        var rules: [Rule] = []
        var disabled: [(rule: String, origin: Origin)] = []
    }

    /// The default's rules on apps with the app's version over them, then the app's own.
    private func rules(for sheet: PolicySheet) -> [RuleSheet] {
        var merged = defaultSheet.rules
        for rule in sheet.rules {
            if let index = merged.firstIndex(where: { $0.name == rule.name }) {
                merged[index] = merged[index].overlaid(with: rule)
            } else if rule["when"] != nil || rule["subject"] != nil {
                merged.append(rule)
            }
        }
        return merged.filter { PolicyMerge.isOfApp($0["subject"]?.node.text) }
    }

    /// Whether rules on such a subject may stand in an app's policy.
    private static func isOfApp(_ subject: String?) -> Bool { subject.flatMap(SubjectKind.init(rawValue:))?.isOfApp ?? false }

    private func compile(
        _ sheets: [RuleSheet], thresholds: [Threshold], _ faulty: Set<String>, _ demand: inout DemandTable,
        _ used: inout Set<String>
    ) -> Compiled {
        let frame = RuleReader.PolicyFrame(
            window: defaultSheet.window?.value ?? PolicyMerge.window,
            missingAfter: defaultSheet.missingAfter?.value ?? PolicyMerge.missingAfter,
            clearAfter: defaultSheet.clearAfter?.value ?? PolicyMerge.clearAfter,
            thresholds: Dictionary(thresholds.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }),
            faultyThresholds: faulty, interval: interval, suppression: suppression(sheets))
        var compiled = Compiled()
        for sheet in sheets {
            var isEnabled = true
            if let enabled = sheet["enabled"], let value = enabled.reporter.bool(enabled.node, "'enabled'") {
                isEnabled = value
                if !value { compiled.disabled.append((sheet.name, enabled.origin)) }
            }
            // A rule that is off is checked all the same, but asks for no readings.
            var scratch = demand
            let rule = RuleReader(sheet: sheet, policy: frame).read(demand: &scratch, usedThresholds: &used)
            guard isEnabled, let rule else { continue }
            demand = scratch
            compiled.rules.append(rule)
        }
        return compiled
    }

    private func suppression(_ sheets: [RuleSheet]) -> Suppression {
        var suppression = Suppression()
        // An app's policy sees the default's rules on runtimes too: they may keep its rules quiet.
        let names = Set(sheets.map(\.name) + defaultSheet.rules.map(\.name))
        let own = Set(sheets.map(\.name))
        let others = defaultSheet.rules.filter { !own.contains($0.name) }
        for sheet in sheets + others {
            for (key, isCause) in [("suppresses", true), ("suppressed_by", false)] {
                guard let source = sheet[key], let items = source.reporter.list(source.node, "'\(key)'") else {
                    continue
                }
                for item in items {
                    guard let name = source.reporter.string(item, "a rule's name") else { continue }
                    guard names.contains(name) else {
                        let known = names.inByteOrder()
                        source.reporter.report(
                            "unknown-rule", "no rule '\(name)'", at: item, hint: Nearest.hint(to: name, among: known))
                        continue
                    }
                    suppression.add(cause: isCause ? sheet.name : name, victim: isCause ? name : sheet.name)
                    if let fault = reach(isCause ? sheet.name : name, isCause ? name : sheet.name, among: sheets + others) {
                        source.reporter.report("no-effect", fault, at: item, severity: .warning)
                    }
                }
            }
        }
        if let name = suppression.cycle(), let sheet = (sheets + others).first(where: { $0.name == name }) {
            sheet.place.reporter.report(
                "suppression-cycle", "'\(name)' would keep itself quiet, at once or through others",
                at: sheet.place.node)
        }
        return suppression
    }

    /// Why one rule cannot keep another quiet; nil where it can. What is watched by itself explains itself, and a host what is
    /// seen of the runtimes that run there.
    private func reach(_ cause: String, _ victim: String, among sheets: [RuleSheet]) -> String? {
        func kind(_ name: String) -> SubjectKind? {
            sheets.first { $0.name == name }?["subject"]?.node.text.flatMap(SubjectKind.init(rawValue:))
        }
        guard let from = kind(cause), let to = kind(victim), from.watched != to.watched, (from, to.watched) != (.host, .runtime) else {
            return nil
        }
        return "'\(cause)' is a rule on \(from.withArticle), and keeps no rule on \(to.withArticle) quiet"
    }

    // MARK: Policies

    private func policy(
        _ sheet: PolicySheet, over base: EffectivePolicy?, thresholds: [Threshold], rules: Compiled
    ) -> EffectivePolicy {
        EffectivePolicy(
            app: sheet.app, file: sheet.file, mode: sheet.mode?.value ?? base?.mode ?? .observe,
            modeOrigin: sheet.mode?.origin ?? base?.modeOrigin,
            allowedActions: sheet.allowedActions?.value ?? base?.allowedActions ?? [.notify],
            allowedActionsOrigin: sheet.allowedActions?.origin ?? base?.allowedActionsOrigin,
            thresholds: thresholds.inByteOrder(of: \.name), labels: sheet.labels.inByteOrder(of: \.name),
            appRules: rules.rules.filter(\.subject.isOfApp), disabled: rules.disabled)
    }

    private func overlaid(_ base: [Threshold], with sheet: PolicySheet) -> [Threshold] {
        let own = sheet.thresholds.map(\.threshold)
        let names = Set(own.map(\.name))
        return base.filter { !names.contains($0.name) } + own
    }

    private func frameFields(_ window: TimeSpan, _ missing: TimeSpan, _ clear: TimeSpan) -> [Rule.Field] {
        let stalled = defaultSheet.stalledAfter?.value ?? PolicyMerge.stalledAfter
        return [
            Rule.Field(key: "window", value: .string(window.description), origin: defaultSheet.window?.origin),
            Rule.Field(
                key: "missing_after", value: .string(missing.description), origin: defaultSheet.missingAfter?.origin),
            Rule.Field(key: "clear_after", value: .string(clear.description), origin: defaultSheet.clearAfter?.origin),
            Rule.Field(
                key: "stalled_after", value: .string(stalled.description), origin: defaultSheet.stalledAfter?.origin),
        ]
    }

    // MARK: Checks

    private func check(_ sheet: PolicySheet, base: EffectivePolicy) {
        if let mode = sheet.mode, mode.value > base.mode {
            let place = base.modeOrigin.map { " (\($0))" } ?? ""
            sheet.reporter.report(
                "mode", "'\(mode.value.rawValue)' is less strict than the default's '\(base.mode.rawValue)'\(place)",
                at: mode.node, hint: "an app's policy can only be stricter: observe, suggest, enforce")
        }
        for rule in sheet.rules {
            if let known = defaultSheet.rules.first(where: { $0.name == rule.name }) {
                let subject = known["subject"]?.node.text
                if !PolicyMerge.isOfApp(subject) {
                    sheet.reporter.report(
                        "default-only",
                        "'\(rule.name)' is a rule on a \(subject ?? "runtime"): only the default policy has such",
                        at: rule.place.node)
                } else if let own = rule["subject"], own.node.text != subject {
                    sheet.reporter.report(
                        "default-only", "an app's policy cannot change what a rule is on", at: own.node)
                }
            } else if rule["when"] == nil, rule["subject"] == nil {
                sheet.reporter.report(
                    "unknown-rule", "the default policy has no rule '\(rule.name)'", at: rule.place.node,
                    hint: Nearest.hint(to: rule.name, among: defaultSheet.rules.map(\.name))
                        ?? "a rule of its own needs 'subject', 'when' and 'severity'")
            } else if let own = rule["subject"], !PolicyMerge.isOfApp(own.node.text) {
                sheet.reporter.report("default-only", "an app's policy holds rules on apps and their workflows only", at: own.node)
            } else if rule["subject"] == nil {
                sheet.reporter.report("missing-key", "the rule '\(rule.name)' needs 'subject'", at: rule.place.node)
            }
        }
    }

    /// A threshold that overrides must carry the same unit; one that is new must be used.
    private func checkThresholds(of sheet: PolicySheet, base: EffectivePolicy, used: Set<String>) {
        let defaults = Dictionary(base.thresholds.map { ($0.name, $0) }) { first, _ in first }
        for (threshold, key, value, _) in sheet.thresholds {
            if let known = defaults[threshold.name] {
                guard known.unit != threshold.unit else {
                    if !used.contains(threshold.name) { warnAboutEffect(of: threshold.name, key, sheet) }
                    continue
                }
                sheet.reporter.report(
                    "unit-mismatch",
                    "'\(threshold.name)' is \(known.unit.noun) in the default policy (\(known.origin)), here \(threshold.unit.noun)",
                    at: value, hint: threshold.unit == .number ? "write '\(threshold.text)\(known.unit.suffix)'" : nil)
            } else if !used.contains(threshold.name) {
                sheet.reporter.report(
                    "unknown-threshold", "no rule uses a threshold '\(threshold.name)'", at: key,
                    hint: Nearest.hint(to: threshold.name, among: base.thresholds.map(\.name)))
            }
        }
    }

    /// What only rules on the runtime use is the default policy's, and an app cannot change it.
    private func warnAboutEffect(of name: String, _ key: YAMLNode, _ sheet: PolicySheet) {
        sheet.reporter.report(
            "no-effect", "no rule on this app uses the threshold '\(name)': it changes nothing", at: key,
            hint: "rules on the runtime take it from the default policy", severity: .warning)
    }

    private func warnAboutUnused(_ sheet: PolicySheet, used: Set<String>) {
        // Those that rules use: another one that nobody uses is no better.
        let known = used.inByteOrder()
        let unused = sheet.thresholds.filter { !used.contains($0.threshold.name) && !isBuiltIn($0.reporter, below: sheet) }
        for (index, (threshold, key, _, reporter)) in unused.enumerated() {
            // A file may name tens of thousands; nobody reads so many hints.
            let near = index < PolicyMerge.mostHints ? Nearest.hint(to: threshold.name, among: known) : nil
            reporter.report(
                "unused-threshold", "no rule uses the threshold '\(threshold.name)'", at: key, hint: near, severity: .warning)
        }
    }

    /// Whether something stands in the built-in policy below a file of one's own: nobody here can change it there.
    private func isBuiltIn(_ reporter: Reporter, below sheet: PolicySheet) -> Bool {
        reporter !== sheet.reporter && reporter.source.file.isSame(as: DefaultPolicy.file)
    }

    /// Of what the sheet itself writes, the actions that are not among the allowed.
    private func warnAboutActions(_ rules: [Rule], of sheet: PolicySheet, allowed: Set<ActionKind>) {
        for rule in rules {
            for case .lease(let request) in rule.actions where !allowed.contains(request.effect.kind) {
                guard
                    let source = sheet.rules.first(where: { $0.name == rule.name })?[
                        request.needsApproval ? "require_approval" : "actions"], !isBuiltIn(source.reporter, below: sheet)
                else { continue }
                let line = source.reporter.source.line(request.origin.line) ?? ""
                let kind = request.effect.kind.rawValue
                let before = line.firstIndex(ofBytes: kind).map { line[..<$0] }
                let column = 1 + (before ?? line.prefix { $0 == " " || $0 == "-" }).unicodeScalars.count
                source.reporter.report(
                    "not-allowed", "'\(kind)' is not among allowed_actions: it is never done",
                    at: Mark(line: request.origin.line, column: column), length: kind.utf8.count, severity: .warning)
            }
        }
    }
}
