import Model
import Settings

/// The machine that the monitor runs on, as it is watched.
public struct HostSettings: Sendable {
    public let watched: WatchedRuntime
    /// Folders whose file systems are looked at.
    public let mounts: [String]
    public let proc: String
    public let cgroup: String
    public let origin: SettingOrigin
}

extension Configuration {
    /// Everything that is watched: runtimes, then hosts, then services, each in the order of the file.
    public var watched: [WatchedRuntime] {
        runtimes.map(\.watched) + hosts.map(\.watched) + services.map(\.watched)
    }
}

extension HostSettings {
    /// For `config show`.
    var entries: [SettingEntry] {
        let key = "hosts.\(watched.name)"
        let places = [("mounts", "[\(mounts.joined(separator: ", "))]"), ("proc", proc), ("cgroup", cgroup)]
        return places.map { SettingEntry(key: "\(key).\($0.0)", value: $0.1, origin: origin) }
            + watched.labels.inByteOrder(of: \.key).map { name, value in
                SettingEntry(key: "\(key).labels.\(name)", value: value, origin: origin)
            }
    }
}
