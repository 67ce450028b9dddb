import Ambient
import HTTP
import Model

/// A runtime to watch: where its replicas are and how to authenticate.
public struct Target: Sendable {
    public let runtime: String
    /// Base URLs without a trailing slash, in the configured order.
    public let replicas: [String]
    public let authenticator: Authenticator
    public var timeout: TimeSpan
    /// The largest answer accepted, in bytes. 100,000 chats are 38 MB.
    public var bodyLimit: Int
    /// Authorities and a certificate for its replicas.
    public var tls = TLSFiles()
    /// Where its pages of metrics are; nil: nobody asks for any.
    public var metrics: MetricsPlace?

    public init(
        runtime: String, replicas: [String], authenticator: Authenticator, timeout: TimeSpan = .seconds(10),
        bodyLimit: Int = 128 << 20
    ) {
        self.runtime = runtime
        self.replicas = replicas.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        self.authenticator = authenticator
        self.timeout = timeout
        self.bodyLimit = bodyLimit
    }

    /// Whether a page of metrics is asked there.
    func hasMetrics(at replica: String) -> Bool {
        switch metrics {
        case nil: false
        case .path: !replica.isSame(as: Observation.page)
        case .url: replica.isSame(as: Observation.page)
        }
    }

    /// These endpoints of every replica, and pages of metrics where there are some.
    public func all(_ endpoints: [Endpoint]) -> [(replica: String, endpoints: [Endpoint])] {
        Target.adding(metrics, to: replicas.map { ($0, endpoints) })
    }

    /// What is asked of replicas, with what is asked for metrics.
    public static func adding(
        _ metrics: MetricsPlace?, to asked: [(replica: String, endpoints: [Endpoint])]
    ) -> [(replica: String, endpoints: [Endpoint])] {
        switch metrics {
        case nil: asked
        case .path: asked.map { ($0.replica, $0.endpoints + [.metrics]) }
        case .url: asked + [(Observation.page, [.metrics])]
        }
    }
}
