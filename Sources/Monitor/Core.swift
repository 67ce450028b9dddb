import Actions
import Ambient
import Engine
import Guard
import JSONParsing
import Journal
import Model
import Policy
import Server
import Signals

/// Owns the pipeline and what stands behind its decisions: the journal and the gate. One at a time, in order, on a queue
/// of its own, because a commit waits for the disk and must not do so on the cooperative pool.
///
/// Crash-only: a tick is committed in one transaction before anything of it happens. Leases reach the gate and messages
/// reach the outbox's senders only after the commit that holds them.
public actor Core {
    private var pipeline: Pipeline
    let journal: Journal?
    private let gate: Gate?
    private let gateTexts: GateTexts
    private let folder: StateFolder?
    private let executor = QueueExecutor(label: "core")
    private let clock: any Clock
    private let logger: Logger
    private let onReport: @Sendable (CycleReport) -> Void
    /// Called after each commit that holds messages.
    private let onMessages: @Sendable () -> Void

    /// Decided and not yet on disk: of the tick at hand, or of ticks whose commit failed.
    private var unsaved = TickRecord()
    private var lastCommitError: String?
    /// When the signals' state was last written; it is large and can be made up for, so it is not written every tick.
    private var signalsSaved: Timestamp?
    /// Whether signals took in something since then.
    private var areSignalsAhead = false
    /// The leases that the gate enforces.
    private var leasesInForce: Set<String> = []
    /// Leases that the last publication left out, because actions had been stopped before they were in force.
    private var withheld: Set<String> = []
    /// The newest command that was obeyed; its result may not be on disk yet.
    private var newestCommand: Int64 = 0
    /// What came of messages and could not be recorded yet. They stay out of the senders' hands until it is.
    private var unsettled: [(id: Int64, outcome: OutboxOutcome)] = []
    private var progress = CoreProgress()
    private var lastPruned: Timestamp?

    /// How long the state of signals may be behind the journal's other state.
    public static let signalsInterval = TimeSpan.minutes(1)
    private static let pruneInterval = TimeSpan.hours(1)

    nonisolated public var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter journal: nil for a dry run: then nothing is kept, and what is decided happens at once.
    public init(
        pipeline: Pipeline, journal: sending Journal?, folder: StateFolder?, gate: Gate?, gateTexts: GateTexts = GateTexts(),
        onMessages: @escaping @Sendable () -> Void = {}, clock: any Clock, logger: Logger, onReport: @escaping @Sendable (CycleReport) -> Void = { _ in }
    ) {
        self.pipeline = pipeline
        self.journal = journal
        self.folder = folder
        self.gate = gate
        self.gateTexts = gateTexts
        self.onMessages = onMessages
        self.clock = clock
        self.logger = logger
        self.onReport = onReport
    }

    /// What the daemon says of itself.
    public var state: CoreProgress { progress }

    /// Open incidents of all runtimes, by id.
    public var openIncidents: [Incident] {
        pipeline.settings.runtimes.flatMap { pipeline.engine.openIncidents(of: $0.name) }.sorted { $0.id < $1.id }
    }

    /// The endpoints of each replica that are due now.
    public func due(_ runtime: String) -> [(replica: String, endpoints: [Endpoint])] {
        pipeline.due(runtime, now: clock.now())
    }

    // MARK: - A cycle

    /// Takes in what one poll of a runtime brought, judges it, commits and acts. False when the commit failed: then
    /// nothing of it has happened yet, and the next cycle tries again. Runtimes that are not configured are passed over.
    /// - Parameter recorder: sees the observations first, in the order in which polls are judged: a tape's order.
    @discardableResult
    public func cycle(
        _ runtime: String, _ observations: [Observation], recorder: (@Sendable ([Observation]) -> Void)? = nil
    ) -> Bool {
        guard pipeline.signals[runtime] != nil else { return true }
        recorder?(observations)
        // The moment of the newest observation, as on a tape: a replay of this poll ticks at the same moment.
        let now = observations.map(\.at).max() ?? clock.now()
        for observation in observations { pipeline.take(observation) }
        areSignalsAhead = true
        var record = TickRecord()
        settleLeases(&record)
        takeCommands(&record)
        for removal in pipeline.giveUpStrangers(now: now) {
            record.add(removal)
            log(removal.transitions, [])
        }
        let result = pipeline.tick(runtime, now: now, killFile: folder?.isKillSwitchOn ?? false)
        if let result {
            record.add(result)
            log(result.outcome.transitions, result.plan.decisions)
        }
        record.states += pipeline.stateRows()
        saveSignals(&record, force: false)
        unsaved.append(record)
        let saved = flush()
        // Without a commit the table in force stays, and it is not the gate's monitor that hangs.
        if saved { prune() } else { gate?.attend() }
        logRefusals()
        progress.cycles += 1
        progress.lastCycle = now
        if let result, let report = pipeline.report(result) { onReport(report) }
        return saved
    }

    /// Writes everything, the state of signals included: before the process ends.
    public func drain() -> Bool {
        var record = TickRecord()
        settleLeases(&record)
        guard areSignalsAhead || !record.isEmpty || !unsaved.isEmpty else { return true }
        record.states = pipeline.stateRows()
        saveSignals(&record, force: true)
        unsaved.append(record)
        return flush()
    }

    /// Lets go of the journal and its lock. Nothing is kept or sent after this.
    public func close() {
        journal?.close()
    }

    /// Puts other policies and settings in force from the next tick on. What is polled and how often stays as it is:
    /// whoever polls was told at the start.
    public func reload(settings: MonitorSettings, policies: PolicySet) {
        var settings = settings
        // A gate that the new configuration names is not there before the next start.
        if gate == nil { settings.landable = [] }
        settings.interval = pipeline.settings.interval
        settings.runtimes = pipeline.settings.runtimes.map { old in
            var runtime = old
            if let new = settings.runtimes.first(where: { $0.name == old.name }) { runtime.labels = new.labels }
            return runtime
        }
        pipeline.reload(settings: settings, policies: policies)
    }

    /// Puts the leases that the journal holds in force again: at start, before the first poll.
    public func publishLeases() {
        publish()
    }

    // MARK: - Keeping

    private func saveSignals(_ record: inout TickRecord, force: Bool) {
        let now = clock.now()
        if !force, let saved = signalsSaved, now >= saved, now - saved < Core.signalsInterval { return }
        signalsSaved = now
        areSignalsAhead = false
        pipeline.drainSignals(into: &record)
    }

    /// Commits what is unsaved, then lets it happen.
    private func flush() -> Bool {
        let hasMessages = !unsaved.messages.isEmpty
        do {
            try journal?.commitTick(unsaved)
        } catch {
            report(commitError: "\(error)")
            return false
        }
        unsaved = TickRecord()
        settleLate()
        if lastCommitError != nil {
            logger.info("the journal can be written again; nothing was lost")
            lastCommitError = nil
            progress.journalError = nil
        }
        publish()
        if hasMessages { onMessages() }
        return true
    }

    /// Removes what is past its time, a few hundred rows at once, so that no tick waits for it.
    private func prune() {
        let now = clock.now()
        // A pass of its own process has no last time: one in sixty does it.
        if lastPruned == nil, now.minute % 60 != 0 { lastPruned = now }
        if let last = lastPruned, now >= last, now - last < Core.pruneInterval { return }
        do {
            // Rows left over go soon; none left, and it rests.
            let removed = try journal?.prune(now: now) ?? 0
            lastPruned = removed > 0 ? now - Core.pruneInterval + .minutes(1) : now
        } catch {
            lastPruned = now
            logger.warning("cannot remove what is past its time from the journal", ["cause": .text("\(error)")])
        }
    }

    private func report(commitError text: String) {
        progress.journalError = text
        guard lastCommitError != text else { return }
        lastCommitError = text
        logger.error("cannot write the journal: no new action and no message until it can be", ["cause": .text(text)])
    }

    // MARK: - The gate

    /// What came of the leases that the last publication was about.
    private func settleLeases(_ record: inout TickRecord) {
        let now = clock.now()
        record.leases += pipeline.settleLeases(inForce: leasesInForce, withheld: withheld, now: now).map { LeaseRow($0) }
        record.audit += withheld.sorted().map { id in
            AuditEntry(
                at: now, actor: "engine", kind: "lease.withheld", reason: "actions were stopped before it was in force",
                document: JSON.object(["lease": .string(id)]).serialized())
        }
        withheld = []
    }

    private func publish() {
        guard let gate else { return }
        let settings = pipeline.settings
        var leases = pipeline.guardState.leases.filter { $0.isActive && !$0.shadow }
        // Between decision and commit may lie a full disk, or a restart: what is not in force yet must not come now.
        if folder?.isKillSwitchOn ?? false {
            withheld = Set(leases.filter { $0.state == .intended && !leasesInForce.contains($0.id) }.map(\.id))
            leases.removeAll { withheld.contains($0.id) }
        }
        // Where the perf endpoint is asked less often, its counts hold for longer.
        let slowest = settings.runtimes.compactMap { pipeline.signals[$0.name]?.effectiveInterval(of: .perf) }.max()
        let staleAfter = max(.minutes(2), max(slowest ?? .zero, settings.interval) * 3)
        gate.install(
            GateTable(
                runtimes: settings.runtimes.map(\.name), leases: leases, openRuns: pipeline.openRuns(),
                staleAfter: staleAfter, unattendedAfter: max(.minutes(2), settings.interval * 6),
                pollInterval: settings.interval, texts: gateTexts))
        leasesInForce = Set(leases.map(\.id))
    }

    /// What the gate refused since the last cycle, for the log.
    private func logRefusals() {
        for batch in gate?.drainRefusals() ?? [] {
            guard let last = batch.samples.last else { continue }
            logger.info(
                "starts refused",
                [
                    "lease": .text(batch.lease), "app": .text("\(last.app)"), "count": .integer(Int64(batch.count)),
                    "last_at": .text(batch.lastAt.description),
                ])
        }
    }

    // MARK: - Commands

    private func takeCommands(_ record: inout TickRecord) {
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
            let outcome = pipeline.obey(command, now: now)
            record.commands.append(CommandResult(id: command.id, takenAt: now, result: outcome.result))
            record.leases += outcome.leases.map { LeaseRow($0) }
            record.incidents += outcome.incidents.map { IncidentRow($0, updatedAt: now) }
            record.audit.append(
                AuditEntry(
                    at: now, actor: command.actor, kind: "command.\(command.kind)", reason: outcome.result,
                    document: command.arguments))
            logger.info(
                "command",
                ["kind": .text(command.kind), "by": .text(command.actor), "result": .text(outcome.result)])
        }
    }

    // MARK: - Outbox

    /// The messages of a channel to send now, at most eight; they count as being sent until they are settled.
    func nextDue(channel: String) throws(JournalError) -> [OutboxRow] {
        settleLate()
        return try journal?.nextDue(clock.now(), channel: channel, limit: 8) ?? []
    }

    /// When the next message of a channel is due; nil when none waits.
    func nextDueTime(channel: String) throws(JournalError) -> Timestamp? {
        try journal?.nextDueTime(channel: channel)
    }

    /// What a channel's service called an incident; nil when it has not said yet.
    func reference(incident: String, channel: String) throws(JournalError) -> String? {
        try journal?.reference(incident: incident, channel: channel)
    }

    /// What a channel told of incidents that are still open, at most 32, from above `after` on.
    func standing(channel: String, after: Int64) throws(JournalError) -> [OutboxRow] {
        try journal?.standing(channel: channel, after: after) ?? []
    }

    /// Gives back a message that was handed out and not tried.
    func release(_ id: Int64) {
        journal?.release(id)
    }

    /// Records what came of an attempt. What cannot be recorded now is recorded later: until then the message counts as
    /// being sent, so that a full disk does not send it again and again. Only after a crash does it go out twice.
    func settle(_ id: Int64, _ outcome: OutboxOutcome) throws(JournalError) {
        do {
            try journal?.settle(id, outcome)
        } catch {
            unsettled.append((id, outcome))
            throw error
        }
    }

    private func settleLate() {
        while let (id, outcome) = unsettled.first {
            do {
                try journal?.settle(id, outcome)
            } catch {
                // A message that is not there any more needs no outcome.
                guard error.cause == .unknownID else { return }
            }
            unsettled.removeFirst()
        }
    }

    // MARK: - Log

    private func log(_ transitions: [Transition], _ decisions: [ActionDecision]) {
        for transition in transitions {
            logger.info(
                "\(transition.from.rawValue) => \(transition.to.rawValue)",
                [
                    "rule": .text(transition.rule), "subject": .text("\(transition.subject)"),
                    "reason": .text(transition.reason), "condition": .text(transition.condition),
                ])
        }
        for decision in decisions {
            logger.info(
                "action \(decision.verdict.word)",
                [
                    "incident": .text(decision.incident), "app": .text("\(decision.key.app)"),
                    "action": .text("\(decision.effect)"), "ttl": .text("\(decision.ttl)"),
                    "why": .text(decision.verdict.reason ?? "-"), "lease": .text(decision.lease ?? "-"),
                ])
        }
    }
}

/// What the daemon says of itself, for health answers and the service manager.
public struct CoreProgress: Sendable {
    public var cycles = 0
    public var lastCycle: Timestamp?
    /// Why the journal cannot be written; nil while it can.
    public var journalError: String?
}

extension Verdict {
    /// `done`, `would_have`, `needs_approval`, `refused`, `already_in_force`.
    public var word: String {
        switch self {
        case .act: "done"
        case .wouldHave: "would_have"
        case .needsApproval: "needs_approval"
        case .refused: "refused"
        case .alreadyInForce: "already_in_force"
        }
    }

    /// Why not, for people; nil where nothing stood against it.
    public var reason: String? {
        switch self {
        case .needsApproval(let refusal), .refused(let refusal): refusal.text
        case .act, .wouldHave, .alreadyInForce: nil
        }
    }
}
