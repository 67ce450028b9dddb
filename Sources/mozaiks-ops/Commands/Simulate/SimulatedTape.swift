import Collector
import Model
import Simulator

/// A scenario recorded at simulated times: no sockets, no waiting. The same scenario and seed give the same tape.
struct SimulatedTape {
    /// 2026-11-21T09:00:00Z, a Saturday.
    private static let origin = Timestamp(milliseconds: 1_795_251_600_000)

    private var polls: SimulatedPolls

    init(_ scenario: Scenario) {
        polls = SimulatedPolls(scenario, origin: SimulatedTape.origin)
    }

    /// Writes `length` of it, asked every `interval`. Returns how many exchanges there were.
    mutating func write(to path: String, length: TimeSpan, interval: TimeSpan) throws(TapeError) -> Int {
        let header = TapeHeader(
            interval: interval, runtimes: [.init(name: SimulatedPolls.runtimeName, replicas: polls.replicas)])
        let writer = try TapeWriter(path: path, header: header)
        var (exchanges, count) = (0, Int64(0))
        var at = SimulatedTape.origin
        while at < SimulatedTape.origin + length {
            var end = at
            for replica in polls.replicas {
                for endpoint in Endpoint.whole {
                    let observation = polls.ask(endpoint, replica, at: end)
                    end = max(end, observation.at)
                    try writer.write(.exchange(observation))
                    exchanges += 1
                }
            }
            count += 1
            try writer.write(.tick(at: end, runtime: SimulatedPolls.runtimeName, count: count))
            at = max(at + interval, end)
        }
        return exchanges
    }
}
