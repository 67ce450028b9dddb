import Actions
import Model
import Synchronization

/// The gate: holds the table in force and the starts allowed under it, answers a proxy's question about one request from
/// memory, and counts what it was asked.
///
/// One lock, held for a few look-ups; the monitor's cycle only ever exchanges the table under it.
public final class Gate: Sendable {
    /// What a proxy was answered.
    public enum Answer: Hashable, Sendable {
        /// Not a start of a run.
        case notAStart
        case start(GateDecision)
        /// The question itself could not be read.
        case unparsable
    }

    private struct State {
        var table: GateTable
        /// The allowed starts of apps that have a throttle.
        var windows: [GateSubject: StartWindow] = [:]
        /// What was asked about, by runtime.
        var tallies: [String: StartTally] = [:]
        var batches: [String: RefusalBatch] = [:]
        var counters = GateCounters()
        /// The latest moment seen: the gate's time never runs backwards, a lease never comes back.
        var latest = Timestamp(milliseconds: 0)
        /// When the monitor last gave a sign of life.
        var attended: Timestamp

        /// Whether the monitor hangs: then the table in force is nobody's any more.
        func isUnattended(_ now: Timestamp) -> Bool { table.unattendedAfter.map { now - attended > $0 } ?? false }
    }

    private let state: Mutex<State>
    private let clock: @Sendable () -> Timestamp
    /// When it began to count.
    private let since: Timestamp

    /// - Parameter clock: the wall clock; called outside the lock, from many threads.
    public init(table: GateTable, clock: @escaping @Sendable () -> Timestamp) {
        since = clock()
        var state = State(table: table, windows: Self.windows(for: table, keeping: [:]), attended: since)
        for name in table.runtimeNames { state.tallies[name] = StartTally() }
        self.state = Mutex(state)
        self.clock = clock
    }

    /// Puts a new table in force. The starts remembered for apps that stay limited are kept.
    public func install(_ table: GateTable) {
        let now = clock()
        // The old table is released outside the lock.
        let old = state.withLock { state -> GateTable in
            state.attended = max(now, state.latest)
            let old = state.table
            state.windows = Self.windows(for: table, keeping: state.windows)
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
    public func ask(method: String, target: some Collection<UInt8>, runtime: String?) -> Answer {
        guard method == "POST", let route = StartRoute(target: target) else {
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
            return .start(Self.decide(route, runtime: runtime, now: state.latest, &state))
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
        return batches.values.sorted { $0.lease.utf8.lexicographicallyPrecedes($1.lease.utf8) }
    }

    private static func windows(
        for table: GateTable, keeping known: [GateSubject: StartWindow]
    ) -> [GateSubject: StartWindow] {
        var windows: [GateSubject: StartWindow] = [:]
        for (runtime, app) in table.limitedApps() {
            let subject = GateSubject(runtime: runtime, app: app)
            windows[subject] = known[subject] ?? StartWindow()
        }
        return windows
    }

    private static func decide(_ route: StartRoute, runtime: String?, now: Timestamp, _ state: inout State)
        -> GateDecision
    {
        guard let name = state.table.runtime(named: runtime) else {
            state.counters.allowed += 1
            state.counters.failedOpen[.unknownRuntime, default: 0] += 1
            return .allow(.failedOpen(.unknownRuntime))
        }
        let subject = GateSubject(runtime: name, app: route.app)
        var decision = state.table.decide(
            runtime: name, app: route.app, pack: route.pack, now: now, starts: state.windows[subject] ?? StartWindow())
        if case .refuse = decision, state.isUnattended(now) { decision = .allow(.failedOpen(.unattended)) }
        // With the documented configuration a crafted path never reaches the app that it names.
        if route.spelling == .direct {
            let isRefused = if case .refuse = decision { true } else { false }
            state.tallies[name]?.count(route.app, isRefused: isRefused)
        }
        switch decision {
        case .refuse(let refusal):
            state.counters.refused += 1
            record(refusal, route, subject, now, &state)
        case .allow where route.spelling == .normalised:
            state.counters.crafted += 1
        case .allow(let allowance):
            state.counters.allowed += 1
            if case .failedOpen(let doubt) = allowance { state.counters.failedOpen[doubt, default: 0] += 1 }
            count(subject, now, &state)
        }
        return decision
    }

    private static func count(_ subject: GateSubject, _ now: Timestamp, _ state: inout State) {
        if state.windows[subject] != nil {
            state.windows[subject]?.forget(through: now - state.table.memory)
            state.windows[subject]?.add(now)
        }
    }

    private static func record(
        _ refusal: GateRefusal, _ route: StartRoute, _ subject: GateSubject, _ now: Timestamp, _ state: inout State
    ) {
        let sample = RefusalBatch.Sample(
            at: now, runtime: subject.runtime, app: route.app, pack: route.pack, refusal: refusal)
        // As many batches as leases: a table's ids are the only ones that get here.
        state.batches[refusal.lease, default: RefusalBatch(lease: refusal.lease, firstAt: now, lastAt: now)].add(sample)
    }
}
