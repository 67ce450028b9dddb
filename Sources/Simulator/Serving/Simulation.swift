import Dispatch
import Model
import Server
import Synchronization

/// A simulated runtime, its clock and its clients, shared by all who answer for it. Holds no listener.
final class Simulation: Sendable {
    let scenario: Scenario
    private let options: SimulatorServer.Options
    private let runtime: Mutex<SimulatedRuntime>
    /// Held while a process answers one request: Python's event loop does one thing at a time.
    private let eventLoops: [EventLoop]
    private let requests = Atomic<Int>(0)
    /// Where clients post their starts; 0 while that is not known yet.
    let clientsPort: Atomic<UInt16>
    private let work = DispatchQueue(label: "simulator.clients", attributes: .concurrent)

    private final class EventLoop: Sendable {
        let turn = Mutex<Void>(())
    }

    init(_ scenario: Scenario, _ options: SimulatorServer.Options) {
        self.scenario = scenario
        self.options = options
        let clients: SimulatedRuntime.Clients = if case .direct = options.clients { .direct } else { .handedOut }
        runtime = Mutex(SimulatedRuntime(scenario, origin: options.clock.origin, clients: clients))
        clientsPort = if case .through(let port) = options.clients { Atomic(port) } else { Atomic(0) }
        eventLoops = (0..<scenario.replicas).map { _ in EventLoop() }
    }

    var now: Timestamp { options.clock.now() }

    /// Reads or changes the runtime at the present moment.
    func atPresent<R: Sendable>(_ body: (inout SimulatedRuntime) -> R) -> R {
        let now = now
        return runtime.withLock { runtime in
            runtime.advance(to: now)
            return body(&runtime)
        }
    }

    // MARK: - Answering

    /// Answers a request that came in on a listener; waits as long as the runtime would let it wait.
    func serve(_ request: ServerRequest, listener: Int) -> ServerResponse {
        if request.path == "/_sim/status" {
            return .json(atPresent { $0.tally.document(of: $0) }.serializedBytes())
        }
        let replica =
            scenario.balanced
            ? requests.add(1, ordering: .relaxed).oldValue % scenario.replicas : listener
        let answer = eventLoops[replica].turn.withLock { _ in
            let answer = atPresent { $0.answer(request, replica: replica) }
            if answer.blocksEventLoop > .zero { wait(answer.blocksEventLoop, request) }
            return answer
        }
        if answer.hangs {
            while atPresent({ $0.isUnreachable(replica: replica) }), !request.waitUntilStopped(atMost: 0.1) {}
        } else if answer.delay > .zero {
            wait(answer.delay, request)
        }
        return answer.response
    }

    private func wait(_ span: TimeSpan, _ request: ServerRequest) {
        request.waitUntilStopped(atMost: span.seconds * (options.delayScale ?? 1 / options.clock.speed))
    }

    // MARK: - Clients

    /// Lets clients start what they want to start. Does not wait for what comes of it.
    func carryOutAttempts() {
        for attempt in atPresent({ $0.takeAttempts() }) { carryOut(attempt) }
    }

    private func carryOut(_ attempt: SimulatedRuntime.StartAttempt) {
        switch options.clients {
        case .direct: break
        case .through, .throughFrontDoor:
            let port = clientsPort.load(ordering: .acquiring)
            work.async {
                let outcome = Self.post(attempt, port: port)
                self.atPresent { $0.settle(attempt, outcome) }
            }
        case .hook(let start):
            Task {
                let outcome = await start(attempt)
                self.atPresent { $0.settle(attempt, outcome) }
            }
        }
    }

    private static func post(_ attempt: SimulatedRuntime.StartAttempt, port: UInt16) -> SimulatedRuntime.AttemptOutcome {
        let path =
            "/api/chats/\(attempt.app.percentEncoded)/\(PercentEncoding.encode(Array(attempt.workflow.utf8)))/start"
        let body = PythonText.json(["user_id": .string(attempt.user), "force_new": true])
        let client = LoopbackClient(port: port, timeoutMilliseconds: 5_000)
        let type = (name: "Content-Type", value: Array("application/json".utf8))
        switch try? client.send("POST", Array(path.utf8), headers: [type], body: body).status {
        case .some(200): return .accepted
        case .some(429): return .refused
        default: return .failed
        }
    }
}
