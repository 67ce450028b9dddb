import Model

@testable import Signals

/// SplitMix64: the same numbers on every machine.
struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func unit() -> Double { Double(next() >> 11) / Double(1 << 53) }
    mutating func chance(_ share: Double) -> Bool { unit() < share }
    mutating func among(_ range: ClosedRange<Double>) -> Double { range.lowerBound + unit() * (range.upperBound - range.lowerBound) }
    mutating func pick<T>(_ values: [T]) -> T { values[Int(next() % UInt64(values.count))] }
    /// Exponential with that mean.
    mutating func wait(_ mean: Double) -> Double {
        var u = unit()
        // Newton's logarithm: the pure rooms' tests have no libm, and a table of -ln(u) by halving is exact enough here.
        var sum = 0.0
        while u < 0.5 { u *= 2; sum += 0.693_147_180_559_945_3 }
        let x = (1 - u) / (1 + u)
        return mean * (sum + 2 * (x + x * x * x / 3 + x * x * x * x * x / 5))
    }
}

/// A runtime of which everything is known: what really happened, and what it showed of it to a poller. Times are ms by the
/// monitor's clock; the runtime's own runs `skew` beside it.
struct KnownRuntime {
    /// What one seed is like.
    struct Habits {
        var skew: Int64
        /// Of answers with a `date` header, 0…1.
        var dated: Double
        var interval: Int64
        var lostPolls: Double
        /// Counters that the build moves.
        var alive: Set<Counter>
        var hasEvents: Bool
        /// Minutes between restarts; nil: none.
        var restarts: Double?
        var ghosts: Double
        var hasSockets: Bool
        /// So long after its start a run has its websocket, ms.
        var socketLag: Int64 = 0
        /// Of health's answers that come late, 0…1.
        var slowHealth = 0.0
        /// How long runs last, s, by app; empty: all kinds.
        var lives: [ClosedRange<Double>] = []
        var isRegistryReal: Bool
        var hasInside: Bool
        var hasGate: Bool
        /// Runs are over before the next poll, as when a provider is down.
        var isShort: Bool
        /// And so fast that no poll ever sees one open: nothing tells the runtime's clock.
        var isNeverSeenOpen = false
        var price: TokenPrice?
        var minutes: Int64
    }

    struct Step {
        var at: Int64
        var seconds: Double
        var failed: Bool
        var tools: Int64
        var prompt: Int64
        var completion: Int64
        var cost: Double
    }

    struct Run {
        var key: StableHash
        var app: Int
        var user: UInt64
        var epoch: Int
        var began: Int64
        /// Nil: it never ends by itself.
        var ended: Int64?
        /// Its websocket dropped, or never came.
        var dropped: Int64?
        var steps: [Step] = []
        /// As the body shows it, and how many steps are in that.
        var shown: PerfChat
        var taken = 0
    }

    static let workflow = PackID("Generator")
    static let apps = ["app-a", "app-b", "app-ü"].map { AppID($0) }
    static let t0 = FakeProcess.start

    var habits: Habits
    var dice: Dice
    /// In the order of their beginning.
    var runs: [Run] = []
    /// When each process lived; the last one's end is the end of the story.
    var epochs: [ClosedRange<Int64>] = []
    /// Of each process its runs.
    private var members: [[Int]] = []
    /// By app, the last of all: how many run.
    private var runningNow: [KnownSeries] = []
    private var callsSoFar = KnownSeries([])
    /// Starts asked of the gate, by app; whether it refused.
    var asked: [(at: Int64, app: Int, refused: Bool)] = []
    var end: Int64 { KnownRuntime.t0 + habits.minutes * 60_000 }

    init(seed: UInt64, change: (inout Habits) -> Void = { _ in }) {
        var dice = Dice(state: seed &* 0x1234_5677 &+ 99)
        let interval = dice.pick([1, 2, 5, 7, 10, 15, 30, 45, 60] as [Int64]) * 1_000
        let all: Set<Counter> = [.errors, .tokens, .cost, .turns, .tools]
        habits = Habits(
            skew: dice.pick([0, 0, 700, -700, 2_500, -90_000, 90_000, -3_600_000, 3_600_000]),
            dated: dice.pick([1, 1, 0, 0, 0.6]), interval: interval, lostPolls: dice.pick([0, 0, 0.05, 0.25]),
            alive: dice.pick([all, all, all.subtracting([.cost]), [.turns], [], [.turns, .errors], all.subtracting([.errors])]),
            hasEvents: dice.chance(0.85), restarts: dice.pick([nil, nil, 12, 5]), ghosts: dice.pick([0, 0, 0.1, 0.4]),
            hasSockets: dice.chance(0.8), isRegistryReal: dice.chance(0.15), hasInside: dice.chance(0.2),
            hasGate: dice.chance(0.7), isShort: dice.chance(0.2),
            price: dice.chance(0.3) ? TokenPrice(promptPerMillion: 3, completionPerMillion: 15) : nil,
            minutes: interval < 5_000 ? 14 : 40)
        self.dice = dice
        change(&habits)
        live()
    }

    private mutating func live() {
        let end = end
        var at = KnownRuntime.t0 - Int64(dice.among(60...3_000) * 1_000)
        while at < end {
            let life = habits.restarts.map { max(90_000, Int64(dice.wait($0 * 60_000))) } ?? .max / 4
            // Most of the time before the story counts for nothing: restarts are for within it.
            let until = min(end, max(at, KnownRuntime.t0) + life)
            epochs.append(at...until)
            populate(epochs.count - 1)
            at = until + Int64(dice.among(500...20_000))
        }
        runs.sort { ($0.began, $0.key) < ($1.began, $1.key) }
        members = epochs.indices.map { epoch in runs.indices.filter { runs[$0].epoch == epoch } }
        runningNow = (0...KnownRuntime.apps.count).map { app in
            KnownSeries(
                runs.filter { app == KnownRuntime.apps.count || $0.app == app }.flatMap { run in
                    let last = min(run.ended ?? .max, run.dropped ?? .max, epochs[run.epoch].upperBound + 1)
                    return [(run.began, 1.0), (last, -1.0)]
                })
        }
        callsSoFar = KnownSeries(runs.flatMap { $0.steps.map { ($0.at, 1) } })
        guard habits.hasGate else { return }
        for run in runs where run.began >= KnownRuntime.t0 { asked.append((run.began, run.app, false)) }
        var refusal = KnownRuntime.t0
        while refusal < end {
            refusal += Int64(dice.wait(20_000)) + 1
            asked.append((refusal, Int(dice.next() % 3), true))
        }
        asked.sort { $0.at < $1.at }
    }

    private mutating func populate(_ epoch: Int) {
        let span = epochs[epoch]
        for app in KnownRuntime.apps.indices {
            let perMinute = dice.pick([0.05, 0.5, 2, 4])
            var at = max(span.lowerBound, KnownRuntime.t0 - 1_500_000)
            while true {
                at += Int64(dice.wait(60_000 / perMinute)) + 1
                guard at < span.upperBound else { break }
                add(app, epoch, began: at, until: span.upperBound)
            }
        }
    }

    private mutating func add(_ app: Int, _ epoch: Int, began: Int64, until: Int64) {
        let user = UInt64(app * 100) + dice.next() % 4
        let key = StableHash(high: dice.next(), low: dice.next())
        var shown = PerfChat(
            key: key, app: 0, user: user, startedAt: began + habits.skew,
            present: FakeProcess.everything.subtracting(.lastTurnSeconds).union([.open, .workflow]))
        shown.runtimeSeconds = 0
        let life =
            !habits.lives.isEmpty
            ? dice.among(habits.lives[app])
            : habits.isNeverSeenOpen ? 0.002 : habits.isShort || dice.chance(0.1) ? dice.among(0.3...4) : dice.wait(150) + 1
        var run = Run(key: key, app: app, user: user, epoch: epoch, began: began, ended: began + Int64(life * 1_000), shown: shown)
        if dice.chance(habits.ghosts) {
            run.dropped = began + (dice.chance(0.5) ? 0 : Int64(dice.among(0...life) * 1_000))
            run.ended = nil
        }
        let last = min(run.dropped ?? .max, run.ended ?? .max, until)
        var at = began
        while true {
            let seconds = dice.among(0.4...9)
            at += Int64((seconds + dice.wait(6)) * 1_000)
            guard at < last else { break }
            run.steps.append(
                Step(
                    at: at, seconds: seconds, failed: dice.chance(0.1), tools: Int64(dice.next() % 3),
                    prompt: Int64(dice.among(100...2_000)), completion: Int64(dice.among(20...300)), cost: dice.among(0.001...0.02)))
        }
        runs.append(run)
    }

    // MARK: - The truth

    func epoch(at moment: Int64) -> Int? { epochs.firstIndex { $0.contains(moment) } }

    /// Open at that moment by the runtime's own account.
    func isOpen(_ run: Run, at moment: Int64) -> Bool {
        run.began <= moment && epochs[run.epoch].contains(moment) && (run.ended ?? .max) > moment
    }

    func isRunning(_ run: Run, at moment: Int64) -> Bool { isOpen(run, at: moment) && (run.dropped ?? .max) > moment }

    /// How many runs run.
    func running(at moment: Int64, app: Int? = nil) -> Double {
        runningNow[app ?? KnownRuntime.apps.count].sum(.min / 2, moment)
    }

    /// Those of them that have their websocket by then.
    func websockets(at moment: Int64) -> Double {
        guard habits.socketLag > 0 else { return running(at: moment) }
        return Double(runs.count { isRunning($0, at: moment) && moment - $0.began >= habits.socketLag })
    }

    /// The open runs of a process.
    func open(at moment: Int64, epoch: Int) -> [Run] {
        members[epoch].lazy.filter { isOpen(runs[$0], at: moment) }.map { runs[$0] }
    }

    // MARK: - What it shows

    /// The perf body as it was made at a moment; `table.chats` in the order of their beginning.
    mutating func perf(at moment: Int64, epoch: Int) -> PerfTable {
        // One for all: what it does of an app is what the app does.
        var table = PerfTable(workflows: [KnownRuntime.workflow.bytes])
        var places: [Int?] = [nil, nil, nil]
        var totals = PerfTotals(
            activeChats: 0, trackedChats: 0, agentTurns: 0, toolCalls: 0, errors: 0, promptTokens: 0, completionTokens: 0, cost: 0)
        for index in members[epoch] where runs[index].began <= moment {
            while runs[index].taken < runs[index].steps.count, runs[index].steps[runs[index].taken].at <= moment {
                let step = runs[index].steps[runs[index].taken]
                runs[index].taken += 1
                if habits.alive.contains(.turns) {
                    runs[index].shown.agentTurns += 1
                    runs[index].shown.lastTurnSeconds = step.seconds
                    runs[index].shown.present.insert(.lastTurnSeconds)
                }
                if habits.alive.contains(.tools) { runs[index].shown.toolCalls += step.tools }
                if habits.alive.contains(.errors), step.failed { runs[index].shown.errors += 1 }
                if habits.alive.contains(.tokens) {
                    runs[index].shown.promptTokens += step.prompt
                    runs[index].shown.completionTokens += step.completion
                }
                if habits.alive.contains(.cost) { runs[index].shown.cost += step.cost }
            }
            if let ended = runs[index].ended, ended <= moment, runs[index].shown.isOpen {
                runs[index].shown.present.remove(.open)
                runs[index].shown.present.insert(.endedAt)
                runs[index].shown.endedAt = ended + habits.skew
            }
            var chat = runs[index].shown
            chat.runtimeSeconds = Double(min(moment, runs[index].ended ?? .max) - chat.startedAt + habits.skew) / 1_000
            let place = places[runs[index].app] ?? table.apps.count
            if place == table.apps.count {
                table.apps.append(KnownRuntime.apps[runs[index].app])
                places[runs[index].app] = place
            }
            chat.app = UInt32(place)
            table.chats.append(chat)
            totals.activeChats! += chat.isOpen ? 1 : 0
            totals.trackedChats! += 1
            totals.agentTurns! += chat.agentTurns
            totals.toolCalls! += chat.toolCalls
            totals.errors! += chat.errors
            totals.promptTokens! += chat.promptTokens
            totals.completionTokens! += chat.completionTokens
            totals.cost! += chat.cost
        }
        table.totals = totals
        return table
    }

    /// Model calls of a process up to a moment.
    func calls(at moment: Int64, epoch: Int) -> Int64 {
        Int64(callsSoFar.sum(epochs[epoch].lowerBound - 1, moment))
    }

    /// Last durations of the runs of a process that made a turn in (from, to].
    func durations(from: Int64, to: Int64, epoch: Int) -> [(app: Int, seconds: Double)] {
        members[epoch].compactMap { index in
            guard let step = runs[index].steps.last(where: { $0.at <= to }), step.at > from else { return nil }
            return (runs[index].app, step.seconds)
        }
    }
}

/// Events in the order of time with what they add up to.
struct KnownSeries {
    private var at: [Int64] = []
    private var sums: [Double] = [0]

    init(_ events: [(Int64, Double)]) {
        for (moment, value) in events.sorted(by: { $0.0 < $1.0 }) {
            at.append(moment)
            sums.append(sums[sums.count - 1] + value)
        }
    }

    /// The sum over (from, to].
    func sum(_ from: Int64, _ to: Int64) -> Double { to > from ? sums[index(to)] - sums[index(from)] : 0 }

    private func index(_ moment: Int64) -> Int {
        var (low, high) = (0, at.count)
        while low < high {
            let middle = (low + high) / 2
            if at[middle] <= moment { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
