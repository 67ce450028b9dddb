import DecisionKit
import Engine
import Model
import Testing

@testable import Guard

/// A tenant that stays noisy for six hours, and what a throttle on it may do in that time: not flap.
@Suite("Six hours of a noisy tenant")
struct SixHoursTests {
    /// How the tenant's runs answer to a throttle, tick by tick.
    struct Tenant: Sendable, CustomTestStringConvertible {
        let name: String
        /// The runs at a tick: `throttled` tells whether a lease is in force, `random` is uniform in 0..<1.
        let runs: @Sendable (_ throttled: Bool, _ second: Int, _ random: Double) -> Double?
        var testDescription: String { name }
    }

    static let tenants: [Tenant] = [
        Tenant(name: "a throttle takes all evidence away, and a backlog waits behind it") { throttled, _, _ in
            throttled ? 2 : 60
        },
        Tenant(name: "a throttle helps, but the tenant stays above the threshold") { throttled, _, _ in
            throttled ? 40 : 60
        },
        Tenant(name: "nothing enforces the throttle") { _, _, _ in 60 },
        Tenant(name: "around the threshold, throttled or not") { throttled, _, random in
            throttled ? 4 + random * 20 : 60
        },
        Tenant(name: "now and then above the threshold for minutes while throttled") { throttled, second, _ in
            throttled ? (second / 400 % 3 == 0 ? 40 : 2) : 60
        },
        Tenant(name: "pauses of six minutes in every half hour") { throttled, second, _ in
            second % 1_800 < 360 ? 2 : throttled ? 30 : 60
        },
        Tenant(name: "evidence with holes") { throttled, _, random in random < 0.3 ? nil : throttled ? 30 : 60 },
        Tenant(name: "evidence is lost whenever it is throttled") { throttled, _, _ in throttled ? nil : 60 },
    ]

    static func world(mode: String = "enforce", actions: String = "") throws -> World {
        var world = try World(
            rules: """
                  noisy-neighbor:
                    subject: app
                    when: active_runs > 15 and runtime.active_apps >= 3
                    for: 5m
                    clear_after: 2m
                    severity: warning
                    summary: s
                    actions: [throttle: {concurrent_workflows: 2, ttl: 15m}\(actions)]
                """)
        world.context.mode = .enforce
        world.context.landable = [.throttle, .pause, .disablePack]
        world.runtime = ["active_apps": .value(12)]
        return world
    }

    @Test("at most one change of the throttle in the last four hours, whatever the tenant does", arguments: tenants)
    func doesNotFlap(_ tenant: Tenant) throws {
        do {
            var numbers = Numbers(seed: 1)
            var world = try SixHoursTests.world()
            var changes: [(second: Int, change: LeaseChange)] = []
            for step in 0..<(6 * 180) {
                let isThrottled = world.guardian.leases.contains(where: \.isActive)
                let random = Double(numbers.next() % 1_000) / 1_000
                let runs = tenant.runs(isThrottled, step * 20, random)
                world.apps[AppID("a")] = [
                    "active_runs": runs.map { .value($0) } ?? .missing(.unreachable),
                    // Starts follow the runs: what a throttle acts on falls with them.
                    "run_starts[3m]": runs.map { .value($0 / 4) } ?? .missing(.unreachable),
                ]
                changes += world.tick(after: 20).plan.leaseChanges.map { (step * 20, $0) }
            }
            #expect(changes.contains { $0.change.kind == .intend }, "it was acted upon at all")
            let late = changes.filter { $0.second >= 2 * 3_600 }
            #expect(late.count <= 1, "\(changes.map { "\($0.second / 60)m \($0.change.kind) \($0.change.reason)" })")
            #expect(late.allSatisfy { $0.change.kind == .end })
            #expect(!world.guardian.leases.contains { $0.isActive }, "nothing lasts without a person")
        }
    }

    @Test("a row of leases lasts no longer than one lease may; then a person is asked")
    func row() throws {
        var world = try SixHoursTests.world()
        var asked: [ActionDecision] = []
        for step in 0..<(6 * 180) {
            let isThrottled = world.guardian.leases.contains(where: \.isActive)
            // An hour and twenty minutes of noise under the throttle, then a break that ends the lease.
            let isBreak = step * 20 > 80 * 60 && step * 20 < 95 * 60
            world.apps[AppID("a")] = ["active_runs": .value(isBreak ? 2 : 60), "run_starts[3m]": .value(isThrottled ? 1 : 9)]
            asked += world.tick(after: 20).plan.decisions.filter { if case .needsApproval = $0.verdict { true } else { false } }
        }
        let rows = world.guardian.rows(LeaseKey(kind: .throttle, runtime: "shared", app: AppID("a")), pretends: false)
        #expect(rows.allSatisfy { $0.length <= .hours(2) })
        #expect(world.guardian.leases.count <= 2)
    }
}
