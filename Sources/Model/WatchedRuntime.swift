/// A runtime that is watched: what it is called, and where it answers.
public struct WatchedRuntime: Hashable, Sendable {
    public var name: String
    /// Base URLs without a trailing slash, in the configured order.
    public var replicas: [String]
    /// On every incident of the runtime. A tape's header has none: they stand in its settings.
    public var labels: [String: String]
    /// Where its pages of metrics are; nil: nobody asks for any.
    public var metrics: MetricsPlace?

    public init(name: String, replicas: [String], labels: [String: String] = [:], metrics: MetricsPlace? = nil) {
        self.metrics = metrics
        self.name = name
        self.replicas = replicas
        self.labels = labels
    }
}

/// Where a runtime shows its metrics.
public enum MetricsPlace: Hashable, Sendable, CustomStringConvertible {
    /// On each replica: `/metrics`, with a query where it has one.
    case path(String)
    /// One page for the whole runtime: an exporter beside it, or whoever gathers for it.
    case url(String)

    /// As it may be shown: what a query says may be a secret.
    public var description: String {
        switch self {
        case .path(let text), .url(let text): String(text.prefix { $0 != "?" })
        }
    }
}
