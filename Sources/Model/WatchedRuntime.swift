/// What is watched by itself: a runtime, or something beside it. Each goes the same way from poll to incident, under its name.
public enum WatchedKind: String, Hashable, Sendable, CaseIterable {
    case runtime
    /// The machine that the monitor runs on.
    case host
    /// Something that answers over the network, looked at from outside.
    case service

    /// What incidents about it are about.
    public var subject: SubjectKind {
        switch self {
        case .runtime: .runtime
        case .host: .host
        case .service: .service
        }
    }

    /// Several of it, as a heading.
    public var title: String {
        switch self {
        case .runtime: "Runtimes"
        case .host: "Hosts"
        case .service: "Services"
        }
    }

    /// All that is read of it; nil: what a runtime shows, which differs by build and by what it costs.
    public var endpoint: Endpoint? { subject.endpoint }
}

extension WatchedKind {
    /// Any one of what is watched, by the kinds that there are: `runtime`, `runtime or host`, `runtime, host or service`.
    public static func any(of kinds: [WatchedKind]) -> String {
        let words = allCases.filter { kinds.contains($0) }.map(\.rawValue)
        guard let last = words.last else { return WatchedKind.runtime.rawValue }
        return words.count == 1 ? last : "\(words.dropLast().joined(separator: ", ")) or \(last)"
    }
}

extension SubjectKind {
    /// What is watched that has subjects of this kind.
    public var watched: WatchedKind { WatchedKind.allCases.first { $0.subject == self } ?? .runtime }
}

/// What is watched: what it is called, and where it answers. Names are unique over all kinds.
public struct WatchedRuntime: Hashable, Sendable {
    public var name: String
    public var kind: WatchedKind
    /// Base URLs without a trailing slash, in the configured order. Of a host where its figures are read, of a service what is
    /// looked at: one entry each.
    public var replicas: [String]
    /// On every incident of it. A tape's header has none: they stand in its settings.
    public var labels: [String: String]
    /// Where its pages of metrics are; nil: nobody asks for any.
    public var metrics: MetricsPlace?
    /// Of a host: the runtimes that run there. What happens to it may explain what is seen of them.
    public var carries: [String]
    /// Whether its replicas are to be found: then labels may come with them that no configuration knows.
    public var isFound: Bool { kind == .runtime && replicas.isEmpty }

    public init(
        name: String, kind: WatchedKind = .runtime, replicas: [String], labels: [String: String] = [:], metrics: MetricsPlace? = nil,
        carries: [String] = []
    ) {
        self.metrics = metrics
        self.name = name
        self.kind = kind
        self.replicas = replicas
        self.labels = labels
        self.carries = carries
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

extension Endpoint {
    /// What it is all of that is read of; nil for what runtimes have.
    public var beside: WatchedKind? { WatchedKind.allCases.first { $0.endpoint == self } }

    /// What people are told that it is: its path, which an operator can ask for, and of what has none who speaks.
    public var called: String { beside.map { "the \($0.rawValue)" } ?? path }
}
