import DecisionKit
import Engine
import Model
import Policy
import Testing

/// Rules that hold at night, or at weekends.
@Suite("Time of day in conditions")
struct ClockConditionTests {
    private static func world(_ condition: String, at moment: String, _ zone: Zone = .utc) throws -> World {
        var world = try World(rules: "  quiet: {subject: app, when: \"\(condition)\", severity: warning, summary: s}")
        world.apps[AppID("a")] = ["active_runs": .value(9)]
        world.zone = zone
        world.now = try #require(Timestamp(rfc3339: moment)) - .seconds(10)
        return world
    }

    /// (condition, moment, zone, whether it fires); Saturday is 2026-11-21.
    static let cases: [(String, String, String, Bool)] = [
        ("active_runs > 5 and hour() >= 22", "2026-11-20T21:59:50Z", "UTC", false),
        ("active_runs > 5 and hour() >= 22", "2026-11-20T22:00:00Z", "UTC", true),
        ("active_runs > 5 and hour() >= 22", "2026-11-20T21:00:00Z", "+01:00", true),
        ("active_runs > 5 and hour() >= 22", "2026-11-20T22:00:00Z", "+02:00", false),
        ("active_runs > 5 and (hour() >= 22 or hour() < 6)", "2026-11-20T22:00:00Z", "+02:00", true),
        ("active_runs > 5 and weekday() >= 6", "2026-11-20T23:59:50Z", "UTC", false),
        ("active_runs > 5 and weekday() >= 6", "2026-11-20T23:00:00Z", "+01:00", true),
        ("active_runs > 5 and not weekday() >= 6", "2026-11-23T00:00:00Z", "UTC", true),
        ("active_runs > 50 and hour() >= 0", "2026-11-20T22:00:00Z", "UTC", false),
    ]

    @Test(arguments: cases)
    func fires(_ condition: String, _ moment: String, _ zone: String, _ fires: Bool) throws {
        var world = try ClockConditionTests.world(condition, at: moment, try #require(Zone(fixed: zone)))
        #expect(world.tick().outcome.opened.count == (fires ? 1 : 0))
    }

    @Test("an incident says which hour it was, by whose clocks, and ends with the hours")
    func words() throws {
        var world = try ClockConditionTests.world(
            "active_runs > 5 and (hour() >= 22 or hour() < 6)", at: "2026-11-21T04:59:00Z", try #require(Zone(fixed: "+01:00")))
        let opened = try #require(world.tick().outcome.opened.first?.transitions.last)
        #expect(opened.condition == "active_runs (9) > 5 and hour() (5 UTC+01:00) < 6")
        let outcomes = world.run(300)
        let ends = outcomes.flatMap(\.outcome.transitions)
        #expect(ends.map(\.to) == [.clearing, .inactive])
        #expect(ends.first?.condition.contains("hour() (6 UTC+01:00) < 6") == true, "\(ends.map(\.condition))")
    }

    @Test("a rule that asks for the time and nothing else would never be judged: that is said")
    func timeAlone() throws {
        #expect(throws: PolicyErrors.self) { try ClockConditionTests.world("hour() >= 22", at: "2026-11-21T04:59:00Z") }
    }

    @Test("a policy knows whether its zone counts")
    func readsClock() throws {
        func reads(_ rule: String) throws -> Bool { try World(rules: "  r: {subject: app, severity: info, \(rule)}").policies.readsClock }
        #expect(try !reads("when: active_runs > 5"))
        #expect(try reads("when: active_runs > 5 and hour() > 3"))
        #expect(try reads("when: active_runs > 5, while: active_runs > 3 or weekday() == 7"))
        #expect(try reads("when: active_runs > 5, actions: [{pause: {ttl: 5m, only_if: hour() > 3}}]"))
    }
}
