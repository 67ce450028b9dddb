import Ambient
import HTTP
import Model
import Simulator
import Synchronization
import TestKit
import Testing

@testable import Collector

// Logins: where a token comes from, whether it is renewed, and what is said of one that cannot be had.
extension PollerTests {
    /// One poll of health by whoever gets its token of the same server.
    private func healthBehindALogin(at server: MisbehavingServer) async throws -> [Observation] {
        let client = try HTTPClient()
        let method = Authenticator.Method.clientCredentials(
            Authenticator.ClientCredentials(
                endpoint: .token(server.url + "/token"), clientID: "id", clientSecret: { Secret("s") }))
        let target = Target(
            runtime: "shared", replicas: [server.url], authenticator: Authenticator(method, client: client))
        let observations = await Poller(client: client).poll(target, [(replica: server.url, endpoints: [.health])])
        await client.shutdown()
        return observations
    }

    func authenticated(tokenLifetime: TimeSpan = .minutes(5)) throws -> SimulatorServer {
        var scenario = try #require(Scenario.named("unauthorized"))
        scenario.authentication?.tokenLifetime = tokenLifetime
        let server = SimulatorServer(scenario)
        try server.start()
        return server
    }

    func credentials(_ server: SimulatorServer, secret: String = "dev-secret") -> Authenticator.ClientCredentials {
        Authenticator.ClientCredentials(
            endpoint: .token(server.urls[0] + "/realms/mozaiks/protocol/openid-connect/token"), clientID: "ops-monitor",
            clientSecret: { Secret(secret) })
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
        let observations = try await healthBehindALogin(at: server)
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
        let observations = try await healthBehindALogin(at: server)
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
}
