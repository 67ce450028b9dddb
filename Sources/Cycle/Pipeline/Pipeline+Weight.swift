import Engine
import JSONParsing
import Model
import Notify

/// Of which users and workflows an app's open runs are, or of which users a workflow's: for people, on the incident that opens.
/// Nothing is decided by it.
///
/// What signals keep of chats holds no names, so the answers of the cycle at hand are read a second time, and only when an
/// incident about an app opens.
extension Pipeline {
    /// Larger answers are not read again: on a machine with one core that would keep the gate waiting.
    private static let mostWeighed = 4 << 20
    /// For all apps, whether or not anything is wrong, smaller ones only, and not more often than this: of many runtimes one in a
    /// second.
    private static let mostWeighedAlways = 512 << 10
    private static let weighsEvery = TimeSpan.minutes(1)
    /// How many are named; the others are counted.
    private static let mostNamed = 3

    /// Whose runs are weighed: an app's, or those of one of its workflows.
    private struct Weighed: Hashable {
        let app: AppID
        var workflow: PackID?
    }

    private struct Weight {
        var open = 0
        var users: [String: Int] = [:]
        var workflows: [String: Int] = [:]
    }

    /// Keeps hold of a perf answer until the tick that judges it.
    mutating func hold(_ observation: Observation) {
        guard observation.endpoint == .perf, case .answer(let answer) = observation.outcome, answer.status == 200,
            answer.body.count <= Pipeline.mostWeighed
        else { return }
        perfBodies[observation.runtime, default: [:]][observation.replica] = answer.body
    }

    /// Notes on incidents that this tick opened what their apps' open runs are of. Returns the ids of those it wrote on.
    mutating func noteWeights(_ outcome: TickOutcome) -> Set<String> {
        let bodies = perfBodies.removeValue(forKey: outcome.runtime) ?? [:]
        weighApps(bodies, outcome)
        let opened = outcome.changes.filter { $0.kind == .opened || $0.kind == .reopened }.map(\.incident)
        let apps = Set(opened.compactMap(\.subject.app))
        guard !apps.isEmpty, !bodies.isEmpty else { return [] }
        var weights: [Weighed: Weight] = [:]
        for body in bodies.values {
            guard let document = try? JSON(parsing: body.bytes) else { return [] }
            for chat in document["chats"]?.array ?? document.array ?? [] {
                guard chat["ended_at"].map(\.isNull) ?? true, let text = chat["app_id"]?.string else { continue }
                let app = AppID(text)
                guard apps.contains(app) else { continue }
                let (user, workflow) = (chat["user_id"]?.string, chat["workflow_name"]?.string)
                let own = workflow.map { Weighed(app: app, workflow: PackID($0)) }
                for weighed in [Weighed(app: app), own].compactMap({ $0 }) {
                    weights[weighed, default: Weight()].open += 1
                    if let user { weights[weighed]?.users[user, default: 0] += 1 }
                }
                if let workflow { weights[Weighed(app: app)]?.workflows[workflow, default: 0] += 1 }
            }
        }
        var touched: Set<String> = []
        for incident in opened {
            guard let app = incident.subject.app, let weight = weights[Weighed(app: app, workflow: incident.subject.workflow)],
                weight.open > 1
            else { continue }
            let note = HandlingNote(
                at: outcome.now, kind: .note, by: Wording.weigher, text: Pipeline.words(weight))
            if engine.note(note, on: incident.id) { touched.insert(incident.id) }
        }
        return touched
    }

    /// Looks what all apps' open runs are of, once in a while, where every replica has answered.
    private mutating func weighApps(_ bodies: [String: Body], _ outcome: TickOutcome) {
        guard weighsApps, !bodies.isEmpty, bodies.values.reduce(0, { $0 + $1.count }) <= Pipeline.mostWeighedAlways,
            let expected = signals[outcome.runtime]?.expectedReplicas, expected.allSatisfy({ bodies[$0] != nil })
        else { return }
        let pause = max(Pipeline.weighsEvery, .seconds(Double(settings.runtimes.count)))
        if let last = appWeights[outcome.runtime], outcome.now >= last.at, outcome.now - last.at < pause { return }
        guard let weights = AppWeights(bodies.inByteOrder(of: \.key).map(\.value), at: outcome.now) else { return }
        appWeights[outcome.runtime] = weights
    }

    /// `18 open runs: of users user-5 (12), user-7 (4) and 2 others (2); of workflows Generator (15), Support (3)`
    private static func words(_ weight: Weight) -> String {
        let parts = [("users", weight.users), ("workflows", weight.workflows)].compactMap { name, counts -> String? in
            guard !counts.isEmpty else { return nil }
            let sorted = counts.sorted { a, b in
                a.value != b.value ? a.value > b.value : a.key.precedes(b.key)
            }
            let named = sorted.prefix(mostNamed).map { "\(Shown.id($0.key)) (\($0.value))" }.joined(separator: ", ")
            let rest = sorted.dropFirst(mostNamed)
            let others = rest.isEmpty ? "" : " and \(rest.count) other\(rest.count == 1 ? "" : "s") (\(rest.map(\.value).reduce(0, +)))"
            return "of \(name) \(named)\(others)"
        }
        return "\(weight.open) open runs" + (parts.isEmpty ? "" : ": \(parts.joined(separator: "; "))")
    }
}
