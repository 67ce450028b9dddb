import Ambient
import Model

/// How the daemon is, for whoever watches the watcher.
public struct DaemonHealth: Sendable {
    /// Whether its cycles end in time.
    public var isCycling: Bool
    /// Whether it works: a cycle was committed since it started.
    public var isReady: Bool
    /// Whether what it sees, decides and has to say can be kept; while it cannot, no new action is taken and nobody is told.
    public var isKept: Bool
    /// What is stuck, a line each, for people. Also where it is healthy: one runtime of many may hang.
    public var troubles: [String]
    /// Those of them because of which what it shows is of before.
    public var standstills: [String]
    /// Of one that waits to become the engine, a line for people; nil for the engine.
    public var standby: String?
    /// What else the answer says: `cycles`, `last_cycle_at`, …; no secrets, anyone who can connect reads it.
    public var details: JSONObject

    public init(
        isCycling: Bool, isReady: Bool = true, isKept: Bool = true, troubles: [String] = [], standstills: [String] = [],
        standby: String? = nil,
        details: JSONObject = JSONObject()
    ) {
        self.standby = standby
        self.isCycling = isCycling
        self.isReady = isReady
        self.isKept = isKept
        self.troubles = troubles
        self.standstills = standstills
        self.details = details
    }
}

/// The daemon's HTTP face: exact paths, one handler each. A page more is a line in `routes`.
public struct MonitorEndpoints: Sendable {
    public struct Route: Sendable {
        public let path: String
        public let handler: HTTPServer.Handler

        /// A route for `GET` and `HEAD`.
        public init(_ path: String, handler: @escaping HTTPServer.Handler) {
            self.path = path
            self.handler = handler
        }
    }

    private let routes: [String: HTTPServer.Handler]
    /// Answers every path that no route has, whatever the method.
    private let others: HTTPServer.Handler?

    /// - Parameters:
    ///   - gate: nil where no gate is configured; `/gate` is 404 then.
    ///   - health: asked for each `/healthz`, `/-/healthy` and `/-/ready`, from the server's threads.
    ///   - gateAnswered: told how long each of the gate's answers took, in seconds; called from the server's threads.
    ///   - more: further routes; they win over the built-in ones.
    ///   - others: answers whatever else is asked; nil: 404.
    public init(
        gate: Gate?, health: @escaping @Sendable () -> DaemonHealth, gateAnswered: (@Sendable (Double) -> Void)? = nil,
        more: [Route] = [], others: HTTPServer.Handler? = nil
    ) {
        self.others = others
        var routes: [String: HTTPServer.Handler] = [
            "/healthz": { _ in Self.healthz(health()) },
            "/-/healthy": { _ in Self.healthy(health()) },
            "/-/ready": { _ in Self.ready(health()) },
        ]
        if let gate {
            routes["/gate"] = Self.timed(GateEndpoint(gate: gate).answer, gateAnswered)
            routes["/gate/ask"] = Self.timed(GateEndpoint(gate: gate).answerQuery, gateAnswered)
        }
        for route in more { routes[route.path] = route.handler }
        self.routes = routes
    }

    /// Answers one request: the handler of an ``HTTPServer``.
    public func answer(_ request: ServerRequest) -> ServerResponse {
        guard let handler = routes[request.path] else {
            return others?(request) ?? .problem(404, "Not found", "there is nothing at this path")
        }
        guard request.method == "GET" || request.method == "HEAD" else {
            return .problem(405, "Wrong method", "this path is read with GET or HEAD", headers: [("Allow", "GET, HEAD")])
        }
        return handler(request)
    }

    /// The same handler with a watch beside it.
    private static func timed(_ handler: @escaping HTTPServer.Handler, _ note: (@Sendable (Double) -> Void)?) -> HTTPServer.Handler {
        guard let note else { return handler }
        let clock = SystemClock()
        return { request in
            let start = clock.monotonicNanoseconds()
            let response = handler(request)
            note(Double(clock.monotonicNanoseconds() &- start) / 1e9)
            return response
        }
    }

    private static func status(_ health: DaemonHealth) -> String {
        guard health.isCycling else { return "stuck" }
        guard health.troubles.isEmpty else { return "troubled" }
        return health.standby == nil ? "ok" : "standby"
    }

    private static func healthz(_ health: DaemonHealth) -> ServerResponse {
        var object = JSONObject([(key: "status", value: .string(status(health)))])
        // Polls, commits and sends, each by name: cycles may go on while one of them does not.
        object.append("stuck", .array(health.troubles.map(JSON.string)))
        for member in health.details.members { object.append(member.key, member.value) }
        return fresh(.json(JSON.object(object).serializedBytes(), status: health.isCycling ? 200 : 503))
    }

    /// As Prometheus names it: whether the process is worth keeping.
    private static func healthy(_ health: DaemonHealth) -> ServerResponse {
        plain(
            health.isCycling, health.isCycling ? "mozaiks-ops is healthy." : "mozaiks-ops is stuck.", lines(health))
    }

    /// As Prometheus names it: whether it does its work. Not before the first commit, since what stands in the journal may
    /// be from before a restart; nor while the journal cannot be written, which a restart would not mend. One that stands by is ready
    /// as soon as it follows the journal: its gate and its page serve.
    private static func ready(_ health: DaemonHealth) -> ServerResponse {
        let isReady = health.isReady && health.isCycling && health.isKept
        return plain(
            isReady, isReady ? "mozaiks-ops is ready." : "mozaiks-ops is not ready.",
            (health.isReady ? [] : [health.standby == nil ? "no cycle was committed yet" : "the database has not answered yet"])
                + lines(health))
    }

    private static func lines(_ health: DaemonHealth) -> [String] { (health.standby.map { [$0] } ?? []) + health.troubles }

    private static func plain(_ isFine: Bool, _ sentence: String, _ lines: [String]) -> ServerResponse {
        fresh(.text(([sentence] + lines).map { $0 + "\n" }.joined(), status: isFine ? 200 : 503))
    }

    private static func fresh(_ response: ServerResponse) -> ServerResponse {
        var response = response
        response.headers.append(("Cache-Control", "no-store"))
        return response
    }
}
