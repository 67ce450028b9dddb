import ChaosKit
import Collector
import CycleKit
import Model
import Simulator
import Synchronization

/// What happens on the runtime for as long as somebody looks: every scenario, over and over in another order, each in a process
/// of its own and among so many apps that go about their work.
final class Stories: Sendable {
    private struct State {
        var dice: SplitMix64
        /// Yet to come.
        var deck: [Scenario] = []
        var scenario: Scenario?
        var polls: SimulatedPolls?
        /// Nothing answers before, as between two processes.
        var begins = Timestamp(milliseconds: 0)
        var ends = Timestamp(milliseconds: 0)
        var told: [String: Int] = [:]
        let log: ChaosLog
    }

    /// Of so many apps a fiftieth is replaced by new ones each day.
    private let apps: Int
    private let origin: Timestamp
    private let state: Mutex<State>

    /// Of an app that goes about its work: a run in twenty minutes.
    private static let background = Load(startsPerMinute: 0.05)

    /// - Parameter log: gets a line for each story: when it began, which it is, and who does something unusual in it.
    init(apps: Int, seed: UInt64, origin: Timestamp, log: ChaosLog) {
        self.apps = apps
        self.origin = origin
        state = Mutex(State(dice: SplitMix64(seed: seed), log: log))
    }

    /// How often each scenario was begun.
    var told: [String: Int] { state.withLock { $0.told } }

    /// Tenants of the scenario that goes on.
    var tenants: [String] {
        state.withLock { $0.scenario?.tenants.map(\.app.text).filter { Stories.allTenants.contains($0) } ?? [] }
    }

    /// Whoever a scenario may give reason to hold back.
    static let allTenants: [String] = Set(Scenario.all.flatMap { $0.tenants.map(\.app.text) }).filter { $0.utf8.allSatisfy { $0 < 128 } }
        .sorted()

    /// What a poll at that moment finds.
    func poll(at begin: Timestamp, _ due: [(replica: String, endpoints: [Endpoint])]) -> [Observation] {
        state.withLock { state in
            if begin >= state.ends { turn(&state, begin) }
            guard begin >= state.begins, state.polls != nil else {
                return due.flatMap { replica, endpoints in
                    endpoints.map { endpoint in
                        Observation(
                            at: begin + TimeSpan(milliseconds: 1), runtime: SimulatedPolls.runtimeName, replica: replica,
                            endpoint: endpoint,
                            elapsedMilliseconds: 1, outcome: .failure(.refused, detail: "connection refused"))
                    }
                }
            }
            return state.polls?.poll(at: begin, due) ?? []
        }
    }

    private func turn(_ state: inout State, _ now: Timestamp) {
        if state.deck.isEmpty { state.deck = Scenario.all.shuffled(using: &state.dice) }
        var scenario = state.deck.removeLast()
        state.told[scenario.name, default: 0] += 1
        scenario.seed = state.dice.next()
        // The same cost with smaller bodies.
        if scenario.trackedBefore > 500 {
            scenario.microsecondsPerChat *= Double(scenario.trackedBefore) / 500
            scenario.trackedBefore = 500
        }
        let length = Stories.length(scenario)
        state.log.write([
            "from_ms": .int(now.milliseconds), "scenario": .string(scenario.name),
            "unusual": .strings(scenario.tenants.filter { $0.loads.count > 1 || $0.users == 1 }.map(\.app.text)),
        ])
        let day = Int((now - origin).milliseconds / 86_400_000)
        for number in 0..<max(0, apps - scenario.tenants.count) {
            let tenant = Tenant(
                "app-back-\(number + day * max(1, apps / 50))", workflows: ["HelloWorld", "Support"], users: 5, loads: [Stories.background])
            scenario.tenants.append(tenant)
        }
        // Its process started so long before its story begins: that must be after the last one was seen. A deploy, and no outage.
        scenario.warmUp = .seconds(30)
        state.begins = now + .seconds(40)
        state.ends = state.begins + length
        state.polls = SimulatedPolls(scenario, origin: state.begins)
        state.scenario = scenario
    }

    /// Until everything that it tells is over, and some time beyond.
    private static func length(_ scenario: Scenario) -> TimeSpan {
        if let truth = scenario.truth { return truth.length }
        let moments =
            scenario.tenants.flatMap { $0.loads.map(\.from) } + scenario.faults.map { $0.until ?? $0.from }
        return max(.minutes(20), (moments.max() ?? .zero) + .minutes(12))
    }
}
