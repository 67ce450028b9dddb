import Model
import Policy
import Testing

@testable import Advisor
@testable import PolicyTesting
@testable import Views

/// What came of asking a model, of testing policies and of stopping actions, for programs.
@Suite("Documents of outcomes")
struct OutcomeDocumentTests {
    private static let incident = Incident(
        fingerprint: "a", id: "a-1", rule: "noisy-neighbor", subject: .runtime("shared"), severity: .warning, summary: "",
        origin: Origin(file: "ops_policy.default.yaml", line: 1), condition: "active_runs > 5", openedAt: Kept.now, since: Kept.now,
        transitions: [], evidence: [], suggestions: [], nextSteps: [], playbook: nil, labels: [:])

    @Test("advice that may be shown, with what it took")
    func accepted() {
        let advice = Advice(
            at: Kept.now, by: "test-model", summary: "One app is noisy.", likelyCause: "a loop", playbook: nil, steps: ["Look."],
            confidence: 0.5)
        let outcome = AdviceOutcome(
            ending: .accepted(advice, repaired: false), faults: [], usage: TokenUsage(prompt: 10, completion: 3), microUSD: 1_500_000)
        #expect(
            AdviceView(outcome, of: Self.incident, by: "test-model").document.json == [
                "schema": "mozaiks.ops/advice/v1", "incident": "a-1", "outcome": "accepted", "by": "test-model",
                "advice": [
                    "summary": "One app is noisy.", "likely_cause": "a loop", "playbook": nil, "steps": ["Look."], "confidence": 0.5,
                ],
                "why": nil, "faults": [], "tokens": ["prompt": 10, "completion": 3], "usd": 1.5,
            ])
    }

    @Test("without an answer why; a price that is not known is null, not zero")
    func failed() {
        let outcome = AdviceOutcome(
            ending: .failed(AdvisorError(.budget, "nothing is left of it")), faults: [], usage: TokenUsage(prompt: 0, completion: 0),
            microUSD: nil)
        let json = AdviceView(outcome, of: Self.incident, by: "test-model").document.json
        #expect(json["outcome"]?.string == "failed" && json["advice"] == .null && json["usd"] == .null)
        #expect(json["why"]?.string?.contains("nothing is left of it") == true)
    }

    @Test("tests of policies: one that is not as expected, and all of them are not ok")
    func policyTests() {
        func result(_ name: String, got: String?) -> PolicyTestResult {
            let place = Origin(file: "tests/noisy.yaml", line: 1)
            return PolicyTestResult(
                file: place.file, name: name, origin: place,
                lines: [.init(origin: place, expected: "firing", got: got, why: nil)], ticks: 3, fired: [], quiet: [])
        }
        let mixed = PolicyTestResults([result("a", got: nil), result("b", got: "pending")])
        let json = mixed.document.json
        #expect(mixed.failed == 1 && json["ok"]?.bool == false && json["passed"]?.int == 1 && json["failed"]?.int == 1)
        #expect(json["tests"]?.array?.map { $0["passed"]?.bool } == [true, false])
        #expect(PolicyTestResults([result("a", got: nil)]).document.json["ok"]?.bool == true)
    }

    @Test("the kill switch and a compacted journal")
    func small() {
        #expect(
            KillSwitchView.stopped(isEngineRunning: false, file: "/s/kill").json == [
                "schema": "mozaiks.ops/kill-switch/v1", "stopped": true, "engine_running": false, "file": "/s/kill",
            ])
        #expect(KillSwitchView.resumed.json == ["schema": "mozaiks.ops/kill-switch/v1", "stopped": false])
        #expect(
            JournalCompacted(path: "/s", before: 9, after: 4).document.json == [
                "schema": "mozaiks.ops/compaction/v1", "journal": "/s", "bytes_before": 9, "bytes": 4,
            ])
    }
}
