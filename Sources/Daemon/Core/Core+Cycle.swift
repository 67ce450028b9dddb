import Ambient
import Collector
import Cycle
import Journal
import Model
import Signals

/// Cycles: what polls brought, judged, committed and acted on.
///
/// Each commit waits for the disk, and with hundreds of runtimes the disk would be all that is waited for. So polls that are
/// over while the core commits gather in a queue, and go into the next transaction together: judged one after the other in
/// the order in which they came, then committed once, then told and put in force. Whoever comes while nobody waits is judged
/// and committed at once, and waits for nobody.
extension Core {
    /// The first of a group is told only when all of it is judged, and whoever else wants the core waits as long: a few
    /// hundredths of a second at that number, where what is left to save by more is one commit in so many.
    static let mostCyclesPerCommit = 32

    /// A cycle that is judged and not committed.
    private struct Judged {
        let runtime: String
        let now: Timestamp
        let observations: [Observation]
        var report: CycleReport?
        /// Whether the state of signals is to be written with it.
        let needsSignals: Bool
    }

    /// Takes in what one poll of a runtime brought, judges it, commits and acts. False when the commit failed: then
    /// nothing of it has happened yet, and the next cycle tries again. Runtimes that are not configured are passed over.
    /// - Parameter recorder: sees what a tape holds, in its order: the observations before they are taken in, what people
    ///   did, the tick.
    @discardableResult
    public nonisolated func cycle(
        _ runtime: String, _ observations: [Observation], recorder: (@Sendable (TapeStep) -> Void)? = nil
    ) async -> Bool {
        // Before it is the core's turn: a long answer holds up no other runtime's cycle.
        let polled = observations.map(DecodedObservation.init)
        return await outcome(waiting.join(PolledCycle(runtime: runtime, polled: polled, recorder: recorder)))
    }

    /// What came of a cycle that waits, or that was judged with another's group meanwhile.
    private func outcome(_ ticket: Int) -> Bool {
        while true {
            if let outcome = outcomes.removeValue(forKey: ticket) { return outcome }
            judge(waiting.next(Core.mostCyclesPerCommit))
        }
    }

    /// Judges cycles in their order and keeps all of them in one transaction, or none.
    private func judge(_ group: [(ticket: Int, cycle: PolledCycle)]) {
        let judged = group.compactMap { judge($0.cycle) }
        let saved = judged.isEmpty || commit(judged)
        for (ticket, cycle) in group { outcomes[ticket] = saved || pipeline.signals[cycle.runtime] == nil }
    }

    /// Judges what a poll brought; what is to be kept of it waits in ``unsaved``. Nil: nobody configured that runtime.
    private func judge(_ cycle: PolledCycle) -> Judged? {
        let (runtime, recorder) = (cycle.runtime, cycle.recorder)
        guard pipeline.signals[runtime] != nil else { return nil }
        // The moment of the newest observation, as on a tape: a replay of this poll ticks at the same moment.
        let now = cycle.polled.map(\.observation.at).max() ?? clock.now()
        let decoded = cycle.polled + [readGate(runtime, at: now)].compactMap { $0.map(DecodedObservation.init) }
        let observations = decoded.map(\.observation)
        instruments?.begins(.deciding, of: runtime)
        instruments?.polled(observations)
        if let recorder, !areSettingsTaped {
            var document = TapeSettings.document(pipeline.settings, pipeline.policies)
            if !readBack.isEmpty { document = TapeSettings.adding(minutes: readBack, to: document) }
            recorder(.event(.settings(document), at: observations.map(\.at).min() ?? now))
            areSettingsTaped = true
        }
        readBack = [:]
        recorder?(.polled(observations))
        let expected = pipeline.signals[runtime]?.expectedReplicas ?? []
        for one in decoded { pipeline.take(one) }
        logTargets(of: runtime, before: expected)
        areSignalsAhead = true
        var record = TickRecord()
        settleLeases(&record)
        takeCommands(&record, recorder)
        noteKillSwitch(&record)
        for removal in pipeline.giveUpStrangers(now: now) {
            record.add(removal)
            log(removal.transitions, removal.incidents)
        }
        let isStopped = isStopped
        if let recorder, isStopped != tapedKillSwitch {
            recorder(.event(.killSwitch(isOn: isStopped), at: now))
            tapedKillSwitch = isStopped
        }
        let result = timed({ pipeline.tick(runtime, now: now, killFile: isStopped) }) { instruments, seconds, _ in
            instruments.evaluated(inSeconds: seconds)
        }
        recorder?(.judged(runtime: runtime, at: now))
        sayCrowding(runtime, at: now)
        if let result {
            record.add(result)
            instruments?.decided(result)
            log(result.outcome.transitions, result.outcome.changes.map(\.incident))
            unlogged += result.plan.decisions
            logAsked(result.plan.asked)
            // While nothing can be written they pile up; the audit log has them all in the end.
            if unlogged.count > Core.mostUnlogged { unlogged.removeFirst(unlogged.count - Core.mostUnlogged) }
        }
        let report = result.flatMap { pipeline.report($0) }
        if let report { noteSight(report.summary, at: now, &record) }
        forgetSights(&record)
        followApps(runtime)
        followLeases(&record)
        keepGateRuns(&record)
        record.states += pipeline.drainStates()
        unsaved.append(record)
        // Where the monitor dies with the runtime, each life of the two may be shorter than the interval.
        let isAnotherProcess = pipeline.signals[runtime]?.processesSeen != processesKept[runtime]
        // Whoever comes from the message looks at the values that it was sent for, and not at those of a minute before.
        let hasOpened = result?.outcome.changes.contains { $0.kind == .opened || $0.kind == .reopened } ?? false
        return Judged(
            runtime: runtime, now: now, observations: observations, report: report, needsSignals: isAnotherProcess || hasOpened)
    }

    /// Keeps what was judged and lets it happen. False when it could not be kept.
    private func commit(_ judged: [Judged]) -> Bool {
        // Behind the last of them: what the journal has of signals is then what the whole group was judged by.
        var signals = TickRecord()
        let savesSignals = saveSignals(&signals, force: judged.contains(where: \.needsSignals))
        unsaved.append(signals)
        let saved = flush()
        if saved, savesSignals {
            extendHistories()
            foldHistory(of: pipeline.settings.runtimes.map(\.name))
        }
        // Without a commit the table in force stays, and it is not the gate's monitor that hangs.
        if saved { prune() } else { gate?.attend() }
        countRefusals()
        for var cycle in judged {
            progress.cycles += 1
            progress.lastCycle = cycle.now
            cycle.report?.auditHead = progress.auditHead
            cycle.report?.revertsDue = progress.revertsDue
            noteCycle(cycle.runtime, at: cycle.now, cycle.report, isSaved: saved)
            logCycle(cycle.runtime, cycle.observations, cycle.report, isSaved: saved)
            if let report = cycle.report { onReport(report) }
        }
        return saved
    }

    /// At most once an hour: what this says of may happen in each poll.
    private func sayCrowding(_ runtime: String, at now: Timestamp) {
        sayLeftOut(runtime, at: now)
        let count = pipeline.signals[runtime]?.appsCrowdedOut ?? 0
        guard count > 0, crowding[runtime].map({ count > $0.count && now - $0.at >= .hours(1) }) ?? true else { return }
        crowding[runtime] = (count, now)
        logger.warning(
            "more apps than are remembered: those not seen for the longest time are forgotten",
            ["runtime": .text(runtime), "forgotten": .integer(Int64(count)), "remembered": .integer(Int64(RuntimeSignals.appLimit))])
    }

    /// The same of workflows, where policies ask for them.
    private func sayLeftOut(_ runtime: String, at now: Timestamp) {
        let count = pipeline.signals[runtime]?.workflowsLeftOut ?? 0
        guard count > 0, leftOut[runtime].map({ now - $0 >= .hours(1) }) ?? true else { return }
        leftOut[runtime] = now
        logger.warning(
            "more workflows than are remembered, or with too long names: rules on workflows are not judged on these",
            ["runtime": .text(runtime), "left_out": .integer(Int64(count)), "remembered": .integer(Int64(RuntimeSignals.workflowLimit))])
    }
}
