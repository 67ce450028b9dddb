import Ambient
import HTTP
import Model

/// Asks a runtime's replicas for the endpoints that are due. A failed poll is an observation like any other.
public struct Poller: Sendable {
    private let client: HTTPClient
    private let clock: any Clock
    private let onProblem: @Sendable (_ runtime: String, _ text: String) -> Void

    /// `onProblem` hears of what is no observation: a token that could not be had.
    public init(
        client: HTTPClient, clock: any Clock = SystemClock(),
        onProblem: @escaping @Sendable (_ runtime: String, _ text: String) -> Void = { _, _ in }
    ) {
        self.client = client
        self.clock = clock
        self.onProblem = onProblem
    }

    /// Asks every replica for every endpoint. Replicas and cheap endpoints at the same time (a health check that waits for
    /// a dead database delays no other); the expensive one after them, so that it does not hold up their answers.
    /// In the order in which the answers were complete.
    public func poll(_ target: Target, _ due: [(replica: String, endpoints: [Endpoint])]) async -> [Observation] {
        await withTaskGroup(of: [Observation].self) { group in
            for (replica, endpoints) in due {
                group.addTask {
                    var observations = await cheap(target, replica: replica, endpoints.filter { $0 != .perf })
                    if endpoints.contains(.perf) {
                        let observation = await ask(target, replica: replica, .perf)
                        observations.append(observation)
                        if observation.isAbsent {
                            observations.append(await ask(target, replica: replica, .perfChats))
                        }
                    }
                    return observations
                }
            }
            var all: [Observation] = []
            for await observations in group { all += observations }
            return all.sorted { a, b in
                a.at != b.at ? a.at < b.at : (a.replica, a.endpoint.rawValue) < (b.replica, b.endpoint.rawValue)
            }
        }
    }

    private func cheap(_ target: Target, replica: String, _ endpoints: [Endpoint]) async -> [Observation] {
        await withTaskGroup(of: Observation.self) { group in
            for endpoint in endpoints {
                group.addTask { await ask(target, replica: replica, endpoint) }
            }
            var observations: [Observation] = []
            for await observation in group { observations.append(observation) }
            return observations
        }
    }

    private func ask(_ target: Target, replica: String, _ endpoint: Endpoint) async -> Observation {
        let first = await attempt(target, replica: replica, endpoint)
        guard case .answer(let answer) = first.observation.outcome, answer.status == 401, target.authenticator.canRefresh
        else { return first.observation }
        await target.authenticator.refused(first.token)
        return await attempt(target, replica: replica, endpoint).observation
    }

    private func attempt(_ target: Target, replica: String, _ endpoint: Endpoint) async
        -> (observation: Observation, token: Secret?)
    {
        func observation(_ outcome: Observation.Outcome, _ elapsed: Double) -> Observation {
            Observation(
                at: clock.now(), runtime: target.runtime, replica: replica, endpoint: endpoint,
                elapsedMilliseconds: elapsed, outcome: outcome)
        }
        var credential: Authenticator.Credential?
        do {
            credential = try await target.authenticator.credential()
        } catch {
            // Asked without a token the runtime says 401: unauthorized, which is the truth, and not down.
            onProblem(target.runtime, error.description)
        }
        var headers = [HTTPField("Accept", "application/json")]
        if let credential { headers.append(credential.field) }
        let token = credential?.secret
        var request = HTTPRequest(
            .get, replica + endpoint.path, headers: headers, timeoutMs: Int(target.timeout.milliseconds),
            connectTimeoutMs: Int(min(target.timeout, .seconds(3)).milliseconds), bodyLimit: min(target.bodyLimit, endpoint.bodyLimit),
            label: "\(endpoint.path) of \(target.runtime)")
        request.tls = target.tls
        let started = clock.monotonicNanoseconds()
        do {
            let response = try await client.send(request)
            let answer = Observation.Answer(
                status: response.status, date: response.date.flatMap { Timestamp(httpDate: $0) },
                contentType: response.headers["content-type"], location: response.redirectOrigin, body: Body(response.body))
            return (observation(.answer(answer), response.elapsedMs), token)
        } catch {
            let elapsed = Double(clock.monotonicNanoseconds() &- started) / 1_000_000
            return (observation(.failure(error.transportFailure, detail: error.explanation), elapsed), token)
        }
    }
}

extension Endpoint {
    /// Bytes of the largest answer that is read of all endpoints but those that list chats. Recorded ones stay below a
    /// kilobyte.
    static let smallBodyLimit = 8 << 20

    fileprivate var bodyLimit: Int {
        switch self {
        case .perf, .perfChats: .max
        case .health, .activeRuns, .events, .gate, .inside: Endpoint.smallBodyLimit
        }
    }
}

extension Observation {
    /// 404: this build does not have the endpoint.
    fileprivate var isAbsent: Bool {
        if case .answer(let answer) = outcome { answer.status == 404 } else { false }
    }
}
