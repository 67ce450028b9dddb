import JSONParsing
import Journal
import Model

/// Of which users and workflows each app's open runs were when that was last looked at: for people, nothing is decided by it.
/// Schema `mozaiks.ops/app-weights/v1`.
public struct AppWeights: Sendable, Equatable {
    public static let schema = "mozaiks.ops/app-weights/v1"
    /// A runtime's name follows.
    package static let prefix = "weights:"
    /// Apps that are kept, those with the most open runs.
    package static let mostApps = 100
    /// Users and workflows that are named of an app; the others are counted.
    package static let mostNamed = 5

    /// One app's.
    public struct App: Sendable, Equatable {
        public let app: AppID
        public let openRuns: Int
        /// Those with the most open runs first.
        public let users: [Share]
        /// Users that are not named.
        public let otherUsers: Int
        public let workflows: [Share]
        public let otherWorkflows: Int
    }

    /// A user or a workflow, and how many open runs it has.
    public struct Share: Sendable, Equatable {
        public let name: String
        public let runs: Int
    }

    public let at: Timestamp
    /// By id.
    public let apps: [App]
    /// Apps with open runs, also those that are not kept.
    public let count: Int

    /// What a journal holds of a runtime; nil where nobody looked, or it cannot be read.
    public init?(_ runtime: String, in journal: Journal) {
        guard let bytes = try? journal.state(AppWeights.prefix + runtime), let document = try? JSON(parsing: bytes),
            let weights = try? AppWeights(DocumentReader(document, document: "app weights"))
        else { return nil }
        self = weights
    }

    /// Of an app; nil where it had no open run then, or others had more.
    public func app(_ id: AppID) -> App? { apps.first { $0.app == id } }

    /// Whether an app that is not among them is known to have had no open run.
    public var isWhole: Bool { count == apps.count }
}

// MARK: - Looking

extension AppWeights {
    /// What bodies of perf answers say; nil where one of them is none.
    package init?(_ bodies: some Sequence<Body>, at: Timestamp) {
        var found: [AppID: Tally] = [:]
        for body in bodies {
            guard let document = try? JSON(parsing: body.bytes) else { return nil }
            for chat in document["chats"]?.array ?? document.array ?? [] {
                guard chat["ended_at"].map(\.isNull) ?? true, let app = chat["app_id"]?.string else { continue }
                found[AppID(app).stored, default: Tally()].add(chat)
            }
        }
        self.at = at
        count = found.count
        apps = found.sorted { a, b in
            a.value.open != b.value.open ? a.value.open > b.value.open : a.key < b.key
        }.prefix(AppWeights.mostApps).map { app, tally in tally.app(app) }.sorted { $0.app < $1.app }
    }

    private struct Tally {
        var open = 0
        var users: [String: Int] = [:]
        var workflows: [String: Int] = [:]

        mutating func add(_ chat: JSON) {
            open += 1
            // A document holds what people may have typed: what is longer than an id is told by its beginning.
            if let user = chat["user_id"]?.string { users[AppWeights.short(user), default: 0] += 1 }
            if let workflow = chat["workflow_name"]?.string { workflows[AppWeights.short(workflow), default: 0] += 1 }
        }

        func app(_ id: AppID) -> App {
            func largest(_ counts: [String: Int]) -> [Share] {
                counts.map { Share(name: $0.key, runs: $0.value) }
                    .sorted { a, b in a.runs != b.runs ? a.runs > b.runs : a.name.precedes(b.name) }
                    .prefix(AppWeights.mostNamed).map { $0 }
            }
            let (users, workflows) = (largest(self.users), largest(self.workflows))
            return App(
                app: id, openRuns: open, users: users, otherUsers: self.users.count - users.count, workflows: workflows,
                otherWorkflows: self.workflows.count - workflows.count)
        }
    }

    /// Bytes of a name.
    private static let longest = 128

    private static func short(_ name: String) -> String {
        guard name.utf8.count > longest else { return name }
        return String(decoding: name.utf8.prefix(longest), as: UTF8.self) + "…"
    }
}

// MARK: - As a document

extension AppWeights {
    package func row(_ runtime: String) -> StateRow {
        StateRow(key: AppWeights.prefix + runtime, bytes: document.serializedBytes())
    }

    public var document: JSON {
        [
            "schema": .string(AppWeights.schema), "at": .moment(at), "count": .int(Int64(count)),
            "apps": .array(
                apps.map { app in
                    guard var object = app.document.object else { return app.document }
                    object.append("app_id", .string(app.app.text))
                    return .object(object)
                }),
        ]
    }

    init(_ reader: DocumentReader) throws(DocumentError) {
        try reader.expectSchema(AppWeights.schema)
        func shares(_ reader: DocumentReader) throws(DocumentError) -> [Share] {
            try reader.map { share throws(DocumentError) in
                Share(name: try share.member("name").string(), runs: try share.member("open_runs").count())
            }
        }
        at = try reader.member("at").timestamp()
        count = try reader.member("count").count()
        apps = try reader.member("apps").map { app throws(DocumentError) in
            App(
                app: AppID(try app.member("app_id").string()), openRuns: try app.member("open_runs").count(),
                users: try shares(app.member("users")), otherUsers: try app.member("other_users").count(),
                workflows: try shares(app.member("workflows")), otherWorkflows: try app.member("other_workflows").count())
        }
    }
}

extension AppWeights.App {
    /// `{"open_runs": 18, "users": [{"name": "user-5", "open_runs": 12}], "other_users": 2, …}`.
    public var document: JSON {
        func shares(_ shares: [AppWeights.Share]) -> JSON {
            .array(shares.map { ["name": .string($0.name), "open_runs": .int(Int64($0.runs))] })
        }
        return [
            "open_runs": .int(Int64(openRuns)), "users": shares(users), "other_users": .int(Int64(otherUsers)),
            "workflows": shares(workflows), "other_workflows": .int(Int64(otherWorkflows)),
        ]
    }
}
