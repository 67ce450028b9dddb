import Actions
import Collector
import GateKit
import Model
import Testing

@testable import Server

/// The documented Caddyfile, in front of a small runtime and the gate: the cases of ``NginxGateTests``. Needs Caddy: without it
/// these tests fail, because what they promise would be unproven.
@Suite("gate behind Caddy")
struct CaddyGateTests {
    /// Caddy, a runtime that answers with what it got, and a gate with some leases on `app`.
    final class Setup {
        let runtime: HTTPServer
        let gate: Gate
        let gateServer: HTTPServer
        let caddy: Caddy
        private let seenByRuntime = NginxGateTests.Setup.Seen()
        private let seenByGate = NginxGateTests.Setup.Seen()

        init(_ effects: [Effect], gatePort: UInt16? = nil, runtimePort: UInt16? = nil, patient: Bool = true) throws {
            let (seenByRuntime, seenByGate) = (seenByRuntime, seenByGate)
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
            caddy = try Caddy(runtime: runtimePort ?? runtime.port, gate: gatePort ?? gateServer.port, patient: patient)
        }

        var requestsAtRuntime: [ServerRequest] { seenByRuntime.all }
        var requestsAtGate: [ServerRequest] { seenByGate.all }

        func start(_ app: String = "app", _ pack: String = "wf", body: String = "{}") throws -> RawClient.Reply {
            try RawClient.ask(caddy.port, "POST", "/api/chats/\(app)/\(pack)/start", body: body)
        }

        func stop() {
            caddy.stop()
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
        let reply = try RawClient.ask(setup.caddy.port, "POST", target, headers: ["Authorization: Bearer t"], body: body)
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
    }

    @Test("a throttle lets its number through; a disabled workflow is refused, its neighbours are not")
    func throttled() throws {
        let throttled = try Setup([GateSample.throttle(perMinute: 2)])
        defer { throttled.stop() }
        #expect(try (0..<4).map { _ in try throttled.start().status } == [200, 200, 429, 429])
        #expect(try throttled.start().header("Retry-After") == "60")
        let disabled = try Setup([.disablePack(PackID("wf"))])
        defer { disabled.stop() }
        #expect(try disabled.start().status == 429)
        #expect(try disabled.start("app", "wf2").status == 200)
    }

    @Test("the gate is shown method and target, no credentials, whatever the client claims")
    func question() throws {
        let setup = try Setup([.pause])
        defer { setup.stop() }
        let claims = [
            "X-Original-URI: /", "X-Original-Method: GET", "X-Forwarded-Uri: /", "X-Forwarded-Method: GET",
            "Authorization: Bearer t", "Cookie: c", "X-Mozaiks-Gate: allowed",
        ]
        for query in ["x", "refuse=403", "runtime=none", "refuse=403&runtime=none"] {
            let target = "/api/chats/app/wf/start?\(query)"
            let before = setup.requestsAtGate.count
            let reply = try RawClient.ask(setup.caddy.port, "POST", target, headers: claims, body: "secret")
            #expect(reply.status == 429, "\(query)")
            let question = try #require(setup.requestsAtGate.dropFirst(before).first)
            #expect(question.method == "GET" && question.body.isEmpty && question.path == "/gate/ask")
            // Never what follows the `?`: a websocket's token stands there.
            #expect(question.queryBytes("uri") == Array("/api/chats/app/wf/start".utf8))
            #expect(
                question.queryValue("method") == "POST" && question.queryValue("refuse") == nil && question.queryValue("runtime") == nil)
            #expect(Set(question.headers.map { $0.name.lowercased() }) == ["host", "user-agent", "accept-encoding"])
            #expect(question.header("User-Agent")?.hasPrefix("Go-http-client") ?? false)
        }
    }

    @Test(
        "no token of a query reaches the gate, and the path does as it was sent",
        arguments: [
            ("/ws/wf/app/chat/user?access_token=eyJhbGciOi", "/ws/wf/app/chat/user"),
            ("/api/chats/a%2Fb/%77f/../wf/start?a=b?c", "/api/chats/a%2Fb/%77f/../wf/start"),
            ("/api//chats/app/wf/start?", "/api//chats/app/wf/start"), ("/x%3Fy/$1?q", "/x%3Fy/$1"), ("/?access_token=eyJhbGciOi", "/"),
            ("/plain", "/plain"),
        ])
    func noQuery(target: String, shown: String) throws {
        let setup = try Setup([.pause])
        defer { setup.stop() }
        _ = try RawClient.ask(setup.caddy.port, "POST", target, body: "{}")
        let question = try #require(setup.requestsAtGate.last)
        #expect(question.queryBytes("uri") == Array(shown.utf8))
        #expect(!String(decoding: question.target, as: UTF8.self).contains("eyJhbGciOi"))
    }

    @Test("what neither posts nor upgrades passes without a question")
    func untouched() throws {
        let setup = try Setup([.pause])
        defer { setup.stop() }
        for target in ["/api/health", "/api/chats/app/wf/start", "/metrics/perf/aggregate", "/"] {
            #expect(try RawClient.ask(setup.caddy.port, "GET", target).status == 200)
        }
        #expect(setup.requestsAtGate.isEmpty)
        #expect(try RawClient.ask(setup.caddy.port, "POST", "/api/events").status == 200)
        #expect(setup.gate.counters.notStarts == 1)
    }

    /// A chat that runs, one that is new, one that has ended; through a real upgrade, with frames both ways.
    @Test("websockets and inputs: what runs goes on, what would start a run is refused with the reason")
    func chats() throws {
        let peer = try WebsocketPeer()
        defer { peer.end() }
        let setup = try Setup([.pause], runtimePort: peer.port)
        defer { setup.stop() }
        try peer.expectWhatRunsGoesOn(behind: setup.caddy.port, setup.gate)
        // As over HTTP/2 and HTTP/3, where no header field says what it is: newer Caddys make an upgrade of it.
        let passed = peer.opened
        let connect = try RawClient.ask(setup.caddy.port, "CONNECT", "/ws/wf/app/new/u")
        #expect(connect.status == 429 && setup.requestsAtGate.last?.queryValue("method") == "CONNECT")
        #expect(peer.opened == passed)
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
            let reply = try RawClient.ask(setup.caddy.port, "POST", "/api/chats/app/wf/start", headers: fields, body: "{}")
            #expect([400, 429, 431].contains(reply.status), "\(fields.first?.prefix(40) ?? "")")
        }
        let targets = [
            "/api/chats/app/wf/start?\(large)", "/api/chats/app/\(large)/start", "/api/chats/app/wf/start?method=GET&uri=/&refuse=403",
            "/api/chats/app/\(String(repeating: "%2e", count: 2_600))/start",
        ]
        for target in targets {
            let reply = try RawClient.ask(setup.caddy.port, "POST", target, body: "{}")
            #expect([400, 414, 429, 431].contains(reply.status), "\(target.prefix(60))")
        }
        let client = try RawClient(port: setup.caddy.port)
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
            setup.caddy.port, "POST", "/api/chats/app/wf/start", headers: ["X-Answer: \(status)"])
        #expect(reply.status == status)
        #expect(reply.body == "runtime got POST 0")
        #expect(setup.requestsAtRuntime.count == 1)
    }

    @Test("a runtime that is gone is not asked twice")
    func runtimeGone() throws {
        let setup = try Setup([])
        defer { setup.stop() }
        setup.runtime.stop()
        #expect(try setup.start().status == 502)
    }

    /// The paused app is called `app`, as in the table.
    @Test("no spelling gets a paused app's start to the runtime, and none gets another app refused")
    func spellings() throws {
        let setup = try Setup([.pause])
        defer { setup.stop() }
        for wanted in StartRouteTests.cases where wanted.target.hasPrefix("/") || wanted.target.hasPrefix("http://h") {
            let before = setup.requestsAtRuntime.count
            let status = try RawClient.ask(setup.caddy.port, "POST", wanted.target).status
            let namesPaused = wanted.meaning.map { $0.hasPrefix("app ") || $0.hasPrefix("~app ") } ?? false
            let arrived = setup.requestsAtRuntime.dropFirst(before)
            #expect([200, 400, 429].contains(status), "\(wanted.target)")
            #expect((status == 200) == (arrived.count == 1), "\(wanted.target)")
            if status == 429 { #expect(namesPaused, "\(wanted.target)") }
            // Caddy encodes a fragment, which is no start for the runtime then: what arrives is what counts.
            if namesPaused { #expect(status != 200 || wanted.target.contains("#"), "\(wanted.target)") }
            for request in arrived {
                if namesPaused { #expect(StartRoute(method: "POST", target: request.target) == nil, "\(wanted.target)") }
                #expect(StartRoute(method: "POST", target: request.target)?.app != AppID("app"), "\(wanted.target)")
            }
        }
        #expect(setup.gate.counters.refused > 20)
    }

    @Test("open when the monitor is gone, refusing again when it is back")
    func gone() throws {
        let setup = try Setup([.pause])
        defer { setup.stop() }
        #expect(try setup.start().status == 429)
        let port = setup.gateServer.port
        setup.gateServer.stop()
        #expect(try setup.start(body: "0123456789").body == "runtime got POST 10")
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
        let reply = try setup.start(body: "0123456789")
        #expect(reply.status == 200 && reply.body == "runtime got POST 10")
    }

    @Test("open when the answer is cut off")
    func broken() throws {
        let broken = HTTPServer { _ in ServerResponse(status: 429, ending: .dropped) }
        try broken.start()
        defer { broken.stop() }
        let setup = try Setup([.pause], gatePort: broken.port)
        defer { setup.stop() }
        #expect(try setup.start("dropped").status == 200)
    }
}
