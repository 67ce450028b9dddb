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

/// Everything that an operator can set, each value with the place it comes from.
public struct Configuration: Sendable {
    /// The file it was read from; nil without one.
    public var file: String?
    /// A label on every message.
    public var environment: Setting<String>
    /// The stricter of this and a policy's wins.
    public var mode: Setting<Mode>
    /// Between two polls of a runtime.
    public var interval: Setting<TimeSpan>
    /// The folder of journal, lock and kill file.
    public var state: Setting<StateName>
    /// Where the password of a database comes from; nil where only libpq knows.
    public var statePassword: SecretSource?
    /// The folder of policy files; nil: the built-in default policy alone.
    public var policies: Setting<String?>
    /// The folder of one's own playbooks; nil: the built-in ones alone.
    public var playbooks: Setting<String?>
    /// Which of several monitors this is; nil: the only one.
    public var shard: Setting<Shard>?
    /// In the order of the file; at least one unless nothing names any. Those of other shards are not among them.
    public var runtimes: [RuntimeSettings]
    /// Those of other shards.
    public var elsewhere: [RuntimeElsewhere] = []
    /// The machine that the monitor runs on; none: it is not watched.
    public var hosts: [HostSettings] = []
    /// What is looked at over the network besides.
    public var services: [ServiceSettings] = []
    /// How long the history of the runtimes is kept.
    public var historyRetention = Setting(TimeSpan.hours(30 * 24), .builtIn)
    public var polling: PollingSettings
    /// Proxies, and TLS for all URLs that say nothing else.
    public var network = NetworkSettings()
    /// Nil: no action can land.
    public var gate: GateSettings?
    /// Where leases land besides the gate.
    public var adapters: [any AdapterKind] = []
    public var actionLimits = GuardOptions()
    public var channels: [ChannelSettings]
    public var routes: [Route]
    /// Besides channels and routes: hours, maintenance, grouping, reminders, the page budget.
    public var tellingOptions = TellingSettings()
    /// How people say yes or no to an action besides the command line; nil: that alone.
    public var slackApprovals: SlackApprovals?
    /// Nil: nobody notices when this machine is gone.
    public var heartbeat: HeartbeatSettings?
    /// Nil: no model explains anything.
    public var advisor: AdvisorSettings?
    /// Where page, JSON interface and metrics listen; nil: nowhere.
    public var server: Setting<ListenAddress>?
    /// What whoever reads page or JSON interface has to show; nil: only the machine itself may read them.
    public var readToken: Setting<SecretSource>?
    /// Where people reach the page, without a slash at the end; nil: nobody said.
    public var publicURL: Setting<String>?
    /// The server's certificate and its key, as paths; nil: plain HTTP.
    public var certificate: Setting<ServerFiles>?
    /// Who names people for us; nil: nobody.
    public var trustedProxies: Setting<TrustedProxies>?
    /// What they show besides; nil: their address is enough.
    public var trustedSecret: Setting<SecretSource>?
    /// Of how many apps of each runtime metrics tell, those with the most active runs; nil: of none.
    public var metricsApps: Setting<Int>?
    /// What models cost, in the order of the file.
    public var prices: [(model: String, price: TokenPrice)]
    /// Where the values of `polling`, `guard` and `prices` come from, by key: `guard.cooldown`. Absent: the default.
    var origins: [String: SettingOrigin] = [:]
    /// Where each window of maintenance stands in the file, saying nothing.
    public var maintenancePlaces: [Diagnostic] = []
    /// For `config show`: every value in the order of the file's keys.
    public var entries: [SettingEntry]
    /// What is allowed but probably not meant.
    public var warnings: [Diagnostic]
}

/// A runtime to watch, and how it is reached.
public struct RuntimeSettings: Sendable {
    public let watched: WatchedRuntime
    public var authentication: Authentication
    public let origin: SettingOrigin
    /// For its replicas.
    public var tls = TLSFiles()
    /// Where the replicas are to be found; nil where they are named.
    public var finding: TargetFinding?

    public var name: String { watched.name }
    public var replicas: [String] { watched.replicas }
    public var labels: [String: String] { watched.labels }
}

/// Which messages go to which channels.
public struct Route: Sendable {
    public let rule: TellingSettings.Route
    public let origin: SettingOrigin
    /// Where it stands in the file, saying nothing; nil for one that stands in none.
    public var place: Diagnostic?

    /// Empty: all.
    public var severities: [Severity] { rule.match.severities }
    /// Names of channels.
    public var to: [String] { rule.channels }
}

extension Configuration {
    /// Who is told what, and when.
    public var telling: TellingSettings {
        var settings = tellingOptions
        settings.channels = channels.map { TellingSettings.Channel($0.name, pages: $0.pages) }
        settings.routes = routes.map(\.rule)
        return settings
    }
}

extension Configuration {
    /// `key: value  # origin`, a line each.
    public var text: String {
        let width = min(48, entries.map { $0.key.count + $0.value.count + 2 }.max() ?? 0)
        return entries.map { entry in
            let line = "\(entry.key): \(Shown.cell(entry.value))"
            return line + String(repeating: " ", count: max(0, width - line.count)) + "  # \(Shown.cell("\(entry.origin)"))\n"
        }.joined()
    }

    /// `[{key, value, origin}]`.
    public var json: JSON {
        .array(
            entries.map {
                ["key": .string($0.key), "value": .string($0.value), "origin": .string($0.origin.description)]
            })
    }
}
