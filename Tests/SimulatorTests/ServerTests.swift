import JSONParsing
import Model
import Server
import Synchronization
import TestKit
import Testing

@testable import Simulator

/// Faults and manners over real sockets, on a clock that only moves when told.
@Suite struct SimulatorServerTests {
    /// A scenario of one busy tenant on a manual clock.
    private struct Stage {
        let clock = ManualClock()
        let server: SimulatorServer

        init(
            _ scenario: Scenario = .busy, delayScale: Double = 0, clients: SimulatorServer.Clients = .direct,
            change: (inout Scenario) -> Void = { _ in }
        ) throws {
            var scenario = scenario
            change(&scenario)
            var options = SimulatorServer.Options()
            options.clock = SimulationClock(base: clock)
            options.delayScale = delayScale
            options.tickMilliseconds = nil
            options.clients = clients
            server = SimulatorServer(scenario, options: options)
            try server.start()
        }

        var port: UInt16 { server.ports[0] }

        func pass(_ span: TimeSpan) {
            clock.advance(by: span)
            server.tick()
        }

        func get(_ path: String) throws -> LoopbackClient.Reply { try Wire.get(path, port: port) }

        func json(_ path: String) throws -> JSON { try JSON(parsing: try get(path).body) }
    }

    static let metrics = "/metrics/perf/aggregate"

    @Test(
        "an answer has the status and headers of the recorded one",
        arguments: [
            ("GET", "/metrics/perf/aggregate", "busy/aggregate"), ("GET", "/api/health", "busy/health"),
            ("GET", "/metrics/perf/nope", "errors/unknown-route-404"),
            ("HEAD", "/metrics/perf/aggregate", "errors/head-405"),
            ("POST", "/metrics/perf/aggregate", "errors/post-405"),
            ("GET", "/metrics/perf/aggregate/", "errors/trailing-slash-307"),
            ("GET", "/metrics/perf/chats/a%2Fb", "errors/chat-id-with-slash-404"),
            ("GET", "/metrics/perf/chats/no-such-chat", "idle/chat-untracked-404"),
        ])
    func headers(method: String, path: String, fixture: String) throws {
        let stage = try Stage()
        defer { stage.server.stop() }
        let reply = try LoopbackClient(port: stage.port, timeoutMilliseconds: 20_000).send(method, Array(path.utf8))
        let recorded = try Fixtures.headers(fixture)
        #expect(reply.status == recorded.status)
        let names = Set(reply.headers.map { $0.name.lowercased() }).subtracting(["connection"])
        #expect(names == Set(recorded.fields.keys))
        #expect(
            reply.headers.filter { $0.name.lowercased() == "date" }.map(\.value) == ["Sat, 21 Nov 2026 09:00:00 GMT"])
        for name in ["server", "content-type", "allow"] { #expect(reply.header(name) == recorded.fields[name]) }
        if recorded.status == 307 {
            #expect(reply.header("location") == "http://127.0.0.1:\(stage.port)/metrics/perf/aggregate")
        }
        if recorded.status == 404 {
            #expect(try reply.body == Fixtures.bytes(fixture + ".json"))
        }
    }

    @Test func poisonedMetricsAnswer500AsTextUntilTheRestart() throws {
        let stage = try Stage(.poisoned)
        defer { stage.server.stop() }
        #expect(try stage.get(Self.metrics).status == 200)
        stage.pass(.minutes(3))
        for path in [Self.metrics, "/metrics/perf/chats"] {
            let reply = try stage.get(path)
            #expect(reply.status == 500)
            #expect(reply.header("content-type") == "text/plain; charset=utf-8")
            #expect(try reply.body == Fixtures.bytes("errors/aggregate-nan-cost-500.txt"))
        }
        #expect(try stage.get("/api/health").status == 200)
        stage.pass(.minutes(7))
        #expect(try stage.get(Self.metrics).status == 200)
    }

    @Test func aLoneSurrogateInAStartPoisons() throws {
        let stage = try Stage(.quiet)
        defer { stage.server.stop() }
        let reply = try LoopbackClient(port: stage.port, timeoutMilliseconds: 20_000).send(
            "POST", Array("/api/chats/app-1/HelloWorld/start".utf8),
            body: try Fixtures.bytes("errors/start-chat-lone-surrogate-500.request.json"))
        #expect(reply.status == 500)
        #expect(try stage.get(Self.metrics).status == 500)
    }

    @Test func mongoSlowThenDeadAndTheMetricsGoOn() throws {
        let stage = try Stage(.mongoDown)
        defer { stage.server.stop() }
        stage.pass(.minutes(3))
        let slow = try stage.json("/api/health")
        #expect(slow["status"] == "healthy")
        #expect(try #require(slow["mongodb_ping_ms"]?.double) >= 1_500)
        stage.pass(.minutes(2))
        let dead = try stage.get("/api/health")
        #expect(dead.status == 500)
        #expect(try dead.body == Fixtures.bytes("errors/health-mongo-ping-fails-500.json"))
        #expect(try stage.get(Self.metrics).status == 200)
        stage.pass(.minutes(5))
        #expect(try stage.get("/api/health").status == 200)
    }

    @Test func deadMongoTakesThirtySecondsToFail() {
        var runtime = SimulatedRuntime(.mongoDown, origin: origin)
        runtime.advance(to: origin + .minutes(5))
        let answer = runtime.answer(ServerRequest(target: "/api/health"), replica: 0)
        #expect(answer.delay == .seconds(30))
        #expect(answer.blocksEventLoop == .zero)
    }

    @Test func downRefusesConnectionsAndComesBackOnItsPort() throws {
        let stage = try Stage(.down)
        defer { stage.server.stop() }
        let port = stage.port
        let before = try #require(try stage.json("/api/events/metrics")["data"]?["created"])
        stage.pass(.minutes(2))
        #expect(Wire.exchange("GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n", port: port) == .refused)
        stage.pass(.minutes(4))
        #expect(stage.port == port)
        let after = try #require(try stage.json("/api/events/metrics")["data"]?["created"])
        #expect(before != after)
    }

    @Test func aHangAnswersNothingAndEndsWithTheFault() throws {
        let stage = try Stage()
        defer { stage.server.stop() }
        stage.server.inject(.hang, for: .seconds(60))
        let connection = try #require(Wire.Connection(port: stage.port))
        connection.send("GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n")
        // It is counted before it hangs: once it is, nothing was answered, and the end of the fault drops it.
        #expect(waitFor { stage.server.tally.requests["/api/health"] == 1 })
        stage.pass(.seconds(61))
        #expect(connection.readToEnd().isEmpty)
        #expect(try stage.get("/api/health").status == 200)
    }

    @Test func aTruncatedBodyEndsEarly() throws {
        let stage = try Stage()
        defer { stage.server.stop() }
        stage.server.inject(.truncatedBody)
        #expect(throws: LoopbackClient.Failure.self) { try stage.get(Self.metrics) }
    }

    @Test func aSlowBodyStallsInTheMiddle() throws {
        let stage = try Stage()
        defer { stage.server.stop() }
        stage.server.inject(.slowBody)
        let connection = try #require(Wire.Connection(port: stage.port))
        connection.send("GET \(Self.metrics) HTTP/1.1\r\nHost: x\r\n\r\n")
        let length = try #require(contentLength(of: connection.readHead()))
        let half = try #require(connection.read(length / 2))
        #expect(half.starts(with: Array(#"{"active_chats":"#.utf8)))
        stage.server.stop()
        #expect(connection.readToEnd().count < length - length / 2)
    }

    private func contentLength(of head: String) -> Int? {
        head.split(whereSeparator: \.isNewline).first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.split(separator: " ").last ?? "") }
    }

    @Test func garbageIsNoJSONAndHugeIs() throws {
        let stage = try Stage()
        defer { stage.server.stop() }
        stage.server.inject(.garbage, for: .seconds(1))
        #expect(throws: JSONError.self) { try stage.json(Self.metrics) }
        #expect(try stage.get(Self.metrics).status == 200)
        stage.pass(.seconds(2))
        stage.server.inject(.hugeBody(bytes: 3_000_000))
        let huge = try stage.get(Self.metrics)
        #expect(huge.body.count > 3_000_000)
        #expect(try JSON(parsing: huge.body)["active_chats"] == 0)
    }

    @Test func eachPollOfABalancedURLLandsOnTheOtherReplica() throws {
        let stage = try Stage(.twoReplicas)
        defer { stage.server.stop() }
        #expect(stage.server.urls.count == 1)
        let created = try (0..<4).map { _ in try stage.json("/api/events/metrics")["data"]?["created"]?.string }
        #expect(created[0] == created[2] && created[1] == created[3] && created[0] != created[1])
        let tracked = try (0..<2).map { _ in try stage.json(Self.metrics)["tracked_chats"]?.int }
        #expect(tracked[0] != nil && tracked[1] != nil)
    }

    @Test func replicasListenOneByOneWhenNotBalanced() throws {
        let stage = try Stage(.twoReplicas) { $0.balanced = false }
        defer { stage.server.stop() }
        #expect(Set(stage.server.ports).count == 2)
        stage.server.inject(.down, replica: 1)
        #expect(Wire.exchange("GET / HTTP/1.1\r\n\r\n", port: stage.server.ports[1]) == .refused)
        #expect(try stage.get("/api/health").status == 200)
    }

    @Test func perfAnswersBlockTheEventLoopInProportionToTheChats() {
        var scenario = Scenario.growing
        scenario.trackedBefore = 2_000
        var runtime = SimulatedRuntime(scenario, origin: origin)
        let answer = runtime.answer(ServerRequest(target: Self.metrics), replica: 0)
        #expect(
            answer.blocksEventLoop >= TimeSpan(milliseconds: 98) && answer.blocksEventLoop < TimeSpan(milliseconds: 110)
        )
        #expect(runtime.answer(ServerRequest(target: "/api/health"), replica: 0).blocksEventLoop == .zero)
    }

    @Test func manyChatsAreAsLargeAndAsCostlyAsMeasured() throws {
        var scenario = Scenario.growing
        scenario.trackedBefore = 10_000
        scenario.counters = .all
        var runtime = SimulatedRuntime(scenario, origin: origin)
        let answer = runtime.answer(ServerRequest(target: Self.metrics), replica: 0)
        let document = try JSON(parsing: answer.response.body)
        let tracked = try #require(document["tracked_chats"]?.int)
        #expect(tracked >= 10_000)
        #expect(document["chats"]?.array?.count == Int(tracked))
        #expect((340...400).contains(answer.response.body.count / Int(tracked)))
        #expect(answer.blocksEventLoop >= .seconds(0.49))
    }

    @Test func aConnectionThatIdlesIsClosed() throws {
        var options = SimulatorServer.Options()
        options.keepAliveSeconds = 1
        #expect(SimulatorServer.Options().keepAliveSeconds == 5)
        let server = SimulatorServer(.quiet, options: options)
        try server.start()
        defer { server.stop() }
        let connection = try #require(Wire.Connection(port: server.ports[0]))
        connection.send("GET /health/active-runs HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(connection.readHead().hasPrefix("HTTP/1.1 200 OK"))
        #expect(connection.read(94)?.count == 94)
        connection.send("GET /health/active-runs HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(connection.readHead().hasPrefix("HTTP/1.1 200 OK"), "the connection is kept")
        #expect(connection.read(94)?.count == 94)
        #expect(connection.read(1) == [], "and closed by the server, not by our patience")
    }

    @Test func timePassesByItselfAndClientsStartRuns() async throws {
        let posted = Atomic<Int>(0)
        var options = SimulatorServer.Options()
        options.clock = SimulationClock(speed: 60)
        options.tickMilliseconds = 5
        // Without an end: however late the clients' thread gets to run, there is time left.
        var scenario = Scenario.demo
        scenario.duration = nil
        options.clients = .hook { _ in
            posted.add(1, ordering: .relaxed)
            return .refused
        }
        let server = SimulatorServer(scenario, options: options)
        try server.start()
        defer { server.stop() }
        // The clients are tasks: waiting must leave them a thread, and other tests may hold all of them for a while.
        func refused() -> Int { server.tally.apps.values.reduce(0) { $0 + $1.refused } }
        let deadline = ContinuousClock.now + .seconds(180)
        while refused() <= 20, ContinuousClock.now < deadline { await Task.yield() }
        #expect(refused() > 20)
        #expect(posted.load(ordering: .relaxed) > 20)
    }

    @Test func statusTellsWhatTheSimulatorDid() throws {
        let stage = try Stage(.restart)
        defer { stage.server.stop() }
        for _ in 0..<3 { _ = try stage.get(Self.metrics) }
        _ = try stage.get("/favicon.ico")
        stage.pass(.minutes(6))
        let status = try stage.json("/_sim/status")
        #expect(status["schema"] == "mozaiks.ops/simulation/v1")
        #expect(status["restarts"] == 1)
        #expect(status["elapsed_ms"] == 360_000)
        #expect(status["requests"]?[Self.metrics] == 3)
        #expect(status["requests"]?["other"] == 1)
        let apps = try #require(status["apps"]?.object)
        #expect(apps.keys == apps.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        let open = try stage.json(Self.metrics)["active_chats"]?.int
        #expect(apps.members.reduce(0) { $0 + ($1.value["runs_open"]?.int ?? 0) } == open)
    }
}

/// The runtime with authentication on.
@Suite struct AuthenticationTests {
    private func ask(_ runtime: inout SimulatedRuntime, _ authorization: String?) -> (status: Int, body: String) {
        let headers = authorization.map { [(name: "Authorization", value: $0)] } ?? []
        let answer = runtime.answer(ServerRequest(target: "/api/health", headers: headers), replica: 0)
        return (answer.response.status, String(decoding: answer.response.body, as: UTF8.self))
    }

    private func token(_ runtime: inout SimulatedRuntime, secret: String = "dev-secret") throws -> (Int, JSON) {
        let form = "grant_type=client_credentials&client_id=ops-monitor&client_secret=\(secret)"
        let answer = runtime.answer(
            ServerRequest(
                method: "POST", target: "/realms/mozaiks/protocol/openid-connect/token", body: Array(form.utf8)),
            replica: 0)
        return (answer.response.status, try JSON(parsing: answer.response.body))
    }

    @Test(
        "a bad token is refused in the recorded words",
        arguments: [
            (nil, "auth/aggregate-missing-401"), ("Basic b3BzOmRldg==", "auth/aggregate-basic-scheme-401"),
            ("Bearer ", "auth/aggregate-empty-bearer-401"), ("Bearer nonsense", "auth/aggregate-garbage-401"),
            ("Bearer aaa.bbb.ccc", "auth/aggregate-bad-signature-401"),
        ] as [(String?, String)])
    func refused(authorization: String?, fixture: String) throws {
        var runtime = SimulatedRuntime(.unauthorized, origin: origin)
        let answer = ask(&runtime, authorization)
        #expect(answer.status == 401)
        #expect(try answer.body == Fixtures.text(fixture + ".json"))
        #expect(runtime.tally.unauthorized == 1)
    }

    @Test func tokensAreTakenUntilTheirEndAndTheSkew() throws {
        var runtime = SimulatedRuntime(.unauthorized, origin: origin)
        let (status, document) = try token(&runtime)
        #expect(status == 200)
        #expect(
            document.object?.keys == [
                "access_token", "expires_in", "refresh_expires_in", "token_type", "not-before-policy", "scope",
            ])
        #expect(document["expires_in"] == 300)
        let bearer = "bearer \(try #require(document["access_token"]?.string))"
        runtime.advance(to: origin + .seconds(250))
        #expect(ask(&runtime, bearer).status == 200)
        runtime.advance(to: origin + .minutes(9))
        let expired = ask(&runtime, bearer)
        #expect(try expired.body == Fixtures.text("auth/aggregate-expired-401.json"))
    }

    @Test func theSkewIsTwoMinutes() throws {
        var scenario = Scenario.unauthorized
        scenario.faults = []
        var runtime = SimulatedRuntime(scenario, origin: origin)
        let bearer = "Bearer \(try #require(try token(&runtime).1["access_token"]?.string))"
        runtime.advance(to: origin + .minutes(7) - TimeSpan(milliseconds: 1))
        #expect(ask(&runtime, bearer).status == 200)
        runtime.advance(to: origin + .minutes(7))
        #expect(ask(&runtime, bearer).status == 401)
    }

    @Test func aBadSecretIsRefusedInTheRecordedWords() throws {
        var runtime = SimulatedRuntime(.unauthorized, origin: origin)
        let (status, document) = try token(&runtime, secret: "nope")
        #expect(status == 401)
        #expect(try PythonText.json(document) == Fixtures.bytes("auth/idp-token-bad-secret-401.json"))
    }

    @Test func whileTheIdentityProviderIsDownGoodTokensAreRefused() throws {
        var runtime = SimulatedRuntime(.unauthorized, origin: origin)
        runtime.advance(to: origin + .minutes(4) + .seconds(59))
        let bearer = "Bearer \(try #require(try token(&runtime).1["access_token"]?.string))"
        #expect(ask(&runtime, bearer).status == 200)
        runtime.advance(to: origin + .minutes(6))
        let answer = ask(&runtime, bearer)
        #expect(try answer.body == Fixtures.text("auth/aggregate-idp-down-401.json"))
        runtime.advance(to: origin + .minutes(8))
        #expect(ask(&runtime, bearer).status == 200)
    }
}
