import Model
import Policy
import Signals

/// The load that the budget of evaluation speaks of, for `make bench`: ten rules on every app, all quiet but a few.
public enum EvaluationBench {
    /// Ten rules as operators write them: shares, rates, ratios, quantiles, functions over history.
    static let rules = """
        schema: mozaiks.ops/policy/v1
        ops_policy: default
        rules:
          r0: {subject: app, when: "active_runs.share > 40% and active_runs.share > 55% and runtime.active_runs >= 10 and runtime.active_apps >= 3", for: 5m, severity: warning, summary: s}
          r1: {subject: app, when: "tokens > 3 * runtime.tokens and tokens > 2000/min", for: 5m, severity: warning, summary: s}
          r2: {subject: app, when: "error_rate > 5% and turns > 1/min", for: 5m, severity: warning, summary: s}
          r3: {subject: app, when: "turn_latency.p95 > 30s", for: 5m, severity: info, summary: s}
          r4: {subject: app, when: "cost > 3 USD/h", for: 5m, severity: warning, summary: s}
          r5: {subject: app, when: "stalled_runs > 5", for: 5m, severity: warning, summary: s}
          r6: {subject: app, when: "active_runs.max_per_user > 0.8 * active_runs and active_runs > 10", for: 5m, severity: info, summary: s}
          r7: {subject: app, when: "run_starts > 60/min or run_ends > 60/min", for: 5m, severity: warning, summary: s}
          r8: {subject: app, when: "errors > 10/min and not tool_calls > 100/min", for: 5m, severity: warning, summary: s}
          r9: {subject: app, when: "open_runs - active_runs > 50", for: 5m, severity: warning, summary: s}

        """

    /// Everything that one evaluation needs, made once.
    public struct Load: Sendable {
        let policies: PolicySet
        let readings: ReadingTable
        let clock: ObservationClock
        let start: Timestamp
        var state = EngineState()

        /// `apps` apps, of which one in a thousand breaks a rule.
        public init(apps: Int) throws(PolicyErrors) {
            let file = PolicyFile(path: "ops_policy.default.yaml", bytes: Array(EvaluationBench.rules.utf8))
            policies = try PolicyLoader.load(files: [file]).get()
            start = Timestamp(minute: 29_000_000)
            let demand = policies.demand.map(\.series)
            let ids = (0..<apps).map { AppID("app-\($0 + 1_000_000)") }
            let columns = demand.map { series in
                ContiguousArray(
                    (0..<apps).map { row in
                        if series.scope == .runtime { return Evidence.value(20) }
                        return .value(series.signal == .activeRunsShare ? (row % 1_000 == 0 ? 60 : 50) : 0.1)
                    })
            }
            readings = ReadingTable(
                runtime: "shared", at: start, demand: demand, runtime: demand.map { _ in .value(20) }, apps: ids,
                app: columns)
            var clock = ObservationClock(interval: .seconds(10))
            for endpoint in Endpoint.allCases { clock.note(endpoint, at: start) }
            self.clock = clock
            _ = state.evaluate(policies: policies, readings: readings, clock: clock, now: start)
        }

        /// One cycle over all apps and rules; the number of rules that are not inactive, so that nothing is left out.
        public mutating func cycle() -> Int {
            state.evaluate(policies: policies, readings: readings, clock: clock, now: start).standings.count
        }
    }
}
