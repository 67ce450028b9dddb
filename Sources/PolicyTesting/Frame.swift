import Engine
import Guard
import Model
import Policy
import Signals

/// What was read and decided at one tick of one runtime.
public struct Frame: Sendable {
    public let at: Timestamp
    public let runtime: String
    public let readings: ReadingTable
    public let standings: [Standing]
    public let changes: [IncidentChange]
    public let decisions: [ActionDecision]

    public init(readings: ReadingTable, outcome: TickOutcome, plan: Plan) {
        at = outcome.now
        runtime = outcome.runtime
        self.readings = readings
        standings = outcome.standings
        changes = outcome.changes
        decisions = plan.decisions
    }
}

extension GivenSeries {
    /// Runs the series through the engine and the guard that the daemon has, one tick a step.
    /// - Parameter mode: the stricter of it and the policies' own holds; nil: the policies' own.
    public func frames(_ policies: PolicySet, mode: Mode?) -> [Frame] {
        let given = GivenReadings(self, policies: policies)
        // The series never felt what is done on them.
        let context = GuardContext(mode: mode ?? .enforce, landable: Set(ActionKind.allCases), verifies: false)
        var clock = ObservationClock(interval: interval)
        var engine = EngineState()
        var guardState = GuardState()
        return (0...lastStep).map { step in
            let (now, readings) = (given.moment(step), given.table(step))
            // An answer that says nothing is an observation too.
            for endpoint in Endpoint.allCases { clock.note(endpoint, at: now) }
            let outcome = engine.evaluate(policies: policies, readings: readings, clock: clock, now: now)
            let plan = guardState.plan(outcome: outcome, policies: policies, readings: readings, context: context)
            engine.record(plan.decisions)
            // What was decided lands at once, and what ended is over.
            guardState.landAll(now: outcome.now)
            return Frame(readings: readings, outcome: outcome, plan: plan)
        }
    }
}
