import Collector
import CycleKit
import Model
import Notify
import Policy
import Testing

@testable import Cycle

/// Rules on workflows, from what was polled to incidents and actions; and the same from a tape.
@Suite struct WorkflowReplayTests {
    private static let start = Timestamp(rfc3339: "2026-11-21T09:00:00.000Z")!  // A literal of this file.

    private static func policies(_ rule: String = "workflow") throws -> PolicySet {
        let text = """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            allowed_actions: [notify, disable_pack]
            rules:
              crowded:
                subject: \(rule)
                when: open_runs > 8 and runtime.active_apps >= 2
                for: 20s
                severity: warning
                summary: Many runs.

            """
        return try PolicyLoader.load(files: [PolicyFile(path: "ops_policy.default.yaml", bytes: Array(text.utf8))]).get()
    }

    private static func cycles() -> [(at: Timestamp, observations: [Observation])] {
        (0..<12).map { cycle in
            let at = start + .seconds(10 * Double(cycle))
            return (at, Crowd.poll(cycle < 3 ? Crowd.calm : Crowd.noisy, at: at))
        }
    }

    private static func run(_ policies: PolicySet) throws -> (pipeline: Pipeline, opened: [Incident]) {
        var pipeline = Pipeline(settings: Crowd.settings(), policies: policies)
        var opened: [Incident] = []
        for (at, observations) in cycles() {
            for observation in observations { pipeline.take(observation) }
            opened += pipeline.tick(Crowd.runtime, now: at)?.outcome.opened ?? []
        }
        return (pipeline, opened)
    }

    @Test("an incident is of the workflow, told as that, and says whose runs these are; a tape comes to the same")
    func polled() throws {
        let (pipeline, opened) = try Self.run(try Self.policies())
        #expect(opened.map { "\($0.subject)" } == ["workflow HelloWorld of app app-shop on \(Crowd.runtime)"])
        let incident = try #require(opened.first.flatMap { pipeline.engine.incident($0.id) })
        #expect(incident.openedAt == Self.start + .seconds(50))
        let note = incident.handling.first { $0.by == Wording.weigher }?.text
        #expect(note == "12 open runs: of users user-0 (1), user-1 (1), user-10 (1) and 9 others (9)")

        var replay = TapeReplay(settings: Crowd.settings(), policies: try Self.policies(), followsTape: false)
        for (count, cycle) in Self.cycles().enumerated() {
            for observation in cycle.observations { replay.take(.exchange(observation)) }
            replay.take(.tick(at: cycle.at, runtime: Crowd.runtime, count: Int64(count + 1)))
        }
        #expect(
            replay.story.incidents.map { "\($0.rule) \($0.subject) \($0.openedAt)" } == ["crowded \(incident.subject) \(incident.openedAt)"]
        )
    }

    @Test("without a rule on them the evidence that is kept holds no workflow")
    func onlyWhereAsked() throws {
        let without = try Self.run(try Self.policies("app"))
        #expect(without.opened.map(\.subject.kind) == [.app])
        #expect(without.pipeline.signals[Crowd.runtime]?.options.tracksWorkflows == false)
        let with = try Self.run(try Self.policies())
        #expect(with.pipeline.signals[Crowd.runtime]?.options.tracksWorkflows == true)
        let sizes = [without, with].compactMap { $0.pipeline.signals[Crowd.runtime]?.encodedCore().count }
        #expect(sizes.count == 2 && sizes[0] < sizes[1])
    }
}
