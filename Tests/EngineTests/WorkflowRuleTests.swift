import DecisionKit
import Engine
import Model
import Policy
import Testing

/// Rules on workflows: judged for each workflow of each app, under the app's policy.
@Suite("Rules on workflows")
struct WorkflowRuleTests {
    private static let rule = """
          pack: {subject: workflow, when: errors > $many and app.errors - errors < 1/min and runtime.up == 1, severity: warning, summary: s}
        """

    private static func world(_ rules: String = rule, own: String? = nil) throws -> World {
        var files = ["default": World.header("default") + "thresholds: {many: 5/min}\nrules:\n" + rules]
        if let own { files["b"] = World.header("b") + own }
        var world = try World(files)
        world.runtime["up"] = .value(1)
        for app in ["a", "b"] {
            world.apps[AppID(app)] = ["errors[5m]": .value(9)]
            world.workflows[AppID(app)] = [
                PackID("Generator"): ["errors[5m]": .value(9)], PackID("Support"): ["errors[5m]": .value(0)],
            ]
        }
        return world
    }

    private static func opened(_ world: inout World, _ seconds: Int = 10) -> [String] {
        world.run(seconds).flatMap(\.outcome.opened).map { "\($0.rule) \($0.subject)" }.sorted()
    }

    @Test("each that fails is an incident of its own, by its app's and its runtime's figures besides")
    func each() throws {
        var world = try WorkflowRuleTests.world()
        #expect(
            WorkflowRuleTests.opened(&world) == [
                "pack workflow Generator of app a on shared", "pack workflow Generator of app b on shared",
            ])
        let open = world.engine.openIncidents(of: "shared")
        #expect(Set(open.map(\.fingerprint)).count == 2)
        #expect(
            open.first?.transitions.last?.condition
                == "errors[5m] (9/min) > $many (5/min) and app.errors[5m] (9/min) - errors[5m] (9/min) < 1/min and runtime.up (1) == 1")
        // Where the app fails elsewhere, too, it is not this workflow.
        world.apps[AppID("a")]?["errors[5m]"] = .value(20)
        let resolved = world.run(180).flatMap(\.outcome.resolved)
        #expect(resolved.map(\.subject.app?.text) == ["a"])
    }

    @Test("the app's own policy holds for its workflows")
    func policies() throws {
        var world = try WorkflowRuleTests.world(own: "thresholds: {many: 10/min}\n")
        #expect(WorkflowRuleTests.opened(&world) == ["pack workflow Generator of app a on shared"])
        world = try WorkflowRuleTests.world(own: "rules: {pack: {enabled: false}}\n")
        #expect(WorkflowRuleTests.opened(&world) == ["pack workflow Generator of app a on shared"])
        world = try WorkflowRuleTests.world(
            "  off: {subject: app, when: active_runs > 1, severity: info}\n",
            own: "thresholds: {many: 5/min}\nrules: {mine: {subject: workflow, when: errors > $many, severity: info}}\n")
        #expect(WorkflowRuleTests.opened(&world) == ["mine workflow Generator of app b on shared"])
    }

    @Test("labels of the app hold for its workflows")
    func labels() throws {
        var world = try WorkflowRuleTests.world(
            "  dear: {subject: workflow, when: errors > $many and label(tier) == 'enterprise', severity: info}\n",
            own: "labels: {tier: enterprise}\n")
        #expect(WorkflowRuleTests.opened(&world) == ["dear workflow Generator of app b on shared"])
    }

    @Test("an app's incident explains its workflows', a workflow's its app's, and neither another app's")
    func suppression() throws {
        let rules = """
              app: {subject: app, when: errors > 5/min, for: 30s, severity: warning, suppresses: [pack]}
              pack: {subject: workflow, when: errors > 5/min, for: 1m, severity: warning}
            """
        var world = try WorkflowRuleTests.world(rules)
        world.apps[AppID("b")]?["errors[5m]"] = .value(0)
        #expect(
            WorkflowRuleTests.opened(&world, 120) == ["app app a on shared", "pack workflow Generator of app b on shared"])
        #expect(world.engine.suppressions(of: "shared").map(\.cause) == ["app"])

        world = try WorkflowRuleTests.world(
            """
              app: {subject: app, when: errors > 5/min, for: 1m, severity: warning, suppressed_by: [pack]}
              pack: {subject: workflow, when: errors > 5/min, for: 30s, severity: warning}
            """)
        world.workflows[AppID("b")] = [:]
        #expect(
            WorkflowRuleTests.opened(&world, 120) == ["app app b on shared", "pack workflow Generator of app a on shared"])
    }

    @Test("a fault of the runtime explains them, too")
    func runtime() throws {
        var world = try WorkflowRuleTests.world(
            """
              down: {subject: runtime, when: up == 0, severity: critical, suppresses: [pack]}
              pack: {subject: workflow, when: errors > 5/min, severity: warning}
            """)
        world.runtime["up"] = .value(0)
        #expect(WorkflowRuleTests.opened(&world) == ["down runtime shared"])
    }

    @Test("what is remembered of them reads back, whatever they are called")
    func state() throws {
        var world = try WorkflowRuleTests.world()
        world.workflows[AppID("a")] = [
            PackID(bytes: [0xFF, 1, 1]): ["errors[5m]": .value(9)], PackID("b of app a"): ["errors[5m]": .value(9)],
        ]
        #expect(WorkflowRuleTests.opened(&world).count == 3)
        let read = try EngineState(document: world.engine.document)
        #expect(read.document == world.engine.document)
        #expect(read.openIncidents(of: "shared") == world.engine.openIncidents(of: "shared"))
    }

    @Test("one that is not shown any more stays as it was for a while")
    func absent() throws {
        var world = try WorkflowRuleTests.world()
        #expect(WorkflowRuleTests.opened(&world).count == 2)
        world.workflows[AppID("a")] = [:]
        let after = world.run(600)
        #expect(after.flatMap(\.outcome.resolved).isEmpty)
        #expect(after.last?.outcome.standings.first { $0.subject.app == AppID("a") }?.phase == .firing)
    }
}
