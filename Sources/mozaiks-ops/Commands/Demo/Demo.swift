import Ambient
import Collector
import Composition
import Configuration
import Daemon
import Engine
import Glibc
import HTTP
import JSONParsing
import Journal
import Model
import Policy
import Server
import Signals
import Synchronization
import Web

/// The demo: a stage (simulated runtime, front door, Slack sink), the monitor before it, and a narrator.
struct Demo {
    private let invocation: Invocation
    private let terminal: Terminal

    init(_ invocation: Invocation) {
        self.invocation = invocation
        terminal = invocation.terminal
    }

    /// The policy of the demo: the noisy-neighbor rule of the default policy with every time a hundredth or so.
    static let policy = """
        schema: mozaiks.ops/policy/v1
        ops_policy: default
        mode: enforce
        window: 5s
        clear_after: 3s
        thresholds:
          noisy_share: 40%
          noisy_min_runs: 10
          max_active_runs: 20
        allowed_actions: [notify, throttle]
        rules:
          noisy-neighbor:
            subject: app
            when: >-
              active_runs.share > $noisy_share and runtime.active_runs >= $noisy_min_runs
              and runtime.active_apps >= 3
            for: 2s
            severity: warning
            summary: One app takes more than its share of the runtime.
            actions:
              - notify
              - throttle: {concurrent_workflows: 2, ttl: 8s, only_if: runtime.active_runs > 0.5 * $max_active_runs}
            next_steps:
              - Look which workflow and which users start so many runs.
              - Ask the tenant before you lift the limit.
        """

    /// Longest that the story may take before the demo calls itself failed.
    private static let limit = TimeSpan.seconds(60)

    func run() async throws -> ExitCode {
        let stage: JSON
        var ownStage: Stage?
        if let file = invocation.arguments.value("stage") {
            stage = try JSON(parsing: FileReading.bytes(file, limit: 64 << 10))
        } else {
            let own = try Stage(invocation, scenario: "demo", gatePort: Stage.freePort())
            try own.start()
            ownStage = own
            stage = .object(own.document)
        }
        defer { ownStage?.stop() }
        let folder = try DemoFolder(keep: invocation.arguments.value("state"))
        defer { folder.remove() }
        let files = try folder.write(stage, pagePort: Stage.freePort())
        introduce(stage, files, isOwnProcess: ownStage == nil)
        return try await watch(files, stage: stage["stage"]?.string ?? "")
    }

    private func watch(_ files: DemoFolder.Files, stage: String) async throws -> ExitCode {
        let loader = ConfigurationLoader(ConfigurationFlags(config: files.configuration), in: Environment([:]))
        let configuration = try loader.load()
        let assembly = try Assembly(
            configuration, policies: try Assembly.loadPolicies(configuration), environment: Environment([:]),
            clock: invocation.clock, version: Version.text)
        let clock = invocation.clock
        let narrator = Narrator(terminal: terminal, clock: clock)
        let parts = try DaemonParts(
            assembly, clock: invocation.clock, version: Version.text, logger: invocation.logger, onReport: { narrator.hear($0) })
        try parts.startServers()
        let page = parts.pageAddress.map { $0 + "/" } ?? "nowhere"
        let staysOpen = invocation.arguments.has("keep-open")
        write("The page: \(page)" + (staysOpen ? ", open until you press Ctrl-C" : " while this lasts; --keep-open keeps it open") + "\n")
        if staysOpen {
            let token = try TokenFile(StateFolder(existing: configuration.state.value)).create(
                "demo", .approver, by: "cli:\(invocation.user)", now: clock.now(), expiresAt: clock.now() + .hours(24))
            write("To press its buttons sign in with \(token)\n")
        }
        write("\n")
        let (stop, course) = (Bell(), Course())
        if staysOpen {
            let signals = await ProcessSignal.listen(for: [.interrupt, .terminate])
            Task {
                for await _ in signals {
                    course.isStopped.store(true, ordering: .relaxed)
                    stop.ring()
                }
            }
        }
        let daemon = Daemon(
            core: parts.core, targets: assembly.targets, poller: assembly.poller(clock: invocation.clock, logger: invocation.logger),
            senders: parts.senders,
            interval: configuration.interval.value, clock: invocation.clock, logger: invocation.logger,
            notifier: SystemdNotifier(environment: Environment([:])))
        _ = await daemon.run {
            let end = clock.monotonicNanoseconds() + UInt64(Demo.limit.milliseconds) * 1_000_000
            while !narrator.isTold, !course.isStopped.load(ordering: .relaxed), clock.monotonicNanoseconds() < end {
                await narrator.look(at: stage, assembly.client)
                do { try await clock.sleep(for: .seconds(0.25)) } catch { return }
            }
            guard staysOpen else { return }
            await narrator.look(at: stage, assembly.client)
            course.isTold.store(narrator.conclude(), ordering: .relaxed)
            narrator.fallSilent()
            write("\nThe page stays open: \(page)\nPress Ctrl-C to end it.\n")
            await stop.wait(atMost: .hours(24), clock: clock)
        }
        if !staysOpen {
            await narrator.look(at: stage, assembly.client)
            course.isTold.store(narrator.conclude(), ordering: .relaxed)
        }
        parts.stopServers()
        await assembly.client.shutdown()
        return course.isTold.load(ordering: .relaxed) ? .ok : .failure
    }

    /// How far it is.
    private final class Course: Sendable {
        let isTold = Atomic<Bool>(false)
        let isStopped = Atomic<Bool>(false)
    }

    private func introduce(_ stage: JSON, _ files: DemoFolder.Files, isOwnProcess: Bool) {
        let place = isOwnProcess ? "in a process of its own" : "inside this process"
        var text = terminal.paint("mozaiks-ops demo", .bold) + "\n\n"
        text += "A simulated MozaiksAI runtime \(place): five tenants on \(stage["runtime"]?[0]?.string ?? "?").\n"
        text += "Its front door \(stage["front_door"]?.string ?? "?") asks our gate before each start, as nginx would.\n"
        text += "From second 4 on, app-shop starts far too many runs. Nobody touches anything.\n\n"
        text += terminal.paint("mozaiks-ops.yaml", .bold) + "\n" + indent(files.configurationText)
        text += terminal.paint("policies/ops_policy.default.yaml", .bold) + "\n" + indent(Demo.policy + "\n") + "\n"
        write(text)
    }

    private func indent(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : "  \($0)" }
            .joined(separator: "\n") + (text.hasSuffix("\n") ? "" : "\n")
    }
}

/// The demo's files: configuration, policy, the webhook's secret, and the state folder.
struct DemoFolder {
    struct Files {
        let configuration: String
        let configurationText: String
    }

    private let path: String
    private let isTemporary: Bool

    init(keep: String?) throws {
        isTemporary = keep == nil
        if let keep {
            // Absolute, because paths in a configuration begin at its own folder.
            path = keep.hasPrefix("/") ? keep : (DemoFolder.workingFolder + "/" + keep)
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
                throw CommandFailure("cannot make \(keep): \(String(cString: strerror(errno)))")
            }
        } else {
            var template = Array("/tmp/mozaiks-ops-demo-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else {
                throw CommandFailure("cannot make a temporary folder: \(String(cString: strerror(errno)))")
            }
            path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    private static var workingFolder: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard getcwd(&buffer, buffer.count) != nil else { return "." }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func write(_ stage: JSON, pagePort: UInt16) throws -> Files {
        guard access(path + "/journal.db", F_OK) != 0 else {
            throw CommandFailure("\(path) has a journal already", hint: "name a folder that is new: its past would hold actions back")
        }
        let text = """
            schema: mozaiks.ops/config/v1
            environment: demo
            mode: enforce
            interval: 1s
            state: \(path)
            policies: \(path)/policies
            runtimes:
              shared: {replicas: [\(stage["runtime"]?[0]?.string ?? "")]}
            actions:
              gate: {listen: 127.0.0.1:\(stage["gate_port"]?.int ?? 0)}
            server: {listen: 127.0.0.1:\(pagePort)}
            channels:
              ops: {slack: {webhook_url_file: \(path)/slack-webhook}}

            """
        _ = mkdir(path + "/policies", 0o700)
        try put(text, "mozaiks-ops.yaml")
        try put(Demo.policy + "\n", "policies/ops_policy.default.yaml")
        try put(stage["slack_webhook"]?.string ?? "", "slack-webhook")
        return Files(configuration: path + "/mozaiks-ops.yaml", configurationText: text)
    }

    private func put(_ text: String, _ name: String) throws {
        guard let file = fopen("\(path)/\(name)", "w") else {
            throw CommandFailure("cannot write \(path)/\(name): \(String(cString: strerror(errno)))")
        }
        fputs(text, file)
        fclose(file)
    }

    /// Removes what the demo itself made, file by file; nothing that it does not know.
    func remove() {
        guard isTemporary else { return }
        for name in [
            "journal.db", "journal.db-wal", "journal.db-shm", "engine.lock", "tokens.json",
            "mozaiks-ops.yaml", "policies/ops_policy.default.yaml", "slack-webhook",
        ] {
            unlink("\(path)/\(name)")
        }
        for name in ["/policies", ""] { rmdir(path + name) }
    }
}

extension Stage {
    /// A port that is free at this moment.
    static func freePort() throws -> UInt16 {
        let probe = HTTPServer(mode: .epoll(threads: 1)) { _ in .text("") }
        try probe.start()
        defer { probe.stop() }
        return probe.port
    }
}
