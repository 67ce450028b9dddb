import Ambient
import Cycle
import Engine
import Guard
import Model
import Policy
import Server
import Signals
import Synchronization

/// What the daemon measures of itself. The core writes after each step, whoever scrapes copies it all at once: the lock is
/// held for a few assignments, never for a cycle, a commit or a page.
public final class Instruments: Sendable {
    /// How much of the apps is shown. Their ids are the runtime's users' inventions, so by default nothing.
    public struct Apps: Hashable, Sendable {
        /// Of each runtime, those with the most active runs.
        public var most: Int

        public static let none = Apps(most: 0)

        public init(most: Int) {
            self.most = most
        }

        /// Apps with longer ids (bytes) are left out.
        static let longestID = 256
    }

    /// What one runtime's last cycle showed.
    struct RuntimeFigures: Sendable {
        var cycles = 0
        var cyclesLeftOut = 0
        var endedAt = Timestamp(milliseconds: 0)
        /// Of the monotonic clock, nanoseconds.
        var endedMonotonic: UInt64 = 0
        /// What was seen.
        var kind = WatchedKind.runtime
        /// Beside ``SignalMetric/of(_:)``; nil: missing.
        var readings: [Double?] = []
        /// By app, beside ``SignalMetric/app``.
        var apps: [(app: String, readings: [Double?])] = []
        var missing: [Pair: Int] = [:]
        var perfInterval: TimeSpan?
        /// As it is configured.
        var pollInterval = TimeSpan.zero
    }

    /// Two values of labels.
    struct Pair: Hashable, Sendable {
        let first: String
        let second: String

        init(_ first: String, _ second: String) {
            self.first = first
            self.second = second
        }
    }

    /// Three values of labels.
    struct Triple: Hashable, Sendable {
        let first: String
        let second: String
        let third: String
    }

    /// Everything measured, as one value.
    struct Figures: Sendable {
        var runtimes: [String: RuntimeFigures] = [:]
        /// What is under way for a runtime; nil between two cycles.
        var stages: [String: Stage] = [:]
        var polls: [Pair: UInt64] = [:]
        var pollDurations: [String: DurationHistogram] = [:]
        var evaluations = DurationHistogram(bounds: Instruments.shortBounds)
        var commits = DurationHistogram(bounds: Instruments.shortBounds)
        var commitFailures: UInt64 = 0
        /// Cycles that were committed, also while the journal failed in between.
        var committed: UInt64 = 0
        var isJournalFailing = false
        var journalSizes: [(file: String, bytes: Int64)] = []
        var incidents: [Triple: Int] = [:]
        var opened: [Pair: UInt64] = [:]
        var resolved: [Pair: UInt64] = [:]
        var leases: [Triple: Int] = [:]
        var decisions: [Pair: UInt64] = [:]
        var refusals: [Pair: UInt64] = [:]
        var revertsDue = 0
        var areActionsStopped = false
        /// Nil until it was counted.
        var outbox: (pending: Int, oldest: Timestamp?, dead: Int)?
    }

    /// Seconds: what a network takes.
    static let pollBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    /// Seconds: what a disk or a computation takes.
    static let shortBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]
    /// Seconds: what an answer from memory takes.
    static let gateBounds = [0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.005, 0.025, 0.1]

    let version: String
    /// Nil where it is not known.
    let commit: String?
    let startedAt: Timestamp
    let startedMonotonic: UInt64
    let clock: any Clock
    /// After so long without a cycle a runtime's readings stand for nothing any more, and cycles count as stuck.
    let patience: TimeSpan
    let apps: Apps
    private let figures = Mutex(Figures())
    /// Apart from the rest: the gate's threads write it.
    private let gateDurations = Mutex(DurationHistogram(bounds: Instruments.gateBounds))
    /// Nil where there is no gate.
    public let gate: Gate?
    /// Lines of the log that were lost; asked at each scrape. Where the log gets a queue, its drops are added here.
    let droppedLines: @Sendable () -> Int
    private let senders = Mutex<SenderCrew?>(nil)
    private let servers = Mutex<[(server: String, tally: ConnectionTally)]>([])

    public init(
        version: String, commit: String? = nil, clock: any Clock, patience: TimeSpan, apps: Apps = .none, gate: Gate? = nil,
        droppedLines: @escaping @Sendable () -> Int = { 0 }
    ) {
        self.version = version
        self.commit = commit
        self.clock = clock
        self.patience = patience
        self.apps = apps
        self.gate = gate
        self.droppedLines = droppedLines
        startedAt = clock.now()
        startedMonotonic = clock.monotonicNanoseconds()
    }

    /// Which server's refused connections are shown, and under which name.
    public func watch(_ tally: ConnectionTally, of server: String) {
        servers.withLock { $0.append((server, tally)) }
    }

    var tallies: [(server: String, tally: ConnectionTally)] { servers.withLock { $0 } }

    /// What the servers turned away since the start, by the server's name and the reason; nothing that never happened.
    public var refusedConnections: [(server: String, reason: String, count: Int)] {
        tallies.flatMap { server, tally in
            let refused = tally.refused
            return RefusedConnections.Reason.allCases.filter { refused[$0] > 0 }.map { (server, $0.rawValue, refused[$0]) }
        }
    }

    /// Whose channels are shown.
    public func watch(_ senders: SenderCrew) {
        self.senders.withLock { $0 = senders }
    }

    var failingChannels: (all: [String], failing: Set<String>) {
        let senders = senders.withLock { $0 }?.senders ?? []
        return (senders.map(\.name), Set(senders.filter { $0.trouble != nil }.map(\.name)))
    }

    /// The two halves of a cycle.
    enum Stage: Sendable {
        case asking, deciding
    }

    func begins(_ stage: Stage, of runtime: String) { figures.withLock { $0.stages[runtime] = stage } }

    var snapshot: Figures { figures.withLock { $0 } }
    var gateSnapshot: DurationHistogram { gateDurations.withLock { $0 } }

    /// Seconds since a moment of the monotonic clock.
    func seconds(since start: UInt64) -> Double { Double(clock.monotonicNanoseconds() &- start) / 1e9 }

    // MARK: - Writing

    /// The gate answered a question.
    public func gateAnswered(inSeconds seconds: Double) {
        gateDurations.withLock { $0.observe(seconds) }
    }

    func polled(_ observations: [Observation]) {
        figures.withLock { figures in
            for observation in observations where observation.endpoint.isPolled {
                let endpoint = observation.endpoint.path
                figures.polls[Pair(endpoint, Instruments.result(observation.outcome)), default: 0] += 1
                figures.pollDurations[endpoint, default: DurationHistogram(bounds: Instruments.pollBounds)]
                    .observe(observation.elapsedMilliseconds / 1_000)
            }
        }
    }

    private static func result(_ outcome: Observation.Outcome) -> String {
        switch outcome {
        case .failure(let failure, _): failure.rawValue
        case .answer(let answer):
            switch answer.status {
            case 200..<300: "answered"
            case 401, 403: "unauthorized"
            default: "error"
            }
        }
    }

    func evaluated(inSeconds seconds: Double) {
        figures.withLock { $0.evaluations.observe(seconds) }
    }

    func committed(inSeconds seconds: Double, isSaved: Bool) {
        figures.withLock { figures in
            figures.commits.observe(seconds)
            figures.isJournalFailing = !isSaved
            if !isSaved { figures.commitFailures += 1 }
        }
    }

    /// Counters of what may happen begin at 0: of one that appears with its first event nobody could see the increase.
    func awaits(_ policies: PolicySet, of kinds: Set<WatchedKind>) {
        let rules = (policies.wideRules + policies.policies.flatMap(\.appRules)).filter { rule in
            kinds.contains(WatchedKind.allCases.first { $0.subject == rule.subject } ?? .runtime)
        }
        figures.withLock { figures in
            for rule in rules {
                let labels = Pair(rule.name, rule.severity.rawValue)
                figures.opened[labels, default: 0] += 0
                figures.resolved[labels, default: 0] += 0
            }
            for action in ActionKind.allCases.map(\.rawValue) where action != ActionKind.notify.rawValue {
                for word in Verdict.words { figures.decisions[Pair(action, word), default: 0] += 0 }
                for step in Refusal.Step.allCases { figures.refusals[Pair(action, step.rawValue), default: 0] += 0 }
            }
        }
    }

    func decided(_ result: TickResult) {
        figures.withLock { figures in
            for change in result.outcome.changes {
                let labels = Pair(change.incident.rule, change.incident.severity.rawValue)
                switch change.kind {
                case .opened, .reopened: figures.opened[labels, default: 0] += 1
                case .resolved: figures.resolved[labels, default: 0] += 1
                case .updated: break
                }
            }
            for decision in result.plan.decisions {
                let action = decision.effect.kind.rawValue
                figures.decisions[Pair(action, decision.verdict.word), default: 0] += 1
                if case .refused(let refusal) = decision.verdict {
                    figures.refusals[Pair(action, refusal.step.rawValue), default: 0] += 1
                }
            }
        }
    }

    func counted(outbox: (pending: Int, oldest: Timestamp?, dead: Int)) {
        figures.withLock { $0.outbox = outbox }
    }

    /// So many cycles of a runtime were due and left out.
    func leftOut(_ cycles: Int, of runtime: String) {
        figures.withLock { $0.runtimes[runtime]?.cyclesLeftOut += cycles }
    }

    /// A runtime's cycle is over.
    func cycled(
        _ runtime: String, at moment: Timestamp, report: CycleReport?, perfInterval: TimeSpan?, pollInterval: TimeSpan,
        incidents: [Incident],
        leases: [Lease], revertsDue: Int, areActionsStopped: Bool, journalSizes: [(file: String, bytes: Int64)], isSaved: Bool
    ) {
        var fresh = RuntimeFigures(
            endedAt: moment, endedMonotonic: clock.monotonicNanoseconds(), perfInterval: perfInterval, pollInterval: pollInterval)
        if let report { take(report, &fresh) }
        var open: [Triple: Int] = [:]
        for incident in incidents {
            let labels = Triple(first: incident.rule, second: incident.severity.rawValue, third: incident.status.rawValue)
            open[labels, default: 0] += 1
        }
        var held: [Triple: Int] = [:]
        for lease in leases where lease.state != .ended {
            let labels = Triple(
                first: lease.key.kind.rawValue, second: lease.state.rawValue, third: lease.shadow ? "true" : "false")
            held[labels, default: 0] += 1
        }
        figures.withLock { figures in
            fresh.cycles = (figures.runtimes[runtime]?.cycles ?? 0) + 1
            fresh.cyclesLeftOut = figures.runtimes[runtime]?.cyclesLeftOut ?? 0
            // What it is does not change by a cycle that came to nothing.
            if report == nil, let known = figures.runtimes[runtime] { fresh.kind = known.kind }
            figures.runtimes[runtime] = fresh
            figures.stages[runtime] = nil
            figures.incidents = open
            figures.leases = held
            figures.revertsDue = revertsDue
            figures.areActionsStopped = areActionsStopped
            figures.journalSizes = journalSizes
            if isSaved { figures.committed += 1 }
        }
    }

    private func take(_ report: CycleReport, _ fresh: inout RuntimeFigures) {
        let rows = Dictionary(report.runtimeReadings.map { ($0.series.signal, $0.evidence.value) }) { first, _ in first }
        fresh.kind = report.result.readings.kind
        fresh.readings = SignalMetric.of(fresh.kind).map { metric in (rows[metric.signal] ?? nil).map { $0 * metric.factor } }
        for replica in report.summary.replicas + [report.summary.page].compactMap({ $0 }) {
            for (endpoint, reason) in replica.missing { fresh.missing[Pair(endpoint.path, reason.name), default: 0] += 1 }
        }
        guard apps.most > 0 else { return }
        let table = report.result.readings
        let busiest = table.apps.indices.map { (index: $0, runs: report.reading(.activeRuns, app: table.apps[$0])?.value ?? -1) }
            .filter { table.apps[$0.index].bytes.count <= Apps.longestID }
            .sorted { $0.runs != $1.runs ? $0.runs > $1.runs : $0.index < $1.index }
        fresh.apps = busiest.prefix(apps.most).map { row in
            let values = Dictionary(report.appReadings(row.index).map { ($0.series.signal, $0.evidence.value) }) { first, _ in first }
            return (
                table.apps[row.index].description,
                SignalMetric.app.map { metric in (values[metric.signal] ?? nil).map { $0 * metric.factor } }
            )
        }
    }
}
