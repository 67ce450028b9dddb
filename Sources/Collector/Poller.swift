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

    /// Asks every replica for every endpoint. Replicas and cheap endpoints at the same time; the expensive one after them,
    /// so that it does not hold up their answers, but no later than `patience`: a health check that waits for a dead
    /// database delays no other. In the order in which the answers were complete.
    public func poll(_ target: Target, _ due: [(replica: String, endpoints: [Endpoint])]) async -> [Observation] {
        await withTaskGroup(of: [Observation].self) { group in
            for (replica, endpoints) in due {
                // What a reload says of pages of metrics counts from the next start on, as all that is asked.
                let endpoints = endpoints.filter { $0 != .metrics || target.hasMetrics(at: replica) }
                group.addTask { await ask(target, replica: replica, endpoints) }
            }
            var all: [Observation] = []
            for await observations in group { all += observations }
            // Of one millisecond, a replica's answers stay as they came.
            return all.enumerated().sorted { a, b in
                (a.element.at, a.element.replica, a.offset) < (b.element.at, b.element.replica, b.offset)
            }.map(\.element)
        }
    }

    /// One look at a runtime: who its replicas are, where they are to be found, and then all of them at once for `endpoints`.
    /// - Parameter known: who they are, where nothing newer is said of it; counts only where they are to be found.
    public func look(at target: Target, _ endpoints: [Endpoint], known: [String] = []) async -> [Observation] {
        let found = await target.finder?.look()
        let replicas = found?.namedReplicas ?? (target.finder == nil ? target.replicas : known)
        return [found].compactMap { $0 } + (await poll(target, Target.adding(target.metrics, to: replicas.map { ($0, endpoints) })))
    }

    /// How long the expensive endpoint waits for the answers of the others.
    private static let patience = TimeSpan.seconds(1)

    private func ask(_ target: Target, replica: String, _ endpoints: [Endpoint]) async -> [Observation] {
        // Nil: patience is at its end.
        await withTaskGroup(of: [Observation]?.self) { group in
            let cheap = endpoints.filter { $0.traits.cadence != .budgeted }
            let dear = endpoints.first { $0.traits.cadence == .budgeted }
            for endpoint in cheap { group.addTask { [await ask(target, replica: replica, endpoint)] } }
            var isDearToCome = dear != nil
            if isDearToCome, !cheap.isEmpty {
                group.addTask {
                    try? await clock.sleep(for: Poller.patience)
                    return nil
                }
            }
            var (observations, answered) = ([Observation](), 0)
            func startDear(_ group: inout TaskGroup<[Observation]?>) {
                isDearToCome = false
                guard let dear else { return }
                group.addTask {
                    let first = await ask(target, replica: replica, dear)
                    guard first.isAbsent, let substitute = dear.substitute else { return [first] }
                    return [first, await ask(target, replica: replica, substitute)]
                }
            }
            if isDearToCome, cheap.isEmpty { startDear(&group) }
            let wanted = cheap.count + (dear == nil ? 0 : 1)
            while answered < wanted, let next = await group.next() {
                if let next {
                    observations += next
                    answered += 1
                }
                if isDearToCome, next == nil || answered == cheap.count { startDear(&group) }
            }
            group.cancelAll()
            return observations
        }
    }

    private func ask(_ target: Target, replica: String, _ endpoint: Endpoint) async -> Observation {
        if let look = target.look {
            let started = clock.monotonicNanoseconds()
            let outcome = await look.look()
            let elapsed = Double(clock.monotonicNanoseconds() &- started) / 1_000_000
            return Observation(
                at: clock.now(), runtime: target.runtime, replica: replica, endpoint: endpoint, elapsedMilliseconds: elapsed,
                outcome: outcome)
        }
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
        let place = Place(target, replica: replica, endpoint)
        var credential: Authenticator.Credential?
        var lacking: String?
        do {
            if place.isRuntimes { credential = try await target.authenticator.credential() }
        } catch {
            // Asked without a token the runtime says 401: unauthorized, which is the truth, and not down.
            lacking = error.description
            onProblem(target.runtime, error.description)
        }
        var headers = [HTTPField("Accept", endpoint.accepted)]
        if let credential { headers.append(credential.field) }
        let token = credential?.secret
        var request = HTTPRequest(
            .get, place.url, headers: headers, timeoutMs: Int(target.timeout(of: endpoint).milliseconds),
            connectTimeoutMs: Int(min(target.timeout, .seconds(3)).milliseconds), bodyLimit: min(target.bodyLimit, endpoint.bodyLimit),
            label: "\(endpoint.path) of \(target.runtime)")
        if place.isRuntimes { request.tls = target.tls }
        request.pinnedAddress = place.pinnedAddress
        let started = clock.monotonicNanoseconds()
        do {
            let response = try await client.send(request)
            response.body.note(ResponseBody.Remarks(response, sentWith: credential, lacking: lacking))
            let answer = Observation.Answer(
                status: response.status, date: response.date.flatMap { Timestamp(httpDate: $0) },
                contentType: response.headers["content-type"], location: response.redirectOrigin, body: Body(response.body))
            return (observation(.answer(answer), response.elapsedMs), token)
        } catch {
            let elapsed = Double(clock.monotonicNanoseconds() &- started) / 1_000_000
            return (observation(.failure(error.transportFailure, detail: endpoint.explanation(of: error)), elapsed), token)
        }
    }
}

/// Where an endpoint is asked.
private struct Place {
    let url: String
    /// Of a replica that was found as an address and goes by the name that it was found by.
    var pinnedAddress: String?
    /// It is the runtime itself that answers: what it wants to be shown is shown to nobody else.
    let isRuntimes: Bool

    init(_ target: Target, replica: String, _ endpoint: Endpoint) {
        if case (.metrics, .url(let url)?) = (endpoint, target.metrics) {
            (self.url, isRuntimes) = (url, false)
            return
        }
        let place = target.place(of: replica)
        var path = endpoint.path
        if case (.metrics, .path(let own)?) = (endpoint, target.metrics) { path = own }
        (url, pinnedAddress, isRuntimes) = (place.url + path, place.pinnedAddress, true)
    }
}

extension Endpoint {
    /// The forms of its answers that can be read.
    fileprivate var accepted: String {
        self == .metrics
            ? "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0.8,*/*;q=0.1" : "application/json"
    }

    /// Bytes of the largest answer that is read of all endpoints but those that list chats. Recorded ones stay below a
    /// kilobyte.
    static let smallBodyLimit = 8 << 20

    fileprivate var bodyLimit: Int { traits.isLong ? .max : Endpoint.smallBodyLimit }

    /// Why there is no answer, with what to do about it. A limit that is fixed nobody can raise.
    fileprivate func explanation(of error: HTTPError) -> String {
        guard case .bodyTooLarge(let limit) = error.kind else { return error.explanation }
        guard limit == bodyLimit else { return error.why + "; raise 'body_limit' under 'polling' if this size is expected" }
        return error.why + (self == .metrics ? "; name a page with fewer series under 'metrics'" : "; is it the runtime that answers?")
    }
}

extension Observation {
    /// 404: this build does not have the endpoint.
    fileprivate var isAbsent: Bool {
        if case .answer(let answer) = outcome { answer.status == 404 } else { false }
    }
}
