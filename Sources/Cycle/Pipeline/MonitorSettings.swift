import Collector
import Guard
import Model
import Signals
import Telling

/// What the pipeline needs to know besides policies and state. From the configuration; fixed between reloads.
public struct MonitorSettings: Sendable {
    public var environment = "production"
    public var mode = Mode.observe
    public var interval = TimeSpan.seconds(10)
    /// The share of a runtime's time that polling its perf endpoint may cost, 0 < share <= 1.
    public var perfShare = 0.02
    /// Everything that is watched, hosts and services among it.
    public var runtimes: [WatchedRuntime] = []
    /// Which of several monitors this is; nil: the only one.
    public var shard: Shard?
    /// What other shards watch.
    public var elsewhere: [RuntimeElsewhere] = []
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

    /// Watches what a tape is of, as often as it was asked, and acts as where there is a gate. Labels are those that were
    /// known under the same names.
    public mutating func follow(_ header: TapeHeader) {
        let labels = Dictionary(runtimes.map { ($0.name, $0.labels) }) { first, _ in first }
        landable = [.throttle, .pause, .disablePack]
        interval = header.interval
        runtimes = header.runtimes.map { watched in
            WatchedRuntime(
                name: watched.name, kind: watched.kind, replicas: watched.replicas, labels: labels[watched.name] ?? [:],
                carries: watched.carries)
        }
    }

    /// The hosts that a runtime runs on, as far as they are watched.
    func hosts(of runtime: String) -> [String] {
        runtimes.filter { $0.kind == .host && $0.carries.contains { $0.isSame(as: runtime) } }.map(\.name)
    }

    /// The labels that stand on an incident of that runtime.
    public func labels(of runtime: String) -> [String: String] {
        var labels = runtimes.first { $0.name == runtime }?.labels ?? [:]
        labels["environment"] = environment
        return labels
    }
}
