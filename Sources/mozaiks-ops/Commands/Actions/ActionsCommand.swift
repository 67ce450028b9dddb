import Composition
import Cycle
import Daemon
import Views
import Actions
import Ambient
import Configuration
import Glibc
import JSONParsing
import Journal
import Model
import Notify

/// `actions list|stop|resume|revert`.
enum ActionsCommand {
    static let list = Command(
        ["actions", "list"], "List actions in force, or all of them",
        options: [Option("all", "also those that are over"), MonitorOptions.state],
        examples: [
            ("mozaiks-ops actions list", "what is in force now, and until when"),
            ("mozaiks-ops actions list --all -o json", "everything that was ever done, for a script"),
        ]
    ) { invocation in
        let folder = try invocation.stateFolderToLookInto()
        let journal = try invocation.journal(in: folder)
        let list = try LeaseList(journal, all: invocation.arguments.has("all"))
        let waiting = try journal.waitingCommands()
        let isIdle = EngineLock.holder(of: folder) == nil && list.leases.contains { $0.state != .ended && !$0.shadow }
        invocation.print(
            text: invocation.rendering(list.leases.flatMap { $0.holders.map(\.incident) }, in: journal).leases(
                list.leases, list.placements.flatMap { $0 } + list.orphans, sights: list.sights, now: invocation.clock.now())
                + (isIdle ? "no engine runs: what adapters do not end by themselves stays until one does\n" : "")
                + invocation.waitingText(waiting, of: ActionsCommand.kinds),
            json: list.document)
        return .ok
    }

    /// What is asked about actions.
    private static let kinds = [Commands.revert, Commands.revertAll, Commands.approve, Commands.deny]

    static let stop = Command(
        ["actions", "stop"], "The kill switch: no new action and no extension until 'actions resume'",
        discussion: "Puts a file into the state folder, so that it works when everything else is broken and survives restarts. "
            + "Of the configuration only the state folder counts: errors in it are shown, and do not matter. "
            + "What is in force runs out by itself; 'actions revert --all' ends it now. Messages go on.",
        options: [MonitorOptions.state],
        examples: [("mozaiks-ops actions stop", "stops every automatic action at once")]
    ) { invocation in
        let folder = try invocation.stateFolderWhateverElse()
        try folder.turnKillSwitchOn(by: "cli:\(invocation.user)")
        if folder.database == nil, access(folder.journalPath, F_OK) != 0 {
            complain(
                "there is no journal in \(folder.path): no engine ever ran there. Is that the folder of the one that is to stop?",
                hint: "name its folder with --state; the unit's is /var/lib/mozaiks-ops")
        }
        let holder = EngineLock.holder(of: folder).flatMap { $0.isKeeping ? nil : $0 }
        let until = "until 'mozaiks-ops actions resume' (\(folder.killFilePath))"
        invocation.print(
            text: holder == nil
                ? "the switch is set, and no engine runs here that would stop: one that starts takes no action \(until)\n"
                : "stopped: no new action \(until)\n",
            json: KillSwitchView.stopped(isEngineRunning: holder != nil, file: folder.killFilePath))
        return .ok
    }

    static let resume = Command(
        ["actions", "resume"], "Lift the kill switch",
        options: [MonitorOptions.state],
        examples: [("mozaiks-ops actions resume", "actions may be taken again, as policies say")]
    ) { invocation in
        let folder = try invocation.stateFolderWhateverElse()
        let was = folder.isKillSwitchOn
        try folder.turnKillSwitchOff(by: "cli:\(invocation.user)")
        invocation.print(
            text: was ? "resumed: actions may be taken again\n" : "it was not stopped\n", json: KillSwitchView.resumed)
        return .ok
    }

    static let revert = Command(
        ["actions", "revert"], "Undo an action now, or all of them",
        discussion: "Taken by the running engine at its next tick. Where none runs, this command is the engine for a moment: it "
            + "undoes at the adapters what is due there, for at most 30 seconds; what resists stays due, and the next run or check "
            + "goes on. Its incident starts no other.",
        positionals: [Positional("LEASE", required: false, "the lease's id, or enough of its beginning")],
        options: [Option("all", "everything that is in force"), MonitorOptions.state],
        examples: [
            ("mozaiks-ops actions revert lease-5f2c", "takes one back"),
            ("mozaiks-ops actions revert --all", "takes everything back"),
        ]
    ) { invocation in
        let arguments = invocation.arguments
        let named = arguments.positional("LEASE")
        guard (named != nil) != arguments.has("all") else {
            throw UsageError("name a lease, or say --all", hint: "see mozaiks-ops actions list")
        }
        let folder = try invocation.stateFolderToLookInto()
        // An engine that runs needs nothing of the configuration here.
        let configuration = EngineLock.holder(of: folder) == nil ? try invocation.configuration() : nil
        let journal = try invocation.journal(in: folder, mode: .command)
        var kind = Commands.revertAll
        var document: JSON = .object(JSONObject())
        if let named {
            do throws(JournalError) {
                document = ["lease": .string(try journal.lease(named).id)]
                kind = Commands.revert
            } catch {
                throw unnamed(error, named, in: journal)
            }
        }
        let id = try journal.appendCommand(
            at: invocation.clock.now(), actor: "cli:\(invocation.user)", kind: kind, arguments: document.serialized())
        var result: String?
        var resisting: [String] = []
        if let configuration, let done = try await invocation.obey(id, configuration) {
            (result, resisting) = (done.result, done.resisting)
        } else {
            result = try await invocation.result(of: id, in: journal, folder: folder)
            if result != nil { resisting = try await invocation.stillToUndo(in: journal, lease: document["lease"]?.string) }
        }
        if kind == Commands.revertAll, !resisting.isEmpty, result == "nothing is in force" {
            result = "nothing more is in force, and not all of it is undone"
        }
        var text = (result ?? invocation.noted(by: folder)) + "\n"
        for line in resisting { text += "NOT UNDONE YET, it is tried on (see mozaiks-ops actions list): \(Shown.code(line))\n" }
        invocation.print(
            text: text,
            json: AskedCommand(id, result: result, resisting: resisting).document)
        // Nothing was taken back of what is over already.
        return resisting.isEmpty && result?.hasSuffix(" is not in force") != true ? .ok : .failure
    }
}

extension ActionsCommand {
    /// What is wrong with a lease's name that the journal could not follow. Its own words speak of a file.
    private static func unnamed(_ error: JournalError, _ named: String, in journal: Journal) -> CommandFailure {
        switch error.cause {
        case .unknownID:
            if let incident = try? journal.incident(NamedIncident.written(named)).id {
                return CommandFailure(
                    "'\(Shown.id(named))' is an incident and no action",
                    hint: "'mozaiks-ops incidents show \(incident)' names its actions, 'mozaiks-ops actions list' those in force")
            }
            let known = (try? journal.leases(states: []).map(\.id)) ?? []
            return .unknown("lease", named, known: known, list: "mozaiks-ops actions list --all")
        case .ambiguousID(let ids):
            return CommandFailure(
                "'\(Shown.id(named))' is the beginning of several leases", hint: "it could be " + ids.joined(separator: ", "))
        default: return CommandFailure(error.message, hint: error.hint)
        }
    }
}

extension Invocation {
    /// Carries a command out as the engine, for a moment. Nil when another has become the engine meanwhile.
    fileprivate func obey(_ command: Int64, _ configuration: Configuration) async throws -> (result: String?, resisting: [String])? {
        // What is to be undone does not depend on policies: one with errors must not keep it.
        let assembly = try Assembly(
            configuration, policies: .embeddedDefault, environment: environment, clock: clock, version: Version.text, logger: logger)
        let room: EngineRoom
        do throws(JournalError) {
            room = try EngineRoom(configuration, now: clock.now())
        } catch {
            if case .heldBy = error.cause { return nil }
            throw CommandFailure(error.message, hint: error.hint)
        }
        var pipeline = Pipeline(settings: assembly.settings, policies: assembly.policies)
        try pipeline.restore(from: room.journal, now: clock.now()) { text in logger.warning("state", ["why": .text(text)]) }
        let core = Core(
            pipeline: pipeline, journal: room.journal, folder: room.folder, gate: nil, adapters: assembly.adapters,
            kept: try PlacementBook(from: room.journal), clock: clock, logger: logger)
        guard await core.obey() else { throw CommandFailure(await core.state.journalError ?? "cannot write the journal") }
        await withTaskGroup(of: Void.self) { group in
            for adapter in assembly.adapters {
                let executor = Executor(adapter: adapter, core: core, clock: clock, logger: logger)
                group.addTask { await executor.performDue(within: .seconds(30)) }
            }
        }
        _ = await core.drain()
        let resisting = await core.stillToUndo
        await core.close()
        await assembly.client.shutdown()
        let journal = try journalForReading(configuration)
        return (try journal.command(command)?.result, resisting)
    }

    /// What an engine that runs has not undone at the adapters after some seconds, with the reasons. Of one lease, or of all.
    fileprivate func stillToUndo(in journal: Journal, lease: String?) async throws -> [String] {
        var lines: [String] = []
        for _ in 0..<16 {
            let rows = try lease.map { try journal.placements(lease: $0) } ?? journal.placements()
            lines = try rows.filter { !$0.isOver }.map { try Placement(document: JSON(parsing: Array($0.document.utf8))) }
                .filter { $0.phase == .reverting || lease != nil }
                .map { "\($0.lease) at \($0.adapter)" + ($0.lastError.map { ": \($0)" } ?? "") }
            if lines.isEmpty { return [] }
            try await clock.sleep(for: .seconds(0.25))
        }
        return lines
    }

    /// Who is asking, for the audit: the login name as the system tells it.
    var user: String {
        environment.nonEmpty("SUDO_USER") ?? environment.nonEmpty("USER") ?? "uid \(getuid())"
    }

    /// Waits for a running engine to take a command, as long as a person would: some polling intervals. Whoever waits is told.
    func result(of command: Int64, in journal: Journal, folder: StateFolder) async throws -> String? {
        guard let holder = EngineLock.holder(of: folder) else { return nil }
        for round in 0..<60 {
            if let row = try journal.command(command), let result = row.result { return result }
            if round == 6 { remark("waiting for the engine (\(holder)) to take it, at its next poll\n", .info) }
            try await clock.sleep(for: .seconds(0.25))
        }
        return nil
    }

    /// What is said of a command that no engine has taken yet.
    func noted(by folder: StateFolder) -> String {
        EngineLock.holder(of: folder) == nil
            ? "noted, and it waits: no engine runs; the next 'run' or 'check' takes it"
            : "noted, and it waits: the engine takes it at its next poll"
    }

    /// A line for each command of these kinds that waits; nothing where none does.
    func waitingText(_ commands: [CommandRow], of kinds: [String]) -> String {
        let now = clock.now()
        return commands.filter { kinds.contains($0.kind) }.map { row in
            let document = try? JSON(parsing: Array(row.arguments.utf8))
            let what =
                ["lease", "approval", "silence", "incident"].compactMap { document?[$0]?.string }.first.map { " \(Shown.id($0))" } ?? ""
            return "waits for the engine: \(row.kind.replacing(bytesOf: "_", with: " "))\(what), asked by \(Shown.id(row.actor)) "
                + "\(max(now - row.at, .zero).brief) ago\n"
        }.joined()
    }
}
