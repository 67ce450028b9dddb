import Advisor
import Ambient
import Collector
import Configuration
import Cycle
import Daemon
import Model
import Notify
import Playbooks
import Server
import Views

extension DaemonParts {
    /// The loop over these parts, and what tells a dead man's switch of it.
    /// - Parameters:
    ///   - recorder: sees what a tape holds.
    ///   - playbooks: where the model looks for what to do; asked for only where there is a model.
    package func monitor(
        _ notifier: SystemdNotifier, recorder: (@Sendable (TapeStep) -> Void)? = nil, _ playbooks: () throws -> PlaybookSet
    ) throws -> (Daemon, Pulse?) {
        let configuration = assembly.configuration
        let pulse = configuration.heartbeat.flatMap { settings in
            assembly.heartbeat.map { Pulse(heartbeat: $0, interval: settings.interval, clock: machine, logger: logger) }
        }
        var monitor = Daemon(
            core: core, targets: assembly.targets, poller: assembly.poller(clock: clock, logger: logger), senders: senders,
            executors: executors, interval: configuration.interval.value, clock: clock, logger: logger, notifier: notifier, pulse: pulse,
            advising: try advising(playbooks), recorder: recorder)
        monitor.reactions = assembly.reactions(core: core, clock: clock, logger: logger)
        let (instruments, names) = (instruments, assembly.targets.map(\.runtime))
        let (core, sights) = (core, sights)
        monitor.situation = {
            let (summaries, at) = sights.all
            return StatusVerdict(summaries: summaries, at: at, open: await core.openIncidents, journalError: await core.state.journalError)
                .line
        }
        monitor.troubles = { instruments.troubles(of: names) }
        return (monitor, pulse)
    }

    /// What asks the configured model; nil where there is none.
    /// - Parameter playbooks: where the model looks for what to do; asked for only where there is a model.
    private func advising(_ playbooks: () throws -> PlaybookSet) throws -> (task: Advising, bell: Bell)? {
        guard let section = assembly.configuration.advisor else { return nil }
        do {
            _ = try section.apiKey?.read("the key of the advisor", in: assembly.environment)
        } catch {
            logger.warning("the advisor cannot be used as it is", ["why": .text("\(error)")])
        }
        let ledger = CoreAdviceLedger(core: core, budget: section.budget)
        guard let advisor = assembly.advisor(ledger: ledger, clock: clock) else { return nil }
        let playbooks = try playbooks()
        return (
            Advising(
                advisor: advisor, core: core, playbooks: playbooks, minSeverity: section.minSeverity, clock: clock,
                logger: logger), adviceBell
        )
    }

    /// What an operator is told as it starts: what it is, what it may do, and what is odd about that.
    package func sayThatItStarts() {
        let configuration = assembly.configuration
        let unpaged = configuration.unpagedChannels
        if !unpaged.isEmpty {
            logger.warning(
                "nobody is paged: the environment is not 'production'",
                ["environment": .text(configuration.environment.value), "channels": .text(unpaged.joined(separator: ","))])
        }
        logger.info(
            "started",
            [
                "version": .text(version), "commit": .text(Build.commit ?? "unknown"), "mode": .text(configuration.mode.value.rawValue),
                "runtimes": .text(configuration.names(of: .runtime)), "hosts": .text(configuration.names(of: .host)),
                "services": .text(configuration.names(of: .service)),
                "state": .text(configuration.state.value.description), "gate": .text(gateAddress ?? "none"),
                "page": .text(pageAddress ?? "none"),
            ])
        if let words = configuration.shardWords { logger.info("one of several shards", ["shard": .text(words)]) }
        if let server = configuration.server?.value {
            if !front.wantsPage {
                logger.warning(
                    "no page and no API: 'server' names the gate's address, where nobody may stand before a proxy that asks",
                    ["listen": .text(server.description), "hint": .text("give server: {listen: …} an address of its own")])
            } else if front.pageAddress != nil, configuration.closesPage(to: try? front.tokens.book(), at: clock.now()) {
                logger.warning(
                    "page and API are closed to everybody: other machines reach this address, and there is no token yet",
                    [
                        "listen": .text(server.description),
                        "hint": .text("mozaiks-ops token create NAME --role viewer|operator|approver, which needs no restart"),
                    ])
            }
        }
        sayWhatIsInForce(configuration, assembly.policies)
        if let text = configuration.readingByProxy { logger.info("who may read the page", ["why": .text(text)]) }
        if let text = configuration.localImpostors { logger.warning("others of this machine may name themselves", ["why": .text(text)]) }
        if let proxy = assembly.network.proxyText { logger.info("requests go through a proxy", ["proxy": .text(proxy)]) }
        for text in Assembly.exposures(configuration, assembly.environment) {
            logger.warning("others of this machine may read or change what is ours", ["why": .text(text)])
        }
    }
}
