import Ambient
import Model
import Settings
import YAML

/// Reads where a runtime's replicas are to be found.
public struct TargetFindingReader {
    let reader: SettingReader
    private var reporter: Reporter { reader.reporter }

    public init(reader: SettingReader) {
        self.reader = reader
    }

    /// What stands in the place of `replicas`; nil where nothing does, or what does is reported.
    public func read(_ runtime: Fields) -> TargetFinding? {
        let dns = section(runtime, FindingKeys.dns).flatMap(dns)
        let files = runtime.node(FindingKeys.files).flatMap(files)
        let http = section(runtime, FindingKeys.http).flatMap(http)
        let kubernetes = section(runtime, FindingKeys.kubernetes).flatMap(kubernetes)
        return dns ?? files ?? http ?? kubernetes
    }

    private func section(_ runtime: Fields, _ key: SettingKey) -> Fields? {
        runtime.entry(key).flatMap { Fields($0.value, "'\(key.name)'", reporter, place: $0.key.start) }
    }

    private enum Scheme: String, CaseIterable {
        case http, https
    }

    private func scheme(_ fields: Fields, _ key: SettingKey) -> String {
        let scheme: Scheme? = reader.choice(fields, key)
        return (scheme ?? .http).rawValue
    }

    private func dns(_ fields: Fields) -> TargetFinding? {
        let host = name(fields, DNSKeys.name)
        let records: TargetFinding.Records? = reader.choice(fields, DNSKeys.type)
        let port = reader.whole(fields, DNSKeys.port)
        let scheme = scheme(fields, DNSKeys.scheme)
        let refresh = reader.span(fields, DNSKeys.refresh)
        fields.finish()
        let isOfService = records == .srv
        if let entry = fields.entry(DNSKeys.port), isOfService {
            reporter.report("value", "'port' stands beside SRV records, which say it themselves", at: entry.key)
        } else if fields.entry(DNSKeys.port) == nil, !isOfService {
            reporter.report("missing-key", "'dns' needs 'port'", at: fields.place, hint: "or 'type: SRV', whose records have ports")
        }
        guard let host, isOfService || port != nil else { return nil }
        return .dns(.init(host: host, port: isOfService ? nil : port, scheme: scheme, records: records ?? .a, refresh: refresh ?? usual))
    }

    private let usual = TimeSpan.seconds(30)

    /// A name of the DNS.
    private func name(_ fields: Fields, _ key: SettingKey) -> String? {
        guard let node = fields.node(key), let text = reader.text(node, "'\(key.name)'") else { return nil }
        let isName =
            !text.isEmpty && text.utf8.count <= 253
            && text.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 46 || $0 == 95
            }
        guard isName else {
            reporter.report("value", "'\(key.name)' is no name of the DNS", at: node, hint: "such as runtime.internal")
            return nil
        }
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }

    private func files(_ node: YAMLNode) -> TargetFinding? {
        guard let items = reporter.list(node, "'file_sd'") else { return nil }
        if items.isEmpty { reporter.report("type", "'file_sd' is empty", at: node, hint: "[targets/*.yaml]") }
        let paths = items.compactMap { item -> String? in
            guard let path = reader.path(item, "a file of targets") else { return nil }
            let folders = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            let isPattern = !folders.contains { $0.utf8.contains(UInt8(ascii: "*")) }
            guard isPattern, [".json", ".yml", ".yaml"].contains(where: path.lowercased().hasSuffix) else {
                reporter.report(
                    "value", "a file of targets ends in .json, .yml or .yaml, and has '*' in its last part alone", at: item,
                    hint: "such as /etc/mozaiks-ops/targets/*.yaml")
                return nil
            }
            return path
        }
        return paths.isEmpty ? nil : .files(paths)
    }

    private func http(_ fields: Fields) -> TargetFinding? {
        let url = fields.node(HTTPFindingKeys.url).flatMap { reader.wholeURL($0, "'url'") }
        let authentication = AuthenticationReader(reader: reader).read(fields, for: [url].compactMap { $0 })
        let tls = TLSReader(reader: reader).read(fields)
        let refresh = reader.span(fields, HTTPFindingKeys.refresh)
        fields.finish()
        return url.map { .http(.init(url: $0, authentication: authentication, tls: tls, refresh: refresh ?? usual)) }
    }

    private func kubernetes(_ fields: Fields) -> TargetFinding? {
        let namespace = label(fields, ClusterKeys.namespace)
        let service = label(fields, ClusterKeys.service)
        let port = label(fields, ClusterKeys.port)
        let scheme = scheme(fields, ClusterKeys.scheme)
        let api = reader.url(fields, ClusterKeys.api) ?? apiOfPod
        let token = reader.path(fields, ClusterKeys.tokenFile) ?? ClusterKeys.account + "token"
        let authority = reader.path(fields, ClusterKeys.caFile) ?? ClusterKeys.account + "ca.crt"
        let refresh = reader.span(fields, ClusterKeys.refresh)
        fields.finish()
        guard let namespace, let service else { return nil }
        return .kubernetes(
            .init(
                namespace: namespace, service: service, port: port, scheme: scheme, api: api, tokenFile: token, caFile: authority,
                refresh: refresh ?? usual))
    }

    /// What Kubernetes tells each of its containers.
    private var apiOfPod: String {
        guard let host = reader.environment.nonEmpty("KUBERNETES_SERVICE_HOST"),
            let port = reader.environment.nonEmpty("KUBERNETES_SERVICE_PORT")
        else { return ClusterKeys.usualAPI }
        let url = "https://" + (host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host) + ":\(port)"
        return BaseURL.fault(url) == nil ? url : ClusterKeys.usualAPI
    }

    /// A name as Kubernetes has them (RFC 1123): it stands in a path.
    private func label(_ fields: Fields, _ key: SettingKey) -> String? {
        guard let node = fields.node(key), let text = reader.text(node, "'\(key.name)'") else { return nil }
        let isLabel =
            !text.isEmpty && text.utf8.count <= 63
            && text.utf8.allSatisfy { (48...57).contains($0) || (97...122).contains($0) || $0 == 45 }
        if !isLabel { reporter.report("value", "'\(key.name)' is no name of Kubernetes", at: node, hint: "small letters, digits and -") }
        return isLabel ? text : nil
    }
}

/// What may stand in the place of a runtime's `replicas`.
public enum FindingKeys {
    public static let dns = SettingKey("dns", .section(DNSKeys.section), "A name whose addresses are the replicas, asked again and again")
    public static let files = SettingKey(
        "file_sd", .list(.path), "Files that list the replicas as Prometheus reads them, `*` in the last part of a path allowed")
    public static let http = SettingKey(
        "http_sd", .section(HTTPFindingKeys.section), "A server that lists the replicas, as Prometheus asks it")
    public static let kubernetes = SettingKey(
        "kubernetes", .section(ClusterKeys.section), "A service of Kubernetes whose ready pods are the replicas")
    public static let all = [dns, files, http, kubernetes]
}

enum DNSKeys {
    static let name = SettingKey(
        "name", .text(example: "runtime.internal"), isRequired: true, "The name; it also stands in Host and in TLS")
    static let port = SettingKey("port", .whole(1...65_535), fallback: "what SRV records say", "Where each address listens")
    static let scheme = SettingKey("scheme", .choice(["http", "https"]), fallback: "http", "How each is asked")
    static let type = SettingKey(
        "type", .choice(of: TargetFinding.Records.self), fallback: "A", "Which records: IPv4 addresses, IPv6 addresses, or names with ports"
    )
    static let refresh = SettingKey("refresh", FindingSpan.kind, fallback: "30s", "How often the name is asked")
    static let section = SettingSection([name, port, scheme, type, refresh])
}

enum HTTPFindingKeys {
    static let url = SettingKey("url", .url, isRequired: true, "Answers with the list, as JSON; it may have a query, which is not shown")
    static let refresh = SettingKey("refresh", FindingSpan.kind, fallback: "30s", "How often it is asked")
    static let section = SettingSection([url, refresh, AuthenticationReader.key] + TLSReader.keys)
}

enum ClusterKeys {
    /// Where Kubernetes puts what a pod logs in with.
    static let account = "/var/run/secrets/kubernetes.io/serviceaccount/"
    static let usualAPI = "https://kubernetes.default.svc"
    static let namespace = SettingKey("namespace", .text(example: "ai"), isRequired: true, "Where the service is")
    static let service = SettingKey("service", .text(example: "runtime"), isRequired: true, "Its name")
    static let port = SettingKey("port", .text(), fallback: "the service's only one", "Number or name of the pods' port")
    static let scheme = SettingKey("scheme", .choice(["http", "https"]), fallback: "http", "How each is asked")
    static let api = SettingKey("api", .url, fallback: "what Kubernetes tells its containers", "The API server")
    static let tokenFile = SettingKey("token_file", .path, fallback: account + "token", "The account's token, read before each request")
    static let caFile = SettingKey("ca_file", .path, fallback: account + "ca.crt", "Certificates that the API server is trusted by")
    static let refresh = SettingKey("refresh", FindingSpan.kind, fallback: "30s", "How often it is asked")
    static let section = SettingSection([namespace, service, port, scheme, api, tokenFile, caFile, refresh])
}

enum FindingSpan {
    static let kind = SettingKind.span(.seconds(5)...TimeSpan.hours(1))
}
