import DecisionKit
import Engine
import Model
import Policy
import Testing

@testable import Guard

/// Actions of rules on workflows: on the app, and of a pack on the workflow that the rule fires on.
@Suite("Leases of workflows")
struct WorkflowLeaseTests {
    private static let rule = """
          pack:
            subject: workflow
            when: errors > 5/min
            severity: warning
            summary: s
            actions: [disable_pack: {ttl: 30m}]
        """

    private static func world(_ rules: String = rule) throws -> World {
        var world = try World(rules: rules)
        world.runtime = ["active_apps": .value(30)]
        world.context.mode = .enforce
        world.context.landable = [.throttle, .pause, .disablePack]
        world.apps[AppID("a")] = ["active_runs": .value(20), "run_starts[3m]": .value(40)]
        world.workflows[AppID("a")] = [
            PackID("Generator"): ["errors[5m]": .value(9), "active_runs": .value(4), "run_starts[3m]": .value(3)],
            PackID("Support"): ["errors[5m]": .value(0), "active_runs": .value(16), "run_starts[3m]": .value(37)],
        ]
        return world
    }

    @Test("the pack is the workflow's, and nobody names it")
    func pack() throws {
        var world = try WorkflowLeaseTests.world()
        let plan = world.tick().plan
        let lease = try #require(plan.leaseChanges.first?.lease)
        #expect(plan.leaseChanges.count == 1)
        #expect(lease.key == LeaseKey(kind: .disablePack, runtime: "shared", app: AppID("a"), pack: PackID("Generator")))
        #expect(lease.effect == .disablePack(PackID("Generator")))
        #expect(plan.decisions.map { $0.verdict.name } == ["act"])
        #expect(
            world.policies.rule("pack", for: .workflow(PackID("x"), app: AppID("a"), runtime: "shared"))?.actions.map { $0.json }
                == [["disable_pack": ["ttl": "30m"]]])
    }

    @Test("other actions of such a rule land on the app")
    func others() throws {
        var world = try WorkflowLeaseTests.world(
            WorkflowLeaseTests.rule.replacing("disable_pack: {ttl: 30m}", with: "throttle: {concurrent_workflows: 2, ttl: 30m}"))
        let lease = try #require(world.tick().plan.leaseChanges.first?.lease)
        #expect(lease.key == LeaseKey(kind: .throttle, runtime: "shared", app: AppID("a")))
    }

    @Test("what is stopped is held against the workflow's own runs: a small part of its app is not lost in the whole")
    func verified() throws {
        var world = try WorkflowLeaseTests.world()
        world.tick()
        // The app goes on as ever; of the workflow nothing begins any more.
        world.workflows[AppID("a")]?[PackID("Generator")] = [
            "errors[5m]": .value(0), "active_runs": .value(0), "run_starts[3m]": .value(0),
        ]
        let found = world.run(6 * 60).flatMap(\.plan.verifications).map(\.verification)
        #expect(found.map(\.outcome) == [.effective])
        #expect(found.first?.text.hasPrefix("run_starts 3/min → 0/min, active_runs 4 → 0") == true, "\(found.map(\.text))")

        // And one that starts as before was not stopped, whatever the app does.
        world = try WorkflowLeaseTests.world()
        world.tick()
        world.apps[AppID("a")] = ["active_runs": .value(1), "run_starts[3m]": .value(1)]
        let vain = world.run(6 * 60).flatMap(\.plan.verifications).map(\.verification)
        #expect(vain.map(\.outcome) == [.noEffect])
    }

    @Test("the guard holds it to the app's limits")
    func limits() throws {
        var world = try WorkflowLeaseTests.world()
        world.context.options.protected = [AppID("a")]
        #expect(world.tick().plan.decisions.map { $0.verdict.name } == ["refused protected"])
        world = try WorkflowLeaseTests.world()
        world.runtime["active_apps"] = .value(1)
        #expect(world.tick().plan.decisions.map { $0.verdict.name } == ["refused only_active_app"])
    }
}
