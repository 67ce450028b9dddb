import Model
import Simulator

/// A scenario as suites live through it: for how long, how often it is asked, and what must come of it.
package struct Story: Sendable, CustomStringConvertible {
    package let scenario: String
    package var minutes = 20
    package var interval = TimeSpan.seconds(20)
    /// Rules of which an incident must come, so that the comparison is not one of nothing with nothing.
    package var rules: Set<String> = []

    package init(scenario: String, minutes: Int = 20, interval: TimeSpan = .seconds(20), rules: Set<String> = []) {
        self.scenario = scenario
        self.minutes = minutes
        self.interval = interval
        self.rules = rules
    }

    package var description: String { scenario }

    /// No scenario has that name.
    package struct Unknown: Error {
        let scenario: String
    }

    package func past() throws -> Past { Past(try world(), length: .minutes(minutes), interval: interval) }

    package func world() throws -> Scenario {
        guard var scenario = Scenario.named(scenario) else { throw Unknown(scenario: scenario) }
        if scenario.trackedBefore > 0 {
            // The same cost with smaller bodies.
            scenario.microsecondsPerChat *= Double(scenario.trackedBefore) / 500
            scenario.trackedBefore = 500
        }
        return scenario
    }

    /// One of each scenario.
    package static let all = [
        Story(scenario: "quiet", minutes: 10),
        Story(scenario: "busy", minutes: 10),
        Story(scenario: "noisy-neighbor", minutes: 30, rules: ["noisy-neighbor", "dead-counters"]),
        Story(scenario: "saturated-with-errors", minutes: 20, interval: .seconds(30), rules: ["runtime-saturated"]),
        Story(scenario: "token-burn", minutes: 75, interval: .seconds(60), rules: ["token-burn-spike"]),
        Story(scenario: "provider-down", minutes: 20, rules: ["provider-trouble"]),
        Story(scenario: "restart", minutes: 20),
        Story(scenario: "poisoned", minutes: 15, rules: ["perf-poisoned"]),
        Story(scenario: "mongo-down", minutes: 14, rules: ["runtime-unhealthy"]),
        Story(scenario: "unauthorized", minutes: 15),
        Story(scenario: "down", minutes: 16),
        Story(scenario: "dead-counters", minutes: 12, rules: ["dead-counters"]),
        Story(scenario: "two-replicas", minutes: 10),
        Story(scenario: "ghost-actives", minutes: 12),
        Story(scenario: "growing", minutes: 20, interval: .seconds(30), rules: ["perf-expensive"]),
        Story(scenario: "user-hog", minutes: 28, interval: .seconds(30), rules: ["user-hogging"]),
        Story(scenario: "restart-loop", minutes: 22, interval: .seconds(30), rules: ["restart-loop"]),
        Story(scenario: "stalled", minutes: 50, interval: .seconds(60), rules: ["stalled-runs"]),
        Story(scenario: "mongo-slow", minutes: 18, interval: .seconds(30), rules: ["mongodb-slow"]),
        Story(scenario: "spending", minutes: 85, interval: .seconds(60), rules: ["model-calls-spike"]),
        Story(scenario: "crowded", minutes: 30, interval: .seconds(60), rules: ["runtime-crowded"]),
        Story(scenario: "demo", minutes: 2, interval: .seconds(1)),
        Story(scenario: "bypass", minutes: 50, interval: .seconds(60), rules: ["noisy-neighbor"]),
        Story(scenario: "ghosts", minutes: 20, interval: .seconds(30)),
        Story(scenario: "cached-provider", minutes: 20, interval: .seconds(30), rules: ["provider-silent"]),
        Story(scenario: "hang", minutes: 16, rules: ["runtime-down"]),
        Story(scenario: "mongo-killed", minutes: 25, interval: .seconds(30), rules: ["runtime-unhealthy"]),
        Story(scenario: "crash-loop", minutes: 62, interval: .seconds(60), rules: ["restart-loop"]),
        Story(scenario: "short-lives", minutes: 52, interval: .seconds(20), rules: ["noisy-neighbor"]),
        Story(scenario: "hidden-ghosts", minutes: 52, interval: .seconds(20)),
    ]

    /// The one of a scenario.
    package static func of(_ scenario: String) throws -> Story {
        guard let story = all.first(where: { $0.scenario == scenario }) else { throw Unknown(scenario: scenario) }
        return story
    }
}
