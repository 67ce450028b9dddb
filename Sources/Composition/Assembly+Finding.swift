import Ambient
import Collector
import HTTP
import Model
import Settings

extension Assembly {
    /// Whoever says who a runtime's replicas are.
    static func source(
        _ finding: TargetFinding, of runtime: String, client: HTTPClient, clock: any Clock, in environment: Environment
    ) -> any TargetSource {
        switch finding {
        case .dns(let name):
            guard let port = name.port else { return ServiceTargets(record: name.host, scheme: name.scheme, refresh: name.refresh) }
            return AddressTargets(
                host: name.host, port: port, scheme: name.scheme, family: name.records == .aaaa ? .ipv6 : .ipv4, refresh: name.refresh)
        // Looking costs next to nothing.
        case .files(let paths): return FileTargets(paths: paths, refresh: .seconds(10))
        case .http(let service):
            let method = service.authentication.method("the targets of \(runtime)", in: environment)
            return ServedTargets(
                url: service.url, client: client, authenticator: Authenticator(method, client: client, clock: clock), tls: service.tls,
                refresh: service.refresh)
        case .kubernetes(let cluster):
            let token = Authentication.bearer(.file(cluster.tokenFile)).method("the targets of \(runtime)", in: environment)
            return ClusterTargets(
                namespace: cluster.namespace, service: cluster.service, port: cluster.port, scheme: cluster.scheme, api: cluster.api,
                client: client, authenticator: Authenticator(token, client: client, clock: clock),
                tls: TLSFiles(caFile: cluster.caFile), refresh: cluster.refresh)
        }
    }
}
