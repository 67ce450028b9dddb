import DecisionKit
import Engine
import Model
import Policy
import Testing

/// Rules for some apps and not for others.
@Suite("Labels in rules")
struct LabelRuleTests {
    private static let files = [
        "default": World.header("default")
            + "rules:\n  free: {subject: app, when: active_runs > 5 and label(tier) == 'free', severity: info, summary: s}\n"
            + "  test: {subject: runtime, when: active_runs > 5 and label(kind) == 'test', severity: info, summary: s}\n",
        "app-clinic": World.header("app-clinic") + "labels: {tier: enterprise}\n",
        "app-new": World.header("app-new") + "labels: {tier: free}\n",
    ]

    private func opened(_ labels: [String: String]) throws -> [String] {
        var world = try World(LabelRuleTests.files)
        world.labels = labels
        world.runtime["active_runs"] = .value(40)
        for app in ["app-bank", "app-clinic", "app-new", "app-shop"] { world.apps[AppID(app)] = ["active_runs": .value(9)] }
        return world.tick().outcome.opened.map { "\($0.rule) \($0.subject.app?.text ?? "-") \($0.transitions.last?.condition ?? "")" }
            .sorted()
    }

    @Test("an app's own label goes before its runtime's")
    func ownFirst() throws {
        #expect(
            try opened(["tier": "free"]) == [
                "free app-bank active_runs (9) > 5 and label(tier) (\"free\") == 'free'",
                "free app-new active_runs (9) > 5 and label(tier) (\"free\") == 'free'",
                "free app-shop active_runs (9) > 5 and label(tier) (\"free\") == 'free'",
            ])
        #expect(try opened(["tier": "enterprise"]).map { $0.prefix(12) } == ["free app-new"])
    }

    @Test("who has no label is not judged by it, and a rule on the runtime reads the runtime's")
    func missing() throws {
        #expect(try opened([:]).map { $0.prefix(12) } == ["free app-new"])
        #expect(try opened(["kind": "test"]).map { $0.prefix(12) } == ["free app-new", "test - activ"])
        #expect(try opened(["kind": "live"]).map { $0.prefix(12) } == ["free app-new"])
    }
}
