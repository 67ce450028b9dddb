import Collector
import Model
import Server
import Simulator

/// A scenario recorded at simulated times: no sockets, no waiting. The same scenario and seed give the same tape.
struct SimulatedTape {
    private static let runtime = "shared"
    /// After so long a poller gives up on an answer.
    private static let timeout = TimeSpan.seconds(10)
    /// 2026-11-21T09:00:00Z, a Saturday.
    private static let origin = Timestamp(milliseconds: 1_795_251_600_000)

    private let replicas: [String]
    private var world: SimulatedRuntime
    private var requests = 0

    init(_ scenario: Scenario) {
        var scenario = scenario
        scenario.authentication?.staticTokens = ["token"]
        replicas = (0..<(scenario.balanced ? 1 : scenario.replicas)).map { "http://127.0.0.1:\(8_000 + $0)" }
        world = SimulatedRuntime(scenario, origin: SimulatedTape.origin)
    }

    /// Writes `length` of it, asked every `interval`. Returns how many exchanges there were.
    mutating func write(to path: String, length: TimeSpan, interval: TimeSpan) throws(TapeError) -> Int {
        let header = TapeHeader(
            interval: interval, runtimes: [.init(name: SimulatedTape.runtime, replicas: replicas)])
        let writer = try TapeWriter(path: path, header: header)
        var (exchanges, count) = (0, Int64(0))
        var at = SimulatedTape.origin
        while at < SimulatedTape.origin + length {
            var end = at
            for replica in replicas {
                for endpoint in [Endpoint.health, .activeRuns, .events, .perf] {
                    let observation = ask(endpoint, replica, at: end)
                    end = max(end, observation.at)
                    try writer.write(.exchange(observation))
                    exchanges += 1
                }
            }
            count += 1
            try writer.write(.tick(at: end, runtime: SimulatedTape.runtime, count: count))
            at = max(at + interval, end)
        }
        return exchanges
    }

    private mutating func ask(_ endpoint: Endpoint, _ url: String, at begin: Timestamp) -> Observation {
        world.advance(to: begin)
        requests += 1
        let replica = world.scenario.balanced
            ? requests % world.scenario.replicas : replicas.firstIndex { $0.isSame(as: url) } ?? 0
        func observation(_ span: TimeSpan, _ outcome: Observation.Outcome) -> Observation {
            Observation(
                at: begin + span, runtime: SimulatedTape.runtime, replica: url, endpoint: endpoint,
                elapsedMilliseconds: Double(span.milliseconds), outcome: outcome)
        }
        if world.isDown(replica: replica) {
            return observation(TimeSpan(milliseconds: 1), .failure(.refused, detail: "connection refused"))
        }
        let answer = world.answer(
            ServerRequest(
                target: endpoint.path,
                headers: world.scenario.authentication == nil ? [] : [(name: "Authorization", value: "Bearer token")]),
            replica: replica)
        let span = TimeSpan(milliseconds: 2) + answer.delay + answer.blocksEventLoop
        if answer.hangs || span > SimulatedTape.timeout {
            return observation(SimulatedTape.timeout, .failure(.timeout, detail: "no answer within 10 s"))
        }
        func header(_ name: String) -> String? { answer.response.headers.first { $0.name == name }?.value }
        return observation(
            span,
            .answer(
                .init(
                    status: answer.response.status, date: header("date").flatMap { Timestamp(httpDate: $0) },
                    contentType: header("content-type"), body: Body(answer.response.body))))
    }
}
