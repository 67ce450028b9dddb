import BenchReference
import Engine
import Model
import Policy
import Signals

/// Readings and evaluation of ten rules on each of many apps, in a cycle in which nothing changes phase: what
/// nearly every cycle is. In between runs a loop that is always the same, so that a slow machine shows.
enum EvaluationBench {
    static let rules = 10
    /// Forty minutes of polls, ten seconds apart: enough for functions over minutes to have values.
    private static let warmUpPolls = 240

    /// - Parameter words: how many apps. A tenth as many are judged besides, for what is allocated once a cycle.
    static func run(_ words: ArraySlice<String>) throws {
        guard let apps = words.first.flatMap({ Int($0) }), apps >= 100 else { throw BenchFailure("evaluate needs APPS, 100 or more") }
        let policies = try policies()
        var large = Watched(apps: apps, policies)
        var small = Watched(apps: apps / 10, policies)
        for _ in 0..<warmUpPolls {
            large.poll()
            small.poll()
            _ = try large.cycle(policies)
            _ = try small.cycle(policies)
        }
        var cycles: [Double] = []
        var closing: [Double] = []
        var closingReadings: [Double] = []
        var readings: [Double] = []
        var ingests: [Double] = []
        var loops: [Double] = []
        var allocations: [Double] = []
        for poll in 0..<60 {
            ingests.append(large.poll())
            small.poll()
            let cycle = try large.cycle(policies)
            _ = try small.cycle(policies)
            readings.append(cycle.readingSeconds)
            // The first poll behind a full minute closes it for every app, and functions over minutes are computed anew;
            // that cycle is told apart from the others.
            if cycle.closesMinute {
                closing.append(cycle.seconds)
                closingReadings.append(cycle.readingSeconds)
            } else {
                cycles.append(cycle.seconds)
                // What is allocated once a cycle is allocated for a tenth of the apps as for all.
                let more = Double(large.allocations) - Double(small.allocations)
                allocations.append(more / Double((apps - apps / 10) * rules))
            }
            loops.append(referenceLoop(poll))
        }
        report("apps", Double(apps))
        report("rules", Double(policies.defaultPolicy.appRules.count))
        report("demand", Double(policies.demand.count))
        report("cycle", median(cycles))
        report("cycle_max", cycles.max() ?? 0)
        report("cycle_min", cycles.min() ?? 0)
        report("minute", median(closing))
        report("minute_readings", median(closingReadings))
        report("readings", median(readings))
        report("ingest", median(ingests))
        report("loop", median(loops))
        report("allocations_per_rule_and_app", allocations.max() ?? 0)
    }

    /// The frozen policy of the bench.
    private static func policies() throws -> PolicySet {
        let file = PolicyFile(path: "ops_policy.default.yaml", bytes: Array(BenchPolicy.text.utf8))
        let set = try PolicyLoader.load(files: [file]).get()
        guard set.defaultPolicy.appRules.count == rules else {
            throw BenchFailure("\(set.defaultPolicy.appRules.count) rules on apps, \(rules) wanted")
        }
        return set
    }

    /// Integer work that fits the first-level cache: about 20 ms on a core of three gigahertz.
    private static func referenceLoop(_ seed: Int) -> Double {
        let started = threadSeconds()
        var value = UInt64(seed) | 1
        for _ in 0..<8_000_000 {
            value ^= value << 13
            value ^= value >> 7
            value ^= value << 17
        }
        let seconds = threadSeconds() - started
        // The value is used, so the loop is not removed.
        return value == 0 ? 0 : seconds
    }
}

/// A runtime with so many apps, two chats each: one that works on, and one that has ended.
private struct Watched {
    private var signals: RuntimeSignals
    private var engine = EngineState()
    private var clock = ObservationClock(interval: .seconds(10))
    private let demand: [SeriesRef]
    private var table: PerfTable
    private var now = Timestamp(milliseconds: 1_795_255_200_000)
    /// Allocations of the newest evaluation.
    private(set) var allocations: UInt64 = 0

    init(apps: Int, _ policies: PolicySet) {
        demand = policies.demand.map(\.series)
        var options = SignalOptions()
        options.retain(for: demand)
        signals = RuntimeSignals(runtime: "bench", options: options)
        table = PerfTable(apps: (0..<apps).map { AppID("app-\($0)") }, workflows: [Array("HelloWorld".utf8)])
        let fields: PerfChat.Fields = [
            .startedAt, .runtimeSeconds, .agentTurns, .toolCalls, .errors, .lastTurnSeconds, .promptTokens,
            .completionTokens, .cost, .user, .workflow,
        ]
        for index in 0..<apps * 2 {
            let app = UInt32(index % apps)
            let isOpen = index >= apps
            table.chats.append(
                PerfChat(
                    key: StableHash(high: UInt64(index), low: 1), app: app, user: UInt64(index % 7 + 1),
                    startedAt: now.milliseconds - 60_000, endedAt: isOpen ? 0 : now.milliseconds - 1_000,
                    runtimeSeconds: 60,
                    lastTurnSeconds: 3, cost: 0.01, agentTurns: 3, toolCalls: 2, errors: 1, promptTokens: 800,
                    completionTokens: 200, present: fields.union(isOpen ? .open : .endedAt)))
        }
    }

    /// Ten seconds pass and every endpoint answers; returns the seconds that taking in the perf table took.
    @discardableResult
    mutating func poll() -> Double {
        now = now + .seconds(10)
        for index in table.chats.indices where table.chats[index].isOpen {
            table.chats[index].runtimeSeconds += 10
            table.chats[index].agentTurns += 1
            table.chats[index].toolCalls += Int64(index % 3)
            table.chats[index].errors += Int64(index % 50 == 0 ? 1 : 0)
            table.chats[index].promptTokens += 700
            table.chats[index].completionTokens += 150
            table.chats[index].cost += 0.004
            table.chats[index].lastTurnSeconds = Double(index % 40) / 4
        }
        ingest(.health(Health(isHealthy: true, mongoPingMilliseconds: 0.1, websocketConnections: 10)))
        ingest(
            .events(EventMetrics(created: "2026-11-21T09:00:00+00:00", createdAt: now - .hours(1), usageDelta: 1_000)))
        let started = threadSeconds()
        ingest(.perf(table))
        let seconds = threadSeconds() - started
        for endpoint in [Endpoint.health, .events, .perf] { clock.note(endpoint, at: now) }
        return seconds
    }

    private mutating func ingest(_ content: Decoded) {
        signals.ingest(
            Sample(
                at: now, runtime: "bench", replica: "http://127.0.0.1:1", elapsedMilliseconds: 5, date: now,
                content: content))
    }

    /// Readings and evaluation at the present moment.
    mutating func cycle(_ policies: PolicySet) throws -> (seconds: Double, readingSeconds: Double, closesMinute: Bool) {
        let started = threadSeconds()
        let readings = signals.readings(at: now, demand: demand)
        let read = threadSeconds()
        let before = benchreference_allocations()
        let outcome = engine.evaluate(policies: policies, readings: readings, clock: clock, now: now)
        allocations = benchreference_allocations() - before
        let ended = threadSeconds()
        if let change = outcome.transitions.first {
            throw BenchFailure("not a steady state: \(change.rule) is \(change.to), \(change.condition)")
        }
        let closes = !signals.drainClosedMinutes().isEmpty
        return (ended - started, read - started, closes)
    }
}
