import Actions
import Ambient
import Collector
import Configuration
import Cycle
import HTTP
import Model
import Notify
import Policy
import Signals
import YAML

/// The parts of a monitor, made from its configuration. Nothing runs yet.
public struct Assembly: Sendable {
    public let configuration: Configuration
    public let environment: Environment
    /// How requests get out.
    public let network: NetworkOptions
    /// What its parts are made with, and those of a configuration that is read later.
    let means: Means
    public let policies: PolicySet
    public let settings: MonitorSettings
    public let client: HTTPClient
    public let targets: [Target]
    public let channels: [any Channel]
    /// Where leases land besides the gate, in the order of the configuration.
    public internal(set) var adapters: [any ActionAdapter] = []
    /// Nil where none is configured.
    public let heartbeat: Heartbeat?

    /// Loads the policies that a configuration names: the folder's files, or the built-in default alone.
    /// - Parameter checksInterval: also warn of times below the interval of polls.
    public static func loadPolicies(
        _ configuration: Configuration, checksInterval: Bool = false
    ) throws(PolicyErrors) -> PolicySet {
        let interval = checksInterval ? configuration.interval.value : nil
        guard let folder = configuration.policies.value else {
            guard let interval else { return PolicySet.embeddedDefault }
            return try PolicyLoader.load(files: [], interval: interval).get()
        }
        return try loadPolicies(folder: folder, interval: interval)
    }

    /// The policies of a folder; a folder without a default file has the built-in one.
    /// - Parameter interval: how often the runtime is asked; with it, a `for` below it is a warning.
    public static func loadPolicies(folder: String, interval: TimeSpan? = nil) throws(PolicyErrors) -> PolicySet {
        var files: [PolicyFile] = []
        do {
            files = try FileReading.yamlFiles(in: folder)
        } catch {
            let fault = Diagnostic(
                "unreadable", "cannot read the policies: \(error.reason)", file: error.path, line: 0,
                hint: "name a folder with ops_policy.default.yaml in it")
            throw PolicyErrors(diagnostics: [fault])
        }
        let set = try PolicyLoader.load(files: files, interval: interval).get()
        return set.adding(warnings: Assembly.oddities(of: folder, set))
    }

    /// What of a folder was not read though it looks as if it should have been, and what holds instead.
    private static func oddities(of folder: String, _ set: PolicySet) -> [Diagnostic] {
        let folder = folder.hasSuffix("/") && folder != "/" ? String(folder.dropLast()) : folder
        var found: [Diagnostic] = []
        for name in FileReading.otherNames(in: folder, endings: [".yaml", ".yml"]) {
            let lower = name.lowercased()
            guard ["ops_policy", "ops_rules", ".yaml", ".yml", ".json"].contains(where: { lower.contains(bytesOf: $0) }) else { continue }
            found.append(
                Diagnostic(
                    "not-read", "this file is not read: names of policy files end in .yaml", file: "\(folder)/\(name)", line: 0,
                    hint: "name it ops_policy.default.yaml, ops_rules.<name>.yaml or ops_policy.<app_id>.yaml", severity: .warning))
        }
        for name in FileReading.folders(in: folder) {
            let below = "\(folder)/\(name)/"
            guard
                let first = try? FileReading.yamlFiles(in: "\(folder)/\(name)").first(where: {
                    let file = $0.path.dropFirst(below.count)
                    return file.hasPrefix("ops_policy.") || file.hasPrefix("ops_rules.")
                })
            else { continue }
            found.append(
                Diagnostic(
                    "not-read", "this file is not read: it lies in a folder below the one of the policies", file: first.path, line: 0,
                    hint: "put it into \(folder) itself; its neighbours there are not read either", severity: .warning))
        }
        if !set.files.contains(where: { $0.path.hasPrefix(folder + "/") }) {
            found.append(
                Diagnostic(
                    "built-in", "no file of this folder is a policy: the built-in policy holds", file: folder, line: 0,
                    hint: "ops_policy.default.yaml holds for everybody; 'extends: builtin' in it keeps the built-in rules",
                    severity: .warning))
        }
        if let lost = set.lostOutage { found.append(lost) }
        return found
    }

    public init(
        _ configuration: Configuration, policies: PolicySet, environment: Environment, clock: any Clock = SystemClock(),
        version: String, logger: Logger = .silent
    ) throws(HTTPError) {
        self.configuration = configuration
        self.environment = environment
        self.policies = policies
        network = try configuration.network.options(in: environment)
        var options = HTTPClient.Options(userAgent: "mozaiks-ops/\(version)", network: network)
        // Room for one answer as long as any may be, beside the others of usual length.
        options.bodyMemory = configuration.polling.bodyLimit + 32 << 20
        client = try HTTPClient(options)
        settings = Assembly.settings(configuration)
        let (client, polling) = (client, configuration.polling)
        let means = Means(client: client, clock: clock, environment: environment, logger: logger, caFile: network.tls.caFile)
        let runtimes = configuration.runtimes.map { runtime in
            let method = runtime.authentication.method(runtime.name, in: environment)
            var target = Target(
                runtime: runtime.name, replicas: runtime.replicas,
                authenticator: Authenticator(method, client: client, clock: clock), timeout: polling.timeout,
                bodyLimit: polling.bodyLimit)
            target.tls = runtime.tls
            target.metrics = runtime.watched.metrics
            target.finder = runtime.finding.map { TargetFinder($0.source(of: runtime.name, means), of: runtime.name, clock: clock) }
            return target
        }
        targets =
            runtimes + Assembly.hosts(configuration, client: client, clock: clock) + Assembly.services(configuration, means, network)
        self.means = means
        adapters = configuration.adapters.map { $0.adapter(means.using($0.tls), owner: configuration.environment.value) }
        heartbeat = configuration.heartbeat?.heartbeat(means)
        channels = configuration.channels.map { $0.channel(means) }
    }

    /// What the pipeline needs to know of a configuration.
    public static func settings(_ configuration: Configuration) -> MonitorSettings {
        var settings = MonitorSettings()
        settings.environment = configuration.environment.value
        settings.mode = configuration.mode.value
        settings.interval = configuration.interval.value
        settings.perfShare = configuration.polling.budgetPercent / 100
        settings.runtimes = configuration.watched
        settings.shard = configuration.shard?.value
        settings.elsewhere = configuration.elsewhere
        settings.areAllRuntimes = !configuration.runtimes.contains(where: \.origin.isInPassing)
        settings.guardOptions = configuration.actionLimits
        let landings = Assembly.landings(configuration)
        settings.landable = landings.everywhere
        settings.landsAtGateOnly = configuration.gate != nil && configuration.adapters.isEmpty
        settings.landableKeys = landings.keys
        settings.landableOnApproval = landings.onApproval
        settings.telling = configuration.telling
        settings.historyRetention = configuration.historyRetention.value
        // The perf body names no model, so one price serves all.
        settings.price = TokenPrice.dearest(configuration.prices.map(\.price))
        return settings
    }
}
