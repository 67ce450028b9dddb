import Ambient
import Guard
import Journal
import Model
import Notify
import Settings
import Telling
import YAML

/// What environment variables and flags say over the file; flags over variables.
struct ConfigurationOverrides {
    let environment: Environment
    let flags: ConfigurationFlags

    /// The names of the variables that count.
    static let variables = [
        "MOZAIKS_HEARTBEAT_URL", "MOZAIKS_HEARTBEAT_URL_FILE",
        "MOZAIKS_OPS_CONFIG", "MOZAIKS_OPS_MODE", "MOZAIKS_OPS_SHARD", "MOZAIKS_OPS_STATE",
        "MOZAIKS_RUNTIME_AUTH", "MOZAIKS_RUNTIME_TOKEN", "MOZAIKS_RUNTIME_TOKEN_FILE",
        "MOZAIKS_RUNTIME_URL", "MOZAIKS_SLACK_WEBHOOK_URL", "MOZAIKS_SLACK_WEBHOOK_URL_FILE",
    ]

    /// Changes the configuration; returns what is wrong.
    func apply(to configuration: inout Configuration) -> [Diagnostic] {
        var faults: [Diagnostic] = []
        if let given = given("--mode", flags.mode, "MOZAIKS_OPS_MODE") {
            if let mode = Mode(rawValue: given.text) {
                configuration.mode = Setting(mode, given.origin)
            } else {
                let names = Mode.allCases.map(\.rawValue)
                faults.append(
                    fault(
                        given.origin, "value", "mode cannot be '\(given.text)'",
                        Nearest.hint(to: given.text, among: names) ?? "one of: " + names.joined(separator: ", ")))
            }
        }
        if let given = given("--state", flags.state, "MOZAIKS_OPS_STATE") {
            let name = StateName(given.text).with(configuration.state.value.password)
            faults += hiddenDatabase(configuration.state, behind: name, given.origin)
            if let wrong = name.fault {
                faults.append(fault(given.origin, "state", "this is no URL of a database: \(wrong.message)", wrong.hint))
            }
            configuration.state = Setting(name, given.origin)
        }
        faults += stateFolders(configuration)
        if let text = flags.policies { configuration.policies = Setting(text, .flag("--policies")) }
        if let text = flags.interval {
            if let span = TimeSpan(text), span >= .seconds(1), span <= .hours(1) {
                configuration.interval = Setting(span, .flag("--interval"))
            } else {
                faults.append(
                    fault(
                        .flag("--interval"), "value", "'\(text)' is not a length of time between 1s and 1h",
                        TimeSpan(text) == nil ? SpanSpelling.hint(text) ?? "such as 10s" : "such as 10s"))
            }
        }
        if let given = given("--shard", flags.shard, "MOZAIKS_OPS_SHARD") {
            if let shard = Shard(given.text) {
                configuration.shard = Setting(shard, given.origin)
            } else {
                let wrong = ShardSplit.fault(given.text)
                faults.append(fault(given.origin, "shard", wrong.message, wrong.hint))
            }
        }
        faults += runtime(&configuration)
        slack(&configuration)
        heartbeat(&configuration)
        return faults
    }

    /// What is in the others may be meant: an engine that starts with an empty state has lost its incidents, leases and messages.
    private func stateFolders(_ configuration: Configuration) -> [Diagnostic] {
        let folders = environment.stateFolders
        guard case .environment("STATE_DIRECTORY") = configuration.state.origin, folders.count > 1 else { return [] }
        let others = folders.dropFirst().map { "'\(Shown.id($0))'" }.joined(separator: ", ")
        return [
            Diagnostic(
                "state", "it names \(folders.count) folders: the state is in the first, '\(Shown.id(folders[0]))', and not in \(others)",
                file: configuration.state.origin.description, line: 0, hint: "say which one it is: 'state: …' or --state",
                severity: .warning)
        ]
    }

    /// A variable that a unit or an image sets goes before what stands in the file. Two monitors that were to share a database then
    /// each have a folder, and each is an engine. `--state` somebody typed.
    private func hiddenDatabase(_ written: Setting<StateName>, behind name: StateName, _ origin: SettingOrigin) -> [Diagnostic] {
        guard case .file = written.origin, case .environment = origin, written.value.isDatabase, !name.isDatabase, name.fault == nil else {
            return []
        }
        return [
            Diagnostic(
                "state", "it names a folder, and so the database that the configuration names (\(written.value)) is not used",
                file: origin.description, line: 0, hint: "take the variable away from the unit, the image or the shell that sets it",
                severity: .warning)
        ]
    }

    private func given(_ flag: String, _ text: String?, _ variable: String) -> (text: String, origin: SettingOrigin)? {
        if let text { return (text, .flag(flag)) }
        return environment.nonEmpty(variable).map { ($0, .environment(variable)) }
    }

    private func fault(_ origin: SettingOrigin, _ code: String, _ message: String, _ hint: String?) -> Diagnostic {
        Diagnostic(code, message, file: origin.description, line: 0, hint: hint)
    }

    /// A URL takes the place of all configured runtimes, and nothing of theirs goes to it: neither their token nor
    /// their labels. Several replicas: separated by commas.
    private func runtime(_ configuration: inout Configuration) -> [Diagnostic] {
        let token: SecretSource? =
            if let path = environment.nonEmpty("MOZAIKS_RUNTIME_TOKEN_FILE") {
                .file(path)
            } else if environment.nonEmpty("MOZAIKS_RUNTIME_TOKEN") != nil {
                .environment("MOZAIKS_RUNTIME_TOKEN")
            } else { nil }
        var authentication: Authentication = token.map { .bearer($0) } ?? .none
        guard let given = given("--url", flags.url, "MOZAIKS_RUNTIME_URL") else {
            // One runtime without a token of its own is the one that is meant.
            if token != nil, configuration.runtimes.count == 1, case .none = configuration.runtimes[0].authentication {
                configuration.runtimes[0].authentication = authentication
            }
            return []
        }
        // A line break between two replicas separates them as a comma does; nothing behind the last one is no replica.
        let replicas = given.text.split { $0 == "," || $0.isNewline }.map { BaseURL.trimmed(String($0)) }.filter { !$0.isEmpty }
        var faults: [Diagnostic] = []
        if replicas.isEmpty { faults.append(fault(given.origin, "url", "there is no URL in it", "such as http://127.0.0.1:8000")) }
        for url in replicas {
            if let wrong = BaseURL.fault(ofReplica: url) { faults.append(fault(given.origin, "url", wrong.message, wrong.hint)) }
        }
        faults += login(&authentication, for: replicas)
        if faults.isEmpty, !replicas.isEmpty {
            // Without a file, each runtime named in passing has a history of its own. With one the state folder stays what
            // the file says, so that the kill switch is where everybody looks for it.
            if case .builtIn = configuration.state.origin, configuration.file == nil, let first = replicas.first {
                let place = PercentEncoding.encode(Array(first.utf8.drop { $0 != 58 }.dropFirst(3)))
                configuration.state = Setting(configuration.state.value.appending(place), given.origin)
            }
            configuration.runtimes = [
                RuntimeSettings(
                    watched: WatchedRuntime(name: "default", replicas: replicas), authentication: authentication, origin: given.origin)
            ]
            // One that is named in passing keeps to itself.
            (configuration.hosts, configuration.services) = ([], [])
        }
        return faults
    }

    /// `MOZAIKS_RUNTIME_AUTH=google-identity`, for a job that has no file: beside the URL, for whom that names.
    private func login(_ authentication: inout Authentication, for replicas: [String]) -> [Diagnostic] {
        let variable = "MOZAIKS_RUNTIME_AUTH"
        guard let text = environment.nonEmpty(variable) else { return [] }
        guard text.isSame(as: "google-identity") else {
            return [fault(.environment(variable), "auth", "it cannot be '\(Shown.id(text))'", "google-identity, or leave it out")]
        }
        if authentication != .none {
            return [
                fault(.environment(variable), "auth", "it stands beside a token: only one can be used", "take MOZAIKS_RUNTIME_TOKEN away")
            ]
        }
        let audiences = Authentication.audiences(of: replicas)
        guard let audience = audiences.first, audiences.count == 1 else {
            return audiences.isEmpty
                ? []
                : [
                    fault(
                        .environment(variable), "auth", "the replicas have several addresses",
                        "name the audience in mozaiks-ops.yaml: auth: {google_identity: {audience: …}}")
                ]
        }
        authentication = .googleIdentity(audience: audience)
        return []
    }

    /// A URL in the environment takes the place of the file's; the interval stays.
    private func heartbeat(_ configuration: inout Configuration) {
        let variable = "MOZAIKS_HEARTBEAT_URL"
        let interval = configuration.heartbeat?.interval ?? HeartbeatSettings.defaultInterval
        if let path = environment.nonEmpty(variable + "_FILE") {
            configuration.heartbeat = HeartbeatSettings(
                url: .file(path), interval: interval, origin: .environment(variable + "_FILE"))
        } else if environment.nonEmpty(variable) != nil {
            configuration.heartbeat = HeartbeatSettings(
                url: .environment(variable), interval: interval, origin: .environment(variable))
        }
    }

    /// A webhook in the environment is a channel `slack`; without routes in the file it hears warnings and worse.
    private func slack(_ configuration: inout Configuration) {
        let variable = "MOZAIKS_SLACK_WEBHOOK_URL"
        let found: (source: SecretSource, name: String)? =
            if let path = environment.nonEmpty(variable + "_FILE") {
                (.file(path), variable + "_FILE")
            } else if environment.nonEmpty(variable) != nil { (.environment(variable), variable) } else { nil }
        if let found {
            configuration.channels.removeAll { $0.name == "slack" }
            configuration.channels.append(
                ChannelSettings(name: "slack", kind: SlackSettings.webhook(url: found.source), origin: .environment(found.name))
            )
        }
        if configuration.routes.isEmpty, !configuration.channels.isEmpty {
            configuration.routes = [
                Route(
                    rule: TellingSettings.Route(
                        match: IncidentMatch(severities: [.warning, .critical]),
                        channels: configuration.channels.map(\.name)),
                    origin: .builtIn)
            ]
        }
    }
}

extension Environment {
    /// systemd joins the folders of a unit that has several with colons; ours is the first.
    var stateFolders: [String] { (nonEmpty("STATE_DIRECTORY") ?? "").split(separator: ":").map(String.init) }
}
