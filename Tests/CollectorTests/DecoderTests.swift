import Model
import TestKit
import Testing

@testable import Collector

@Suite struct DecoderTests {
    static func decode(_ name: String, _ endpoint: Endpoint) throws -> Decoded {
        Decoder.decode(try Fixtures.answer(name), of: endpoint)
    }

    static func decode(_ status: Int, _ text: String, _ endpoint: Endpoint, type: String = "application/json")
        -> Decoded
    {
        Decoder.decode(.init(status: status, date: nil, contentType: type, body: Body(text.utf8)), of: endpoint)
    }

    // MARK: Pages of metrics

    @Test(
        "a page of metrics that cannot be read says why, and where",
        arguments: [
            (200, "a 1\nb\n", "text/plain", MissingReason.malformed, "line 2: the value is no number"),
            (200, "a 1\n", "application/openmetrics-text", .malformed, "line 1: the page ends without '# EOF': it may have been cut short"),
            (200, "<html>", "text/html; charset=utf-8", .malformed, "no page of metrics but text/html; charset=utf-8"),
            (404, "not here", "text/plain", .error(status: 404), "not here"), (401, "", "text/plain", .unauthorized, "status 401"),
        ] as [(Int, String, String, MissingReason, String)])
    func pages(_ status: Int, _ text: String, _ type: String, _ reason: MissingReason, _ detail: String) {
        guard case .missing(.metrics, reason, let said) = Self.decode(status, text, .metrics, type: type) else {
            Issue.record("read, or missing for another reason")
            return
        }
        #expect(said == detail)
    }

    // MARK: What the recorded runtime says

    @Test func readsTheBusyRuntime() throws {
        guard case .perf(let table) = try Self.decode("busy/aggregate", .perf) else {
            Issue.record("no chats")
            return
        }
        #expect(table.chats.count == 12)
        #expect(table.chats.filter(\.isOpen).count == 7)
        #expect(table.apps == [AppID("app-clinic"), AppID("app-shop"), AppID("app-écolé-検証")])
        #expect(table.workflows.map { String(decoding: $0, as: UTF8.self) }.first == "HelloWorld")
        #expect(table.totals?.activeChats == 7)
        #expect(table.totals?.trackedChats == 12)
        #expect(table.totals?.errors == 10)
        #expect(table.totals?.cost == 0.7681889999999999)
        #expect(table.skippedChats == 0 && table.malformedFields == 0)
        // Totals equal the sum over the chats.
        #expect(table.chats.reduce(0) { $0 + $1.errors } == 10)
        #expect(table.chats.reduce(0) { $0 + $1.agentTurns } == table.totals?.agentTurns)
        #expect(table.chats.reduce(0) { $0 + $1.toolCalls } == table.totals?.toolCalls)
        #expect(table.chats.reduce(0) { $0 + $1.promptTokens } == table.totals?.promptTokens)
        #expect(table.chats.reduce(0) { $0 + $1.completionTokens } == table.totals?.completionTokens)

        guard case .perf(let bare) = try Self.decode("busy/chats", .perfChats) else {
            Issue.record("no chats")
            return
        }
        #expect(bare.totals == nil)
        #expect(bare.apps == table.apps)
        #expect(bare.chats.map(\.key) == table.chats.map(\.key))

        guard case .health(let health) = try Self.decode("busy/health", .health) else {
            Issue.record("no health")
            return
        }
        #expect(
            health
                == Health(
                    isHealthy: true, status: "healthy", mongoPingMilliseconds: 0.04, websocketConnections: 7))

        guard case .events(let events) = try Self.decode("busy/events-metrics", .events) else {
            Issue.record("no events")
            return
        }
        #expect(events.created == "2026-11-21T09:00:38.442414+00:00")
        #expect(events.createdAt?.description == "2026-11-21T09:00:38.442Z")
        #expect(events.usageDelta == 2)
    }

    @Test func readsTheIdleRuntime() throws {
        guard case .perf(let table) = try Self.decode("idle/aggregate", .perf) else {
            Issue.record("no chats")
            return
        }
        #expect(table.chats.isEmpty && table.apps.isEmpty)
        // The total of no chat is the integer 0.
        #expect(table.totals?.cost == 0)
        #expect(table.totals?.activeChats == 0)
        guard case .perf(let bare) = try Self.decode("idle/chats", .perfChats) else {
            Issue.record("no chats")
            return
        }
        #expect(bare == PerfTable())
        guard case .events(let events) = try Self.decode("idle/events-metrics", .events) else {
            Issue.record("no events")
            return
        }
        #expect(events.usageDelta == 0)
    }

    @Test(arguments: [
        "busy/active-runs", "idle/active-runs", "errors/active-runs-before-startup", "auth/active-runs-good-200",
    ])
    func knowsTheStubOfActiveRuns(_ name: String) throws {
        guard case .activeRuns(let runs) = try Self.decode(name, .activeRuns) else {
            Issue.record("no runs")
            return
        }
        #expect(!runs.isTracked)
        #expect(runs.note == "Registry tracking disabled for simplicity")
    }

    @Test func knowsTrackedRuns() throws {
        let note = #""note":"Registry tracking disabled for simplicity""#
        for (body, active) in [
            (#"{"active_count":0,"total_runs":0,"runs":[]}"#, 0 as Int64?),
            (#"{"active_count":3,"total_runs":9,"runs":[1,2,3],\#(note)}"#, 3),
            (#"{"active_count":0,"total_runs":9,"runs":[],\#(note)}"#, 0),
            (#"{"active_count":"3","total_runs":9,"runs":[]}"#, nil),
        ] {
            guard case .activeRuns(let runs) = Self.decode(200, body, .activeRuns) else {
                Issue.record("\(body)")
                continue
            }
            #expect(runs.isTracked)
            #expect(runs.activeCount == active)
            #expect(runs.malformedFields == (active == nil ? 1 : 0))
        }
    }

    // MARK: Failures

    struct Failure: CustomTestStringConvertible, Sendable {
        let name: String
        let endpoint: Endpoint
        let reason: MissingReason
        let detail: String
        var testDescription: String { name }
    }

    @Test(arguments: [
        Failure(
            name: "auth/aggregate-missing-401", endpoint: .perf, reason: .unauthorized,
            detail: "Missing authorization token"),
        Failure(
            name: "auth/aggregate-expired-401", endpoint: .perf, reason: .unauthorized, detail: "Token has expired"),
        Failure(
            name: "auth/aggregate-idp-down-401", endpoint: .perf, reason: .unauthorized,
            detail: "Unable to validate token signature"),
        Failure(
            name: "auth/aggregate-wrong-audience-401", endpoint: .perf, reason: .unauthorized,
            detail: "Invalid token audience"),
        Failure(
            name: "auth/health-missing-401", endpoint: .health, reason: .unauthorized,
            detail: "Missing authorization token"),
        Failure(
            name: "auth/events-metrics-missing-401", endpoint: .events, reason: .unauthorized,
            detail: "Missing authorization token"),
        Failure(name: "errors/unknown-route-404", endpoint: .events, reason: .error(status: 404), detail: "Not Found"),
        Failure(
            name: "errors/aggregate-nan-cost-500", endpoint: .perf, reason: .error(status: 500),
            detail: "Internal Server Error"),
        Failure(
            name: "errors/aggregate-infinite-cost-500", endpoint: .perf, reason: .error(status: 500),
            detail: "Internal Server Error"),
        Failure(
            name: "errors/aggregate-lone-surrogate-500", endpoint: .perf, reason: .error(status: 500),
            detail: "Internal Server Error"),
        Failure(
            name: "errors/chats-lone-surrogate-500", endpoint: .perfChats, reason: .error(status: 500),
            detail: "Internal Server Error"),
        Failure(
            name: "errors/trailing-slash-307", endpoint: .perf, reason: .error(status: 307),
            detail: "a redirect, which is not followed: write the address that answers under 'replicas'"),
        Failure(name: "errors/post-405", endpoint: .perf, reason: .error(status: 405), detail: "Method Not Allowed"),
        Failure(name: "errors/head-405", endpoint: .perf, reason: .error(status: 405), detail: "status 405"),
    ])
    func saysWhyThereIsNothing(_ failure: Failure) throws {
        guard case .missing(let endpoint, let reason, let detail) = try Self.decode(failure.name, failure.endpoint)
        else {
            Issue.record("a value")
            return
        }
        #expect(endpoint == failure.endpoint)
        #expect(reason == failure.reason)
        #expect(detail == failure.detail)
    }

    @Test func aRedirectOfAPageIsMendedWhereThePageIsNamed() {
        let answer = Observation.Answer(status: 302, date: nil, contentType: nil, body: Body("".utf8))
        guard case .missing(.metrics, .error(status: 302), let detail) = Decoder.decode(answer, of: .metrics) else {
            Issue.record("a page")
            return
        }
        #expect(detail == "a redirect, which is not followed: write the address that answers under 'metrics'")
    }

    @Test func everyRecordedRefusalIsUnauthorized() throws {
        let names = Fixtures.files(in: "auth", of: Fixtures.copies).filter {
            $0.hasSuffix("-401.headers") && !$0.hasPrefix("idp")
        }
        #expect(names.count >= 18)
        for name in names {
            guard case .missing(_, .unauthorized, let detail) = try Self.decode("auth/" + name.dropLast(8), .perf)
            else {
                Issue.record("\(name)")
                continue
            }
            #expect(!detail.isEmpty)
        }
    }

    @Test(arguments: [
        ("errors/health-mongo-ping-fails-500", "Health check failed: 127.0.0.1:27017: [Errno 111] Connection refused"),
        ("errors/health-mongo-client-none-500-not-503", "Health check failed: 503: MongoDB client not initialized"),
        (
            "errors/health-real-motor-dead-mongo-500",
            "Health check failed: 127.0.0.1:1: [Errno 111] Connection refused (configured"
        ),
    ])
    func anUnhealthyRuntimeIsAValue(_ name: String, _ detail: String) throws {
        guard case .health(let health) = try Self.decode(name, .health) else {
            Issue.record("no health")
            return
        }
        #expect(!health.isHealthy)
        #expect(health.detail?.hasPrefix(detail) == true)
        #expect(health.detail.map { $0.unicodeScalars.count <= 301 } == true)
        #expect(health.mongoPingMilliseconds == nil)
    }

    @Test func aSlowMongoIsHealthy() throws {
        guard case .health(let health) = try Self.decode("errors/health-mongo-slow-200", .health) else {
            Issue.record("no health")
            return
        }
        #expect(health.isHealthy)
        #expect(health.mongoPingMilliseconds == 1500.83)
    }

    @Test func healthByStatus() {
        func isMissing(_ decoded: Decoded, _ reason: MissingReason) -> Bool {
            if case .missing(.health, reason, _) = decoded { true } else { false }
        }
        // A proxy that cannot reach the runtime is not the runtime.
        #expect(isMissing(Self.decode(502, "<html>", .health, type: "text/html"), .error(status: 502)))
        #expect(isMissing(Self.decode(503, "<html>", .health, type: "text/html"), .error(status: 503)))
        #expect(isMissing(Self.decode(200, "<html>", .health, type: "text/html"), .malformed))
        #expect(isMissing(Self.decode(200, "{}", .health), .malformed))
        #expect(isMissing(Self.decode(200, #"{"status":1}"#, .health), .malformed))
        #expect(isMissing(Self.decode(204, "", .health), .error(status: 204)))
        guard case .health(let degraded) = Self.decode(200, #"{"status":"degraded","mongodb_ping_ms":"x"}"#, .health)
        else {
            Issue.record("no health")
            return
        }
        #expect(!degraded.isHealthy && degraded.status == "degraded")
        #expect(degraded.malformedFields == 1 && degraded.mongoPingMilliseconds == nil)
        guard case .health(let failing) = Self.decode(500, "Internal Server Error", .health, type: "text/plain") else {
            Issue.record("no health")
            return
        }
        #expect(!failing.isHealthy && failing.detail == "Internal Server Error")
    }

    @Test func eventsOfOtherTypes() {
        for (body, usage, malformed) in [
            (#"{"data":{"created":"x","custom_events_by_type":{}}}"#, 0 as Int64?, 0),
            (#"{"data":{"created":"x","custom_events_by_type":{"chat.usage_delta":5.0}}}"#, 5, 0),
            (#"{"data":{"created":"x","custom_events_by_type":{"chat.usage_delta":"5"}}}"#, nil, 1),
            (#"{"data":{"created":7,"custom_events_by_type":[]}}"#, nil, 2),
        ] {
            guard case .events(let events) = Self.decode(200, body, .events) else {
                Issue.record("\(body)")
                continue
            }
            #expect(events.usageDelta == usage, "\(body)")
            #expect(events.malformedFields == malformed, "\(body)")
            #expect(events.createdAt == nil)
        }
        // An answer without any figure is none.
        for body in ["{}", #"{"data":[]}"#, #"{"status":"success","data":{}}"#, #"{"data":{"handler_count":3}}"#, "[]", "null", "", "{"] {
            guard case .missing(.events, .malformed, _) = Self.decode(200, body, .events) else {
                Issue.record("\(body)")
                continue
            }
        }
    }

    @Test("counts of the gate: as written, and as anybody might write them on a tape")
    func gateCounts() throws {
        let counts = GateCounts(
            since: "2026-11-21T09:00:00.000Z",
            apps: [
                .init(app: AppID("app-a\u{0}\"é"), starts: .init(allowed: 3, refused: 1)),
                .init(app: AppID("b"), starts: .init(refused: 7)),
            ], others: .init(allowed: 12, refused: 2))
        let observation = counts.observation(of: "shared", at: Timestamp(milliseconds: 1_795_251_600_000))
        guard case .gate(counts) = Decoder.decode(observation) else {
            Issue.record("not what was written")
            return
        }
        let since = #""since":"x""#
        for (body, apps, malformed) in [
            ("{\(since)}", [], 0), (#"{\#(since),"apps":3,"others":[]}"#, [], 2),
            (#"{\#(since),"apps":[3,{},{"app_id":7},{"app_id":"a"}]}"#, [.init(app: AppID("a"), starts: .init())], 3),
            (
                #"{\#(since),"apps":[{"app_id":"a","allowed":-5,"refused":1e30}]}"#,
                [.init(app: AppID("a"), starts: .init())], 1
            ),
            (
                #"{\#(since),"apps":[{"app_id":"a","allowed":9223372036854775807}],"others":{"refused":2.0}}"#,
                [.init(app: AppID("a"), starts: .init(allowed: GateCounts.most))], 0
            ),
        ] as [(String, [GateCounts.App], Int)] {
            guard case .gate(let read) = Self.decode(200, body, .gate) else {
                Issue.record("\(body)")
                continue
            }
            #expect(read.apps == apps, "\(body)")
            #expect(read.malformedFields == malformed, "\(body)")
        }
        for body in ["{}", #"{"since":""}"#, #"{"since":7,"apps":[]}"#, "[]", "null", "", "{"] {
            guard case .missing(.gate, .malformed, _) = Self.decode(200, body, .gate) else {
                Issue.record("\(body)")
                continue
            }
        }
        let many = (0..<GateCounts.mostApps + 3).map { #"{"app_id":"\#($0)","allowed":1}"# }.joined(separator: ",")
        guard case .gate(let bounded) = Self.decode(200, #"{\#(since),"apps":[\#(many)]}"#, .gate) else {
            Issue.record("too many apps are no reason to read none")
            return
        }
        #expect(bounded.apps.count == GateCounts.mostApps && bounded.malformedFields == 3)
    }

    @Test(arguments: TransportFailure.allCases)
    func noAnswer(_ failure: TransportFailure) {
        let observation = Observation(
            at: Timestamp(milliseconds: 0), runtime: "shared", replica: "http://127.0.0.1:1", endpoint: .perf,
            elapsedMilliseconds: 1, outcome: .failure(failure, detail: "what\nhappened\u{1b}[31m"))
        guard case .missing(.perf, let reason, let detail) = Decoder.decode(observation) else {
            Issue.record("a value")
            return
        }
        let expected: MissingReason =
            switch failure {
            case .truncated, .tooLarge: .malformed
            case .cancelled: .stale
            default: .unreachable
            }
        #expect(reason == expected)
        #expect(detail == "what happened[31m")
    }

    @Test func anArrayWhereTotalsShouldBeIsNoRuntimeWithoutChats() {
        func decoded(_ text: String, _ endpoint: Endpoint) -> Decoded {
            let answer = Observation.Answer(status: 200, date: nil, contentType: nil, body: Body(Array(text.utf8)))
            return Decoder.decode(answer, of: endpoint)
        }
        for text in ["[]", " \r\n\t[]"] {
            guard case .missing(.perf, .malformed, _) = decoded(text, .perf) else {
                Issue.record("a value")
                continue
            }
            guard case .perf(let table) = decoded(text, .perfChats) else {
                Issue.record("no value")
                continue
            }
            #expect(table.chats.isEmpty)
        }
    }

    @Test func textFromOutsideIsTamed() {
        #expect(PlainText.bounded("a\u{202e}b\u{2028}c\u{0}d\r\n\te") == "ab cd e")
        #expect(PlainText.bounded(String(repeating: "é", count: 300)).unicodeScalars.count == 300)
        #expect(PlainText.bounded(String(repeating: "é", count: 301)).unicodeScalars.count == 301)
        #expect(PlainText.bounded(String(repeating: "é", count: 301)).hasSuffix("é…"))
    }
}
