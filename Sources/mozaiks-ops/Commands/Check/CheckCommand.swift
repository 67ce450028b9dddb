import Actions
import Ambient
import Composition
import Configuration
import Cycle
import Daemon
import Glibc
import HTTP
import JSONParsing
import Journal
import Model
import Policy
import Signals
import Views

/// `check`: one pass for cron. State is kept between passes, so that many passes see what a daemon sees.
enum CheckCommand {
    static let command = Command(
        ["check"], "One pass: poll, decide, record, tell; for cron and for a look",
        discussion: "Passes share the state folder, so that 'for: 5m' holds over five passes a minute apart. The first pass "
            + "has no history: a rate over 5m shows once a fifth of that was watched. No gate runs between passes: "
            + "throttle, pause and disable_pack land only where another adapter is configured (lease_api, entitlements, webhook), "
            + "and are recorded as refused otherwise. What is due there is put or undone within the pass, for at most 15 seconds.\n\n"
            + "With --watch it goes on for that long, polling at the interval, so that 'for: 5m' holds within one execution of a "
            + "scheduled job; it logs how it goes, ends early when told to (SIGTERM, SIGINT) and needs less than ten seconds for that. "
            + "What could not be sent by then waits in the journal.\n\n"
            + "Exit code: 0 ok, 1 a warning is open, 2 a critical incident is open, 3 unknown (no evidence, or another engine "
            + "holds the state folder). With --brief or --perfdata, as a monitoring plugin, nothing but these: what keeps the pass from "
            + "running, such as an error in the configuration, is a line 'UNKNOWN: …' on standard output and 3.\n\n"
            + "With --exit-code work, for a platform that tries again whatever fails: 0 the work was done, whatever it found, or another "
            + "engine does it already; 75 another attempt may do it (the journal could not be used); 64 and 78 no attempt will before "
            + "command line or configuration are mended.",
        options: MonitorOptions.all + [
            Option("watch", value: "SPAN", "go on for so long, such as 6m, instead of one poll"),
            Option("brief", "the one line only"), Option("perfdata", "append performance data, as monitoring plugins do"),
            Option(
                "quiet", "print only what changed since the last pass, as cron mails it; what keeps the pass from running is always said"),
            Option("exit-code", value: "findings|work", "what the code tells: what was found (default), or whether the work was done"),
        ],
        examples: [
            ("MOZAIKS_RUNTIME_URL=http://localhost:8000 mozaiks-ops check", "one look, with no configuration at all"),
            ("* * * * * mozaiks-ops check --quiet --brief", "a crontab line: a mail when something changed"),
            ("mozaiks-ops check --brief --perfdata", "as a plugin of Nagios or Icinga"),
            ("mozaiks-ops check --watch 6m --brief --exit-code work", "as a scheduled job, such as Cloud Run's"),
        ]
    ) { invocation in
        let isForWork = try isForWork(invocation.arguments)
        do {
            let (code, isDone) = try await look(invocation, isForWork)
            return isForWork ? (isDone ? .ok : .tryAgain) : code
        } catch let error as CommandFailure where isForWork && [.failure, .unknown].contains(error.code) {
            throw CommandFailure(error.text, hint: error.hint, code: .tryAgain)
        } catch let error as JournalError where isForWork {
            throw CommandFailure(error.message, hint: error.hint, code: error.isRetryable ? .tryAgain : .configuration)
        } catch let error as HTTPError where isForWork {
            throw CommandFailure("\(error)", code: .tryAgain)
        }
    }

    private static func isForWork(_ arguments: Arguments) throws(UsageError) -> Bool {
        switch arguments.value("exit-code") ?? "findings" {
        case "findings": return false
        case "work": return true
        case let other: throw UsageError("--exit-code '\(other)' is neither findings nor work")
        }
    }

    /// One pass, or many. What it found, and whether all of it is kept.
    private static func look(_ invocation: Invocation, _ isForWork: Bool) async throws -> (ExitCode, isDone: Bool) {
        let watch = try await CheckWatch(invocation)
        let configuration = try invocation.watchingConfiguration { namesNoPolicies in
            // Compiled while this thread opens libcurl and what is behind it, with which addresses are read; that takes as long.
            // Whoever asks for them before they are there waits.
            if namesNoPolicies { Task.detached { _ = PolicySet.embeddedDefault } }
        }
        try watch?.check(against: configuration)
        watch?.end.concerns(configuration.state.value)
        let assembly = try invocation.assembly(configuration)
        var settings = assembly.settings
        // There is no gate between passes; other adapters are asked within the pass.
        settings.landable = assembly.landableWithoutGate
        var pipeline = Pipeline(settings: settings, policies: assembly.policies)
        let logger = watch?.logger ?? invocation.logger
        let pulse = assembly.heartbeat.map {
            Pulse(heartbeat: $0, interval: configuration.heartbeat?.interval ?? .zero, clock: invocation.clock, logger: logger)
        }
        let journal: Journal
        let folder: StateFolder
        do throws(JournalError) {
            let room = try EngineRoom(configuration, now: invocation.clock.now())
            folder = room.folder
            journal = room.journal
        } catch {
            // Another engine at work has heartbeats of its own; a look beside it is no failure of anything.
            if case .heldBy(let holder) = error.cause, !holder.isKeeping {
                let text = "another engine runs here (\(holder)), and watches already: this pass did nothing"
                if isForWork {
                    remark("mozaiks-ops: \(text)\n", .info)
                    return (.unknown, true)
                }
                throw CommandFailure(text, hint: "'mozaiks-ops status' shows what it sees, with the same exit codes", code: .unknown)
            }
            if watch?.end.isReason(for: error) == true {
                await CheckWatch.within(.seconds(1), invocation.clock) { await pulse?.beat(.exit(ExitCode.unknown.rawValue)) }
                throw CheckWatch.endedEarly("; \(error.message)")
            }
            await pulse?.beat(.exit(ExitCode.unknown.rawValue))
            let code: ExitCode = !isForWork ? .unknown : error.isRetryable ? .tryAgain : .configuration
            throw CommandFailure(error.message, hint: error.hint, code: code)
        }
        // One that goes on for long sends its own.
        var heartbeat: PassHeartbeat?
        if let pulse, watch == nil { heartbeat = await PassHeartbeat.begin(pulse) }
        let core: Core
        let saved: Bool
        let reports = ReportBox()
        do {
            try pipeline.restore(from: journal, now: invocation.clock.now()) { text in
                logger.warning("state", ["why": .text(text)])
            }
            core = Core(
                pipeline: pipeline, journal: journal, folder: folder, gate: nil, adapters: assembly.adapters,
                kept: try PlacementBook(from: journal), onErrands: { watch?.ringErrands() }, onMessages: { watch?.senders.ring() },
                clock: invocation.clock, logger: logger, isLoud: watch != nil, onReport: { reports.add($0) })
            saved =
                if let watch { await watch.run(assembly, core, pulse, reports, invocation) } else { await pass(assembly, core, invocation) }
        } catch {
            await heartbeat?.end(.exit(ExitCode.unknown.rawValue))
            if let error = error as? JournalError, watch?.end.isReason(for: error) == true {
                throw CheckWatch.endedEarly("; \(error.message)")
            }
            throw error
        }
        let open = await core.openIncidents
        let verdict = StatusVerdict(reports: reports.all, open: open, journalError: saved ? nil : await core.state.journalError)
        // What was found has channels of its own: a pass that did its work is a success, whatever it saw. Before it is
        // printed, because whoever reads that may be slow or gone.
        if watch == nil {
            await heartbeat?.end(saved ? .success : .exit(ExitCode.unknown.rawValue))
        } else {
            await CheckWatch.within(.seconds(2), invocation.clock) {
                await pulse?.beat(saved ? .success : .exit(ExitCode.unknown.rawValue))
            }
        }
        if reports.all.isEmpty, watch != nil {
            await core.close()
            throw CheckWatch.endedEarly()
        }
        if invocation.arguments.has("quiet") {
            await printChanges(verdict, reports.all, core, invocation)
        } else {
            print(verdict, reports.all, invocation)
        }
        await core.close()
        await assembly.client.shutdown()
        return (verdict.code, saved)
    }

    /// Polls every runtime once, all at the same time; then sends what is due, as long as a cron job may take.
    private static func pass(_ assembly: Assembly, _ core: Core, _ invocation: Invocation) async -> Bool {
        let poller = assembly.poller(clock: invocation.clock, logger: invocation.logger)
        await withTaskGroup(of: Void.self) { group in
            for target in assembly.targets {
                group.addTask {
                    await core.cycle(target.runtime, await core.look(at: target) { await poller.poll($0, $1) })
                }
            }
        }
        let saved = await core.drain()
        await withTaskGroup(of: Bool.self) { group in
            for adapter in assembly.adapters {
                let executor = Executor(adapter: adapter, core: core, clock: invocation.clock, logger: invocation.logger)
                group.addTask {
                    await executor.performDue(within: .seconds(14))
                    return true
                }
            }
            for channel in assembly.channels {
                let sender = Sender(
                    channel: channel, core: core, pace: assembly.pace(of: channel.name), clock: invocation.clock,
                    logger: invocation.logger)
                group.addTask {
                    await sender.sendAll()
                    return true
                }
            }
            group.addTask {
                try? await invocation.clock.sleep(for: .seconds(15))
                return false
            }
            var open = assembly.channels.count + assembly.adapters.count
            while open > 0, await group.next() == true { open -= 1 }
            group.cancelAll()
        }
        return await core.drain() && saved
    }

    private static let saidKey = "check:said"

    /// Prints what differs from what the last pass said, and nothing else. It counts as said once it was written.
    private static func printChanges(
        _ verdict: StatusVerdict, _ reports: [CycleReport], _ core: Core, _ invocation: Invocation
    ) async {
        let warnings = HeldWarnings.all
        let essence = Array((verdict.essence + warnings).joined(separator: "\n").utf8)
        // Before the first pass nothing was said, and nothing need be of what is well.
        let said = await core.remembered(saidKey) ?? Array("ok".utf8)
        guard essence != said else { return }
        for warning in warnings { remark("\(warning)\n\n", .warning) }
        print(verdict, reports, invocation)
        if !Output.isLost { _ = await core.remember(saidKey, essence) }
    }

    private static func print(_ verdict: StatusVerdict, _ reports: [CycleReport], _ invocation: Invocation) {
        let arguments = invocation.arguments
        let rendering = invocation.rendering()
        let open = verdict.open
        invocation.print(
            text: {
                let data = arguments.has("perfdata") && !verdict.perfdata.isEmpty ? " | \(verdict.perfdata)" : ""
                var text = verdict.line + data + "\n"
                guard !arguments.has("brief") else { return text }
                for report in reports { text += "\n" + rendering.runtime(report) }
                if !open.isEmpty { text += "\n" + rendering.incidents(open) }
                let pending = reports.flatMap(\.result.outcome.standings).filter { $0.phase == .pending }
                for standing in pending {
                    let held = (standing.observed - standing.since).brief
                    text += "pending: \(Shown.id(standing.rule)) on \(standing.subject), true for \(held)\n"
                }
                return text
            }(),
            json: verdict.document(reports))
    }
}
