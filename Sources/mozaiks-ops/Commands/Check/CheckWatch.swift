import Ambient
import Composition
import Configuration
import Cycle
import Daemon
import Model
import Synchronization
import Views

/// `check --watch`: the daemon's cycles for a while, without its servers. For a platform that starts a process now and then,
/// stops it with SIGTERM and gives it ten seconds.
final class CheckWatch: Sendable {
    let senders = SenderCrew()
    let logger: Logger
    private let span: TimeSpan
    private let signals: AsyncStream<ProcessSignal>
    private let errandBells = BellBox()
    /// Of the waits for the state.
    let end = EndOfWaiting()

    private static let longest = TimeSpan.hours(24 * 7)
    /// How often it says how it goes.
    private static let progressInterval = TimeSpan.minutes(1)

    /// Nil where nobody asked for it. From here on SIGTERM ends nothing by itself.
    init?(_ invocation: Invocation) async throws {
        guard let span = try invocation.span("watch") else { return nil }
        guard span <= CheckWatch.longest else {
            throw UsageError("--watch \(span) is longer than \(CheckWatch.longest)", hint: "'mozaiks-ops run' goes on for ever")
        }
        self.span = span
        // It runs for minutes where nobody sees it: it tells what it does, as the daemon does.
        let isTold = invocation.arguments.has("log-level") || invocation.arguments.has("quiet")
        logger =
            isTold
            ? invocation.logger
            : Logger.standardError(level: .info, format: invocation.logFormat, environment: invocation.environment)
        let end = end
        ProcessSignal.ignoreStrays()
        signals = await ProcessSignal.listen(for: [.interrupt, .terminate], onEnd: { end.tell() })
    }

    /// Throws where it would end before its second poll.
    func check(against configuration: Configuration) throws(UsageError) {
        let interval = configuration.interval.value
        guard span >= interval else {
            throw UsageError("--watch \(span) is shorter than the interval of polls, \(interval)", hint: "leave --watch out for one poll")
        }
    }

    /// Something is to be done at an adapter.
    func ringErrands() { errandBells.ring() }

    /// Watches for the span, or until it is told to end. False when the last commit failed.
    func run(_ assembly: Assembly, _ core: Core, _ pulse: Pulse?, _ reports: ReportBox, _ invocation: Invocation) async -> Bool {
        let (clock, logger, span) = (invocation.clock, logger, span)
        for (channel, settings) in zip(assembly.channels, assembly.configuration.channels) {
            senders.add(Sender(channel: channel, core: core, pace: settings.pace, clock: clock, logger: logger), of: settings)
        }
        let executors = assembly.adapters.map { adapter in
            (executor: Executor(adapter: adapter, core: core, clock: clock, logger: logger), bell: errandBells.add())
        }
        let stop = Bell()
        let signals = signals
        let reading = Task {
            for await _ in signals {
                logger.info("told to end before its time: finishing what is under way")
                stop.ring()
            }
        }
        defer { reading.cancel() }
        logger.info(
            "watching",
            [
                "version": .text(Version.text), "for": .text("\(span)"), "interval": .text("\(assembly.configuration.interval.value)"),
                "mode": .text(assembly.configuration.mode.value.rawValue),
                "runtimes": .text(assembly.configuration.names(of: .runtime)), "hosts": .text(assembly.configuration.names(of: .host)),
                "services": .text(assembly.configuration.names(of: .service)),
            ])
        var daemon = Daemon(
            core: core, targets: assembly.targets, poller: assembly.poller(clock: clock, logger: logger), senders: senders,
            executors: executors, interval: assembly.configuration.interval.value, clock: clock, logger: logger,
            notifier: SystemdNotifier(environment: Environment([:])), pulse: pulse)
        daemon.closesCore = false
        return await daemon.run {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await CheckWatch.tellProgress(of: core, reports, over: span, clock, logger) }
                await stop.wait(atMost: span, clock: clock)
                group.cancelAll()
            }
        }
    }

    private static func tellProgress(
        of core: Core, _ reports: ReportBox, over span: TimeSpan, _ clock: any Clock, _ logger: Logger
    ) async {
        let began = clock.monotonicNanoseconds()
        while true {
            do { try await clock.sleep(for: progressInterval) } catch { return }
            let passed = TimeSpan(milliseconds: Int64((clock.monotonicNanoseconds() &- began) / 1_000_000))
            let state = await core.state
            let verdict = StatusVerdict(reports: reports.all, open: await core.openIncidents, journalError: state.journalError)
            logger.info(
                "watching",
                ["left": .text(max(span - passed, .zero).brief), "cycles": .integer(Int64(state.cycles)), "seen": .text(verdict.line)])
        }
    }

    /// Why it ends without a verdict.
    static func endedEarly(_ more: String = "") -> CommandFailure {
        CommandFailure("told to end before the first poll was over: nothing was seen\(more)", code: .unknown)
    }

    /// Breaks off what takes longer.
    static func within(_ span: TimeSpan, _ clock: any Clock, _ body: @escaping @Sendable () async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await body() }
            group.addTask { try? await clock.sleep(for: span) }
            await group.next()
            group.cancelAll()
        }
    }
}

/// Of executors that are not made yet when the core is.
private final class BellBox: Sendable {
    private let bells = Mutex<[Bell]>([])

    func add() -> Bell {
        let bell = Bell()
        bells.withLock { $0.append(bell) }
        return bell
    }

    func ring() {
        for bell in bells.withLock({ $0 }) { bell.ring() }
    }
}
