import Dispatch
import Model
import Server
import Synchronization

/// A simulated runtime on real sockets: a listener for each replica (or one for all, behind a balancer), time that
/// passes by itself, clients that start runs, and `GET /_sim/status` with what the simulator did itself.
public final class SimulatorServer: Sendable {
    /// How the tenants' clients start runs.
    public enum Clients: Sendable {
        /// By themselves, inside the simulation: the same seed gives the same bytes.
        case direct
        /// By `POST …/start` to a server on loopback: a reverse proxy, or the runtime itself.
        case through(port: UInt16)
        /// By `POST …/start` to a ``FrontDoor`` that is opened with the runtime and leads to its first replica.
        case throughFrontDoor(FrontDoor.Options)
        /// By whatever this does. `accepted` counts for the client only; the run is started by who posts it.
        case hook(@Sendable (SimulatedRuntime.StartAttempt) async -> SimulatedRuntime.AttemptOutcome)
    }

    public struct Options: Sendable {
        public var host = "127.0.0.1"
        /// Replica n listens on `port + n`; 0 takes free ones.
        public var port: UInt16 = 0
        public var clock = SimulationClock()
        /// Seconds of real time for a second of simulated delay (slow Mongo, blocked event loop). Nil: 1 / speed.
        public var delayScale: Double?
        public var clients = Clients.direct
        /// Real seconds after which an idle connection is closed, as uvicorn does.
        public var keepAliveSeconds = 5
        /// How often time passes without requests, in real milliseconds; nil: only by ``SimulatorServer/tick()``.
        public var tickMilliseconds: Int? = 50

        public init() {}
    }

    private let options: Options
    private let simulation: Simulation
    private let listeners: [Listener]
    private let ticker = Ticker()
    private let door = Mutex<FrontDoor?>(nil)

    public init(_ scenario: Scenario, options: Options = Options()) {
        self.options = options
        let simulation = Simulation(scenario, options)
        self.simulation = simulation
        listeners = (0..<(scenario.balanced ? 1 : scenario.replicas)).map { index in
            Listener(port: options.port == 0 ? 0 : options.port + UInt16(index)) { port in
                var settings = HTTPServer.Options()
                settings.mode = .threadPerConnection
                settings.idleTimeoutSeconds = options.keepAliveSeconds
                settings.drainSeconds = 0.2
                return HTTPServer(listen: options.host, port: port, options: settings) {
                    simulation.serve($0, listener: index)
                }
            }
        }
    }

    deinit { stop() }

    /// Starts listening and lets time pass. Fails with the first listener that cannot listen.
    public func start() throws(ServerError) {
        for listener in listeners { try listener.open() }
        if case .throughFrontDoor(var settings) = options.clients {
            settings.runtimePort = ports[0]
            let opened = FrontDoor(settings)
            try opened.start()
            simulation.clientsPort.store(opened.port, ordering: .releasing)
            door.withLock { $0 = opened }
        }
        guard let interval = options.tickMilliseconds else { return }
        ticker.start(everyMilliseconds: interval) { [simulation, listeners] in Self.tick(simulation, listeners) }
    }

    /// Stops time and all listeners, for good. Not to be called by a client's hook.
    public func stop() {
        ticker.stop()
        frontDoor?.stop()
        for listener in listeners { listener.close(forGood: true) }
    }

    public var scenario: Scenario { simulation.scenario }
    /// `http://127.0.0.1:8000`: one for each replica; one in all behind a balancer.
    public var urls: [String] { ports.map { "http://\(options.host):\($0)" } }
    public var ports: [UInt16] { listeners.map(\.port) }
    /// The door that the clients go through, if they do; nil before `start()`.
    public var frontDoor: FrontDoor? { door.withLock { $0 } }
    /// Simulated time.
    public var now: Timestamp { simulation.now }
    /// Whether the scenario has told its story.
    public var isOver: Bool { scenario.duration.map { now - options.clock.origin >= $0 } ?? false }
    public var tally: Tally { simulation.atPresent { $0.tally } }
    /// The document of `/_sim/status`.
    public var status: JSON { simulation.atPresent { $0.tally.document(of: $0) } }

    /// Adds a fault from now on, for so much simulated time; nil: to the end.
    public func inject(_ fault: Fault, for duration: TimeSpan? = nil, replica: Int? = nil) {
        simulation.atPresent { $0.inject(fault, for: duration, replica: replica) }
        tick()
    }

    /// Lets the present come: events happen, listeners close or open, clients start what they want to start.
    public func tick() { Self.tick(simulation, listeners) }

    private static func tick(_ simulation: Simulation, _ listeners: [Listener]) {
        // A balancer is never down; a process that is down has no listener.
        if !simulation.scenario.balanced {
            let down = simulation.atPresent { runtime in listeners.indices.map { runtime.isDown(replica: $0) } }
            for (listener, isDown) in zip(listeners, down) {
                // A port that somebody took meanwhile is tried again at the next tick.
                if isDown { listener.close(forGood: false) } else { try? listener.open() }
            }
        }
        simulation.carryOutAttempts()
    }
}

/// Calls something again and again on a queue of its own, until stopped.
private final class Ticker: Sendable {
    private let queue = DispatchQueue(label: "simulator.ticks")
    private let isStopped = Atomic<Bool>(false)

    func start(everyMilliseconds interval: Int, _ body: @escaping @Sendable () -> Void) {
        queue.asyncAfter(deadline: .now() + .milliseconds(interval)) { [weak self] in
            guard let self, !isStopped.load(ordering: .acquiring) else { return }
            body()
            start(everyMilliseconds: interval, body)
        }
    }

    /// Waits for a call that is under way; none begins after this.
    func stop() {
        isStopped.store(true, ordering: .releasing)
        queue.sync {}
    }
}
