import Collector
import Engine
import Guard
import Model
import Notify
import Policy
import Signals
import Telling

/// One cycle's decisions, from observations to leases and messages. A value without I/O: the daemon, the single pass, the
/// dry run and the replay all turn this same crank, so that the same observations give the same incidents in each.
public struct Pipeline: Sendable {
    public private(set) var settings: MonitorSettings
    public private(set) var policies: PolicySet
    public internal(set) var signals: [String: RuntimeSignals] = [:]
    public internal(set) var clocks: [String: ObservationClock] = [:]
    public package(set) var engine = EngineState()
    public internal(set) var guardState = GuardState()
    /// Who was told what.
    public internal(set) var telling = TellingState()
    /// As the journal has it, once what is unsaved is committed; nil: not at all.
    var tellingKept: TellingState?
    /// Rows of chats in the journal that belong to nothing: to be removed when the state of signals is written next.
    var strayChats: [ChatSource] = []
    /// Perf answers that no tick has judged yet, by runtime and replica.
    var perfBodies: [String: [String: Body]] = [:]
    /// Whether it is also looked what all apps' open runs are of, for whoever looks. A second reading of each answer, so a replay
    /// does without.
    public var weighsApps = false
    /// What that came to last, by runtime.
    public internal(set) var appWeights: [String: AppWeights] = [:]
    /// What health said last, by runtime and replica.
    var lastAnswers: [String: [String: LastAnswers]] = [:]
    /// The guard's state as it was handed out to be kept; nil before the first time.
    var keptGuard: GuardState?
    /// The journal holds the engine's state as earlier versions wrote it, to be replaced at the first tick.
    var hasOldEngineRow = false
    var demand: [SeriesRef] = []
    /// The policies in force as the journal has them, and whether those of now were compared with them.
    var keptPolicies: [UInt8]?
    var arePoliciesKept = false
    /// Whether the evidence felt the leases, so that it can be asked what they brought about. False where they are only
    /// imagined: in a replay of other policies.
    public var verifiesLeases = true

    /// A replica whose chats the journal holds.
    struct ChatSource: Hashable, Sendable {
        let runtime: String
        let replica: String
    }

    public init(settings: MonitorSettings, policies: PolicySet) {
        self.settings = settings
        self.policies = policies
        configure()
    }

    /// Puts other policies and settings in force; state stays. Incidents of rules that are gone resolve at the next tick.
    /// - Returns: the runtimes whose functions look further back than what is remembered: `restoreMinutes` brings it back.
    @discardableResult
    public mutating func reload(settings: MonitorSettings, policies: PolicySet) -> Set<String> {
        let before = signals.mapValues(\.options)
        self.settings = settings
        self.policies = policies
        arePoliciesKept = false
        telling.routeAnew()
        configure()
        return Set(
            signals.filter { name, state in
                let known = before[name]
                return state.options.totals.contains { known?.totals.contains($0) != true }
                    || state.options.ranges.contains { $0.value > (known?.ranges[$0.key] ?? .zero) }
            }.keys)
    }

    /// Goes by the clocks and labels of the place where something was recorded. State stays.
    mutating func stand(in place: TapeSettings.Place) {
        if let zone = place.zone {
            settings.telling.zone = zone
            for name in signals.keys { signals[name]?.options.zone = zone }
        }
        if let environment = place.environment { settings.environment = environment }
        for index in settings.runtimes.indices {
            if let labels = place.labels[settings.runtimes[index].name] { settings.runtimes[index].labels = labels }
        }
    }

    private mutating func configure() {
        demand = policies.demand.map(\.series) + GuardReadings.demand + CycleReport.demand
        for runtime in settings.runtimes {
            var options = SignalOptions(
                replicas: runtime.replicas, interval: settings.interval, perfShare: settings.perfShare,
                missingAfter: policies.missingAfter, stalledAfter: policies.stalledAfter, window: policies.window,
                price: settings.price, kind: runtime.kind)
            options.zone = settings.telling.zone
            options.retain(for: demand + GuardState.markDemand)
            if signals[runtime.name] == nil {
                signals[runtime.name] = RuntimeSignals(runtime: runtime.name, options: options)
                clocks[runtime.name] = ObservationClock(interval: settings.interval)
            } else {
                signals[runtime.name]?.options = options
            }
        }
    }

    // MARK: - One observation

    /// Decodes one observation and takes it in. Observations of runtimes that are not configured are passed over.
    public mutating func take(_ observation: Observation) {
        guard signals[observation.runtime] != nil else { return }
        take(DecodedObservation(observation))
    }

    /// Takes in what was decoded elsewhere.
    public mutating func take(_ decoded: DecodedObservation) {
        let observation = decoded.observation
        guard signals[observation.runtime] != nil else { return }
        let sample = Sample(observation, decoded.content)
        remember(decoded.content, observation)
        hold(observation)
        signals[observation.runtime]?.ingest(sample)
        clocks[observation.runtime]?.note(sample.endpoint, at: observation.at)
        if sample.endpoint == .targets { followTargets(of: observation.runtime, at: observation.at) }
    }

    /// What is remembered of replicas that are gone is no news of the runtime any more. Where nobody is left to be asked, that
    /// is what was heard of every endpoint.
    private mutating func followTargets(of runtime: String, at: Timestamp) {
        guard let state = signals[runtime] else { return }
        let expected = Set(state.expectedReplicas)
        lastAnswers[runtime] = lastAnswers[runtime]?.filter { expected.contains($0.key) }
        guard state.isDeserted else { return }
        for endpoint in Endpoint.everything { clocks[runtime]?.note(endpoint, at: at) }
    }

    /// The first other runtime that a replica is one of as well; nil: none.
    package func otherRuntime(of replica: String, besides runtime: String) -> String? {
        settings.runtimes.first { other in
            other.kind == .runtime && !other.name.isSame(as: runtime)
                && signals[other.name]?.expectedReplicas.contains { $0.isSame(as: replica) } == true
        }?.name
    }

    /// What stands on incidents of a runtime: what the configuration calls it goes before what its replicas are called where they
    /// were found.
    public func labels(of runtime: String) -> [String: String] {
        let found = signals[runtime]?.foundLabels ?? [:]
        return found.isEmpty ? settings.labels(of: runtime) : settings.labels(of: runtime).merging(found) { configured, _ in configured }
    }

    // MARK: - One tick

    /// Judges one runtime at one moment.
    /// - Parameter killFile: whether the file that stops all actions is there.
    public mutating func tick(_ runtime: String, now: Timestamp, killFile: Bool = false) -> TickResult? {
        for endpoint in Endpoint.allCases {
            guard let interval = signals[runtime]?.effectiveInterval(of: endpoint) else { return nil }
            clocks[runtime]?.setInterval(interval, of: endpoint)
        }
        let demand = demand(of: runtime, now: now)
        guard let readings = signals[runtime]?.readings(at: now, demand: demand), let clock = clocks[runtime] else {
            return nil
        }
        return judge(
            readings, clock: clock, restartedAt: signals[runtime]?.newestRestart, now: now, killFile: killFile)
    }

    /// Judges readings, wherever they come from: of answers, or of what was kept of a past.
    mutating func judge(
        _ readings: ReadingTable, clock: ObservationClock, restartedAt: Timestamp?, now: Timestamp, killFile: Bool = false
    ) -> TickResult {
        let runtime = readings.runtime
        let readings = readings.placed(in: settings.telling.zone, policies.labelBook(runtime: labels(of: runtime)))
        let outcome = engine.evaluate(
            policies: policies, readings: readings, clock: clock, labels: labels(of: runtime),
            restartedAt: restartedAt, hosts: settings.hosts(of: runtime), now: now)
        var context = GuardContext(
            options: settings.guardOptions, mode: settings.mode, killFile: killFile,
            restartedAt: restartedAt, landable: settings.landable,
            landableKeys: settings.landableKeys, landableOnApproval: settings.landableOnApproval,
            silenced: silenced(outcome), verifies: verifiesLeases)
        context.healthInterval = clock.interval(.health)
        context.perfInterval = clock.interval(.perf)
        context.landsAtGateOnly = settings.landsAtGateOnly
        let plan = guardState.plan(outcome: outcome, policies: policies, readings: readings, context: context)
        engine.record(plan.decisions)
        noteLeases(plan.leaseChanges, at: outcome.now)
        let asked = noteAsked(plan.asked, at: outcome.now)
        let found = noteFindings(plan, runtime, outcome.opened + outcome.reopened, at: outcome.now).union(noteWeights(outcome)).union(
            noteOutages(outcome))
        let told = tell(outcome, plan)
        return TickResult(
            runtime: runtime, now: outcome.now, readings: readings, outcome: outcome, plan: plan,
            incidents: touched(outcome, plan, told.touched.union(found).union(asked)), messages: told.messages)
    }

    /// The newest state of every incident that this tick changed, decisions and notes included, by id.
    private func touched(_ outcome: TickOutcome, _ plan: Plan, _ others: Set<String>) -> [Incident] {
        var ids = others
        let changed = Dictionary(outcome.changes.map { ($0.incident.id, $0.incident) }) { first, _ in first }
        ids.formUnion(changed.keys)
        ids.formUnion(plan.decisions.map(\.incident))
        ids.formUnion(plan.leaseChanges.flatMap { $0.lease.holders.map(\.incident) })
        return ids.sorted().compactMap { id in
            engine.incident(id) ?? changed[id]
        }
    }

    // MARK: - Runtimes that are gone

    /// Gives up runtimes that are no longer configured: their incidents resolve with reason `removed`. A lease of theirs is
    /// not undone by that; it runs out.
    package mutating func giveUpStrangers(now: Timestamp) -> [Removal] {
        guard settings.areAllRuntimes else { return [] }
        let judged = Set(settings.runtimes.map(\.name))
        var removals: [Removal] = []
        for runtime in engine.runtimeNames(besides: judged) {
            let outcome = engine.remove(runtime: runtime, now: now)
            removals.append(
                Removal(
                    now: outcome.now, transitions: outcome.transitions, incidents: outcome.changes.map(\.incident),
                    messages: tell(outcome, Plan()).messages, leaseChanges: []))
        }
        let ended = guardState.expire(now: now, exceptOf: judged)
        if !ended.isEmpty {
            removals.append(Removal(now: now, transitions: [], incidents: [], messages: [], leaseChanges: ended))
        }
        return removals
    }

    /// That the gate is asked about an app, so that what is in force there is enforced. The incidents that it is noted on.
    private mutating func noteAsked(_ leases: [Lease], at: Timestamp) -> [String] {
        var noted: [String] = []
        for lease in leases where !lease.shadow {
            let text = "\(LeaseNotes.asked) \(lease.key.app) (\(lease.id))"
            for holder in lease.holders where engine.note(HandlingNote(at: at, kind: .note, by: "gate", text: text), on: holder.incident) {
                noted.append(holder.incident)
            }
        }
        return noted
    }

    private mutating func noteLeases(_ changes: [LeaseChange], at: Timestamp) {
        // Elsewhere the adapter says so itself, once it is.
        let place = settings.landsAtGateOnly ? "gate" : "engine"
        for change in changes where !change.lease.shadow {
            let kind: HandlingNote.Kind
            let text: String
            switch change.kind {
            case .intend:
                kind = .leaseInForce
                text = "\(change.lease.effect) until \(change.lease.expiresAt) (\(change.lease.id)): \(change.reason)"
            case .extend:
                kind = .leaseExtended
                text = "\(change.lease.effect) until \(change.lease.expiresAt) (\(change.lease.id)): \(change.reason)"
            case .end:
                kind = .leaseEnded
                text = "\(change.lease.effect) is over (\(change.lease.id)): \(change.reason)"
            }
            for holder in change.lease.holders {
                _ = engine.note(HandlingNote(at: at, kind: kind, by: place, text: text), on: holder.incident)
            }
        }
    }
}

/// What came of giving up a runtime.
package struct Removal {
    package let now: Timestamp
    package let transitions: [Transition]
    package let incidents: [Incident]
    package let messages: [RoutedMessage]
    package let leaseChanges: [LeaseChange]
}

/// Everything that one tick of one runtime decided.
public struct TickResult: Sendable {
    public let runtime: String
    public let now: Timestamp
    public let readings: ReadingTable
    public let outcome: TickOutcome
    public let plan: Plan
    /// Every incident that changed, as it is now.
    public let incidents: [Incident]
    public let messages: [RoutedMessage]
}
