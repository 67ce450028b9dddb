import DecisionKit
import Engine
import Guard
import JSONParsing
import Model
import Testing

/// Random histories, each from a seed: what must hold for all of them.
@Suite("Random histories")
struct HistoryTests {
    static let rules = """
          provider: {subject: runtime, when: "silent_runs.share > 50%", for: 20s, clear_after: 20s, severity: critical,
                     summary: s, suppresses: [noisy]}
          saturated: {subject: runtime, when: "active_runs > 100", for: 20s, clear_after: 20s, severity: critical,
                      summary: s, actions: [pause: {apps: "top(2, active_runs)", ttl: 2m}]}
          noisy: {subject: app, when: "active_runs > 5", for: 20s, clear_after: 20s, severity: warning, summary: s,
                  actions: [throttle: {concurrent_workflows: 2, ttl: 3m, only_if: runtime.websockets > 5}]}
          hog: {subject: app, when: "open_runs > 5 or errors > 3/min", for: 0s, clear_after: 10s, severity: info,
                summary: s, actions: [throttle: {concurrent_workflows: 1, requests_per_minute: 20, ttl: 5m}]}
        """

    /// A world that wanders: readings jump, go missing, come back; some ticks observe nothing, some come late.
    struct Walk {
        var world: World
        var numbers: Numbers

        init(seed: UInt64, mode: Mode) throws {
            world = try World(rules: HistoryTests.rules)
            world.context.mode = mode
            world.context.landable = [.throttle, .pause]
            world.context.options.cooldown = .minutes(1)
            world.context.options.leasesPerDay = 5
            numbers = Numbers(seed: seed)
        }

        mutating func evidence(_ limit: Double) -> Evidence {
            switch Int.random(in: 0..<12, using: &numbers) {
            case 0: .missing(.unreachable)
            case 1: .missing(.noTraffic)
            case 2: .missing(.deadCounter)
            default: .value(Double(Int.random(in: 0...Int(limit * 2), using: &numbers)))
            }
        }

        mutating func step() -> (outcome: TickOutcome, plan: Plan) {
            if Int.random(in: 0..<3, using: &numbers) == 0 {
                world.runtime["active_runs"] = evidence(100)
                world.runtime["silent_runs.share[5m]"] = evidence(30)
                world.runtime["websockets"] = evidence(8)
                world.runtime["active_apps"] = .value(Double(Int.random(in: 1...40, using: &numbers)))
            }
            for app in ["a", "b", "c", "d", "e", "f"] where Int.random(in: 0..<6, using: &numbers) == 0 {
                world.apps[AppID(app)] = [
                    "active_runs": evidence(6), "open_runs": evidence(4), "errors[5m]": evidence(2),
                ]
            }
            if Int.random(in: 0..<200, using: &numbers) == 0 { world.context.restartedAt = world.now }
            if Int.random(in: 0..<100, using: &numbers) == 0 { world.context.killFile.toggle() }
            if Int.random(in: 0..<50, using: &numbers) == 0 { world.now = world.now + .minutes(20) }
            let result = world.tick()
            for change in result.plan.leaseChanges where !change.lease.shadow {
                switch change.kind {
                case .intend: world.guardian.confirm(change.lease.id)
                case .extend: break
                case .end: world.guardian.settle(change.lease.id, now: world.now)
                }
            }
            return result
        }
    }

    static let seeds = Array(UInt64(1)...4)
    static let length = 200

    @Test("save and restore between any two ticks changes nothing", arguments: seeds)
    func saveAndRestore(seed: UInt64) throws {
        var straight = try Walk(seed: seed, mode: .enforce)
        var saved = try Walk(seed: seed, mode: .enforce)
        var moments = Numbers(seed: seed &+ 1_000)
        for _ in 0..<HistoryTests.length {
            let a = straight.step()
            let b = saved.step()
            #expect(a.outcome == b.outcome)
            #expect(a.plan == b.plan)
            guard Int.random(in: 0..<6, using: &moments) == 0 else { continue }
            let engine = try JSON(parsing: saved.world.engine.document.serialized())
            saved.world.engine = try EngineState(document: engine)
            let guardian = try JSON(parsing: saved.world.guardian.document.serialized())
            saved.world.guardian = try GuardState(document: guardian)
        }
        #expect(straight.world.engine == saved.world.engine)
        #expect(straight.world.guardian == saved.world.guardian)
    }

    @Test("the same input twice gives the same bytes", arguments: seeds)
    func deterministic(seed: UInt64) throws {
        func bytes() throws -> [UInt8] {
            var walk = try Walk(seed: seed, mode: .enforce)
            for _ in 0..<HistoryTests.length { _ = walk.step() }
            return walk.world.engine.document.serializedBytes() + walk.world.guardian.document.serializedBytes()
        }
        #expect(try bytes() == bytes())
    }

    @Test("observe would have done what enforce does, and when", arguments: seeds)
    func observeEqualsEnforce(seed: UInt64) throws {
        func story(_ mode: Mode) throws -> (lines: [String], leases: Int) {
            var walk = try Walk(seed: seed, mode: mode)
            var lines: [String] = []
            var leases = 0
            for _ in 0..<HistoryTests.length {
                let plan = walk.step().plan
                for decision in plan.decisions {
                    // What would ask a person has its step behind it.
                    let verdict = decision.verdict.name.replacing("would_have ", with: "needs_approval ")
                        .replacing("would_have", with: "act")
                    lines.append(
                        "\(walk.world.second(decision.at)) \(decision.key.app) \(decision.effect) \(decision.ttl) \(verdict)"
                    )
                }
                for change in plan.leaseChanges {
                    lines.append(
                        "\(walk.world.second(walk.world.now)) \(change.kind) \(change.lease.id) \(change.reason)")
                }
                leases += plan.leaseChanges.count { $0.kind == .intend }
            }
            return (lines, leases)
        }
        let enforced = try story(.enforce)
        let observed = try story(.observe)
        #expect(enforced.lines == observed.lines)
        #expect(enforced.leases > 0, "the walk must lead to actions")
    }

    @Test("what the guard promises holds in every history", arguments: seeds)
    func promises(seed: UInt64) throws {
        var walk = try Walk(seed: seed, mode: .enforce)
        for _ in 0..<HistoryTests.length {
            let plan = walk.step().plan
            let world = walk.world
            let leases = world.guardian.leases
            let active = leases.filter(\.isActive)
            #expect(Set(active.map(\.key)).count == active.count, "one lease a key")
            #expect(active.allSatisfy { $0.expiresAt - $0.createdAt <= world.context.options.maxLease })
            #expect(active.allSatisfy { $0.expiresAt > world.now }, "nothing outlives its end")
            let hour = leases.filter { world.now - $0.createdAt < .hours(1) }
            #expect(hour.count <= world.context.options.totalHour)
            if world.context.killFile {
                #expect(plan.leaseChanges.allSatisfy { $0.kind == .end })
            }
        }
    }

    @Test("every incident document reads back to the same incident")
    func documents() throws {
        var walk = try Walk(seed: 7, mode: .enforce)
        var seen = 0
        for _ in 0..<HistoryTests.length {
            for change in walk.step().outcome.changes {
                let json = try JSON(parsing: change.incident.document.serialized())
                #expect(try Incident(document: json) == change.incident)
                seen += 1
            }
        }
        #expect(seen > 20)
    }
}
