import Ambient
import Model
import YAML

/// Reads where leases land besides the gate: `lease_api`, `entitlements` and `webhook` below `actions`.
struct AdapterReader {
    let reader: ConfigurationReader

    private var reporter: Reporter { reader.reporter }

    /// - Parameter runtimes: the names of those configured in the file.
    func read(_ actions: Fields, runtimes: [String]) -> AdapterSettings {
        var settings = AdapterSettings()
        settings.leaseAPI = fields(actions, ActionKeys.leaseAPI).flatMap(leaseAPI)
        settings.entitlements = fields(actions, ActionKeys.entitlements).flatMap { entitlements($0, runtimes: runtimes) }
        settings.webhook = fields(actions, ActionKeys.webhook).flatMap(webhook)
        return settings
    }

    private typealias Section = (fields: Fields, key: YAMLNode)

    private func fields(_ actions: Fields, _ key: SettingKey) -> Section? {
        guard let entry = actions.entry(key) else { return nil }
        return Fields(entry.value, "'\(key.name)'", reporter, place: entry.key.start).map { ($0, entry.key) }
    }

    // MARK: - Each

    private func leaseAPI(_ section: Section) -> LeaseAPISettings? {
        let fields = section.fields
        defer { fields.finish() }
        let url = url(fields)
        let authentication = AuthenticationReader(reader: reader).read(fields)
        let owner = owner(fields)
        let tls = NetworkReader(reader: reader).tls(fields)
        guard let actions = actions(fields), let url else { return nil }
        return LeaseAPISettings(
            url: url, authentication: authentication, owner: owner, actions: actions, origin: reader.origin(section.key), tls: tls)
    }

    private func webhook(_ section: Section) -> ActionWebhookSettings? {
        let fields = section.fields
        defer { fields.finish() }
        let url: SecretSource?
        if let node = fields.node(ActionWebhookKeys.url.name), let text = node.text, BaseURL.trimmed(text).lowercased().hasPrefix("http") {
            url = ChannelReader(reader: reader).address(node, text)
        } else {
            url = reader.secret(fields, ActionWebhookKeys.url)
        }
        let secret = reader.secret(fields, ActionWebhookKeys.secret)
        let owner = owner(fields)
        let tls = NetworkReader(reader: reader).tls(fields)
        let end = choice(fields, ActionWebhookKeys.expiry) ?? "monitor"
        guard let actions = actions(fields), let url, let secret else { return nil }
        return ActionWebhookSettings(
            url: url, secret: secret, owner: owner, actions: actions, enforcesEnd: end == "receiver",
            origin: reader.origin(section.key), tls: tls)
    }

    private func entitlements(_ section: Section, runtimes: [String]) -> EntitlementsSettings? {
        let fields = section.fields
        defer { fields.finish() }
        let url = url(fields)
        let authentication = AuthenticationReader(reader: reader).read(fields)
        let runtime = runtime(fields, section.key, runtimes)
        let apps = apps(fields)
        let unsynced = reader.flag(fields, EntitlementsKeys.allowUnsynced) ?? false
        let usage = choice(fields, EntitlementsKeys.usageReset)
        let pause: EntitlementsSettings.Pause =
            choice(fields, EntitlementsKeys.pause).flatMap { .init(rawValue: $0) } ?? .feature
        let features = features(fields, pause)
        let approval = choice(fields, EntitlementsKeys.pauseApproval)
        let tls = NetworkReader(reader: reader).tls(fields)
        guard let url, !apps.isEmpty else { return nil }
        return EntitlementsSettings(
            url: url, authentication: authentication, runtime: runtime, apps: apps, allowsUnsynced: unsynced,
            acceptsUsageReset: usage == "accepted", features: features, pause: pause,
            pauseNeedsApproval: approval != "not_required", origin: reader.origin(section.key), tls: tls)
    }

    // MARK: - Their keys

    private func url(_ fields: Fields) -> String? {
        reader.url(fields, LeaseAPIKeys.url, hasAuth: true)
    }

    private func owner(_ fields: Fields) -> String? {
        fields.node(LeaseAPIKeys.owner).flatMap { node in
            guard let text = reader.text(node, "'owner'") else { return nil }
            if reader.isName(text) { return text }
            reporter.report("name", "'owner' must be a name", at: node, hint: "letters, digits and . _ -, at most 64")
            return nil
        }
    }

    /// Nil (reported) for a list that names none, or what cannot land.
    private func actions(_ fields: Fields) -> [ActionKind]? {
        let all = LeaseAPIKeys.kinds
        guard let node = fields.node(LeaseAPIKeys.actions) else { return all }
        guard let items = reporter.list(node, "'actions'") else { return nil }
        let names = all.map(\.rawValue)
        let chosen = items.compactMap { choice($0, "an action", names).flatMap { ActionKind(rawValue: $0) } }
        if items.isEmpty { reporter.report("type", "'actions' is empty", at: node, hint: "[\(names.joined(separator: ", "))]") }
        return chosen.isEmpty ? nil : all.filter(chosen.contains)
    }

    private func choice(_ fields: Fields, _ key: SettingKey) -> String? {
        guard case .choice(let names) = key.kind else { preconditionFailure("'\(key.name)' is no choice") }
        return fields.node(key).flatMap { choice($0, "'\(key.name)'", names) }
    }

    private func choice(_ node: YAMLNode, _ what: String, _ choices: [String]) -> String? {
        guard let text = reader.text(node, what) else { return nil }
        if choices.contains(text) { return text }
        reporter.report(
            "value", "\(what) is none of \(choices.joined(separator: ", "))", at: node,
            hint: Nearest.hint(to: text, among: choices))
        return nil
    }

    /// Two runtimes may know the same app: two leases would then share one value of one document.
    private func runtime(_ fields: Fields, _ key: YAMLNode, _ runtimes: [String]) -> String? {
        guard let node = fields.node(EntitlementsKeys.runtime) else {
            if runtimes.count > 1 {
                reporter.report(
                    "missing-key", "'entitlements' needs 'runtime': there are several", at: key,
                    hint: "one of " + runtimes.joined(separator: ", "))
            }
            return nil
        }
        guard let name = reader.text(node, "'runtime'") else { return nil }
        if !runtimes.isEmpty, !runtimes.contains(name) {
            reporter.report(
                "unknown-runtime", "no runtime '\(name)'", at: node, hint: Nearest.hint(to: name, among: runtimes))
        }
        return name
    }

    private func apps(_ fields: Fields) -> [EntitlementsSettings.App] {
        guard let node = fields.node(EntitlementsKeys.apps), let inner = Fields(node, "'apps'", reporter) else { return [] }
        let entries = inner.all()
        if entries.isEmpty { reporter.report("type", "'apps' is empty", at: node, hint: "app_clinic: {tenant_id: t_1}") }
        return entries.compactMap { entry in
            guard let app = Fields(entry.value, "an app", reporter, place: entry.key.start) else { return nil }
            defer { app.finish() }
            let isPlain = !entry.name.isEmpty && !entry.name.utf8.contains(UInt8(ascii: "/")) && entry.name != "." && entry.name != ".."
            if !isPlain {
                reporter.report("value", "the control plane has no place for an app '\(entry.name)'", at: entry.key)
            }
            let tenant = reader.text(app, EntitledAppKeys.tenantID)
            let hasNone = reader.flag(app, EntitledAppKeys.noTenant) ?? false
            guard (tenant != nil) != hasNone else {
                reporter.report(
                    "missing-key", "an app needs 'tenant_id', or 'no_tenant: true', one of them", at: entry.key,
                    hint: "the control plane does not give it back, and a document without it erases it")
                return nil
            }
            return isPlain ? EntitlementsSettings.App(id: AppID(entry.name), tenant: tenant) : nil
        }
    }

    /// Each feature stands for one workflow: one that stood for two would be given back with the first of two leases.
    private func features(_ fields: Fields, _ pause: EntitlementsSettings.Pause) -> [EntitlementsSettings.Feature] {
        guard let inner = fields.section(EntitlementsKeys.features) else { return [] }
        var taken = pause == .feature ? ["workflow_execution"] : []
        return inner.all().compactMap { entry in
            guard let name = reader.text(entry.value, "a feature"), !name.isEmpty else { return nil }
            guard !taken.contains(name) else {
                let why = name == "workflow_execution" ? "it stands for all of them, and 'pause' uses it" : "another workflow has it"
                reporter.report("value", "feature '\(name)' cannot stand for '\(entry.name)': \(why)", at: entry.value)
                return nil
            }
            taken.append(name)
            return EntitlementsSettings.Feature(workflow: PackID(entry.name), name: name)
        }
    }
}
