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
            // While it is known that the journal cannot be had, it is not said in other words each time.
            if lastCommitError == nil { report(commitError: "\(error)") }
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
        let now = clock.now()
        guard let isOn = journal.killSwitch else { return noteUnreadableSwitch(folder, &record, now) }
        if isSwitchUnreadable {
            isSwitchUnreadable = false
            record.audit.append(switchEntry("switch.readable", "it can be read again whether actions are stopped", folder, now))
            logger.info("it can be read again whether actions are stopped")
        }
        let was: Bool
        do {
            was = try wasStopped ?? (journal.state(Core.killSwitchKey) != nil)
        } catch {
            // What was said of it last is not known now: the next look compares.
            return
        }
        // Left over from before: whoever lifts it by hand later is somebody else.
        if wasStopped == nil, !isOn, !was { forgetsSwitchActor = journal.killSwitchActor(isOn: false) != nil }
        wasStopped = isOn
        guard isOn != was else { return }
        let actor = journal.killSwitchActor(isOn: isOn)
        record.audit.append(
            AuditEntry(
                at: now, actor: actor ?? "unknown", kind: isOn ? "command.stop" : "command.resume",
                reason: isOn ? "actions are stopped: no new one and no extension" : "actions may be taken again",
                document: JSON.object(["file": .string(folder.killFilePath), "by_hand": .bool(actor == nil)]).serialized()))
        record.states.append(StateRow(key: Core.killSwitchKey, bytes: isOn ? Array("on".utf8) : nil))
        if !isOn { forgetsSwitchActor = true }
        logger.warning(isOn ? "actions are stopped" : "actions may be taken again", ["by": .text(actor ?? "unknown")])
    }

    /// Nothing is done meanwhile, as while it is on, but nobody turned it: the audit log says so in words of its own. Of a journal that
    /// cannot be had it is said already.
    private func noteUnreadableSwitch(_ folder: StateFolder, _ record: inout TickRecord, _ now: Timestamp) {
        guard !isSwitchUnreadable, lastCommitError == nil else { return }
        isSwitchUnreadable = true
        let why = "whether actions are stopped cannot be read: none is taken until it can"
        record.audit.append(switchEntry("switch.unreadable", why, folder, now))
        logger.error(why, ["file": .text(folder.killFilePath)])
    }

    private func switchEntry(_ kind: String, _ reason: String, _ folder: StateFolder, _ now: Timestamp) -> AuditEntry {
        AuditEntry(
            at: now, actor: "engine", kind: kind, reason: reason, document: JSON.object(["file": .string(folder.killFilePath)]).serialized()
        )
    }

    /// Present while the audit log's last word is that actions are stopped.
    private static let killSwitchKey = "kill_switch"
}
