import Model

@testable import Signals

/// Polls a known runtime, reads every signal now and then, and notes what lies outside of the truth.
struct TruthWatch {
    /// A poll that was answered: when the answer was complete, and when and by which process it was made.
    struct Poll {
        var at: Int64
        var made: Int64
        var epoch: Int
        /// Of health: what it said.
        var isHealthy = true
        /// Of health: MongoDB's ping in seconds; of the registry and of the extension: running runs.
        var figure = 0.0
        /// Of health: websockets; of the extension: the loop's lag.
        var second = 0.0
        var elapsed = 0.0
        /// Of perf: when the poll before it was.
        var previous = Int64.min / 2
        /// Of perf: last durations of runs whose turns moved since the poll before.
        var latencies: [(app: Int, seconds: Double)] = []
    }

    var world: KnownRuntime
    var signals: RuntimeSignals
    var dice: Dice
    var faults: [String] = []
    var values: [Signal: [SubjectKind: Int]] = [:]

    var perf: [Poll] = []
    var events: [Poll] = []
    var gate: [Poll] = []
    var health: [Poll] = []
    /// Of all health polls: when, and whether it failed; nil where it says nothing of health.
    var judgedHealth: [(at: Int64, failed: Bool?)] = []
    var registry: [Poll] = []
    var inside: [Poll] = []
    var attempts: [(at: Int64, answered: Bool)] = []
    var moved: Set<Counter> = []
    var firstShown: [Int: Int64] = [:]
    /// Since when a counter of work was seen to have moved.
    var sightedSince: Int64?
    var latest = PerfTable()
    /// As of the newest perf answer.
    var openRuns: [OpenRun] = []
    /// Of apps' `active_runs`: how many were read with a value, and how many of these count ghosts that are older than
    /// ``TruthWatch/telling``, more than the two that are left out.
    var (told, tooMany) = (0, 0)
    /// How often something was known at the least.
    var floors = 0
    static let telling: Int64 = 90_000

    struct OpenRun {
        var app: Int
        var user: UInt64
        var isRunning: Bool
        var age: Int64
        /// Since it was seen to have begun or to have done something.
        var quiet: Int64
    }

    /// By app; the last is of all.
    let starts: [KnownSeries]
    let ends: [KnownSeries]
    let silentEnds: [KnownSeries]
    let steps: [Signal: [KnownSeries]]
    let asked: [KnownSeries]
    let refused: [KnownSeries]

    static let runtime = "shared"
    static let windows: [TimeSpan?] = [nil, .minutes(1), .minutes(10)]

    init(_ world: KnownRuntime) {
        self.world = world
        dice = world.dice
        var options = SignalOptions(
            replicas: [Watched.url], interval: TimeSpan(milliseconds: world.habits.interval), price: world.habits.price)
        options.longestWindow = .minutes(10)
        signals = RuntimeSignals(runtime: TruthWatch.runtime, options: options)
        func byApp(_ events: [(app: Int, at: Int64, value: Double)]) -> [KnownSeries] {
            KnownRuntime.apps.indices.map { app in KnownSeries(events.filter { $0.app == app }.map { ($0.at, $0.value) }) }
                + [KnownSeries(events.map { ($0.at, $0.value) })]
        }
        let runs = world.runs
        starts = byApp(runs.map { ($0.app, $0.began, 1) })
        let over = runs.filter { run in run.ended.map { world.epochs[run.epoch].contains($0) } ?? false }
        ends = byApp(over.map { ($0.app, $0.ended!, 1) })
        silentEnds = byApp(over.filter { $0.steps.isEmpty }.map { ($0.app, $0.ended!, 1) })
        let all = runs.flatMap { run in run.steps.map { (run.app, $0) } }
        func series(_ value: (KnownRuntime.Step) -> Double) -> [KnownSeries] { byApp(all.map { ($0.0, $0.1.at, value($0.1)) }) }
        let price = world.habits.price
        let usesPrice = price != nil && !world.habits.alive.contains(.cost)
        steps = [
            .turns: series { _ in 1 }, .errors: series { $0.failed ? 1 : 0 }, .toolCalls: series { Double($0.tools) },
            .tokens: series { Double($0.prompt + $0.completion) }, .llmCalls: series { _ in 1 },
            .cost: series {
                guard usesPrice, let price else { return $0.cost * 60 }
                return (Double($0.prompt) * price.promptPerMillion + Double($0.completion) * price.completionPerMillion) * 60 / 1e6
            },
        ]
        asked = byApp(world.asked.map { ($0.app, $0.at, 1) })
        refused = byApp(world.asked.filter(\.refused).map { ($0.app, $0.at, 1) })
    }

    // MARK: - Polling

    mutating func run() throws {
        let demand = Signal.allCases.flatMap { signal in
            (signal.isWindowed ? TruthWatch.windows : [nil]).flatMap { window in
                [SeriesRef(signal: signal, window: window)]
                    + (signal.info.subjects.contains(.workflow) ? [SeriesRef(signal: signal, scope: .workflow, window: window)] : [])
            }
        }
        signals.options.retain(for: demand)
        var at = KnownRuntime.t0
        var outage = Int64.min
        var count = 0
        while at < world.end - 15_000 {
            if dice.chance(world.habits.lostPolls / 15) { outage = at + Int64(dice.among(10...400) * 1_000) }
            var now = at
            for endpoint in [Endpoint.health, .activeRuns, .events, .perf, .inside, .gate] {
                now = ask(endpoint, at: now, isLost: endpoint != .gate && (at < outage || dice.chance(world.habits.lostPolls)))
            }
            count += 1
            if count * Int(world.habits.interval) % 20_000 < Int(world.habits.interval) || count < 4 {
                // Everything must come out the same when the monitor was started anew in between.
                if dice.chance(0.1) { signals = try RuntimeSignals(decoding: signals.encoded(), options: signals.options) }
                check(signals.readings(at: Timestamp(milliseconds: now), demand: demand), demand)
            }
            at = max(now, at + world.habits.interval)
        }
    }

    mutating func ask(_ endpoint: Endpoint, at begin: Int64, isLost: Bool) -> Int64 {
        var elapsed = Int64(dice.among(2...60))
        if endpoint == .health, world.habits.slowHealth > 0, dice.chance(world.habits.slowHealth) {
            elapsed = Int64(dice.among(600...4_000))
        }
        let (made, at) = (begin + elapsed / 2, begin + elapsed)
        if endpoint == .gate {
            guard world.habits.hasGate else { return begin }
            let apps = KnownRuntime.apps.indices.map { app in
                let all = Int64(asked[app].sum(.min / 2, made))
                let no = Int64(refused[app].sum(.min / 2, made))
                return GateCounts.App(app: KnownRuntime.apps[app], starts: .init(allowed: all - no, refused: no))
            }
            // Its process lives on when the runtime's ends.
            gate.append(Poll(at: at, made: made, epoch: -1))
            signals.ingest(sample(at, elapsed, nil, .gate(GateCounts(since: "once", apps: apps))))
            return at
        }
        guard let epoch = world.epoch(at: made), !isLost else {
            attempts.append((at, false))
            if endpoint == .health { judgedHealth.append((at, true)) }
            signals.ingest(sample(at, elapsed, nil, .missing(endpoint, .unreachable, detail: "")))
            return at
        }
        attempts.append((at, true))
        var poll = Poll(at: at, made: made, epoch: epoch, elapsed: Double(elapsed) / 1_000)
        let content = answer(endpoint, &poll)
        // The header is set when the answer is sent, and shows whole seconds.
        let date = dice.chance(world.habits.dated) ? (at + world.habits.skew) / 1_000 * 1_000 : nil
        signals.ingest(sample(at, elapsed, date, content))
        return at
    }

    func sample(_ at: Int64, _ elapsed: Int64, _ date: Int64?, _ content: Decoded) -> Sample {
        Sample(
            at: Timestamp(milliseconds: at), runtime: TruthWatch.runtime, replica: Watched.url,
            elapsedMilliseconds: Double(elapsed), date: date.map { Timestamp(milliseconds: $0) }, content: content)
    }

    mutating func answer(_ endpoint: Endpoint, _ poll: inout Poll) -> Decoded {
        switch endpoint {
        case .health:
            if dice.chance(0.02) {
                judgedHealth.append((poll.at, nil))
                return .missing(.health, .malformed, detail: "")
            }
            poll.isHealthy = !dice.chance(0.05)
            poll.figure = dice.among(0.001...0.4)
            poll.second = world.habits.hasSockets ? world.websockets(at: poll.made) : 3
            judgedHealth.append((poll.at, !poll.isHealthy))
            health.append(poll)
            return .health(
                Health(
                    isHealthy: poll.isHealthy, mongoPingMilliseconds: poll.figure * 1_000,
                    websocketConnections: Int64(poll.second)))
        case .activeRuns:
            guard world.habits.isRegistryReal else {
                return .activeRuns(
                    ActiveRuns(isTracked: false, activeCount: 0, totalRuns: 0, listedRuns: 0, note: "disabled"))
            }
            poll.figure = world.running(at: poll.made)
            registry.append(poll)
            return .activeRuns(
                ActiveRuns(isTracked: true, activeCount: Int64(poll.figure), totalRuns: 0, listedRuns: 0, note: nil))
        case .events:
            guard world.habits.hasEvents else { return .missing(.events, .error(status: 404), detail: "") }
            events.append(poll)
            let created = Timestamp(milliseconds: world.epochs[poll.epoch].lowerBound + world.habits.skew)
            return .events(
                EventMetrics(
                    created: created.description, createdAt: created,
                    usageDelta: world.calls(at: poll.made, epoch: poll.epoch)))
        case .perf, .perfChats:
            let before = perf.last
            latest = world.perf(at: poll.made, epoch: poll.epoch)
            if let before {
                poll.previous = before.at
                if world.habits.alive.contains(.turns) {
                    let since = before.epoch == poll.epoch ? before.made : .min
                    poll.latencies = world.durations(from: since, to: poll.made, epoch: poll.epoch)
                }
            }
            openRuns = openRuns(at: poll)
            perf.append(poll)
            note(latest)
            return .perf(latest)
        case .inside:
            guard world.habits.hasInside else { return .missing(.inside, .error(status: 404), detail: "") }
            poll.figure = world.running(at: poll.made)
            poll.second = dice.among(0...0.5)
            inside.append(poll)
            let apps = KnownRuntime.apps.indices.map {
                InsideView.App(app: KnownRuntime.apps[$0], runs: Int64(world.running(at: poll.made, app: $0)))
            }
            return .inside(InsideView(runs: Int64(poll.figure), apps: apps, loopLag: poll.second))
        case .gate, .targets, .host, .probe, .metrics: return .missing(endpoint, .notTracked, detail: "")
        }
    }

    mutating func note(_ table: PerfTable) {
        for app in KnownRuntime.apps.indices where firstShown[app] == nil && table.apps.contains(KnownRuntime.apps[app]) {
            firstShown[app] = perf.last?.at
        }
        for chat in table.chats {
            if chat.agentTurns > 0 { moved.insert(.turns) }
            if chat.toolCalls > 0 { moved.insert(.tools) }
            if chat.errors > 0 { moved.insert(.errors) }
            if chat.promptTokens > 0 { moved.insert(.tokens) }
            if chat.cost > 0 { moved.insert(.cost) }
        }
        if sightedSince == nil, !isBlind { sightedSince = perf.last?.at }
    }
}

extension Array {
    /// The elements at the end that all fulfil a condition.
    func suffix(while fits: (Element) -> Bool) -> ArraySlice<Element> {
        var first = endIndex
        while first > startIndex, fits(self[first - 1]) { first -= 1 }
        return self[first...]
    }
}
