import Ambient
import Glibc
import JSONParsing
import Journal
import Model
import Monitor

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
        let journal = try invocation.journalForReading(invocation.configuration())
        let states: Set<Lease.State> = invocation.arguments.has("all") ? [] : [.intended, .inForce, .reverting]
        let leases = try journal.leases(states: states).map { try Lease(document: JSON(parsing: Array($0.document.utf8))) }
        invocation.print(
            text: Rendering(terminal: invocation.terminal).leases(leases, now: invocation.clock.now()),
            json: .array(leases.map(\.document)))
        return .ok
    }

    static let stop = Command(
        ["actions", "stop"], "The kill switch: no new action and no extension until 'actions resume'",
        discussion: "Puts a file into the state folder, so that it works when everything else is broken and survives restarts. "
            + "What is in force runs out by itself; 'actions revert --all' ends it now. Messages go on.",
        options: [MonitorOptions.state],
        examples: [("mozaiks-ops actions stop", "stops every automatic action at once")]
    ) { invocation in
        let folder = try StateFolder(creating: invocation.configuration().state.value)
        try folder.turnKillSwitchOn()
        invocation.print(
            text: "stopped: no new action until 'mozaiks-ops actions resume' (\(folder.killFilePath))\n",
            json: ["stopped": true, "file": .string(folder.killFilePath)])
        return .ok
    }

    static let resume = Command(
        ["actions", "resume"], "Lift the kill switch",
        options: [MonitorOptions.state],
        examples: [("mozaiks-ops actions resume", "actions may be taken again, as policies say")]
    ) { invocation in
        let folder = try StateFolder(creating: invocation.configuration().state.value)
        let was = folder.isKillSwitchOn
        try folder.turnKillSwitchOff()
        invocation.print(
            text: was ? "resumed: actions may be taken again\n" : "it was not stopped\n", json: ["stopped": false])
        return .ok
    }

    static let revert = Command(
        ["actions", "revert"], "Undo an action now, or all of them",
        discussion: "Taken by the running engine at its next tick, or by the next check. Its incident starts no other.",
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
        let configuration = try invocation.configuration()
        let journal = try invocation.journalForReading(configuration, mode: .command)
        var kind = Commands.revertAll
        var document: JSON = .object(JSONObject())
        if let named {
            do throws(JournalError) {
                document = ["lease": .string(try journal.lease(named).id)]
                kind = Commands.revert
            } catch {
                throw CommandFailure(error.message, hint: error.cause == .unknownID ? "see mozaiks-ops actions list --all" : error.hint)
            }
        }
        let id = try journal.appendCommand(
            at: invocation.clock.now(), actor: "cli:\(invocation.user)", kind: kind, arguments: document.serialized())
        let result = try await invocation.result(of: id, in: journal, folder: StateFolder(existing: configuration.state.value))
        invocation.print(
            text: (result ?? "noted: the next tick of the engine, or the next check, does it") + "\n",
            json: ["command": .int(id), "result": .optional(result)])
        return .ok
    }
}

extension Invocation {
    /// Who is asking, for the audit: the login name as the system tells it.
    var user: String {
        environment.nonEmpty("SUDO_USER") ?? environment.nonEmpty("USER") ?? "uid \(getuid())"
    }

    /// Waits for a running engine to take a command, as long as a person would: some polling intervals.
    func result(of command: Int64, in journal: Journal, folder: StateFolder) async throws -> String? {
        guard EngineLock.holder(of: folder) != nil else { return nil }
        for _ in 0..<60 {
            if let row = try journal.command(command), let result = row.result { return result }
            try await clock.sleep(for: .seconds(0.25))
        }
        return nil
    }
}
