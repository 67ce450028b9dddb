import Ambient
import HTTP
import Model

/// A runtime to watch: where its replicas are and how to authenticate. Or something beside runtimes: what looks at it.
public struct Target: Sendable {
    public let runtime: String
    public let kind: WatchedKind
    /// Base URLs without a trailing slash, in the configured order; empty where they are to be found.
    public let replicas: [String]
    public let authenticator: Authenticator
    public var timeout: TimeSpan
    /// The largest answer accepted, in bytes. 100,000 chats are 38 MB.
    public var bodyLimit: Int
    /// Authorities and a certificate for its replicas.
    public var tls = TLSFiles()
    /// Says who the replicas are; nil where the configuration does.
    public var finder: TargetFinder?
    /// Looks at it, where it is no runtime.
    public let look: (any Look)?
    /// Where its pages of metrics are; nil: nobody asks for any.
    public var metrics: MetricsPlace?

    public init(
        runtime: String, replicas: [String], authenticator: Authenticator, timeout: TimeSpan = .seconds(10),
        bodyLimit: Int = 128 << 20
    ) {
        self.runtime = runtime
        kind = .runtime
        look = nil
        self.replicas = replicas.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        self.authenticator = authenticator
        self.timeout = timeout
        self.bodyLimit = bodyLimit
    }

    /// How a replica is asked. One that was found as an address goes by the name that it was found by, in `Host` and in TLS.
    func place(of replica: String) -> (url: String, pinnedAddress: String?) {
        guard let host = finder?.source.hostName, let named = TargetURL.named(replica, host) else { return (replica, nil) }
        return (named.url, named.address)
    }

    /// Something beside runtimes, as it is watched, and what looks at it.
    public init(_ watched: WatchedRuntime, authenticator: Authenticator, timeout: TimeSpan, look: any Look) {
        runtime = watched.name
        kind = watched.kind
        self.look = look
        replicas = watched.replicas
        self.authenticator = authenticator
        self.timeout = timeout
        bodyLimit = 1 << 20
    }

    /// One whole look at it: what is asked of any build of a runtime, or the one thing that is read of all else.
    public var whole: [Endpoint] { kind.endpoint.map { [$0] } ?? Endpoint.whole }
    /// The same with what only some builds have.
    public var everything: [Endpoint] { kind.endpoint.map { [$0] } ?? Endpoint.everything }

    /// A page of metrics is waited for no longer than this, a third of the usual interval: one that hangs holds up the judgment of
    /// all else about its runtime by no more.
    var longestPage = TimeSpan.seconds(3)

    /// How long an endpoint's answer is waited for.
    func timeout(of endpoint: Endpoint) -> TimeSpan { endpoint == .metrics ? min(timeout, longestPage) : timeout }

    /// Whether a page of metrics is asked there.
    func hasMetrics(at replica: String) -> Bool {
        switch metrics {
        case nil: false
        case .path: !replica.isSame(as: Observation.page)
        case .url: replica.isSame(as: Observation.page)
        }
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
