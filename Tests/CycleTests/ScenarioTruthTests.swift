import CycleKit
import Model
import Simulator
import TestKit
import Testing

@testable import Cycle

/// Scenarios with their truth: whom the shipped rules hold back, what they tell, and what they do not.
@Suite struct ScenarioTruthTests {
    static let scenarios = Scenario.all.filter { $0.truth != nil }.map(\.name)

    @Test("each of the ways to hold the wrong one, or to be blind, is among them")
    func complete() {
        #expect(
            Set(ScenarioTruthTests.scenarios).isSuperset(
                of: [
                    "bypass", "ghosts", "hidden-ghosts", "cached-provider", "hang", "mongo-killed", "crash-loop", "short-lives",
                ]))
    }

    @Test("what is told and who is held back is what a careful operator expects", arguments: scenarios)
    func asExpected(name: String) throws {
        let scenario = try #require(Scenario.named(name))
        let truth = try #require(scenario.truth)
        let past = Past(scenario, length: truth.length)
        let incidents = Replay.direct(past).values
        for row in truth.judged(.init(incidents)) { #expect(row.isMet, "\(row.sentence)") }
        if name == "hang" {
            // Figures are there again within two polls of the first answer.
            let end = past.now(0) + .minutes(12) + .seconds(30)
            let first = past.indices.first { past.now($0) > end && past.polls[$0].contains { $0.endpoint == .perf && $0.isAnswer } }
            #expect(try #require(first.map { past.now($0) }) - end <= .seconds(30))
        }
    }

    @Test("a truth that is not met is seen")
    func canFail() {
        var truth = ScenarioTruth(length: .minutes(1), opens: ["a"])
        truth.held = [AppID("x")]
        truth.never = ["b"]
        func unmet(_ outcome: ScenarioTruth.Outcome) -> [String] { truth.judged(outcome).filter { !$0.isMet }.map(\.sentence) }
        #expect(unmet(.init(opened: [("a", .info)], held: [AppID("x")])) == [])
        #expect(
            unmet(.init(opened: [("b", .info), ("c", .warning)], held: [AppID("y")]))
                == ["a is told", "b is not told", "nobody is woken by anything else: c", "x is held back", "nobody else is held back: y"])
    }
}

extension Observation {
    fileprivate var isAnswer: Bool { if case .answer = outcome { true } else { false } }
}
