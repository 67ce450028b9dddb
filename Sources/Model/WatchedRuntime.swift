/// A runtime that is watched: what it is called, and where it answers.
public struct WatchedRuntime: Hashable, Sendable {
    public var name: String
    /// Base URLs without a trailing slash, in the configured order.
    public var replicas: [String]
    /// On every incident of the runtime. A tape's header has none: they stand in its settings.
    public var labels: [String: String]

    public init(name: String, replicas: [String], labels: [String: String] = [:]) {
        self.name = name
        self.replicas = replicas
        self.labels = labels
    }
}
