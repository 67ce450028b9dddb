import Actions
import Collector
import Model
import Synchronization

/// The gate: holds the table in force and the starts allowed under it, answers a proxy's question about one request from
/// memory, and counts what it was asked.
///
/// One lock, held for a few look-ups; the monitor's cycle only ever exchanges the table under it.
public final class Gate: Sendable {
    /// What a proxy was answered.
    public enum Answer: Hashable, Sendable {
        /// Nothing that starts a run.
        case notAStart
        case start(GateDecision)
        /// The question itself could not be read.
        case unparsable
    }

    private struct State {
        var table: GateTable
        /// What is remembered of apps that have a throttle.
        var memories: [GateSubject: GateMemory] = [:]
        /// Runtimes whose websockets it is asked about.
        var withSockets: Set<String> = []
        /// What was asked about, by runtime.
        var tallies: [String: StartTally] = [:]
        var batches: [String: RefusalBatch] = [:]
        var counters = GateCounters()
        /// The latest moment seen: the gate's time never runs backwards, a lease never comes back.
        var latest = Timestamp(milliseconds: 0)
        /// When the monitor last gave a sign of life.
        var attended: Timestamp
        /// What it refused by lease, for other monitors, and when last.
        var refusals: [String: (count: Int, at: Timestamp)] = [:]
        /// Starts that other monitors' gates let in; nil where no other gate is known to answer.
        var elsewhere: [GateSubject: StartWindow]?
        /// Since when it answers, where somebody may have been let in before.
        let answering: Timestamp?

        /// Whether the monitor hangs: then the table in force is nobody's any more.
        func isUnattended(_ now: Timestamp) -> Bool { table.unattendedAfter.map { now - attended > $0 } ?? false }
    }

    private let state: Mutex<State>
    private let clock: @Sendable () -> Timestamp
    /// When it began to count.
    private let since: Timestamp

    /// - Parameters:
    ///   - isFirst: nobody was let in by anybody before: as where a proxy is only just told of the gate. A daemon that starts
    ///     cannot know that.
    ///   - clock: the wall clock; called outside the lock, from many threads.
    public init(table: GateTable, isFirst: Bool = true, clock: @escaping @Sendable () -> Timestamp) {
        since = clock()
        var state = State(
            table: table, memories: Self.memories(for: table, keeping: [:], since), attended: since, answering: isFirst ? nil : since)
        for name in table.runtimeNames { state.tallies[name] = StartTally() }
        self.state = Mutex(state)
        self.clock = clock
    }

    /// Puts a new table in force. The starts remembered for apps that stay limited are kept.
    /// - Parameter attends: whether that is also a sign of life of the monitor.
    public func install(_ table: GateTable, attends: Bool = true) {
        let now = clock()
        // The old table is released outside the lock.
        let old = state.withLock { state -> GateTable in
            if attends { state.attended = max(now, state.latest) }
            let old = state.table
            state.memories = Self.memories(for: table, keeping: state.memories, max(now, state.latest))
            state.table = table
            for name in table.runtimeNames where state.tallies[name] == nil { state.tallies[name] = StartTally() }
            return old
        }
        withExtendedLifetime(old) {}
    }

    /// A sign of life of a monitor that cannot give a new table now: the one in force stays so.
    public func attend() {
        let now = clock()
        state.withLock { $0.attended = max(now, $0.latest) }
    }

    /// Answers about one request.
    /// - Parameters:
    ///   - method: as the client sent it.
    ///   - target: as the client sent it, see ``StartRoute``.
    ///   - runtime: what the proxy calls the runtime behind it; nil where there is only one.
    ///   - running: how many runs of the app hold a place now; nil where whoever asks does not know it, as no proxy does.
    public func ask(method: String, target: some Collection<UInt8>, runtime: String?, running: Int? = nil) -> Answer {
        guard let route = StartRoute(method: method, target: target) else {
            state.withLock { state in
                state.counters.asked += 1
                state.counters.notStarts += 1
            }
            return .notAStart
        }
        let wall = clock()
        return state.withLock { state in
            state.counters.asked += 1
            state.latest = max(state.latest, wall)
            return .start(Self.decide(route, runtime: runtime, running: running, now: state.latest, &state))
        }
    }

    /// Counts a question that could not be read. It is let through.
    public func askedUnparsably() -> Answer {
        state.withLock { state in
            state.counters.asked += 1
            state.counters.failedOpen[.unparsable, default: 0] += 1
        }
        return .unparsable
    }

    /// What happened since the process started.
    public var counters: GateCounters { state.withLock { $0.counters } }

    /// Which apps of a runtime are counted by name from now on: those that it has shown, and nobody's inventions. What
    /// was counted of others than these is from then on among ``GateCounts/others``. For one caller at a time.
    /// - Parameter apps: at most ``GateCounts/mostApps`` of them are taken, and none whose id is longer than
    ///   ``StartTally/longestID``.
    public func follow(_ apps: [AppID], of runtime: String) {
        // Usually nothing changed, and it is the very same array.
        guard let last = state.withLock({ $0.tallies[runtime]?.followed }), last != apps else { return }
        let change = StartTally.Change(from: last, to: apps)
        state.withLock { $0.tallies[runtime]?.apply(change) }
    }

    /// What was asked about a runtime's starts since this gate was made; nil for a runtime that is not watched.
    public func counts(of runtime: String) -> GateCounts? {
        state.withLock { $0.tallies[runtime]?.snapshot }?.counts(since: since)
    }

    /// Takes the refusals since the last call, by lease id in order.
    public func drainRefusals() -> [RefusalBatch] {
        let batches = state.withLock { state in
            defer { state.batches = [:] }
            return state.batches
        }
        return batches.values.inByteOrder(of: \.lease)
    }

    // MARK: - Other monitors' gates

    /// What this gate has to say to other monitors.
    ///
    /// - Parameter counts: of which runtimes how often it was asked.
    public func report(counting runtimes: [String]) -> GateReport {
        var report = state.withLock { state in
            GateReport(
                refusals: state.refusals.mapValues(\.count),
                starts: state.memories.compactMap { subject, memory in
                    let at = memory.window.latest(GateReport.mostStarts)
                    return at.isEmpty ? nil : GateReport.Starts(subject, at: at)
                })
        }
        report.starts.sort { ($0.subject.runtime, $0.subject.app) < ($1.subject.runtime, $1.subject.app) }
        for runtime in runtimes { report.counts[runtime] = counts(of: runtime) }
        return report
    }

    /// What this gate refused by lease, for whoever goes on counting it.
    public var refusals: [String: Int] { state.withLock { $0.refusals.mapValues(\.count) } }

    /// What the other monitors' gates let in counts here too: a limit is one limit, wherever somebody asks.
    ///
    /// - Parameter reports: of all the others that answer; empty: nobody else does.
    public func hear(_ reports: [GateReport]) {
        var moments: [GateSubject: [Timestamp]] = [:]
        for row in reports.flatMap(\.starts) { moments[row.subject, default: []] += row.at }
        let elsewhere = moments.mapValues { at in
            var window = StartWindow()
            for moment in at.sorted() { window.add(moment) }
            return window
        }
        state.withLock { $0.elsewhere = reports.isEmpty ? nil : elsewhere }
    }

    private static func memories(
        for table: GateTable, keeping known: [GateSubject: GateMemory], _ now: Timestamp
    ) -> [GateSubject: GateMemory] {
        var memories: [GateSubject: GateMemory] = [:]
        for (runtime, app) in table.limitedApps() {
            let subject = GateSubject(runtime: runtime, app: app)
            var memory = known[subject] ?? GateMemory(since: now)
            if let figures = table.figures(runtime: runtime, app: app) {
                memory.figures(at: figures.at, seen: figures.starts, standing: table.standing(runtime: runtime, app: app))
            }
            memories[subject] = memory
        }
        return memories
    }

    private static func decide(
        _ route: StartRoute, runtime: String?, running: Int?, now: Timestamp, _ state: inout State
    ) -> GateDecision {
        guard let name = state.table.runtime(named: runtime) else {
            state.counters.allowed += 1
            state.counters.failedOpen[.unknownRuntime, default: 0] += 1
            return .allow(.failedOpen(.unknownRuntime))
        }
        let subject = GateSubject(runtime: name, app: route.app)
        // Only apps under a lease are looked at more closely: only they are ever refused.
        let chat = state.table.restrains(runtime: name, app: route.app) ? route.chat.map { StableHash(of: $0) } : nil
        if route.spelling == .direct, route.chat != nil {
            // An input says no workflow; a websocket does.
            if route.pack != nil { state.withSockets.insert(name) }
            if let chat { state.memories[subject]?.heard(chat, now) }
        }
        let decision = judge(route, subject, chat, running, now, &state)
        count(decision, route, subject, chat, now, &state)
        return decision
    }

    private static func judge(
        _ route: StartRoute, _ subject: GateSubject, _ chat: StableHash?, _ running: Int?, _ now: Timestamp, _ state: inout State
    ) -> GateDecision {
        let (name, app) = (subject.runtime, subject.app)
        if let chat {
            if state.table.runs(runtime: name, app: app, chat: chat) { return .allow(.goesOn) }
            // A path that leads nowhere uses up nobody's start.
            if route.spelling == .direct, state.memories[subject]?.goesOn(chat, pack: route.pack, now: now) ?? false {
                return .allow(.goesOn)
            }
        }
        let memory = state.memories[subject]
        let elsewhere = state.elsewhere?[subject] ?? StartWindow()
        // It may be the chat of a run that another gate let in and no poll has shown yet.
        if chat != nil, let polled = state.table.figures(runtime: name, app: app)?.at,
            elsewhere.count(after: polled - GateTable.settling) > 0
        {
            return .allow(.goesOn)
        }
        // Websockets that came to another gate were not heard here.
        let hearsAll = state.elsewhere == nil && state.withSockets.contains(name)
        let decision = state.table.decide(
            runtime: name, app: app, pack: route.pack, isInChat: route.chat != nil, now: now, starts: memory?.window ?? StartWindow(),
            elsewhere: elsewhere, pending: memory?.pending, most: hearsAll ? memory?.most(now) : nil, answering: state.answering,
            running: running)
        if case .refuse = decision, state.isUnattended(now) { return .allow(.failedOpen(.unattended)) }
        return decision
    }

    private static func count(
        _ decision: GateDecision, _ route: StartRoute, _ subject: GateSubject, _ chat: StableHash?, _ now: Timestamp, _ state: inout State
    ) {
        let isRefused = if case .refuse = decision { true } else { false }
        // With the documented configuration a crafted path never reaches the app that it names. Of what is about a chat only
        // a refusal is known to have been a start.
        if route.spelling == .direct, isRefused || route.chat == nil {
            state.tallies[subject.runtime]?.count(subject.app, isRefused: isRefused)
        }
        switch decision {
        case .refuse(let refusal):
            state.counters.refused += 1
            record(refusal, route, subject, now, &state)
        case .allow where route.spelling == .normalised:
            state.counters.crafted += 1
        case .allow(.goesOn):
            state.counters.goneOn += 1
        case .allow(let allowance):
            state.counters.allowed += 1
            if case .failedOpen(let doubt) = allowance { state.counters.failedOpen[doubt, default: 0] += 1 }
            let memory = state.table.memory
            // A chat that may well run already is no start.
            if case .failedOpen = allowance, route.chat != nil { return }
            state.memories[subject]?.start(now, pack: route.pack, chat: chat, memory: memory)
        }
    }

    private static func record(
        _ refusal: GateRefusal, _ route: StartRoute, _ subject: GateSubject, _ now: Timestamp, _ state: inout State
    ) {
        let sample = RefusalBatch.Sample(
            at: now, runtime: subject.runtime, app: route.app, pack: route.pack, refusal: refusal)
        state.refusals[refusal.lease] = ((state.refusals[refusal.lease]?.count ?? 0) + 1, now)
        if state.refusals.count > GateReport.mostLeases, let oldest = state.refusals.min(by: { $0.value.at < $1.value.at })?.key {
            state.refusals[oldest] = nil
        }
        // As many batches as leases: a table's ids are the only ones that get here.
        state.batches[refusal.lease, default: RefusalBatch(lease: refusal.lease, lastAt: now)].add(sample)
    }
}
