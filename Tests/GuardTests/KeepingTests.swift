import DecisionKit
import Engine
import Model
import Testing

@testable import Guard

/// Limits that are in force and not kept: what runs goes on, but nothing further begins.
@Suite("Limits that are not kept")
struct KeepingTests {
    private static let pause =
        "  noisy: {subject: app, when: active_runs > 5, for: 0s, severity: warning, summary: s, actions: [pause: {ttl: 15m}]}"
    private static let rate =
        "  noisy: {subject: app, when: active_runs > 5, for: 0s, severity: warning, summary: s, actions: [throttle: {requests_per_minute: 10, ttl: 15m}]}"

    /// Ten seconds a step; how many runs are active, and starts a minute, nil where that is not known.
    private func found(
        _ world: inout World, minutes: Int, _ figures: (_ step: Int) -> (runs: Double?, starts: Double?)
    ) -> [(minute: Int, Verification)] {
        var found: [(minute: Int, Verification)] = []
        for step in 1...(minutes * 6) {
            let (runs, starts) = figures(step)
            world.apps[AppID("a")] = [
                "active_runs": runs.map { .value($0) } ?? .missing(.stale),
                "run_starts[3m]": starts.map { .value($0) } ?? .missing(.tooLittleData),
                "gate_refusals[1m]": .value(60), "gate_starts[1m]": .value(60),
            ]
            found += world.tick().plan.verifications.map { (step / 6, $0.verification) }
        }
        return found
    }

    @Test("runs grow far beyond the limit while the gate refuses: questioned, taken back, and never extended")
    func grows() throws {
        var world = try LeaseTests.world()
        world.context.landsAtGateOnly = true
        world.apps[AppID("a")] = ["active_runs": .value(8)]
        let lease = try #require(world.tick().plan.leaseChanges.first?.lease)
        // As in the first minutes of a monitor: what was before is not known.
        let found = found(&world, minutes: 20) { (8 + Double($0), nil) }
        #expect(found.map(\.1.outcome) == [.noEffect])
        let (minute, finding) = try #require(found.first)
        #expect(minute <= 5 && finding.lease == lease.id)
        #expect(
            finding.text.hasPrefix("not kept: active_runs 9 → ")
                && finding.text.contains("under a limit of 2 runs at once; the gate refuses 60/min of its starts"),
            "\(finding.text)")
        #expect(world.guardian.leases.map(\.endReason) == ["no_effect"] && world.guardian.leases[0].extensions == 0)
        #expect(world.guardian.holds.isEmpty && world.guardian.handedOver.count == 1)
    }

    @Test("runs stay where they were, far above the limit, and go on to begin: questioned without anything known of before")
    func stays() throws {
        var world = try LeaseTests.world()
        world.apps[AppID("a")] = ["active_runs": .value(8)]
        world.tick()
        let found = found(&world, minutes: 20) { ($0 % 2 == 0 ? 8 : 9, $0 < 4 ? nil : 30) }
        #expect(found.map(\.1.outcome) == [.noEffect])
        #expect(
            found.first?.1.text.hasPrefix(
                "not kept: never fewer than 8 active runs in 8m under a limit of 2 runs at once, and run_starts 30/min") == true, "\(found)"
        )
    }

    @Test("it worked at first, and later does not hold any more")
    func later() throws {
        var world = try LeaseTests.world()
        world.apps[AppID("a")] = ["active_runs": .value(20), "run_starts[3m]": .value(12)]
        world.tick()
        let found = found(&world, minutes: 14) { $0 < 48 ? (6, 1) : (6 + Double($0 - 48), 20) }
        #expect(found.map(\.1.outcome) == [.effective, .noEffect], "\(found)")
    }

    @Test("a pause and a limit of starts, while runs begin", arguments: [pause, rate])
    func starts(rule: String) throws {
        var world = try LeaseTests.world(rule)
        world.apps[AppID("a")] = ["active_runs": .value(8)]
        world.tick()
        let found = found(&world, minutes: 14) { _ in (7, 30) }
        #expect(found.map(\.1.outcome) == [.noEffect])
        #expect(
            found.first?.1.text.hasPrefix("not kept: ") == true && found.first?.1.text.contains("run_starts 30/min") == true, "\(found)")
    }

    struct Held: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var rule = LeaseTests.rule
        let figures: @Sendable (Int) -> (runs: Double?, starts: Double?)
    }

    static let held = [
        Held(testDescription: "what ran drains") { (max(6, 60 - Double($0)), 0) },
        Held(testDescription: "up to the limit they come back") { (Double($0 % 3), 30) },
        Held(testDescription: "what ran goes on for ever") { _ in (40, 0) },
        Held(testDescription: "a few above the limit at once") { (Double(2 + $0 % 2), 30) },
        // A gate that was away for some seconds let them through, and that is over.
        Held(testDescription: "a burst, which drains") { $0 < 20 ? (7, 0) : (57 - Double($0 - 20) / 2, $0 < 38 ? 17 : 0) },
        // The gate lets through what it cannot count.
        Held(testDescription: "the figures are away while runs begin") {
            (12...20).contains($0) ? (nil, nil) : $0 < 12 ? (7, 0) : (90, nil)
        },
        Held(testDescription: "under a pause what runs goes on, and the mean of its starts fades", rule: pause) {
            (9, max(0, 30 - 2 * Double($0)))
        },
        Held(testDescription: "starts are within their limit", rule: rate) { _ in (30, 9) },
    ]

    @Test("what is kept is not questioned", arguments: held)
    func kept(_ given: Held) throws {
        var world = try LeaseTests.world(given.rule)
        world.context.landsAtGateOnly = true
        world.apps[AppID("a")] = ["active_runs": .value(8)]
        world.tick()
        let found = found(&world, minutes: 14, given.figures)
        #expect(found.allSatisfy { !$0.1.text.hasPrefix("not kept") }, "\(found)")
    }

    @Test("a gate that nobody asks, a restart of the runtime, a monitor that was away, and rare figures question nothing", arguments: 0..<4)
    func notSeen(what: Int) throws {
        var world = try LeaseTests.world()
        world.context.landsAtGateOnly = what == 0
        if what == 3 { world.context.perfInterval = .minutes(3) }
        world.apps[AppID("a")] = ["active_runs": .value(8)]
        world.tick()
        for step in 1...30 {
            if what == 1, step % 12 == 0 { world.context.restartedAt = world.now }
            if what == 2, step % 12 == 0 { world.now = world.now + .minutes(2) }
            world.apps[AppID("a")] = ["active_runs": .value(8 + Double(step))]
            let found = world.tick().plan.verifications
            #expect(found.allSatisfy { !$0.verification.text.hasPrefix("not kept") }, "\(found)")
        }
    }

    @Test("what is seen of a limit is the same after a restart of the monitor")
    func document() throws {
        var world = try LeaseTests.world()
        world.tick()
        world.tick()
        let read = try GuardState(document: world.guardian.document)
        #expect(read.holds == world.guardian.holds && read.holds.count == 1)
    }
}
