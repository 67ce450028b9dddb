import Actions
import Collector
import GateKit
import Model
import Synchronization
import Testing

@testable import Server

/// The documented nginx configuration, in front of a small runtime and the gate. Needs nginx: without it these tests
/// fail, because what they promise would be unproven.
@Suite("gate behind nginx")
struct NginxGateTests {
    /// nginx, a runtime that answers with what it got, and a gate with some leases on `app`.
    final class Setup {
        let runtime: HTTPServer
        let gate: Gate
        let gateServer: HTTPServer
        let nginx: Nginx
        private let seenByRuntime: Seen
        private let seenByGate: Seen

        final class Seen: Sendable {
            let requests = Mutex<[ServerRequest]>([])
            func add(_ request: ServerRequest) { requests.withLock { $0.append(request) } }
            var all: [ServerRequest] { requests.withLock { $0 } }
        }

        /// - Parameter gatePort: where nginx looks for the gate, if not at the real one.
        /// - Parameter runtimePort: another runtime than its own.
        /// - Parameter patient: see ``Nginx``.
        init(_ effects: [Effect], gatePort: UInt16? = nil, runtimePort: UInt16? = nil, patient: Bool = true) throws {
            let (seenByRuntime, seenByGate) = (Seen(), Seen())
            (self.seenByRuntime, self.seenByGate) = (seenByRuntime, seenByGate)
            runtime = HTTPServer { request in
                seenByRuntime.add(request)
                let status = request.header("X-Answer").flatMap { Int($0) } ?? 200
                return .text("runtime got \(request.method) \(request.body.count)", status: status)
            }
            let leases = effects.map { GateSample.lease($0, app: AppID("app")) }
            gate = Gate(table: GateTable(runtimes: ["shared"], leases: leases)) { GateSample.t0 }
            let endpoints = MonitorEndpoints(gate: gate, health: { DaemonHealth(isCycling: true) })
            gateServer = HTTPServer { request in
                seenByGate.add(request)
                return endpoints.answer(request)
            }
            try runtime.start()
            try gateServer.start()
            nginx = try Nginx(runtime: runtimePort ?? runtime.port, gate: gatePort ?? gateServer.port, patient: patient)
        }

        var requestsAtRuntime: [ServerRequest] { seenByRuntime.all }
        var requestsAtGate: [ServerRequest] { seenByGate.all }

        func start(_ app: String = "app", _ pack: String = "wf", body: String = "{}") throws -> RawClient.Reply {
            try RawClient.ask(nginx.port, "POST", "/api/chats/\(app)/\(pack)/start", body: body)
        }

        func stop() {
            nginx.stop()
            gateServer.stop()
            runtime.stop()
        }
    }

    @Test("an allowed start arrives unchanged, body and all")
    func allowed() throws {
        let setup = try Setup([])
        defer { setup.stop() }
        let target = "/api/chats/a%2fb//..%2F/%41/start?x=%2F&y"
        let body = String(repeating: "b", count: 100_000)
        let reply = try RawClient.ask(
            setup.nginx.port, "POST", target, headers: ["Authorization: Bearer t"], body: body)
        #expect(reply.status == 200)
        #expect(reply.body == "runtime got POST 100000")
        let seen = try #require(setup.requestsAtRuntime.first)
        #expect(seen.target == Array(target.utf8))
        #expect(seen.header("Authorization") == "Bearer t")
    }

    @Test("a refused start is a 429 with the time to come back and the operator's words")
    func refused() throws {
        let setup = try Setup([.pause])
        defer { setup.stop() }
        let reply = try setup.start()
        #expect(reply.status == 429)
        #expect(reply.header("Retry-After") == "900")
        #expect(reply.header("Content-Type") == "application/json")
        #expect(reply.header("Cache-Control") == "no-store")
        let text = "New runs of this app are paused for the moment. Please try again in 15 minutes."
        #expect(reply.body == #"{"detail":"\#(text)","retry_after":900}"#)
        #expect(reply.headers.allSatisfy { !$0.lowercased().hasPrefix("x-mozaiks") })
        #expect(setup.requestsAtRuntime.isEmpty)
        #expect(try setup.start("other").status == 200)
        #expect(setup.gate.drainRefusals().map(\.count) == [1])
        #expect(setup.nginx.accesses.contains(#"gate="refused" lease="lease-1""#))
    }

    @Test("a throttle lets its number through")
    func throttled() throws {
        let setup = try Setup([GateSample.throttle(perMinute: 2)])
        defer { setup.stop() }
        let statuses = try (0..<4).map { _ in try setup.start().status }
        #expect(statuses == [200, 200, 429, 429])
        #expect(try setup.start().header("Retry-After") == "60")
    }

    @Test("a disabled workflow is refused, its neighbours are not")
    func disabled() throws {
        let setup = try Setup([.disablePack(PackID("wf"))])
        defer { setup.stop() }
        #expect(try setup.start().status == 429)
        #expect(try setup.start("app", "wf2").status == 200)
    }

    @Test("the gate is shown method and target only, whatever the client claims")
    func question() throws {
        let setup = try Setup([.pause])
        defer { setup.stop() }
        let claims = [
            "X-Original-URI: /", "X-Original-Method: GET", "X-Forwarded-Uri: /", "Authorization: Bearer t",
            "Cookie: c", "X-Mozaiks-Gate: allowed",
        ]
        let target = "/api/chats/app/wf/start?x"
        let reply = try RawClient.ask(setup.nginx.port, "POST", target, headers: claims, body: "secret")
        #expect(reply.status == 429)
        let question = try #require(setup.requestsAtGate.first)
        #expect(question.body.isEmpty)
        let names = Set(question.headers.map { $0.name.lowercased() })
        #expect(names == ["host", "x-original-uri", "x-original-method"])
        // What follows a `?` may be a token.
        #expect(question.header("X-Original-URI") == "/api/chats/app/wf/start")
        #expect(question.header("X-Original-Method") == "POST")
    }

    @Test("everything else passes without a question")
    func untouched() throws {
        let setup = try Setup([.pause])
        defer { setup.stop() }
        for target in ["/api/health", "/api/chats/app/wf/start", "/metrics/perf/aggregate", "/"] {
            #expect(try RawClient.ask(setup.nginx.port, "GET", target).status == 200)
        }
        #expect(setup.requestsAtGate.isEmpty)
        #expect(try RawClient.ask(setup.nginx.port, "POST", "/api/events").status == 200)
        #expect(setup.gate.counters.notStarts == 1)
    }

    /// A chat that runs, one that is new, one that has ended; through a real upgrade, with frames both ways.
    @Test("websockets and inputs: what runs goes on, what would start a run is refused with the reason")
    func chats() throws {
        let peer = try WebsocketPeer()
        defer { peer.end() }
        let setup = try Setup([.pause], runtimePort: peer.port)
        defer { setup.stop() }
        try peer.expectWhatRunsGoesOn(behind: setup.nginx.port, setup.gate)
    }

    @Test("whatever a client puts into its request, a paused app's start does not get through")
    func hostileFields() throws {
        let setup = try Setup([.pause])
        defer { setup.stop() }
        let large = String(repeating: "y", count: 70_000)
        let many = (0..<1_200).map { "H\($0): y" }
        let middling = (0..<3).map { "X-\($0): \(String(repeating: "y", count: 7_000))" }
        let tries: [[String]] = [
            ["X-Junk: \(large)"], many, middling, ["Connection: X-Forwarded-Uri, X-Forwarded-Method, Host"],
            ["X-Forwarded-Uri: /", "X-Forwarded-Method: GET", "X-Original-URI: /", "X-Original-Method: GET"],
            ["Expect: 100-continue"], ["Connection: Upgrade", "Upgrade: websocket"], ["Connection: Upgrade", "Upgrade: h2c"],
            ["X-J:\ta\tb"], ["X-J:"], ["TE: trailers", "Trailer: X"], ["X-HTTP-Method-Override: GET"], ["Range: bytes=0-"],
            ["Content-Encoding: gzip"], ["**: x", "*: y", "~: z"],
        ]
        for fields in tries {
            let reply = try RawClient.ask(setup.nginx.port, "POST", "/api/chats/app/wf/start", headers: fields, body: "{}")
            #expect([400, 429, 431].contains(reply.status), "\(fields.first?.prefix(40) ?? "")")
        }
        let targets = [
            "/api/chats/app/wf/start?\(large)", "/api/chats/app/\(large)/start", "/api/chats/app/wf/start?method=GET&uri=/&refuse=403",
            "/api/chats/app/\(String(repeating: "%2e", count: 2_600))/start",
        ]
        for target in targets {
            let reply = try RawClient.ask(setup.nginx.port, "POST", target, body: "{}")
            #expect([400, 414, 429, 431].contains(reply.status), "\(target.prefix(60))")
        }
        let client = try RawClient(port: setup.nginx.port)
        defer { client.end() }
        try client.send(
            "POST /api/chats/app/wf/start HTTP/1.1\r\nHost: t\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
        )
        #expect(try client.readReply().status == 429)
        #expect(setup.requestsAtRuntime.isEmpty)
        #expect(try setup.start("other").status == 200)
    }

    @Test("the runtime's own errors stay its own", arguments: [400, 401, 403, 404, 429, 500, 502, 503, 504])
    func runtimeErrors(status: Int) throws {
        let setup = try Setup([])
        defer { setup.stop() }
        let reply = try RawClient.ask(
            setup.nginx.port, "POST", "/api/chats/app/wf/start", headers: ["X-Answer: \(status)"])
        #expect(reply.status == status)
        #expect(reply.body == "runtime got POST 0")
        #expect(setup.requestsAtRuntime.count == 1)
    }

    @Test("the gate's question cannot be asked from outside")
    func internalOnly() throws {
        let setup = try Setup([])
        defer { setup.stop() }
        for method in ["GET", "POST"] {
            let reply = try RawClient.ask(setup.nginx.port, method, "/_mozaiks_gate?refuse=403")
            #expect(reply.status == 204)
        }
        #expect(setup.requestsAtGate.isEmpty)
        #expect(setup.requestsAtRuntime.isEmpty)
    }

    /// The paused app is called `app`, as in the table.
    @Test("no spelling gets a paused app's start to the runtime, and none gets another app refused")
    func spellings() throws {
        let setup = try Setup([.pause])
        defer { setup.stop() }
        for wanted in StartRouteTests.cases where wanted.target.hasPrefix("/") || wanted.target.hasPrefix("http://h") {
            let before = setup.requestsAtRuntime.count
            let status = try RawClient.ask(setup.nginx.port, "POST", wanted.target).status
            let namesPaused = wanted.meaning.map { $0.hasPrefix("app ") || $0.hasPrefix("~app ") } ?? false
            let arrived = setup.requestsAtRuntime.dropFirst(before)
            // nginx refuses NUL bytes and dots above the root by itself.
            #expect([200, 400, 429].contains(status), "\(wanted.target)")
            #expect((status == 200) == (arrived.count == 1), "\(wanted.target)")
            if status == 429 { #expect(namesPaused, "\(wanted.target)") }
            if namesPaused { #expect(status != 200, "\(wanted.target)") }
            for request in arrived {
                #expect(StartRoute(method: "POST", target: request.target)?.app != AppID("app"), "\(wanted.target)")
            }
        }
        #expect(setup.gate.counters.refused > 20)
    }

    @Test("an id of 4 kB is judged like any other")
    func longID() throws {
        let setup = try Setup([.pause])
        defer { setup.stop() }
        let id = String(repeating: "k", count: 4_096)
        #expect(try setup.start(id).status == 200)
        setup.gate.install(
            GateTable(runtimes: ["shared"], leases: [GateSample.lease(.pause, app: AppID(id))]))
        #expect(try setup.start(id).status == 429)
    }

    @Test("open when the monitor is gone, refusing again when it is back")
    func gone() throws {
        let setup = try Setup([.pause])
        defer { setup.stop() }
        #expect(try setup.start().status == 429)
        let port = setup.gateServer.port
        setup.gateServer.stop()
        #expect(try setup.start().status == 200)
        #expect(try setup.start().status == 200)
        let endpoints = MonitorEndpoints(gate: setup.gate, health: { DaemonHealth(isCycling: true) })
        let again = HTTPServer(port: port, handler: endpoints.answer)
        try again.start()
        defer { again.stop() }
        #expect(try setup.start().status == 429)
    }

    @Test("open when the gate accepts and never answers")
    func hung() throws {
        let hung = try HungServer()
        defer { hung.end() }
        let setup = try Setup([.pause], gatePort: hung.port, patient: false)
        defer { setup.stop() }
        #expect(try setup.start(body: "0123456789").body == "runtime got POST 10")
        #expect(setup.nginx.errors.contains("upstream timed out"))
        #expect(setup.requestsAtRuntime.count == 1)
    }

    @Test(
        "open when something else answers in the gate's place",
        arguments: [200, 204, 301, 302, 307, 400, 401, 403, 404, 405, 413, 414, 429, 431, 500, 501, 502, 503, 504])
    func stranger(status: Int) throws {
        let stranger = HTTPServer { _ in ServerResponse(status: status, headers: [("Location", "http://127.0.0.1/")]) }
        try stranger.start()
        defer { stranger.stop() }
        let setup = try Setup([.pause], gatePort: stranger.port)
        defer { setup.stop() }
        #expect(try setup.start().status == 200)
    }

    @Test("open when the answer is cut off or huge")
    func broken() throws {
        let broken = HTTPServer { request in
            (request.header("X-Original-URI") ?? "").contains("huge")
                ? ServerResponse(status: 403, headers: [("X", String(repeating: "x", count: 20_000))])
                : ServerResponse(status: 403, ending: .dropped)
        }
        try broken.start()
        defer { broken.stop() }
        let setup = try Setup([.pause], gatePort: broken.port)
        defer { setup.stop() }
        #expect(try setup.start("dropped").status == 200)
        #expect(try setup.start("huge").status == 200)
    }
}
