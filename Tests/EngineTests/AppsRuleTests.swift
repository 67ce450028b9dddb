import DecisionKit
import Engine
import Model
import Policy
import Testing

/// Rules on a runtime that go by how many of its apps something holds of.
@Suite("Figures over apps in rules")
struct AppsRuleTests {
    private static func world(_ condition: String) throws -> World {
        try World(rules: "  many: {subject: runtime, when: \"\(condition)\", severity: warning, summary: s}")
    }

    @Test("so many apps, and the incident says how many")
    func counts() throws {
        var world = try AppsRuleTests.world("count(active_runs > 5 and label(tier) == 'free') >= 2")
        world.labels = ["tier": "free"]
        world.apps = [
            AppID("a"): ["active_runs": .value(9)], AppID("b"): ["active_runs": .value(3)], AppID("c"): ["active_runs": .value(7)],
        ]
        let opened = try #require(world.tick().outcome.opened.first?.transitions.last)
        #expect(opened.condition == "count(active_runs > 5 and label(tier) == 'free') (2) >= 2")
        #expect(
            opened.readings == [
                ComparedReading(series: "count(active_runs > 5 and label(tier) == 'free')", unit: .apps, evidence: .value(2))
            ])
        // With one that is not known it may be two, and with none known nothing is.
        world.apps[AppID("c")] = ["active_runs": .missing(.unauthorized)]
        #expect(world.run(600).allSatisfy { $0.outcome.transitions.allSatisfy { $0.to != .inactive && $0.to != .clearing } })
        world.apps[AppID("c")] = ["active_runs": .value(1)]
        #expect(world.run(300).contains { $0.outcome.transitions.contains { $0.to == .inactive } })
    }

    @Test("a reading of the runtime, and one of the same name of each app")
    func both() throws {
        var world = try AppsRuleTests.world("active_runs > 50 and count(active_runs > 0.5 * runtime.active_runs) == 0")
        world.runtime["active_runs"] = .value(60)
        world.apps = [AppID("a"): ["active_runs": .value(30)], AppID("b"): ["active_runs": .value(30)]]
        let opened = try #require(world.tick().outcome.opened.first?.transitions.last)
        #expect(opened.condition == "active_runs (60) > 50 and count(active_runs > 0.5 * runtime.active_runs) (0) == 0")
        world = try AppsRuleTests.world("active_runs > 50 and count(active_runs > 0.5 * runtime.active_runs) == 0")
        world.runtime["active_runs"] = .value(60)
        world.apps = [AppID("a"): ["active_runs": .value(31)], AppID("b"): ["active_runs": .value(29)]]
        #expect(world.tick().outcome.opened.isEmpty)
    }
}
