import Actions
import Advisor
import Ambient
import Collector
import Guard
import Journal
import Model
import Notify
import Settings
import Telling
import YAML

/// Reads the keys of `mozaiks-ops.yaml`. What is wrong is reported; the default stays in its place.
struct ConfigurationReader {
    static let schema = "mozaiks.ops/config/v1"
    let reader: SettingReader

    var reporter: Reporter { reader.reporter }
    private var environment: Environment { reader.environment }

    func defaults(isRoot: Bool) -> Configuration {
        let state: Setting<StateName>
        if let folder = environment.stateFolders.first {
            state = Setting(StateName(folder), .environment("STATE_DIRECTORY"))
        } else if !isRoot,
            let home = environment.absolutePath("XDG_STATE_HOME")
                ?? environment.nonEmpty("HOME").map({ $0 + "/.local/state" })
        {
            state = Setting(StateName(home + "/mozaiks-ops"), .builtIn)
        } else {
            state = Setting("/var/lib/mozaiks-ops", .builtIn)
        }
        return Configuration(
            file: nil, environment: Setting("production", .builtIn), mode: Setting(.observe, .builtIn),
            interval: Setting(.seconds(10), .builtIn), state: state, policies: Setting(nil, .builtIn),
            playbooks: Setting(nil, .builtIn), runtimes: [],
            polling: PollingSettings(), gate: nil, channels: [], routes: [], server: nil,
            prices: [], entries: [], warnings: [])
    }

    /// Paging hangs on the exact word 'production': what looks like it and is not would turn every page off unseen.
    private func environmentName(_ text: String, _ node: YAMLNode) -> String {
        let blanks = { (scalar: Unicode.Scalar) in scalar.properties.isWhitespace }
        let scalars = Array(text.unicodeScalars)
        guard let first = scalars.firstIndex(where: { !blanks($0) }), let last = scalars.lastIndex(where: { !blanks($0) }),
            // What nobody sees is no name: a byte order mark, zero-width marks.
            scalars.contains(where: { !blanks($0) && ![.format, .control].contains($0.properties.generalCategory) })
        else {
            reporter.report(
                "environment",
                "'environment' is empty" + (reporter.string(node, "'environment'") == "" ? "" : ": its variable is set to nothing"),
                at: node, hint: "write 'production', or leave the key out, which means the same")
            return text
        }
        let name = String(String.UnicodeScalarView(scalars[first...last]))
        let production = TellingSettings.production
        guard !name.isSame(as: production) else { return name }
        let folded = name.lowercased()
        let looksLike =
            ["prod", "prd", "live"].contains { folded == $0 || folded.hasPrefix($0 + "-") || folded.hasPrefix($0 + "_") }
            || folded.hasPrefix("produ") || Nearest.name(to: name, among: [production]) != nil
        if looksLike {
            reporter.report(
                "environment", "environment '\(Shown.id(name))' is not 'production': channels that page are left out", at: node,
                hint: "write 'production' to be paged, or 'page_outside_production: true' at a route", severity: .warning)
        }
        return name
    }

    /// A path, or the URL of a database, which is taken as it stands. What is wrong with a URL is said without the line.
    private func stateName(_ node: YAMLNode, _ fields: Fields) -> StateName? {
        guard let text = reader.text(node, "'state'") else { return nil }
        let name = StateName(text)
        guard name.isDatabase || name.fault != nil else { return reader.path(fields, Keys.state).map { StateName($0) } }
        if let fault = name.fault {
            reporter.adopt([
                Diagnostic(
                    "state", "'state' is no URL of a database: \(fault.message)", file: reporter.source.file, line: node.start.line,
                    column: node.start.column, hint: fault.hint)
            ])
        }
        return name
    }

    private func statePassword(_ source: SecretSource) -> (source: SecretSource, password: StatePassword) {
        let environment = environment
        return (
            source,
            StatePassword(location: source.location) { try source.read("the database's password", in: environment).reveal() }
        )
    }

    func read(_ root: YAMLNode, into configuration: inout Configuration) {
        guard let fields = Fields(root, "the configuration", reporter) else { return }
        if let node = fields.node(Keys.schema), let text = reporter.string(node, "schema"),
            text != ConfigurationReader.schema
        {
            reporter.report(
                "schema", "schema '\(text)' is not known", at: node, hint: "write '\(ConfigurationReader.schema)'")
        }
        readItself(fields, into: &configuration)
        configuration.runtimes = runtimes(fields)
        configuration.hosts = BesideReader(reader: reader).hosts(fields)
        configuration.services = ServiceReader(reader: reader).services(fields)
        configuration.polling = PollingSettings(fields, reader)
        configuration.network = NetworkSettings(fields, reader)
        actions(fields, &configuration)
        history(fields, &configuration)
        limits(fields, &configuration.actionLimits)
        configuration.channels = channels(fields)
        references.written = fields.node(Keys.channels)?.entries?.compactMap(\.key.text) ?? []
        configuration.routes = TellingReader(reader: reader).routes(fields) { references.named.append(($0, $1)) }
        configuration.maintenancePlaces = TellingReader(reader: reader).read(fields, &configuration.tellingOptions)
        approvals(fields, &configuration)
        readServer(fields, into: &configuration)
        configuration.metricsApps = metrics(fields)
        configuration.heartbeat = HeartbeatSettings(fields, reader)
        configuration.prices = prices(fields)
        keepOrigins(fields, in: &configuration)
        configuration.advisor = AdvisorSettings(fields, prices: configuration.prices, reader)
        fields.finish()
    }

    /// What it is called, what it may do and how often, and where what it needs lies.
    private func readItself(_ fields: Fields, into configuration: inout Configuration) {
        if let node = fields.node(Keys.environment), let text = reader.text(node, "'environment'") {
            configuration.environment = Setting(environmentName(text, node), reader.origin(node))
        }
        if let node = fields.node(Keys.mode), let mode: Mode = reporter.choice(node, "mode") {
            configuration.mode = Setting(mode, reader.origin(node))
        }
        if let node = fields.node(Keys.interval), let span = reader.span(fields, Keys.interval) {
            configuration.interval = Setting(span, reader.origin(node))
        }
        if let node = fields.node(Keys.state), let name = stateName(node, fields) {
            configuration.state = Setting(name, reader.origin(node))
        }
        let password = reader.secret(fields, Keys.statePassword).map(statePassword)
        configuration.statePassword = password?.source
        configuration.state = Setting(configuration.state.value.with(password?.password), configuration.state.origin)
        if let node = fields.node(Keys.policies), let path = reader.path(fields, Keys.policies) {
            configuration.policies = Setting(path, reader.origin(node))
        }
        if let node = fields.node(Keys.playbooks), let path = reader.path(fields, Keys.playbooks) {
            configuration.playbooks = Setting(path, reader.origin(node))
        }
        if let node = fields.node(Keys.shard), let text = reader.text(node, "'shard'") {
            if let shard = Shard(text) {
                configuration.shard = Setting(shard, reader.origin(node))
            } else {
                let fault = ShardSplit.fault(text)
                reporter.report("shard", fault.message, at: node, hint: fault.hint)
            }
        }
    }

    /// Where the values stand of which sections are read as wholes, for `config show`.
    private func keepOrigins(_ fields: Fields, in configuration: inout Configuration) {
        for section in ["polling", "guard", "approvals", "prices", "reminders", "grouping", "page_budget"] {
            for entry in fields.node(section)?.entries ?? [] {
                configuration.origins["\(section).\(entry.name)"] = reader.origin(entry.value)
                guard section == "approvals" else { continue }
                for inner in entry.value.entries ?? [] {
                    configuration.origins["approvals.\(entry.name).\(inner.name)"] = reader.origin(inner.value)
                }
            }
        }
        // `off` for a whole section stands for each of its lines.
        for key in ["timezone", "page_budget"] where fields.node(key)?.entries == nil {
            configuration.origins[key] = fields.node(key).map(reader.origin)
        }
        if let node = fields.node("reminders"), node.entries == nil {
            for severity in Severity.allCases { configuration.origins["reminders.\(severity.rawValue)"] = reader.origin(node) }
        }
        for (index, node) in (fields.node("maintenance")?.items ?? []).enumerated() {
            configuration.origins["maintenance[\(index)]"] = reader.origin(node)
        }
    }

    /// Routes name channels that exist. One that is written with a fault is there: the fault is told, and no other name meant.
    func checkReferences(_ configuration: Configuration) {
        var known = configuration.channels.map(\.name)
        known += references.written.filter { !known.contains($0) }
        for (name, node) in references.named {
            guard !known.contains(name) else { continue }
            reporter.report(
                "unknown-channel", "no channel '\(name)'", at: node,
                hint: Nearest.hint(to: name, among: known) ?? (known.isEmpty ? "set one up under 'channels:'" : nil))
        }
    }

    /// Reactions count on the messages of a Slack bot alone: a webhook does not say where it posted.
    func checkApprovals(_ configuration: Configuration) {
        guard let slack = configuration.slackApprovals, let place = references.approvals,
            let channel = configuration.channels.first(where: { $0.name == slack.channel })
        else { return }
        if let settings = channel.kind as? SlackSettings, case .bot = settings { return }
        reporter.report(
            "approvals", "the channel '\(slack.channel)' is no Slack bot's", at: place,
            hint: "reactions are read with a bot's token: slack: {token_file: …, channel: C…}")
    }

    /// Channels that routes name, and where.
    private let references = References()
    private final class References {
        var named: [(name: String, node: YAMLNode)] = []
        var approvals: YAMLNode?
        /// The names under `channels:` of the file, also those whose settings cannot be read.
        var written: [String] = []
    }

    init(reporter: Reporter, environment: Environment) {
        reader = SettingReader(reporter: reporter, environment: environment)
    }

    // MARK: Parts

    private func runtimes(_ fields: Fields) -> [RuntimeSettings] {
        guard let inner = fields.section(Keys.runtimes) else { return [] }
        var known: [String: String] = [:]
        return inner.all().compactMap { entry in
            guard reader.isName(entry.name) else {
                reporter.report(
                    "name", "'\(entry.name)' cannot name a runtime", at: entry.key,
                    hint: "letters, digits and . _ -, at most 64")
                return nil
            }
            guard let runtime = Fields(entry.value, "a runtime", reporter, place: entry.key.start) else { return nil }
            checkPlaces(runtime)
            let finding = TargetFindingReader(reader: reader).read(runtime)
            let list = runtime.node(RuntimeKeys.replicas)
            let replicas =
                list.flatMap { reporter.list($0, "'replicas'") }?.compactMap { reader.url($0, "a replica", hasAuth: true, isReplica: true) }
                ?? []
            if let list, list.items?.isEmpty == true {
                reporter.report("type", "'replicas' is empty", at: list, hint: "[http://127.0.0.1:8000]")
            }
            for url in replicas {
                let other = known.updateValue(entry.name, forKey: ConfigurationReader.address(url))
                guard let list, let other else { continue }
                reporter.report(
                    "replica-twice",
                    "\(Shown.id(url)) is a replica of '\(other)' already: what runs there counts twice"
                        + (other.isSame(as: entry.name) ? "" : ", and is told and held back twice"),
                    at: list, hint: "name each process once; apps need no runtime of their own", severity: .warning)
            }
            let authentication = AuthenticationReader(reader: reader).read(runtime, for: finding?.urls ?? replicas)
            let labels = BesideReader(reader: reader).labels(runtime)
            let metrics = metricsPlace(runtime)
            let tls = TLSReader(reader: reader).read(runtime)
            runtime.finish()
            return RuntimeSettings(
                watched: WatchedRuntime(name: entry.name, replicas: finding == nil ? replicas : [], labels: labels, metrics: metrics),
                authentication: authentication, origin: reader.origin(entry.key), tls: tls, finding: finding)
        }
    }

    /// One place says who the replicas are.
    private func checkPlaces(_ runtime: Fields) {
        let given = ([RuntimeKeys.replicas] + FindingKeys.all).compactMap { runtime.entry($0) }.filter { !$0.value.isNull }
        if given.isEmpty {
            reporter.report(
                "missing-key", "\(runtime.what) needs 'replicas'", at: runtime.place,
                hint: "or what says who they are: " + FindingKeys.all.map { "'\($0.name)'" }.joined(separator: ", "))
        } else if given.count > 1 {
            reporter.report(
                "replicas", "'\(given[1].name)' stands beside '\(given[0].name)': one of them says who the replicas are", at: given[1].key)
        }
    }

    /// What two ways of writing one address have in common.
    private static func address(_ url: String) -> String {
        var text = url.lowercased()
        while text.hasSuffix("/") { text.removeLast() }
        let (scheme, port) = text.hasPrefix("https:") ? ("https://", ":443") : ("http://", ":80")
        guard text.hasPrefix(scheme) else { return text }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        var host = String(authority)
        if host.hasSuffix(port) { host.removeLast(port.count) }
        for name in ["localhost", "[::1]"] where host == name || host.hasPrefix(name + ":") {
            host = "127.0.0.1" + host.dropFirst(name.count)
        }
        return scheme + host + rest.dropFirst(authority.count)
    }

    /// `/metrics`, or a URL.
    private func metricsPlace(_ fields: Fields) -> MetricsPlace? {
        guard let node = fields.node(RuntimeKeys.metrics), let text = reader.text(node, "'metrics'").map(SecretSource.trim) else {
            return nil
        }
        func refuse(_ message: String, _ hint: String?) -> MetricsPlace? {
            reporter.report("metrics", "'metrics': \(message)", at: node, hint: hint)
            return nil
        }
        guard text.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "#") }), !text.isEmpty else {
            return refuse("neither a path nor a URL", "such as /metrics, or http://exporter:9100/metrics")
        }
        if text.hasPrefix("/") { return .path(text) }
        guard text.contains(bytesOf: "://") else { return refuse("neither a path nor a URL", "a path begins with a slash: '/\(text)'") }
        if let fault = BaseURL.fault(String(text.prefix { $0 != "?" })) {
            return refuse(fault.message, fault.isCredential ? "a page of metrics elsewhere is read without a login" : fault.hint)
        }
        return .url(text)
    }

    private func history(_ fields: Fields, _ configuration: inout Configuration) {
        guard let inner = fields.section(Keys.history) else { return }
        if let node = inner.node(HistoryKeys.retain), let span = reader.span(inner, HistoryKeys.retain) {
            configuration.historyRetention = Setting(span, reader.origin(node))
        }
        inner.finish()
    }

    private func actions(_ fields: Fields, _ configuration: inout Configuration) {
        guard let actions = fields.section(Keys.actions) else { return }
        configuration.gate = GateSettings(actions, reader)
        configuration.adapters = AdapterKinds.read(actions, runtimes: configuration.runtimes.map(\.name), reader)
        actions.finish()
    }

    private func limits(_ fields: Fields, _ limits: inout GuardOptions) {
        guard let inner = fields.section(Keys.guarding) else { return }
        if let node = inner.node(GuardKeys.protected), let ids = reporter.strings(node, "'protected'") {
            // As the runtime keeps ids: without white space around them.
            let written = ids.map { SecretSource.trim($0) }
            if written.contains("") {
                reporter.report(
                    "empty", "an id in 'protected' is empty: it protects nobody", at: node, hint: "leave it out, or name an app")
            }
            limits.protected = written.filter { !$0.isEmpty }.map { AppID($0).stored }
        }
        if let span = reader.span(inner, GuardKeys.cooldown) { limits.cooldown = span }
        if let n = reader.whole(inner, GuardKeys.perAppHour) { limits.perAppHour = n }
        if let n = reader.whole(inner, GuardKeys.totalHour) { limits.totalHour = n }
        if let span = reader.span(inner, GuardKeys.maxLease) { limits.maxLease = span }
        if let span = reader.span(inner, GuardKeys.quietAfterRestart) { limits.quietAfterRestart = span }
        if let span = reader.span(inner, GuardKeys.quietAfterFault) { limits.quietAfterFault = span }
        if let percent = reader.percent(inner, GuardKeys.blastRadius) { limits.blastPercent = percent }
        if let node = inner.node(GuardKeys.storm), let storm = storm(node) {
            (limits.stormIncidents, limits.stormWindow) = storm
        }
        if let floor = inner.section(GuardKeys.floor) {
            if let n = reader.whole(floor, FloorKeys.concurrentWorkflows) { limits.floor.concurrentWorkflows = n }
            if let n = reader.whole(floor, FloorKeys.requestsPerMinute) { limits.floor.requestsPerMinute = n }
            floor.finish()
        }
        inner.finish()
    }

    private func approvals(_ fields: Fields, _ configuration: inout Configuration) {
        guard let inner = fields.section(Keys.approvals) else { return }
        if let span = reader.span(inner, ApprovalKeys.expire) { configuration.actionLimits.approvalExpiry = span }
        configuration.slackApprovals = SlackApprovals(inner, reader) { name, node in
            references.named.append((name, node))
            references.approvals = node
        }
        inner.finish()
    }

    /// `10 in 2m`.
    private func storm(_ node: YAMLNode) -> (Int, TimeSpan)? {
        let words = (node.text ?? "").split(separator: " ")
        guard words.count == 3, words[1] == "in", let count = Int(words[0]), count > 0, let span = TimeSpan(words[2]),
            span > .zero
        else {
            reporter.report(
                "type", "'storm' must be a number of incidents in a time", at: node, hint: "such as: 10 in 2m")
            return nil
        }
        return (count, span)
    }

    private func channels(_ fields: Fields) -> [ChannelSettings] {
        guard let inner = fields.section(Keys.channels) else { return [] }
        return inner.all().compactMap(ChannelReader(reader: reader).read)
    }

    private func readServer(_ fields: Fields, into configuration: inout Configuration) {
        guard let inner = fields.section(Keys.server) else { return }
        ServerReader(reader: reader).read(inner, into: &configuration)
    }

    /// `metrics: {per_app: true, top: 20}`: apps are named by whoever uses the runtime, so only where that is wanted.
    private func metrics(_ fields: Fields) -> Setting<Int>? {
        guard let inner = fields.section(Keys.metrics) else { return nil }
        let perApp = reader.flag(inner, MetricsKeys.perApp) ?? false
        let top = reader.whole(inner, MetricsKeys.top) ?? 20
        inner.finish()
        return perApp ? Setting(top, reader.origin(inner)) : nil
    }

    private func prices(_ fields: Fields) -> [(model: String, price: TokenPrice)] {
        fields.section(Keys.prices)?.all().compactMap { entry in reader.price(entry).map { (entry.name, $0) } } ?? []
    }
}
