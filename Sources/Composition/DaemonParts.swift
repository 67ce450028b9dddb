import Actions
import Ambient
import Collector
import Configuration
import Cycle
import Daemon
import HTTP
import Journal
import Model
import Notify
import Policy
import Server
import Synchronization
import Views
import Web

/// The daemon's parts besides its loop: the core with its journal, the gate and its server, the senders.
package final class DaemonParts: Sendable {
    package let core: Core
    package let instruments: Instruments
    /// What the last cycle of each runtime saw.
    let sights = SightBox()
    package let senders = SenderCrew()
    package let assembly: Assembly
    /// What the last reload, or the start, put in force.
    let inForce: Mutex<(configuration: Configuration, policies: PolicySet)>
    package let executors: [(executor: Executor, bell: Bell)]
    /// The gate, and where others ask and look.
    let front: Frontage
    /// Never goes back, not behind what the journal knows either.
    package let clock: any Clock
    let logger: Logger
    /// The machine's, as it is.
    let machine: any Clock
    /// Of the program.
    let version: String
    /// Rung for each commit that holds messages: there may be an incident to explain.
    let adviceBell: Bell

    /// - Parameters:
    ///   - clock: the machine's.
    ///   - version: of the program.
    ///   - printsEvents: whether each incident's opening, update and resolution is a line on standard output.
    ///   - standby: of one that stood by: the lock that it got, and what it showed; nil: the lock is taken here.
    package init(
        _ assembly: Assembly, clock machine: any Clock, version: String, logger: Logger, printsEvents: Bool = false,
        after standby: (lock: EngineLock, front: Frontage)? = nil, onReport: @escaping @Sendable (CycleReport) -> Void = { _ in }
    ) throws {
        let configuration = assembly.configuration
        self.logger = logger
        self.machine = machine
        self.version = version
        var pipeline = Pipeline(settings: assembly.settings, policies: assembly.policies)
        let started = machine.now()
        let room = try EngineRoom(configuration, now: started, lock: standby?.lock)
        let (folder, journal) = (room.folder, room.journal)
        try pipeline.restore(from: journal, now: started) { text in
            logger.warning("state", ["why": .text(text)])
        }
        let kept = try PlacementBook(from: journal)
        let clock = SteadyClock(machine, notBefore: pipeline.newestMoment)
        self.clock = clock
        if clock.now() - started > .minutes(1) {
            logger.warning(
                "this machine's clock is behind what the journal has seen; time goes on from there until it has caught up",
                ["clock": .text(started.description), "journal": .text(clock.now().description)])
        }
        let names = configuration.watched.map(\.name)
        let front = standby?.front ?? Frontage(assembly, folder, clock: clock, logger: logger)
        self.front = front
        self.assembly = assembly
        inForce = Mutex((configuration, assembly.policies))
        let adapterBells = assembly.adapters.map { _ in Bell() }
        let adviceBell = Bell()
        self.adviceBell = adviceBell
        let (senders, sights) = (senders, sights)
        let patience = max(.minutes(2), configuration.interval.value * 6)
        let instruments = Instruments(
            version: version, commit: Build.commit, clock: clock, patience: patience,
            apps: Instruments.Apps(most: configuration.metricsApps?.value ?? 0),
            gate: front.gate, droppedLines: { logger.lost + OutputQueue.standardOutput.lost })
        self.instruments = instruments
        let health = HealthBox(limit: patience, clock: clock, instruments: instruments, runtimes: names)
        core = Core(
            pipeline: pipeline, journal: journal, folder: folder, gate: front.gate, gateTexts: front.texts,
            adapters: assembly.adapters, kept: kept, onErrands: { for bell in adapterBells { bell.ring() } },
            onMessages: {
                senders.ring()
                adviceBell.ring()
            }, clock: clock, logger: logger, instruments: instruments,
            onReport: { report in
                sights.add(report)
                health.cycled(auditHead: report.auditHead, revertsDue: report.revertsDue)
                if printsEvents { DaemonParts.printEvents(report) }
                onReport(report)
            })
        let core = core
        for (channel, settings) in zip(assembly.channels, configuration.channels) {
            senders.add(
                Sender(channel: channel, core: core, pace: settings.pace, clock: clock, logger: logger), of: settings)
        }
        executors = zip(assembly.adapters, adapterBells).map { adapter, bell in
            (Executor(adapter: adapter, core: core, clock: clock, logger: logger), bell)
        }
        health.watch(senders)
        instruments.watch(senders)
        front.show(instruments, clock: clock) { health.answer }
    }

    package var gateAddress: String? { front.gateAddress }
    package var pageAddress: String? { front.pageAddress }
    package func startServers() throws { try front.start() }
    package func stopServers() { front.stop() }

    /// Nobody waits for whoever reads the events; a line in their place says how many are missing.
    private static func printEvents(_ report: CycleReport) {
        for routed in report.result.messages {
            OutputQueue.standardOutput.offer(Array((Shown.json(MessageDocument.document(routed.message).serialized()) + "\n").utf8)) {
                missing in
                let gap: JSON = ["schema": "mozaiks.ops/events-missing/v1", "missing": .int(Int64(missing))]
                return gap.serializedBytes() + [UInt8(ascii: "\n")]
            }
        }
    }
}
