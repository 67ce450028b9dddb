import Ambient
import JSONParsing
import Model
import Server
import Synchronization

/// A control plane on a real socket: mozaiks-core's entitlements with every trap that was observed, a lease API that ends leases by
/// itself, and an operator's endpoint behind the signed webhook. Each misbehaves when told to, and all write down what they did.
///
/// | path | |
/// |---|---|
/// | `/api/v1/entitlements…` | entitlements |
/// | `/ops/v1/leases…` | the lease API of docs/control-plane-api.yaml |
/// | `POST /hooks/actions` | the webhook |
/// | `GET /_sim/log`, `GET /_sim/state`, `POST /_sim/faults`, `DELETE /_sim/faults`, `POST /_sim/restart` | the simulator's own |
public final class ControlPlane: Sendable {
    public struct Options: Sendable {
        public var host = "127.0.0.1"
        public var port: UInt16 = 0
        public var now: @Sendable () -> Timestamp = { SystemClock().now() }
        /// Bearer tokens that are accepted; empty: none is asked for.
        public var tokens: Set<String> = []
        /// Accepted, and known not to have the role `internal_service`: 403.
        public var tokensWithoutRole: Set<String> = []
        /// The webhook's shared secret.
        public var secret = "simulated-secret"
        /// A hung request ends after so long even if nobody hangs up.
        public var hangSeconds = 120.0
        /// Whether requests that changed nothing are written down, too: over weeks they are nearly all.
        public var notesReads = true

        public init() {}
    }

    struct State: Sendable {
        var entitlements = EntitlementStore()
        var leases = LeaseStore()
        var receiver: ActionReceiver
        var faults: [ControlPlaneFault] = []
        var log: [ControlPlaneEvent] = []
        /// Microseconds, so that no two syncs happen at the same moment.
        var lastSync: Int64 = 0
    }

    final class Box: Sendable {
        let state: Mutex<State>
        let options: Options

        init(_ options: Options) {
            self.options = options
            state = Mutex(State(receiver: ActionReceiver(secret: options.secret)))
        }
    }

    let box: Box
    private let listener: Listener

    public init(_ options: Options = Options()) {
        let box = Box(options)
        self.box = box
        listener = Listener(port: options.port) { port in
            var settings = HTTPServer.Options()
            settings.mode = .threadPerConnection
            settings.drainSeconds = 0.2
            return HTTPServer(listen: options.host, port: port, options: settings) { ControlPlane.serve($0, box) }
        }
    }

    public func start() throws(ServerError) { try listener.open() }
    /// The port is kept: `start` listens there again, with everything as it was.
    public func stop() { listener.close(forGood: false) }
    public var port: UInt16 { listener.port }
    public var url: String { "http://\(box.options.host):\(port)" }
    /// What the signed webhook is configured with.
    public var webhookURL: String { url + "/hooks/actions" }

    // MARK: - What a test tells it, and asks

    public func inject(_ fault: ControlPlaneFault) { box.state.withLock { $0.faults.append(fault) } }
    public func clearFaults() { box.state.withLock { $0.faults = [] } }
    /// Everything in memory is forgotten, as by a restart of its process.
    public func restart() { box.state.withLock { ControlPlane.forget(&$0, box.options.now()) } }
    /// Tokens of an app are used.
    public func spend(_ app: String, tokens: Int64) { box.state.withLock { $0.entitlements.spend(app, tokens) } }
    /// Syncs as the platform does, without HTTP.
    public func sync(_ app: String, _ document: JSON) {
        box.state.withLock { state in
            let moment = ControlPlane.syncMoment(&state, box.options.now())
            _ = state.entitlements.sync(app, document, now: moment)
        }
    }

    /// What was done, oldest first.
    public var log: [ControlPlaneEvent] {
        let now = box.options.now()
        return box.state.withLock { state in
            ControlPlane.expire(&state, now)
            return state.log
        }
    }

    /// As `GET` answers.
    public func entitlements(of app: String) -> JSON { box.state.withLock { $0.entitlements.get(app) } }
    /// Both halves, with what is never handed out.
    public func view(of app: String) -> JSON { box.state.withLock { $0.entitlements.view(app) } }
    public func isStartAllowed(_ app: String) -> Bool { box.state.withLock { $0.entitlements.isStartAllowed(app) } }

    /// Ids of the leases in force now: of the lease API, and of the webhook's receiver.
    public var leasesInForce: (api: Set<String>, webhook: Set<String>) {
        let now = box.options.now()
        return box.state.withLock { state in
            ControlPlane.expire(&state, now)
            return (Set(state.leases.leases.filter(\.value.isInForce).keys), Set(state.receiver.leases.keys))
        }
    }

    // MARK: - Serving

    private static func forget(_ state: inout State, _ now: Timestamp) {
        state.entitlements.forget()
        state.leases.forget()
        state.receiver.forget()
        for part in ControlPlaneFault.Part.allCases {
            state.log.append(
                ControlPlaneEvent(at: now, part: part, kind: .forgot, request: "", status: nil, lease: nil, app: nil))
        }
    }

    static func expire(_ state: inout State, _ now: Timestamp) {
        for (part, over) in [(ControlPlaneFault.Part.leases, state.leases.expire(now: now)), (.webhook, state.receiver.expire(now: now))] {
            for (id, app) in over {
                state.log.append(
                    ControlPlaneEvent(at: now, part: part, kind: .expired, request: "", status: nil, lease: id, app: app))
            }
        }
    }

    /// `2026-11-21T09:01:41.293571`: naive, in microseconds, as Python writes it.
    static func syncMoment(_ state: inout State, _ now: Timestamp) -> String {
        state.lastSync = max(state.lastSync + 1, now.milliseconds * 1_000 + 571)
        let text = Timestamp(milliseconds: state.lastSync / 1_000).description.dropLast()
        let micro = String(state.lastSync % 1_000)
        return text + String(repeating: "0", count: 3 - micro.utf8.count) + micro
    }

    private static func serve(_ request: ServerRequest, _ box: Box) -> ServerResponse {
        let path = String(decoding: PercentEncoding.unescape(request.rawPath), as: UTF8.self)
        if path.hasPrefix("/_sim/") { return own(path, request, box) }
        let part: ControlPlaneFault.Part
        if path.hasPrefix("/ops/v1/leases") {
            part = .leases
        } else if path.hasPrefix("/api/v1/entitlements") {
            part = .entitlements
        } else if path == "/hooks/actions" {
            part = .webhook
        } else {
            return .json(#"{"detail":"Not Found"}"#, status: 404)
        }
        let isWrite = request.method != "GET" && request.method != "HEAD"
        let fault = box.state.withLock { state -> ControlPlaneFault.Kind? in
            guard
                let index = state.faults.firstIndex(where: { fault in
                    fault.part == part && fault.count != 0
                        && (fault.scope == .all || (fault.scope == .writes) == isWrite)
                })
            else { return nil }
            if let count = state.faults[index].count { state.faults[index].count = count - 1 }
            return state.faults[index].kind
        }
        switch fault {
        case .refuse(let status):
            note(box, part, .none, request, status)
            return .json(#"{"detail":"refused by a fault"}"#, status: status)
        case .hang:
            note(box, part, .none, request, nil)
            request.waitUntilStopped(atMost: box.options.hangSeconds)
            return ServerResponse(status: 504, ending: .dropped)
        case .garbage:
            note(box, part, .none, request, 200)
            return .json(#"{"leases": 7, "app_id": [], "state":"#, status: 200)
        case .forgets: box.state.withLock { forget(&$0, box.options.now()) }
        default: break
        }
        let response: ServerResponse
        switch part {
        case .leases: response = leases(path, request, box, fault)
        case .entitlements: response = entitlements(path, request, box, fault)
        case .webhook: response = webhook(request, box, fault)
        }
        switch fault {
        case .slow(let seconds): request.waitUntilStopped(atMost: seconds)
        case .lost: return ServerResponse(status: 200, ending: .dropped)
        default: break
        }
        return response
    }

    static func note(
        _ box: Box, _ part: ControlPlaneFault.Part, _ kind: ControlPlaneEvent.Kind, _ request: ServerRequest, _ status: Int?,
        lease: String? = nil, app: String? = nil
    ) {
        guard kind != .none || box.options.notesReads else { return }
        let now = box.options.now()
        box.state.withLock { state in
            state.log.append(
                ControlPlaneEvent(
                    at: now, part: part, kind: kind, request: "\(request.method) \(request.path)", status: status, lease: lease,
                    app: app))
        }
    }

    /// The runtime's words about tokens; nil when the request may pass.
    static func refusal(_ request: ServerRequest, _ options: Options) -> ServerResponse? {
        guard !options.tokens.isEmpty || !options.tokensWithoutRole.isEmpty else { return nil }
        guard let field = request.header("Authorization"), field.lowercased().hasPrefix("bearer ") else {
            return .json(#"{"detail":"Missing authorization token"}"#, status: 401)
        }
        let token = String(field.dropFirst(7))
        if options.tokensWithoutRole.contains(token) {
            return .json(#"{"detail":"Internal endpoint requires role internal_service"}"#, status: 403)
        }
        return options.tokens.contains(token) ? nil : .json(#"{"detail":"Token has expired"}"#, status: 401)
    }

    // MARK: - The simulator's own

    private static func own(_ path: String, _ request: ServerRequest, _ box: Box) -> ServerResponse {
        let now = box.options.now()
        switch (request.method, path) {
        case ("GET", "/_sim/log"):
            return box.state.withLock { state in
                expire(&state, now)
                return .json(JSON.array(state.log.map(\.document)).serializedBytes())
            }
        case ("GET", "/_sim/state"):
            return box.state.withLock { state in
                expire(&state, now)
                let apps = state.entitlements.order.map { ($0, state.entitlements.view($0)) }
                let document: JSON = [
                    "leases": .array(
                        state.leases.leases.sorted { $0.key < $1.key }.filter(\.value.isInForce).map { .object($0.value.document) }),
                    "webhook": .strings(state.receiver.leases.keys.sorted()),
                    "entitlements": .object(JSONObject(apps)),
                ]
                return .json(document.serializedBytes())
            }
        case ("POST", "/_sim/faults"):
            guard let fault = (try? JSON(parsing: request.body)).flatMap({ ControlPlaneFault($0) }) else {
                return .json(#"{"error":"not a fault"}"#, status: 422)
            }
            box.state.withLock { $0.faults.append(fault) }
            return ServerResponse(status: 204)
        case ("DELETE", "/_sim/faults"):
            box.state.withLock { $0.faults = [] }
            return ServerResponse(status: 204)
        case ("POST", "/_sim/restart"):
            box.state.withLock { forget(&$0, now) }
            return ServerResponse(status: 204)
        default: return .json(#"{"error":"no such thing"}"#, status: 404)
        }
    }
}
