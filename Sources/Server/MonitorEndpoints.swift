import Model

/// How the daemon is, for whoever watches the watcher.
public struct DaemonHealth: Sendable {
    /// Whether its cycles end in time.
    public var isCycling: Bool
    /// What else the answer says: `cycles`, `last_cycle_at`, …; no secrets, anyone who can connect reads it.
    public var details: JSONObject

    public init(isCycling: Bool, details: JSONObject = JSONObject()) {
        self.isCycling = isCycling
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

    /// - Parameters:
    ///   - gate: nil where no gate is configured; `/gate` is 404 then.
    ///   - health: asked for each `/healthz`, from the server's threads.
    ///   - more: further routes; they win over the built-in ones.
    public init(gate: Gate?, health: @escaping @Sendable () -> DaemonHealth, more: [Route] = []) {
        var routes: [String: HTTPServer.Handler] = ["/healthz": { _ in Self.healthz(health()) }]
        if let gate {
            routes["/gate"] = GateEndpoint(gate: gate).answer
            routes["/gate/ask"] = GateEndpoint(gate: gate).answerQuery
        }
        for route in more { routes[route.path] = route.handler }
        self.routes = routes
    }

    /// Answers one request: the handler of an ``HTTPServer``.
    public func answer(_ request: ServerRequest) -> ServerResponse {
        guard let handler = routes[request.path] else { return .text("Not found.\n", status: 404) }
        guard request.method == "GET" || request.method == "HEAD" else {
            var response = ServerResponse.text("Only GET and HEAD.\n", status: 405)
            response.headers.append(("Allow", "GET, HEAD"))
            return response
        }
        return handler(request)
    }

    private static func healthz(_ health: DaemonHealth) -> ServerResponse {
        var object = JSONObject([(key: "status", value: health.isCycling ? "ok" : "stuck")])
        for member in health.details.members { object.append(member.key, member.value) }
        var response = ServerResponse.json(JSON.object(object).serializedBytes(), status: health.isCycling ? 200 : 503)
        response.headers.append(("Cache-Control", "no-store"))
        return response
    }
}
