import Ambient
import Collector
import Model
import TestKit
import Testing

@testable import Composition
@testable import Configuration

/// From `services:` in a file to what a poll of them says.
@Suite struct ServicesTests {
    private func assembly(_ services: String, _ environment: [String: String] = [:]) throws -> Assembly {
        let text = """
            schema: mozaiks.ops/config/v1
            runtimes: {shared: {replicas: [http://127.0.0.1:1]}}
            services: {\(services)}
            """
        let configuration = try ConfigurationLoader(ConfigurationFlags(), in: Environment(environment), isRoot: true)
            .read(("conf/mozaiks-ops.yaml", Array(text.utf8)))
        return try Assembly(configuration, policies: .embeddedDefault, environment: Environment(environment), version: "0")
    }

    @Test("what is declared is looked at with its secrets, and told as what it is")
    func looked() async throws {
        let server = try MisbehavingServer { request, peer in
            let isKnown = request.head.contains("X-Key: k3y-of-ours") && request.head.contains("Authorization: Bearer t0ken-of-ours")
            peer.answer(isKnown ? 200 : 401, #"{"state": "ready"}"#)
        }
        defer { server.stop() }
        let assembly = try assembly(
            "web: {http: '\(server.url)/health', secret_headers: {X-Key: {value_env: KEY}}, auth: {bearer_env: TOKEN}, "
                + "expect: {json: {state: ready}}}, gone: {tcp: '127.0.0.1:\(try Loopback.closedPort())'}",
            ["KEY": "k3y-of-ours", "TOKEN": "t0ken-of-ours"])
        let targets = assembly.targets.filter { $0.kind == .service }
        #expect(targets.map(\.runtime) == ["web", "gone"] && assembly.settings.runtimes.map(\.name) == ["shared", "web", "gone"])
        let poller = assembly.poller(clock: SystemClock(), logger: .silent)
        var views: [ProbeView] = []
        for target in targets {
            let observations = await poller.poll(target, target.replicas.map { ($0, target.whole) })
            let observation = try #require(observations.first)
            #expect(observations.count == 1 && observation.endpoint == .probe && observation.replica == target.replicas[0])
            guard case .probe(let view) = Decoder.decode(observation) else {
                Issue.record("\(target.runtime) says nothing")
                continue
            }
            views.append(view)
        }
        await assembly.client.shutdown()
        #expect(views.map(\.isUp) == [true, false] && views.first?.status == 200 && views.first?.phases[.processing] != nil)
        #expect(views.last?.detail?.hasPrefix("connection refused") == true)
        #expect(server.requests.count == 1)
    }
}
