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
    let assembly: Assembly
    /// What the last reload, or the start, put in force.
    let inForce: Mutex<(configuration: Configuration, policies: PolicySet)>
    package let executors: [(executor: Executor, bell: Bell)]
    package let gate: Gate?
    /// Never goes back, not behind what the journal knows either.
    package let clock: any Clock
    let logger: Logger
    /// The machine's, as it is.
    let machine: any Clock
    /// Of the program.
    let version: String
    /// Where the proxy asks the gate.
    private let server: HTTPServer?
    /// Where others look, when that is another address: the gate's is for the proxy.
    private let face: HTTPServer?
    private let isPageShown = Mutex(true)
    let page: Face
    /// Rung for each commit that holds messages: there may be an incident to explain.
    let adviceBell: Bell

    /// - Parameters:
    ///   - clock: the machine's.
    ///   - version: of the program.
    ///   - printsEvents: whether each incident's opening, update and resolution is a line on standard output.
    package init(
        _ assembly: Assembly, clock machine: any Clock, version: String, logger: Logger, printsEvents: Bool = false,
        onReport: @escaping @Sendable (CycleReport) -> Void = { _ in }
    ) throws {
        let configuration = assembly.configuration
        self.logger = logger
        self.machine = machine
        self.version = version
        var pipeline = Pipeline(settings: assembly.settings, policies: assembly.policies)
        let started = machine.now()
        let room = try EngineRoom(configuration, now: started)
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
        var texts = GateTexts()
        if let text = configuration.gate?.text {
            (texts.paused, texts.packDisabled, texts.startsPerMinute, texts.openRuns) = (text, text, text, text)
        }
        let names = configuration.runtimes.map(\.name)
        gate = configuration.gate.map { _ in Gate(table: GateTable(runtimes: names, texts: texts), isFirst: false) { clock.now() } }
        self.assembly = assembly
        inForce = Mutex((configuration, assembly.policies))
        let adapterBells = assembly.adapters.map { _ in Bell() }
        let adviceBell = Bell()
        self.adviceBell = adviceBell
        let (senders, sights) = (senders, sights)
        let patience = max(.minutes(2), configuration.interval.value * 6)
        let instruments = Instruments(
            version: version, clock: clock, patience: patience, apps: Instruments.Apps(most: configuration.metricsApps?.value ?? 0),
            gate: gate, droppedLines: { logger.lost + OutputQueue.standardOutput.lost })
        self.instruments = instruments
        let health = HealthBox(limit: patience, clock: clock, instruments: instruments, runtimes: names)
        core = Core(
            pipeline: pipeline, journal: journal, folder: folder, gate: gate, gateTexts: texts,
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
        let isElsewhere = configuration.server.map { $0.value.description != configuration.gate?.listen.description } ?? false
        let isHere = configuration.server != nil && !isElsewhere
        if isHere, configuration.certificate != nil {
            logger.warning("the certificate is not used: 'server' names the gate's address, which is for a proxy on this machine; give it one of its own")
        }
        let endpoints = MonitorEndpoints(
            gate: gate, health: { health.answer }, gateAnswered: { instruments.gateAnswered(inSeconds: $0) },
            more: isHere ? [instruments.route] : [])
        func options(_ server: String, _ base: HTTPServer.Options = .questions) -> HTTPServer.Options {
            var options = base
            options.onRefused = { refused in
                logger.warning(
                    server == "gate"
                        ? "the gate turned connections away: more at a time than it takes, and whoever asked got no answer"
                        : "the page turned connections away",
                    [
                        "of_one_address": .integer(Int64(refused[.address])), "of_all": .integer(Int64(refused[.full])),
                        "too_slow": .integer(Int64(refused[.late])), "metric": .text("mozaiks_ops_connections_refused_total"),
                    ])
            }
            return options
        }
        server = configuration.gate.map { settings in
            HTTPServer(
                listen: settings.listen.host, port: settings.listen.port, options: options("gate"), handler: endpoints.answer)
        }
        let page = Face(
            folder, Overview.Surroundings(configuration), isLoopback: configuration.server?.value.isLoopback ?? false,
            token: configuration.readToken.map { CachedSecret($0.value, what: "the token of whoever reads the page", in: assembly.environment) },
            publicURL: configuration.publicURL?.value, proxies: configuration.trustedProxies?.value,
            proxySecret: configuration.trustedSecret.map { CachedSecret($0.value, what: "the secret of the trusted proxies", in: assembly.environment) },
            environment: assembly.environment, clock: clock)
        self.page = page
        let looks = MonitorEndpoints(gate: nil, health: { health.answer }, more: [instruments.route], others: page.answer)
        // Only at an address of its own: whoever looks at a page must not stand before a proxy that asks the gate.
        var lookers = HTTPServer.Options.questions
        // A page that takes long, and a reader that takes long, hold up a thread and nobody else.
        lookers.mode = .threadPerConnection
        lookers.maxConnections = 256
        lookers.maxBodyBytes = Face.longestBody
        (lookers.maxTargetBytes, lookers.maxHeaderBytes) = (Face.longestTarget, Face.longestHeaders)
        lookers.certificate = configuration.certificate.map { ServerCertificate(certificate: $0.value.certificate, key: $0.value.key) }
        lookers.onRenewed = { fault in
            guard let fault else { return logger.info("the page shows a renewed certificate") }
            logger.error("the certificate's files cannot be used: the page goes on with what it showed before", ["why": .text("\(fault)")])
        }
        face = (isElsewhere ? configuration.server : nil).map {
            HTTPServer(listen: $0.value.host, port: $0.value.port, options: options("page", lookers), handler: looks.answer)
        }
        if let server { instruments.watch(server.tally, of: "gate") }
        if let face { instruments.watch(face.tally, of: "page") }
    }

    /// Where a proxy asks the gate; nil: nowhere.
    package var gateAddress: String? { server?.url }

    /// Where the page is; nil: nowhere.
    package var pageAddress: String? { isPageShown.withLock { $0 } ? face?.url : nil }

    /// Whether there is an address for a page at all.
    var wantsPage: Bool { face != nil }

    package func startServers() throws {
        try server?.start()
        do throws(ServerError) {
            try face?.start()
        } catch {
            guard error.operation == ServerError.showingCertificate else { throw error }
            // What nobody could look at is no reason to watch nothing: it may have ended on a Saturday.
            isPageShown.withLock { $0 = false }
            logger.error(
                "page and API cannot be shown, and everything else goes on without them",
                ["why": .text(error.cause), "certificate": .text(error.address), "hint": .text(error.hint + "; then start again")])
        }
    }

    package func stopServers() {
        server?.stop()
        face?.stop()
    }

    /// Nobody waits for whoever reads the events; a line in their place says how many are missing.
    private static func printEvents(_ report: CycleReport) {
        for routed in report.result.messages {
            OutputQueue.standardOutput.offer(Array((Shown.json(MessageDocument.document(routed.message).serialized()) + "\n").utf8)) { missing in
                let gap: JSON = ["schema": "mozaiks.ops/events-missing/v1", "missing": .int(Int64(missing))]
                return gap.serializedBytes() + [UInt8(ascii: "\n")]
            }
        }
    }
}
