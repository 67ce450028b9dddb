import EvalCases
import JSONParsing
import Model
import Playbooks
import Testing

@testable import Advisor

/// What a model is told besides what the rule compares, and what may be said because of it.
@Suite struct ReadingsBesideTests {
    private static let now = EvalIncidents.now
    private static let runs: [EvidenceSeries] = [
        EvidenceSeries(series: "active_runs", unit: .runs, points: [.init(at: now, evidence: .value(20))])
    ]

    /// An incident whose rule compares no share: `active_runs > 8`.
    private static var hog: Incident {
        let subject = Subject.app(AppID("app-1"), runtime: "shared")
        let fired = Transition(
            at: now - .seconds(60), rule: "hog", subject: subject, from: .pending, to: .firing, reason: "condition true for 2s",
            condition: "active_runs (20) > 8", readings: [])
        return Incident(
            fingerprint: "5f2c9a7b1d3e4f60", id: "5f2c9a7b1d3e4f60-1", rule: "hog", subject: subject, severity: .warning,
            summary: "An app hogs.", origin: Origin(file: "policy.yaml", line: 8), condition: "active_runs > 8", openedAt: fired.at,
            since: fired.at, transitions: [fired], evidence: runs, suggestions: [], nextSteps: [], playbook: nil, labels: [:])
    }

    private static func beside(_ share: Evidence, _ runs: Evidence = .value(26)) -> ReadingsBeside {
        ReadingsBeside(
            at: now - .seconds(5),
            readings: [
                ComparedReading(series: "active_runs.share", unit: .percent, evidence: share),
                ComparedReading(series: "runtime.active_runs", unit: .runs, evidence: runs),
            ])
    }

    private func faults(_ summary: String, _ beside: ReadingsBeside?) -> [String] {
        let brief = IncidentBrief(Self.hog, beside: beside, playbooks: .builtIn, now: Self.now)
        switch AnswerCheck(brief).check(AnswerCheckTests.answer(summary: summary, playbook: nil)) {
        case .success: return []
        case .failure(let faults): return faults.all.map(\.description)
        }
    }

    @Test("a rule without a share: most, the share and the sum may be said where they were read")
    func known() {
        let beside = Self.beside(.value(76.923))
        for summary in [
            "One app holds most of the active runs.", "app_1 holds 76.9% of the active runs.",
            "app_1 holds more active runs than the others.",
            "The runtime has 26 active runs.",
        ] {
            #expect(faults(summary, beside) == [], "\(summary)")
            #expect(faults(summary, nil) != [], "\(summary)")
            #expect(faults(summary, Self.beside(.missing(.stale), .missing(.stale))) != [], "missing is no ground: \(summary)")
        }
    }

    @Test("most is more than half", arguments: [50, 45, 8.5])
    func notMost(share: Double) {
        let beside = Self.beside(.value(share))
        for summary in ["One app holds most of the active runs.", "app_1 holds more active runs than the others."] {
            #expect(faults(summary, beside) != [], "\(summary)")
        }
        #expect(faults("app_1 holds \(share)% of the active runs.", beside) == [])
    }

    @Test("they stand in the document with their age, once, and a missing one with its reason")
    func document() throws {
        let brief = IncidentBrief(Self.hog, beside: Self.beside(.value(76.923), .missing(.stale)), playbooks: .builtIn, now: Self.now)
        let evidence = try #require(brief.document["evidence"]?.array)
        #expect(evidence.compactMap { $0["series"]?.string } == ["active_runs", "active_runs.share", "runtime.active_runs"])
        #expect(evidence[1]["latest"]?.double == 76.92 && evidence[1]["read_s_ago"]?.int == 5)
        #expect(evidence[2]["latest"] == .null && evidence[2]["missing"]?.string == "stale")
        let noisy = IncidentBrief(
            EvalIncidents.noisy(), beside: Self.beside(.value(76.923)), playbooks: .builtIn, now: Self.now)
        #expect(
            noisy.document["evidence"]?.array?.count == 3 && noisy.document["evidence"]?[0]?["latest"]?.double == 61.13,
            "what the rule compares stays as it was compared")
    }
}
