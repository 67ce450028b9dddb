import DecisionKit
import Engine
import Model
import Testing

@testable import Guard

/// A throttle that everything allows, and for each step of the guard something that makes it refuse.
@Suite("The order of the guard")
struct GuardOrderTests {
    struct Setup {
        var allowed = "notify, throttle"
        var needsApproval = false
        var changes: [(inout World) -> Void] = []

        func world() throws -> World {
            let throttle = "throttle: {concurrent_workflows: 2, ttl: 15m, only_if: runtime.websockets > 5}"
            var world = try World(
                rules: """
                      noisy:
                        subject: app
                        when: active_runs > 5 or errors > 1/min
                        for: 0s
                        severity: warning
                        summary: s
                        \(needsApproval ? "require_approval" : "actions"): [\(throttle)]
                    """, allowed: allowed)
            world.runtime = ["active_apps": .value(30), "websockets": .value(6)]
            world.apps = [AppID("a"): ["active_runs": .value(6), "errors[5m]": .value(0)]]
            world.context.mode = .enforce
            world.context.landable = [.throttle]
            for change in changes { change(&world) }
            return world
        }
    }

    struct Breaker: Sendable, CustomTestStringConvertible {
        let name: String
        /// The step that refuses; nil for the ones that do not refuse.
        let expected: String
        let apply: @Sendable (inout Setup) -> Void
        var testDescription: String { name }

        init(_ name: String, _ expected: String, _ apply: @escaping @Sendable (inout Setup) -> Void) {
            self.name = name
            self.expected = expected
            self.apply = apply
        }

        /// A breaker that changes the world.
        static func world(
            _ name: String, _ expected: String, _ change: @escaping @Sendable (inout World) -> Void
        ) -> Breaker {
            Breaker(name, expected) { $0.changes.append(change) }
        }
    }

    /// In the guard's order.
    static let breakers: [Breaker] = [
        .world("stopped", "refused kill_switch") { $0.context.killFile = true },
        Breaker("not in allowed_actions", "refused not_allowed") { $0.allowed = "notify" },
        .world("protected", "refused protected") { $0.context.options.protected = [AppID("a")] },
        .world("the only active app", "refused only_active_app") { $0.runtime["active_apps"] = .value(1) },
        .world("lost evidence", "refused evidence") { world in
            world.apps[AppID("a")]?["errors[5m]"] = .missing(.partial)
        },
        .world("only_if false", "refused only_if") { $0.runtime["websockets"] = .value(5) },
        .world("in force for another, more strictly", "already_in_force") { world in
            world.guardian.leases.append(lease("a", .throttle(Limits(concurrentWorkflows: 1)), begun: 170, ended: nil))
        },
        .world("handed over after the longest lease", "refused max_lease") { world in
            let incident =
                Fingerprint.of(rule: "noisy", subject: .app(AppID("a"), runtime: "shared"))
                + "-\((World.start + .seconds(10)).milliseconds)"
            world.guardian.handedOver[incident] = .init(cause: .maxLease, shadow: false, at: World.start)
        },
        .world("cool-down", "refused cooldown") { world in
            world.guardian.leases.append(lease("a", throttle, begun: 190, ended: 5))
        },
        .world("three actions on the app within the hour", "refused budget") { world in
            for index in 0..<3 { world.guardian.leases.append(lease("a", .pause, begun: 50 - index, ended: 40)) }
        },
        .world("ten actions within the hour", "refused budget") { world in
            for index in 0..<10 {
                world.guardian.leases.append(lease("b\(index)", .pause, begun: 50 - index, ended: 40))
            }
        },
        .world("a tenth of the active apps under action", "refused blast_radius") { world in
            for app in ["x", "y", "z"] { world.guardian.leases.append(lease(app, .pause, begun: 110, ended: nil)) }
        },
        .world("ten incidents within two minutes", "refused storm") { world in
            world.guardian.openings = Array(repeating: World.start, count: 9)
        },
        .world("a third lease within a day", "needs_approval flap") { world in
            for index in 0..<2 {
                world.guardian.leases.append(lease("a", throttle, begun: 1_300 - index, ended: 1_200))
            }
        },
        .world("the runtime restarted", "refused quiet_period") { $0.context.restartedAt = World.start - .minutes(9) },
        Breaker("the policy asks for approval", "needs_approval approval") { $0.needsApproval = true },
        .world("observe", "would_have") { $0.context.mode = .observe },
        .world("no adapter", "refused no_adapter") { $0.context.landable = [.pause] },
    ]

    static let throttle = Effect.throttle(Limits(concurrentWorkflows: 2))

    /// A lease that began and ended so many minutes before the start; nil: still in force.
    static func lease(_ app: String, _ effect: Effect, begun: Int, ended: Int?) -> Lease {
        let key = LeaseKey(kind: effect.kind, runtime: "shared", app: AppID(app))
        let begun = World.start - .minutes(begun)
        let end = ended.map { World.start - .minutes($0) }
        return Lease(
            id: GuardState.leaseID(key, incident: "other", begun), key: key, effect: effect,
            holders: [.init(incident: "other", effect: effect, ttl: .minutes(10))], createdAt: begun,
            expiresAt: end ?? World.start + .minutes(30), state: end == nil ? .inForce : .ended, shadow: false,
            endReason: end == nil ? nil : "expired", endedAt: end)
    }

    static func answer(_ setup: Setup) throws -> [String] {
        var world = try setup.world()
        return world.tick().plan.decisions.map { $0.verdict.name }
    }

    @Test("where nothing is in the way it acts")
    func acts() throws {
        #expect(try GuardOrderTests.answer(Setup()) == ["act"])
    }

    @Test("each step refuses by itself", arguments: breakers)
    func alone(_ breaker: Breaker) throws {
        var setup = Setup()
        breaker.apply(&setup)
        #expect(try GuardOrderTests.answer(setup) == [breaker.expected])
    }

    @Test("of several that refuse the earlier one answers", arguments: breakers.indices)
    func earlierWins(_ first: Int) throws {
        var setup = Setup()
        for breaker in GuardOrderTests.breakers[first...] { breaker.apply(&setup) }
        // All from there on, observe among them: who would be asked is not.
        let expected = GuardOrderTests.breakers[first].expected.replacing("needs_approval", with: "would_have")
        #expect(try GuardOrderTests.answer(setup) == [expected])
    }

    @Test("observe: what would need a person's yes is said, and offered to nobody")
    func observeAsksNobody() throws {
        var setup = Setup(needsApproval: true)
        setup.changes.append { $0.context.mode = .observe }
        var world = try setup.world()
        let decisions = world.tick().plan.decisions
        #expect(decisions.map { $0.verdict.name } == ["would_have approval"])
        #expect(decisions.allSatisfy { $0.approval == nil && $0.until == nil && $0.lease == nil })
        #expect(world.guardian.waitingApprovals(at: world.now).isEmpty && world.guardian.leases.isEmpty)
    }

    @Test("suggest: everything waits for approval")
    func suggest() throws {
        var setup = Setup()
        setup.changes.append { $0.context.mode = .suggest }
        #expect(try GuardOrderTests.answer(setup) == ["needs_approval approval"])
    }

    @Test("each refusal has a sentence that names what it is about")
    func texts() throws {
        for breaker in GuardOrderTests.breakers {
            var setup = Setup()
            breaker.apply(&setup)
            var world = try setup.world()
            for decision in world.tick().plan.decisions {
                if case .refused(let refusal) = decision.verdict {
                    #expect(refusal.text.utf8.count > 10, "\(breaker.name)")
                }
            }
        }
    }

    struct Gap: Sendable, CustomTestStringConvertible {
        let condition: String
        let errors: Evidence
        let expected: String
        var testDescription: String { "\(condition) with errors \(errors)" }
    }

    @Test(
        "a dead counter that decides nothing holds nothing back; a condition about missing evidence never acts",
        arguments: [
            Gap(condition: "active_runs > 5 or errors > 1/min", errors: .missing(.deadCounter), expected: "act"),
            Gap(condition: "active_runs > 5 or errors > 1/min", errors: .missing(.noTraffic), expected: "act"),
            Gap(condition: "active_runs > 5 or errors > 1/min", errors: .missing(.stale), expected: "refused evidence"),
            Gap(
                condition: "active_runs > 5 and missing(errors)", errors: .missing(.deadCounter),
                expected: "refused evidence"),
        ])
    func gaps(_ gap: Gap) throws {
        var world = try World(
            rules: """
                  noisy: {subject: app, when: "\(gap.condition)", for: 0s, severity: info, summary: s,
                          actions: [throttle: {concurrent_workflows: 2, ttl: 15m}]}
                """)
        world.runtime = ["active_apps": .value(30)]
        world.apps = [AppID("a"): ["active_runs": .value(6), "errors[5m]": gap.errors]]
        world.context.mode = .enforce
        world.context.landable = [.throttle]
        let plan = world.tick().plan
        #expect(plan.decisions.map { $0.verdict.name } == [gap.expected])
    }

    @Test(
        "what lands only after a yes waits for one",
        arguments: [
            (Mode.enforce, false, "needs_approval approval"), (.enforce, true, "act"), (.suggest, false, "needs_approval approval"),
            (.observe, false, "would_have"),
        ])
    func onApproval(mode: Mode, landsElsewhere: Bool, expected: String) throws {
        var world = try World(
            rules: """
                  noisy: {subject: app, when: "active_runs > 5", for: 0s, severity: info, summary: s, actions: [pause: {ttl: 15m}]}
                """)
        world.runtime = ["active_apps": .value(30)]
        world.apps = [AppID("a"): ["active_runs": .value(6)]]
        world.context.mode = mode
        world.context.landable = landsElsewhere ? [.pause] : []
        world.context.landableOnApproval = [LeaseKey(kind: .pause, runtime: "shared", app: AppID("a")): "nothing else ends it"]
        let decisions = world.tick().plan.decisions
        #expect(decisions.map { $0.verdict.name } == [expected])
        if expected.hasPrefix("needs"), mode == .enforce, case .needsApproval(let refusal) = decisions.first?.verdict {
            #expect(refusal.text.contains("nothing else ends it"))
        }
    }
}
