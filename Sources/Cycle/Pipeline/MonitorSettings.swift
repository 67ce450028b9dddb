import Guard
import Model
import Signals
import Telling

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
    /// What can be landed only after a person said yes, and why.
    public var landableOnApproval: [LeaseKey: String] = [:]
    /// Whether leases land at the gate and nowhere else, so that where no proxy asks it nothing is held.
    public var landsAtGateOnly = false
    /// Who is told what, and when.
    public var telling = TellingSettings()
    public var price: TokenPrice?
    /// How long history is kept.
    public var historyRetention = TimeSpan.hours(30 * 24)

    public init() {}

    /// Names of the channels that exist; messages go nowhere else. Setting them makes channels that page nobody.
    public var channels: [String] {
        get { telling.channels.map(\.name) }
        set { telling.channels = newValue.map { TellingSettings.Channel($0) } }
    }

    /// The labels that stand on an incident of that runtime.
    public func labels(of runtime: String) -> [String: String] {
        var labels = runtimes.first { $0.name == runtime }?.labels ?? [:]
        labels["environment"] = environment
        return labels
    }
}
