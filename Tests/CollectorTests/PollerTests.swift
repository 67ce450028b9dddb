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
    static let all: [Endpoint] = [.health, .activeRuns, .events, .perf]

    /// Polls once and shuts the client down.
    func poll(
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

    final class Heard: Sendable {
        private let texts = Mutex<[String]>([])
        func add(_ text: String) { texts.withLock { $0.append(text) } }
        var all: [String] { texts.withLock { $0 } }
    }

    func status(_ observations: [Observation], _ endpoint: Endpoint) -> Int? {
        guard case .answer(let answer)? = observations.first(where: { $0.endpoint == endpoint })?.outcome else { return nil }
        return answer.status
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

    @Test func aLimitThatCanBeRaisedIsNamed() async throws {
        let server = try MisbehavingServer { _, peer in peer.answer(200, String(repeating: "x", count: 5_000)) }
        defer { server.stop() }
        let observations = try await poll(server.url, bodyLimit: 1_000)
        let perf = try #require(observations.first { $0.endpoint == .perf })
        guard case .failure(.tooLarge, let detail) = perf.outcome else {
            Issue.record("\(perf)")
            return
        }
        #expect(detail == "the answer is longer than the limit of 1000 bytes; raise 'body_limit' under 'polling' if this size is expected")
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

    /// Ends when three of its kind have begun.
    private struct Meeting: Look {
        let name: String
        let begun: Counting
        func look() async -> Observation.Outcome {
            begun.next()
            while begun.count < 3 { await Task.yield() }
            return .failure(.other, detail: name)
        }
    }

    @Test func whatIsBesideRuntimesIsLookedAtAtTheSameTime() async throws {
        let client = try HTTPClient()
        let begun = Counting()
        let none = Authenticator(.none, client: client)
        let services = ["c", "a", "b"].map { name in
            Target(
                WatchedRuntime(name: name, kind: .service, replicas: ["tcp://\(name)"]), authenticator: none, timeout: .seconds(1),
                look: Meeting(name: name, begun: begun))
        }
        let runtime = Target(runtime: "shared", replicas: ["http://127.0.0.1:1"], authenticator: none)
        let looks = await Poller(client: client).lookBeside([services[0], runtime] + services[1...])
        #expect(looks.map(\.target.runtime) == ["c", "a", "b"])
        let details = looks.flatMap(\.observations).map { observation in
            if case .failure(.other, let detail) = observation.outcome { detail } else { "\(observation)" }
        }
        #expect(details == ["c", "a", "b"])
        await client.shutdown()
    }

    @Test func whatWasNeverSentSaysNothingAboutTheRuntime() async throws {
        let server = try MisbehavingServer { _, peer in peer.waitUntilClosed() }
        defer { server.stop() }
        var options = HTTPClient.Options()
        options.connectionsPerHost = 1
        let client = try HTTPClient(options)
        let stuck = Task { try? await client.send(HTTPRequest(.get, server.url, timeoutMs: 60_000)) }
        while server.requests.isEmpty { await Task.yield() }
        let target = Target(
            runtime: "shared", replicas: [server.url], authenticator: Authenticator(.none, client: client), timeout: .seconds(0.1))
        let observations = await Poller(client: client).poll(target, [(replica: target.replicas[0], endpoints: [.health])])
        #expect(server.requests.count == 1)
        guard observations.count == 1, case .missing(.health, .stale, let detail) = Decoder.decode(observations[0]) else {
            Issue.record("\(observations)")
            return
        }
        #expect(detail.contains("waiting for a free connection"))
        stuck.cancel()
        _ = await stuck.value
        await client.shutdown()
    }
}

/// Whoever waits by it waits until nobody needs it any more.
private struct PatientClock: Clock {
    func now() -> Timestamp { SystemClock().now() }
    func monotonicNanoseconds() -> UInt64 { SystemClock().monotonicNanoseconds() }
    func sleep(for _: TimeSpan) async throws(CancellationError) { try await SystemClock().sleep(for: .hours(1)) }
}
