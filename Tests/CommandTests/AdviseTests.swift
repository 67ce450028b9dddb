import EvalCases
import Glibc
import JSONParsing
import Model
import TestKit
import Testing

/// `advise` and the daemon with a model, by the built program.
@Suite struct AdviseTests {
    private static let good = GoodAnswer.text(summary: "More runs are open than the threshold allows.", playbook: nil)

    /// A shell with one open incident in its journal, and a configuration that names a model.
    private func place(
        _ answers: [StubModel.Answer], advisor: String = "", _ body: (Shell, MisbehavingServer, String) throws -> Void
    ) throws {
        let server = try StubModel.serve(answers)
        defer { server.stop() }
        try CheckTests.serving("busy") { url in
            let shell = Shell(["THE_KEY": "sk-S3CRET-1234567890"])
            _ = QuickPolicy.write(to: shell.folder)
            shell.configure(
                url,
                """
                advisor: {provider: openai, base_url: "\(server.url)/v1", model: test-model, api_key_env: THE_KEY\(advisor)}
                """)
            #expect(try shell.run("check").code == 1)
            let list = try shell.run("incidents", "list", "-o", "json").json()["incidents"]
            try body(shell, server, try #require(list?[0]?["id"]?.string))
        }
    }

    @Test func printsTheAnswerWhoWroteItAndWhatItTook() throws {
        try place([.says(Self.good)], advisor: ", price: {prompt: 1 USD/M, completion: 2 USD/M}") { shell, server, id in
            let ending = try shell.run("advise", String(id.prefix(10)))
            #expect(ending.code == 0, "\(ending.errors)")
            #expect(ending.output.contains("More runs are open than the threshold allows."))
            #expect(ending.output.contains("Written by test-model, not checked by a person."))
            #expect(ending.output.contains("Took 1020 tokens (900 + 120), 0.00114 USD."))
            let head = try #require(server.requests.first?.head)
            #expect(head.hasPrefix("POST /v1/chat/completions "))
            #expect(head.contains("Authorization: Bearer sk-S3CRET-1234567890"))
            let json = try shell.run("advise", id, "-o", "json").json()
            #expect(json["outcome"]?.string == "accepted" && json["by"]?.string == "test-model")
            #expect(json["tokens"]?["completion"]?.int == 120 && json["usd"]?.double == 0.001_14)
        }
    }

    @Test func showPromptPrintsTheBytesAndSendsNothing() throws {
        try place([.says(Self.good)]) { shell, server, id in
            var dry = shell
            dry.environment["THE_KEY"] = nil
            let shown = try dry.run("advise", id, "--show-prompt")
            #expect(shown.code == 0, "\(shown.errors)")
            #expect(server.requests.isEmpty)
            #expect(shown.errors.contains("# POST \(server.url)/v1/chat/completions"))
            #expect(shown.errors.contains("environment variable THE_KEY, not read"))
            let body = try shown.json()
            #expect(body["model"]?.string == "test-model" && body["temperature"]?.int == 0)
            #expect(body["response_format"]?["type"]?.string == "json_schema")
            let question = try JSON(parsing: Array(try #require(body["messages"]?[1]?["content"]?.string).utf8))
            #expect(question["incident"]?["rule"]?.string == "crowded")
            // Sent are the same bytes, but for how long the incident has been open by then.
            _ = try shell.run("advise", id)
            let sent = String(decoding: try #require(server.requests.first).body, as: UTF8.self)
            func timeless(_ text: String) -> String { String(text.filter { !$0.isNumber }) }
            #expect(timeless(sent) == timeless(shown.output))
            #expect(!shown.everything.contains("S3CRET"))
        }
    }

    @Test func saysWhyThereIsNoUsableAnswer() throws {
        try place([.says(GoodAnswer.text(summary: "99% of 1,000 runs fail.", playbook: "nope"))]) { shell, server, id in
            let ending = try shell.run("advise", id)
            #expect(ending.code == 1)
            #expect(ending.output.contains("No usable answer by test-model: the deterministic text stands."))
            #expect(ending.output.contains("answer 1: summary: ") && ending.output.contains("answer 2: "))
            #expect(ending.output.contains("\"99 %\" is not in the evidence"))
            #expect(!ending.output.contains("1,000 runs fail"), "the text itself is not shown")
            // The repair names the faults.
            let repair = String(decoding: server.requests[1].body, as: UTF8.self)
            #expect(repair.contains("is not in the evidence") && repair.contains("not in the list of playbooks"))
        }
    }

    @Test(
        "a service that does not answer",
        arguments: [
            (
                StubModel.Answer.status(401, "{\"error\":{\"message\":\"Incorrect API key provided: sk-S3CRET-1234567890\"}}", headers: []),
                "answered 401"
            ),
            (.status(429, "{\"error\":{\"code\":\"insufficient_quota\"}}", headers: []), "answered 429 (insufficient_quota)"),
            (.hangsUp, "the connection ended"), (.body("<html>"), "not one of openai's"),
        ])
    func failing(answer: StubModel.Answer, says: String) throws {
        try place([answer]) { shell, _, id in
            let ending = try shell.run("advise", id, "--log-level", "debug")
            #expect(ending.code == 1)
            #expect(ending.output.contains("No answer: ") && ending.output.contains(says), "\(ending.output)")
            #expect(!ending.everything.contains("S3CRET"))
        }
    }

    @Test func theBudgetHoldsFromCommandToCommand() throws {
        try place([.says(Self.good)], advisor: ", budget: {tokens_per_hour: 8000}") { shell, server, id in
            var refused = false
            for _ in 0..<8 where !refused {
                let ending = try shell.run("advise", id)
                refused = ending.output.contains("the budget of 8000 tokens in an hour does not hold")
                #expect(ending.code == (refused ? 1 : 0), "\(ending.everything)")
            }
            #expect(refused)
            #expect((1...5).contains(server.requests.count))
        }
    }

    @Test func withoutAnAdvisorOrAKeyItSaysSo() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            let ending = try shell.run("advise", "x")
            #expect(ending.code == 78 && ending.errors.contains("no advisor is configured"))
        }
        try place([.says(Self.good)]) { shell, server, id in
            var poor = shell
            poor.environment["THE_KEY"] = nil
            let ending = try poor.run("advise", id)
            #expect(ending.code == 1 && ending.output.contains("cannot read the key of the advisor"))
            #expect(server.requests.isEmpty)
            #expect(try shell.run("advise", "nothing-of-that-name").code == 1)
        }
    }

    @Test func theDaemonTellsOfAnIncidentFirstAndThenWhatTheModelWrote() throws {
        let slack = try MisbehavingServer(always: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        defer { slack.stop() }
        let model = try StubModel.serve([.says(Self.good)])
        defer { model.stop() }
        try CheckTests.serving("busy") { url in
            let shell = Shell(["THE_KEY": "sk-S3CRET-1234567890", "HOOK": slack.url + "/services/T/B/x"])
            _ = QuickPolicy.write(to: shell.folder)
            shell.configure(
                url,
                """
                channels: {ops: {slack: {webhook_url_env: HOOK}}}
                advisor: {provider: openai, base_url: "\(model.url)/v1", model: test-model, api_key_env: THE_KEY}
                """)
            let daemon = try shell.start(["run", "--log-level", "debug"])
            #expect(daemon.waits { _, errors in errors.contains("advice told") })
            let ending = daemon.ending(SIGTERM)
            #expect(ending.code == 0)
            let texts = slack.requests.map { String(decoding: $0.body, as: UTF8.self) }
            #expect(texts.first?.contains("threshold allows") == false)
            let history = try shell.run("notify", "history", "-o", "json").json()
            #expect(history["messages"]?.array?.map { $0["event"]?.string ?? "" } == ["updated", "opened"])
            let id = try #require(history["messages"]?[0]?["incident"]?.string)
            let shown = try shell.run("incidents", "show", id).output
            #expect(shown.contains("More runs are open than the threshold allows."))
            #expect(shown.contains("Written by test-model, not checked by a person."))
            #expect(!ending.everything.contains("S3CRET"))
        }
    }
}
