import Model
import Server
import Synchronization

/// A reverse proxy in front of a runtime that does what `docs/deploy/nginx.conf` tells nginx to do: asks `GET /gate`
/// before it lets a `POST /api/…` through, answers 429 with `Retry-After` when the gate refuses, and fails open.
///
/// A stand-in for the demo; the configuration itself is tested with the real nginx.
public final class FrontDoor: Sendable {
    public struct Options: Sendable {
        public var host = "127.0.0.1"
        public var port: UInt16 = 0
        /// Where the gate listens on loopback; 0: there is none.
        public var gatePort: UInt16 = 0
        /// The runtime on loopback; 0 for a door that a ``SimulatorServer`` opens in front of itself.
        public var runtimePort: UInt16
        /// A gate that takes longer is treated as one that allows.
        public var gateTimeoutMilliseconds = 250
        public var runtimeTimeoutMilliseconds = 60_000

        /// Called for each start with its app, on a thread of the server.
        public var onStart: @Sendable (AppID, Verdict) -> Void = { _, _ in }

        public init(runtimePort: UInt16 = 0) {
            self.runtimePort = runtimePort
        }
    }

    /// What the gate said to one start, in order.
    public enum Verdict: Sendable, Equatable {
        case allowed
        case refused(retryAfterSeconds: Int)
        /// The gate gave no answer, or none that means anything.
        case failedOpen(why: String)
    }

    /// Counts since the beginning, for comparison with what the monitor says.
    public struct Counts: Sendable, Equatable {
        public var allowed = 0
        public var refused = 0
        public var failedOpen = 0
    }

    private let server: HTTPServer
    private let tally: TallyBox

    public init(_ options: Options) {
        let tally = TallyBox()
        self.tally = tally
        var settings = HTTPServer.Options()
        settings.mode = .threadPerConnection
        settings.drainSeconds = 0.5
        server = HTTPServer(listen: options.host, port: options.port, options: settings) { request in
            Self.serve(request, options, tally)
        }
    }

    public func start() throws(ServerError) { try server.start() }
    public func stop() { server.stop() }
    public var port: UInt16 { server.port }
    public var url: String { server.url }
    public var counts: Counts { tally.counts.withLock { $0 } }

    private final class TallyBox: Sendable {
        let counts = Mutex(Counts())

        func count(_ verdict: Verdict) {
            counts.withLock { counts in
                switch verdict {
                case .allowed: counts.allowed += 1
                case .refused: counts.refused += 1
                case .failedOpen: counts.failedOpen += 1
                }
            }
        }
    }

    private static func serve(_ request: ServerRequest, _ options: Options, _ tally: TallyBox) -> ServerResponse {
        guard request.method == "POST", request.rawPath.starts(with: "/api/".utf8) else {
            return pass(request, options)
        }
        let (verdict, body) = ask(request, options)
        if case .start(let app, _) = Route(rawPath: request.rawPath) {
            tally.count(verdict)
            options.onStart(app, verdict)
        }
        guard case .refused(let seconds) = verdict else { return pass(request, options) }
        return ServerResponse(
            status: 429,
            headers: [
                (name: "Content-Type", value: "application/json"), (name: "Retry-After", value: "\(seconds)"),
                (name: "Cache-Control", value: "no-store"),
            ],
            body: Array(body.utf8))
    }

    /// Only a refusal that says it is one, is one; every other answer lets the request through.
    private static func ask(_ request: ServerRequest, _ options: Options) -> (Verdict, body: String) {
        guard options.gatePort != 0 else { return (.allowed, "") }
        let client = LoopbackClient(port: options.gatePort, timeoutMilliseconds: options.gateTimeoutMilliseconds)
        do {
            let reply = try client.send(
                "GET", Array("/gate?refuse=403".utf8),
                headers: [
                    (name: "X-Original-URI", value: request.target),
                    (name: "X-Original-Method", value: Array(request.method.utf8)),
                ])
            let said = reply.header("X-Mozaiks-Gate") ?? ""
            if said == "refused" {
                let wait = reply.header("X-Mozaiks-Retry-After").flatMap { Int($0) } ?? 60
                return (.refused(retryAfterSeconds: wait), reply.header("X-Mozaiks-Body") ?? "")
            }
            if said.hasPrefix("failed-open") { return (.failedOpen(why: said), "") }
            return ((200..<300).contains(reply.status) ? .allowed : .failedOpen(why: "status \(reply.status)"), "")
        } catch {
            return (.failedOpen(why: error.cause), "")
        }
    }

    /// Headers that belong to one connection, and those that the server and the client set themselves.
    private static let ownHeaders: Set<String> = [
        "connection", "keep-alive", "content-length", "host", "transfer-encoding", "te", "trailer", "upgrade", "expect",
    ]

    private static func pass(_ request: ServerRequest, _ options: Options) -> ServerResponse {
        let client = LoopbackClient(port: options.runtimePort, timeoutMilliseconds: options.runtimeTimeoutMilliseconds)
        do {
            let reply = try client.send(
                request.method, request.target,
                headers: request.headers.filter { !ownHeaders.contains($0.name.lowercased()) },
                body: request.body)
            return ServerResponse(
                status: reply.status, headers: reply.headers.filter { !ownHeaders.contains($0.name.lowercased()) },
                body: reply.body)
        } catch {
            return .text("502 Bad Gateway\n", status: error.cause == "timeout" ? 504 : 502)
        }
    }
}
