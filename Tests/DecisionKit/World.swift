import Engine
import Guard
import Model
import Policy
import Signals

/// Policies from the text of rules, and readings from text: `active_runs`, `runtime.active_apps`, `error_rate[5m]`.
package struct World {
    package var policies: PolicySet
    package var engine = EngineState()
    package var guardian = GuardState()
    package var context = GuardContext()
    package var clock = ObservationClock(interval: .seconds(10))
    /// Readings of the runtime and of the apps, by series; whatever is not here is `too_little_data`.
    package var runtime: [String: Evidence] = [:]
    package var apps: [AppID: [String: Evidence]] = [:]
    package var replicas: [String: [String: Evidence]] = [:]
    /// By the app, which is among `apps`, and the name.
    package var workflows: [AppID: [PackID: [String: Evidence]]] = [:]
    package var now = World.start
    package var name = "shared"
    /// Whose hours conditions go by.
    package var zone = Zone.utc
    /// Of the runtime.
    package var labels: [String: String] = [:]
    /// What readings of apps are at the least that contradict themselves, by series.
    package var floors: [AppID: [String: Double]] = [:]

    /// Whether an adapter lands everything at once, so that a lease that was decided on is in force at the next tick.
    package var lands = true

    package static let start = Timestamp(rfc3339: "2026-11-21T09:00:00Z") ?? Timestamp(milliseconds: 0)

    package init(_ files: [String: String]) throws {
        policies = try World.load(files)
    }

    /// A set of the default policy with these rules and nothing else.
    package init(
        rules: String, mode: String = "enforce", thresholds: String = "{}",
        allowed: String = "notify, throttle, pause, disable_pack"
    ) throws {
        try self.init([
            "default": World.header("default")
                + "mode: \(mode)\nallowed_actions: [\(allowed)]\nthresholds: \(thresholds)\nrules:\n" + rules
        ])
    }

    package static func header(_ name: String) -> String { "schema: mozaiks.ops/policy/v1\nops_policy: \(name)\n" }

    package static func load(_ files: [String: String]) throws -> PolicySet {
        let sorted = files.sorted { $0.key < $1.key }.map {
            PolicyFile(path: "ops_policy.\($0.key).yaml", bytes: Array($0.value.utf8))
        }
        return try PolicyLoader.load(files: sorted).get()
    }

    /// Seconds since the start.
    package func second(_ moment: Timestamp) -> Int { Int((moment - World.start).seconds) }

    /// The table of the readings as they are.
    package func table() -> ReadingTable {
        let demand = policies.demand.map(\.series) + GuardReadings.demand + GuardState.markDemand
        let ids = apps.keys.sorted()
        let texts = demand.map(\.description)
        let readings = ids.map { apps[$0] ?? [:] }
        let flows = ids.flatMap { app in
            (workflows[app] ?? [:]).sorted { $0.key < $1.key }.map { (app: app, name: $0.key, readings: $0.value) }
        }
        return ReadingTable(
            runtime: name, at: now, demand: demand,
            runtime: texts.map { text in
                runtime[text] ?? runtime[text.replacing("runtime.", with: "")] ?? .missing(.tooLittleData)
            },
            apps: ids,
            app: zip(demand, texts).map { series, text in
                guard series.scope.isOfApp else {
                    let one = runtime[text.replacing("runtime.", with: "")] ?? .missing(.tooLittleData)
                    return ContiguousArray(repeating: one, count: ids.count)
                }
                let name = text.replacing("app.", with: "")
                return ContiguousArray(readings.map { $0[name] ?? .missing(.tooLittleData) })
            },
            replicas: replicas.keys.sorted(),
            replica: texts.map { text in replicas.keys.sorted().map { replicas[$0]?[text] ?? .missing(.tooLittleData) } },
            floors: Dictionary(
                uniqueKeysWithValues: zip(demand.indices, zip(demand, texts)).compactMap { slot, series in
                    guard series.0.scope == .own, floors.values.contains(where: { $0[series.1] != nil }) else { return nil }
                    return (slot, ContiguousArray(ids.map { floors[$0]?[series.1] }))
                }),
            workflows: flows.map { ReadingTable.Workflow(app: ids.firstIndex(of: $0.app) ?? 0, name: $0.name) },
            workflow: Dictionary(
                uniqueKeysWithValues: demand.indices.filter { demand[$0].scope == .workflow }.map { slot in
                    (slot, ContiguousArray(flows.map { $0.readings[texts[slot]] ?? .missing(.tooLittleData) }))
                })
        ).placed(in: zone, policies.labelBook(runtime: labels))
    }

    /// An observation of every endpoint at this very moment.
    package mutating func observe() {
        for endpoint in Endpoint.allCases where endpoint != .perfChats { clock.note(endpoint, at: now) }
    }

    /// Judges what the readings are now.
    package mutating func evaluate() -> TickOutcome {
        engine.evaluate(
            policies: policies, readings: table(), clock: clock, labels: ["environment": "test"],
            restartedAt: context.restartedAt, now: now)
    }

    /// One whole tick `seconds` after the last one: observe, judge, decide, record.
    @discardableResult
    package mutating func tick(after seconds: Double = 10) -> (outcome: TickOutcome, plan: Plan) {
        now = now + .seconds(seconds)
        if lands { land() }
        observe()
        let table = table()
        let outcome = engine.evaluate(
            policies: policies, readings: table, clock: clock, labels: ["environment": "test"],
            restartedAt: context.restartedAt, now: now)
        let plan = guardian.plan(outcome: outcome, policies: policies, readings: table, context: context)
        engine.record(plan.decisions)
        return (outcome, plan)
    }

    /// What an adapter does that refuses nothing.
    package mutating func land() {
        for lease in guardian.leases {
            guardian.confirm(lease.id)
            guardian.settle(lease.id, now: now)
        }
    }

    /// Ticks every ten seconds for a while; what they said.
    @discardableResult
    package mutating func run(_ seconds: Int) -> [(outcome: TickOutcome, plan: Plan)] {
        (0..<seconds / 10).map { _ in tick() }
    }
}

extension Verdict {
    /// `refused cooldown`: what was answered and which step of the guard did.
    package var name: String {
        switch self {
        case .act: "act"
        case .wouldHave: "would_have"
        case .wouldAsk(let refusal): "would_have \(refusal.step.rawValue)"
        case .alreadyInForce: "already_in_force"
        case .needsApproval(let refusal): "needs_approval \(refusal.step.rawValue)"
        case .refused(let refusal): "refused \(refusal.step.rawValue)"
        }
    }
}

/// A stream of numbers that is the same on every machine.
package struct Numbers: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
