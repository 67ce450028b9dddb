import Guard
import Model
import Signals

/// What the pipeline needs to know besides policies and state. From the configuration; fixed between reloads.
public struct MonitorSettings: Sendable {
    /// A watched runtime.
    public struct Runtime: Sendable {
        public var name: String
        /// Base URLs in the configured order.
        public var replicas: [String]
        public var labels: [String: String]

        public init(name: String, replicas: [String], labels: [String: String] = [:]) {
            self.name = name
            self.replicas = replicas
            self.labels = labels
        }
    }

    /// Sends incidents of these severities to these channels.
    public struct Route: Sendable {
        /// Empty: of every severity.
        public var severities: [Severity]
        public var channels: [String]

        public init(severities: [Severity] = [], channels: [String]) {
            self.severities = severities
            self.channels = channels
        }
    }

    public var environment = "production"
    public var mode = Mode.observe
    public var interval = TimeSpan.seconds(10)
    /// The share of a runtime's time that polling its perf endpoint may cost, 0 < share <= 1.
    public var perfShare = 0.02
    public var runtimes: [Runtime] = []
    /// Whether these are all runtimes that the state folder is about. False for one named in passing (`--url`): then the
    /// others, of which nothing is heard, are left as they are.
    public var areAllRuntimes = true
    public var guardOptions = GuardOptions()
    /// Actions that a configured adapter can land on every app.
    public var landable: Set<ActionKind> = []
    /// What can be landed besides, on some apps.
    public var landableKeys: Set<LeaseKey> = []
    /// Names of the channels that exist; messages go nowhere else.
    public var channels: [String] = []
    /// None: every message to every channel.
    public var routes: [Route] = []
    public var price: TokenPrice?

    public init() {}

    /// The channels that hear of an incident: those that the rule names, or else those of the routes that match; each
    /// once, in the order of the configuration.
    public func channels(for severity: Severity, named: [String]) -> [String] {
        routing(of: severity, named: named).channels
    }

    /// The same with reasons. `named` is nil for a rule that does not notify.
    public func routing(of severity: Severity, named: [String]?) -> Routing {
        Routing(severity, named: named, channels: channels, routes: routes)
    }

    /// The labels that stand on an incident of that runtime.
    public func labels(of runtime: String) -> [String: String] {
        var labels = runtimes.first { $0.name == runtime }?.labels ?? [:]
        labels["environment"] = environment
        return labels
    }
}
