import Collector
import Model
import Server
import Testing

@testable import Simulator

/// What the monitor's own decoder reads out of simulated answers is what the simulator did.
@Suite struct DecodingTests {
    private func decode(_ runtime: inout SimulatedRuntime, _ endpoint: Endpoint, replica: Int) -> Decoded {
        let response = runtime.answer(ServerRequest(target: endpoint.path), replica: replica).response
        return Decoder.decode(
            .init(status: response.status, date: runtime.now, contentType: nil, body: Body(response.body)), of: endpoint
        )
    }

    @Test(
        "nothing is malformed, and the counts agree",
        arguments: Scenario.all.filter { $0.authentication == nil }.map(\.name))
    func agrees(name: String) throws {
        var scenario = try #require(Scenario.named(name))
        scenario.trackedBefore = min(scenario.trackedBefore, 100)
        scenario.faults.removeAll { $0.fault != .restart }
        var runtime = SimulatedRuntime(scenario, origin: origin)
        runtime.advance(to: origin + .minutes(7))
        var open: [AppID: Int] = [:]
        for replica in 0..<scenario.replicas {
            let process = runtime.processes[replica]
            guard case .perf(let table) = decode(&runtime, .perf, replica: replica) else {
                Issue.record("perf is missing")
                continue
            }
            #expect(table.skippedChats == 0 && table.malformedFields == 0)
            #expect(table.chats.count == process.chats.count)
            #expect(table.totals?.activeChats == Int64(process.openCount))
            #expect(table.totals?.agentTurns == process.chats.reduce(0) { $0 + $1.turns })
            for chat in table.chats where chat.isOpen { open[table.apps[Int(chat.app)], default: 0] += 1 }
            guard case .health(let health) = decode(&runtime, .health, replica: replica),
                case .events(let events) = decode(&runtime, .events, replica: replica),
                case .activeRuns(let runs) = decode(&runtime, .activeRuns, replica: replica)
            else {
                Issue.record("an answer is missing")
                continue
            }
            #expect(health.isHealthy && health.malformedFields == 0)
            #expect(health.websocketConnections == Int64(process.websockets + runtime.scenario.idleSockets))
            #expect(events.usageDelta == process.usageDeltas && events.malformedFields == 0)
            #expect(events.createdAt == process.created.timestamp)
            #expect(!runs.isTracked)
        }
        #expect(open == runtime.tally.apps.mapValues(\.open).filter { $0.value > 0 })
    }

    @Test func trackedActiveRunsReadAsReal() {
        var scenario = Scenario.busy
        scenario.tracksActiveRuns = true
        var runtime = SimulatedRuntime(scenario, origin: origin)
        guard case .activeRuns(let runs) = decode(&runtime, .activeRuns, replica: 0) else {
            Issue.record("active runs are missing")
            return
        }
        #expect(runs.isTracked)
        #expect(runs.activeCount == Int64(runtime.processes[0].openCount))
    }
}
