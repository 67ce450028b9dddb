import Cycle
import Model
import Server
import Simulator

extension SimulatedPolls {
    /// Asks for what is due: the cheap endpoints at the same time, the expensive one after them.
    package mutating func poll(at begin: Timestamp, _ due: [(replica: String, endpoints: [Endpoint])]) -> [Observation] {
        var all: [Observation] = []
        for (replica, endpoints) in due {
            var latest = begin
            for endpoint in endpoints where endpoint != .perf {
                let observation = ask(endpoint, replica, at: begin)
                latest = max(latest, observation.at)
                all.append(observation)
            }
            if endpoints.contains(.perf) { all.append(ask(.perf, replica, at: latest)) }
        }
        return all.sorted {
            $0.at != $1.at ? $0.at < $1.at : ($0.replica, $0.endpoint.rawValue) < ($1.replica, $1.endpoint.rawValue)
        }
    }
}

/// A past that can be lived through again and again: the polls of one runtime, each followed by a tick.
package struct Past {
    package let settings: MonitorSettings
    /// One element a cycle.
    package let polls: [[Observation]]

    /// Lives a scenario for the first time, asking for what a pipeline finds due.
    package init(_ scenario: Scenario, length: TimeSpan, interval: TimeSpan = .seconds(10)) {
        let origin = Timestamp(milliseconds: 1_795_251_600_000)
        var world = SimulatedPolls(scenario, origin: origin)
        settings = Past.settings(replicas: world.replicas, interval: interval)
        var pipeline = Pipeline(settings: settings, policies: .embeddedDefault)
        var polls: [[Observation]] = []
        var at = origin
        while at < origin + length {
            let observations = world.poll(at: at, pipeline.due(SimulatedPolls.runtimeName, now: at))
            for observation in observations { pipeline.take(observation) }
            let end = observations.map(\.at).max() ?? at
            _ = pipeline.tick(SimulatedPolls.runtimeName, now: end)
            polls.append(observations)
            // As the daemon does: a late cycle is followed by the next one at once.
            at = max(at + interval, end)
        }
        self.polls = polls
    }

    package init(settings: MonitorSettings, polls: [[Observation]]) {
        self.settings = settings
        self.polls = polls
    }

    package static func settings(replicas: [String], interval: TimeSpan) -> MonitorSettings {
        var settings = MonitorSettings()
        settings.mode = .enforce
        settings.interval = interval
        settings.runtimes = [.init(name: SimulatedPolls.runtimeName, replicas: replicas, labels: ["tier": "standard"])]
        settings.landable = [.throttle, .pause, .disablePack]
        settings.channels = ["ops"]
        return settings
    }

    /// The observations of one cycle with bodies of their own: a body is read by one owner.
    package func observations(_ index: Int) -> [Observation] { polls[index].map(\.copy) }

    package var indices: Range<Int> { polls.indices }

    /// When cycle `index` judges.
    package func now(_ index: Int) -> Timestamp { polls[index].map(\.at).max() ?? Timestamp(milliseconds: 0) }
}

extension Observation {
    /// The same with a body of its own.
    package var copy: Observation {
        guard case .answer(let answer) = outcome else { return self }
        return Observation(
            at: at, runtime: runtime, replica: replica, endpoint: endpoint, elapsedMilliseconds: elapsedMilliseconds,
            outcome: .answer(
                .init(
                    status: answer.status, date: answer.date, contentType: answer.contentType,
                    body: Body(answer.body.bytes))))
    }
}
