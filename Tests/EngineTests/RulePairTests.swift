import DecisionKit
import Engine
import Guard
import Model
import Policy
import Testing

/// Every pair of rules of the default policy, a fault of the runtime and a rule that asks for an action: nobody is acted
/// upon, nor is that offered, while the fault lasts and for what piled up. The pairs and the readings that make each rule
/// true are found in the policy itself, so that a new rule is in them without anybody thinking of it.
@Suite("Pairs of rules")
struct RulePairTests {
    /// Rules on a runtime that say nothing against acting on a tenant, with the reason. Whatever else is on the runtime, or
    /// on one process of it, has to hold actions back.
    static let harmless = [
        "events-unreadable": "tenants' figures come from elsewhere",
        "metrics-unreadable": "tenants' figures come from elsewhere",
        "perf-expensive": "the figures come, late",
        "dead-counters": "a rule on a dead counter is unknown",
        "mongodb-slow": "the ping includes the event loop's lag, which the noisy one makes",
        "websockets-high": "load, which tenants make",
        "model-calls-spike": "load, which tenants make",
        "runtime-crowded": "load, which tenants make",
        "runtime-saturated": "load, which tenants make; it asks for actions itself",
        "error-rise": "what others suffer from a noisy one",
        "turn-latency-rise": "what others suffer from a noisy one",
        "turn-latency-high": "what others suffer from a noisy one",
        "stalled-runs": "ghosts are counted apart",
        "figures-contradict": "no reading of active runs is known by it, so that no rule on them is",
        "replica-down": "the runtime's figures are partial until that process counts as gone, which is a pair of its own",
    ]

    static let files = [
        "default": DefaultPolicy.text.replacing("\nmode: observe\n", with: "\nmode: enforce\n")
            // As a site may have it, and the strictest case: what needs a person's word is offered at once.
            .replacing(
                "\nallowed_actions: [notify, throttle, pause]\n", with: "\nallowed_actions: [notify, throttle, pause, disable_pack]\n")
    ]

    /// Readings by series, of the runtime and of the app.
    struct Readings {
        var own: [String: Evidence] = [:]
        var runtime: [String: Evidence] = [:]
    }

    static let app = AppID("a")
    static let step = 30.0

    static func world() throws -> World {
        var world = try World(files)
        world.context.mode = .enforce
        world.context.landable = [.throttle, .pause, .disablePack]
        world.runtime = calm
        world.apps = [app: ["active_runs": .value(3)], AppID("b"): ["active_runs": .value(3)]]
        return world
    }

    static let calm: [String: Evidence] = [
        "up": .value(1), "healthy": .value(1), "active_apps": .value(30), "active_runs": .value(90), "websockets": .value(90),
        "tracked_chats": .value(100), "uptime": .value(90_000), "max(healthy[24h])": .value(1),
        "max(uptime[24h])": .value(90_000), "health_failures[10m]": .value(0), "health_failures[2m]": .value(0),
        "restarts[5m]": .value(0), "restarts[15m]": .value(0), "restarts[30m]": .value(0),
    ]

    // MARK: - What makes a rule true

    private struct Slots: ReadingSource {
        let values: [Int: Evidence]
        func reading(_ slot: Int) -> Evidence { values[slot] ?? .missing(.tooLittleData) }
    }

    private static func values(_ unit: Unit) -> [Double] {
        switch unit {
        case .flag: [0, 1]
        case .percent: [0, 1, 8, 30, 45, 60, 90]
        default: [0, 0.3, 1, 2, 5, 12, 20, 30, 60, 90, 150, 250, 1_200, 9_000]
        }
    }

    /// The calmest of many readings that make conditions true together; nil where none was found.
    static func readings(
        _ conditions: [CompiledCondition], of rule: Rule, missing: Bool, wanted: Truth = .yes, without others: [Rule] = []
    ) -> Readings? {
        let usual = Dictionary(
            others.flatMap(\.when.readings).compactMap { reading in calm[name(reading.series)].map { (reading.slot, $0) } }
        ) { first, _ in first }
        var numbers = Numbers(seed: 7)
        let needed = conditions.flatMap(\.readings)
        let reasons: [MissingReason] = [
            .unreachable, .unauthorized, .malformed, .partial, .error(status: 500), .deadCounter, .contradictory,
        ]
        var best: (values: [Int: Evidence], changed: Int)?
        for _ in 0..<60_000 {
            var (values, changed) = ([Int: Evidence](), 0)
            for (slot, series) in needed where values[slot] == nil {
                let usual = isRuntimes(series, rule) ? calm[name(series)] : nil
                if let usual, Bool.random(using: &numbers) {
                    values[slot] = usual
                    continue
                }
                changed += 1
                if missing, Int.random(in: 0..<4, using: &numbers) == 0, let reason = reasons.randomElement(using: &numbers) {
                    values[slot] = .missing(reason)
                } else {
                    values[slot] = self.values(series.function == .rise ? .number : series.signal.info.unit)
                        .randomElement(using: &numbers).map { .value($0) }
                }
            }
            guard changed < best?.changed ?? .max, conditions.allSatisfy({ $0.evaluate(Slots(values: values)) == wanted }),
                !others.contains(where: { $0.when.evaluate(Slots(values: usual.merging(values) { $1 })) == .yes })
            else { continue }
            best = (values, changed)
        }
        guard let best else { return nil }
        var found = Readings()
        for (slot, series) in needed {
            if isRuntimes(series, rule) {
                found.runtime[name(series)] = best.values[slot]
            } else {
                found.own[name(series)] = best.values[slot]
            }
        }
        return found
    }

    private static func isRuntimes(_ series: SeriesRef, _ rule: Rule) -> Bool { rule.subject == .runtime || series.scope == .runtime }

    private static func name(_ series: SeriesRef) -> String { series.description.replacing("runtime.", with: "") }

    // MARK: - The table

    /// A rule, with what makes it true and, where it asks for an action, lets that begin.
    struct Case: Sendable, CustomTestStringConvertible {
        let rule: String
        let hold: TimeSpan
        let runtime: [String: Evidence]
        let own: [String: Evidence]
        /// What makes it false: a rule that is merely unknown goes on.
        let over: [String: Evidence]
        var testDescription: String { rule }
    }

    struct Pair: Sendable, CustomTestStringConvertible {
        let cause: Case
        let asking: Case
        var testDescription: String { "\(cause.rule) and \(asking.rule)" }
    }

    static let policies = try! World.load(files)

    static var all: [Rule] { policies.defaultRules }

    private static let faults = policies.rules(for: .runtime).filter { harmless[$0.name] == nil }

    /// Rules that ask for something that lands on a tenant, by themselves or offered.
    static let asking: [Case] = all.compactMap { rule in
        let requests = rule.actions.compactMap { if case .lease(let request) = $0 { request } else { nil } }
        guard let request = requests.first else { return nil }
        guard
            var found = readings(
                [rule.when] + (request.onlyIf.map { [$0] } ?? []), of: rule, missing: false, without: faults.filter { $0.name != rule.name }
            )
        else {
            Issue.record("nothing was found that makes \(rule.name) true and lets its action begin")
            return nil
        }
        if case .top(_, _, let series) = request.target { found.own[name(series)] = .value(50) }
        if found.own["active_runs"] == nil { found.own["active_runs"] = .value(60) }
        return Case(rule: rule.name, hold: rule.hold, runtime: found.runtime, own: found.own, over: [:])
    }

    /// Everything that may be wrong with the runtime as a whole.
    static let causes: [Case] = policies.rules(for: .runtime).compactMap { rule in
        guard let found = readings([rule.when], of: rule, missing: true),
            let over = readings([rule.when] + (rule.keeps.map { [$0] } ?? []), of: rule, missing: false, wanted: .no)
        else {
            Issue.record("nothing was found that makes \(rule.name) true")
            return nil
        }
        return Case(rule: rule.name, hold: rule.hold, runtime: found.runtime, own: [:], over: over.runtime)
    }

    static let pairs: [Pair] = causes.filter { harmless[$0.rule] == nil }
        .flatMap { cause in asking.filter { $0.rule != cause.rule }.map { Pair(cause: cause, asking: $0) } }

    private static func ticks(_ world: inout World, _ span: TimeSpan) -> [(outcome: TickOutcome, plan: Plan)] {
        (0..<max(1, Int((span.seconds / step).rounded(.up)))).map { _ in world.tick(after: step) }
    }

    private static func begin(_ cause: Case, _ world: inout World) {
        world.runtime.merge(cause.runtime) { $1 }
        // Whoever makes the context takes restarts from the same figures.
        if cause.runtime.contains(where: { $0.key.hasPrefix("restarts[") && ($0.value.value ?? 0) >= 1 }) {
            world.context.restartedAt = world.now
        }
    }

    private static func actions(_ ticks: [(outcome: TickOutcome, plan: Plan)]) -> [String] {
        ticks.flatMap { tick in
            tick.plan.leaseChanges.map { "\($0.lease.key.app): \($0.reason)" }
                + tick.plan.decisions.map { "\($0.key.app): \($0.verdict.name)" }
                .filter { $0.hasSuffix(": act") || $0.contains(": needs_approval") }
        }
    }

    // MARK: - What holds

    @Test("each rule that asks is acted upon where nothing else is wrong: the readings are real")
    func sound() throws {
        let asking = RulePairTests.all.filter { rule in
            rule.actions.contains { if case .lease = $0 { true } else { false } }
        }
        #expect(RulePairTests.asking.map(\.rule) == asking.map(\.name))
        #expect(Set(asking.map(\.name)).isSuperset(of: ["cost-spike", "noisy-neighbor", "runtime-saturated", "token-burn-spike"]))
        for asking in RulePairTests.asking {
            var world = try RulePairTests.world()
            _ = RulePairTests.ticks(&world, .minutes(2))
            world.runtime.merge(asking.runtime) { $1 }
            world.apps[RulePairTests.app]?.merge(asking.own) { $1 }
            let all = RulePairTests.ticks(&world, asking.hold + .minutes(5))
            let done = RulePairTests.actions(all)
            #expect(
                !done.isEmpty || !world.guardian.approvals.isEmpty,
                "\(asking.rule): \(asking.runtime) \(asking.own): \(all.flatMap(\.plan.decisions))")
        }
    }

    @Test("every rule of a runtime is in the table, or named with the reason why not")
    func complete() {
        let names = RulePairTests.policies.rules(for: .runtime).map(\.name)
        #expect(RulePairTests.causes.map(\.rule) == names)
        #expect(Set(RulePairTests.harmless.keys).isSubset(of: Set(names + ["replica-down"])), "an exemption of a rule that is gone")
        #expect(RulePairTests.pairs.count == names.count(where: { RulePairTests.harmless[$0] == nil }) * RulePairTests.asking.count)
        for name in [
            "runtime-down", "runtime-unhealthy", "perf-unreadable", "perf-poisoned", "restart-loop", "runtime-restarted", "provider-silent",
        ] {
            #expect(RulePairTests.pairs.contains { $0.cause.rule == name }, "\(name)")
        }
    }

    @Test("while the cause lasts nobody is acted upon, and nothing is offered", arguments: pairs)
    func meanwhile(_ pair: Pair) throws {
        var world = try RulePairTests.world()
        _ = RulePairTests.ticks(&world, .minutes(2))
        RulePairTests.begin(pair.cause, &world)
        var seen = RulePairTests.ticks(&world, .minutes(2))
        world.runtime.merge(pair.asking.runtime) { $1 }
        world.apps[RulePairTests.app]?.merge(pair.asking.own) { $1 }
        // What the fault hides it goes on hiding.
        for _ in 0..<8 {
            RulePairTests.begin(pair.cause, &world)
            seen += RulePairTests.ticks(&world, .minutes(2))
        }
        #expect(
            seen.contains { $0.outcome.standings.contains { $0.rule == pair.cause.rule && $0.phase == .firing } }, "the cause never fired")
        #expect(RulePairTests.actions(seen).isEmpty && world.guardian.approvals.isEmpty)
    }

    @Test("what piled up is not a tenant's doing: not for a while after, and then it is", arguments: pairs)
    func afterwards(_ pair: Pair) throws {
        var world = try RulePairTests.world()
        _ = RulePairTests.ticks(&world, .minutes(2))
        for _ in 0..<8 {
            RulePairTests.begin(pair.cause, &world)
            _ = RulePairTests.ticks(&world, .minutes(1))
        }
        world.runtime = pair.cause.over.merging(RulePairTests.calm) { $1 }.merging(pair.asking.runtime) { $1 }
        world.apps[RulePairTests.app]?.merge(pair.asking.own) { $1 }
        let after = RulePairTests.ticks(&world, .minutes(8))
        #expect(RulePairTests.actions(after).isEmpty && world.guardian.approvals.isEmpty)
        let later = RulePairTests.actions(RulePairTests.ticks(&world, .minutes(20)))
        #expect(!later.isEmpty || !world.guardian.approvals.isEmpty, "held back for ever")
    }
}
