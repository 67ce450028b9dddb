import Ambient
import Journal
import Model

/// What people asked for on the command line.
extension Core {
    func takeCommands(_ record: inout TickRecord, _ recorder: (@Sendable (TapeStep) -> Void)? = nil) {
        guard let journal else { return }
        let waiting: [CommandRow]
        do {
            waiting = try journal.waitingCommands()
        } catch {
            report(commitError: "\(error)")
            return
        }
        let now = clock.now()
        // Oldest first, so one number tells which were taken; a result that is not committed yet still counts.
        for command in waiting where command.id > newestCommand {
            newestCommand = command.id
            recorder?(
                .event(.command(kind: command.kind, actor: command.actor, arguments: command.arguments), at: now))
            let outcome = pipeline.obey(command, now: now)
            record.commands.append(CommandResult(id: command.id, takenAt: now, result: outcome.result))
            record.leases += outcome.leases.map { LeaseRow($0) }
            record.add(outcome.incidents, outcome.messages, now)
            record.audit.append(
                AuditEntry(
                    at: now, actor: command.actor, kind: "command.\(command.kind)", reason: outcome.result,
                    document: command.arguments))
            logger.info(
                "command",
                ["kind": .text(command.kind), "by": .text(command.actor), "result": .text(outcome.result)])
        }
    }
}
