import Ambient
import Model
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
    public var state: Setting<String>
    /// The folder of policy files; nil: the built-in default policy alone.
    public var policies: Setting<String?>
    /// The folder of one's own playbooks; nil: the built-in ones alone.
    public var playbooks: Setting<String?>
    /// In the order of the file; at least one unless nothing names any.
    public var runtimes: [RuntimeSettings]
    /// How long the history of the runtimes is kept.
    public var historyRetention = Setting(TimeSpan.hours(30 * 24), .builtIn)
    public var polling: PollingSettings
    /// Proxies, and TLS for all URLs that say nothing else.
    public var network = NetworkSettings()
    /// Nil: no action can land.
    public var gate: GateSettings?
    /// Where leases land besides the gate.
    public var adapters = AdapterSettings()
    public var actionLimits: ActionLimits
    public var channels: [ChannelSettings]
    public var routes: [Route]
    /// Besides channels and routes: hours, maintenance, grouping, reminders, the page budget.
    public var tellingOptions = TellingSettings()
    /// Nil: the command line alone.
    public var approvals: ApprovalSettings?
    /// Nil: nobody notices when this machine is gone.
    public var heartbeat: HeartbeatSettings?
    /// Nil: no model explains anything.
    public var advisor: AdvisorSection?
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
    /// Of how many apps of each runtime metrics tell, those with the most active runs; nil: of none.
    public var metricsApps: Setting<Int>?
    public var prices: [Price]
    /// Where the values of `polling`, `guard` and `prices` come from, by key: `guard.cooldown`. Absent: the default.
    var origins: [String: SettingOrigin] = [:]
    /// For `config show`: every value in the order of the file's keys.
    public var entries: [Entry]
    /// What is allowed but probably not meant.
    public var warnings: [Diagnostic]
}

/// A value and where it comes from.
public struct Setting<Value: Sendable>: Sendable {
    public let value: Value
    public let origin: SettingOrigin

    public init(_ value: Value, _ origin: SettingOrigin) {
        self.value = value
        self.origin = origin
    }
}

public enum SettingOrigin: Hashable, Sendable, CustomStringConvertible {
    case builtIn
    case file(Origin)
    /// The variable's name.
    case environment(String)
    /// With its dashes: `--mode`.
    case flag(String)

    public var description: String {
        switch self {
        case .builtIn: "default"
        case .file(let origin): origin.description
        case .environment(let name): "$" + name
        case .flag(let name): name
        }
    }
}

/// A runtime to watch.
public struct RuntimeSettings: Sendable {
    public enum Authentication: Sendable, Equatable {
        case none
        case bearer(SecretSource)
        case basic(user: String, password: SecretSource)
        case clientCredentials(ClientCredentials)
    }

    /// OAuth2 client credentials. Exactly one of issuer and token URL is set.
    public struct ClientCredentials: Sendable, Equatable {
        public let issuer: String?
        public let tokenURL: String?
        public let clientID: String
        public let clientSecret: SecretSource
        public let audience: String?
        public let scope: String?
    }

    public let name: String
    /// Base URLs without a trailing slash, at least one.
    public let replicas: [String]
    public let authentication: Authentication
    /// On every incident of the runtime.
    public let labels: [String: String]
    public let origin: SettingOrigin
    /// For its replicas.
    public var tls = TLSFiles()
}

/// What polling may cost.
public struct PollingSettings: Sendable {
    /// The most of a runtime's time that polling it may take, in percent.
    public var budgetPercent = 2.0
    public var timeout = TimeSpan.seconds(10)
    /// The largest answer that is read, in bytes.
    public var bodyLimit = 128 << 20
}

/// The gate that a reverse proxy asks.
public struct GateSettings: Sendable {
    public let listen: ListenAddress
    /// What a refused user reads; nil: the built-in text.
    public let text: String?
    public let origin: SettingOrigin
}

/// The limits that the guard holds every action to; defaults as documented.
public struct ActionLimits: Sendable {
    /// Apps that nothing is ever done to.
    public var protected: [AppID] = []
    public var cooldown = TimeSpan.minutes(10)
    public var perAppHour = 3
    public var totalHour = 10
    /// So many incidents opened within the window are a storm.
    public var stormIncidents = 10
    public var stormWindow = TimeSpan.minutes(2)
    /// A throttle asks for no less.
    public var floor = Limits(concurrentWorkflows: 1, requestsPerMinute: 10)
    public var maxLease = TimeSpan.hours(2)
    public var quietAfterRestart = TimeSpan.minutes(10)
    /// After a fault of the runtime itself nobody is acted upon for this long.
    public var quietAfterFault = TimeSpan.minutes(10)
    /// Apps under action at once, in percent of the active ones.
    public var blastPercent = 10.0
    /// How long an offer waits for a person's answer.
    public var approvalExpiry = TimeSpan.hours(8)
}

/// A way to tell people.
public struct ChannelSettings: Sendable {
    public enum Kind: Sendable, Equatable {
        case slack(webhookURL: SecretSource)
        case email(EmailSettings)
        case slackBot(SlackBotSettings)
        case webhook(WebhookSettings)
        case pagerDuty(PagerDutySettings)
        case alertmanager(AlertmanagerSettings)
        case gitHubIssue(GitHubIssueSettings)
    }

    public let name: String
    public let kind: Kind
    /// Whether it wakes people.
    public let pages: Bool
    /// So many messages within so long at most; nil: as fast as the service takes them.
    public let pace: Pace?
    /// What is worded otherwise in this channel.
    public var template = MessageTemplate()
    /// For its service.
    public var tls = TLSFiles()
    public let origin: SettingOrigin

    /// - Parameters:
    ///   - pages: nil: as its kind does.
    ///   - pace: nil: what its kind of service takes.
    init(name: String, kind: Kind, pages: Bool? = nil, pace: Pace? = nil, origin: SettingOrigin) {
        self.name = name
        self.kind = kind
        self.pages = pages ?? kind.pages
        self.pace = pace ?? kind.pace
        self.origin = origin
    }

    /// Whether its messages go the same way, in the same words and at the same pace; wherever that is written, and whoever
    /// is woken by it.
    public func isSame(_ other: ChannelSettings) -> Bool {
        name.utf8.elementsEqual(other.name.utf8) && kind == other.kind && pace == other.pace && template == other.template
            && tls == other.tls
    }
}

extension ChannelSettings.Kind {
    /// Whether channels of this kind wake people unless the configuration says otherwise.
    var pages: Bool { if case .pagerDuty = self { true } else { false } }

    /// What such a service takes without complaint.
    var pace: Pace? {
        switch self {
        // One a second; short bursts are allowed.
        case .slack, .slackBot: Pace(10, in: .seconds(10))
        case .email: Pace(30, in: .minutes(1))
        // 80 a minute create content; comments and closings count too.
        case .gitHubIssue: Pace(40, in: .minutes(1))
        case .pagerDuty: Pace(100, in: .minutes(1))
        case .webhook, .alertmanager: nil
        }
    }
}

/// A Slack app with a bot.
public struct SlackBotSettings: Sendable, Equatable {
    public let token: SecretSource
    /// The conversation's id.
    public let channel: String
    /// Nil: Slack's own.
    public let url: String?
}

/// Any receiver of signed JSON.
public struct WebhookSettings: Sendable, Equatable {
    public let url: SecretSource
    /// The key of the signature.
    public let secret: SecretSource
    /// For a proxy in front of it.
    public var authentication = RuntimeSettings.Authentication.none
}

/// An integration of PagerDuty's Events API v2.
public struct PagerDutySettings: Sendable, Equatable {
    public let routingKey: SecretSource
    /// Nil: PagerDuty's own.
    public let url: String?
    /// A page about an incident, with `{incident}` where its id goes.
    public let link: String?
}

/// An Alertmanager.
public struct AlertmanagerSettings: Sendable, Equatable {
    public let url: String
    public let token: SecretSource?
    /// How often an open alert is pushed again.
    public let resend: TimeSpan
    /// Instead of the token.
    public var authentication = RuntimeSettings.Authentication.none
}

/// A repository whose issues are the tickets.
public struct GitHubIssueSettings: Sendable, Equatable {
    /// `owner/name`.
    public let repository: String
    public let token: SecretSource
    public let labels: [String]
    /// Nil: GitHub's own.
    public let url: String?
}

/// Which messages go to which channels.
public struct Route: Sendable {
    public let rule: TellingSettings.Route
    public let origin: SettingOrigin

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

/// A dead man's switch that is told that the monitor lives.
public struct HeartbeatSettings: Sendable {
    /// The URL is a credential.
    public let url: SecretSource
    /// Between two pings of the daemon.
    public let interval: TimeSpan
    public let origin: SettingOrigin
    public var tls = TLSFiles()

    public static let defaultInterval = TimeSpan.minutes(1)
}

/// What a model's tokens cost, in USD for a million.
public struct Price: Sendable {
    public let model: String
    public let prompt: Double
    public let completion: Double
}

/// Files of a server that speaks TLS.
public struct ServerFiles: Hashable, Sendable, CustomStringConvertible {
    public let certificate: String
    public let key: String

    public var description: String { "\(certificate), key \(key)" }
}

/// Proxies that have asked people who they are, and what they may do.
public struct TrustedProxies: Hashable, Sendable, CustomStringConvertible {
    /// The header that holds the user's name.
    public let header: String
    public let ranges: [AddressRange]
    public let operators: [String]
    public let approvers: [String]

    public init(header: String, ranges: [AddressRange], operators: [String] = [], approvers: [String] = []) {
        (self.header, self.ranges, self.operators, self.approvers) = (header, ranges, operators, approvers)
    }

    public var description: String {
        "\(header) of \(ranges.map(\.description).joined(separator: ", ")); operators: \(operators.count), approvers: \(approvers.count)"
    }
}

/// Where a server listens.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// Without brackets.
    public let host: String
    public let port: UInt16

    /// Reads `127.0.0.1:9465`, `[::1]:9465`, `localhost:9465`. Nil when it is not one.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), case let digits = text[text.index(after: colon)...], digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits)
        else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":" as Character) {
            return nil
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "*") && $0 != UInt8(ascii: "/") }) else { return nil }
        self.host = String(host)
        self.port = port
    }

    public var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
    public var description: String { host.contains(":" as Character) ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension Configuration {
    /// One line of `config show`.
    public struct Entry: Hashable, Sendable {
        /// `runtimes.shared.replicas`.
        public let key: String
        /// Never a secret: a secret shows as the place it is read from.
        public let value: String
        public let origin: SettingOrigin
    }

    /// `key: value  # origin`, a line each.
    public var text: String {
        let width = min(48, entries.map { $0.key.count + $0.value.count + 2 }.max() ?? 0)
        return entries.map { entry in
            let line = "\(entry.key): \(entry.value)"
            return line + String(repeating: " ", count: max(0, width - line.count)) + "  # \(entry.origin)\n"
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
