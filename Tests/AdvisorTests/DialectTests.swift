import Ambient
import EvalCases
import HTTP
import JSONParsing
import Model
import Playbooks
import TestKit
import Testing

@testable import Advisor

/// How each kind of service is asked, and how its answers are read.
@Suite struct DialectTests {
    private struct Ledger: AdviceLedger {
        func reserve(_ question: AdviceQuestion) async throws(AdvisorError) -> Int64 { 1 }
        func settle(_ id: Int64, tokens: Int, microUSD: Int64, outcome: String) async {}
    }

    private static let good = GoodAnswer.text(summary: "It is above its threshold.", playbook: nil)

    private static func anthropic(_ content: JSON, _ reason: String) -> String {
        ([
            "id": "msg_1", "type": "message", "role": "assistant", "content": [content], "stop_reason": .string(reason),
            "usage": ["input_tokens": 700, "output_tokens": 90],
        ] as JSON).serialized()
    }

    /// Asks once, and shows what the service was asked.
    private func ask(
        _ provider: AdviceProvider, _ answers: [StubModel.Answer], path: String = "", key: Bool = true,
        change: (inout AdvisorSettings) -> Void = { _ in }
    ) async throws -> (AdviceOutcome, [MisbehavingServer.Request]) {
        let server = try StubModel.serve(answers)
        defer { server.stop() }
        let client = try HTTPClient()
        var settings = AdvisorSettings(provider: provider, baseURL: server.url + path, model: "model-1")
        change(&settings)
        let secret: @Sendable () throws -> Secret = { Secret("sk-S3CRET") }
        let advisor = Advisor(
            settings, key: key ? secret : nil, client: client, ledger: Ledger(), clock: SystemClock())
        let outcome = await advisor.advise(EvalIncidents.noisy(), playbooks: .builtIn)
        await client.shutdown()
        return (outcome, server.requests)
    }

    private func body(_ request: MisbehavingServer.Request) throws -> JSON { try JSON(parsing: request.body) }

    @Test(
        "services that speak chat completions", arguments: [AdviceProvider.openai, .ollama, .vllm, .llamacpp])
    func chat(provider: AdviceProvider) async throws {
        let (outcome, requests) = try await ask(provider, [.says(Self.good)], path: "/v1")
        #expect(outcome.word == "accepted" && outcome.usage == TokenUsage(prompt: 900, completion: 120))
        let request = try #require(requests.first)
        #expect(request.path == "/v1/chat/completions" && request.head.contains("Authorization: Bearer sk-S3CRET"))
        let body = try body(request)
        #expect(body["model"]?.string == "model-1" && body["max_tokens"]?.int == 800 && body["temperature"]?.int == 0)
        #expect(body["messages"]?.array?.map { $0["role"]?.string ?? "" } == ["system", "user"])
        let schema = body["response_format"]?["json_schema"]?["schema"]
        #expect(schema?["required"]?.array?.count == 5 && schema?["additionalProperties"]?.bool == false)
    }

    @Test("Azure: the deployment in the path, the version in the query, the key in a header of its own")
    func azure() async throws {
        let (outcome, requests) = try await ask(.azure, [.says(Self.good)])
        #expect(outcome.word == "accepted")
        let request = try #require(requests.first)
        #expect(request.path == "/openai/deployments/model-1/chat/completions?api-version=2024-10-21")
        #expect(request.head.contains("api-key: sk-S3CRET") && !request.head.contains("Authorization"))
        #expect(try body(request)["model"] == nil)
    }

    @Test("Anthropic: its own path, version and key, and an answer through the tool", arguments: ["", "/v1"])
    func messages(path: String) async throws {
        let input = try JSON(parsing: Self.good)
        let answer = Self.anthropic(["type": "tool_use", "id": "t", "name": "advise", "input": input], "tool_use")
        let (outcome, requests) = try await ask(.anthropic, [.body(answer)], path: path)
        #expect(outcome.word == "accepted" && outcome.usage == TokenUsage(prompt: 700, completion: 90))
        let request = try #require(requests.first)
        #expect(request.path == "/v1/messages")
        #expect(request.head.contains("x-api-key: sk-S3CRET") && request.head.contains("anthropic-version: 2023-06-01"))
        let body = try body(request)
        #expect(body["system"]?.string?.isEmpty == false && body["max_tokens"]?.int == 800)
        #expect(body["tool_choice"]?["name"]?.string == "advise")
        #expect(body["messages"]?.array?.map { $0["role"]?.string ?? "" } == ["user"])
    }

    @Test(
        "Anthropic's other endings",
        arguments: [
            (["type": "text", "text": .string(good)] as JSON, "end_turn", "accepted"),
            (["type": "text", "text": .string(good)] as JSON, "max_tokens", "fallen_back"),
            (["type": "text", "text": ""] as JSON, "refusal", "fallen_back"),
            (["type": "thinking", "thinking": "x"] as JSON, "end_turn", "fallen_back"),
        ])
    func endings(content: JSON, reason: String, word: String) async throws {
        let (outcome, requests) = try await ask(.anthropic, [.body(Self.anthropic(content, reason))])
        #expect(outcome.word == word)
        #expect(requests.count == (word == "accepted" ? 1 : 2))
    }

    @Test("a repair shows the model its answer and what is wrong with it") func repair() async throws {
        let bad = GoodAnswer.text(summary: "99 runs.", playbook: "nope")
        let (outcome, requests) = try await ask(.openai, [.says(bad), .says(Self.good)])
        #expect(outcome.word == "repaired" && outcome.faults.count == 1)
        let messages = try #require(try body(requests[1])["messages"]?.array)
        #expect(messages.map { $0["role"]?.string ?? "" } == ["system", "user", "assistant", "user"])
        #expect(messages[2]["content"]?.string == bad)
        let list = try #require(messages[3]["content"]?.string)
        #expect(list.contains("\"99 runs\" is not in the evidence") && list.contains("\"nope\" is not in the list of playbooks"))
        #expect(outcome.usage.total == 2_040)
    }

    @Test("an answer that was cut off is asked for with more room, once") func room() async throws {
        let (outcome, requests) = try await ask(.openai, [.stops("{\"summary\": \"It", reason: "length"), .says(Self.good)])
        #expect(outcome.word == "repaired")
        #expect(try requests.map { try body($0)["max_tokens"]?.int } == [800, 3_200])
        let (again, others) = try await ask(.openai, [.stops("", reason: "length")])
        #expect(again.word == "fallen_back" && others.count == 2)
    }

    @Test("a wait until a date is obeyed, and too many questions said with a 200 are")
    func waits() async throws {
        let inHalfAnHour = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 09:19:37 GMT"
        let answers: [(StubModel.Answer, TimeSpan)] = [
            (.status(429, "{}", headers: [inHalfAnHour]), .minutes(30)),
            (.body(#"{"error":{"message":"slow down","code":429}}"#), .zero),
        ]
        for (answer, wait) in answers {
            let server = try StubModel.serve([answer])
            defer { server.stop() }
            let client = try HTTPClient()
            let clock = SystemClock()
            let advisor = Advisor(
                AdvisorSettings(provider: .ollama, baseURL: server.url, model: "m"), key: nil, client: client, ledger: Ledger(),
                clock: clock)
            let before = clock.now()
            let outcome = await advisor.advise(EvalIncidents.noisy(), playbooks: .builtIn)
            _ = await advisor.advise(EvalIncidents.noisy(), playbooks: .builtIn)
            await client.shutdown()
            #expect(outcome.word == "failed" && server.requests.count == 1, "\(outcome)")
            let until = try #require(advisor.restsUntil)
            #expect(until - before >= wait)
        }
    }

    @Test("what a service refuses by name is left out, and stays left out") func remembers() async throws {
        let server = try StubModel.serve([
            .status(400, "{\"error\":\"temperature is not supported\"}", headers: []), .says(Self.good),
        ])
        defer { server.stop() }
        let client = try HTTPClient()
        let advisor = Advisor(
            AdvisorSettings(provider: .openai, baseURL: server.url, model: "m"), key: { Secret("k") }, client: client,
            ledger: Ledger(), clock: SystemClock())
        for _ in 0..<2 { #expect(await advisor.advise(EvalIncidents.noisy(), playbooks: .builtIn).word == "accepted") }
        await client.shutdown()
        #expect(try server.requests.map { try body($0)["temperature"] == nil } == [false, true, true])
    }

    @Test("services without a key get none; those that need one are not asked without") func keys() async throws {
        let (_, open) = try await ask(.ollama, [.says(Self.good)], key: false)
        #expect(open.first?.head.contains("Authorization") == false)
        for provider in [AdviceProvider.openai, .azure, .anthropic] {
            let (outcome, requests) = try await ask(provider, [.says(Self.good)], key: false)
            #expect(outcome.word == "failed" && requests.isEmpty)
        }
    }

    @Test("a price makes a cost, rounded up to a millionth of a USD") func cost() async throws {
        let (outcome, _) = try await ask(.openai, [.says(Self.good)]) {
            $0.price = .init(promptPerMillion: 0.15, completionPerMillion: 0.6)
        }
        #expect(outcome.microUSD == 207)
    }

    @Test("after failures in a row nobody is asked for a while") func breaker() async throws {
        let server = try StubModel.serve([.status(500, "{}", headers: [])])
        defer { server.stop() }
        let client = try HTTPClient()
        let advisor = Advisor(
            AdvisorSettings(provider: .ollama, baseURL: server.url, model: "m"), key: nil, client: client, ledger: Ledger(),
            clock: SystemClock())
        for _ in 0..<8 { _ = await advisor.advise(EvalIncidents.noisy(), playbooks: .builtIn) }
        await client.shutdown()
        #expect(server.requests.count == 3)
        #expect(advisor.restsUntil != nil)
    }

    @Test("an incident that is over is not asked about") func resolved() async throws {
        let server = try StubModel.serve([.says(Self.good)])
        defer { server.stop() }
        let client = try HTTPClient()
        let advisor = Advisor(
            AdvisorSettings(provider: .ollama, baseURL: server.url, model: "m"), key: nil, client: client, ledger: Ledger(),
            clock: SystemClock())
        var incident = EvalIncidents.noisy()
        incident.resolvedAt = EvalIncidents.now
        #expect(await advisor.advise(incident, playbooks: .builtIn).word == "failed")
        await client.shutdown()
        #expect(server.requests.isEmpty)
    }
}
