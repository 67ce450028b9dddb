import Ambient
import HTTP
import JSONParsing
import Model

/// The ready pods behind a service of Kubernetes are the replicas: the API server lists them in EndpointSlices
/// (`discovery.k8s.io/v1`), which plain HTTP reads.
public struct ClusterTargets: TargetSource {
    private let namespace: String
    private let service: String
    private let port: String?
    private let scheme: String
    private let api: String
    private let question: ListQuestion
    public let refresh: TimeSpan

    /// - Parameters:
    ///   - port: its number, or its name; nil: the only one.
    ///   - api: the API server's base URL.
    public init(
        namespace: String, service: String, port: String?, scheme: String = "http", api: String, client: HTTPClient,
        authenticator: Authenticator? = nil, tls: TLSFiles = TLSFiles(), refresh: TimeSpan = .seconds(30), timeout: TimeSpan = .seconds(5)
    ) {
        self.namespace = namespace
        self.service = service
        self.port = port
        self.scheme = scheme
        self.api = api
        self.refresh = refresh
        question = ListQuestion(
            client: client, authenticator: authenticator, tls: tls, label: "endpoints of \(namespace)/\(service)", timeout: timeout)
    }

    public var name: String { "kubernetes \(namespace)/\(service)" }
    public var hostName: String? { "\(service).\(namespace).svc" }

    public func find() async throws(TargetFault) -> TargetList {
        let path = "/apis/discovery.k8s.io/v1/namespaces/\(namespace)/endpointslices"
        let bytes = try await question.body(of: "\(api)\(path)?labelSelector=kubernetes.io%2Fservice-name%3D\(service)")
        let document: JSON
        do {
            document = try JSON(parsing: bytes, limits: .init(bytes: bytes.count, depth: 64, marks: 1 << 22))
        } catch {
            throw TargetFault(.malformed, "the API server's answer is no JSON: \(error.description)")
        }
        guard let slices = document["items"]?.array else { throw TargetFault(.malformed, "the API server's answer is no list of slices") }
        // A service of both families lists each pod twice.
        for family in ["IPv4", "IPv6"] {
            var urls: [String] = []
            for slice in slices where slice["addressType"]?.string == family { urls += try self.urls(in: slice) }
            if !urls.isEmpty { return TargetList(source: name, replicas: urls) }
        }
        return TargetList(source: name, replicas: [])
    }

    private func urls(in slice: JSON) throws(TargetFault) -> [String] {
        var addresses: [String] = []
        for endpoint in slice["endpoints"]?.array ?? [] where endpoint["conditions"]?["ready"]?.bool != false {
            // All of one pod: the first stands for it.
            if let address = endpoint["addresses"]?.array?.first?.string { addresses.append(address) }
        }
        guard !addresses.isEmpty else { return [] }
        let port = try number(slice["ports"]?.array ?? [])
        var urls: [String] = []
        for address in addresses {
            let host = address.utf8.contains(UInt8(ascii: ":")) ? "[\(address)]" : address
            guard let url = TargetURL.of(scheme, target: "\(host):\(port)") else {
                throw TargetFault(.malformed, "an endpoint's address is none")
            }
            urls.append(url)
        }
        return urls
    }

    private func number(_ ports: [JSON]) throws(TargetFault) -> Int64 {
        if let port, let number = UInt16(port) { return Int64(number) }
        let fitting = port.map { name in ports.filter { $0["name"]?.string == name } } ?? ports
        guard let number = fitting.first?["port"]?.int, (1...65_535).contains(number) else {
            throw TargetFault(.other, port.map { "the service has no port '\($0)'" } ?? "the service has no port")
        }
        guard fitting.count == 1 else { throw TargetFault(.other, "the service has several ports: say which, as 'port'") }
        return number
    }
}
