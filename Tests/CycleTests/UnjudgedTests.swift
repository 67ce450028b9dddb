import CycleKit
import JSONParsing
import Journal
import Model
import Policy
import Signals
import Testing

@testable import Cycle

/// Which critical rules cannot tell of what they are about, since too little was watched.
@Suite struct UnjudgedTests {
    private static let start = Timestamp(rfc3339: "2026-11-21T09:00:00.000Z")!  // A literal of this file.

    private func pipeline() throws -> Pipeline {
        let text = """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            rules:
              rush: {subject: runtime, when: "run_starts[5m] > 100/min", for: 1m, severity: critical, summary: Many starts.}
              full: {subject: runtime, when: open_runs > 100, for: 1m, severity: critical, summary: Full.}
              hurry: {subject: runtime, when: "run_starts[5m] > 50/min", for: 1m, severity: warning, summary: Some starts.}
              rusher: {subject: app, when: "run_starts[5m] > 100/min", for: 1m, severity: critical, summary: Many starts of one.}

            """
        let policies = try PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(text.utf8))]).get()
        return Pipeline(settings: Crowd.settings(), policies: policies)
    }

    @Test("after one poll those are named that need more, with how much, and none once they can be judged; a new app changes nothing")
    func named() throws {
        var pipeline = try pipeline()
        func poll(_ index: Int, _ open: [String: Int] = Crowd.calm) throws -> RuntimeSummary {
            let at = UnjudgedTests.start + .seconds(Double(index) * 10)
            for observation in Crowd.poll(open, at: at) { pipeline.take(observation) }
            let ticked = pipeline.tick(Crowd.runtime, now: at)
            let result = try #require(ticked)
            return try #require(pipeline.report(result)).summary
        }
        let minute = RuntimeSummary.Unjudged(rule: "rush", wanting: .minutes(1))
        #expect(try poll(0).unjudged == [minute, RuntimeSummary.Unjudged(rule: "rusher", wanting: .minutes(1))])
        for index in 1..<60 { _ = try poll(index) }
        #expect(try poll(60).unjudged.isEmpty)
        var more = Crowd.calm
        more["app-new"] = 1
        #expect(try poll(61, more).unjudged.isEmpty)
    }

    @Test("a critical rule on what a page does not show sees nothing, and is named; one on what it shows, or without a page, is not")
    func hidden() throws {
        let text = """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            rules:
              heap: {subject: runtime, when: 'metric("heap") > 5', for: 1m, severity: critical, summary: Much.}
              pool: {subject: runtime, when: 'metric("pool") > 5', for: 1m, severity: critical, summary: Full.}
              pools: {subject: runtime, when: 'metric("pools") > 5', for: 1m, severity: warning, summary: Full.}

            """
        let policies = try PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(text.utf8))]).get()
        func unjudged(page: String?) throws -> [RuntimeSummary.Unjudged] {
            var pipeline = Pipeline(settings: Crowd.settings(), policies: policies)
            let at = UnjudgedTests.start
            for observation in Crowd.poll(Crowd.calm, at: at) { pipeline.take(observation) }
            if let page {
                pipeline.take(
                    Observation(
                        at: at, runtime: Crowd.runtime, replica: Crowd.replica, endpoint: .metrics, elapsedMilliseconds: 2,
                        outcome: .answer(.init(status: 200, date: at, contentType: "text/plain", body: Body(Array(page.utf8))))))
            }
            let ticked = pipeline.tick(Crowd.runtime, now: at)
            let result = try #require(ticked)
            return try #require(pipeline.report(result)).summary.unjudged
        }
        #expect(try unjudged(page: nil).isEmpty)
        #expect(try unjudged(page: "heap 1\n") == [RuntimeSummary.Unjudged(rule: "pool", wanting: nil, isBlind: true)])
        #expect(try unjudged(page: "heap 1\npool 2\n").isEmpty)
    }

    @Test(
        "why a mode is no stronger one, and where that is set",
        arguments: [
            (
                Mode.enforce, Mode.observe,
                "it is the policy's (ops_policy.default.yaml:3), stricter than the configuration's enforce; 'mode:' in a"
            ),
            (
                .observe, .enforce,
                "it is the configuration's, stricter than the policy's enforce (ops_policy.default.yaml:3); 'mode:' in mozaiks"
            ),
            (.suggest, .suggest, "configuration and policy (ops_policy.default.yaml:3) say so; 'mode:' in mozaiks-ops.yaml and"),
            (.enforce, .enforce, nil),
        ] as [(Mode, Mode, String?)])
    func modes(configured: Mode, policy: Mode, words: String?) throws {
        let text =
            "schema: mozaiks.ops/policy/v1\nops_policy: default\nmode: \(policy.rawValue)\n"
            + "rules: {full: {subject: runtime, when: open_runs > 100, for: 1m, severity: critical, summary: Full.}}\n"
        let set = try PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(text.utf8))]).get()
        let place = ModeWords.place(configured: configured, policy: set.defaultPolicy)
        #expect(words == nil ? place == nil : place?.hasPrefix(words ?? "") == true, "\(place ?? "nothing")")
        let built = try #require(ModeWords.place(configured: .enforce, policy: PolicySet.embeddedDefault.defaultPolicy))
        #expect(built.contains("built-in ops_policy.default.yaml:") && built.contains("'extends: builtin'"))
    }

    @Test("what a journal keeps says the same, and one of before says nothing of it")
    func kept() throws {
        var summary = RuntimeSummary(runtime: "shared", replicas: [], apps: 0, deadCounters: [], liveCounters: [], endedRuns: 0)
        summary.unjudged = [
            .init(rule: "rush", wanting: .minutes(1)), .init(rule: "full", wanting: nil), .init(rule: "pool", wanting: nil, isBlind: true),
        ]
        func sight(_ summary: RuntimeSummary) -> RuntimeSight {
            RuntimeSight(
                summary: summary, polledAt: UnjudgedTests.start, interval: .seconds(10), mode: .observe, environment: "test",
                isOfDaemon: true)
        }
        let sight = sight(summary)
        var named = sight
        named.modePlace = "it is the policy's"
        #expect(try RuntimeSight(DocumentReader(named.document, document: "sight")).modePlace == "it is the policy's")
        let again = try RuntimeSight(DocumentReader(sight.document, document: "sight"))
        #expect(again.modePlace == nil)
        #expect(again.summary.unjudged == summary.unjudged)
        let old = JSONObject(uniqueMembers: try #require(sight.document.object).filter { $0.key != "unjudged" })
        #expect(try RuntimeSight(DocumentReader(.object(old), document: "sight")).summary.unjudged.isEmpty)
        // Once a rule can be judged the page says so at once, and not ten seconds later.
        var judged = summary
        judged.unjudged.removeFirst()
        var later = sight
        later.summary = judged
        #expect(later.quality != sight.quality)
    }

    @Test("a page of metrics of the runtime as a whole is kept, and that it cannot be read is written at once")
    func page() throws {
        var sight = RuntimeSight(
            summary: RuntimeSummary(runtime: "shared", replicas: [], apps: 0, deadCounters: [], liveCounters: [], endedRuns: 0),
            polledAt: UnjudgedTests.start, interval: .seconds(10), mode: .observe, environment: "test", isOfDaemon: true)
        #expect(try RuntimeSight(DocumentReader(sight.document, document: "sight")).summary.page == nil)
        sight.summary.page = RuntimeSummary.Replica(url: Observation.page, perfInterval: .seconds(10))
        let before = sight.quality
        sight.summary.page?.missing[.metrics] = .error(status: 404)
        #expect(sight.quality != before)
        let again = try RuntimeSight(DocumentReader(sight.document, document: "sight")).summary.page
        #expect(again?.url == Observation.page && again?.missing == [.metrics: .error(status: 404)])
    }
}
