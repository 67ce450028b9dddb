import Ambient
import HTTP
import Model
import Simulator
import Synchronization
import TestKit
import Testing

@testable import Collector

/// Polls over real sockets: what was asked, with which token, and what came back.
@Suite struct PollerTests {
    private static let all: [Endpoint] = [.health, .activeRuns, .events, .perf]

    /// Polls once and shuts the client down.
    private func poll(
        _ url: String, _ method: Authenticator.Method = .none, timeout: TimeSpan = .seconds(20), bodyLimit: Int = 1 << 20,
        rounds: Int = 1, clock: any Clock = SystemClock()
    ) async throws -> [Observation] {
        let client = try HTTPClient()
        let target = Target(
            runtime: "shared", replicas: [url], authenticator: Authenticator(method, client: client), timeout: timeout,
            bodyLimit: bodyLimit)
        let poller = Poller(client: client, clock: clock)
        var observations: [Observation] = []
        for _ in 0..<rounds {
            observations += await poller.poll(target, [(replica: target.replicas[0], endpoints: Self.all)])
        }
        await client.shutdown()
        return observations
    }

    private final class Heard: Sendable {
        private let texts = Mutex<[String]>([])
        func add(_ text: String) { texts.withLock { $0.append(text) } }
        var all: [String] { texts.withLock { $0 } }
    }

    private func status(_ observations: [Observation], _ endpoint: Endpoint) -> Int? {
        guard case .answer(let answer)? = observations.first(where: { $0.endpoint == endpoint })?.outcome else { return nil }
        return answer.status
    }

    private func authenticated(tokenLifetime: TimeSpan = .minutes(5)) throws -> SimulatorServer {
        var scenario = try #require(Scenario.named("unauthorized"))
        scenario.authentication?.tokenLifetime = tokenLifetime
        let server = SimulatorServer(scenario)
        try server.start()
        return server
    }

    private func credentials(_ server: SimulatorServer, secret: String = "dev-secret") -> Authenticator.ClientCredentials {
        Authenticator.ClientCredentials(
            endpoint: .token(server.urls[0] + "/realms/mozaiks/protocol/openid-connect/token"), clientID: "ops-monitor",
            clientSecret: { Secret(secret) })
    }

    @Test func asksEveryEndpointOnceAndThePerfLast() async throws {
        let server = SimulatorServer(try #require(Scenario.named("busy")))
        try server.start()
        defer { server.stop() }
        // However busy the machine is, the others' answers are waited for.
        let observations = try await poll(server.urls[0] + "/", clock: PatientClock())
        #expect(Set(observations.map(\.endpoint)) == Set(Self.all))
        #expect(observations.count == 4)
        #expect(observations.last?.endpoint == .perf)
        #expect(observations.allSatisfy { $0.replica == server.urls[0] && $0.runtime == "shared" })
        #expect(Self.all.allSatisfy { status(observations, $0) == 200 })
        #expect(
            observations.allSatisfy { observation in
                if case .answer(let answer) = observation.outcome { answer.date != nil } else { false }
            })
    }

    @Test func withoutATokenTheRuntimesRefusalIsTheEvidence() async throws {
        let server = try authenticated()
        defer { server.stop() }
        let observations = try await poll(server.urls[0])
        #expect(Self.all.allSatisfy { status(observations, $0) == 401 })
        #expect(
            observations.allSatisfy { observation in
                if case .missing(_, .unauthorized, _) = Decoder.decode(observation) { true } else { false }
            })
    }

    @Test func aTokenThatCannotBeReadIsReportedAndThePollGoesOn() async throws {
        struct Unreadable: Error {}
        let server = try authenticated()
        defer { server.stop() }
        let client = try HTTPClient()
        let heard = Heard()
        let target = Target(
            runtime: "shared", replicas: server.urls,
            authenticator: Authenticator(.bearer { throw Unreadable() }, client: client))
        let observations = await Poller(client: client) { _, text in heard.add(text) }
            .poll(target, [(replica: server.urls[0], endpoints: [.health])])
        await client.shutdown()
        #expect(status(observations, .health) == 401)
        #expect(heard.all.count == 1)
    }

    @Test func aPageLongerThanIsReadIsNoMatterOfALimitToRaise() async throws {
        let server = try MisbehavingServer { _, peer in peer.answer(200, String(repeating: "#", count: Endpoint.smallBodyLimit + 1)) }
        defer { server.stop() }
        let client = try HTTPClient()
        var target = Target(runtime: "shared", replicas: [server.url], authenticator: Authenticator(.none, client: client))
        target.metrics = .path("/metrics")
        let seen = await Poller(client: client).poll(target, [(server.url, [.metrics])])
        await client.shutdown()
        guard case .failure(.tooLarge, let detail)? = seen.first?.outcome else {
            Issue.record("no failure: \(seen)")
            return
        }
        #expect(detail.contains("name a page with fewer series under 'metrics'") && !detail.contains("raise"), "\(detail)")
    }

    @Test func aPageOfMetricsIsAskedWhereItIsAndOnlyTheRuntimeIsShownALogin() async throws {
        let page = "# TYPE a gauge\na 1\n"
        let server = try MisbehavingServer { _, peer in peer.answer(200, page, headers: ["Content-Type: text/plain; version=0.0.4"]) }
        defer { server.stop() }
        let client = try HTTPClient()
        var target = Target(
            runtime: "shared", replicas: [server.url],
            authenticator: Authenticator(.bearer { Secret("a-login-of-the-runtime") }, client: client))
        var observations: [Observation] = []
        for place in [nil, .path("/own/metrics?all=1"), .url(server.url + "/elsewhere")] as [MetricsPlace?] {
            target.metrics = place
            observations += await Poller(client: client).look(at: target, [.health])
        }
        // Another place that came with a reload: nothing is asked anywhere until the next start.
        observations += await Poller(client: client).poll(target, [(server.url, [.metrics])])
        target.metrics = nil
        observations += await Poller(client: client).poll(target, [(server.url, [.metrics]), (Observation.page, [.metrics])])
        await client.shutdown()
        let asked = server.requests.map { ($0.path, $0.head.contains("a-login-of-the-runtime"), $0.head.contains("openmetrics")) }
        #expect(asked.filter { $0.0 == "/api/health" }.map(\.1) == [true, true, true])
        #expect(asked.filter { $0.0 == "/own/metrics?all=1" }.map { [$0.1, $0.2] } == [[true, true]])
        #expect(asked.filter { $0.0 == "/elsewhere" }.map { [$0.1, $0.2] } == [[false, true]])
        #expect(asked.count == 5)
        let pages = observations.filter { $0.endpoint == .metrics }
        #expect(pages.map(\.replica) == [server.url, Observation.page])
        for observation in pages {
            guard case .metrics(let read) = Decoder.decode(observation) else {
                Issue.record("no page")
                continue
            }
            #expect(read.samples.count == 1)
        }
    }

    @Test func aPageThatHangsIsWaitedForLessThanAllElse() async throws {
        let server = try MisbehavingServer { request, peer in
            request.path == "/metrics" ? peer.waitUntilClosed() : peer.answer(200, #"{"status":"healthy"}"#)
        }
        defer { server.stop() }
        let client = try HTTPClient()
        var target = Target(
            runtime: "shared", replicas: [server.url], authenticator: Authenticator(.none, client: client), timeout: .seconds(20))
        target.metrics = .path("/metrics")
        #expect(target.timeout(of: .metrics) == .seconds(3) && target.timeout(of: .health) == .seconds(20))
        target.longestPage = .seconds(0.3)
        let observations = await Poller(client: client).look(at: target, [.health])
        target.timeout = .seconds(0.1)
        #expect(target.timeout(of: .metrics) == .seconds(0.1))
        await client.shutdown()
        #expect(status(observations, .health) == 200)
        let page = try #require(observations.first { $0.endpoint == .metrics })
        guard case .failure(.timeout, let detail) = page.outcome else {
            Issue.record("\(page)")
            return
        }
        #expect(detail.contains("within 300 ms"), "\(detail)")
    }

    @Test func clientCredentialsAreFetchedOnceAndKept() async throws {
        let server = try authenticated()
        defer { server.stop() }
        let observations = try await poll(server.urls[0], .clientCredentials(credentials(server)), rounds: 3)
        #expect(observations.count == 12)
        #expect(
            observations.allSatisfy { observation in
                if case .answer(let answer) = observation.outcome { answer.status == 200 } else { false }
            })
    }

    @Test func aWrongSecretIsUnauthorizedAndNeverShown() async throws {
        let server = try authenticated()
        defer { server.stop() }
        let client = try HTTPClient()
        let heard = Heard()
        let target = Target(
            runtime: "shared", replicas: server.urls,
            authenticator: Authenticator(.clientCredentials(credentials(server, secret: "hunter2-wrong")), client: client))
        let observations = await Poller(client: client) { _, text in heard.add(text) }
            .poll(target, [(replica: server.urls[0], endpoints: [.health])])
        await client.shutdown()
        #expect(status(observations, .health) == 401)
        #expect(heard.all.contains { $0.contains("401") })
        #expect(!heard.all.contains { $0.contains("hunter2") })
    }

    /// A runtime that refuses the first token that it sees and takes the next one.
    @Test func aRefusedTokenIsRenewedOnce() async throws {
        let tokens = Mutex(0)
        let server = try MisbehavingServer { request, peer in
            if request.path == "/token" {
                let count = tokens.withLock { count -> Int in
                    count += 1
                    return count
                }
                peer.answer(200, #"{"access_token":"token-\#(count)","expires_in":300}"#)
            } else if request.head.contains("Bearer token-1") {
                peer.answer(401, #"{"detail":"Token has expired"}"#)
            } else {
                peer.answer(200, #"{"status":"healthy"}"#)
            }
        }
        defer { server.stop() }
        let client = try HTTPClient()
        let method = Authenticator.Method.clientCredentials(
            Authenticator.ClientCredentials(
                endpoint: .token(server.url + "/token"), clientID: "id", clientSecret: { Secret("s") }))
        let target = Target(
            runtime: "shared", replicas: [server.url], authenticator: Authenticator(method, client: client))
        let observations = await Poller(client: client).poll(target, [(replica: server.url, endpoints: [.health])])
        await client.shutdown()
        #expect(status(observations, .health) == 200)
        #expect(tokens.withLock { $0 } == 2)
    }

    /// Always refused: one renewal for each poll, never a loop.
    @Test func aRefusalThatStaysIsNotAskedAgainAndAgain() async throws {
        let server = try MisbehavingServer { request, peer in
            if request.path == "/token" {
                peer.answer(200, #"{"access_token":"t","expires_in":300}"#)
            } else {
                peer.answer(401, #"{"detail":"Invalid token audience"}"#)
            }
        }
        defer { server.stop() }
        let client = try HTTPClient()
        let method = Authenticator.Method.clientCredentials(
            Authenticator.ClientCredentials(
                endpoint: .token(server.url + "/token"), clientID: "id", clientSecret: { Secret("s") }))
        let target = Target(
            runtime: "shared", replicas: [server.url], authenticator: Authenticator(method, client: client))
        let observations = await Poller(client: client).poll(target, [(replica: server.url, endpoints: [.health])])
        await client.shutdown()
        #expect(status(observations, .health) == 401)
        #expect(server.requests.filter { $0.path == "/api/health" }.count == 2)
    }

    @Test func theIssuersTokenEndpointIsLookedUpOnce() async throws {
        let box = Mutex("")
        let server = try MisbehavingServer { request, peer in
            switch request.path {
            case "/realm/.well-known/openid-configuration":
                peer.answer(200, #"{"token_endpoint":"\#(box.withLock { $0 })/token"}"#)
            case "/token": peer.answer(200, #"{"access_token":"t","expires_in":1}"#)
            default: peer.answer(200, #"{"status":"healthy"}"#)
            }
        }
        defer { server.stop() }
        box.withLock { $0 = server.url }
        let client = try HTTPClient()
        let method = Authenticator.Method.clientCredentials(
            Authenticator.ClientCredentials(
                endpoint: .issuer(server.url + "/realm/"), clientID: "id", clientSecret: { Secret("s") }))
        let target = Target(
            runtime: "shared", replicas: [server.url], authenticator: Authenticator(method, client: client))
        let poller = Poller(client: client)
        for _ in 0..<2 { _ = await poller.poll(target, [(replica: server.url, endpoints: [.health])]) }
        await client.shutdown()
        // A token of one second is renewed for each poll (it is due before it is used); the look-up is not repeated.
        #expect(server.requests.filter { $0.path.hasPrefix("/realm") }.count == 1)
        #expect(server.requests.filter { $0.path == "/token" }.count == 2)
        #expect(server.requests.filter { $0.path == "/api/health" }.allSatisfy { $0.head.contains("Bearer t") })
    }

    @Test func `why no login was sent is said, and not what the runtime says of that`() async throws {
        let server = try MisbehavingServer { _, peer in peer.answer(401, #"{"detail":"Missing authorization token"}"#) }
        defer { server.stop() }
        let client = try HTTPClient()
        let method = Authenticator.Method.clientCredentials(
            Authenticator.ClientCredentials(endpoint: .token("http://127.0.0.1:1/token"), clientID: "id", clientSecret: { Secret("s") }))
        let target = Target(runtime: "shared", replicas: [server.url], authenticator: Authenticator(method, client: client))
        let observations = await Poller(client: client).poll(target, [(replica: server.url, endpoints: [.health])])
        await client.shutdown()
        let answer = try #require(observations.first)
        guard case .missing(.health, .unauthorized, let detail) = Decoder.decode(answer) else {
            Issue.record("\(answer)")
            return
        }
        #expect(detail.hasPrefix("no login was sent: cannot reach the token endpoint") && !detail.contains("Missing"), "\(detail)")
    }

    @Test(
        "the client secret goes nowhere that the issuer asked for does not name",
        arguments: [
            #"{"issuer":"https://other.example","token_endpoint":"URL/token"}"#, #"{"issuer":"URL","token_endpoint":"URL/token"}"#,
        ])
    func anotherIssuer(document: String) async throws {
        let box = Mutex("")
        let server = try MisbehavingServer { request, peer in
            guard request.path.hasSuffix("openid-configuration") else { return peer.answer(200, #"{"access_token":"t"}"#) }
            peer.answer(200, document.replacing("URL", with: box.withLock { $0 }))
        }
        defer { server.stop() }
        box.withLock { $0 = server.url }
        let client = try HTTPClient()
        let authenticator = Authenticator(
            .clientCredentials(
                Authenticator.ClientCredentials(
                    endpoint: .issuer(server.url + "/realm"), clientID: "id", clientSecret: { Secret("s") })), client: client)
        let failure = await #expect(throws: Authenticator.Failure.self) { try await authenticator.credential() }
        await client.shutdown()
        #expect(
            failure?.description.contains("that of another issuer") == true
                && server.requests.map(\.path) == ["/realm/.well-known/openid-configuration"])
    }

    @Test func aBuildWithoutTheAggregateIsAskedForItsChats() async throws {
        let server = try MisbehavingServer { request, peer in
            request.path == "/metrics/perf/chats"
                ? peer.answer(200, "[]") : peer.answer(404, #"{"detail":"Not Found"}"#)
        }
        defer { server.stop() }
        let observations = try await poll(server.url)
        #expect(observations.map(\.endpoint).contains(.perfChats))
        #expect(status(observations, .perfChats) == 200)
    }

    /// Only a list of chats grows with what people do.
    @Test func anEndlessHealthIsBrokenOffSooner() async throws {
        let body = #"{"status":"healthy","x":""# + String(repeating: "x", count: Endpoint.smallBodyLimit) + #""}"#
        let server = try MisbehavingServer { _, peer in peer.answer(200, body) }
        defer { server.stop() }
        let observations = try await poll(server.url, bodyLimit: 1 << 30)
        let health = try #require(observations.first { $0.endpoint == .health })
        guard case .failure(.tooLarge, let detail) = health.outcome else {
            Issue.record("\(health)")
            return
        }
        #expect(detail.contains("\(Endpoint.smallBodyLimit) bytes"))
    }

    @Test(arguments: [
        // A process that is just going down may still take a connection, and closes it without an answer.
        (Fault.down, [TransportFailure.refused, .unreachable]), (.truncatedBody, [.truncated]),
        (.hugeBody(bytes: 3 << 20), [.tooLarge]), (.hang, [.timeout]),
    ])
    func whatGoesWrongIsAnObservation(_ fault: Fault, _ failures: [TransportFailure]) async throws {
        var scenario = try #require(Scenario.named("quiet"))
        scenario.faults = [FaultWindow(fault, from: .zero)]
        let server = SimulatorServer(scenario)
        try server.start()
        defer { server.stop() }
        let observations = try await poll(
            server.urls[0], timeout: fault == .hang ? .seconds(0.5) : .seconds(20), bodyLimit: 1 << 20)
        let perf = try #require(observations.first { $0.endpoint == .perf })
        guard case .failure(let seen, let detail) = perf.outcome else {
            Issue.record("an answer came: \(perf)")
            return
        }
        #expect(failures.contains(seen))
        #expect(!detail.isEmpty)
    }
}

/// Whoever waits by it waits until nobody needs it any more.
private struct PatientClock: Clock {
    func now() -> Timestamp { SystemClock().now() }
    func monotonicNanoseconds() -> UInt64 { SystemClock().monotonicNanoseconds() }
    func sleep(for _: TimeSpan) async throws(CancellationError) { try await SystemClock().sleep(for: .hours(1)) }
}
