/// What the monitor's own gate counted before one runtime since its process started: exact, also for runs that begin and end
/// between two polls, and for those that never began.
///
/// The gate is asked before the runtime authenticates anybody. Counts by app are of apps that the runtime has shown; what
/// strangers ask for under invented ids counts among the others.
public struct GateCounts: Hashable, Sendable {
    /// Starts of runs that the gate was asked about.
    public struct Starts: Hashable, Sendable {
        public var allowed: Int64
        public var refused: Int64

        public init(allowed: Int64 = 0, refused: Int64 = 0) {
            self.allowed = allowed
            self.refused = refused
        }

        public var asked: Int64 { allowed + refused }
    }

    public struct App: Hashable, Sendable {
        public let app: AppID
        public let starts: Starts

        public init(app: AppID, starts: Starts) {
            self.app = app
            self.starts = starts
        }
    }

    /// Apps that are counted by name at most; what is asked beyond them is counted among the others.
    public static let mostApps = 16_384
    /// No count is greater: what a double shows exactly.
    public static let most: Int64 = 1 << 53

    /// When the counting process started: its identity. Another one began to count from zero.
    public var since: String
    /// Those with a count above zero.
    public var apps: [App]
    /// Apps that are not counted by name.
    public var others: Starts
    /// Fields of a wrong type, counted and treated as absent.
    public var malformedFields: Int

    public init(since: String, apps: [App] = [], others: Starts = Starts(), malformedFields: Int = 0) {
        self.since = since
        self.apps = apps
        self.others = others
        self.malformedFields = malformedFields
    }

    /// As on tapes: `{"since":"2026-11-21T09:00:00.000Z","apps":[{"app_id":"app-shop","allowed":3,"refused":0}],"others":{…}}`.
    public var document: JSON {
        [
            "since": .string(since),
            "apps": .array(
                apps.map { app in
                    [
                        "app_id": .string(app.app.text), "allowed": .int(app.starts.allowed),
                        "refused": .int(app.starts.refused),
                    ]
                }),
            "others": ["allowed": .int(others.allowed), "refused": .int(others.refused)],
        ]
    }

    /// The counts as an observation of a runtime.
    public func observation(of runtime: String, at: Timestamp) -> Observation {
        Observation(
            at: at, runtime: runtime, replica: Observation.gate, endpoint: .gate, elapsedMilliseconds: 0,
            outcome: .answer(
                .init(
                    status: 200, date: nil, contentType: "application/json", body: Body(document.serializedBytes()))))
    }
}
