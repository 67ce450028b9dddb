import DecisionKit
import Engine
import JSONParsing
import Model
import Testing

@testable import Guard

@Suite("Approvals")
struct ApprovalTests {
    /// A pause that the policy wants approved, offered at the first tick.
    static func world(mode: Mode = .enforce, _ rule: String? = nil) throws -> World {
        var world = try World(
            rules: rule ?? """
                  burning: {subject: app, when: active_runs > 5, for: 0s, clear_after: 0s, severity: warning, summary: s,
                            require_approval: [throttle: {concurrent_workflows: 2, ttl: 15m}]}
                """)
        world.runtime = ["active_apps": .value(30)]
        world.context.mode = mode
        world.context.landable = [.throttle, .pause]
        world.runs("a", 6)
        return world
    }

    static func yes(_ world: inout World, _ id: String, digest: String? = nil) -> ApprovalAnswer {
        world.guardian.answer(id, digest: digest, approves: true, by: "cli:ann", comment: "go", now: world.now)
    }

    @Test("offered => approved => done: for exactly as long as was approved, and by whom")
    func approved() throws {
        var world = try ApprovalTests.world()
        let offered = try #require(world.tick().plan.decisions.first)
        let offer = try #require(world.guardian.approvals.first)
        #expect(offered.approval == offer.id)
        #expect(offer.id.utf8.count == 4 && offer.digest.hasPrefix(offer.id))
        #expect(offer.expiresAt - offer.offeredAt == .hours(8))
        #expect(world.run(60).flatMap(\.plan.decisions).isEmpty, "offered once")
        guard case .taken(let taken) = ApprovalTests.yes(&world, offer.id, digest: offer.digest) else {
            Issue.record("not taken")
            return
        }
        #expect(taken.state == .approved && taken.by == "cli:ann")
        let plan = world.tick().plan
        #expect(plan.decisions.map(\.verdict) == [.act])
        #expect(plan.decisions.map(\.approval) == [offer.id])
        #expect(plan.decisions.map(\.approvedBy) == ["cli:ann"])
        let lease = try #require(plan.leaseChanges.first?.lease)
        #expect(lease.isApproved && plan.leaseChanges[0].reason == "approved by cli:ann")
        #expect(world.guardian.approvals.map(\.state) == [.used])
        // The condition stays true: what was approved is not extended, and after the cool-down it is offered again.
        let changes = world.run(15 * 60 + 11 * 60)
        #expect(changes.flatMap(\.plan.leaseChanges).map(\.kind) == [.end])
        let again = changes.flatMap(\.plan.decisions).last
        #expect(again?.approval != nil && again?.approval != offer.id, "another offer, another id")
        // The old yes does not count for it.
        #expect(ApprovalTests.yes(&world, offer.id) == .tooLate(world.guardian.approvals[0]))
    }

    @Test("suggest: everything waits; an approved action is done in earnest")
    func suggest() throws {
        var world = try ApprovalTests.world(mode: .suggest, LeaseTests.rule)
        world.tick()
        let offer = try #require(world.guardian.approvals.first)
        #expect(offer.reason.step == .approval)
        _ = ApprovalTests.yes(&world, offer.id)
        let plan = world.tick().plan
        #expect(plan.leaseChanges.map(\.lease.shadow) == [false])
        #expect(world.run(15 * 60).flatMap(\.plan.leaseChanges).map(\.kind) == [.end])
    }

    @Test("observe: nothing is offered, since nothing would be done")
    func observe() throws {
        var world = try ApprovalTests.world(mode: .observe)
        let decision = try #require(world.tick().plan.decisions.first)
        #expect(decision.verdict.name == "would_have approval")
        #expect(decision.approval == nil && world.guardian.approvals.isEmpty)
    }

    struct Obstacle: Sendable, CustomTestStringConvertible {
        let name: String
        let expected: String
        let raise: @Sendable (inout World) -> Void
        var testDescription: String { name }
    }

    @Test(
        "an approval runs the guard again, and what it refuses is told",
        arguments: [
            Obstacle(name: "stopped", expected: "refused kill_switch") { $0.context.killFile = true },
            Obstacle(name: "protected now", expected: "refused protected") { $0.context.options.protected = [AppID("a")] },
            Obstacle(name: "protected by a pattern", expected: "refused protected") {
                $0.context.options.protected = [AppID("x-*"), AppID("?")]
            },
            Obstacle(name: "evidence lost", expected: "refused evidence") { world in
                world.apps[AppID("a")]?["active_runs"] = .missing(.stale)
            },
            Obstacle(name: "a deploy", expected: "refused quiet_period") { world in
                world.guardian.mark("v2", runtime: nil, by: "bob", now: world.now)
            },
            Obstacle(name: "no adapter", expected: "refused no_adapter") { $0.context.landable = [] },
            Obstacle(name: "no longer firing", expected: "refused approval") { $0.runs("a", 1) },
            Obstacle(name: "the floor rose: another action than the one approved", expected: "refused approval") {
                $0.context.options.floor = Limits(concurrentWorkflows: 4)
            },
        ])
    func refused(_ obstacle: Obstacle) throws {
        var world = try ApprovalTests.world()
        world.tick()
        let offer = try #require(world.guardian.approvals.first)
        _ = ApprovalTests.yes(&world, offer.id)
        obstacle.raise(&world)
        let plan = world.tick().plan
        #expect(plan.decisions.map { $0.verdict.name } == [obstacle.expected])
        #expect(plan.decisions.map(\.approval) == [offer.id])
        #expect(plan.leaseChanges.isEmpty)
        #expect(world.guardian.approvals.first?.state == .refused)
    }

    @Test(
        "an offer says what a yes would be refused for now, for as long as it would",
        arguments: [
            Obstacle(name: "stopped", expected: "kill_switch") { $0.context.killFile = true },
            Obstacle(name: "protected", expected: "protected") { $0.context.options.protected = [AppID("a")] },
            Obstacle(name: "evidence lost", expected: "evidence") { $0.apps[AppID("a")]?["active_runs"] = .missing(.stale) },
            Obstacle(name: "no adapter: behind what asks", expected: "no_adapter") { $0.context.landable = [] },
        ])
    func obstacle(_ obstacle: Obstacle) throws {
        var world = try ApprovalTests.world()
        world.tick()
        let offer = try #require(world.guardian.approvals.first)
        world.run(60)
        #expect(world.guardian.approvals == [offer] && offer.obstacle == nil, "nothing stands in its way")
        let (context, apps) = (world.context, world.apps)
        obstacle.raise(&world)
        world.tick()
        let held = try #require(world.guardian.approvals.first)
        #expect(held.obstacle?.step.rawValue == obstacle.expected && held.state == .waiting && held.id == offer.id, "\(held)")
        #expect(try GuardState(document: world.guardian.document).approvals == world.guardian.approvals)
        (world.context, world.apps) = (context, apps)
        world.tick()
        #expect(world.guardian.approvals == [offer], "the same offer stands, and a yes to it counts")
        _ = ApprovalTests.yes(&world, offer.id)
        #expect(world.tick().plan.decisions.map(\.verdict) == [.act])
        #expect(world.guardian.approvals.map(\.obstacle) == [nil])
    }

    /// Three apps are to be paused at once, more than a blast radius lets through without a yes.
    private static func saturated() throws -> World {
        var world = try ApprovalTests.world(
            """
              saturated: {subject: runtime, when: active_runs > 100, for: 0s, severity: critical, summary: s,
                          actions: [pause: {apps: "top(3, active_runs)", ttl: 10m}]}
            """)
        world.apps = [:]
        for (app, runs) in [("d", 5.0), ("b", 9), ("c", 5)] { world.runs(app, runs) }
        world.runtime["active_runs"] = .value(120)
        world.runtime["active_apps"] = .value(20)
        world.tick()
        return world
    }

    @Test("a storm stands behind the blast radius, which a person can pass: the offer says so")
    func stormBehind() throws {
        var world = try ApprovalTests.saturated()
        #expect(world.guardian.approvals.first?.obstacle == nil)
        world.context.options.stormIncidents = 1
        world.tick()
        #expect(world.guardian.approvals.first?.obstacle?.step == .storm)
    }

    @Test("denied: not offered again while the incident is open")
    func denied() throws {
        var world = try ApprovalTests.world()
        world.tick()
        let offer = try #require(world.guardian.approvals.first)
        _ = world.guardian.answer(offer.id, digest: nil, approves: false, by: "cli:ann", comment: nil, now: world.now)
        let plan = world.tick().plan
        #expect(plan.decisions.map { $0.verdict.name } == ["refused approval"])
        guard case .refused(let refusal) = plan.decisions.first?.verdict else { return }
        #expect(refusal.text.contains("cli:ann denied it"))
        #expect(world.run(600).flatMap(\.plan.decisions).isEmpty)
        #expect(ApprovalTests.yes(&world, offer.id) == .tooLate(world.guardian.approvals[0]), "a no is a no")
    }

    @Test("an offer that nobody answers expires, and is offered anew under another id")
    func expires() throws {
        var world = try ApprovalTests.world()
        world.tick()
        let offer = try #require(world.guardian.approvals.first)
        for _ in 0..<(8 * 60) { world.tick(after: 60) }
        #expect(world.guardian.approvals.map(\.state) == [.expired, .waiting])
        #expect(ApprovalTests.yes(&world, offer.id) == .tooLate(world.guardian.approvals[0]))
        #expect(world.guardian.approvals[1].id != offer.id)
    }

    @Test("a yes in the moment after it expired, before any tick, does not count")
    func expiredBetweenTicks() throws {
        var world = try ApprovalTests.world()
        world.tick()
        let offer = try #require(world.guardian.approvals.first)
        world.now = offer.expiresAt
        #expect(ApprovalTests.yes(&world, offer.id) == .tooLate(offer))
    }

    @Test(
        "a yes that the guard comes to after its offer expired does nothing, says so, and what is still wanted is offered anew",
        arguments: [true, false])
    func yesExpires(isStillWanted: Bool) throws {
        var world = try ApprovalTests.world()
        world.tick()
        let offer = try #require(world.guardian.approvals.first)
        world.now = offer.expiresAt - .seconds(1)
        guard case .taken = ApprovalTests.yes(&world, offer.id) else {
            Issue.record("said in time")
            return
        }
        // Nobody runs for twelve hours.
        var later = world
        if !isStillWanted { later.runs("a", 1) }
        let plan = later.tick(after: 12 * 3_600).plan
        #expect(plan.leaseChanges.isEmpty)
        #expect(
            plan.decisions.map { $0.verdict.name }
                == ["refused approval"] + (isStillWanted ? ["needs_approval approval"] : []))
        #expect(plan.decisions.first?.approval == offer.id && plan.decisions.first?.approvedBy == "cli:ann")
        guard case .refused(let refusal) = plan.decisions.first?.verdict else { return }
        #expect(refusal.text.contains("approved by cli:ann, but that expired at \(offer.expiresAt)"))
        #expect(later.guardian.approvals.map(\.state) == [.expired] + (isStillWanted ? [.waiting] : []))
        #expect(ApprovalTests.yes(&later, offer.id) == .tooLate(later.guardian.approvals[0]))
        #expect(later.run(60).flatMap(\.plan.decisions).isEmpty, "said once")
        // In the last moment of the offer it counts.
        world.now = offer.expiresAt - .seconds(11)
        #expect(world.tick().plan.decisions.map(\.verdict) == [.act])
    }

    @Test("an incident that is over takes its offers along")
    func withdrawn() throws {
        var world = try ApprovalTests.world()
        world.tick()
        world.runs("a", 1)
        world.tick()
        #expect(world.guardian.approvals.map(\.state) == [.withdrawn])
    }

    @Test(
        "handed over to a person: what waits on the incident is withdrawn, and nothing is offered that a yes could not begin",
        arguments: ["max_lease", "no_effect", "reverted"])
    func handedOver(_ cause: String) throws {
        var world = try ApprovalTests.world(
            """
              burning: {subject: app, when: active_runs > 5, for: 0s, clear_after: 0s, severity: warning, summary: s,
                        actions: [throttle: {concurrent_workflows: 2, ttl: 15m}], require_approval: [pause: {ttl: 15m}]}
            """)
        if cause == "no_effect" { world.apps[AppID("a")]?["run_starts[3m]"] = .value(9) }
        world.tick()
        let offer = try #require(world.guardian.approvals.first)
        #expect(offer.effect == .pause && world.guardian.leases.count == 1)
        if cause == "reverted" { _ = world.guardian.revert(world.guardian.leases[0].id, now: world.now) }
        world.run(2 * 3_600 + 60)
        #expect(world.guardian.leases.map(\.endReason) == [cause])
        #expect(world.guardian.approvals.map(\.state) == [.withdrawn])
        #expect(ApprovalTests.yes(&world, offer.id) == .tooLate(world.guardian.approvals[0]))
        let later = world.run(12 * 3_600)
        #expect(later.flatMap(\.plan.decisions).isEmpty && later.flatMap(\.plan.leaseChanges).isEmpty)
        #expect(world.guardian.approvals.allSatisfy { $0.state != .waiting })
        // Another incident of the same rule is another matter: a person is asked.
        world.runs("a", 1)
        world.run(3_600)
        world.runs("a", 9)
        #expect(world.run(60).flatMap(\.plan.decisions).contains { $0.approval != nil })
    }

    @Test("an action that a rule names twice is offered once, and not anew at every tick")
    func namedTwice() throws {
        var world = try ApprovalTests.world(
            mode: .suggest,
            """
              burning: {subject: app, when: active_runs > 5, for: 0s, clear_after: 0s, severity: warning, summary: s,
                        actions: [throttle: {concurrent_workflows: 2, ttl: 15m, only_if: runtime.websockets > 5},
                                  throttle: {concurrent_workflows: 1, ttl: 15m, only_if: runtime.websockets < 5}],
                        require_approval: [throttle: {concurrent_workflows: 3, ttl: 15m}]}
            """)
        world.runtime["websockets"] = .value(1)
        #expect(world.tick().plan.decisions.count == 1)
        #expect(world.run(600).flatMap(\.plan.decisions).isEmpty)
        let offer = try #require(world.guardian.approvals.first)
        #expect(world.guardian.approvals.count == 1 && offer.effect.limits?.concurrentWorkflows == 1)
        _ = ApprovalTests.yes(&world, offer.id)
        #expect(world.tick().plan.decisions.map(\.verdict) == [.act])
    }

    @Test("unknown, other action, twice, too short")
    func odd() throws {
        var world = try ApprovalTests.world()
        world.tick()
        let offer = try #require(world.guardian.approvals.first)
        #expect(ApprovalTests.yes(&world, "zzzz") == .unknown)
        #expect(ApprovalTests.yes(&world, String(offer.id.prefix(3))) == .unknown)
        #expect(ApprovalTests.yes(&world, "") == .unknown)
        #expect(ApprovalTests.yes(&world, offer.id, digest: String(repeating: "0", count: 64)) == .changed(offer))
        #expect(ApprovalTests.yes(&world, offer.id + "ffff") == .unknown)
        guard case .taken = ApprovalTests.yes(&world, String(offer.digest.prefix(12))) else {
            Issue.record("more of the digest names it too")
            return
        }
        #expect(ApprovalTests.yes(&world, offer.id) == .tooLate(world.guardian.approvals[0]))
    }

    @Test("what the blast radius and the third lease hold back is offered, and done on a yes")
    func offeredByOtherSteps() throws {
        var world = try ApprovalTests.saturated()
        let offer = try #require(world.guardian.approvals.first)
        #expect(offer.reason.step == .blastRadius && offer.key.app == AppID("d"))
        _ = ApprovalTests.yes(&world, offer.id)
        #expect(world.tick().plan.leaseChanges.map(\.lease.key.app) == [AppID("d")])
    }

    @Test("a document whose digest is not of its action is refused: a yes cannot be bent to another action")
    func forged() throws {
        var world = try ApprovalTests.world()
        world.tick()
        let text = world.guardian.document.serialized()
        let bent = text.replacing(
            #""limits":{"concurrent_workflows":2},"ttl":"15m","step""#, with: #""limits":{"concurrent_workflows":1},"ttl":"15m","step""#)
        #expect(bent != text)
        #expect(throws: DocumentError.self) { try GuardState(document: JSON(parsing: Array(bent.utf8))) }
    }
}
