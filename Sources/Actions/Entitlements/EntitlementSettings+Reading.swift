import Ambient
import Model
import Settings
import YAML

private enum EntitlementKeys {
    static let runtime = SettingKey("runtime", .text(), fallback: "the only one", "Whose apps these are; needed where there are several")
    static let apps = SettingKey(
        "apps", .named("APP", .section(SettingSection([tenantID, noTenant]))), isRequired: true, "Apps that may be acted upon there")
    static let tenantID = SettingKey("tenant_id", .text(), "Its tenant there, which the control plane does not give back")
    static let noTenant = SettingKey("no_tenant", .flag, fallback: "false", "It has none there")
    static let allowUnsynced = SettingKey(
        "allow_unsynced", .flag, fallback: "false", "Whether a document that the control plane did not write itself may be changed")
    static let usageReset = SettingKey(
        "usage_reset", .choice(["refused", "accepted"]), fallback: "refused",
        "Whether a change may set the app's usage back, as some control planes do")
    static let pause = SettingKey(
        "pause", .choice([EntitlementSettings.Pause.feature, .budget, .off].map(\.rawValue)),
        fallback: EntitlementSettings.Pause.feature.rawValue, "How a pause is written there")
    static let features = SettingKey(
        "features", .named("WORKFLOW", .text()), "Which feature stands for which workflow: without it a pack cannot be disabled")
    static let pauseApproval = SettingKey(
        "pause_approval", .choice(["required", "not_required"]), fallback: "required", "Whether a person has to agree to each pause")
}

extension EntitlementSettings: AdapterKind {
    public static let key = SettingKey(
        "entitlements",
        .section(
            SettingSection(
                [
                    AdapterKeys.url, AuthenticationReader.key, EntitlementKeys.runtime, EntitlementKeys.apps, EntitlementKeys.allowUnsynced,
                    EntitlementKeys.usageReset, EntitlementKeys.pause, EntitlementKeys.features, EntitlementKeys.pauseApproval,
                ] + TLSReader.keys)),
        "A control plane with entitlement documents")

    public init?(_ fields: Fields, at place: YAMLNode, runtimes: [String], _ reader: SettingReader) {
        let url = reader.url(fields, AdapterKeys.url, hasAuth: true)
        let authentication = AuthenticationReader(reader: reader).read(fields)
        let runtime = EntitlementSettings.runtime(fields, place, runtimes, reader)
        let apps = EntitlementSettings.apps(fields, reader)
        let unsynced = reader.flag(fields, EntitlementKeys.allowUnsynced) ?? false
        let usage = reader.word(fields, EntitlementKeys.usageReset)
        let pause = reader.word(fields, EntitlementKeys.pause).flatMap { Pause(rawValue: $0) } ?? .feature
        let features = EntitlementSettings.features(fields, pause, reader)
        let approval = reader.word(fields, EntitlementKeys.pauseApproval)
        guard let url, !apps.entries.isEmpty else { return nil }
        self.init(url: url, apps: apps)
        self.authentication = authentication
        self.runtime = runtime
        allowsUnsynced = unsynced
        acceptsUsageReset = usage == "accepted"
        self.features = features
        self.pause = pause
        pauseNeedsApproval = approval != "not_required"
    }

    public var shown: [(key: String, value: String)] {
        let apps = apps.entries.map { "\($0.id)\($0.tenant == Tenant.none ? " (no tenant)" : "")" }.joined(separator: ", ")
        return [
            ("url", url), ("auth", authentication.shown), ("apps", "[\(apps)]"),
            ("pause", pause.rawValue + (pauseNeedsApproval && pause != .off ? ", on approval" : "")),
        ]
    }

    public var secrets: [SecretUse] {
        authentication.secrets.map { SecretUse($0.source, "\($0.what) of the entitlements") }
    }

    public var words: (landing: String, notes: [String]) {
        let count = apps.entries.count == 1 ? "1 app" : "\(apps.entries.count) apps"
        return (
            "leases on \(count) would land in the entitlements of \(url); only this monitor ends them",
            EntitlementSettings.enforcement.map { "entitlements: \($0.keys): \($0.enforced)" }
        )
    }

    public var example: AppID? { apps.entries.first?.id }

    /// Entitlements name their apps, and the workflows that a feature stands for; a pause asks a person, unless they say otherwise.
    public func landings(on runtimes: [String]) -> Landings {
        var landings = Landings()
        for runtime in runtime.map({ [$0] }) ?? runtimes {
            for (app, _) in apps.entries {
                landings.keys.insert(LeaseKey(kind: .throttle, runtime: runtime, app: app))
                for workflow in features.keys {
                    landings.keys.insert(LeaseKey(kind: .disablePack, runtime: runtime, app: app, pack: workflow))
                }
                guard pause != .off else { continue }
                let key = LeaseKey(kind: .pause, runtime: runtime, app: app)
                if let why = pauseApproval { landings.onApproval[key] = why } else { landings.keys.insert(key) }
            }
        }
        return landings
    }

    public func adapter(_ means: Means, owner: String) -> any ActionAdapter { Entitlements(self, means) }
}

// MARK: - Its keys

extension EntitlementSettings {
    /// Two runtimes may know the same app: two leases would then share one value of one document.
    private static func runtime(_ fields: Fields, _ key: YAMLNode, _ runtimes: [String], _ reader: SettingReader) -> String? {
        guard let node = fields.node(EntitlementKeys.runtime) else {
            if runtimes.count > 1 {
                reader.reporter.report(
                    "missing-key", "'entitlements' needs 'runtime': there are several", at: key,
                    hint: "one of " + runtimes.joined(separator: ", "))
            }
            return nil
        }
        guard let name = reader.text(node, "'runtime'") else { return nil }
        if !runtimes.isEmpty, !runtimes.contains(name) {
            reader.reporter.report(
                "unknown-runtime", "no runtime '\(name)'", at: node, hint: Nearest.hint(to: name, among: runtimes))
        }
        return name
    }

    private static func apps(_ fields: Fields, _ reader: SettingReader) -> Apps {
        guard let node = fields.node(EntitlementKeys.apps), let inner = Fields(node, "'apps'", reader.reporter) else { return [:] }
        let entries = inner.all()
        if entries.isEmpty { reader.reporter.report("type", "'apps' is empty", at: node, hint: "app_clinic: {tenant_id: t_1}") }
        var apps: Apps = [:]
        for entry in entries {
            guard let app = Fields(entry.value, "an app", reader.reporter, place: entry.key.start) else { continue }
            defer { app.finish() }
            let isPlain = !entry.name.isEmpty && !entry.name.utf8.contains(UInt8(ascii: "/")) && entry.name != "." && entry.name != ".."
            if !isPlain {
                reader.reporter.report("value", "the control plane has no place for an app '\(entry.name)'", at: entry.key)
            }
            let tenant = reader.text(app, EntitlementKeys.tenantID)
            let hasNone = reader.flag(app, EntitlementKeys.noTenant) ?? false
            guard (tenant != nil) != hasNone else {
                reader.reporter.report(
                    "missing-key", "an app needs 'tenant_id', or 'no_tenant: true', one of them", at: entry.key,
                    hint: "the control plane does not give it back, and a document without it erases it")
                continue
            }
            if isPlain, apps[AppID(entry.name)] == nil { apps[AppID(entry.name)] = tenant.map { Tenant.id($0) } ?? Tenant.none }
        }
        return apps
    }

    /// Each feature stands for one workflow: one that stood for two would be given back with the first of two leases.
    private static func features(_ fields: Fields, _ pause: Pause, _ reader: SettingReader) -> [PackID: String] {
        guard let inner = fields.section(EntitlementKeys.features) else { return [:] }
        var taken = pause == .feature ? ["workflow_execution"] : []
        var features: [PackID: String] = [:]
        for entry in inner.all() {
            guard let name = reader.text(entry.value, "a feature"), !name.isEmpty else { continue }
            guard !taken.contains(name) else {
                let why = name == "workflow_execution" ? "it stands for all of them, and 'pause' uses it" : "another workflow has it"
                reader.reporter.report("value", "feature '\(name)' cannot stand for '\(entry.name)': \(why)", at: entry.value)
                continue
            }
            taken.append(name)
            if features[PackID(entry.name)] == nil { features[PackID(entry.name)] = name }
        }
        return features
    }
}
