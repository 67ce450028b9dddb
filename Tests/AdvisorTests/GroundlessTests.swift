import Ambient
import EvalCases
import JSONParsing
import Model
import Playbooks
import Testing

@testable import Advisor

/// Claims of harmless words: comparisons, amounts, history, states of others.
@Suite struct GroundlessTests {
    private func passes(_ content: String, _ incident: Incident = EvalIncidents.noisy()) -> Bool {
        if case .success = AnswerCheck(IncidentBrief(incident, playbooks: .builtIn, now: EvalIncidents.now)).check(content) {
            true
        } else {
            false
        }
    }

    private func lines(_ texts: String) -> [String] { texts.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("# ") } }

    @Test("what the evidence does not say is kept out, whoever wrote it") func hostile() {
        let summaries = lines(unseenSummaries) + lines(groundlessSummaries)
        let causes = lines(unseenCauses) + lines(groundlessCauses)
        let steps = lines(unseenSteps) + lines(groundlessSteps)
        #expect(summaries.count + causes.count + steps.count >= 400)
        #expect(summaries.filter { passes(AnswerCheckTests.answer(summary: $0)) } == [])
        #expect(causes.filter { passes(AnswerCheckTests.answer(cause: $0)) } == [])
        #expect(steps.filter { passes(AnswerCheckTests.answer(steps: ["Look at what app_1 runs.", $0])) } == [])
    }

    @Test("what it says passes") func grounded() {
        #expect(lines(groundedStatements).filter { !passes(AnswerCheckTests.answer(summary: $0)) } == [])
        #expect(lines(groundedCauses).filter { !passes(AnswerCheckTests.answer(cause: $0)) } == [])
        #expect(lines(groundedSteps).filter { !passes(AnswerCheckTests.answer(steps: [$0])) } == [])
    }

    @Test("the same words are a fact of one incident and nobody's of another") func byIncident() {
        let provider = "Most of the runs are silent.", usual = "app_1 burns 48,210 tokens a minute, usually 9,120."
        #expect(
            passes(
                AnswerCheckTests.answer(
                    summary: provider, cause: "Probably a loop.", playbook: nil, steps: ["Look at the runs of the runtime."]),
                EvalIncidents.provider()))
        #expect(
            passes(
                AnswerCheckTests.answer(
                    summary: usual, cause: "Probably a loop.", playbook: nil, steps: ["Look at the runs of the runtime."]),
                EvalIncidents.tokens()))
        #expect(!passes(AnswerCheckTests.answer(summary: provider)) && !passes(AnswerCheckTests.answer(summary: "app_1 burns tokens.")))
        let nobody = AnswerCheckTests.answer(
            summary: "Nobody answers on the runtime.", cause: "Probably a loop.", playbook: nil, steps: ["Look at the runs of the runtime."]
        )
        #expect(passes(nobody, EvalIncidents.down()))
    }

    @Test("what is up or healthy answers", arguments: ["up", "healthy"]) func answers(series: String) {
        var incident = EvalIncidents.noisy()
        incident.evidence.append(
            EvidenceSeries(series: series, unit: .flag, points: [.init(at: EvalIncidents.now, evidence: .value(1))]))
        #expect(passes(AnswerCheckTests.answer(summary: "The runtime answers."), incident))
        #expect(passes(AnswerCheckTests.answer(summary: "The runtime answers.", cause: "A test rule that always holds."), incident))
        #expect(!passes(AnswerCheckTests.answer(cause: "A provider that always answers."), incident))
        // Not more than that.
        for more in ["The runtime answers fast.", "The runtime answers always.", "The provider answers.", "The runtime answers well."] {
            #expect(!passes(AnswerCheckTests.answer(summary: more), incident), "\(more)")
        }
    }

    @Test("a service's own words are told without its key, links and what is invisible")
    func words() {
        let key = Secret("sk-advisorsecret42")
        #expect(ServiceWords.shown("model is loading", without: key) == "model is loading")
        let nasty = "bad key sk-advisorsecret42, sk-advisor secret42 \u{1B}[2J \u{202E}OK <!channel> see evil.example/x @here"
        let shown = ServiceWords.shown(nasty, without: key) ?? ""
        #expect(
            shown.hasPrefix("bad key ..") && !shown.contains(bytesOf: "secret") && !shown.contains(bytesOf: "evil")
                && !shown.contains(bytesOf: "here"))
        #expect(shown.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7F })
        #expect((ServiceWords.shown(String(repeating: "word ", count: 400), without: nil) ?? "").utf8.count <= ServiceWords.limit + 2)
        #expect(ServiceWords.shown("\u{200B}", without: nil) == nil)
        // In base64 a key may look like a word.
        #expect(ServiceWords.shown("bad key SEhISEhISEhI given", without: Secret("HHHHHHHHH")) == "bad key .. given")
    }

    @Test("no code is told that the service did not send") func codes() throws {
        let loading = try #require(Reply.Refusal(Array(#"{"error":"model is loading"}"#.utf8)))
        #expect(!loading.isGiven && loading.said == "model is loading" && loading.status == 503)
        let limited = try #require(Reply.Refusal(Array(#"{"error":{"message":"slow down","code":429}}"#.utf8)))
        #expect(limited.isGiven && limited.said == "slow down")
    }

    @Test("a byte order mark before a body is no part of it") func mark() {
        let good = AnswerCheckTests.answer()
        let body: JSON = ["choices": [["message": ["content": .string(good)]]]]
        #expect(Reply.read([0xEF, 0xBB, 0xBF] + body.serializedBytes(), .openai)?.content == good)
    }
}
