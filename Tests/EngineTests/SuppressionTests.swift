import DecisionKit
import Engine
import Model
import Testing

@Suite("Suppression")
struct SuppressionTests {
    static let rules = """
          provider:
            subject: runtime
            when: silent_runs.share > 50%
            for: 30s
            clear_after: 30s
            severity: critical
            summary: s
            suppresses: [noisy]
          noisy:
            subject: app
            when: active_runs > 5
            for: 1m
            severity: warning
            summary: s
            actions: [throttle: {concurrent_workflows: 2, ttl: 15m}]
        """

    static func world() throws -> World {
        var world = try World(rules: rules)
        world.context.mode = .enforce
        world.context.landable = [.throttle]
        world.runtime = ["silent_runs.share[5m]": .value(0), "active_apps": .value(5)]
        world.apps = [AppID("a"): ["active_runs": .value(6)]]
        return world
    }

    @Test("a rule that fires keeps what it suppresses pending, by name; that fires once it is over")
    func keepsPending() throws {
        var world = try SuppressionTests.world()
        world.runtime["silent_runs.share[5m]"] = .value(80)
        let ticks = world.run(300)
        #expect(ticks.flatMap(\.outcome.opened).map(\.rule) == ["provider"])
        #expect(ticks.flatMap(\.plan.decisions).isEmpty)
        let standing = try #require(ticks.last?.outcome.standings.first { $0.rule == "noisy" })
        #expect(standing.phase == .pending)
        #expect(standing.suppressedBy == "provider")
        #expect(world.second(standing.since) == 10)
        world.runtime["silent_runs.share[5m]"] = .value(0)
        let after = world.run(60)
        #expect(after.flatMap(\.outcome.resolved).map(\.rule) == ["provider"])
        #expect(after.flatMap(\.outcome.opened).map(\.rule) == ["noisy"])
    }

    @Test("an incident that is open already stays open and asks for nothing")
    func staysOpen() throws {
        var world = try SuppressionTests.world()
        world.context.killFile = true
        let first = world.run(80).flatMap(\.outcome.opened)
        #expect(first.map(\.rule) == ["noisy"])
        world.runtime["silent_runs.share[5m]"] = .value(80)
        world.run(60)
        // Nothing but the suppression holds the action back now.
        world.context.killFile = false
        let suppressed = world.run(60).flatMap(\.plan.decisions)
        #expect(suppressed.isEmpty)
        #expect(world.engine.openIncidents(of: "shared").map(\.rule).sorted() == ["noisy", "provider"])
        world.runtime["silent_runs.share[5m]"] = .value(0)
        // What piled up meanwhile is nobody's doing: a while passes before it acts.
        let after = world.run(11 * 60).flatMap(\.plan.decisions)
        #expect(after.map { $0.verdict.name } == ["refused other_fault", "act"])
    }

    @Test("a rule that is merely pending suppresses nothing")
    func pendingDoesNot() throws {
        var world = try World(rules: SuppressionTests.rules.replacing("for: 30s", with: "for: 10m"))
        world.runtime = ["silent_runs.share[5m]": .value(80)]
        world.apps = [AppID("a"): ["active_runs": .value(6)]]
        let first = world.run(80).flatMap(\.outcome.opened)
        #expect(first.map(\.rule) == ["noisy"])
    }

    @Test("of causes that come true together the first in precedence opens, the others wait")
    func precedence() throws {
        var world = try World(
            rules: """
                  poisoned: {subject: runtime, when: "missing(tracked_chats)", for: 5m, severity: warning, summary: s, suppresses: [dead]}
                  dead: {subject: runtime, when: "missing(errors)", for: 5m, severity: info, summary: s}
                  down: {subject: runtime, when: "up == 0", for: 5m, severity: critical, summary: s, suppresses: [poisoned, dead]}
                """)
        world.runtime = [
            "up": .value(0), "tracked_chats": .missing(.unreachable), "errors[5m]": .missing(.unreachable),
        ]
        let ticks = world.run(600)
        #expect(ticks.flatMap(\.outcome.opened).map(\.rule) == ["down"])
        #expect(ticks.last?.outcome.standings.filter { $0.rule != "down" }.map(\.suppressedBy) == ["down", "down"])
    }

    @Test("what fires on one app suppresses nothing on another")
    func sameSubject() throws {
        var world = try World(
            rules: """
                  hog: {subject: app, when: active_runs > 50, for: 0s, severity: warning, summary: s, suppresses: [noisy]}
                  noisy: {subject: app, when: active_runs > 5, for: 0s, severity: warning, summary: s}
                """)
        world.apps = [AppID("a"): ["active_runs": .value(60)], AppID("b"): ["active_runs": .value(6)]]
        let opened = world.run(20).flatMap(\.outcome.opened).map { "\($0.rule) \($0.subject.idText)" }
        #expect(opened.sorted() == ["hog a", "noisy b"])
    }

    @Test("a cause that waits long until it calls itself over explains what is seen for the policy's own time only")
    func longClearing() throws {
        var world = try World(rules: SuppressionTests.rules.replacing("clear_after: 30s", with: "clear_after: 20m"))
        world.runtime = ["silent_runs.share[5m]": .value(80), "active_apps": .value(5)]
        world.apps = [AppID("a"): ["active_runs": .value(6)]]
        #expect(world.run(120).flatMap(\.outcome.opened).map(\.rule) == ["provider"])
        world.runtime["silent_runs.share[5m]"] = .value(0)
        // The policy's clear_after is two minutes.
        #expect(world.run(110).flatMap(\.outcome.opened).isEmpty)
        let after = world.run(60)
        #expect(after.flatMap(\.outcome.opened).map(\.rule) == ["noisy"])
        #expect(after.flatMap(\.outcome.resolved).isEmpty)
        // It comes again while its incident is open: the same one, and what follows is its consequence again.
        world.apps[AppID("b")] = ["active_runs": .value(7)]
        world.runtime["silent_runs.share[5m]"] = .value(80)
        let again = world.run(300)
        #expect(again.flatMap(\.outcome.opened).isEmpty)
        #expect(again.last?.outcome.standings.first { $0.subject.idText == "b" }?.suppressedBy == "provider")
    }

    @Test("what ends while the rule goes on that tells it as something else is not denied")
    func overtaken() throws {
        var world = try World(
            rules: """
                  gone: {subject: replica, when: "up == 0", for: 0s, severity: warning, summary: s, suppresses: [partial]}
                  partial: {subject: runtime, when: "missing(tracked_chats, partial)", for: 0s, clear_after: 30s, severity: warning, summary: s}
                """)
        world.replicas = ["http://a": ["up": .value(1)]]
        world.runtime = ["tracked_chats": .missing(.partial)]
        #expect(world.run(20).flatMap(\.outcome.opened).map(\.rule) == ["partial"])
        world.replicas["http://a"] = ["up": .value(0)]
        world.run(20)
        // A process that is gone for long is no part of the figures any more.
        world.runtime["tracked_chats"] = .value(9)
        let ended = world.run(60).flatMap(\.outcome.resolved)
        #expect(ended.map(\.resolveReason) == ["overtaken"])
        #expect(ended.first?.transitions.last?.reason == "condition false for 30s, while gone holds")
        // Where the process came back before, it is over.
        world.runtime["tracked_chats"] = .missing(.partial)
        world.run(20)
        world.replicas["http://a"] = ["up": .value(1)]
        world.run(300)
        world.runtime["tracked_chats"] = .value(9)
        #expect(world.run(60).flatMap(\.outcome.resolved).filter { $0.rule == "partial" }.map(\.resolveReason) == ["cleared"])
    }
}
