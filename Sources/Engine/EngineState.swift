import Model
import Policy
import Signals

/// Everything that the engine remembers: for each runtime the rules that are not inactive, the open incidents and those
/// resolved a short while ago. A value: the same inputs give the same state, byte for byte.
public struct EngineState: Hashable, Sendable {
    /// An incident whose cause comes back within this time is opened again instead of a new one.
    public static let flapTime = TimeSpan.minutes(15)
    /// How long an app may be missing from the readings before its rules are given up as `removed`. Apps stay in the
    /// readings for a day after they were last seen; this covers a start without that memory.
    static let absentLimit = TimeSpan.hours(24)

    var runtimes: [String: RuntimeState] = [:]
    /// The runtimes of which something changed since `drainChanged`.
    var changed = Changed()

    public init() {}

    /// Which runtimes have to be kept anew. Not a part of what the state is: two states that remember the same are equal.
    struct Changed: Hashable, Sendable {
        var runtimes: Set<String> = []

        static func == (a: Changed, b: Changed) -> Bool { true }
        func hash(into hasher: inout Hasher) {}
    }

    /// The runtimes of which something changed since the last call, or which are gone since then; sorted by bytes.
    public mutating func drainChanged() -> [String] {
        defer { changed.runtimes = [] }
        return changed.runtimes.inByteOrder()
    }

    /// Takes in what another state remembers, in place of what this one remembers of the same runtimes.
    public mutating func take(_ other: EngineState) {
        for (name, state) in other.runtimes {
            runtimes[name] = state
            changed.runtimes.insert(name)
        }
    }

    /// Judges one runtime at one moment.
    ///
    /// Pure: what comes out follows from the policies, the previous state, the readings and `wall` alone.
    /// - Parameters:
    ///   - readings: by the slots of `policies.demand`.
    ///   - clock: when the runtime's endpoints were last heard of.
    ///   - labels: of the environment and the runtime; they go on each incident.
    ///   - restartedAt: when a process of the runtime was last seen to have been replaced by another.
    ///   - hosts: watched hosts that the runtime runs on. Their rules, as they were judged last, may keep quiet what is seen of it.
    ///   - wall: the moment of the tick. The engine's own now never runs backwards: `max(previous, wall)`.
    public mutating func evaluate(
        policies: PolicySet, readings: ReadingTable, clock: ObservationClock, labels: [String: String] = [:],
        restartedAt: Timestamp? = nil, hosts: [String] = [], now wall: Timestamp
    ) -> TickOutcome {
        // Taken out while it changes, so that there is one owner and nothing is copied.
        let state = runtimes.removeValue(forKey: readings.runtime) ?? RuntimeState(now: wall)
        var evaluation = Evaluation(
            state: state, policies: policies, readings: readings, clock: clock, labels: labels,
            restartedAt: restartedAt, hosts: hosts.compactMap { name in runtimes[name].map { (name, $0) } }, wall: wall)
        evaluation.run()
        runtimes[readings.runtime] = evaluation.state
        changed.runtimes.insert(readings.runtime)
        return evaluation.outcome
    }

    /// Gives up a runtime that is no longer configured: its incidents resolve with reason `removed`.
    public mutating func remove(runtime: String, now wall: Timestamp) -> TickOutcome {
        guard var state = runtimes.removeValue(forKey: runtime) else {
            return TickOutcome(runtime: runtime, now: wall)
        }
        changed.runtimes.insert(runtime)
        var outcome = TickOutcome(runtime: runtime, now: max(state.now, wall))
        state.now = outcome.now
        for key in state.rules.keys.sorted() {
            for entry in state.rules[key] ?? [] {
                state.remove(
                    entry, key, Subject(key.kind, id: entry.id, runtime: runtime), "runtime removed", into: &outcome)
            }
        }
        outcome.sort()
        return outcome
    }

    /// Whether a rule is pending, firing or clearing on a subject, as it was judged last.
    public func isInProgress(_ rule: String, _ subject: Subject) -> Bool {
        guard let state = runtimes[subject.runtime] else { return false }
        return state.rules.contains { key, entries in
            key.kind == subject.kind && key.rule.isSame(as: rule)
                && entries.contains { $0.id == subject.idBytes && $0.state.phase != .inactive }
        }
    }

    /// What has begun and nobody is told yet: rules whose condition has been true for too short a time. The oldest first.
    public var begun: [BegunRule] {
        var all: [BegunRule] = []
        for (runtime, state) in runtimes {
            for (key, entries) in state.rules {
                for entry in entries where entry.state.phase == .pending {
                    all.append(BegunRule(key.rule, Subject(key.kind, id: entry.id, runtime: runtime), entry.state))
                }
            }
        }
        return all.sorted { a, b in
            if a.since != b.since { return a.since < b.since }
            return a.rule.isSame(as: b.rule) ? "\(a.subject)".precedes("\(b.subject)") : a.rule.precedes(b.rule)
        }
    }

    /// The newest moment at which any runtime was judged; nil before the first.
    public var newestMoment: Timestamp? { runtimes.values.map(\.now).max() }

    /// Runtimes of which anything is remembered, sorted by bytes.
    public var runtimeNames: [String] {
        runtimes.keys.inByteOrder()
    }

    /// Those of them that are not among these, sorted by bytes.
    public func runtimeNames(besides known: Set<String>) -> [String] {
        runtimes.keys.filter { !known.contains($0) }.inByteOrder()
    }
}

/// A rule that has begun on a subject.
public struct BegunRule: Hashable, Sendable {
    public let rule: String
    public let subject: Subject
    /// The first observation of the unbroken run of true ones.
    public let since: Timestamp
    /// The rule that keeps this one quiet: while that fires it is told to nobody, however long it lasts.
    public let suppressedBy: String?
    /// How much of the time since then does not count, because the condition was false.
    private let lost: TimeSpan
    /// What counts besides: how long it held before the process died under it.
    private let before: TimeSpan

    init(_ rule: String, _ subject: Subject, _ state: RuleState) {
        self.rule = rule
        self.subject = subject
        since = state.since
        suppressedBy = state.suppressedBy
        lost = state.dipped + (state.falseSince.map { max(.zero, state.observed - $0) } ?? .zero)
        before = state.before
    }

    /// From when on somebody is told, if it stays so from here on.
    /// - Parameter hold: how long the condition must be true: `ObservationClock.hold(of:)`.
    public func due(after hold: TimeSpan) -> Timestamp { since + lost + max(.zero, hold - before) }
}

/// What is remembered about one runtime.
struct RuntimeState: Hashable, Sendable {
    /// The engine's now of the last evaluation.
    var now: Timestamp
    /// Per rule the subjects on which it is not inactive, sorted by the bytes of their ids.
    var rules: [RuleKey: [RuleEntry]] = [:]
    /// By fingerprint: open, or resolved within the flap time.
    var incidents: [String: Incident] = [:]
    /// What held of apps until shortly ago, in case that a process died under it; sorted by the bytes of their ids.
    var cutShort: [RuleKey: [CutShort]] = [:]

    init(now: Timestamp) {
        self.now = now
    }
}

/// One subject on which a rule is not inactive.
struct RuleEntry: Hashable, Sendable {
    /// `Subject.idBytes`.
    let id: [UInt8]
    var state: RuleState
    /// Since when the readings have not held this subject; nil while they do.
    var absentSince: Timestamp?
}

/// What a rule held of an app when it was seen false again. A process that dies takes its runs along, and with them the
/// evidence of who brought it down: where it was replaced meanwhile, that time counts when the same is seen of the same app
/// in the next one. The restart itself is no evidence: both parts are seen.
struct CutShort: Hashable, Sendable {
    /// `Subject.idBytes`.
    let id: [UInt8]
    /// How long it held, over all processes so far.
    let held: TimeSpan
    /// When it was last seen to hold.
    let seenTrue: Timestamp
    /// When it was first seen not to.
    let endedAt: Timestamp

    /// Less of a rule's `for` than a tenth is chance.
    static func isEnough(_ held: TimeSpan, of hold: TimeSpan) -> Bool { held > .zero && held * 10 >= hold }
}
