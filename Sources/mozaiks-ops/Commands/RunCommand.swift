import Ambient
import Collector
import Composition
import Configuration
import Daemon
import Journal
import Model
import Synchronization

/// `run`: the daemon.
enum RunCommand {
    static let command = Command(
        ["run"], "The daemon: polls, decides, records, acts at the gate, tells people",
        discussion: "Runs until SIGTERM or SIGINT, then finishes what is under way. SIGHUP reads configuration and policies "
            + "anew; if they have errors, the old ones stay in force. Log lines go to standard error. Where another is the "
            + "engine of the same database, it stands by and takes over from it (docs/two-monitors.md).",
        options: MonitorOptions.all + [
            Option("events", "print each incident's opening, update and resolution as a JSON line on standard output"),
            Option("record", value: "FILE", "also write every exchange to a tape, for 'replay'"),
        ],
        examples: [
            ("mozaiks-ops run --config /etc/mozaiks-ops/mozaiks-ops.yaml", "as the systemd unit does"),
            (
                "mozaiks-ops run --url http://localhost:8000 --events | jq --unbuffered -r .incident.rule",
                "the rules of incidents as they happen"
            ),
        ]
    ) { invocation in
        Output.becomeDaemon()
        OpenFiles.raiseLimit()
        ProcessSignal.ignoreStrays()
        let end = EndOfWaiting()
        let signals = await ProcessSignal.listen(onEnd: { end.tell() })
        let configuration = try invocation.watchingConfiguration()
        end.concerns(configuration.state.value)
        let assembly = try invocation.assembly(configuration)
        let environment = invocation.environment
        // A daemon tells what it does; other commands only what goes wrong.
        let logger =
            invocation.arguments.has("log-level")
            ? invocation.logger
            : Logger.standardError(level: .info, format: invocation.logFormat, environment: environment)
        let notifier = SystemdNotifier(environment: environment)
        let station = Station()
        let reading = Task {
            for await signal in signals {
                if signal == .hangUp { await station.reload(notifier) { try invocation.loadConfiguration() } } else { station.stop() }
            }
        }
        defer { reading.cancel() }
        let printsEvents = invocation.arguments.has("events")
        let daemon: DaemonParts
        do {
            do {
                daemon = try DaemonParts(
                    assembly, clock: invocation.clock, version: Version.text, logger: logger, printsEvents: printsEvents)
            } catch  where StandbyParts.isFor(error, configuration) {
                let standby = try StandbyParts(assembly, clock: invocation.clock, version: Version.text, logger: logger)
                guard let lock = try await stand(by: standby, station, notifier, invocation) else {
                    standby.front.stop()
                    await standby.assembly.client.shutdown()
                    logger.info("stopped")
                    return .ok
                }
                daemon = try standby.engine(lock, printsEvents: printsEvents)
            }
        } catch let error as JournalError where end.isReason(for: error) {
            _ = notifier.notify(.stopping)
            logger.warning("told to end before it had begun", ["why": .text(error.message)])
            await assembly.client.shutdown()
            logger.info("stopped")
            return .ok
        }
        station.become(.engine(daemon))
        var recorder: Recorder?
        if let path = invocation.arguments.value("record") {
            recorder = try Recorder(path: path, settings: daemon.assembly.settings, beginning: await daemon.core.tapeState)
        }
        try daemon.startServers()
        daemon.sayThatItStarts()
        let (monitor, pulse) = try daemon.monitor(notifier, recorder: recorder?.sink) {
            try invocation.playbooks(daemon.assembly.configuration)
        }
        let saved = await monitor.run { await station.waitForStop(invocation.clock) }
        reading.cancel()
        daemon.stopServers()
        await pulse?.beat(.exit((saved ? ExitCode.ok : .failure).rawValue))
        await daemon.assembly.client.shutdown()
        logger.info("stopped", ["saved": .flag(saved)])
        return saved ? .ok : .failure
    }

    /// Waits for the engine's lock; nil: the process is to end.
    private static func stand(
        by standby: StandbyParts, _ station: Station, _ notifier: SystemdNotifier, _ invocation: Invocation
    ) async throws -> EngineLock? {
        station.become(.standby(standby))
        try standby.front.start()
        standby.sayThatItStands()
        let ending = await withTaskGroup(of: Standby.Ending?.self) { group in
            group.addTask { await standby.run(notifier) }
            group.addTask {
                await station.waitForStop(invocation.clock)
                if !Task.isCancelled { standby.hurry() }
                return nil
            }
            // Whichever is first ends the other; what the one that waited for the lock came to counts.
            var ending = await group.next() ?? nil
            group.cancelAll()
            while let other = await group.next() { ending = ending ?? other }
            return ending
        }
        switch ending {
        case .engine(let lock): return station.isToStop ? nil : lock
        case .stopped, nil: return nil
        case .failed(let error): throw error
        case .misplaced(let runtimes):
            throw CommandFailure(
                "the engine of this database watches other runtimes: \(runtimes)",
                hint: "give each monitor a schema of its own (?schema= in 'state'), and two of one monitor the same configuration",
                code: .configuration)
        case .otherShard(let engine, let own):
            throw CommandFailure(
                "the engine of this database is shard \(engine), and this monitor is shard \(own)",
                hint: "give each shard a schema of its own (?schema= in 'state'), and two of one shard the same number",
                code: .configuration)
        }
    }
}

/// What the process is now, for signals.
private final class Station: Sendable {
    enum Role: Sendable {
        case starting
        case standby(StandbyParts)
        case engine(DaemonParts)
    }

    private let role = Mutex(Role.starting)
    /// Whether the process is to end, and who waits for that: a bell for each wait, since one whose waiter was cancelled rings for
    /// nobody any more.
    private let stopping = Mutex<(isTold: Bool, bells: [Bell])>((false, []))

    func become(_ next: Role) { role.withLock { $0 = next } }

    func stop() {
        let bells = stopping.withLock { stopping in
            stopping.isTold = true
            return stopping.bells
        }
        for bell in bells { bell.ring() }
    }

    var isToStop: Bool { stopping.withLock { $0.isTold } }

    func waitForStop(_ clock: any Clock) async {
        let bell = Bell()
        let isTold = stopping.withLock { stopping in
            stopping.bells.append(bell)
            return stopping.isTold
        }
        if !isTold { await bell.wait(atMost: .hours(24 * 365 * 10), clock: clock) }
    }

    /// Before it is anything it reads what there is anyway.
    func reload(_ notifier: SystemdNotifier, _ load: () throws -> Configuration) async {
        switch role.withLock({ $0 }) {
        case .starting: break
        case .standby(let parts): await parts.reload(notifier, load)
        case .engine(let parts): await parts.reload(notifier, load)
        }
    }
}

extension Invocation {
    var logFormat: Logger.Format {
        arguments.value("log-format").flatMap(Logger.Format.init(rawValue:)) ?? .usual(in: environment)
    }
}
