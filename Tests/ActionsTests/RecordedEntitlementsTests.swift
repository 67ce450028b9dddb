import Ambient
import HTTP
import JSONParsing
import Model
import Server
import Settings
import Simulator
import Synchronization
import TestKit
import Testing

@testable import Actions

/// The adapter and the simulator against the exchanges recorded from a real control plane.
@Suite struct RecordedEntitlementsTests {
    /// The recorded exchanges in the order in which they happened: a control plane that starts empty.
    private static let sequence: [(name: String, method: String, path: String)] = [
        ("01-list-empty", "GET", ""), ("02-get-never-synced", "GET", "/app-1"), ("03-sync-full", "POST", "/app-1/sync"),
        ("04-get-before-throttle", "GET", "/app-1"), ("05-sync-throttle-rate-limits", "POST", "/app-1/sync"),
        ("06-get-after-throttle", "GET", "/app-1"), ("07-sync-hard-stop", "POST", "/app-1/sync"),
        ("08-get-after-hard-stop", "GET", "/app-1"), ("09-sync-only-rate-limits-DANGER", "POST", "/app-1/sync"),
        ("10-get-after-partial", "GET", "/app-1"), ("11-sync-verbatim-get-body", "POST", "/app-1/sync"),
        ("12-get-after-roundtrip", "GET", "/app-1"), ("13-sync-verbatim-default-body", "POST", "/app-9/sync"),
        ("14-get-app-9", "GET", "/app-9"), ("20-minimal", "POST", "/app-2/sync"),
        ("21-app-id-mismatch-400", "POST", "/app-2/sync"), ("22-no-app-id-422", "POST", "/app-2/sync"),
        ("23-not-json-422", "POST", "/app-2/sync"), ("24-wrong-types-422", "POST", "/app-2/sync"),
        ("25-coerced-types", "POST", "/app-2/sync"), ("26-get-coerced", "GET", "/app-2"),
        ("27-unknown-keys-ignored", "POST", "/app-2/sync"), ("28-get-unknown-keys", "GET", "/app-2"),
        ("29-bad-expires-at", "POST", "/app-2/sync"), ("30-get-bad-expires-at", "GET", "/app-2"),
        ("31-bad-enforcement-500", "POST", "/app-2/sync"), ("32-get-after-500", "GET", "/app-2"),
        ("33-null-plan-name", "POST", "/app-2/sync"),
        ("34-app-id-unicode", "POST", "/app-%C3%A9col%C3%A9%20%E6%A4%9C/sync"),
        ("35-app-id-slash-404", "POST", "/a%2Fb/sync"), ("36-empty-app-id-path", "POST", "//sync"), ("37-list", "GET", ""),
        ("38-delete-405", "DELETE", "/app-1"), ("39-put-405", "PUT", "/app-1/sync"), ("40-patch-405", "PATCH", "/app-1"),
    ]

    /// The moments of syncs are the control plane's own.
    private static func timeless(_ body: [UInt8]) -> JSON? {
        guard var object = (try? JSON(parsing: body))?.object else { return nil }
        if object["synced_at"]?.string != nil { object["synced_at"] = "…" }
        return .object(object)
    }

    @Test("the simulated control plane answers as the recorded one did")
    func simulator() async throws {
        let plane = ControlPlane()
        try plane.start()
        let client = try HTTPClient()
        for exchange in Self.sequence {
            let recorded = try Fixtures.answer("core/\(exchange.name)")
            let body = (try? Fixtures.bytes("core/\(exchange.name).request.json")) ?? []
            let method = try #require(HTTPMethod(rawValue: exchange.method))
            let response = try await client.send(
                HTTPRequest(method, "\(plane.url)/api/v1/entitlements\(exchange.path)", body: body))
            #expect(response.status == recorded.status, "\(exchange.name)")
            let expected = recorded.body.bytes
            if let document = Self.timeless(expected) {
                #expect(Self.timeless(response.body.bytes) == document, "\(exchange.name): \(response.body.text)")
            } else {
                #expect(response.body.text == String(decoding: expected, as: UTF8.self), "\(exchange.name)")
            }
        }
        // What is enforced, as the recorded views show it: after the 500 it is still what was synced before.
        #expect(plane.view(of: "app-2")["enforced"]?["plan"]?["tier"] == "pro")
        plane.restart()
        let forgotten = try Fixtures.answer("core/41-get-after-restart").body.bytes
        #expect(plane.entitlements(of: "app-1") == (try JSON(parsing: forgotten)))
        plane.stop()
        await client.shutdown()
    }

    @Test("a throttle posts what was recorded as a good throttle, and nothing else")
    func throttle() async throws {
        let (posted, landing) = try await run(
            gets: ["04-get-before-throttle", "06-get-after-throttle"], posts: ["05-sync-throttle-rate-limits"], app: "app-1")
        #expect(Outcome(landing) == .done, "\(landing)")
        let recorded = try JSON(parsing: Fixtures.bytes("core/05-sync-throttle-rate-limits.request.json"))
        var expected = try #require(EntitlementDocument(recorded))
        expected.set(EntitlementPath("plan", "expires_at"), to: .present("2027-12-31T23:59:59+00:00"))
        expected.set(EntitlementPath("correlation_id"), to: .present("lease-1"))
        #expect(posted == [JSON.object(expected.object)])
    }

    @Test(
        "recorded answers of a control plane that must not be written to",
        arguments: [
            ("02-get-never-synced", "app-1", "never synced"), ("41-get-after-restart", "app-1", "never synced"),
            ("50-local-yaml-get", "app-1", "never synced"), ("32-get-after-500", "app-2", "enforcement"),
        ])
    func refused(get: String, app: String, word: String) async throws {
        let (posted, landing) = try await run(gets: [get], posts: [], app: app)
        #expect(Outcome(landing) == .refused && landing.reason.contains(word), "\(landing)")
        #expect(posted.isEmpty)
    }

    @Test(
        "recorded refusals of tokens are worth another attempt",
        arguments: [
            "auth-missing-401", "auth-expired-401", "auth-wrong-audience-401", "auth-no-role-403", "auth-user-scope-403",
        ])
    func tokens(answer: String) async throws {
        let (posted, landing) = try await run(gets: [answer], posts: [], app: "app-1")
        #expect(Outcome(landing) == .retry && landing.reason.contains("credentials"), "\(landing)")
        #expect(posted.isEmpty)
    }

    @Test("the recorded 500 after which half had changed: restored at once")
    func half() async throws {
        let (posted, landing) = try await run(
            gets: ["04-get-before-throttle", "06-get-after-throttle"],
            posts: ["31-bad-enforcement-500", "05-sync-throttle-rate-limits"], app: "app-1")
        #expect(Outcome(landing) == .retry, "\(landing)")
        #expect(posted.count == 2)
        #expect(posted.last?["rate_limits"] == ["requests_per_minute": 60, "concurrent_workflows": 5])
    }

    /// Throttles against recorded answers: the first of `gets` until the first post, the second after it.
    private func run(gets: [String], posts: [String], app: String) async throws -> (posted: [JSON], landing: Landing) {
        let bodies = try gets.map { try Fixtures.answer("core/\($0)") }
        let answers = try posts.map { try Fixtures.answer("core/\($0)") }
        let posted = Mutex<[JSON]>([])
        let server = HTTPServer { request in
            func reply(_ answer: Observation.Answer) -> ServerResponse {
                .json(answer.body.bytes, status: answer.status)
            }
            if request.method == "POST" {
                let count = posted.withLock { posted in
                    posted.append((try? JSON(parsing: request.body)) ?? .null)
                    return posted.count
                }
                return answers.isEmpty ? .text("unexpected", status: 500) : reply(answers[min(count, answers.count) - 1])
            }
            return reply(bodies[min(posted.withLock { $0.count }, bodies.count - 1)])
        }
        try server.start()
        defer { server.stop() }
        let client = try HTTPClient()
        var settings = EntitlementSettings(url: server.url, apps: [AppID(app): .id("tenant_xyz")])
        settings.acceptsUsageReset = true
        let adapter = Entitlements(settings, Means(client: client))
        var order = LeaseOrder(
            id: "lease-1", key: LeaseKey(kind: .throttle, runtime: "shared", app: AppID(app)),
            effect: .throttle(Limits(concurrentWorkflows: 1, requestsPerMinute: 6)), createdAt: TestClock.start,
            expiresAt: TestClock.start + .minutes(15), reason: "asked by noisy-neighbor")
        var landing = Landing.landed(nil)
        switch await adapter.prepare(order) {
        case .ready(let memo):
            order.memo = memo
            landing = await adapter.put(order)
        case .noop(let reason): landing = .noop(reason: reason)
        case .retry(let after, let reason): landing = .retry(after: after, reason: reason)
        case .refused(let reason): landing = .refused(reason: reason)
        }
        await client.shutdown()
        return (posted.withLock { $0 }, landing)
    }
}
