import Ambient
import HTTP
import Model

/// A server lists the replicas, as Prometheus asks for them (`http_sd`).
public struct ServedTargets: TargetSource {
    private let url: String
    private let question: ListQuestion
    public let name: String
    public let refresh: TimeSpan

    public init(
        url: String, client: HTTPClient, authenticator: Authenticator? = nil, tls: TLSFiles = TLSFiles(), refresh: TimeSpan = .seconds(30),
        timeout: TimeSpan = .seconds(5)
    ) {
        self.url = url
        self.refresh = refresh
        // On tapes and before people: a query may hold a secret.
        name = "http_sd \(url.prefix { $0 != "?" })"
        question = ListQuestion(client: client, authenticator: authenticator, tls: tls, label: "targets", timeout: timeout)
    }

    public func find() async throws(TargetFault) -> TargetList {
        let bytes = try await question.body(of: url)
        do {
            let groups = try TargetGroups(json: bytes)
            return TargetList(source: name, replicas: groups.replicas, labels: groups.labels)
        } catch {
            throw TargetFault(.malformed, error.reason)
        }
    }
}
