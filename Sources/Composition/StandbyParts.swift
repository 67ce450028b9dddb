import Ambient
import Configuration
import Daemon
import Journal
import Model
import Server
import Synchronization
import Views

/// A monitor that stands by for the engine of its database: its gate, page and API, and what it needs to become the engine.
package final class StandbyParts: Sendable {
    package let front: Frontage
    private let standby: Standby
    private let state = StandbyState()
    /// What it becomes the engine with; the last reload's.
    private let current: Mutex<Assembly>
    private let version: String
    private let logger: Logger
    private let machine: any Clock

    /// Whether an engine that could not be begun for this reason is waited for. A folder is one machine's, and a second engine there a
    /// mistake that is told; a database is shared, and a second process there is meant to be there.
    package static func isFor(_ error: any Error, _ configuration: Configuration) -> Bool {
        guard let error = error as? JournalError, case .heldBy = error.cause else { return false }
        return configuration.state.value.isDatabase
    }

    /// - Parameter machine: the machine's clock.
    package init(_ assembly: Assembly, clock machine: any Clock, version: String, logger: Logger) throws {
        let configuration = assembly.configuration
        let clock = SteadyClock(machine)
        let folder = try StateFolder(creating: configuration.state.value)
        let post = try StandbyPost(folder: folder, now: clock.now())
        front = Frontage(assembly, folder, clock: clock, logger: logger)
        standby = Standby(
            post: post, folder: folder, gate: front.gate, texts: front.texts, settings: assembly.settings, version: version, state: state,
            clock: clock, logger: logger)
        current = Mutex(assembly)
        self.version = version
        self.logger = logger
        self.machine = machine
        let instruments = Instruments(
            version: version, commit: Build.commit, clock: clock, patience: Standby.patience, gate: front.gate,
            droppedLines: { logger.lost + OutputQueue.standardOutput.lost })
        let state = state
        let started = clock.monotonicNanoseconds()
        front.show(instruments, clock: clock) {
            let now = state.now
            let age = Int64((clock.monotonicNanoseconds() &- (now.lookedAt ?? started)) / 1_000_000)
            return DaemonHealth(
                // A database that hangs holds a look up for some time.
                isCycling: age < TimeSpan.minutes(2).milliseconds, isReady: now.hasSeen, isKept: now.fault == nil && now.lag == nil,
                troubles: [now.fault, now.lag].compactMap { $0 }, standby: state.words,
                details: JSONObject([
                    (key: "last_look_ms_ago", value: .int(age)), (key: "engine", value: .optional(now.holder.map { "\($0)" })),
                    (key: "engine_silent_ms", value: now.silence.map { .int($0.milliseconds) } ?? .null),
                ]))
        }
    }

    /// Waits until it is the engine, or the task is cancelled.
    package func run(_ notifier: SystemdNotifier) async -> Standby.Ending {
        _ = notifier.notify(.ready, .status(state.line))
        let state = state
        return await standby.run {
            _ = notifier.notify(.watchdog)
            if notifier.isActive { _ = notifier.notify(.status(state.line)) }
        }
    }

    /// The process is to end: no wait for the database goes on for long.
    package func hurry() { standby.hurry() }

    /// The engine's parts, once this one has its lock.
    package func engine(_ lock: EngineLock, printsEvents: Bool) throws -> DaemonParts {
        logger.warning("this monitor is the engine now", ["state": .text(lock.folder.path)])
        return try DaemonParts(
            current.withLock { $0 }, clock: machine, version: version, logger: logger, printsEvents: printsEvents, after: (lock, front))
    }

    package var assembly: Assembly { current.withLock { $0 } }

    /// What an operator is told as it starts.
    package func sayThatItStands() {
        logger.info(
            "started, and stands by for the engine of this database",
            [
                "version": .text(version), "commit": .text(Build.commit ?? "unknown"), "gate": .text(front.gateAddress ?? "none"),
                "page": .text(front.pageAddress ?? "none"),
            ])
    }

    /// Reads configuration and policies anew: what is in force when this one becomes the engine. Listeners stay as they are. With errors
    /// the old ones stay, and the log says so.
    package func reload(_ notifier: SystemdNotifier, _ load: () throws -> Configuration) async {
        _ = notifier.notify(.reloading(monotonicNanoseconds: machine.monotonicNanoseconds()))
        do {
            let configuration = try load()
            let old = assembly
            let fresh = try Assembly(
                configuration, policies: try Assembly.loadPolicies(configuration), environment: old.environment, clock: machine,
                version: version,
                logger: logger)
            await standby.follow(fresh.settings)
            front.page.follow(Overview.Surroundings(configuration))
            current.withLock { $0 = fresh }
            await old.client.shutdown()
            logger.info("reloaded: in force once this one is the engine")
        } catch {
            logger.error("reload failed, the old configuration and policies stay in force", ["why": .text("\(error)")])
        }
        _ = notifier.notify(.ready)
    }
}
