import Model
import YAML

/// Lays sheets of the default policy one over the other: the built-in one, the folder's `ops_policy.default.yaml`, and its
/// files of rules in the order of their names. What a later one writes holds; what it does not write stays.
struct PolicyLayers {
    /// All layers as one sheet, the lowest first. It carries the name of the topmost file that is a whole policy.
    static func merged(_ sheets: [PolicySheet]) -> PolicySheet? {
        guard var merged = sheets.first else { return nil }
        for sheet in sheets.dropFirst() { merged = lay(sheet, over: merged) }
        return merged
    }

    private static func lay(_ sheet: PolicySheet, over base: PolicySheet) -> PolicySheet {
        var merged = sheet.isRulesOnly ? base : sheet
        merged.mode = sheet.mode ?? base.mode
        merged.window = sheet.window ?? base.window
        merged.missingAfter = sheet.missingAfter ?? base.missingAfter
        merged.clearAfter = sheet.clearAfter ?? base.clearAfter
        merged.stalledAfter = sheet.stalledAfter ?? base.stalledAfter
        merged.allowedActions = sheet.allowedActions ?? base.allowedActions
        merged.faultyThresholds = base.faultyThresholds.union(sheet.faultyThresholds)
        merged.thresholds = thresholds(of: sheet, over: base)
        merged.rules = rules(of: sheet, over: base)
        return merged
    }

    private static func thresholds(of sheet: PolicySheet, over base: PolicySheet) -> [PolicySheet.Written] {
        var merged = base.thresholds
        // A file may name tens of thousands.
        var places = Dictionary(merged.indices.map { (merged[$0].threshold.name, $0) }) { first, _ in first }
        for own in sheet.thresholds {
            let name = own.threshold.name
            guard let index = places[name] else {
                places[name] = merged.count
                merged.append(own)
                continue
            }
            let known = merged[index]
            if known.threshold.unit != own.threshold.unit {
                own.reporter.report(
                    "unit-mismatch",
                    "'\(name)' is \(known.threshold.unit.noun) at \(known.threshold.origin), here \(own.threshold.unit.noun)",
                    at: own.value,
                    hint: own.threshold.unit == .number ? "write '\(own.threshold.text)\(known.threshold.unit.suffix)'" : nil)
            }
            warn(own.reporter, "the threshold '\(name)'", at: own.key, over: known.reporter, known.threshold.origin, sheet)
            merged[index] = own
        }
        return merged
    }

    private static func rules(of sheet: PolicySheet, over base: PolicySheet) -> [RuleSheet] {
        var merged = base.rules
        for own in sheet.rules {
            guard let index = merged.firstIndex(where: { $0.name == own.name }) else {
                if own["when"] == nil, own["subject"] == nil {
                    own.place.reporter.report(
                        "unknown-rule", "there is no rule '\(own.name)' to change", at: own.place.node,
                        hint: Nearest.hint(to: own.name, among: base.rules.map(\.name))
                            ?? "a rule of its own needs 'subject', 'when' and 'severity'")
                    continue
                }
                merged.append(own)
                continue
            }
            let known = merged[index]
            for field in own.fields {
                guard let other = known[field.key] else { continue }
                warn(
                    field.value.reporter, "'\(field.key)' of '\(own.name)'", at: field.value.node, over: other.reporter, other.origin, sheet
                )
            }
            // On another kind of subject it is another rule: nothing of the old one fits it.
            let isAnother = own["subject"].map { $0.node.text != known["subject"]?.node.text } ?? false
            merged[index] = isAnother ? own : known.overlaid(with: own)
        }
        return merged
    }

    /// Two files of rules that say the same thing: the order of names decides, which nobody may have meant.
    private static func warn(
        _ reporter: Reporter, _ what: String, at node: YAMLNode, over other: Reporter, _ origin: Origin, _ sheet: PolicySheet
    ) {
        guard sheet.isRulesOnly, PolicyFileName.rules(other.source.file) != nil, other !== reporter else { return }
        reporter.report(
            "said-twice", "\(what) stands at \(origin) as well; this one holds, because its file's name comes later", at: node,
            hint: "leave it in one of them", severity: .warning)
    }
}
