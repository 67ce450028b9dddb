import Model

/// A deployment of the runtime, its tenants and their clients, as a value: time is an argument, randomness is seeded,
/// so that the same scenario gives the same bytes.
///
/// What happens is a queue of events. A run has its own random numbers, so that one start more or less changes no other
/// run, and `advance` in one step or in many gives the same state.
public struct SimulatedRuntime: Sendable {
    /// How the tenants' clients reach the runtime.
    public enum Clients: Sendable {
        /// Their starts happen by themselves.
        case direct
        /// From the origin on, starts are handed out by ``takeAttempts()`` and happen when somebody posts them.
        case handedOut
    }

    /// A start that a client wants.
    public struct StartAttempt: Sendable, Equatable {
        public let app: AppID
        public let workflow: String
        public let user: String
        /// 1 for the first, more for a retry.
        public let number: Int
        let tenant: Int
    }

    /// What came of an attempt.
    public enum AttemptOutcome: Sendable, Equatable {
        /// The runtime started a run.
        case accepted
        /// Something in front of the runtime said no (429).
        case refused
        /// No answer, or an error.
        case failed
    }

    enum Event: Sendable {
        case arrival(tenant: Int, version: Int)
        case load(tenant: Int)
        case retry(StartAttempt)
        case turn(Run)
        case drop(Run)
        case end(Run)
        case restart(replica: Int?)
        case poison(replica: Int?)
    }

    /// A run of one life of a process.
    struct Run: Sendable {
        let replica: Int
        let generation: Int
        let chat: Int
    }

    struct Behaviour: Sendable {
        var random: SplitMix64
        var load: Load
    }

    struct Client: Sendable {
        var random: SplitMix64
        /// Arrivals that were drawn for an earlier load are void.
        var version = 0
        var refusedInRow = 0
        var gaveUp = false
    }

    public let scenario: Scenario
    /// Offset zero of the scenario.
    public let origin: Timestamp
    let clientsAre: Clients
    private(set) var instant: Instant
    var processes: [RuntimeProcess]
    var behaviours: [[Behaviour]]
    private(set) var generations: [Int]
    private(set) var clients: [Client]
    var faults: [FaultWindow]
    var tally = Tally()
    var identityProvider: IdentityProvider?
    private var queue = EventQueue<Event>()
    private var attempts: [StartAttempt] = []
    private var random: SplitMix64
    private var nextReplica = 0

    /// - Parameter origin: offset zero; the runtime has already run for the scenario's warm-up then.
    public init(_ scenario: Scenario, origin: Timestamp, clients: Clients = .direct) {
        self.scenario = scenario
        self.origin = origin
        clientsAre = clients
        random = SplitMix64(seed: scenario.seed)
        let begin = Instant(origin - scenario.warmUp)
        instant = begin
        // Chats that were tracked before took 2 s each to come.
        let created = Instant(microseconds: begin.microseconds - Int64(scenario.trackedBefore) * 2_000_000 - 1_557_586)
        processes = (0..<scenario.replicas).map { replica in
            RuntimeProcess(created: Instant(microseconds: created.microseconds + Int64(replica) * 731_204))
        }
        behaviours = Array(repeating: [], count: scenario.replicas)
        generations = Array(repeating: 0, count: scenario.replicas)
        self.clients = []
        faults = []
        identityProvider = scenario.authentication.map { IdentityProvider($0, seed: scenario.seed) }
        for tenant in scenario.tenants.indices {
            self.clients.append(Client(random: SplitMix64(seed: random.next())))
            scheduleArrival(of: tenant)
            for load in scenario.tenants[tenant].loads where load.from > .zero {
                queue.add(.load(tenant: tenant), due: Instant(origin) + load.from)
            }
        }
        trackEarlierChats(since: created)
        for window in scenario.faults { add(window) }
        advance(to: origin)
    }

    /// The moment that everything shows.
    public var now: Timestamp { instant.timestamp }
    /// Time since the origin.
    public var offset: TimeSpan { now - origin }

    /// Lets time pass. A moment that is already past changes nothing.
    public mutating func advance(to moment: Timestamp) {
        let limit = Instant(moment)
        while let (due, event) = queue.take(by: limit) {
            instant = max(instant, due)
            happen(event)
        }
        instant = max(instant, limit)
    }

    /// Adds a fault from now on, for so long; nil: to the end.
    public mutating func inject(_ fault: Fault, for duration: TimeSpan? = nil, replica: Int? = nil) {
        add(FaultWindow(fault, from: offset, until: duration.map { offset + $0 }, replica: replica))
    }

    private mutating func add(_ window: FaultWindow) {
        faults.append(window)
        let due = max(instant, Instant(origin) + window.from)
        switch window.fault {
        case .restart: queue.add(.restart(replica: window.replica), due: due)
        case .poisoned: queue.add(.poison(replica: window.replica), due: due)
        default: break
        }
    }

    // MARK: - Clients

    /// Starts that clients wanted since the last call, oldest first. Only with ``Clients/handedOut``.
    public mutating func takeAttempts() -> [StartAttempt] {
        defer { attempts = [] }
        return attempts
    }

    /// Tells a client what came of its attempt. A refused one is tried again, if its tenant does that, up to five times.
    public mutating func settle(_ attempt: StartAttempt, _ outcome: AttemptOutcome) {
        guard clients.indices.contains(attempt.tenant) else { return }
        switch outcome {
        case .accepted:
            clients[attempt.tenant].refusedInRow = 0
            return
        case .refused:
            tally.apps[attempt.app, default: .init()].refused += 1
            clients[attempt.tenant].refusedInRow += 1
            if scenario.tenants[attempt.tenant].goesAround { return startDirectly(attempt) }
        case .failed:
            tally.apps[attempt.app, default: .init()].failed += 1
        }
        let tenant = scenario.tenants[attempt.tenant]
        if let limit = tenant.givesUpAfterRefusals, clients[attempt.tenant].refusedInRow >= limit,
            !clients[attempt.tenant].gaveUp
        {
            clients[attempt.tenant].gaveUp = true
            rescheduleArrivals(of: attempt.tenant)
        }
        guard let wait = tenant.retriesAfter, attempt.number <= 5, !clients[attempt.tenant].gaveUp else { return }
        let again = StartAttempt(
            app: attempt.app, workflow: attempt.workflow, user: attempt.user, number: attempt.number + 1,
            tenant: attempt.tenant)
        queue.add(.retry(again), due: instant.advanced(bySeconds: clients[attempt.tenant].random.uniform(wait)))
    }

    private func load(of tenant: Int) -> Load? {
        clients[tenant].gaveUp ? scenario.tenants[tenant].loads.first : scenario.tenants[tenant].load(at: offset)
    }

    private mutating func scheduleArrival(of tenant: Int) {
        guard let load = load(of: tenant), load.startsPerMinute > 0 else { return }
        let mean = 60 / load.startsPerMinute
        let gap =
            load.isEven
            ? clients[tenant].random.uniform(0.6 * mean...1.4 * mean) : clients[tenant].random.exponential(mean: mean)
        queue.add(
            .arrival(tenant: tenant, version: clients[tenant].version), due: instant.advanced(bySeconds: gap))
    }

    private mutating func rescheduleArrivals(of tenant: Int) {
        clients[tenant].version += 1
        scheduleArrival(of: tenant)
    }

    private mutating func attempt(_ attempt: StartAttempt) {
        guard case .direct = clientsAre else {
            if offset >= .zero { return attempts.append(attempt) }
            return startDirectly(attempt)
        }
        startDirectly(attempt)
    }

    private mutating func startDirectly(_ attempt: StartAttempt) {
        let replica = nextReplica % processes.count
        nextReplica += 1
        guard !isUnreachable(replica: replica) else { return settle(attempt, .failed) }
        _ = startRun(
            app: attempt.app, workflow: Array(attempt.workflow.utf8), user: Array(attempt.user.utf8), replica: replica)
        settle(attempt, .accepted)
    }

    // MARK: - Events

    private mutating func happen(_ event: Event) {
        switch event {
        case .arrival(let tenant, let version):
            guard clients[tenant].version == version else { return }
            let description = scenario.tenants[tenant]
            let workflow = clients[tenant].random.integer(0...(description.workflows.count - 1))
            let user = clients[tenant].random.integer(1...max(1, description.users))
            scheduleArrival(of: tenant)
            attempt(
                StartAttempt(
                    app: description.app, workflow: description.workflows[workflow], user: "user-\(user)", number: 1,
                    tenant: tenant))
        case .load(let tenant): rescheduleArrivals(of: tenant)
        case .retry(let again): attempt(again)
        case .turn(let run): turn(run)
        case .drop(let run): if isAlive(run) { processes[run.replica].disconnect(run.chat) }
        case .end(let run): end(run)
        case .restart(let replica):
            for index in processes.indices where replica == nil || replica == index { restart(index) }
        case .poison(let replica):
            for index in processes.indices where replica == nil || replica == index {
                processes[index].isPoisoned = true
            }
        }
    }

    func isAlive(_ run: Run) -> Bool { generations[run.replica] == run.generation }

    private mutating func restart(_ replica: Int) {
        tally.restarts += 1
        for chat in processes[replica].chats where chat.endedAt == nil {
            tally.apps[chat.app, default: .init()].lost += 1
        }
        generations[replica] += 1
        processes[replica] = RuntimeProcess(created: instant)
        behaviours[replica] = []
    }

    mutating func schedule(_ event: Event, inSeconds seconds: Double) {
        queue.add(event, due: instant.advanced(bySeconds: seconds))
    }

    mutating func freshSeed() -> UInt64 { random.next() }

    private mutating func trackEarlierChats(since created: Instant) {
        guard scenario.trackedBefore > 0, !scenario.tenants.isEmpty else { return }
        for replica in processes.indices {
            processes[replica].reserve(scenario.trackedBefore)
            for index in 0..<scenario.trackedBefore {
                adoptEarlierChat(index, replica: replica, created: created)
            }
        }
    }

    private mutating func adoptEarlierChat(_ index: Int, replica: Int, created: Instant) {
        let tenant = scenario.tenants[index % scenario.tenants.count]
        let load = tenant.loads.first ?? Load(startsPerMinute: 0)
        var own = SplitMix64(seed: random.next())
        var chat = SimulatedChat(
            chatID: own.uuid(), app: tenant.app, workflow: Array(tenant.workflows[index % tenant.workflows.count].utf8),
            user: Array("user-\(own.integer(1...max(1, tenant.users)))".utf8),
            startedAt: created.advanced(bySeconds: Double(index) * 2 + own.unit()))
        for _ in 0..<own.integer(1...9) { Self.count(&chat, load, scenario.counters, &own) }
        chat.end(at: chat.startedAt.advanced(bySeconds: own.uniform(load.runSeconds)))
        processes[replica].adopt(chat)
        behaviours[replica].append(Behaviour(random: own, load: load))
    }
}
