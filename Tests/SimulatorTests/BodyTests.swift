import JSONParsing
import Model
import Server
import TestKit
import Testing

@testable import Simulator

/// The bodies equal recorded ones.
@Suite struct BodyTests {
    static let recorded = [
        "busy/aggregate", "busy/chats", "busy/health", "busy/events-metrics", "busy/active-runs", "busy/start-chat",
        "busy/chat-ended-then-resumed", "idle/aggregate", "idle/chats", "idle/health", "idle/events-metrics",
        "errors/chat-float-sum", "errors/chat-negative", "errors/health-mongo-slow-200", "errors/unknown-route-404",
    ]

    @Test("a recorded body, read and written again, has the same bytes", arguments: recorded)
    func rewritten(name: String) throws {
        let bytes = try Fixtures.bytes(name + ".json")
        #expect(PythonText.json(try JSON(parsing: bytes)) == bytes)
    }

    @Test("a page of metrics is there where a scenario shows one, and unknown elsewhere")
    func page() throws {
        var scenario = try #require(Scenario.named("busy"))
        func answer(_ target: String) -> ServerResponse {
            var runtime = SimulatedRuntime(scenario, origin: Timestamp(milliseconds: 1_795_251_600_000))
            return runtime.answer(ServerRequest(target: target), replica: 0).response
        }
        for target in ["/metrics", "/metrics/prometheus"] { #expect(answer(target).status == 404) }
        scenario.showsMetrics = true
        for target in ["/metrics", "/metrics/prometheus"] {
            let page = answer(target)
            let text = String(decoding: page.body, as: UTF8.self)
            #expect(
                page.status == 200 && page.headers.contains { $0.name == "content-type" && $0.value.hasPrefix("text/plain; version=0.0.4") }
            )
            #expect(text.contains("# TYPE mozaiks_llm_latency_seconds histogram\nmozaiks_llm_latency_seconds_bucket{le=\"0.1\"} "))
            let buckets = text.split(separator: "\n").filter { $0.hasPrefix("mozaiks_llm_latency_seconds_bucket") }
            let counts = buckets.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
            #expect(counts == counts.sorted() && (counts.last ?? 0) > 0 && buckets.last?.contains("le=\"+Inf\"") == true)
        }
    }

    @Test func everyRecordedChatIsWrittenByteForByte() throws {
        let document = try JSON(parsing: Fixtures.bytes("busy/aggregate.json"))
        let chats = try #require(document["chats"]?.array)
        #expect(chats.count == 12)
        for recorded in chats {
            let started = try Self.instant(recorded["started_at"])
            var chat = SimulatedChat(
                chatID: Array(try #require(recorded["chat_id"]?.string).utf8),
                app: AppID(try #require(recorded["app_id"]?.string)),
                workflow: Array(try #require(recorded["workflow_name"]?.string).utf8),
                user: Array(try #require(recorded["user_id"]?.string).utf8), startedAt: started)
            chat.turns = try #require(recorded["agent_turns"]?.int)
            chat.toolCalls = try #require(recorded["tool_calls"]?.int)
            chat.errors = try #require(recorded["errors"]?.int)
            chat.lastTurnSeconds = recorded["last_turn_duration_sec"]?.double
            chat.promptTokens = try #require(recorded["prompt_tokens"]?.int)
            chat.completionTokens = try #require(recorded["completion_tokens"]?.int)
            chat.cost = try #require(recorded["cost"]?.double)
            if let ended = recorded["ended_at"], !ended.isNull { chat.end(at: try Self.instant(ended)) }
            var out: [UInt8] = []
            chat.write(at: started.advanced(bySeconds: try #require(recorded["runtime_sec"]?.double)), to: &out)
            #expect(String(decoding: out, as: UTF8.self) == String(decoding: PythonText.json(recorded), as: UTF8.self))
        }
    }

    /// Microseconds included, which `Timestamp` cuts.
    private static func instant(_ value: JSON?) throws -> Instant {
        let text = try #require(value?.string)
        let timestamp = try #require(Timestamp(rfc3339: text))
        let fraction = text.split(separator: ".").dropFirst().first.flatMap { Int64($0.prefix(6)) } ?? 0
        return Instant(microseconds: Instant(timestamp).microseconds / 1_000_000 * 1_000_000 + fraction)
    }

    @Test(
        "a simulated body has the members of the recorded one, in order and of the same types",
        arguments: [
            ("/metrics/perf/aggregate", "busy/aggregate"), ("/metrics/perf/chats", "busy/chats"),
            ("/api/health", "busy/health"), ("/api/events/metrics", "busy/events-metrics"),
            ("/health/active-runs", "busy/active-runs"),
        ])
    func sameShape(path: String, fixture: String) throws {
        var runtime = SimulatedRuntime(.busy, origin: origin)
        let answer = runtime.answer(ServerRequest(target: path), replica: 0).response
        let simulated = try Shape(JSON(parsing: answer.body))
        let recorded = try Shape(JSON(parsing: Fixtures.bytes(fixture + ".json")))
        #expect(simulated.merged == recorded.merged)
    }

    @Test func aFreshProcessAnswersAsTheRecordedIdleOne() throws {
        let runtime = RuntimeProcess(created: Instant(origin))
        #expect(try runtime.aggregate(at: Instant(origin)) == Fixtures.bytes("idle/aggregate.json"))
        #expect(try runtime.chatList(at: Instant(origin)) == Fixtures.bytes("idle/chats.json"))
        #expect(try runtime.activeRuns(tracked: false) == Fixtures.bytes("idle/active-runs.json"))
        let events = try Shape(JSON(parsing: runtime.events(at: Instant(origin))))
        #expect(try events == Shape(JSON(parsing: Fixtures.bytes("idle/events-metrics.json"))))
    }

    @Test func aStartAnswersAsTheRecordedOne() throws {
        var runtime = SimulatedRuntime(.quiet, origin: origin)
        let request = ServerRequest(
            method: "POST", target: "/api/chats/app-shop/HelloWorld/start", body: Array(#"{"user_id": "user-99"}"#.utf8)
        )
        let first = try JSON(parsing: runtime.answer(request, replica: 0).response.body)
        #expect(try Shape(first) == Shape(JSON(parsing: Fixtures.bytes("busy/start-chat.json"))))
        #expect(first["reused"] == false)
        #expect(first["app_id"] == "app-shop")
        // The same user again within 15 s is given the same chat, and later a new one.
        runtime.advance(to: origin + .seconds(14))
        let second = try JSON(parsing: runtime.answer(request, replica: 0).response.body)
        #expect(second["reused"] == true)
        #expect(second["chat_id"] == first["chat_id"])
        runtime.advance(to: origin + .seconds(16))
        let third = try JSON(parsing: runtime.answer(request, replica: 0).response.body)
        #expect(third["chat_id"] != first["chat_id"])
        #expect(runtime.tally.apps[AppID("app-shop")]?.accepted ?? 0 >= 2)
    }

    @Test(
        "floats as Python writes them",
        arguments: [
            (0.0, "0.0"), (1, "1.0"), (0.1 + 0.2, "0.30000000000000004"), (1e-4, "0.0001"), (1e-5, "1e-05"),
            (123456789.125, "123456789.125"), (9_007_199_254_740_992, "9007199254740992.0"),
            (9_999_999_999_999_998, "9999999999999998.0"),
            (1e16, "1e+16"), (1.5e300, "1.5e+300"), (-0.7, "-0.7"), (.leastNonzeroMagnitude, "5e-324"),
        ])
    func floats(value: Double, text: String) {
        var out: [UInt8] = []
        PythonText.append(value, to: &out)
        #expect(String(decoding: out, as: UTF8.self) == text)
    }

    @Test(
        "seconds as Python's total_seconds() writes them",
        arguments: [
            (0, "0.0"), (1, "1e-06"), (99, "9.9e-05"), (100, "0.0001"), (2_749, "0.002749"), (355_552, "0.355552"),
            (1_523_176, "1.523176"), (3_500_000, "3.5"), (636_787_955, "636.787955"), (60_000_000, "60.0"),
        ] as [(Int64, String)])
    func seconds(microseconds: Int64, text: String) {
        var out: [UInt8] = []
        PythonText.appendSeconds(microseconds: microseconds, to: &out)
        #expect(String(decoding: out, as: UTF8.self) == text)
    }

    @Test func aMomentOnTheSecondHasNoFraction() {
        var out: [UInt8] = []
        PythonText.append(Instant(origin), to: &out)
        #expect(String(decoding: out, as: UTF8.self) == "2026-11-21T09:00:00+00:00")
        out = []
        PythonText.append(Instant(microseconds: Instant(origin).microseconds + 42), to: &out)
        #expect(String(decoding: out, as: UTF8.self) == "2026-11-21T09:00:00.000042+00:00")
    }

    @Test func chatIDsAreRandomUUIDs() {
        var random = SplitMix64(seed: 1)
        let text = String(decoding: random.uuid(), as: UTF8.self)
        #expect(text.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12])
        #expect(Array(text.utf8)[14] == UInt8(ascii: "4"))
        #expect("89ab".utf8.contains(Array(text.utf8)[19]))
    }
}

/// 2026-11-21T09:00:00Z, where most tests begin.
let origin = Timestamp(milliseconds: 1_795_251_600_000)

/// What a document looks like without its values: member names in order, and types.
indirect enum Shape: Equatable {
    case null, bool, int, double, string
    case array([Shape])
    case object([String: Shape], order: [String])

    init(_ value: JSON) {
        switch value {
        case .null: self = .null
        case .bool: self = .bool
        case .int: self = .int
        case .double: self = .double
        case .string: self = .string
        case .array(let elements): self = .array(elements.map(Shape.init))
        case .object(let object):
            self = .object(
                Dictionary(uniqueKeysWithValues: object.members.map { ($0.key, Shape($0.value)) }), order: object.keys)
        }
    }

    /// Arrays reduced to the different shapes in them; what may be null in one chat and a value in another counts as
    /// that value.
    var merged: Shape {
        switch self {
        case .array(let elements):
            var kinds: [Shape] = []
            for element in elements.map(\.merged) where !kinds.contains(element) { kinds.append(element) }
            return .array(kinds)
        case .object(let members, let order):
            var members = members.mapValues(\.merged)
            if members["ended_at"] == .null { members["ended_at"] = .string }
            if members["last_turn_duration_sec"] == .null { members["last_turn_duration_sec"] = .double }
            return .object(members, order: order)
        default: return self
        }
    }
}
