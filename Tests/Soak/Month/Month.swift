import Ambient
import ChaosKit
import Collector
import Composition
import Configuration
import CycleKit
import Daemon
import Glibc
import HTTP
import Journal
import Model
import Simulator
import Synchronization

/// Days of the daemon before a runtime on which everything happens, as fast as they can be lived through.
///
///     soak FOLDER DAYS HOURS APPS SEED INTERVAL [URL]
///
/// After each day it says on standard output, as a line of JSON, what it counted, and waits for a line: whoever samples and
/// checks does so while nothing moves. `FOLDER` gets the state (or the database of that URL does), `posts.jsonl`, `starts.jsonl` and,
/// at the beginning, the address of the control plane in `world.json`.
@main
struct Soak {
    static func main() throws {
        let words = CommandLine.arguments.dropFirst()
        let numbers = words.dropFirst().prefix(5).compactMap { UInt64($0) }
        guard (6...7).contains(words.count), numbers.count == 5, let folder = words.first, numbers[1] >= 4, numbers[4] > 0 else {
            let usage = Array("usage: soak FOLDER DAYS HOURS APPS SEED INTERVAL [URL]\n".utf8)
            _ = write(STDERR_FILENO, usage, usage.count)
            exit(64)
        }
        ProcessMemory.tune()
        signal(SIGPIPE, SIG_IGN)
        // A Monday, at midnight.
        let clock = ManualClock(Timestamp(milliseconds: 1_795_392_000_000))
        let lane = Lane(clock)
        let around = try Surroundings(
            folder: folder, database: words.count == 7 ? words.last : nil, interval: Int(numbers[4]), clock: clock)
        let month = try Month(around, apps: Int(numbers[2]), seed: numbers[3], clock: clock, lane: lane)
        let failure = Mutex<String?>(nil)
        Task.detached {
            do { try await month.live(days: Int(numbers[0]), hours: Int(numbers[1])) } catch { failure.withLock { $0 = "\(error)" } }
            lane.end()
        }
        lane.run()
        if let text = failure.withLock({ $0 }) {
            let line = Array("soak: \(text)\n".utf8)
            _ = write(STDERR_FILENO, line, line.count)
            exit(1)
        }
    }
}

/// The month: one life of the monitor after the other.
final class Month: Sendable {
    private struct Counts {
        var stops = 0, kills = 0, reloads = 0, outages = 0, faults = 0, silences = 0, stopsOfActions = 0, restarts = 0
        var asked = 0, refused = 0, unanswered = 0
        /// Whose last start was refused, and when.
        var held: [String: Timestamp] = [:]
        /// Of every life so far.
        var cores: [Remains] = []
        /// [from, to) in milliseconds.
        var stopped: [(Int64, Int64)] = []
    }

    /// A core, or what is left of it.
    private struct Remains: Sendable {
        weak let core: Core?
    }

    private let around: Surroundings
    private let stories: Stories
    private let clock: ManualClock
    private let lane: Lane
    private let seed: UInt64
    private let starts: ChaosLog
    private let logger: Logger
    private let timers: Timers
    private let counts = Mutex(Counts())

    init(_ around: Surroundings, apps: Int, seed: UInt64, clock: ManualClock, lane: Lane) throws {
        self.around = around
        self.clock = clock
        self.lane = lane
        self.seed = seed
        stories = Stories(apps: apps, seed: seed, origin: clock.now(), log: try ChaosLog(around.folder + "/stories.jsonl"))
        starts = try ChaosLog(around.folder + "/starts.jsonl")
        timers = Timers(interval: .seconds(Double(around.interval)))
        logger = .standardError(level: .warning, environment: Environment([:]), clock: clock)
    }

    /// - Parameter hours: how long a day is.
    func live(days: Int, hours: Int) async throws {
        try ChaosLog(around.folder + "/world.json").write(["control_plane": .string(around.controlPlane.url)])
        var dice = SplitMix64(seed: seed ^ 0x50AC)
        var life = try newLife()
        var edition = 0
        let origin = clock.now()
        for day in 0..<days {
            let begin = origin + .hours(hours * day)
            for (at, step) in Agenda(day: begin, hours: hours, hasDatabase: around.database != nil, &dice).steps {
                try await watchHeld(life, until: at)
                switch step {
                case .starts: await askGate(life, &dice)
                case .restart(let isKilled, let after):
                    counts.withLock { isKilled ? ($0.kills += 1) : ($0.stops += 1) }
                    try await life.end(isKilled: isKilled)
                    try await sleep(until: clock.now() + after)
                    life = try newLife()
                case .reload:
                    counts.withLock { $0.reloads += 1 }
                    edition += 1
                    try around.writePolicy(edition: edition)
                    await life.reload()
                case .controlPlane(let isThere):
                    if isThere { try around.controlPlane.start() } else { around.controlPlane.stop() }
                    counts.withLock { $0.outages += isThere ? 0 : 1 }
                case .fault(let fault):
                    around.controlPlane.clearFaults()
                    if let fault { around.controlPlane.inject(fault) }
                    counts.withLock { $0.faults += fault == nil ? 0 : 1 }
                case .sync: around.sync()
                case .services(let areWell):
                    around.services(areWell: areWell)
                    counts.withLock { $0.silences += areWell ? 0 : 1 }
                case .stopActions(let isOn): try stopActions(isOn)
                case .databaseRestarts:
                    counts.withLock { $0.restarts += 1 }
                    await life.rest()
                    Harness.have(.restart)
                }
            }
            try await watchHeld(life, until: begin + .hours(hours))
            await life.rest()
            report("day", day + 1)
        }
        try await calm(life, origin + .hours(hours * days), days)
        try await life.end(isKilled: false)
    }

    private func newLife() throws -> Life {
        try around.awaitLock()
        let life = try Life(around, stories, timers, clock, lane, logger)
        counts.withLock { counts in
            counts.cores.removeAll { $0.core == nil }
            counts.cores.append(Remains(core: life.core))
        }
        return life
    }

    /// Hours without any trouble but the runtime's, in which what is due gets done; then the journal is to be let go of most of
    /// what it knows of the past.
    private func calm(_ life: Life, _ edge: Timestamp, _ days: Int) async throws {
        try await watchHeld(life, until: edge + .hours(2))
        await life.rest()
        report("calm", edge.milliseconds)
        try around.keepHistory(days: max(1, days / 4))
        await life.reload()
        try await watchHeld(life, until: edge + .hours(8))
        await life.rest()
        report("shorter", max(1, days / 4))
    }

    private func sleep(until moment: Timestamp) async throws { try await clock.sleep(for: max(.zero, moment - clock.now())) }

    private func stopActions(_ isOn: Bool) throws {
        let folder = try StateFolder(existing: around.state)
        let now = clock.now().milliseconds
        if isOn {
            try folder.turnKillSwitchOn(by: "soak")
            counts.withLock {
                $0.stopsOfActions += 1
                $0.stopped.append((now, .max))
            }
        } else {
            try folder.turnKillSwitchOff(by: "soak")
            counts.withLock { $0.stopped[$0.stopped.count - 1].1 = now }
        }
    }

    /// One start of each tenant of the story, and of some that nobody has reason to refuse.
    private func askGate(_ life: Life, _ dice: inout SplitMix64) async {
        let others = (0..<2).map { _ in "app-back-\(Int.random(in: 0..<400, using: &dice))" }
        for app in stories.tenants + others where await isRefused(life, app) {
            starts.write(["at_ms": .int(clock.now().milliseconds), "app": .string(app), "verdict": "refused"])
        }
    }

    /// Asks for whoever was refused last each second, so that one second too long is seen: the last refusal of a row is written
    /// down.
    private func watchHeld(_ life: Life, until moment: Timestamp) async throws {
        while clock.now() + .seconds(1) < moment {
            let held = counts.withLock { $0.held }
            guard !held.isEmpty else { break }
            try await sleep(until: clock.now() + .seconds(1))
            for (app, last) in held.sorted(by: { $0.key < $1.key }) {
                if await isRefused(life, app) { continue }
                starts.write(["at_ms": .int(last.milliseconds), "app": .string(app), "verdict": "refused"])
            }
        }
        try await sleep(until: moment)
    }

    private func isRefused(_ life: Life, _ app: String) async -> Bool {
        let status = await life.start(app)
        let now = clock.now()
        return counts.withLock { counts in
            counts.asked += 1
            if status == nil { counts.unanswered += 1 }
            if status == 403 { counts.refused += 1 }
            counts.held[app] = status == 403 ? now : nil
            return status == 403
        }
    }

    /// Says what it came to so far, and waits.
    private func report(_ name: String, _ value: some BinaryInteger) {
        let (counts, timers) = (counts.withLock { $0 }, timers.counts)
        let document: JSON = [
            .init(name): .int(Int64(value)), "now_ms": .int(clock.now().milliseconds), "stops": .int(Int64(counts.stops)),
            "kills": .int(Int64(counts.kills)), "reloads": .int(Int64(counts.reloads)), "outages": .int(Int64(counts.outages)),
            "faults": .int(Int64(counts.faults)), "silences": .int(Int64(counts.silences)),
            "stops_of_actions": .int(Int64(counts.stopsOfActions)), "restarts": .int(Int64(counts.restarts)),
            "asked": .int(Int64(counts.asked)),
            "refused": .int(Int64(counts.refused)), "unanswered": .int(Int64(counts.unanswered)),
            "stopped": .array(counts.stopped.map { .array([.int($0.0), .int($0.1)]) }),
            "polls": .int(Int64(timers.polls)), "drift_ms": .int(timers.drift), "late": .int(Int64(timers.late)),
            "cores": .int(Int64(counts.cores.count { $0.core != nil })), "scenarios": .int(Int64(Scenario.all.count)),
            "told": .object(JSONObject(stories.told.sorted { $0.key < $1.key }.map { ($0.key, JSON.int(Int64($0.value))) })),
        ]
        Harness.tell(document)
    }
}

/// When polls come, beside when they should.
final class Timers: Sendable {
    struct Counts {
        var polls = 0
        /// The greatest distance of a poll from its moment, in milliseconds.
        var drift: Int64 = 0
        /// Polls of which the one before took longer than the interval.
        var late = 0
        fileprivate var next: Timestamp?
    }

    private let interval: TimeSpan
    private let state = Mutex(Counts())

    init(interval: TimeSpan) { self.interval = interval }

    var counts: Counts { state.withLock { $0 } }

    /// A process begins: its first poll is the first.
    func begin() { state.withLock { $0.next = nil } }

    /// A poll began and ended. One that takes longer than the interval is followed by the next at once, which begins anew.
    func polled(_ begin: Timestamp, until end: Timestamp) {
        state.withLock { state in
            state.polls += 1
            let due = state.next ?? begin
            state.drift = max(state.drift, begin > due ? (begin - due).milliseconds : (due - begin).milliseconds)
            if end > due + interval { state.late += 1 }
            state.next = max(due + interval, end)
        }
    }
}
