import Model
import Server

/// Polls of a simulated runtime at simulated times, as the collector would report them. No sockets, no waiting.
public struct SimulatedPolls: Sendable {
    public static let runtimeName = "shared"
    /// After so long the poller gives up on an answer.
    public static let timeout = TimeSpan.seconds(10)

    /// Where its replicas would answer; one for all where they are balanced.
    public let replicas: [String]
    private var runtime: SimulatedRuntime
    private let isBalanced: Bool
    private var requests = 0

    /// - Parameter origin: when the scenario begins.
    public init(_ scenario: Scenario, origin: Timestamp) {
        var scenario = scenario
        scenario.authentication?.staticTokens = ["token"]
        isBalanced = scenario.balanced
        replicas = (0..<(isBalanced ? 1 : scenario.replicas)).map { "http://127.0.0.1:\(8_000 + $0)" }
        runtime = SimulatedRuntime(scenario, origin: origin)
    }

    /// Asks one endpoint. Moments never go back.
    public mutating func ask(_ endpoint: Endpoint, _ url: String, at begin: Timestamp) -> Observation {
        runtime.advance(to: begin)
        requests += 1
        let replica = isBalanced ? requests % runtime.scenario.replicas : replicas.firstIndex { $0.isSame(as: url) } ?? 0
        let request = ServerRequest(
            target: endpoint.path,
            headers: runtime.scenario.authentication == nil ? [] : [(name: "Authorization", value: "Bearer token")])
        func observation(_ span: TimeSpan, _ outcome: Observation.Outcome) -> Observation {
            Observation(
                at: begin + span, runtime: SimulatedPolls.runtimeName, replica: url, endpoint: endpoint,
                elapsedMilliseconds: Double(span.milliseconds), outcome: outcome)
        }
        if runtime.isDown(replica: replica) {
            return observation(TimeSpan(milliseconds: 1), .failure(.refused, detail: "connection refused"))
        }
        let answer = runtime.answer(request, replica: replica)
        let span = TimeSpan(milliseconds: 2) + answer.delay + answer.blocksEventLoop
        if answer.hangs || span > SimulatedPolls.timeout {
            return observation(SimulatedPolls.timeout, .failure(.timeout, detail: "no answer within 10 s"))
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
