import DecisionKit
import Engine
import Model
import Testing

@testable import Guard

@Suite("Leases")
struct LeaseTests {
    static let rule = """
          noisy:
            subject: app
            when: active_runs > 5
            for: 0s
            clear_after: 0s
            severity: warning
            summary: s
            actions: [throttle: {concurrent_workflows: 2, ttl: 15m}]
        """

    static func world(_ rules: String = rule, mode: Mode = .enforce) throws -> World {
        var world = try World(rules: rules)
        world.runtime = ["active_apps": .value(30)]
        world.context.mode = mode
        world.context.landable = [.throttle, .pause, .disablePack]
        world.runs("a", 6)
        return world
    }

    @Test("an intent, in force once confirmed, over when it ran out and the adapter undid it")
    func life() throws {
        var world = try LeaseTests.world()
        let first = world.tick()
        let intended = try #require(first.plan.leaseChanges.first)
        #expect(intended.kind == .intend)
        let lease = intended.lease
        #expect(lease.state == .intended)
        #expect(lease.expiresAt - lease.createdAt == .minutes(15))
        #expect(lease.holders.map(\.incident) == first.outcome.opened.map(\.id))
        #expect(lease.id == GuardState.leaseID(lease.key, incident: lease.holders[0].incident, world.now))
        #expect(first.plan.decisions.map(\.lease) == [lease.id])
        world.guardian.confirm(lease.id)
        #expect(world.guardian.leases.map(\.state) == [.inForce])

        world.runs("a", 0)
        let later = world.run(15 * 60)
        #expect(later.flatMap(\.outcome.resolved).count == 1)
        let changes = later.flatMap(\.plan.leaseChanges)
        #expect(changes.map(\.kind) == [.end])
        #expect(changes.map(\.reason) == ["expired"])
        #expect(changes.map(\.lease.state) == [.reverting])
        #expect(later.last?.plan.leaseChanges.count == 1, "a resolve reverts nothing: it runs out on its last tick")
        world.guardian.settle(lease.id, now: world.now)
        #expect(world.guardian.leases.map(\.state) == [.ended])
    }

    @Test("a lease is extended near its end while the condition is known true, and only then")
    func extends() throws {
        var world = try LeaseTests.world()
        world.tick()
        #expect(world.run(780 - 10).flatMap(\.plan.leaseChanges).isEmpty)
        let extended = world.run(20).flatMap(\.plan.leaseChanges)
        #expect(extended.map(\.kind) == [.extend])
        #expect(extended.map(\.lease.extensions) == [1])
        #expect(extended.map { $0.lease.expiresAt - $0.lease.createdAt } == [.minutes(30)])
        // The condition stays as it was but is not known: nothing extends.
        world.apps[AppID("a")]?["active_runs"] = .missing(.stale)
        let rest = world.run(15 * 60 + 120).flatMap(\.plan.leaseChanges)
        #expect(rest.map(\.kind) == [.end])
        #expect(world.engine.openIncidents(of: "shared").count == 1)
    }

    @Test("a short lease is extended in its second half, not at every tick")
    func shortLease() throws {
        var world = try LeaseTests.world(LeaseTests.rule.replacing("ttl: 15m", with: "ttl: 1m"))
        world.tick()
        let kinds = (1...6).map { _ in world.tick().plan.leaseChanges.map(\.kind) }
        #expect(kinds == [[], [], [.extend], [], [], []])
    }

    @Test("after the longest lease it ends, a person is told, and the incident starts no other")
    func longest() throws {
        var world = try LeaseTests.world()
        world.tick()
        let ticks = world.run(2 * 3_600)
        let changes = ticks.flatMap(\.plan.leaseChanges)
        let last = try #require(changes.last)
        #expect(last.kind == .end)
        #expect(last.reason == "max_lease")
        #expect(last.lease.expiresAt - last.lease.createdAt == .hours(2))
        let refused = try #require(ticks.flatMap(\.plan.decisions).last)
        #expect(refused.verdict.name == "refused max_lease")
        world.guardian.settle(last.lease.id, now: world.now)
        let after = world.run(3_600).map(\.plan)
        #expect(after.flatMap(\.leaseChanges).isEmpty)
        #expect(after.flatMap(\.decisions).isEmpty)
    }

    @Test("each reopening within a day doubles the length; a third lease needs a person")
    func doubles() throws {
        var world = try LeaseTests.world()
        let first = world.tick().plan.leaseChanges[0].lease
        world.runs("a", 0)
        world.run(15 * 60)
        world.guardian.settle(first.id, now: world.now)
        world.run(15 * 60)
        world.runs("a", 6)
        let second = try #require(world.tick().plan.leaseChanges.first?.lease)
        #expect(second.expiresAt - second.createdAt == .minutes(30))
        world.runs("a", 0)
        world.run(30 * 60)
        world.guardian.settle(second.id, now: world.now)
        world.run(60 * 60)
        world.runs("a", 6)
        let third = world.tick().plan
        #expect(third.decisions.map { $0.verdict.name } == ["needs_approval flap"])
        #expect(third.decisions.map(\.ttl) == [.minutes(60)])
    }

    @Test("a lease that no adapter can land any more is not extended")
    func adapterGone() throws {
        var world = try LeaseTests.world()
        world.tick()
        world.context.landable = []
        let ticks = world.run(15 * 60)
        #expect(ticks.flatMap(\.plan.leaseChanges).map(\.kind) == [.end])
        #expect(
            ticks.flatMap(\.plan.decisions).map { $0.verdict.name }.first == "refused no_adapter")
    }

    @Test("a refusal is recorded when it changes, not at every tick; only_if may come true later")
    func recordsChanges() throws {
        var world = try LeaseTests.world(
            LeaseTests.rule.replacing("ttl: 15m", with: "ttl: 15m, only_if: runtime.websockets > 5"))
        world.runtime["websockets"] = .value(1)
        #expect(
            world.run(600).flatMap(\.plan.decisions).map { $0.verdict.name } == ["refused only_if"])
        world.runtime["websockets"] = .missing(.unreachable)
        #expect(world.run(60).flatMap(\.plan.decisions).isEmpty)
        world.runtime["websockets"] = .value(6)
        #expect(world.run(60).flatMap(\.plan.decisions).map(\.verdict) == [.act])
        let incident = try #require(world.engine.openIncidents(of: "shared").first)
        #expect(incident.decisions.count == 2)
    }

    @Test("limits are not asked below the floor")
    func floor() throws {
        var world = try LeaseTests.world(
            LeaseTests.rule.replacing(
                "concurrent_workflows: 2", with: "concurrent_workflows: 1, requests_per_minute: 10"))
        world.context.options.floor = Limits(concurrentWorkflows: 3, requestsPerMinute: 30)
        let lease = try #require(world.tick().plan.leaseChanges.first?.lease)
        #expect(lease.effect == .throttle(Limits(concurrentWorkflows: 3, requestsPerMinute: 30)))
    }

    @Test("a rule on a runtime acts on the heaviest apps, ties by bytes; what the blast radius refuses needs approval")
    func picks() throws {
        var world = try LeaseTests.world(
            """
              saturated: {subject: runtime, when: active_runs > 100, for: 0s, severity: critical, summary: s,
                          actions: [pause: {apps: "top(3, active_runs)", ttl: 10m}]}
            """)
        world.apps = [:]
        for (app, runs) in [("d", 5.0), ("b", 9), ("c", 5), ("a", 2), ("e", 0)] { world.runs(app, runs) }
        world.runtime["active_runs"] = .value(120)
        world.runtime["active_apps"] = .value(20)
        let plan = world.tick().plan
        #expect(
            plan.decisions.map { "\($0.key.app) \($0.verdict.name)" } == [
                "b act", "c act", "d needs_approval blast_radius",
            ])
        // What was picked once stays picked, whoever is heaviest now.
        world.runs("a", 50)
        let later = world.run(60).flatMap(\.plan.decisions)
        #expect(later.isEmpty)
    }

    @Test("an empty selection means nothing")
    func nothingToPick() throws {
        var world = try LeaseTests.world(
            """
              saturated: {subject: runtime, when: active_runs > 100, for: 0s, severity: critical, summary: s,
                          actions: [pause: {apps: "top(3, active_runs)", ttl: 10m}]}
            """)
        world.apps = [AppID("a"): ["active_runs": .value(0)], AppID("b"): ["active_runs": .missing(.stale)]]
        world.runtime["active_runs"] = .value(120)
        let plan = world.tick().plan
        #expect(plan == Plan())
    }

    @Test("the kill switch blocks new leases and extensions, and reverts nothing")
    func killSwitch() throws {
        var world = try LeaseTests.world()
        let lease = world.tick().plan.leaseChanges[0].lease
        world.context.killFile = true
        world.runs("b", 6)
        let ticks = world.run(15 * 60 - 10)
        #expect(ticks.flatMap(\.plan.leaseChanges).isEmpty)
        let decisions = ticks.flatMap(\.plan.decisions).map { "\($0.key.app) \($0.verdict.name)" }
        #expect(decisions == ["b refused kill_switch", "a refused kill_switch"])
        let end = world.tick().plan.leaseChanges
        #expect(end.map(\.kind) == [.end])
        #expect(end.map(\.lease.id) == [lease.id])
        world.context.killFile = false
        let after = world.tick().plan.decisions.map { "\($0.key.app) \($0.verdict.name)" }
        #expect(after == ["a refused cooldown", "b act"])
    }

    @Test("a person takes everything back; those incidents start no other lease")
    func revertAll() throws {
        var world = try LeaseTests.world()
        world.runs("b", 6)
        world.tick()
        let changes = world.guardian.revertAll(now: world.now)
        #expect(changes.map(\.kind) == [.end, .end])
        #expect(changes.map(\.lease.endReason) == ["reverted", "reverted"])
        for change in changes { world.guardian.settle(change.lease.id, now: world.now) }
        let later = world.run(3_600)
        #expect(later.flatMap(\.plan.leaseChanges).isEmpty)
        #expect(later.last?.outcome.standings.count == 2)
    }

    @Test("an adapter that refuses ends the lease; the cool-down counts")
    func refusedByAdapter() throws {
        var world = try LeaseTests.world()
        let lease = world.tick().plan.leaseChanges[0].lease
        world.guardian.refuse(lease.id, now: world.now)
        #expect(world.guardian.leases.map(\.endReason) == ["refused_by_adapter"])
        let next = world.run(10 * 60).flatMap(\.plan.decisions).map { $0.verdict.name }
        #expect(next == ["refused cooldown", "act"])
    }

    @Test("a lease of another mode is not extended")
    func modeChanges() throws {
        var world = try LeaseTests.world()
        world.tick()
        world.context.mode = .observe
        let ticks = world.run(15 * 60)
        #expect(ticks.flatMap(\.plan.leaseChanges).map(\.kind) == [.end])
        #expect(
            ticks.flatMap(\.plan.decisions).map { $0.verdict.name } == [
                "refused mode", "refused cooldown",
            ])
    }

    @Test("the worst incident has the first go at the budget")
    func severityFirst() throws {
        var world = try LeaseTests.world(
            LeaseTests.rule + "\n" + """
                  worse: {subject: app, when: open_runs > 5, for: 0s, severity: critical, summary: s,
                          actions: [pause: {ttl: 15m}]}
                """)
        world.apps = [
            AppID("a"): ["active_runs": .value(6)], AppID("b"): ["active_runs": .value(1), "open_runs": .value(6)],
        ]
        world.context.options.totalHour = 1
        let decisions = world.tick().plan.decisions.map { "\($0.key.app) \($0.verdict.name)" }
        #expect(decisions == ["b act", "a refused budget"])
    }

    @Test("the forgotten: ended leases leave the book after a day")
    func forgets() throws {
        var world = try LeaseTests.world()
        let lease = world.tick().plan.leaseChanges[0].lease
        world.guardian.refuse(lease.id, now: world.now)
        world.runs("a", 0)
        world.tick(after: 86_390)
        #expect(world.guardian.leases.count == 1)
        world.tick()
        #expect(world.guardian.leases.isEmpty)
    }
}

extension World {
    mutating func runs(_ app: String, _ count: Double) {
        apps[AppID(app), default: [:]]["active_runs"] = .value(count)
    }
}
