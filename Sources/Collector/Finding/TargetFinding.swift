import Ambient
import HTTP
import Model
import Settings

/// Where a runtime's replicas are to be found, where the configuration does not name them.
public enum TargetFinding: Sendable, Equatable {
    case dns(Name)
    case files([String])
    case http(Service)
    case kubernetes(Cluster)

    /// Whose addresses are replicas.
    public struct Name: Sendable, Equatable {
        public var host: String
        /// Nil: the records say it (SRV).
        public var port: Int?
        public var scheme: String
        public var records: Records
        public var refresh: TimeSpan
    }

    public enum Records: String, Sendable, CaseIterable {
        case a = "A", aaaa = "AAAA", srv = "SRV"
    }

    /// That hands out lists of targets.
    public struct Service: Sendable, Equatable {
        public var url: String
        public var authentication: Authentication
        public var tls: TLSFiles
        public var refresh: TimeSpan
        /// Without its query, which may hold a secret.
        public var shownURL: String { String(url.prefix { $0 != "?" }) }
    }

    /// Whose service has endpoints.
    public struct Cluster: Sendable, Equatable {
        public var namespace: String
        public var service: String
        /// By number or by name; nil: the service's only one.
        public var port: String?
        public var scheme: String
        /// The API server.
        public var api: String
        /// The account's token, read before each request.
        public var tokenFile: String
        public var caFile: String
        public var refresh: TimeSpan
    }

    /// Secrets that settings name.
    public var secrets: [SecretUse] {
        if case .http(let service) = self { return service.authentication.secrets }
        return []
    }

    /// Of whoever is asked.
    public var tls: TLSFiles {
        switch self {
        case .dns, .files: TLSFiles()
        case .http(let service): service.tls
        case .kubernetes(let cluster): TLSFiles(caFile: cluster.caFile)
        }
    }

    /// In an operator's words: `dns runtime.internal`.
    public var shown: String {
        switch self {
        case .dns(let name): "dns \(name.host)" + (name.records == .a ? "" : " (\(name.records.rawValue))")
        case .files(let paths): "file_sd \(paths.joined(separator: ", "))"
        case .http(let service): "http_sd \(service.shownURL)"
        case .kubernetes(let cluster): "kubernetes \(cluster.namespace)/\(cluster.service)"
        }
    }

    /// What URLs replicas may have, for whom an identity token is asked; empty where only the answer tells.
    public var urls: [String] {
        if case .dns(let name) = self, let port = name.port { return ["\(name.scheme)://\(name.host):\(port)"] }
        return []
    }

    /// For `config show`.
    public func entries(_ place: String, _ origin: SettingOrigin) -> [SettingEntry] {
        func entry(_ key: String, _ value: String) -> SettingEntry { .init(key: "\(place).\(key)", value: value, origin: origin) }
        switch self {
        case .dns(let name):
            var entries = [entry("dns.name", name.host), entry("dns.type", name.records.rawValue)]
            if let port = name.port { entries.append(entry("dns.port", "\(port)")) }
            return entries + [entry("dns.scheme", name.scheme), entry("dns.refresh", "\(name.refresh)")]
        case .files(let paths): return [entry("file_sd", paths.joined(separator: ", "))]
        case .http(let service):
            return [
                entry("http_sd.url", service.shownURL), entry("http_sd.auth", service.authentication.shown),
                entry("http_sd.refresh", "\(service.refresh)"),
            ] + service.tls.entries("\(place).http_sd", origin)
        case .kubernetes(let cluster):
            return [
                entry("kubernetes.namespace", cluster.namespace), entry("kubernetes.service", cluster.service),
                entry("kubernetes.port", cluster.port ?? "(the service's only one)"), entry("kubernetes.scheme", cluster.scheme),
                entry("kubernetes.api", cluster.api), entry("kubernetes.token_file", cluster.tokenFile),
                entry("kubernetes.ca_file", cluster.caFile), entry("kubernetes.refresh", "\(cluster.refresh)"),
            ]
        }
    }

    /// Whoever says who a runtime's replicas are. Reads no secret yet, and asks nobody.
    public func source(of runtime: String, _ means: Means) -> any TargetSource {
        let owner = "the targets of \(runtime)"
        switch self {
        case .dns(let name):
            guard let port = name.port else { return ServiceTargets(record: name.host, scheme: name.scheme, refresh: name.refresh) }
            return AddressTargets(
                host: name.host, port: port, scheme: name.scheme, family: name.records == .aaaa ? .ipv6 : .ipv4, refresh: name.refresh)
        // Looking costs next to nothing.
        case .files(let paths): return FileTargets(paths: paths, refresh: .seconds(10))
        case .http(let service):
            return ServedTargets(
                url: service.url, client: means.client, authenticator: means.authenticator(service.authentication, owner),
                tls: service.tls, refresh: service.refresh)
        case .kubernetes(let cluster):
            return ClusterTargets(
                namespace: cluster.namespace, service: cluster.service, port: cluster.port, scheme: cluster.scheme, api: cluster.api,
                client: means.client, authenticator: means.authenticator(.bearer(.file(cluster.tokenFile)), owner),
                tls: TLSFiles(caFile: cluster.caFile), refresh: cluster.refresh)
        }
    }
}
