import Collector
import CycleKit
import Model
import Policy
import Telling
import TestKit
import Testing

@testable import Cycle

/// Replicas that are found: what it means that one is no longer named, and that a replay knows the same.
@Suite struct FoundReplicasTests {
    static let one = "http://10.0.0.1:8000"
    static let two = "http://10.0.0.2:8000"
    static let origin = Timestamp(milliseconds: 1_795_251_600_000)

    static var settings: MonitorSettings {
        var settings = Crowd.settings()
        settings.runtimes = [WatchedRuntime(name: Crowd.runtime, replicas: [], labels: ["tier": "enterprise"])]
        return settings
    }

    static func policies() throws -> PolicySet {
        let text = """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            mode: observe
            clear_after: 20s
            allowed_actions: [notify]
            rules:
              replica-away:
                subject: replica
                when: up == 0
                for: 20s
                severity: warning
                summary: One process of the runtime answers nobody.
                actions: [notify]
              runtime-away:
                subject: runtime
                when: up == 0
                for: 20s
                severity: critical
                summary: The runtime answers nobody.
                actions: [notify]

            """
        return try PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(text.utf8))]).get()
    }

    /// What one cycle takes in.
    struct Step {
        let at: Timestamp
        var named: [String]?
        var isResolverDown = false
        var answering: [String] = []
        var silent: [String] = []

        init(_ second: Int64, named: [String]? = nil, isResolverDown: Bool = false, answering: [String] = [], silent: [String] = []) {
            at = FoundReplicasTests.origin + .seconds(1) * second
            self.named = named
            self.isResolverDown = isResolverDown
            self.answering = answering
            self.silent = silent
        }

        var observations: [Observation] {
            var all = answering.flatMap { Crowd.poll(Crowd.calm, at: at, replica: $0) }
            for replica in silent {
                all += Endpoint.whole.map { endpoint in
                    Observation(
                        at: at, runtime: Crowd.runtime, replica: replica, endpoint: endpoint, elapsedMilliseconds: 1,
                        outcome: .failure(.refused, detail: "connection refused"))
                }
            }
            if let named {
                all.append(
                    TargetList(source: "dns runtime.internal", replicas: named, labels: ["region": "eu"])
                        .observation(of: Crowd.runtime, at: at, elapsedMilliseconds: 2))
            } else if isResolverDown {
                all.append(
                    Observation(
                        at: at, runtime: Crowd.runtime, replica: Observation.targets, endpoint: .targets, elapsedMilliseconds: 5_000,
                        outcome: .failure(.timeout, detail: "dns runtime.internal: no answer within 5s")))
            }
            return all
        }
    }

    /// One of two answers nobody, and then nobody names it any more.
    static let departure: [Step] =
        [Step(0, named: [one, two])]
        + (1...6).map { Step($0 * 10, answering: [one], silent: [two]) }
        + [Step(70, named: [one], answering: [one], silent: [two])]
        + (8...12).map { Step($0 * 10, answering: [one]) }

    static func run(_ steps: [Step]) throws -> (pipeline: Pipeline, ticks: [TickResult]) {
        var pipeline = Pipeline(settings: settings, policies: try policies())
        var ticks: [TickResult] = []
        for step in steps {
            for observation in step.observations { pipeline.take(observation) }
            ticks += [pipeline.tick(Crowd.runtime, now: step.at)].compactMap { $0 }
        }
        return (pipeline, ticks)
    }

    @Test("one that answers nobody is down; once nobody names it, its incident ends: it is gone")
    func goneIsNotDown() throws {
        let (pipeline, ticks) = try Self.run(Self.departure)
        let changes = ticks.flatMap(\.outcome.changes)
        let opened = try #require(changes.first { $0.kind == .opened })
        #expect(opened.incident.subject == .replica(Self.two, runtime: Crowd.runtime) && opened.incident.rule == "replica-away")
        #expect(opened.incident.labels["region"] == "eu" && opened.incident.labels["tier"] == "enterprise")
        let resolved = try #require(changes.last)
        #expect(resolved.kind == .resolved && resolved.incident.resolveReason == "removed")
        #expect(resolved.incident.resolvedAt == Self.origin + .seconds(70))
        #expect(pipeline.openIncidents.isEmpty)
        #expect(pipeline.due(Crowd.runtime, now: Self.origin + .seconds(130)).map(\.replica) == [Self.one])
    }

    @Test("a tape knows who was expected: the same incidents, byte for byte")
    func replay() throws {
        let (live, ticks) = try Self.run(Self.departure)
        let header = TapeHeader(interval: Self.settings.interval, runtimes: Self.settings.runtimes)
        var bytes = TapeWriter.bytes(of: header)
        for (index, step) in Self.departure.enumerated() {
            for observation in step.observations { bytes += TapeWriter.bytes(of: .exchange(observation)) }
            bytes += TapeWriter.bytes(of: .tick(at: step.at, runtime: Crowd.runtime, count: Int64(index + 1)))
        }
        let folder = TemporaryFolder()
        var reader = try TapeReader(path: folder.write(bytes, to: "a.tape"))
        var settings = Self.settings
        settings.follow(reader.header)
        var replay = TapeReplay(settings: settings, policies: try Self.policies(), followsTape: false)
        var again: [TickResult] = []
        while let line = try reader.next() { again += [replay.take(line)].compactMap { $0 } }
        func incidents(_ ticks: [TickResult]) -> [[UInt8]] { ticks.flatMap(\.incidents).map { $0.document.serializedBytes() } }
        #expect(again.count == ticks.count && incidents(again) == incidents(ticks) && !incidents(ticks).isEmpty)
        #expect(replay.pipeline.signals[Crowd.runtime]?.encoded() == live.signals[Crowd.runtime]?.encoded())
    }

    @Test("a resolver that is away takes nobody away: who is known is polled on")
    func failure() throws {
        let (pipeline, _) = try Self.run(
            [Step(0, named: [Self.one])] + (1...60).map { Step($0 * 10, isResolverDown: true, answering: [Self.one]) })
        #expect(pipeline.openIncidents.isEmpty)
        #expect(pipeline.due(Crowd.runtime, now: Self.origin + .seconds(610)).map(\.replica) == [Self.one])
        #expect(pipeline.signals[Crowd.runtime]?.findingTrouble == "dns runtime.internal: no answer within 5s")
    }

    @Test("where nobody is named for missing_after the runtime is away, and its incident says who says so")
    func deserted() throws {
        let (pipeline, ticks) = try Self.run(
            [Step(0, named: [Self.one]), Step(10, named: [], answering: [Self.one])]
                + (1...15).map { Step(10 + $0 * 30, named: []) })
        let opened = try #require(ticks.flatMap(\.outcome.changes).first { $0.kind == .opened })
        #expect(opened.incident.rule == "runtime-away")
        // Named last at 10 s, believed after five minutes, and held for as long as the rule wants.
        #expect(opened.incident.openedAt >= Self.origin + .seconds(330) && opened.incident.openedAt <= Self.origin + .seconds(370))
        let incident = try #require(pipeline.openIncidents.first)
        #expect(incident.handling.contains { $0.text.contains("dns runtime.internal has named no replica since") })
        #expect(pipeline.due(Crowd.runtime, now: Self.origin + .seconds(500)).isEmpty)
    }

    @Test("what was just said of who is there is polled before it is taken in")
    func dueOfWhatIsNew() throws {
        let pipeline = Pipeline(settings: Self.settings, policies: try Self.policies())
        #expect(pipeline.due(Crowd.runtime, now: Self.origin).isEmpty)
        let due = pipeline.due(Crowd.runtime, now: Self.origin, found: [Self.two])
        #expect(due.map(\.replica) == [Self.two] && due[0].endpoints.contains(.perf))
    }
}
