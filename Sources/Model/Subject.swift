/// What an incident is about.
public enum Subject: Hashable, Sendable {
    /// A named deployment of one or more replicas.
    case runtime(String)
    /// One `app_id` on one runtime, summed over its replicas.
    case app(AppID, runtime: String)
    /// One process of a runtime, by its URL.
    case replica(String, runtime: String)
    /// A machine, by the name that it is watched under.
    case host(String)
    /// Something that answers over the network, by the name that it is watched under.
    case service(String)

    public var kind: SubjectKind {
        switch self {
        case .runtime: .runtime
        case .app: .app
        case .replica: .replica
        case .host: .host
        case .service: .service
        }
    }

    /// What it is watched as part of: of a runtime, a host or a service its own name.
    public var runtime: String {
        switch self {
        case .runtime(let name), .host(let name), .service(let name): name
        case .app(_, let runtime), .replica(_, let runtime): runtime
        }
    }

    public var app: AppID? {
        if case .app(let app, _) = self { app } else { nil }
    }

    /// The URL of the process, where it is about one.
    public var replica: String? {
        if case .replica(let url, _) = self { url } else { nil }
    }

    /// The subject of a kind by the bytes of its id there (`idBytes`); of what is watched by itself they say nothing that `runtime`
    /// does not.
    public init(_ kind: SubjectKind, id: [UInt8], runtime: String) {
        switch kind {
        case .runtime: self = .runtime(runtime)
        case .app: self = .app(AppID(bytes: id), runtime: runtime)
        case .replica: self = .replica(String(decoding: id, as: UTF8.self), runtime: runtime)
        case .host: self = .host(runtime)
        case .service: self = .service(runtime)
        }
    }

    /// The bytes of the id within its kind; for what is watched by itself its name.
    public var idBytes: [UInt8] {
        switch self {
        case .runtime(let name), .host(let name), .service(let name): Array(name.utf8)
        case .app(let app, _): app.bytes
        case .replica(let url, _): Array(url.utf8)
        }
    }

    /// The id as text for people and documents.
    public var idText: String { String(decoding: idBytes, as: UTF8.self) }
}

extension Subject: CustomStringConvertible {
    /// `app app-clinic on shared`, `runtime shared`: for people, safe to show.
    public var description: String {
        let name = "\(kind.rawValue) \(Shown.id(idText))"
        return kind.link.map { "\(name) \($0) \(Shown.id(runtime))" } ?? name
    }
}

extension Subject: Comparable {
    /// By runtime, kind and id, all by bytes: the order of every listing.
    public static func < (a: Subject, b: Subject) -> Bool {
        let left = Array(a.runtime.utf8)
        let right = Array(b.runtime.utf8)
        if left != right { return left.lexicographicallyPrecedes(right) }
        if a.kind != b.kind { return a.kind.order < b.kind.order }
        return a.idBytes.lexicographicallyPrecedes(b.idBytes)
    }
}

extension SubjectKind {
    fileprivate var order: Int {
        switch self {
        case .runtime: 0
        case .replica: 1
        case .app: 2
        case .host: 3
        case .service: 4
        }
    }

    /// What is read of a subject of this kind, where that is one thing and not what a runtime shows.
    public var endpoint: Endpoint? {
        switch self {
        case .runtime, .app, .replica: nil
        case .host: .host
        case .service: .probe
        }
    }

    /// Whether it is something beside runtimes: it has no apps, and no action lands on anybody for its sake.
    public var isBesideRuntimes: Bool { endpoint != nil }

    /// The key of an id of this kind in a document; nil for what is watched by itself: its name stands beside every id.
    public var idKey: String? {
        switch self {
        case .runtime, .host, .service: nil
        case .app: "app_id"
        case .replica: "replica"
        }
    }

    /// Whether what is wrong with it is so for every app, and not for one.
    public var concernsAll: Bool {
        switch self {
        case .runtime, .replica, .host, .service: true
        case .app: false
        }
    }

    /// What stands between an id of this kind and its runtime in a sentence; nil for what is watched by itself.
    public var link: String? {
        switch self {
        case .runtime, .host, .service: nil
        case .app: "on"
        case .replica: "of"
        }
    }
}

/// How bad it is.
public enum Severity: String, Hashable, Sendable, CaseIterable, Comparable {
    case info, warning, critical

    private var rank: Int { Severity.allCases.firstIndex(of: self) ?? 0 }
    public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
}

/// What the monitor may do. The stricter of the global and the policy's wins; `observe` is the strictest.
public enum Mode: String, Hashable, Sendable, CaseIterable, Comparable {
    /// Everything is decided and recorded as would-have.
    case observe
    /// Every action waits for approval.
    case suggest
    /// Done.
    case enforce

    private var rank: Int { Mode.allCases.firstIndex(of: self) ?? 0 }
    public static func < (a: Mode, b: Mode) -> Bool { a.rank < b.rank }
}
