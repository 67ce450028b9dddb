import Model
import Settings

/// The machine that the monitor runs on, as it is watched.
public struct HostSettings: Sendable {
    public let watched: WatchedRuntime
    /// Folders whose file systems are looked at.
    public let mounts: [String]
    public let proc: String
    public let cgroup: String
    /// Names of runtimes that run there; nil: nobody said.
    public let carries: [String]?
    public let origin: SettingOrigin
}

extension Configuration {
    /// Everything that is watched: runtimes, then hosts, then services, each in the order of the file.
    public var watched: [WatchedRuntime] {
        runtimes.map(\.watched) + hosts.map(watched) + services.map(\.watched)
    }

    /// What of a kind is watched, for a line of the log; `none` where nothing is.
    public func names(of kind: WatchedKind) -> String {
        let names = watched.filter { $0.kind == kind }.map(\.name)
        return names.isEmpty ? "none" : names.joined(separator: ",")
    }

    private func watched(_ host: HostSettings) -> WatchedRuntime {
        var watched = host.watched
        watched.carries = carried(by: host)
        return watched
    }

    /// Who is reached on loopback runs on this machine.
    func carried(by host: HostSettings) -> [String] {
        host.carries ?? runtimes.filter { !$0.replicas.isEmpty && $0.replicas.allSatisfy(Configuration.isLoopback) }.map(\.name)
    }

    static func isLoopback(_ url: String) -> Bool {
        let lower = url.lowercased()
        guard let scheme = ["http://", "https://"].first(where: lower.hasPrefix) else { return false }
        let authority = lower.dropFirst(scheme.count).prefix { $0 != "/" }
        if authority.hasPrefix("[") { return authority.hasPrefix("[::1]") }
        let host = authority.prefix { $0 != ":" }
        return host == "localhost" || host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." }
    }
}

extension HostSettings {
    /// For `config show`.
    func entries(carries: [String]) -> [SettingEntry] {
        let key = "hosts.\(watched.name)"
        let places = [
            ("mounts", "[\(mounts.joined(separator: ", "))]"), ("proc", proc), ("cgroup", cgroup),
            ("carries", "[\(carries.joined(separator: ", "))]"),
        ]
        return places.map { SettingEntry(key: "\(key).\($0.0)", value: $0.1, origin: origin) }
            + watched.labels.inByteOrder(of: \.key).map { name, value in
                SettingEntry(key: "\(key).labels.\(name)", value: value, origin: origin)
            }
    }
}
