import Ambient
import Collector
import Composition
import Configuration
import Daemon
import Model

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
        let daemon = try DaemonParts(
            assembly, clock: invocation.clock, version: Version.text, logger: logger, printsEvents: invocation.arguments.has("events"))
        var recorder: Recorder?
        if let path = invocation.arguments.value("record") {
            recorder = try Recorder(path: path, settings: assembly.settings, beginning: await daemon.core.tapeState)
        }
        let notifier = SystemdNotifier(environment: environment)
        let stop = Bell()
        let reading = Task {
            for await signal in signals {
                if signal == .hangUp {
                    await daemon.reload(notifier) { try invocation.loadConfiguration() }
                } else {
                    stop.ring()
                }
            }
        }
        try daemon.startServers()
        daemon.sayThatItStarts()
        let (monitor, pulse) = try daemon.monitor(notifier, recorder: recorder?.sink) { try invocation.playbooks(configuration) }
        let saved = await monitor.run { await stop.wait(atMost: .hours(24 * 365 * 10), clock: invocation.clock) }
        reading.cancel()
        daemon.stopServers()
        await pulse?.beat(.exit((saved ? ExitCode.ok : .failure).rawValue))
        await assembly.client.shutdown()
        logger.info("stopped", ["saved": .flag(saved)])
        return saved ? .ok : .failure
    }
}

extension Invocation {
    var logFormat: Logger.Format {
        arguments.value("log-format").flatMap(Logger.Format.init(rawValue:)) ?? .usual(in: environment)
    }
}
