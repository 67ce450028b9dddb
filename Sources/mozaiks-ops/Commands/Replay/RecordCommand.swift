import Ambient
import Collector
import Composition
import Cycle
import Daemon
import HTTP
import Model

/// `record`: writes a tape without deciding anything.
enum RecordCommand {
    static let command = Command(
        ["record"], "Write every exchange with the runtimes to a tape",
        discussion: "A tape is JSON Lines: what was asked, what came back, when. 'replay' and 'evaluate' read it through the "
            + "same decoding as live answers. A thousand chats are 0.4 MB a poll.",
        positionals: [Positional("FILE", "the tape to write; must not exist yet")],
        options: MonitorOptions.all + [Option("for", value: "SPAN", "stop after so long (default: until interrupted)")],
        examples: [
            ("mozaiks-ops record incident.tape --for 15m", "a quarter of an hour of evidence"),
            ("mozaiks-ops record t.tape --url http://localhost:8000 --interval 5s", "another runtime, more often"),
        ]
    ) { invocation in
        let configuration = try invocation.watchingConfiguration()
        let assembly = try invocation.assembly(configuration)
        let length = try invocation.span("for")
        let path = invocation.arguments.positional("FILE") ?? ""
        let recorder = try Recorder(path: path, settings: assembly.settings)
        let signals = await ProcessSignal.listen(for: [.interrupt, .terminate])
        let pipeline = Pipeline(settings: assembly.settings, policies: assembly.policies)
        let core = Core(
            pipeline: pipeline, journal: nil, folder: nil, gate: nil, clock: invocation.clock, logger: invocation.logger)
        let watcher = Daemon(
            core: core, targets: assembly.targets, poller: assembly.poller(clock: invocation.clock, logger: invocation.logger),
            senders: SenderCrew(),
            interval: configuration.interval.value, clock: invocation.clock, logger: invocation.logger,
            notifier: SystemdNotifier(environment: Environment([:])), recorder: recorder.sink)
        _ = await watcher.run {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in signals { return } }
                if let length { group.addTask { try? await invocation.clock.sleep(for: length) } }
                _ = await group.next()
                group.cancelAll()
            }
        }
        await assembly.client.shutdown()
        if let failure = recorder.failure { throw CommandFailure("the tape is incomplete: \(failure)") }
        invocation.print(
            text: "\(path): \(recorder.exchanges) exchanges\n",
            as: .recording, json: ["tape": .string(path), "exchanges": .int(Int64(recorder.exchanges))])
        return .ok
    }
}
