import DecisionKit
import Engine
import Model
import Policy
import Testing

/// Of many apps none is looked at where no reading is as large as a rule asks for. What is decided must not show it.
@Suite("Rules on many calm apps")
struct CalmAppsTests {
    private static func world() throws -> World {
        var world = try World(
            rules: "  hog: {subject: app, when: \"active_runs > 5 and runtime.active_runs >= 10\", severity: warning, summary: s}")
        world.runtime["active_runs"] = .value(40)
        for number in 10..<40 { world.apps[AppID("app-\(number)")] = ["active_runs": .value(Double(number % 5))] }
        return world
    }

    private static func fires(_ world: inout World) -> [String] { world.tick().outcome.opened.map(\.subject.description) }

    @Test("one of thirty is found, wherever it stands", arguments: ["app-10", "app-24", "app-39"])
    func one(_ name: String) throws {
        var world = try CalmAppsTests.world()
        #expect(CalmAppsTests.fires(&world).isEmpty)
        world.apps[AppID(name)] = ["active_runs": .value(6)]
        #expect(CalmAppsTests.fires(&world) == ["app \(name) on shared"])
        // It stays what it is while it holds, and the others stay calm.
        #expect(world.run(60).allSatisfy { $0.outcome.opened.isEmpty && $0.outcome.standings.count == 1 })
        world.runtime["active_runs"] = .value(9)
        #expect(world.run(900).contains { $0.outcome.transitions.contains { $0.to == .inactive } })
    }

    @Test("what contradicts itself and is more than asked for at the least is found")
    func floors() throws {
        var world = try CalmAppsTests.world()
        let app = AppID("app-17")
        world.apps[app] = ["active_runs": .missing(.contradictory)]
        #expect(CalmAppsTests.fires(&world).isEmpty)
        world.floors[app] = ["active_runs": 6]
        #expect(CalmAppsTests.fires(&world) == ["app \(app) on shared"])
    }
}
