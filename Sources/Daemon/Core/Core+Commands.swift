import Ambient
import Cycle
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

    /// A row of the audit log when the kill file has come or gone. The command that makes it writes none itself: it must work
    /// when the journal cannot be written.
    func noteKillSwitch(_ record: inout TickRecord) {
        guard let folder, let journal else { return }
        let isOn = folder.isKillSwitchOn
        let was = wasStopped ?? ((try? journal.state(Core.killSwitchKey)).flatMap { $0 } != nil)
        wasStopped = isOn
        guard isOn != was else { return }
        let now = clock.now()
        let actor = folder.killSwitchActor(isOn: isOn)
        record.audit.append(
            AuditEntry(
                at: now, actor: actor ?? "unknown", kind: isOn ? "command.stop" : "command.resume",
                reason: isOn ? "actions are stopped: no new one and no extension" : "actions may be taken again",
                document: JSON.object(["file": .string(folder.killFilePath), "by_hand": .bool(actor == nil)]).serialized()))
        record.states.append(StateRow(key: Core.killSwitchKey, bytes: isOn ? Array("on".utf8) : nil))
        if !isOn { folder.forgetKillSwitchActor() }
        logger.warning(isOn ? "actions are stopped" : "actions may be taken again", ["by": .text(actor ?? "unknown")])
    }

    /// Present while the audit log's last word is that actions are stopped.
    private static let killSwitchKey = "kill_switch"
}
