import DecisionKit
import Engine
import Model
import Testing

@testable import Guard

/// Several incidents that hold one lease, and a person's yes.
extension LeaseTests {
    @Test("the strictest of the holders counts; asking for less is a recorded no-op")
    func holders() throws {
        var world = try LeaseTests.world(
            LeaseTests.rule + "\n" + """
                  busier: {subject: app, when: active_runs > 7, for: 0s, severity: info, summary: s,
                           actions: [throttle: {concurrent_workflows: 3, requests_per_minute: 20, ttl: 20m}]}
                  less: {subject: app, when: active_runs > 8, for: 0s, severity: info, summary: s,
                         actions: [throttle: {concurrent_workflows: 5, ttl: 20m}]}
                """)
        world.tick()
        world.runs("a", 9)
        let plan = world.tick().plan
        #expect(
            plan.decisions.map { $0.verdict.name }.sorted() == [
                "already_in_force", "refused cooldown",
            ])
        let later = world.run(10 * 60)
        let change = try #require(later.flatMap(\.plan.leaseChanges).first)
        #expect(change.kind == .extend)
        #expect(change.lease.effect == .throttle(Limits(concurrentWorkflows: 2, requestsPerMinute: 20)))
        #expect(change.lease.holders.count == 3)
        #expect(world.guardian.leases.count == 1)
    }

    /// A tick at which a person says yes to what waits; what came of it.
    private func approve(_ world: inout World) throws -> (offer: Approval, change: LeaseChange) {
        let offer = try #require(world.guardian.waitingApprovals(at: world.now).first)
        guard case .taken = ApprovalTests.yes(&world, offer.id) else { throw Refused.yes }
        return (offer, try #require(world.tick().plan.leaseChanges.first))
    }

    private enum Refused: Error { case yes }

    private static func approvalWorld(_ ttl: String, approved: String) throws -> World {
        var world = try LeaseTests.world(
            LeaseTests.rule.replacing("ttl: 15m", with: "ttl: \(ttl)") + "\n" + """
                  asks: {subject: app, when: open_runs > 5, for: 0s, severity: info, summary: s,
                         require_approval: [throttle: {\(approved)}]}
                """)
        world.context.options.cooldown = .zero
        world.tick()
        world.apps[AppID("a")]?["open_runs"] = .value(6)
        world.tick()
        return world
    }

    @Test("stricter by a person's yes: for as long as was approved, then as strict as before, for as long as before")
    func approvedTightening() throws {
        var world = try LeaseTests.approvalWorld("60m", approved: "concurrent_workflows: 1, ttl: 10m")
        let end = try #require(world.guardian.leases.first).expiresAt
        let (offer, change) = try approve(&world)
        #expect(change.lease.effect == .throttle(Limits(concurrentWorkflows: 1)))
        #expect(change.lease.expiresAt == end, "what others hold is not lengthened")
        let over = world.now + offer.ttl
        #expect(try GuardState(document: world.guardian.document) == world.guardian)
        while world.now + .seconds(10) < over { #expect(world.tick().plan.leaseChanges.isEmpty) }
        let changes = world.tick().plan.leaseChanges
        #expect(changes.map(\.reason) == [LeaseChange.lessStrictly])
        #expect(changes.map(\.lease.effect) == [.throttle(Limits(concurrentWorkflows: 2))])
        #expect(changes.map(\.lease.expiresAt) == [end] && changes.map(\.lease.holders.count) == [1])
    }

    /// What becomes of leases until then, and when.
    private static func changes(_ world: inout World, until end: Timestamp) -> [(at: Timestamp, change: LeaseChange)] {
        var changes: [(at: Timestamp, change: LeaseChange)] = []
        while world.now < end { changes += world.tick().plan.leaseChanges.map { (world.now, $0) } }
        return changes
    }

    @Test("a yes that outlasts the lease: what was not approved ends when it would have")
    func approvedOutlasts() throws {
        var world = try LeaseTests.approvalWorld("15m", approved: "requests_per_minute: 20, ttl: 30m")
        let end = try #require(world.guardian.leases.first).expiresAt
        let (offer, change) = try approve(&world)
        let over = world.now + offer.ttl
        #expect(change.lease.effect == .throttle(Limits(concurrentWorkflows: 2, requestsPerMinute: 20)))
        #expect(change.lease.expiresAt == over && over > end)
        world.runs("a", 0)
        let changes = LeaseTests.changes(&world, until: over)
        #expect(changes.map(\.at) == [end, over])
        #expect(changes.first?.change.lease.effect == .throttle(Limits(requestsPerMinute: 20)))
        #expect(changes.last?.change.kind == .end)
    }

    @Test("a yes that outlasts the lease, and the condition stays true: that one alone is extended")
    func extendedBesideApproved() throws {
        var world = try LeaseTests.approvalWorld("15m", approved: "requests_per_minute: 20, ttl: 30m")
        let end = try #require(world.guardian.leases.first).expiresAt
        let (offer, _) = try approve(&world)
        let over = world.now + offer.ttl
        let changes = LeaseTests.changes(&world, until: over)
        let early = changes.filter { $0.at < over }
        #expect(early.allSatisfy { $0.change.reason == LeaseChange.stillTrue && $0.at > end - .minutes(3) }, "\(early)")
        #expect(early.allSatisfy { $0.change.lease.effect == .throttle(Limits(concurrentWorkflows: 2, requestsPerMinute: 20)) })
        let lease = try #require(world.guardian.leases.first)
        #expect(lease.isActive && lease.expiresAt > over)
        #expect(lease.effect == .throttle(Limits(concurrentWorkflows: 2)), "what was approved is over")
    }

    @Test("an incident that needs approval does not have the lease of another extended")
    func holdsNothingUnapproved() throws {
        var world = try LeaseTests.world(
            LeaseTests.rule + "\n" + """
                  asks: {subject: app, when: open_runs > 5, for: 0s, severity: info, summary: s,
                         require_approval: [throttle: {concurrent_workflows: 2, ttl: 2h}]}
                """)
        world.tick()
        world.apps[AppID("a")]?["open_runs"] = .value(6)
        let joined = world.tick().plan.decisions
        #expect(joined.map { $0.verdict.name } == ["already_in_force"])
        #expect(world.guardian.leases.map(\.holders.count) == [1])
        #expect(world.tick().plan.decisions.isEmpty, "the same answer is not repeated")
        // What asked without approval is over; what needs it still fires.
        world.runs("a", 0)
        let later = world.run(15 * 60)
        #expect(later.flatMap(\.plan.leaseChanges).map(\.kind) == [.end])
        #expect(later.flatMap(\.plan.decisions).map(\.verdict).allSatisfy { $0 != .act })
    }

    @Test("an incident that was taken its lease does not have the lease of another extended")
    func holdsNothingAfterRevert() throws {
        var world = try LeaseTests.world(
            LeaseTests.rule + "\n" + """
                  other: {subject: app, when: open_runs > 5, for: 0s, severity: info, summary: s,
                          actions: [throttle: {concurrent_workflows: 2, ttl: 15m}]}
                """)
        world.context.options.cooldown = .zero
        let first = world.tick().plan.leaseChanges[0].lease
        _ = world.guardian.revert(first.id, now: world.now)
        world.guardian.settle(first.id, now: world.now)
        world.apps[AppID("a")]?["open_runs"] = .value(6)
        world.run(60)
        let active = world.guardian.leases.filter(\.isActive)
        #expect(active.flatMap(\.holders).map(\.incident).contains(first.holders[0].incident) == false)
        #expect(active.count == 1)
    }

    @Test("handed over to a person for as long as the incident is open, days included")
    func handedOverForGood() throws {
        var world = try LeaseTests.world()
        let lease = world.tick().plan.leaseChanges[0].lease
        _ = world.guardian.revert(lease.id, now: world.now)
        world.guardian.settle(lease.id, now: world.now)
        var begun: [LeaseChange] = []
        for _ in 0..<(50 * 60) { begun += world.tick(after: 60).plan.leaseChanges }
        #expect(begun.isEmpty)
        #expect(world.engine.openIncidents(of: "shared").count == 1)
    }
}
