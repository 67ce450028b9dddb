import Actions
import Ambient
import Collector
import Configuration
import Glibc
import HTTP
import Journal
import Model
import Monitor
import Notify
import Policy
import Server
import Synchronization
import Views
import Web
import YAML

/// `run`: the daemon.
enum RunCommand {
    static let command = Command(
        ["run"], "The daemon: polls, decides, records, acts at the gate, tells people",
        discussion: "Runs until SIGTERM or SIGINT, then finishes what is under way. SIGHUP reads configuration and policies "
            + "anew; if they have errors, the old ones stay in force. Log lines go to standard error.",
        options: MonitorOptions.all + [
            Option("events", "print each incident's opening, update and resolution as a JSON line on standard output"),
            Option("record", value: "FILE", "also write every exchange to a tape, for 'replay'"),
        ],
        examples: [
            ("mozaiks-ops run --config /etc/mozaiks-ops/mozaiks-ops.yaml", "as the systemd unit does"),
            ("mozaiks-ops run --url http://localhost:8000 --events | jq --unbuffered -r .incident.rule", "the rules of incidents as they happen"),
        ]
    ) { invocation in
        Output.becomeDaemon()
        OpenFiles.raiseLimit()
        let signals = await ProcessSignal.listen()
        let configuration = try invocation.watchingConfiguration()
        let assembly = try invocation.assembly(configuration)
        let environment = invocation.environment
        // A daemon tells what it does; other commands only what goes wrong.
        let logger = invocation.arguments.has("log-level")
            ? invocation.logger
            : Logger.standardError(level: .info, format: invocation.logFormat, environment: environment)
        let daemon = try DaemonParts(configuration, assembly, invocation, logger)
        var recorder: Recorder?
        if let path = invocation.arguments.value("record") {
            recorder = try Recorder(path: path, settings: assembly.settings, beginning: await daemon.core.tapeState)
        }
        let notifier = SystemdNotifier(environment: environment)
        let stop = Bell()
        let reading = Task {
            for await signal in signals {
                if signal == .hangUp {
                    await daemon.reload(invocation, logger, notifier)
                } else {
                    stop.ring()
                }
            }
        }
        try daemon.startServers()
        let unpaged = configuration.unpagedChannels
        if !unpaged.isEmpty {
            logger.warning(
                "nobody is paged: the environment is not 'production'",
                ["environment": .text(configuration.environment.value), "channels": .text(unpaged.joined(separator: ","))])
        }
        logger.info(
            "started",
            [
                "version": .text(Version.text), "mode": .text(configuration.mode.value.rawValue),
                "runtimes": .text(configuration.runtimes.map(\.name).joined(separator: ",")),
                "state": .text(configuration.state.value), "gate": .text(daemon.gateAddress ?? "none"),
                "page": .text(daemon.pageAddress ?? "none"),
            ])
        if let server = configuration.server?.value {
            if daemon.pageAddress == nil {
                logger.warning(
                    "no page and no API: 'server' names the gate's address, where nobody may stand before a proxy that asks",
                    ["listen": .text(server.description), "hint": .text("give server: {listen: …} an address of its own")])
            } else if !server.isLoopback, configuration.readToken == nil {
                logger.warning(
                    "page and API are closed: other machines reach this address and no token is configured",
                    ["listen": .text(server.description), "hint": .text("server: {read_token_file: …}, or listen on 127.0.0.1")])
            }
        }
        daemon.sayWhatIsInForce(configuration, assembly.policies, logger)
        if let proxy = assembly.network.proxyText { logger.info("requests go through a proxy", ["proxy": .text(proxy)]) }
        for text in Assembly.exposures(configuration, environment) {
            logger.warning("others of this machine may read or change what is ours", ["why": .text(text)])
        }
        let pulse = configuration.heartbeat.flatMap { settings in
            assembly.heartbeat.map {
                Pulse(heartbeat: $0, interval: settings.interval, clock: invocation.clock, logger: logger)
            }
        }
        var monitor = Daemon(
            core: daemon.core, targets: assembly.targets,
            poller: invocation.poller(assembly, logger, clock: daemon.clock), senders: daemon.senders,
            executors: daemon.executors,
            interval: configuration.interval.value, clock: daemon.clock, logger: logger, notifier: notifier, pulse: pulse,
            advising: try daemon.advising(assembly, invocation, logger), recorder: recorder?.sink)
        monitor.reactions = assembly.reactions(core: daemon.core, clock: daemon.clock, logger: logger)
        let (instruments, names) = (daemon.instruments, assembly.targets.map(\.runtime))
        let (core, sights) = (daemon.core, daemon.sights)
        monitor.situation = {
            let (summaries, at) = sights.all
            return StatusVerdict(summaries: summaries, at: at, open: await core.openIncidents, journalError: await core.state.journalError).line
        }
        monitor.troubles = { instruments.troubles(of: names) }
        let saved = await monitor.run { await stop.wait(atMost: .hours(24 * 365 * 10), clock: invocation.clock) }
        reading.cancel()
        daemon.stopServers()
        await pulse?.beat(.exit((saved ? ExitCode.ok : .failure).rawValue))
        await assembly.client.shutdown()
        logger.info("stopped", ["saved": .flag(saved)])
        return saved ? .ok : .failure
    }
}

/// The daemon's parts besides its loop: the core with its journal, the gate and its server, the senders.
final class DaemonParts: Sendable {
    let core: Core
    let instruments: Instruments
    /// What the last cycle of each runtime saw.
    let sights = SightBox()
    let senders = SenderCrew()
    private let assembly: Assembly
    /// What the last reload, or the start, put in force.
    private let inForce: Mutex<(configuration: Configuration, policies: PolicySet)>
    let executors: [(executor: Executor, bell: Bell)]
    let gate: Gate?
    /// Never goes back, not behind what the journal knows either.
    let clock: any Clock
    /// Where the proxy asks the gate.
    private let server: HTTPServer?
    /// Where others look, when that is another address: the gate's is for the proxy.
    private let face: HTTPServer?
    private let page: Face
    /// Rung for each commit that holds messages: there may be an incident to explain.
    private let adviceBell: Bell

    init(
        _ configuration: Configuration, _ assembly: Assembly, _ invocation: Invocation, _ logger: Logger,
        onReport: @escaping @Sendable (CycleReport) -> Void = { _ in }
    ) throws {
        var pipeline = Pipeline(settings: assembly.settings, policies: assembly.policies)
        let started = invocation.clock.now()
        let room = try EngineRoom(configuration, now: started)
        let (folder, journal) = (room.folder, room.journal)
        try pipeline.restore(from: journal, now: started) { text in
            logger.warning("state", ["why": .text(text)])
        }
        let kept = try PlacementBook(from: journal)
        let clock = SteadyClock(invocation.clock, notBefore: pipeline.newestMoment)
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
        gate = configuration.gate.map { _ in Gate(table: GateTable(runtimes: names, texts: texts)) { clock.now() } }
        self.assembly = assembly
        inForce = Mutex((configuration, assembly.policies))
        let adapterBells = assembly.adapters.map { _ in Bell() }
        let adviceBell = Bell()
        self.adviceBell = adviceBell
        let (senders, sights) = (senders, sights)
        let wantsEvents = invocation.arguments.has("events")
        let patience = max(.minutes(2), configuration.interval.value * 6)
        let instruments = Instruments(
            version: Version.text, clock: clock, patience: patience, apps: Instruments.Apps(most: configuration.metricsApps?.value ?? 0),
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
                if wantsEvents { DaemonParts.printEvents(report) }
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
            token: configuration.readToken.map { CachedSecret($0.value, what: "the token of whoever reads the page", in: invocation.environment) },
            publicURL: configuration.publicURL?.value, proxies: configuration.trustedProxies?.value,
            environment: invocation.environment, clock: clock)
        self.page = page
        let looks = MonitorEndpoints(gate: nil, health: { health.answer }, more: [instruments.route], others: page.answer)
        // Only at an address of its own: whoever looks at a page must not stand before a proxy that asks the gate.
        var lookers = HTTPServer.Options.questions
        lookers.mode = .epoll(threads: 2)
        lookers.maxConnections = 256
        lookers.maxBodyBytes = Face.longestBody
        lookers.certificate = configuration.certificate.map { ServerCertificate(certificate: $0.value.certificate, key: $0.value.key) }
        lookers.onRenewed = { fault in
            guard let fault else { return logger.info("the page shows a renewed certificate") }
            logger.error("the certificate's files changed and cannot be used: the page goes on with the one before", ["why": .text("\(fault)")])
        }
        face = (isElsewhere ? configuration.server : nil).map {
            HTTPServer(listen: $0.value.host, port: $0.value.port, options: options("page", lookers), handler: looks.answer)
        }
        if let server { instruments.watch(server.tally, of: "gate") }
        if let face { instruments.watch(face.tally, of: "page") }
    }

    /// What asks the configured model; nil where there is none.
    func advising(_ assembly: Assembly, _ invocation: Invocation, _ logger: Logger) throws -> (task: Advising, bell: Bell)? {
        guard let section = assembly.configuration.advisor else { return nil }
        do {
            _ = try section.apiKey?.read("the key of the advisor", in: invocation.environment)
        } catch {
            logger.warning("the advisor cannot be used as it is", ["why": .text("\(error)")])
        }
        let ledger = CoreAdviceLedger(core: core, budget: section.budget)
        guard let advisor = assembly.advisor(ledger: ledger, clock: clock) else { return nil }
        let playbooks = try invocation.playbooks(assembly.configuration)
        return (
            Advising(
                advisor: advisor, core: core, playbooks: playbooks, minSeverity: section.minSeverity, clock: clock,
                logger: logger), adviceBell
        )
    }

    var gateAddress: String? { server?.url }

    /// Where the page is; nil: nowhere.
    var pageAddress: String? { face?.url }

    func startServers() throws {
        try server?.start()
        try face?.start()
    }

    func stopServers() {
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

    /// Reads configuration and policies anew. With errors the old ones stay, and the log says so.
    func reload(_ invocation: Invocation, _ logger: Logger, _ notifier: SystemdNotifier) async {
        _ = notifier.notify(.reloading(monotonicNanoseconds: invocation.clock.monotonicNanoseconds()))
        do {
            let configuration = try invocation.loadConfiguration()
            let policies = try Assembly.loadPolicies(configuration)
            guard !configuration.runtimes.isEmpty else { throw CommandFailure("no runtime to watch") }
            // Routes may name new channels from here on, and those need senders.
            await core.reload(settings: Assembly.settings(configuration), policies: policies)
            let changed = await senders.follow(configuration.channels) { settings in
                Sender(
                    channel: assembly.channel(settings), core: core, pace: settings.pace, clock: clock, logger: logger)
            }
            report(configuration.warnings + policies.warnings + Strangers(configuration, policies).warnings, logger)
            if !changed.isEmpty { warnOfSecrets(configuration, invocation, logger) }
            let old = inForce.withLock { inForce in
                defer { inForce = (configuration, policies) }
                return inForce
            }
            let difference = ReloadReport(running: assembly.configuration, old: old, new: (configuration, policies))
            logger.info(
                "reloaded",
                [
                    "channels": .text(changed.isEmpty ? "none" : changed.joined(separator: ",")),
                    "changed": .text(difference.changed.isEmpty ? "nothing" : difference.changed.joined(separator: "; ")),
                ])
            if !difference.ignored.isEmpty {
                logger.warning(
                    "ignored until a restart: runtimes, adapters, who approves, listeners and all that is made at the start",
                    ["settings": .text(difference.ignored.joined(separator: "; "))])
            }
            page.follow(Overview.Surroundings(configuration))
            sayWhatIsInForce(configuration, policies, logger)
        } catch let error as ConfigurationErrors {
            refuse(error.diagnostics, logger)
        } catch let error as PolicyErrors {
            refuse(error.diagnostics, logger)
        } catch {
            logger.error(DaemonParts.refusal, ["why": .text((error as? CommandFailure)?.text ?? "\(error)")])
        }
        _ = notifier.notify(.ready)
    }

    /// Rules and channels that count from here on.
    func sayWhatIsInForce(_ configuration: Configuration, _ policies: PolicySet, _ logger: Logger) {
        let names = configuration.channels.map(\.name)
        logger.info(
            "in force",
            [
                "mode": .text(min(configuration.mode.value, policies.defaultPolicy.mode).rawValue),
                "rules": .text(ReloadReport.rules(policies)),
                "channels": .text(names.isEmpty ? "none" : names.joined(separator: ",")),
                "policies": .text(configuration.policies.value ?? "built in"),
            ])
    }

    private func warnOfSecrets(_ configuration: Configuration, _ invocation: Invocation, _ logger: Logger) {
        for text in Assembly.unreadableSecrets(configuration, invocation.environment) {
            logger.warning("a secret cannot be read", ["why": .text(text)])
        }
    }

    private static let refusal = "reload failed, the old configuration and policies stay in force"

    private func refuse(_ diagnostics: [Diagnostic], _ logger: Logger) {
        report(diagnostics, logger)
        logger.error(DaemonParts.refusal, ["errors": .integer(Int64(diagnostics.filter { $0.severity == .error }.count))])
    }

    /// A line of the log for each, so that a log's reader is not met by paragraphs.
    private func report(_ diagnostics: [Diagnostic], _ logger: Logger) {
        for fault in diagnostics {
            let place = fault.line == 0 ? fault.file : "\(fault.file):\(fault.line):\(fault.column)"
            let fields: Logger.Fields = [
                "at": .text(place), "code": .text(fault.code), "why": .text(fault.message), "hint": .text(fault.hint ?? "-"),
            ]
            fault.severity == .error ? logger.error("reload", fields) : logger.warning("reload", fields)
        }
    }
}

/// Whether cycles go on, for `/healthz`, `/-/healthy` and `/-/ready`.
final class HealthBox: Sendable {
    private let limit: TimeSpan
    private let clock: any Clock
    private let state: Mutex<(last: UInt64, cycles: Int, auditHead: String?, revertsDue: Int)>
    private let senders = Mutex<SenderCrew?>(nil)
    private let instruments: Instruments
    /// Those that are watched.
    private let runtimes: [String]

    init(limit: TimeSpan, clock: any Clock, instruments: Instruments, runtimes: [String]) {
        self.limit = limit
        self.clock = clock
        self.instruments = instruments
        self.runtimes = runtimes
        state = Mutex((clock.monotonicNanoseconds(), 0, nil, 0))
    }

    func watch(_ senders: SenderCrew) {
        self.senders.withLock { $0 = senders }
    }

    func cycled(auditHead: String?, revertsDue: Int) {
        let now = clock.monotonicNanoseconds()
        state.withLock { $0 = (now, $0.cycles + 1, auditHead ?? $0.auditHead, revertsDue) }
    }

    var answer: DaemonHealth {
        let (last, cycles, auditHead, revertsDue) = state.withLock { $0 }
        let age = Int64((clock.monotonicNanoseconds() &- last) / 1_000_000)
        // By name alone: why stands in the log and in `notify history`.
        let failing = (senders.withLock { $0 }?.senders ?? []).filter { $0.trouble != nil }.map { JSON.string($0.name) }
        return DaemonHealth(
            isCycling: age < limit.milliseconds, isReady: instruments.hasCommitted,
            troubles: instruments.troubles(of: runtimes),
            details: JSONObject([
                (key: "cycles", value: .int(Int64(cycles))), (key: "last_cycle_ms_ago", value: .int(age)),
                (key: "audit_head", value: .optional(auditHead)), (key: "reverts_due", value: .int(Int64(revertsDue))),
                (key: "failing_channels", value: .array(failing)),
                (
                    key: "refused_connections",
                    value: .array(
                        instruments.refusedConnections.map { server, reason, count in
                            ["server": .string(server), "reason": .string(reason), "count": .int(Int64(count))]
                        })
                ),
            ]))
    }
}

extension Invocation {
    var logFormat: Logger.Format {
        arguments.value("log-format").flatMap(Logger.Format.init(rawValue:)) ?? .usual(in: environment)
    }
}
