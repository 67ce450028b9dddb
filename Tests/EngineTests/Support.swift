import Engine
import Guard
import Model
import Policy
import Signals

/// Policies from the text of rules, and readings from text: `active_runs`, `runtime.active_apps`, `error_rate[5m]`.
struct World {
    var policies: PolicySet
    var engine = EngineState()
    var guardian = GuardState()
    var context = GuardContext()
    var clock = ObservationClock(interval: .seconds(10))
    /// Readings of the runtime and of the apps, by series; whatever is not here is `too_little_data`.
    var runtime: [String: Evidence] = [:]
    var apps: [AppID: [String: Evidence]] = [:]
    var replicas: [String: [String: Evidence]] = [:]
    var now = World.start
    var name = "shared"

    static let start = Timestamp(rfc3339: "2026-11-21T09:00:00Z") ?? Timestamp(milliseconds: 0)

    init(_ files: [String: String]) throws {
        policies = try World.load(files)
    }

    /// A set of the default policy with these rules and nothing else.
    init(
        rules: String, mode: String = "enforce", thresholds: String = "{}",
        allowed: String = "notify, throttle, pause, disable_pack"
    ) throws {
        try self.init([
            "default": World.header("default")
                + "mode: \(mode)\nallowed_actions: [\(allowed)]\nthresholds: \(thresholds)\nrules:\n" + rules
        ])
    }

    static func header(_ name: String) -> String { "schema: mozaiks.ops/policy/v1\nops_policy: \(name)\n" }

    static func load(_ files: [String: String]) throws -> PolicySet {
        let sorted = files.sorted { $0.key < $1.key }.map {
            PolicyFile(path: "ops_policy.\($0.key).yaml", bytes: Array($0.value.utf8))
        }
        return try PolicyLoader.load(files: sorted).get()
    }

    /// Seconds since the start.
    func second(_ moment: Timestamp) -> Int { Int((moment - World.start).seconds) }

    /// The table of the readings as they are.
    func table() -> ReadingTable {
        let demand = policies.demand.map(\.series) + GuardReadings.demand
        let ids = apps.keys.sorted()
        func find(_ series: SeriesRef, _ readings: [String: Evidence]) -> Evidence {
            readings[series.description] ?? .missing(.tooLittleData)
        }
        return ReadingTable(
            runtime: name, at: now, demand: demand,
            runtime: demand.map { series in
                let text = series.description
                return runtime[text] ?? runtime[text.replacing("runtime.", with: "")] ?? .missing(.tooLittleData)
            },
            apps: ids,
            app: demand.map { series in
                ContiguousArray(
                    ids.map { id in
                        series.scope == .runtime
                            ? runtime[series.description.replacing("runtime.", with: "")] ?? .missing(.tooLittleData)
                            : find(series, apps[id] ?? [:])
                    })
            },
            replicas: replicas.keys.sorted(),
            replica: demand.map { series in replicas.keys.sorted().map { find(series, replicas[$0] ?? [:]) } })
    }

    /// An observation of every endpoint at this very moment.
    mutating func observe() {
        for endpoint in Endpoint.allCases where endpoint != .perfChats { clock.note(endpoint, at: now) }
    }

    /// Judges what the readings are now.
    mutating func evaluate() -> TickOutcome {
        engine.evaluate(
            policies: policies, readings: table(), clock: clock, labels: ["environment": "test"], now: now)
    }

    /// One whole tick `seconds` after the last one: observe, judge, decide, record.
    @discardableResult
    mutating func tick(after seconds: Double = 10) -> (outcome: TickOutcome, plan: Plan) {
        now = now + .seconds(seconds)
        observe()
        let outcome = evaluate()
        let plan = guardian.plan(outcome: outcome, policies: policies, readings: table(), context: context)
        engine.record(plan.decisions)
        return (outcome, plan)
    }

    /// Ticks every ten seconds for a while; what they said.
    @discardableResult
    mutating func run(_ seconds: Int) -> [(outcome: TickOutcome, plan: Plan)] {
        (0..<seconds / 10).map { _ in tick() }
    }
}

/// A stream of numbers that is the same on every machine.
struct Numbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
