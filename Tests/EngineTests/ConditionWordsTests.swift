import DecisionKit
import Engine
import Model
import Policy
import Testing

/// What an incident says of its condition: once, and that by which it opened.
@Suite("The words of a condition")
struct ConditionWordsTests {
    static let rule =
        "  noisy: {subject: app, when: \"active_runs > 5 and run_starts[5m] > 2/min\", while: \"active_runs > 3\", for: 0s, severity: warning, summary: s}"

    static func world(_ rule: String = rule) throws -> World {
        var world = try World(rules: rule)
        world.apps[AppID("a")] = ["active_runs": .value(9), "run_starts[5m]": .value(4)]
        return world
    }

    @Test("where `when` and `while` say the same it is said once, and the one that decided")
    func once() throws {
        var world = try ConditionWordsTests.world()
        let opened = try #require(world.tick().outcome.opened.first?.transitions.last)
        #expect(opened.condition.contains("run_starts[5m] (4") && !opened.condition.contains("while"), "\(opened.condition)")
        world.apps[AppID("a")] = ["active_runs": .value(1), "run_starts[5m]": .value(0)]
        let cleared = try #require(world.tick().outcome.transitions.first)
        #expect(cleared.to == .clearing)
        #expect(cleared.condition == "active_runs (1) <= 3" || cleared.condition == "active_runs (1) > 3", "\(cleared.condition)")
        // Its `while` holds again, not its `when`.
        world.apps[AppID("a")] = ["active_runs": .value(4), "run_starts[5m]": .value(0)]
        let again = try #require(world.tick().outcome.transitions.first)
        #expect(again.to == .firing && again.condition == "active_runs (4) > 3", "\(again.condition)")
        // And then that.
        world.apps[AppID("a")] = ["active_runs": .value(1), "run_starts[5m]": .value(0)]
        world.tick()
        world.apps[AppID("a")] = ["active_runs": .value(9), "run_starts[5m]": .value(4)]
        let whole = try #require(world.tick().outcome.transitions.first)
        #expect(whole.condition.contains("active_runs (9) > 5 and run_starts[5m]"), "\(whole.condition)")
    }

    @Test("a rule that was changed beneath an open incident: once, with what it goes by now")
    func changed() throws {
        var world = try ConditionWordsTests.world()
        let id = try #require(world.tick().outcome.opened.first?.id)
        world.run(60)
        func notes() -> [String] { world.engine.incident(id)?.handling.filter { $0.by == Incident.policyNoter }.map(\.text) ?? [] }
        #expect(notes().isEmpty)
        world.policies = try World.load([
            "default": World.header("default") + "rules:\n" + ConditionWordsTests.rule.replacing("> 5", with: "> 6")
        ])
        world.run(60)
        #expect(notes() == ["the rule was changed since it opened, and goes by this now: active_runs > 6 and run_starts[5m] > 2/min"])
        #expect(world.engine.incident(id)?.condition == "active_runs > 5 and run_starts[5m] > 2/min")
        world.policies = try World.load(["default": World.header("default") + "rules:\n" + ConditionWordsTests.rule])
        world.run(60)
        #expect(notes().count == 2 && notes().last == "the rule is again as when it opened")
    }
}
