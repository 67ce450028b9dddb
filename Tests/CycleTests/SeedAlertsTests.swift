import CycleKit
import Model
import Policy
import Testing

@testable import Cycle
@testable import Simulator

/// The four alerts of the deployment guide, as docs/prometheus.md writes them, on the page of metrics that a simulated runtime
/// shows: each tells of its own trouble and of no other.
@Suite struct SeedAlertsTests {
    private static let rules = """
        schema: mozaiks.ops/policy/v1
        ops_policy: default
        rules:
          connections-many:
            {subject: runtime, when: 'metric("mozaiks_active_connections") > 5000', for: 1m, severity: warning, summary: S.}
          workflow-errors:
            {subject: runtime, when: 'metric("mozaiks_workflow_errors_total").increase[1m] > 10', for: 1m, severity: critical, summary: S.}
          model-slow:
            {subject: runtime, when: 'metric("mozaiks_llm_latency_seconds").p95[5m] > 10', for: 2m, severity: warning, summary: S.}
          mongodb-latency:
            {subject: runtime, when: 'metric("mozaiks_mongodb_latency_seconds").p95[5m] > 1', for: 2m, severity: warning, summary: S.}

        """

    /// A quarter of an hour of a runtime whose models are fast and whose turns do not fail.
    private func told(_ change: (inout Scenario) -> Void) throws -> Set<String> {
        var scenario = try #require(Scenario.named("busy"))
        scenario.showsMetrics = true
        for index in scenario.tenants.indices {
            scenario.tenants[index].loads = scenario.tenants[index].loads.map { load in
                load.with { ($0.turnSeconds, $0.errorShare) = (2...6, 0) }
            }
        }
        change(&scenario)
        let file = PolicyFile(path: "ops_policy.default.yaml", bytes: Array(Self.rules.utf8))
        let origin = Timestamp(milliseconds: 1_795_251_600_000)
        var world = SimulatedPolls(scenario, origin: origin)
        var settings = Past.settings(replicas: world.replicas, interval: .seconds(10))
        settings.runtimes[0].metrics = .path("/metrics")
        var pipeline = Pipeline(settings: settings, policies: try PolicyLoader.load(files: [file]).get())
        var told: Set<String> = []
        for cycle in 0..<90 {
            let at = origin + .seconds(Double(cycle) * 10)
            let observations = world.poll(at: at, pipeline.due(SimulatedPolls.runtimeName, now: at))
            for observation in observations { pipeline.take(observation) }
            _ = pipeline.tick(SimulatedPolls.runtimeName, now: observations.map(\.at).max() ?? at)
            told.formUnion(pipeline.engine.openIncidents(of: SimulatedPolls.runtimeName).map(\.rule))
        }
        return told
    }

    @Test func nothingIsToldOfACalmRuntime() throws { #expect(try told { _ in } == []) }

    @Test func connections() throws { #expect(try told { $0.idleSockets = 6_000 } == ["connections-many"]) }

    @Test func workflowErrors() throws {
        #expect(try told { $0.faults.append(FaultWindow(.providerDown, from: .minutes(3))) } == ["workflow-errors"])
    }

    @Test func slowModels() throws {
        let told = try told { scenario in
            for index in scenario.tenants.indices {
                scenario.tenants[index].loads = scenario.tenants[index].loads.map { load in
                    load.with { ($0.turnSeconds, $0.runSeconds) = (30...60, 120...240) }
                }
            }
        }
        #expect(told == ["model-slow"])
    }

    @Test func slowMongoDB() throws {
        #expect(try told { $0.faults.append(FaultWindow(.mongoSlow(ping: .seconds(1.4)), from: .minutes(2))) } == ["mongodb-latency"])
    }
}
