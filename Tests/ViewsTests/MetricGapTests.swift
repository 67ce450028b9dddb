import CycleKit
import Model
import Policy
import Testing

@testable import Cycle
@testable import Views

/// What an explanation says of a page of metrics that does not tell what a rule asks for.
@Suite("What a page of metrics lacks")
struct MetricGapTests {
    private static func lacks(_ condition: String, _ page: String?) throws -> [String] {
        let policy = """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            rules:
              asked: {subject: replica, when: '\(condition)', for: 0s, severity: warning, summary: Asked.}

            """
        let policies = try PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(policy.utf8))]).get()
        var settings = MonitorSettings()
        settings.runtimes = [.init(name: Crowd.runtime, replicas: [Crowd.replica])]
        var pipeline = Pipeline(settings: settings, policies: policies)
        for observation in Crowd.poll(Crowd.calm, at: Kept.now) { pipeline.take(observation) }
        if let page {
            pipeline.take(
                Observation(
                    at: Kept.now, runtime: Crowd.runtime, replica: Crowd.replica, endpoint: .metrics, elapsedMilliseconds: 2,
                    outcome: .answer(
                        .init(status: 200, date: Kept.now, contentType: "text/plain; version=0.0.4", body: Body(page.utf8)))))
        }
        let tick = pipeline.tick(Crowd.runtime, now: Kept.now)
        let situation = Situation(pipeline: pipeline, ticks: [try #require(tick)], source: "a test")
        let explanation = try #require(situation.explanations(of: nil).first { $0.rule.name == "asked" })
        return explanation.missing.map { explanation.why($0) }
    }

    @Test("it is said what of it is not there")
    func words() throws {
        let page = "# TYPE g gauge\ng 1\n# TYPE e_total counter\ne_total{code=\"200\"} 5\n"
        let labels = "the page has that name, and no series of it with such labels or such a figure"
        #expect(try Self.lacks("metric(\"g\").rate > 1", page) == ["the page shows it as what may fall, and that has no rate"])
        #expect(try Self.lacks("metric(\"e_total\", code=\"500\").rate > 1", page) == [labels])
        #expect(try Self.lacks("metric(\"none\") > 1", page) == ["the page has nothing of that name"])
        #expect(try Self.lacks("metric(\"g\") > 1", nil) == ["no page of metrics was asked for"])
        #expect(try Self.lacks("metric(\"g\") > 1", page) == [])
        let odd = "g +Inf\nn NaN\n"
        #expect(try Self.lacks("metric(\"g\") > 1", odd) == ["the page shows it as infinite"])
        #expect(try Self.lacks("metric(\"n\") > 1", odd) == ["the page shows NaN: nothing was measured"])
    }

    @Test("a window of which little lies in what was kept is not said to be watched too shortly")
    func keptBefore() throws {
        let policy = """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            rules:
              short: {subject: runtime, when: 'run_starts[30s] > 1/min', severity: warning}
              long: {subject: runtime, when: 'run_starts[10m] > 1/min', severity: warning}

            """
        let policies = try PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(policy.utf8))]).get()
        var settings = MonitorSettings()
        settings.runtimes = [.init(name: Crowd.runtime, replicas: [Crowd.replica])]
        var pipeline = Pipeline(settings: settings, policies: policies)
        let answered = Timestamp(milliseconds: Kept.now.milliseconds - 50_000)
        for observation in Crowd.poll(Crowd.calm, at: answered) { pipeline.take(observation) }
        let judged = pipeline.tick(Crowd.runtime, now: Kept.now)
        let tick = try #require(judged)
        let situation = Situation(
            pipeline: pipeline, ticks: [tick], source: "a test", answered: [Crowd.runtime: [.perf: answered]], decided: pipeline.engine)
        let explanations = situation.explanations(of: nil)
        func why(_ rule: String) throws -> String {
            let explanation = try #require(explanations.first { $0.rule.name == rule })
            return try #require(explanation.missing.map { explanation.why($0) }.first)
        }
        #expect(try why("short") == "little of this window is in the readings kept last: they are kept once a minute")
        #expect(try why("long").hasPrefix("not watched long enough yet"))
    }
}
