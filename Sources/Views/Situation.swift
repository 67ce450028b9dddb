import Cycle
import Engine
import Journal
import Model
import Policy
import Signals

/// Where rules stand at one moment: as the journal has it, as a tape had it, or as one poll shows it. Nothing is changed
/// by looking.
public struct Situation {
    public let pipeline: Pipeline
    /// The newest tick of each runtime, in the order of the configuration or the tape.
    public let ticks: [TickResult]
    /// For people: `the journal in /var/lib/mozaiks-ops`.
    public let source: String
    /// What whoever reads this should know of it besides.
    public var notes: [String] = []
    /// Those that are configured; besides them the journal may know others. Nil: all.
    public var configured: [String]?
    /// When the newest answer came that this is about, by runtime.
    public var answered: [String: [Endpoint: Timestamp]] = [:]
    /// What was decided, where the readings are older than that; nil: they are of the same moment.
    public var decided: EngineState?
    /// Whether nothing was decided by these policies yet: where a rule of theirs stands is what it makes of the readings.
    public var isOfDraft = false

    public init(
        pipeline: Pipeline, ticks: [TickResult], source: String, notes: [String] = [], configured: [String]? = nil,
        answered: [String: [Endpoint: Timestamp]] = [:], decided: EngineState? = nil
    ) {
        self.pipeline = pipeline
        self.ticks = ticks
        self.source = source
        self.notes = notes
        self.configured = configured
        self.answered = answered
        self.decided = decided
    }

    /// As a journal has it; nil when nothing was judged yet.
    /// - Parameter only: the one runtime that is looked at; nil: all that the journal knows.
    public static func kept(
        in journal: Journal, _ settings: MonitorSettings, _ policies: PolicySet, now moment: Timestamp, source: String,
        notes: [String], only runtime: String? = nil, complain: (String) -> Void
    ) throws -> Situation? {
        var settings = settings
        let configured = settings.runtimes.map(\.name)
        // What the journal knows and the configuration does not: a runtime named in passing, or one that is gone.
        for name in try KeptDecisions.runtimes(in: journal)
        where !settings.runtimes.contains(where: { $0.name.isSame(as: name) }) {
            settings.runtimes.append(WatchedRuntime(name: name, replicas: []))
        }
        if let runtime { settings.runtimes.removeAll { !$0.name.isSame(as: runtime) } }
        var pipeline = Pipeline(settings: settings, policies: policies)
        try pipeline.restore(from: journal, now: moment, warn: complain)
        guard let now = pipeline.newestMoment else { return nil }
        // The state of signals is written less often than what was decided on it.
        let answered = pipeline.signals.mapValues { signals in
            Dictionary(
                Endpoint.allCases.compactMap { endpoint in signals.newestObservation(of: endpoint).map { (endpoint, $0) } }
            ) { first, _ in first }
        }
        // The same evidence again moves no timer. Older evidence may seem to begin something that was over since.
        let decided = pipeline.engine
        let ticks = pipeline.settings.runtimes.compactMap { pipeline.tick($0.name, now: now) }
        return Situation(
            pipeline: pipeline, ticks: ticks, source: source, notes: notes, configured: configured, answered: answered,
            decided: decided)
    }
}

extension Situation {
    /// Where every rule stands that is about one app or its workflows, on each runtime that has shown it; nil: about runtimes and replicas.
    public func explanations(of app: AppID?) -> [RuleExplanation] {
        let policies = pipeline.policies
        return ticks.flatMap { tick -> [RuleExplanation] in
            if let app {
                return policies.policy(for: app).appRules.flatMap { rule in
                    tick.readings.subjects(rule.subject, of: app).map { RuleExplanation(rule, $0, tick, self) }
                }
            }
            return policies.wideRules.flatMap { rule in
                tick.readings.subjects(rule.subject).map { RuleExplanation(rule, $0, tick, self) }
            }
        }
    }

    /// Where a rule on apps or workflows has begun, on all runtimes.
    public func begun(_ rule: String) -> [RuleExplanation] {
        ticks.flatMap { tick in
            tick.outcome.standings.compactMap { standing in
                guard standing.rule.isSame(as: rule), standing.subject.kind.isOfApp,
                    let rule = pipeline.policies.rule(rule, for: standing.subject)
                else { return nil }
                return RuleExplanation(rule, standing.subject, tick, self)
            }
        }
    }

    /// Apps that a runtime shows, with it, in the order of the table.
    public var apps: [(app: AppID, runtime: String)] {
        ticks.flatMap { tick in tick.readings.apps.map { ($0, tick.runtime) } }
    }
}
