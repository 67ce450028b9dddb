import DecisionKit
import Engine
import Model
import Policy
import Testing

@testable import Guard

/// No action on the strength of another fault; and a restart is no way out of an action.
@Suite("Other faults")
struct TroubleTests {
    /// A fault of the runtime itself, and what it does to readings.
    struct Fault: Sendable, CustomTestStringConvertible {
        let name: String
        /// How the refusal names it.
        let words: String
        let begin: @Sendable (inout World) -> Void
        let end: @Sendable (inout World) -> Void
        var testDescription: String { name }
    }

    /// A rule that asks for an action on a tenant.
    struct Asking: Sendable, CustomTestStringConvertible {
        let name: String
        let rule: String
        var testDescription: String { name }
    }

    static let faults: [Fault] = [
        Fault(
            name: "down", words: "shared answered nobody",
            begin: { world in
                world.runtime["up"] = .value(0)
                world.blind(.unreachable)
            }, end: { $0.sighted() }),
        Fault(
            name: "hang", words: "the health check of shared failed",
            begin: { world in
                world.runtime["healthy"] = .missing(.unreachable)
                world.blind(.unreachable)
            }, end: { $0.sighted() }),
        Fault(
            name: "MongoDB down, figures go on", words: "the health check of shared failed",
            begin: { $0.runtime["healthy"] = .value(0) }, end: { $0.sighted() }),
        Fault(
            name: "figures missing", words: "the figures of shared did not come",
            begin: { $0.blind(.error(status: 500)) }, end: { $0.sighted() }),
        Fault(
            name: "one process of two is not read", words: "the figures of shared did not come",
            begin: { $0.blind(.partial) }, end: { $0.sighted() }),
        Fault(
            name: "a rule that keeps another tenant's rule quiet", words: "provider held on shared",
            begin: { $0.runtime["websockets"] = .value(9) }, end: { $0.runtime["websockets"] = .value(1) }),
    ]

    static let asking: [Asking] = [
        Asking(name: "throttle", rule: "subject: app, when: active_runs > 5, actions: [throttle: {concurrent_workflows: 2, ttl: 15m}]"),
        Asking(name: "pause", rule: "subject: app, when: active_runs > 5, actions: [pause: {ttl: 15m}]"),
        Asking(name: "disable_pack", rule: "subject: app, when: active_runs > 5, actions: [disable_pack: {pack: Gen, ttl: 15m}]"),
        Asking(
            name: "offered to a person",
            rule: "subject: app, when: active_runs > 5, require_approval: [throttle: {concurrent_workflows: 1, ttl: 30m}]"),
        Asking(
            name: "a rule on the runtime that picks",
            rule: "subject: runtime, when: active_runs > 50, actions: [pause: {apps: \"top(1, active_runs)\", ttl: 10m}]"),
        Asking(
            name: "over a window",
            rule: "subject: app, when: \"run_starts[5m] > 3/min\", actions: [throttle: {concurrent_workflows: 2, ttl: 15m}]"),
    ]

    static func world(_ asking: Asking) throws -> World {
        var world = try World(
            rules: """
                  noisy: {\(asking.rule), for: 0s, severity: warning, summary: s}
                  quieted: {subject: app, when: "active_runs > 1000", for: 0s, severity: info, summary: s}
                  provider: {subject: runtime, when: websockets > 5, for: 0s, severity: critical, summary: s, suppresses: [quieted]}
                """)
        world.context.mode = .enforce
        world.context.landable = [.throttle, .pause, .disablePack]
        world.sighted()
        world.load(1)
        return world
    }

    @Test("nobody is acted upon while the runtime has another fault, nor for what piled up", arguments: faults, asking)
    func pairs(_ fault: Fault, _ asking: Asking) throws {
        var world = try TroubleTests.world(asking)
        world.run(60)
        fault.begin(&world)
        world.run(60)
        // What piled up shows as soon as it can be seen again.
        fault.end(&world)
        world.load(9)
        let after = world.run(9 * 60).map(\.plan)
        #expect(after.flatMap(\.leaseChanges).isEmpty && world.guardian.approvals.isEmpty)
        let refusals = after.flatMap(\.decisions).compactMap { decision -> Refusal? in
            if case .refused(let refusal) = decision.verdict { refusal } else { nil }
        }
        #expect(refusals.map(\.step) == [.otherFault], "told once: \(refusals)")
        #expect(refusals.first?.text.hasPrefix(fault.words) == true, "\(refusals)")
        // It is still so long after: then it is the tenant's.
        let later = world.run(3 * 60).flatMap(\.plan.decisions)
        #expect(later.map { $0.verdict.name } == [asking.name.hasPrefix("offered") ? "needs_approval approval" : "act"])
    }

    @Test("while it lasts nothing is done either", arguments: faults, asking)
    func meanwhile(_ fault: Fault, _ asking: Asking) throws {
        var world = try TroubleTests.world(asking)
        world.run(60)
        fault.begin(&world)
        world.load(9)
        fault.begin(&world)
        #expect(world.run(20 * 60).flatMap(\.plan.leaseChanges).isEmpty && world.guardian.approvals.isEmpty)
    }

    @Test(
        "one lost answer is no fault: it acts at the next",
        arguments: faults.filter { $0.name != "a rule that keeps another tenant's rule quiet" })
    func blip(_ fault: Fault) throws {
        var world = try TroubleTests.world(TroubleTests.asking[0])
        world.run(60)
        fault.begin(&world)
        world.tick()
        fault.end(&world)
        world.load(9)
        #expect(world.tick().plan.decisions.map(\.verdict) == [.act])
    }

    @Test("health that fails every other poll is a fault")
    func flapping() throws {
        var world = try TroubleTests.world(TroubleTests.asking[0])
        for step in 0..<12 {
            world.runtime["healthy"] = .value(step.isMultiple(of: 2) ? 0 : 1)
            world.tick()
        }
        world.runtime["healthy"] = .value(1)
        world.load(9)
        #expect(world.tick().plan.decisions.map { $0.verdict.name } == ["refused other_fault"])
    }

    @Test("a lease is not extended for how things look after a fault: it runs out")
    func extends() throws {
        var world = try TroubleTests.world(TroubleTests.asking[0])
        world.load(9)
        world.tick()
        world.run(10 * 60)
        world.runtime["healthy"] = .value(0)
        world.run(2 * 60)
        world.runtime["healthy"] = .value(1)
        let plans = world.run(4 * 60).map(\.plan)
        #expect(plans.flatMap(\.leaseChanges).map(\.reason) == ["expired"])
        #expect(plans.flatMap(\.decisions).contains { $0.verdict.name == "refused other_fault" })
    }

    @Test("survives a restart of the monitor")
    func document() throws {
        var world = try TroubleTests.world(TroubleTests.asking[0])
        world.load(9)
        world.tick()
        for fault in TroubleTests.faults { fault.begin(&world) }
        world.run(60)
        let read = try GuardState(document: world.guardian.document)
        #expect(read == world.guardian && !read.troubles.isEmpty && !read.due.isEmpty)
    }

    @Test("the shipped rules: what is a cause, and that each of them keeps no tenant's action")
    func shipped() throws {
        let policies = try PolicyLoader.load(files: []).get()
        let causes = policies.causes
        for name in [
            "runtime-down", "runtime-unauthorized", "runtime-unhealthy", "perf-poisoned", "perf-unreadable", "provider-trouble",
            "provider-silent",
        ] {
            #expect(causes.contains(name), "\(name)")
        }
        #expect(!causes.contains("runtime-saturated"), "what tenants do together is no fault of another kind")
    }

    // MARK: - What it brought about

    @Test("runs that rose are not held to have fallen, though they are within the limit")
    func rose() throws {
        var world = try LeaseTests.world(
            "  noisy: {subject: app, when: active_runs > 3, for: 0s, severity: warning, summary: s, actions: [throttle: {concurrent_workflows: 5, ttl: 15m}]}"
        )
        world.apps[AppID("a")] = ["active_runs": .value(4), "run_starts[3m]": .value(1)]
        world.tick()
        world.apps[AppID("a")] = ["active_runs": .value(5), "run_starts[3m]": .value(1)]
        let found = world.run(15 * 60).flatMap(\.plan.verifications).map(\.verification)
        #expect(found.map(\.outcome) == [.unknown], "\(found)")
    }

    @Test("the others came back, so that the condition is over: that is not the action's doing")
    func othersCame() throws {
        var world = try LeaseTests.world(
            "  noisy: {subject: app, when: active_runs > 3 and runtime.active_runs < 50, for: 0s, severity: warning, summary: s, actions: [throttle: {concurrent_workflows: 2, ttl: 15m}]}"
        )
        world.runtime["active_runs"] = .value(20)
        world.apps[AppID("a")] = ["active_runs": .value(20), "run_starts[3m]": .value(12)]
        world.tick()
        world.runtime["active_runs"] = .value(80)
        world.apps[AppID("a")] = ["active_runs": .value(20), "run_starts[3m]": .value(5)]
        let found = world.run(15 * 60).flatMap(\.plan.verifications).map(\.verification)
        #expect(found.map(\.outcome) == [.unknown], "\(found)")
    }

    @Test("a restart within the time of an action: what fell then is not its doing")
    func restarted() throws {
        var world = try LeaseTests.world()
        world.apps[AppID("a")] = ["active_runs": .value(20), "run_starts[3m]": .value(12)]
        world.tick()
        world.context.restartedAt = world.now + .seconds(30)
        world.apps[AppID("a")] = ["active_runs": .value(0), "run_starts[3m]": .value(0)]
        let found = world.run(5 * 60).flatMap(\.plan.verifications).map(\.verification)
        #expect(found.map(\.outcome) == [.unknown] && found.first?.text.contains("restarted") == true, "\(found)")
    }

    @Test("a gate that nobody asks holds nobody: unknown; one that is asked is judged", arguments: [false, true])
    func gate(isAsked: Bool) throws {
        var world = try LeaseTests.world()
        world.context.landsAtGateOnly = true
        world.apps[AppID("a")] = ["active_runs": .value(20), "run_starts[3m]": .value(12)]
        world.tick()
        world.apps[AppID("a")] = ["active_runs": .value(2), "run_starts[3m]": .value(1)]
        if isAsked { world.apps[AppID("a")]?["gate_starts[1m]"] = .value(6) }
        let found = world.run(15 * 60).flatMap(\.plan.verifications).map(\.verification)
        #expect(found.map(\.outcome) == [isAsked ? .effective : .unknown], "\(found)")
        if !isAsked { #expect(found.first?.text.contains("neither a proxy nor the extension has asked the gate about a") == true) }
    }

    @Test("what fired mostly unseen holds nobody back until more of it was seen than not")
    func unseen() throws {
        var world = try LeaseTests.world(
            "  noisy: {subject: app, when: active_runs > 3, for: 30s, severity: warning, summary: s, actions: [throttle: {concurrent_workflows: 2, ttl: 15m}]}"
        )
        world.tick()
        world.apps[AppID("a")] = ["active_runs": .missing(.contradictory)]
        world.run(40)
        world.runs("a", 6)
        let fired = world.tick()
        #expect(fired.outcome.opened.count == 1 && fired.plan.decisions.map { $0.verdict.name } == ["refused evidence"])
        #expect(world.run(30).flatMap(\.plan.leaseChanges).isEmpty)
        #expect(world.run(40).flatMap(\.plan.leaseChanges).map(\.kind) == [.intend])
    }

    @Test(
        "figures that contradict each other shield nobody who is above the bar whoever the ghosts are",
        arguments: [(6.0, true), (3.0, false)])
    func floor(least: Double, isHeld: Bool) throws {
        var world = try LeaseTests.world(
            "  noisy: {subject: app, when: active_runs > 3, for: 30s, severity: warning, summary: s, actions: [throttle: {concurrent_workflows: 2, ttl: 15m}]}"
        )
        world.apps[AppID("a")] = ["active_runs": .missing(.contradictory)]
        world.floors[AppID("a")] = ["active_runs": least]
        #expect(world.run(60).flatMap(\.plan.leaseChanges).map(\.kind) == (isHeld ? [.intend] : []))
    }

    @Test("figures that contradicted each other came: nobody is excused once they agree", arguments: [false, true])
    func contradiction(isLost: Bool) throws {
        var world = try LeaseTests.world(
            "  noisy: {subject: app, when: active_runs > 3, for: 30s, severity: warning, summary: s, actions: [throttle: {concurrent_workflows: 2, ttl: 15m}]}"
        )
        world.runs("a", 1)
        world.tick()
        world.blind(isLost ? .unreachable : .contradictory)
        #expect(world.run(90).flatMap(\.plan.leaseChanges).isEmpty)
        world.sighted()
        world.runs("a", 6)
        let plans = world.run(60).map(\.plan)
        #expect(plans.flatMap(\.leaseChanges).map(\.kind) == (isLost ? [] : [.intend]))
        let refused = plans.flatMap(\.decisions).map(\.verdict.name)
        #expect(isLost == refused.contains("refused other_fault"), "\(refused)")
    }

    @Test("what the gate refused was asked: known at the next poll, unless an earlier lease may have refused it", arguments: [false, true])
    func refused(hadOther: Bool) throws {
        var world = try LeaseTests.world()
        world.context.landsAtGateOnly = true
        world.apps[AppID("a")] = ["active_runs": .value(20), "run_starts[3m]": .value(12)]
        world.tick()
        let lease = try #require(world.guardian.leases.first)
        if hadOther {
            let over = lease.createdAt - .seconds(5)
            world.guardian.leases.append(
                Lease(
                    id: "lease-before", key: LeaseKey(kind: .pause, runtime: lease.key.runtime, app: lease.key.app, pack: nil),
                    effect: .pause, holders: [], createdAt: over - .minutes(10), expiresAt: over, state: .ended, shadow: false,
                    endedAt: over))
        }
        world.apps[AppID("a")] = ["active_runs": .value(20), "gate_starts[1m]": .value(6), "gate_refusals[1m]": .value(4)]
        let soon = world.run(30).flatMap(\.plan.asked)
        #expect(soon.count == (hadOther ? 0 : 1), "\(soon)")
        let later = world.run(60).flatMap(\.plan.asked)
        #expect(later.count == (hadOther ? 1 : 0), "\(later)")
    }
}

extension World {
    /// Nothing of tenants is known.
    mutating func blind(_ reason: MissingReason) {
        runtime["active_apps"] = .missing(reason)
        runtime["active_runs"] = .missing(reason)
        for app in apps.keys { apps[app] = ["active_runs": .missing(reason), "run_starts[5m]": .missing(reason)] }
    }

    /// Everything is known again, and quiet.
    mutating func sighted() {
        runtime["up"] = .value(1)
        runtime["healthy"] = .value(1)
        runtime["active_apps"] = .value(30)
        load(1)
    }

    /// So many runs of one tenant, and as much of everything else.
    mutating func load(_ runs: Double) {
        runtime["active_runs"] = .value(10 * runs)
        apps[AppID("a")] = ["active_runs": .value(runs), "run_starts[5m]": .value(runs)]
    }
}
