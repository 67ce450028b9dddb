import Collector
import CycleKit
import Model
import Policy
import Signals
import Testing
@testable import Cycle

/// Rules on pages of metrics, from what was polled to incidents.
@Suite struct MetricRuleTests {
    private static let start = Timestamp(rfc3339: "2026-11-21T09:00:00Z")!

    private static func policies() throws -> PolicySet {
        let text = """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            clear_after: 30s
            thresholds: {most: 10}
            rules:
              errors:
                subject: runtime
                when: metric("errors_total", code="500").increase[1m] > $most and up == 1
                for: 20s
                severity: warning
                summary: "{value} errors in a minute on {runtime}."
              of-apps:
                subject: app
                when: open_runs > 3 and runtime.metric("queue") > 5
                for: 10s
                severity: info
              nothing-known:
                subject: runtime
                when: metric("not_there") < 1
                severity: critical

            """
        return try PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(text.utf8))]).get()
    }

    private static func page(_ errors: Int, queue: Int, at: Timestamp, replica: String = Crowd.replica) -> Observation {
        let text = """
            # TYPE errors_total counter
            errors_total{code="500"} \(errors)
            errors_total{code="404"} 1000
            # TYPE queue gauge
            queue \(queue)

            """
        return Observation(
            at: at, runtime: Crowd.runtime, replica: replica, endpoint: .metrics, elapsedMilliseconds: 2,
            outcome: .answer(.init(status: 200, date: at, contentType: "text/plain; version=0.0.4", body: Body(text.utf8))))
    }

    /// What is polled in each cycle: nothing for a minute, three errors a poll for a minute, nothing again.
    private static func cycles(replica: String = Crowd.replica) -> [(at: Timestamp, observations: [Observation])] {
        var errors = 500
        return (0..<24).map { cycle in
            let at = start + .seconds(10 * Double(cycle))
            if (6..<12).contains(cycle) { errors += 3 }
            let page = page(errors, queue: (6..<12).contains(cycle) ? 9 : 2, at: at, replica: replica)
            return (at, Crowd.poll(Crowd.calm, at: at) + [page])
        }
    }

    private static func incidents(_ pipeline: inout Pipeline, _ cycles: [(at: Timestamp, observations: [Observation])]) -> [Incident] {
        var last: [String: Incident] = [:]
        for (at, observations) in cycles {
            for observation in observations { pipeline.take(observation) }
            for incident in pipeline.tick(Crowd.runtime, now: at)?.incidents ?? [] { last[incident.id] = incident }
        }
        return last.values.sorted { ($0.openedAt, $0.rule) < ($1.openedAt, $1.rule) }
    }

    @Test(arguments: [Crowd.replica, Observation.page]) func whatARuleReadsOpensAndEndsItsIncident(_ replica: String) throws {
        var pipeline = Pipeline(settings: Crowd.settings(), policies: try Self.policies())
        let incidents = Self.incidents(&pipeline, Self.cycles(replica: replica))
        #expect(Set(incidents.map(\.rule)) == ["errors", "of-apps"])
        let told = try #require(incidents.first { $0.rule == "errors" })
        // Three errors at each poll from 60 s on: twelve within a minute at 90 s, and for 20 s by 110 s.
        #expect(told.openedAt == Self.start + .seconds(110) && told.resolvedAt != nil)
        let reading = try #require(told.transitions.first { $0.to == .firing }?.readings.first)
        #expect(reading.series == "metric(\"errors_total\", code=\"500\").increase[1m]" && reading.unit == .number)
        #expect(reading.evidence == .value(18))
        #expect(incidents.filter { $0.rule == "of-apps" }.count == 3, "of each app that has more than three open runs")
    }

    @Test func aTapeComesToTheSame() throws {
        let settings = Crowd.settings()
        var pipeline = Pipeline(settings: settings, policies: try Self.policies())
        let live = Self.incidents(&pipeline, Self.cycles())
        var replay = TapeReplay(settings: settings, policies: try Self.policies(), followsTape: false)
        for (count, cycle) in Self.cycles().enumerated() {
            for observation in cycle.observations { replay.take(.exchange(observation)) }
            replay.take(.tick(at: cycle.at, runtime: Crowd.runtime, count: Int64(count + 1)))
        }
        #expect(
            replay.story.incidents.map { "\($0.rule) \($0.openedAt)" }.sorted() == live.map { "\($0.rule) \($0.openedAt)" }.sorted())
    }

    /// A page that cannot be read is no recovery.
    @Test func aPageThatGoesAwayResolvesNothing() throws {
        var pipeline = Pipeline(settings: Crowd.settings(), policies: try Self.policies())
        let cycles = Self.cycles()
        _ = Self.incidents(&pipeline, Array(cycles.prefix(12)))
        let gone = (12..<24).map { cycle -> (at: Timestamp, observations: [Observation]) in
            let at = Self.start + .seconds(10 * Double(cycle))
            let page = Observation(
                at: at, runtime: Crowd.runtime, replica: Crowd.replica, endpoint: .metrics, elapsedMilliseconds: 2,
                outcome: .answer(.init(status: 200, date: at, contentType: "text/plain", body: Body("errors_total{".utf8))))
            return (at, Crowd.poll(Crowd.calm, at: at) + [page])
        }
        let incidents = Self.incidents(&pipeline, gone)
        #expect(!incidents.contains { $0.rule == "errors" && $0.resolvedAt != nil })
        var last = try #require(pipeline.signals[Crowd.runtime])
        #expect(last.readings(at: gone[11].at, demand: [SeriesRef(metric: MetricQuery("queue"))]).runtime(0) == .missing(.malformed))
    }

    @Test("that a page cannot be read is told while it is asked, and not after", arguments: [Crowd.replica, Observation.page])
    func whatCannotBeRead(_ replica: String) throws {
        var pipeline = Pipeline(settings: Crowd.settings(), policies: try Self.policies())
        func missing(_ seconds: Double, isAsked: Bool) throws -> MissingReason? {
            let at = Self.start + .seconds(seconds)
            let page = Observation(
                at: at, runtime: Crowd.runtime, replica: replica, endpoint: .metrics, elapsedMilliseconds: 2,
                outcome: .answer(.init(status: 404, date: at, contentType: "text/plain", body: Body("no".utf8))))
            for observation in Crowd.poll(Crowd.calm, at: at) + (isAsked ? [page] : []) { pipeline.take(observation) }
            let ticked = pipeline.tick(Crowd.runtime, now: at)
            let result = try #require(ticked)
            let summary = try #require(pipeline.report(result)).summary
            return replica == Observation.page ? summary.page?.missing[.metrics] : summary.replicas.first?.missing[.metrics]
        }
        #expect(try missing(0, isAsked: true) == .error(status: 404))
        #expect(try missing(10, isAsked: true) == .error(status: 404))
        // Old, or forgotten by then: neither is told.
        let after = try missing(3_610, isAsked: false)
        #expect(after == nil || after == .stale)
    }
}
