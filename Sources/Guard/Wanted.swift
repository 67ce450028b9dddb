import Engine
import Model
import Policy
import Signals

/// One action that a firing rule asks for, on one app.
struct Wanted {
    let key: LeaseKey
    let request: LeaseRequest
    /// What is asked, not below the floor.
    let effect: Effect
    let rule: Rule
    let standing: Standing
    let incident: String
    /// Whether the app was picked by weight, for a rule on its runtime.
    let isPick: Bool

    var ask: GuardState.Ask { GuardState.Ask(incident: incident, key: key) }
}

extension Effect {
    /// The effect with limits not below the floor.
    func raised(to floor: Limits) -> Effect {
        guard case .throttle(let limits) = self else { return self }
        func raise(_ value: Int?, _ least: Int?) -> Int? { value.map { max($0, least ?? $0) } }
        return .throttle(
            Limits(
                concurrentWorkflows: raise(limits.concurrentWorkflows, floor.concurrentWorkflows),
                requestsPerMinute: raise(limits.requestsPerMinute, floor.requestsPerMinute)))
    }

    /// The strictest of two effects of one key: only throttles differ.
    func strictest(_ other: Effect) -> Effect {
        guard case .throttle(let a) = self, case .throttle(let b) = other else { return self }
        return .throttle(a.strictest(b))
    }
}

extension ReadingTable {
    /// The `count` apps that weigh most by a slot; ties by the bytes of their ids. Apps whose reading is missing or zero
    /// weigh nothing. Nil while the weight of any was lost on the way: it might be the heaviest.
    func heaviest(_ count: Int, slot: Int) -> [AppID]? {
        var weighed: [(weight: Double, app: AppID)] = []
        for (row, id) in apps.enumerated() {
            switch app(row, slot) {
            case .value(let weight): if weight > 0 { weighed.append((weight, id)) }
            case .missing(let reason): if reason.isLoss { return nil }
            }
        }
        weighed.sort { $0.weight == $1.weight ? $0.app < $1.app : $0.weight > $1.weight }
        return weighed.prefix(max(0, count)).map(\.app)
    }
}
