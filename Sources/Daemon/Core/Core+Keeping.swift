import Ambient
import Cycle
import Journal
import Model

/// What of it is written when, and what is removed.
extension Core {
    /// Whether it was time to.
    @discardableResult
    func saveSignals(_ record: inout TickRecord, force: Bool) -> Bool {
        let now = clock.now()
        if !force, let saved = signalsSaved, now >= saved, now - saved < Core.signalsInterval { return false }
        signalsSaved = now
        areSignalsAhead = false
        pipeline.drainSignals(into: &record)
        keepGateApps(&record)
        processesKept = pipeline.signals.mapValues(\.processesSeen)
        return true
    }

    /// Commits what is unsaved, then lets it happen.
    func flush() -> Bool {
        let hasMessages = !unsaved.messages.isEmpty
        let failure = timed({ () -> JournalError? in
            do throws(JournalError) { try journal?.commitTick(unsaved) } catch { return error }
            return nil
        }) { $0.committed(inSeconds: $1, isSaved: $2 == nil) }
        if let failure {
            report(commitError: "\(failure)")
            if failure.cause == .deposed { progress.isDeposed = true }
            return false
        }
        if progress.auditHead == nil || !unsaved.audit.isEmpty { noteAuditHead() }
        unsaved = TickRecord()
        if forgetsSwitchActor {
            forgetsSwitchActor = false
            journal?.forgetKillSwitchActor()
        }
        log(unlogged)
        unlogged = []
        settleLate()
        if lastCommitError != nil {
            logger.info("the journal can be written again; nothing was lost")
            lastCommitError = nil
            progress.journalError = nil
        }
        publish()
        if hasMessages { onMessages() }
        if !book.isEmpty { onErrands() }
        return true
    }

    /// Removes what is past its time, a few hundred rows at once, so that no tick waits for it.
    func prune() {
        let now = clock.now()
        // In the journal too: a pass from cron is a process of its own, and may come at the same minute of every hour.
        if lastPruned == nil { lastPruned = keptPruneTime() }
        if let last = lastPruned, now >= last, now - last < Core.pruneInterval { return }
        do {
            // Rows left over go soon; none left, and it rests.
            try giveUpStranded(now)
            let removed = try journal?.prune(Retention(minutes: pipeline.settings.historyRetention), now: now) ?? 0
            lastPruned = removed > 0 ? now - Core.pruneInterval + .minutes(1) : now
        } catch {
            lastPruned = now
            logger.warning("cannot remove what is past its time from the journal", ["cause": .text("\(error)")])
        }
        // With the next commit; at the latest with the one that ends the process.
        if let last = lastPruned {
            unsaved.states.append(StateRow(key: Core.pruneKey, bytes: Array(String(last.milliseconds).utf8)))
        }
    }

    /// When an earlier process removed what was past its time; nil when none is known to have done so.
    private func keptPruneTime() -> Timestamp? {
        guard let bytes = try? journal?.state(Core.pruneKey) else { return nil }
        return Int64(String(decoding: bytes, as: UTF8.self)).map { Timestamp(milliseconds: $0) }
    }

    func report(commitError text: String) {
        progress.journalError = text
        guard lastCommitError != text else { return }
        lastCommitError = text
        logger.error("cannot write the journal: no new action and no message until it can be", ["cause": .text(text)])
    }
}
