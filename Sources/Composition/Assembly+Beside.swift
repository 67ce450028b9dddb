import Ambient
import Collector
import Configuration
import HTTP
import Model
import Settings

extension Assembly {
    /// What is looked at over the network besides runtimes.
    static func services(_ configuration: Configuration, _ means: Means, _ network: NetworkOptions) -> [Target] {
        let prober = Prober(client: means.client, network: network, clock: means.clock)
        return configuration.services.map { service in
            let timeout = service.timeout ?? configuration.polling.timeout
            let look = ServiceLook(service.check(means), timeout: timeout, by: prober)
            let none = Authenticator(.none, client: means.client, clock: means.clock)
            return Target(service.watched, authenticator: none, timeout: timeout, look: look)
        }
    }

    /// The machine that the monitor runs on, where it is watched.
    static func hosts(_ configuration: Configuration, client: HTTPClient, clock: any Clock) -> [Target] {
        let timeout = configuration.polling.timeout
        return configuration.hosts.map { host in
            let look = HostLook(proc: host.proc, cgroup: host.cgroup, mounts: host.mounts, timeout: timeout, clock: clock)
            return Target(host.watched, authenticator: Authenticator(.none, client: client, clock: clock), timeout: timeout, look: look)
        }
    }
}
