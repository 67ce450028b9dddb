import CycleKit
import Model
import Policy
import TestKit
import Testing
@testable import Cycle

/// When the expensive endpoint is asked, and what that costs the runtime.
@Suite struct PollingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        /// Milliseconds that one perf answer takes.
        let elapsed: Int64
        var testDescription: String { "\(elapsed) ms" }
    }

    @Test(
        "however slow the answers, they cost at most 2 % of the runtime's time",
        arguments: [5, 41, 199, 200, 201, 240, 290, 440, 1_000, 4_900, 9_900].map { Case(elapsed: $0) })
    func cost(of slow: Case) {
        var pipeline = Pipeline(settings: Crowd.settings(), policies: .embeddedDefault)
        let origin = Timestamp(milliseconds: 1_795_251_600_000)
        var spent = Int64(0)
        var asked = 0
        let cycles = 720
        for cycle in 0..<cycles {
            // Cycles come a little early and late, as timers do.
            let at = origin + .seconds(10) * Int64(cycle) + TimeSpan(milliseconds: Int64(cycle * 7_919 % 41))
            let due = pipeline.due(Crowd.runtime, now: at)
            #expect(due.map(\.replica) == [Crowd.replica])
            #expect(due[0].endpoints.starts(with: [.health, .activeRuns, .events]))
            let isAsked = due[0].endpoints.contains(.perf)
            let end = at + TimeSpan(milliseconds: isAsked ? slow.elapsed : 2)
            for observation in Crowd.poll(Crowd.calm, at: end, elapsed: Double(slow.elapsed))
            where isAsked || observation.endpoint != .perf { pipeline.take(observation) }
            _ = pipeline.tick(Crowd.runtime, now: end)
            guard isAsked else { continue }
            asked += 1
            // What the first three answers took could not be known before.
            if asked > 3 { spent += slow.elapsed }
        }
        let time = Int64(cycles) * 10_000
        #expect(Double(spent) <= 0.02 * Double(time), "\(spent) ms of \(time)")
        // And no more seldom than the budget asks for, a cycle more or less.
        let effective = max(10_000, slow.elapsed * 50)
        #expect(asked >= Int(time / (effective + slow.elapsed + 10_000)), "\(asked) times")
    }

    @Test("a page of metrics is asked in every cycle, where one is configured")
    func pages() {
        var settings = Crowd.settings()
        func asked() -> [(replica: String, endpoints: [Endpoint])] {
            Pipeline(settings: settings, policies: .embeddedDefault).due(Crowd.runtime, now: Timestamp(milliseconds: 1_795_251_600_000))
        }
        #expect(asked().allSatisfy { !$0.endpoints.contains(.metrics) })
        settings.runtimes[0].metrics = .path("/metrics")
        #expect(asked().map(\.replica) == [Crowd.replica] && asked()[0].endpoints.last == .metrics)
        settings.runtimes[0].metrics = .url("http://exporter:9100/metrics")
        #expect(asked().map(\.replica) == [Crowd.replica, Observation.page])
        #expect(!asked()[0].endpoints.contains(.metrics) && asked()[1].endpoints == [.metrics])
    }

    @Test("an endpoint that gets slower is asked less often, and more often again when it gets quicker")
    func stretches() {
        var pipeline = Pipeline(settings: Crowd.settings(), policies: .embeddedDefault)
        var at = Timestamp(milliseconds: 1_795_251_600_000)
        func live(_ cycles: Int, elapsed: Double) -> Int {
            var asked = 0
            for _ in 0..<cycles {
                at = at + .seconds(10)
                let isAsked = pipeline.due(Crowd.runtime, now: at)[0].endpoints.contains(.perf)
                if isAsked { asked += 1 }
                for observation in Crowd.poll(Crowd.calm, at: at, elapsed: elapsed)
                where isAsked || observation.endpoint != .perf {
                    pipeline.take(observation)
                }
                _ = pipeline.tick(Crowd.runtime, now: at)
            }
            return asked
        }
        #expect(live(12, elapsed: 20) == 12)
        _ = live(12, elapsed: 1_000)
        // 1 s at 2 %: every 50 s.
        #expect((11...13).contains(live(60, elapsed: 1_000)))
        _ = live(20, elapsed: 20)
        #expect(live(12, elapsed: 20) == 12)
    }

    @Test("a replica that is slow does not make another one's polls rarer")
    func replicas() {
        var settings = Crowd.settings()
        let other = "http://127.0.0.1:8001"
        settings.runtimes[0].replicas.append(other)
        var pipeline = Pipeline(settings: settings, policies: .embeddedDefault)
        var at = Timestamp(milliseconds: 1_795_251_600_000)
        var asked: [String: Int] = [:]
        for _ in 0..<30 {
            at = at + .seconds(10)
            for (replica, endpoints) in pipeline.due(Crowd.runtime, now: at) where endpoints.contains(.perf) {
                asked[replica, default: 0] += 1
                for observation in Crowd.poll(
                    Crowd.calm, at: at, replica: replica, elapsed: replica == other ? 2_000 : 20)
                {
                    pipeline.take(observation)
                }
            }
            _ = pipeline.tick(Crowd.runtime, now: at)
        }
        #expect(asked[Crowd.replica] == 30)
        #expect((3...5).contains(asked[other] ?? 0))
    }

    @Test(
        "what told nothing is asked again as soon as its budget allows: no pass shows an old failure beside new answers",
        arguments: [
            // What came of it, what it took, ms; when it was asked again, ms later; whether it is.
            (Observation.Outcome.failure(.refused, detail: "connection refused"), 0.4, 1_000, true),
            (.failure(.refused, detail: "connection refused"), 0.4, 5, false),
            (.answer(.init(status: 401, date: nil, contentType: nil, body: Body([]))), 3, 1_000, true),
            // A 500 that took 30 ms of the event loop: 2 % of 1.5 s.
            (.answer(.init(status: 500, date: nil, contentType: nil, body: Body([]))), 30, 1_400, false),
            (.answer(.init(status: 500, date: nil, contentType: nil, body: Body([]))), 30, 1_500, true),
            (.failure(.timeout, detail: "no answer within 10 s"), 10_000, 4_000, false),
        ])
    func again(outcome: Observation.Outcome, elapsed: Double, later: Int64, isAsked: Bool) {
        var pipeline = Pipeline(settings: Crowd.settings(), policies: .embeddedDefault)
        let at = Timestamp(milliseconds: 1_795_251_600_000)
        pipeline.take(
            Observation(
                at: at, runtime: Crowd.runtime, replica: Crowd.replica, endpoint: .perf, elapsedMilliseconds: elapsed, outcome: outcome))
        _ = pipeline.tick(Crowd.runtime, now: at)
        let due = pipeline.due(Crowd.runtime, now: at + TimeSpan(milliseconds: later))
        #expect(due[0].endpoints.contains(.perf) == isAsked)
    }

    @Test("what answered is not asked again within half an interval")
    func notAgain() {
        var pipeline = Pipeline(settings: Crowd.settings(), policies: .embeddedDefault)
        let at = Timestamp(milliseconds: 1_795_251_600_000)
        for observation in Crowd.poll(Crowd.calm, at: at) { pipeline.take(observation) }
        _ = pipeline.tick(Crowd.runtime, now: at)
        #expect(!pipeline.due(Crowd.runtime, now: at + .seconds(4))[0].endpoints.contains(.perf))
        #expect(pipeline.due(Crowd.runtime, now: at + .seconds(5))[0].endpoints.contains(.perf))
    }
}
