import Configuration
import Cycle
import Model
import Policy

/// What a reload changed, what it could not, and what is in force behind it.
struct ReloadReport {
    /// `guard.cooldown: 10m => 5m`, `rule noisy-neighbor: when, for`; of the settings and the policies.
    let changed: [String]
    /// The same of settings that only a restart puts in force, against those that the daemon runs with.
    let ignored: [String]

    /// - Parameters:
    ///   - running: what the daemon was started with.
    ///   - old: what was in force before.
    init(
        running: Configuration, old: (configuration: Configuration, policies: PolicySet),
        new: (configuration: Configuration, policies: PolicySet)
    ) {
        ignored = ReloadReport.difference(running.entries, new.configuration.entries, where: ReloadReport.needsRestart)
        changed =
            ReloadReport.difference(old.configuration.entries, new.configuration.entries) { !ReloadReport.needsRestart($0) }
            + ReloadReport.difference(old.policies, new.policies)
    }

    /// How many rules decide, those of the default; then how many apps have rules or limits of their own. No names: whoever
    /// looks through the log for a rule's name means that it fired.
    static func rules(_ policies: PolicySet) -> String {
        let count = policies.defaultRules.count
        let own = policies.policies.count - 1
        return "\(count)" + (own > 0 ? " and \(own) app\(own == 1 ? "" : "s") with a policy of its own" : "")
    }

    // MARK: - Settings

    /// Whoever polls, listens, lands actions, asks a model or pings was made at the start.
    private static func needsRestart(_ key: String) -> Bool {
        if ["runtimes.", "hosts.", "services."].contains(where: key.hasPrefix) { return !key.contains(bytesOf: ".labels.") }
        if key.hasPrefix("approvals.") { return key != "approvals.expire" }
        let whole = ["interval", "state", "shard", "heartbeat", "polling.timeout", "polling.body_limit", "playbooks"]
        return whole.contains(key)
            || ["actions.", "advisor", "server.", "metrics.", "network.", "heartbeat."].contains { key.hasPrefix($0) }
    }

    private static func difference(
        _ old: [SettingEntry], _ new: [SettingEntry], where counts: (String) -> Bool
    ) -> [String] {
        let before = Dictionary(old.map { ($0.key, $0.value) }) { first, _ in first }
        let after = Dictionary(new.map { ($0.key, $0.value) }) { first, _ in first }
        let keys = Set(before.keys).union(after.keys).filter(counts).inByteOrder()
        return keys.compactMap { key in
            switch (before[key], after[key]) {
            case (let old?, let new?): old.isSame(as: new) ? nil : "\(key): \(short(old)) => \(short(new))"
            case (nil, let new?): "\(key): new, \(short(new))"
            case (let old?, nil): "\(key): gone, was \(short(old))"
            case (nil, nil): nil
            }
        }
    }

    private static func short(_ text: String) -> String { Shown.shortened(Shown.line(text), 100) }

    // MARK: - Policies

    /// Rule by rule, and what else decides.
    private static func difference(_ old: PolicySet, _ new: PolicySet) -> [String] {
        guard old.canonicalText != new.canonicalText else { return [] }
        let (before, after) = (values(old), values(new))
        let places = Set(before.keys).union(after.keys).inByteOrder()
        let lines = places.compactMap { place -> String? in
            switch (before[place], after[place]) {
            case (let old?, let new?):
                let keys = Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }
                    .inByteOrder()
                return keys.isEmpty ? nil : "\(place): \(keys.joined(separator: ", "))"
            case (nil, .some): return "\(place): new"
            case (.some, nil): return "\(place): gone"
            case (nil, nil): return nil
            }
        }
        return lines.isEmpty ? ["policies"] : lines
    }

    /// By rule, `rule noisy-neighbor` or `rule noisy-neighbor for app-shop`, its fields; the rest as `policy`.
    private static func values(_ set: PolicySet) -> [String: [String: String]] {
        var found: [String: [String: String]] = [:]
        for policy in set.policies {
            let suffix = policy.app.map { " for \($0)" } ?? ""
            guard let document = PolicyRendering(set, app: policy.app).json.object else { continue }
            for member in document {
                switch member.key {
                case "rules":
                    for rule in member.value.object ?? JSONObject() {
                        var fields: [String: String] = [:]
                        for field in rule.value.object ?? JSONObject() {
                            fields[field.key] = (field.value["value"] ?? .null).serialized()
                        }
                        found["rule \(rule.key)\(suffix)"] = fields
                    }
                case "thresholds", "labels":
                    for threshold in member.value.object ?? JSONObject() {
                        let name = member.key == "labels" ? "label(\(threshold.key))" : "$\(threshold.key)"
                        found["policy\(suffix)", default: [:]][name] = (threshold.value["value"] ?? .null).serialized()
                    }
                case "schema", "app", "file": break
                default: found["policy\(suffix)", default: [:]][member.key] = (member.value["value"] ?? member.value).serialized()
                }
            }
        }
        return found
    }
}
