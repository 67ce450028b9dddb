import Ambient
import Collector
import Cycle
import Glibc
import Journal
import Model
import Notify
import Synchronization

/// The long-lived monitor: a task for each runtime, one for each channel, one that tells the service manager that all
/// goes on. Ends when `stop` is rung; what was decided is on disk by then.
public struct Daemon: Sendable {
    private let core: Core
    private let targets: [Target]
    private let senders: SenderCrew
    private let executors: [(executor: Executor, bell: Bell)]
    private let interval: TimeSpan
    private let clock: any Clock
    private let logger: Logger
    private let notifier: SystemdNotifier
    /// The heartbeats to a service elsewhere.
    private let pulse: Pulse?
    /// Looks for reactions to actions that wait for a person; nil where none is configured.
    public var reactions: ReactionPoller?
    /// How things stand in one line, for `systemctl status`; nil: by the count of cycles.
    public var situation: (@Sendable () async -> String)?
    /// Asks a runtime for what is due; with the poller, where nobody says how else.
    public var poll: @Sendable (Target, [(replica: String, endpoints: [Endpoint])]) async -> [Observation]
    /// What is stuck, a line each: polls, commits, sends.
    public var troubles: @Sendable () -> [String] = { [] }
    /// Whether it lets go of the journal at its end; not where somebody asks it something more.
    public var closesCore = true
    /// The optional model.
    private let advising: (task: Advising, bell: Bell)?
    /// Sees every observation before it is taken in, and what else a tape holds.
    private let recorder: (@Sendable (TapeStep) -> Void)?

    /// How long a stop waits for messages that are due.
    private static let drainTime = TimeSpan.seconds(5)

    public init(
        core: Core, targets: [Target], poller: Poller, senders: SenderCrew,
        executors: [(executor: Executor, bell: Bell)] = [], interval: TimeSpan,
        clock: any Clock, logger: Logger, notifier: SystemdNotifier, pulse: Pulse? = nil,
        advising: (task: Advising, bell: Bell)? = nil,
        recorder: (@Sendable (TapeStep) -> Void)? = nil
    ) {
        self.core = core
        self.targets = targets
        poll = { await poller.poll($0, $1) }
        self.senders = senders
        self.executors = executors
        self.interval = interval
        self.clock = clock
        self.logger = logger
        self.notifier = notifier
        self.pulse = pulse
        self.advising = advising
        self.recorder = recorder
    }

    /// Runs until `stop` returns, then drains. False when the last commit failed, or another engine has taken over.
    public func run(until stop: @escaping @Sendable () async -> Void) async -> Bool {
        await core.publishLeases()
        await core.beat()
        // A cycle may take longer than the unit allows between two signs of life: it is not stuck then.
        if let given = notifier.watchdogMicroseconds, given < watchdogMicroseconds {
            _ = notifier.notify(.watchdogTime(microseconds: watchdogMicroseconds))
        }
        _ = notifier.notify(.ready, .status("watching \(targets.map(\.runtime).joined(separator: ", "))"))
        senders.start()
        await watchAll(until: stop)
        let isDeposed = await core.state.isDeposed
        let saved = await core.drain() && !isDeposed
        await senders.end(within: Daemon.drainTime, clock: clock)
        if closesCore { await core.close() }
        return saved
    }

    private func watchAll(until stop: @escaping @Sendable () async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            for (place, target) in targets.enumerated() { group.addTask { await watch(target, place) } }
            group.addTask { await reportAlive() }
            group.addTask { await beat() }
            group.addTask { await beatForOthers() }
            group.addTask { await releaseCode() }
            for (executor, bell) in executors { group.addTask { await executor.run(bell: bell) } }
            group.addTask { await reactions?.run() }
            if let advising { group.addTask { await advising.task.run(bell: advising.bell) } }
            await stop()
            core.hurry()
            _ = notifier.notify(.stopping)
            logger.info("stopping: finishing what is under way")
            group.cancelAll()
        }
    }

    /// One runtime's cycles. A cycle that takes longer than the interval is followed by the next one at once, never by
    /// several to catch up; what is left out so is counted.
    private func watch(_ target: Target, _ place: Int) async {
        let step = UInt64(max(interval.milliseconds, 100)) * 1_000_000
        var slots = CycleSlots(now: clock.monotonicNanoseconds(), step: step, place: place, of: targets.count)
        var isBehind = false
        while !Task.isCancelled {
            let observations = await core.look(at: target, poll)
            if Task.isCancelled { return }
            await core.cycle(target.runtime, observations, recorder: recorder)
            if await endsDeposed() { return }
            let (wait, leftOut) = slots.next(now: clock.monotonicNanoseconds())
            if leftOut > 0 || isBehind { await core.leftOut(leftOut, of: target.runtime) }
            isBehind = leftOut > 0
            do {
                try await clock.sleep(for: TimeSpan(milliseconds: Int64(wait / 1_000_000)))
            } catch {
                return
            }
        }
    }

    /// Whether another process is the engine: then this one goes the way that every stop goes.
    private func endsDeposed() async -> Bool {
        guard await core.state.isDeposed else { return false }
        logger.error("another engine has taken over: this one ends, and what starts it starts it anew")
        kill(getpid(), SIGTERM)
        return true
    }

    /// Says to monitors that stand by that this one works. What is silent for ``Core/beatPatience`` is deposed.
    private func beatForOthers() async {
        guard await core.isShared else { return }
        while !Task.isCancelled {
            await core.beat()
            if await endsDeposed() { return }
            do { try await clock.sleep(for: Core.beatInterval) } catch { return }
        }
    }

    /// Once the first cycles have shown what a cycle needs, and hourly after that: a reload needs what the start did.
    private func releaseCode() async {
        do {
            try await clock.sleep(for: interval * 2)
            while true {
                ProcessMemory.releaseCode()
                try await clock.sleep(for: .hours(1))
            }
        } catch {
            return
        }
    }

    /// Tells a service elsewhere whether cycles complete and are kept.
    private func beat() async {
        let watch = CycleWatch(patience: cyclePatience, now: clock.monotonicNanoseconds())
        await pulse?.run {
            let state = await core.state
            return watch.isCycling(state.cycles, now: clock.monotonicNanoseconds()) && state.journalError == nil
        }
    }

    /// Cycles may be far apart: long intervals, answers that time out. Nanoseconds.
    private var cyclePatience: UInt64 { UInt64(max(.minutes(2), interval * 6).milliseconds) * 1_000_000 }

    /// How long the service manager waits for the next sign of life.
    private var watchdogMicroseconds: UInt64 { cyclePatience / 1_000 }

    /// Feeds the service manager's watchdog for each cycle that was completed, and never otherwise; says how things stand.
    private func reportAlive() async {
        var cycles = 0
        let step = notifier.watchdogMicroseconds.map { TimeSpan(milliseconds: max(Int64($0 / 3_000), 50)) } ?? .seconds(20)
        while !Task.isCancelled {
            // A core that is stuck does not answer.
            let state = await core.state
            if state.cycles > cycles { _ = notifier.notify(.watchdog) }
            cycles = state.cycles
            if notifier.isActive {
                let stuck = troubles()
                var line = stuck.isEmpty ? state.journalError : stuck.joined(separator: "; ")
                if line == nil, cycles > 0 { line = await situation?() }
                _ = notifier.notify(.status(line ?? "\(state.cycles) cycles done"))
            }
            // Soon after the first cycle, which the start waits for; then in time for the watchdog.
            do { try await clock.sleep(for: cycles == 0 ? min(step, .seconds(1)) : min(step, .seconds(20))) } catch { return }
        }
    }
}

/// Whether the count of cycles goes on growing.
private final class CycleWatch: Sendable {
    /// Nanoseconds.
    private let patience: UInt64
    private let seen: Mutex<(cycles: Int, at: UInt64)>

    init(patience: UInt64, now: UInt64) {
        self.patience = patience
        seen = Mutex((0, now))
    }

    func isCycling(_ cycles: Int, now: UInt64) -> Bool {
        seen.withLock { seen in
            if cycles != seen.cycles { seen = (cycles, now) }
            return now &- seen.at < patience
        }
    }
}
