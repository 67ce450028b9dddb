import Ambient
import Collector
import Configuration
import HTTP
import Model

extension Assembly {
    /// The machine that the monitor runs on, where it is watched.
    static func hosts(_ configuration: Configuration, client: HTTPClient, clock: any Clock) -> [Target] {
        let timeout = configuration.polling.timeout
        return configuration.hosts.map { host in
            let look = HostLook(proc: host.proc, cgroup: host.cgroup, mounts: host.mounts, timeout: timeout, clock: clock)
            return Target(host.watched, authenticator: Authenticator(.none, client: client, clock: clock), timeout: timeout, look: look)
        }
    }
}
