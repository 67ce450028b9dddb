import Actions
import Ambient
import Collector
import Cycle
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
/// Crash-only: a tick is committed in one transaction before anything of it happens, beside those of other runtimes that
/// waited for the core at the same time. Leases reach the gate and messages
/// reach the outbox's senders only after the commit that holds them.
public actor Core {
    var pipeline: Pipeline
    /// Polls whose cycles the core has not come to: they go into one commit.
    nonisolated let waiting = CycleQueue()
    /// What came of cycles whose callers have not been told yet, by ticket.
    var outcomes: [Int: Bool] = [:]
    let journal: Journal?
    let gate: Gate?
    let gateTexts: GateTexts
    /// What the gate and the adapters that are there can land.
    private let landableAtStart: (kinds: Set<ActionKind>, keys: Set<LeaseKey>, onApproval: Set<LeaseKey>)
    let folder: StateFolder?
    private let executor = QueueExecutor(label: "core")
    let clock: any Clock
    let logger: Logger
    let onReport: @Sendable (CycleReport) -> Void
    /// Whether the log says what opens as loudly as its severity is; not where it is printed anyway.
    let isLoud: Bool
    /// What the core measures of itself; nil: nothing.
    let instruments: Instruments?
    /// When the outbox was counted last, of the monotonic clock.
    var outboxCounted: UInt64?
    /// Called after each commit that holds messages.
    let onMessages: @Sendable () -> Void

    /// Decided and not yet on disk: of the tick at hand, or of ticks whose commit failed.
    var unsaved = TickRecord()
    /// Decisions of ticks that are not on disk yet: said once they are.
    var unlogged: [ActionDecision] = []
    /// Of each runtime with more apps than are remembered: what was last said of it.
    var crowding: [String: (count: Int, at: Timestamp)] = [:]
    /// The same of workflows that found no place.
    var leftOut: [String: Timestamp] = [:]
    /// Of each runtime whose replicas are to be found: why nobody knows them, as it was last said.
    var saidTroubles: [String: String] = [:]
    /// Whose cycles take longer than intervals do, as it was last said.
    var saidBehind: Set<String> = []
    var lastCommitError: String?
    /// When the signals' state was last written; it is large and can be made up for, so it is not written every tick.
    var signalsSaved: Timestamp?
    /// Whether signals took in something since then.
    var areSignalsAhead = false
    /// What the gate enforces; nil where there is none.
    var published: GatePublication?
    /// What ran at the last publication whose figures were there, by runtime: for when they do not come.
    var lastOpenRuns: [String: OpenRuns] = [:]
    /// Leases at the adapters besides the gate.
    var book: PlacementBook
    /// The adapters, as far as deciding goes.
    let places: [PlacementBook.Place]
    /// Placements as the audit log and the incidents were last told of them.
    var told: [PlacementBook.ID: Placement] = [:]
    /// How long to wait after so many failures, at least what the receiver asked for.
    let retryWait: @Sendable (Int, TimeSpan?) -> TimeSpan
    /// Called after each commit while something is to be done at an adapter.
    let onErrands: @Sendable () -> Void
    /// Starts that the gate refused, by lease, for the incident when the lease is over.
    var refusedStarts: [String: Int]
    /// What the gates of other monitors counted.
    var ledger = GateLedger()
    /// States for them as they were written last; nil inside: removed.
    var sheets: [String: [UInt8]?] = [:]
    /// The newest command that was obeyed; its result may not be on disk yet.
    var newestCommand: Int64 = 0
    /// What came of messages and could not be recorded yet. They stay out of the senders' hands until it is.
    var unsettled: [(id: Int64, outcome: OutboxOutcome)] = []
    var progress = CoreProgress()
    /// The day (since 1970) on which the end of the audit log was logged last.
    var auditHeadLogged: Int64?
    var lastPruned: Timestamp?
    /// What the journal last got to know of runtimes, by name: see `RuntimeSight`.
    var sights: [String: (at: Timestamp, quality: [String])] = [:]
    var areSightsCleared = false
    /// Of when the journal has what the apps' open runs are of, by runtime.
    var weighed: [String: Timestamp] = [:]
    /// When the first poll of this process was judged: the gate listens since then at the latest.
    var gateSince: Timestamp?
    /// Runtimes of which the log said that nobody asks the gate about them.
    var warnedOfGate: Set<String> = []
    /// Whether the kill file was there when the audit log last heard of it; nil before the first look.
    var wasStopped: Bool?
    /// Whether the audit log's last word is that nobody knows.
    var isSwitchUnreadable = false
    /// Whether what is decided tells who lifted it, so that this is forgotten once it is on disk.
    var forgetsSwitchActor = false
    /// Runtimes whose functions were to look further back at a reload, when the journal could not be written.
    var shortHistories: Set<String> = []
    /// What was read back of the history since the last cycle, by runtime: a tape has no journal to read it from.
    var readBack: [String: [SubjectMinute]] = [:]
    /// What a tape last heard of the kill switch; and whether it has the settings in force.
    var tapedKillSwitch = false
    var areSettingsTaped = false

    /// The processes of each runtime as the state of signals that was written last knows them.
    var processesKept: [String: RuntimeSignals.ProcessesSeen] = [:]

    /// How long the state of signals may be behind the journal's other state.
    public static let signalsInterval = TimeSpan.minutes(1)
    static let mostUnlogged = 1_000
    static let pruneInterval = TimeSpan.hours(1)
    static let pruneKey = "pruned"

    nonisolated public var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - journal: nil for a dry run: then nothing is kept, and what is decided happens at once.
    ///   - adapters: where leases land besides the gate; an ``Executor`` for each asks them.
    ///   - kept: what earlier runs left at adapters.
    public init(
        pipeline: Pipeline, journal: sending Journal?, folder: StateFolder?, gate: Gate?, gateTexts: GateTexts = GateTexts(),
        adapters: [any ActionAdapter] = [], kept: PlacementBook = PlacementBook(),
        retryWait: @escaping @Sendable (Int, TimeSpan?) -> TimeSpan = Core.wait,
        onErrands: @escaping @Sendable () -> Void = {}, onMessages: @escaping @Sendable () -> Void = {}, clock: any Clock, logger: Logger,
        instruments: Instruments? = nil, isLoud: Bool = true, onReport: @escaping @Sendable (CycleReport) -> Void = { _ in }
    ) {
        var pipeline = pipeline
        // A single pass comes and goes; whoever looks at its journal looks at one that a daemon keeps.
        pipeline.weighsApps = instruments != nil
        self.pipeline = pipeline
        landableAtStart = (
            pipeline.settings.landable, pipeline.settings.landableKeys, Set(pipeline.settings.landableOnApproval.keys)
        )
        journal?.answerPromptly()
        self.journal = journal
        self.folder = folder
        self.gate = gate
        self.gateTexts = gateTexts
        published = gate.map { _ in GatePublication() }
        // Of a gate that stood before this core: what it refused by then nobody else has told.
        refusedStarts = gate?.refusals ?? [:]
        book = kept
        told = Dictionary(uniqueKeysWithValues: kept.all.map { ($0.id, $0) })
        places = adapters.map { adapter in PlacementBook.Place(adapter: adapter.name) { adapter.capability(for: $0) } }
        self.retryWait = retryWait
        self.onErrands = onErrands
        self.onMessages = onMessages
        self.clock = clock
        self.logger = logger
        self.instruments = instruments
        self.isLoud = isLoud
        self.onReport = onReport
        instruments?.awaits(pipeline.policies, of: Set(pipeline.settings.runtimes.map(\.kind)))
    }

    /// The process is to end: no wait for the journal, not even the one at hand, goes on for more than two seconds.
    nonisolated public func hurry() { folder?.hurry() }

    /// What the daemon says of itself.
    public var state: CoreProgress { progress }

    /// Open incidents of all runtimes, by id.
    public var openIncidents: [Incident] {
        pipeline.settings.runtimes.flatMap { pipeline.engine.openIncidents(of: $0.name) }.sorted { $0.id < $1.id }
    }

    /// The endpoints of each replica that are due now.
    /// - Parameter found: what was just said of who the replicas are; nil: as they were last found, or as they are configured.
    public func due(_ runtime: String, found: Observation? = nil) -> [(replica: String, endpoints: [Endpoint])] {
        instruments?.begins(.asking, of: runtime)
        return pipeline.due(runtime, now: clock.now(), found: found?.namedReplicas)
    }

    /// One poll of a runtime, and who its replicas are, where they are to be found. That is asked first where nobody has asked
    /// yet; later beside the poll, so that a resolver that hangs holds up no figures, and counts from the next poll on.
    public nonisolated func look(
        at target: Target, _ poll: @Sendable (Target, [(replica: String, endpoints: [Endpoint])]) async -> [Observation]
    ) async -> [Observation] {
        guard let finder = target.finder else { return await poll(target, await due(target.runtime)) }
        guard await finder.hasLooked else {
            let found = await finder.look()
            return [found].compactMap { $0 } + (await poll(target, await due(target.runtime, found: found)))
        }
        async let found = finder.look()
        let polled = await poll(target, await due(target.runtime))
        return polled + [await found].compactMap { $0 }
    }

    /// Writes everything, the state of signals included: before the process ends.
    public func drain() -> Bool {
        var record = TickRecord()
        settleLeases(&record)
        followLeases(&record)
        guard areSignalsAhead || !record.isEmpty || !unsaved.isEmpty else { return true }
        record.states = pipeline.drainStates()
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
        // A gate or another adapter that the new configuration names is not there before the next start.
        settings.landable.formIntersection(landableAtStart.kinds)
        settings.landableKeys.formIntersection(landableAtStart.keys)
        settings.landableOnApproval = settings.landableOnApproval.filter { landableAtStart.onApproval.contains($0.key) }
        settings.interval = pipeline.settings.interval
        (settings.shard, settings.elsewhere) = (pipeline.settings.shard, pipeline.settings.elsewhere)
        settings.runtimes = pipeline.settings.runtimes.map { old in
            var runtime = old
            if let new = settings.runtimes.first(where: { $0.name == old.name }) { runtime.labels = new.labels }
            return runtime
        }
        shortHistories.formUnion(pipeline.reload(settings: settings, policies: policies))
        instruments?.awaits(policies, of: Set(settings.runtimes.map(\.kind)))
        areSettingsTaped = false
        guard !shortHistories.isEmpty else { return }
        // What is read back is the journal's: first everything goes there.
        if drain() { extendHistories() }
    }

    /// Has functions that the new policies ask for look as far back as the journal reaches, as after a restart.
    func extendHistories() {
        guard let journal, !shortHistories.isEmpty else { return }
        for runtime in shortHistories.sorted() {
            do {
                readBack[runtime] = try pipeline.restoreMinutes(of: runtime, from: journal, now: clock.now()) { text in
                    logger.warning("state", ["why": .text(text)])
                }
            } catch {
                logger.warning(
                    "functions over history begin empty", ["runtime": .text(runtime), "cause": .text("\(error)")])
            }
        }
        shortHistories = []
        areSettingsTaped = false
    }

    /// Puts the leases that the journal holds in force again: at start, before the first poll.
    public func publishLeases() {
        for runtime in pipeline.settings.runtimes { followApps(runtime.name) }
        publish()
    }
}
