import CycleKit
import Glibc
import Model
import Policy
import Signals
import TestKit
import Testing

@testable import Cycle
@testable import Simulator

/// The table of docs/policies.md that says which default rule can see what on which runtime, from the rules themselves and
/// from simulated runtimes. `MOZAIKS_RECORD=1 swift test --filter SightTableTests` writes it anew, and fails for that run.
@Suite struct SightTableTests {
    static let runtimes: [(name: String, counters: LiveCounters)] = [
        ("every counter alive", .all), ("today's builds: errors, tokens and cost dead", .today),
        ("runs come and go, nothing else is counted", .none),
    ]

    /// The signals that say nothing after ten busy minutes.
    private func dead(_ counters: LiveCounters) throws -> [Signal: MissingReason] {
        var scenario = try #require(Scenario.named("busy"))
        scenario.counters = counters
        let past = Past(scenario, length: .minutes(10), interval: .seconds(30))
        var pipeline = Pipeline(settings: past.settings, policies: .embeddedDefault)
        for index in past.indices { for observation in past.observations(index) { pipeline.take(observation) } }
        let end = past.now(past.polls.count - 1)
        var signals = try #require(pipeline.signals[SimulatedPolls.runtimeName])
        return signals.deadSignals(at: end)
    }

    private func table() throws -> String {
        let policies = PolicySet.embeddedDefault
        let dead = try SightTableTests.runtimes.map { try self.dead($0.counters) }
        var text = "| rule | on | " + SightTableTests.runtimes.map(\.name).joined(separator: " | ") + " |\n|---|---|"
        text += String(repeating: "---|", count: dead.count) + "\n"
        for rule in policies.defaultRules where !rule.subject.isBesideRuntimes {
            let cells = dead.map { dead in
                var lacks: [String] = []
                for (_, series) in rule.when.readings where dead[series.signal] != nil && !lacks.contains(series.signal.name) {
                    lacks.append(series.signal.name)
                }
                // What a configuration names is no matter of the runtime's counters.
                if rule.when.readings.contains(where: { $0.series.signal.isOfPage }) { return "where a page of metrics is named" }
                let names = lacks.map { "`\($0)`" }.joined(separator: ", ")
                if !rule.when.canBeTrue(lacking: { dead[$0.signal] }) { return "**blind**: lacks \(names)" }
                return lacks.isEmpty ? "sees" : "sees in part: lacks \(names)"
            }
            text += "| `\(rule.name)` | \(rule.subject.rawValue) | " + cells.joined(separator: " | ") + " |\n"
        }
        return text
    }

    @Test func thePageSaysWhatTheRulesCanSee() throws {
        let table = try table()
        try Fixtures.recorded("docs/policies.md", between: "which rule can see what", table, "SightTableTests")
        // The rules must be useful where most counters are dead.
        #expect(table.split(separator: "\n").filter { $0.contains("| sees |") }.count > 10)
    }
}
