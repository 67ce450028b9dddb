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
    /// One workflow of an app on one runtime, summed over its replicas.
    case workflow(PackID, app: AppID, runtime: String)

    public var kind: SubjectKind {
        switch self {
        case .runtime: .runtime
        case .app: .app
        case .replica: .replica
        case .host: .host
        case .service: .service
        case .workflow: .workflow
        }
    }

    /// What it is watched as part of: of a runtime, a host or a service its own name.
    public var runtime: String {
        switch self {
        case .runtime(let name), .host(let name), .service(let name): name
        case .app(_, let runtime), .replica(_, let runtime), .workflow(_, _, let runtime): runtime
        }
    }

    /// The app that it is, or of which it is a part.
    public var app: AppID? {
        switch self {
        case .app(let app, _), .workflow(_, let app, _): app
        case .runtime, .replica, .host, .service: nil
        }
    }

    /// The workflow, where it is about one.
    public var workflow: PackID? {
        if case .workflow(let pack, _, _) = self { pack } else { nil }
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
        case .workflow:
            let (app, pack) = WorkflowKey.parts(id)
            self = .workflow(PackID(bytes: pack), app: AppID(bytes: app), runtime: runtime)
        }
    }

    /// The bytes of the id within its kind; for what is watched by itself its name.
    public var idBytes: [UInt8] {
        switch self {
        case .runtime(let name), .host(let name), .service(let name): Array(name.utf8)
        case .app(let app, _): app.bytes
        case .replica(let url, _): Array(url.utf8)
        case .workflow(let pack, let app, _): WorkflowKey.joined(app.bytes, pack.bytes)
        }
    }

    /// The ids of an app's workflows, as a stretch of bytes: from the first on, and below the second.
    public static func workflowIDs(of app: AppID) -> (from: [UInt8], below: [UInt8]) { WorkflowKey.stretch(of: app.bytes) }

    /// The id as text for people and documents; of a workflow `Generator of app app-clinic`, where two names may read alike:
    /// documents that are read back have both apart.
    public var idText: String {
        if case .workflow(let pack, let app, _) = self { return "\(pack.text) of app \(app.text)" }
        return String(decoding: idBytes, as: UTF8.self)
    }
}

extension Subject {
    /// The id for people, safe to show. Of a workflow both names are shortened for themselves, and one that is empty is called that.
    public var idShown: String {
        if case .workflow(let pack, let app, _) = self { return "\(pack) of app \(app)" }
        return Shown.id(idText)
    }
}

/// An app's id and a workflow's name as one row of bytes that reads back as both, whatever is in them.
enum WorkflowKey {
    /// Stands twice between the two; one that is in the app's id is followed by something else.
    private static let mark: UInt8 = 1
    private static let escaped: UInt8 = 2

    static func joined(_ app: [UInt8], _ workflow: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(app.count + workflow.count + 2)
        for byte in app {
            bytes.append(byte)
            if byte == mark { bytes.append(escaped) }
        }
        return bytes + [mark, mark] + workflow
    }

    /// Every key of an app, and none of another's, lies from the first on and below the second.
    static func stretch(of app: [UInt8]) -> (from: [UInt8], below: [UInt8]) {
        let prefix = joined(app, [])
        return (prefix, prefix.dropLast() + [escaped])
    }

    /// What `joined` put together; of other bytes the app is all up to where they stop making sense.
    static func parts(_ bytes: [UInt8]) -> (app: [UInt8], workflow: [UInt8]) {
        var app: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == mark else {
                app.append(bytes[index])
                index += 1
                continue
            }
            guard index + 1 < bytes.count, bytes[index + 1] == escaped else { return (app, Array(bytes.dropFirst(index + 2))) }
            app.append(mark)
            index += 2
        }
        return (app, [])
    }
}

extension Subject: CustomStringConvertible {
    /// `app app-clinic on shared`, `workflow Generator of app app-clinic on shared`, `runtime shared`: for people, safe to show.
    public var description: String {
        let name = "\(kind.rawValue) \(idShown)"
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
        case .workflow: 5
        }
    }

    /// What is read of a subject of this kind, where that is one thing and not what a runtime shows.
    public var endpoint: Endpoint? {
        switch self {
        case .runtime, .app, .replica, .workflow: nil
        case .host: .host
        case .service: .probe
        }
    }

    /// Whether it is something beside runtimes: it has no apps, and no action lands on anybody for its sake.
    public var isBesideRuntimes: Bool { endpoint != nil }

    /// Whether it is an app or a part of one: the app's own policy holds for it, and actions land on that app.
    public var isOfApp: Bool { self == .app || self == .workflow }

    /// Whether what is wrong with it is so for every app, and not for one.
    public var concernsAll: Bool {
        switch self {
        case .runtime, .replica, .host, .service: true
        case .app, .workflow: false
        }
    }

    /// What stands between an id of this kind and its runtime in a sentence; nil for what is watched by itself.
    public var link: String? {
        switch self {
        case .runtime, .host, .service: nil
        case .app, .workflow: "on"
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
