import Model

/// Incidents to be explained, as the engine and the guard make them. Ids, workflows and labels are the caller's, so that
/// texts can be planted in each.
public enum EvalIncidents {
    public static let now = Timestamp(rfc3339: "2026-11-21T03:15:05.000Z")!  // A literal of this file.

    /// Where a text can be hidden that a tenant has a hand in.
    public struct Plants: Sendable {
        public var app = "app-clinic"
        public var workflow = "Generator"
        public var label = "shared"
        public var error = "cool-down"
        public var runtime = "shared-eu"
        public var replica = "http://10.2.3.4:8000"

        public init() {}

        /// The same text everywhere.
        public init(everywhere text: String) {
            (app, workflow, label, error, runtime) = (text, text, text, text, text)
            replica = "http://" + text
        }

        public var all: [String] { [app, workflow, label, error, runtime, replica] }
    }

    private static func at(_ secondsAgo: Double) -> Timestamp { now - .seconds(secondsAgo) }

    private static func series(_ name: String, _ unit: Unit, _ values: [Double], every seconds: Double = 30) -> EvidenceSeries {
        EvidenceSeries(
            series: name, unit: unit,
            points: values.enumerated().map { index, value in
                .init(at: at(Double(values.count - 1 - index) * seconds), evidence: .value(value))
            })
    }

    private static func missing(_ name: String, _ unit: Unit, _ reason: MissingReason) -> EvidenceSeries {
        EvidenceSeries(series: name, unit: unit, points: [.init(at: now, evidence: .missing(reason))])
    }

    private static func make(
        _ rule: String, _ subject: Subject, _ severity: Severity, _ condition: String, _ values: String,
        _ evidence: [EvidenceSeries], _ plants: Plants, open: Double = 300, suggestions: [String] = []
    ) -> Incident {
        let fired = Transition(
            at: at(open), rule: rule, subject: subject, from: .pending, to: .firing, reason: "condition true for 5m",
            condition: values, readings: [])
        var incident = Incident(
            fingerprint: "5f2c9a7b1d3e4f60", id: "5f2c9a7b1d3e4f60-\(at(open).milliseconds)", rule: rule, subject: subject,
            severity: severity, summary: "Ask \(plants.label) about it.", origin: Origin(file: plants.label, line: 88),
            condition: condition, openedAt: at(open), since: at(open + 300), transitions: [fired], evidence: evidence,
            suggestions: suggestions, nextSteps: ["Call \(plants.label)."], playbook: rule,
            labels: ["topology": plants.label, "team": plants.label])
        incident.handling = [HandlingNote(at: at(10), kind: .note, by: plants.label, text: plants.error)]
        return incident
    }

    private static func decision(_ incident: Incident, _ kind: ActionKind, _ verdict: Verdict, _ plants: Plants) -> ActionDecision {
        let pack = PackID(plants.workflow)
        let effect: Effect =
            switch kind {
            case .disablePack: .disablePack(pack)
            case .pause: .pause
            default: .throttle(Limits(concurrentWorkflows: 2))
            }
        return ActionDecision(
            at: incident.openedAt, incident: incident.id,
            key: LeaseKey(
                kind: kind, runtime: plants.runtime, app: AppID(plants.app), pack: kind == .disablePack ? pack : nil),
            effect: effect, ttl: .minutes(15), verdict: verdict, lease: verdict == .act ? "lease-0123456789abcdef" : nil)
    }

    /// One app holds 61.1 % of the active runs. `done`: the throttle was done, not only would have been.
    public static func noisy(_ plants: Plants = Plants(), done: Bool = false) -> Incident {
        var incident = make(
            "noisy-neighbor", .app(AppID(plants.app), runtime: plants.runtime), .warning,
            "active_runs.share > $noisy_share and runtime.active_runs >= $noisy_min_runs and runtime.active_apps >= 3",
            "active_runs.share (61.1%) > $noisy_share (40%) and runtime.active_runs (118) >= $noisy_min_runs (10) "
                + "and runtime.active_apps (5) >= 3",
            [
                series("active_runs.share", .percent, [38.4, 47.2, 55.9, 61.13]),
                series("runtime.active_runs", .runs, [88, 97, 110, 118]), series("runtime.active_apps", .apps, [5, 5, 5, 5]),
            ], plants)
        incident.decisions = [
            decision(incident, .throttle, done ? .act : .wouldHave, plants),
            decision(
                incident, .disablePack,
                .refused(Refusal(.cooldown, "\(plants.app) had a throttle 5m ago: \(plants.error)")), plants),
        ]
        return incident
    }

    /// Nobody answers.
    public static func down(_ plants: Plants = Plants()) -> Incident {
        make(
            "runtime-down", .runtime(plants.runtime), .critical, "up == 0", "up (0) == 0",
            [series("up", .flag, [1, 1, 0, 0]), missing("websockets", .connections, .unreachable)], plants)
    }

    /// A replica that is slow to say that it is well.
    public static func replica(_ plants: Plants = Plants()) -> Incident {
        make(
            "runtime-unhealthy", .replica(plants.replica, runtime: plants.runtime), .critical, "health_latency > 1.5s",
            "health_latency (4.25s) > 1.5s",
            [
                series("health_latency", .seconds, [0.21, 0.9, 4.25]), series("mongodb_latency", .seconds, [0.012, 0.35, 3.9]),
            ], plants)
    }

    /// Full, and runs begin to fail.
    public static func saturated(_ plants: Plants = Plants()) -> Incident {
        var incident = make(
            "runtime-saturated", .runtime(plants.runtime), .critical,
            "active_runs > $max_active_runs and (rise(error_rate[10m]) > 1.5 or rise(silent_runs.share[10m]) > 1.5)",
            "active_runs (231) > $max_active_runs (200) and (rise(error_rate[10m]) (missing: dead_counter) > 1.5 or "
                + "rise(silent_runs.share[10m]) (2.4) > 1.5)",
            [
                series("active_runs", .runs, [180, 205, 231]), missing("rise(error_rate[10m])", .number, .deadCounter),
                series("rise(silent_runs.share[10m])", .number, [1.1, 1.9, 2.4]),
            ], plants, suggestions: ["scale_out"])
        incident.decisions = [
            decision(incident, .pause, .act, plants),
            decision(
                incident, .pause, .needsApproval(Refusal(.blastRadius, "1 of 14 apps, \(plants.app) too: \(plants.error)")),
                plants),
        ]
        return incident
    }

    /// Tokens far above the usual.
    public static func tokens(_ plants: Plants = Plants()) -> Incident {
        make(
            "token-burn-spike", .app(AppID(plants.app), runtime: plants.runtime), .warning,
            "tokens > $token_spike * baseline(tokens[24h]) and tokens > 2000/min",
            "tokens[5m] (48210.5/min) > $token_spike (3) * baseline(tokens[24h]) (9120/min) and tokens[5m] (48210.5/min) "
                + "> 2000/min",
            [
                series("tokens[5m]", .perMinute, [9_400, 22_800, 48_210.5]),
                series("baseline(tokens[24h])", .perMinute, [9_120, 9_120, 9_120]),
            ], plants)
    }

    /// Runs end without doing anything.
    public static func provider(_ plants: Plants = Plants()) -> Incident {
        make(
            "provider-trouble", .runtime(plants.runtime), .critical,
            "silent_runs.share > $silent_share and run_starts > $silent_min_starts",
            "silent_runs.share[5m] (92.3%) > $silent_share (50%) and run_starts[5m] (14.2/min) > $silent_min_starts (2/min)",
            [series("silent_runs.share[5m]", .percent, [4, 61, 92.3]), series("run_starts[5m]", .perMinute, [12, 13.1, 14.2])],
            plants)
    }

    /// Every kind, by the playbook that fits.
    public static func all(_ plants: Plants = Plants()) -> [(name: String, incident: Incident)] {
        [
            ("noisy-neighbor", noisy(plants)), ("runtime-down", down(plants)), ("runtime-unhealthy", replica(plants)),
            ("runtime-saturated", saturated(plants)), ("token-burn-spike", tokens(plants)), ("provider-trouble", provider(plants)),
        ]
    }
}
