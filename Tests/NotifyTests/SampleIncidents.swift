import Model
import Notify

/// Incidents as the engine and the guard make them, for texts to be looked at.
enum Sample {
    static let start = Timestamp(rfc3339: "2026-11-21T03:00:05.000Z")!  // A literal of this file.

    static func at(_ seconds: Double) -> Timestamp { start + .seconds(seconds) }

    static let clinic = Subject.app(AppID("app-clinic"), runtime: "shared")
    static let runtime = Subject.runtime("shared")

    static let noisyCondition =
        "active_runs.share > $noisy_share and runtime.active_runs >= $noisy_min_runs and runtime.active_apps >= 3"

    static func noisyValues(share: String, runs: Int) -> String {
        "active_runs.share (\(share)) > $noisy_share (40%) and runtime.active_runs (\(runs)) >= $noisy_min_runs (10) "
            + "and runtime.active_apps (5) >= 3"
    }

    static func transition(
        _ seconds: Double, _ from: Phase, _ to: Phase, _ reason: String, _ condition: String,
        rule: String = "noisy-neighbor", subject: Subject = clinic
    ) -> Transition {
        Transition(
            at: at(seconds), rule: rule, subject: subject, from: from, to: to, reason: reason, condition: condition,
            readings: [])
    }

    static func incident(
        rule: String = "noisy-neighbor", subject: Subject = clinic, severity: Severity = .warning,
        summary: String = "One app takes most of the runtime.", file: String = "built-in ops_policy.default.yaml",
        line: Int = 88, condition: String = noisyCondition,
        transitions: [Transition], suggestions: [String] = [], nextSteps: [String]? = nil, playbook: String? = nil
    ) -> Incident {
        let opened = transitions.first?.at ?? start
        return Incident(
            fingerprint: "5f2c9a7b1d3e4f60", id: "5f2c9a7b1d3e4f60-\(opened.milliseconds)", rule: rule,
            subject: subject,
            severity: severity, summary: summary,
            origin: Origin(file: file, line: line), condition: condition, openedAt: opened,
            since: start, transitions: transitions, evidence: [], suggestions: suggestions,
            nextSteps: nextSteps ?? [
                "Look at what the app runs and who started it.",
                "If this is its normal load, give it a policy of its own or a runtime of its own.",
            ], playbook: playbook, labels: ["topology": "shared"])
    }

    static let fired = transition(
        300, .pending, .firing, "condition true for 5m", noisyValues(share: "61.1%", runs: 118))

    static func noisy() -> Incident { incident(transitions: [fired], playbook: "noisy-neighbor") }

    static let throttle = Effect.throttle(Limits(concurrentWorkflows: 2))
    static let throttleKey = LeaseKey(kind: .throttle, runtime: "shared", app: AppID("app-clinic"))

    static func decision(
        _ seconds: Double, _ verdict: Verdict, lease: String? = nil, approval: String? = nil, key: LeaseKey = throttleKey,
        effect: Effect = throttle, ttl: TimeSpan = .minutes(15)
    ) -> ActionDecision {
        ActionDecision(
            at: at(seconds), incident: noisy().id, key: key, effect: effect, ttl: ttl, verdict: verdict, lease: lease,
            approval: approval)
    }

    static let lease = "lease-0123456789abcdef"

    static func message(
        _ event: Message.Event, _ incident: Incident, mode: Mode = .enforce, environment: String = "production",
        _ seconds: Double
    ) -> Message {
        Message(event: event, incident: incident, environment: environment, mode: mode, at: at(seconds))
    }

    /// Messages about one incident that tell of its opening, its end and what was done.
    static let ordinary: [(name: String, message: Message)] = [
        ("noisy-throttled", noisyThrottled), ("noisy-extended", noisyExtended), ("noisy-observe", noisyObserve),
        ("noisy-kill-switch", noisyKillSwitch), ("noisy-resolved-lease-runs", noisyResolved(endsAfter: 900)),
        ("noisy-resolved-lease-over", noisyResolved(endsAfter: 1_700)), ("noisy-again", noisyAgain),
        ("noisy-max-lease", noisyMaxLease), ("runtime-down", runtimeDown), ("runtime-down-staging", runtimeDownStaging),
        ("runtime-overtaken", runtimeOvertaken), ("runtime-removed", runtimeRemoved), ("saturated-paused", saturated),
        ("token-burn-approval", tokenBurn),
        ("drill", drill),
    ]

    private static var noisyThrottled: Message {
        var incident = noisy()
        incident.decisions = [decision(300, .act, lease: lease)]
        return message(.opened, incident, 300)
    }

    private static var noisyExtended: Message {
        var incident = noisy()
        incident.acknowledged = .init(at: at(600), by: "dana", until: at(8_000), comment: "looking")
        incident.decisions = [decision(300, .act, lease: lease), decision(1_100, .act, lease: lease)]
        return message(.updated, incident, 1_100)
    }

    private static var noisyObserve: Message {
        var incident = noisy()
        incident.decisions = [decision(300, .wouldHave, lease: "lease-00000000000000aa")]
        return message(.opened, incident, mode: .observe, 300)
    }

    private static var noisyKillSwitch: Message {
        var incident = noisy()
        incident.decisions = [
            decision(
                300,
                .refused(
                    Refusal(
                        .killSwitch,
                        "actions were stopped by dana at 2026-11-20T22:41:07.250Z; `actions resume` lifts it"))
            )
        ]
        return message(.opened, incident, 300)
    }

    private static func noisyResolved(endsAfter seconds: Double) -> Message {
        var incident = noisy()
        incident.decisions = [decision(300, .act, lease: lease)]
        incident.transitions += [
            transition(seconds - 120, .firing, .clearing, "condition false", noisyValues(share: "31%", runs: 64)),
            transition(seconds, .clearing, .inactive, "condition false for 2m", noisyValues(share: "22.5%", runs: 40)),
        ]
        incident.resolvedAt = at(seconds)
        incident.resolveReason = "cleared"
        return message(.resolved, incident, seconds)
    }

    private static var noisyAgain: Message {
        var incident = noisyResolved(endsAfter: 900).incident
        incident.resolvedAt = nil
        incident.resolveReason = nil
        incident.flaps = 2
        incident.transitions.append(
            transition(1_500, .pending, .firing, "condition true for 5m", noisyValues(share: "58%", runs: 112)))
        let cooldown = Refusal(.cooldown, "app-clinic had a throttle 5m ago; another in 5m")
        incident.decisions.append(decision(1_500, .refused(cooldown)))
        return message(.opened, incident, 1_500)
    }

    private static var noisyMaxLease: Message {
        var incident = noisy()
        incident.decisions = [
            decision(300, .act, lease: lease),
            decision(
                7_500,
                .refused(
                    Refusal(
                        .maxLease,
                        "throttle to 2 runs at once lasted 2h, the longest allowed, and the condition is still true: "
                            + "a person has to look")), lease: lease),
        ]
        incident.handling = [
            HandlingNote(
                at: at(7_500), kind: .leaseEnded, by: "gate",
                text: "throttle to 2 runs at once is over (\(lease)): lasted the longest allowed")
        ]
        return message(.updated, incident, 7_500)
    }

    private static func down(transitions: [Transition]) -> Incident {
        incident(
            rule: "runtime-down", subject: runtime, severity: .critical, summary: "The runtime answers nobody.",
            line: 42,
            condition: "up == 0", transitions: transitions,
            nextSteps: [
                "Look whether the process runs and its port is open from this machine.",
                "Read the last lines of its log; restart it if it hangs.",
            ], playbook: "runtime-down")
    }

    private static let wentDown = transition(
        300, .pending, .firing, "condition true for 5m", "up (0) == 0", rule: "runtime-down", subject: runtime)

    private static var runtimeDown: Message { message(.opened, down(transitions: [wentDown]), 300) }

    private static var runtimeDownStaging: Message {
        message(.opened, down(transitions: [wentDown]), mode: .observe, environment: "staging", 300)
    }

    private static var runtimeRemoved: Message {
        let removed = transition(
            4_000, .firing, .inactive, "rule removed", "up == 0", rule: "runtime-down", subject: runtime)
        var incident = down(transitions: [wentDown, removed])
        incident.resolvedAt = at(4_000)
        incident.resolveReason = "removed"
        return message(.resolved, incident, 4_000)
    }

    private static var runtimeOvertaken: Message {
        let ended = transition(
            4_000, .clearing, .inactive, "condition false for 2m, while runtime-unreachable holds", "up == 0", rule: "runtime-down",
            subject: runtime)
        var incident = down(transitions: [wentDown, ended])
        incident.resolvedAt = at(4_000)
        incident.resolveReason = "overtaken"
        return message(.resolved, incident, 4_000)
    }

    private static var saturated: Message {
        let values =
            "active_runs (231) > $max_active_runs (200) and (rise(error_rate[10m]) (missing: dead_counter) > 1.5 or "
            + "rise(silent_runs.share[10m]) (2.4) > 1.5)"
        var incident = incident(
            rule: "runtime-saturated", subject: runtime, severity: .critical,
            summary: "The runtime carries too many runs and they begin to fail.", line: 131,
            condition:
                "active_runs > $max_active_runs and (rise(error_rate[10m]) > 1.5 or rise(silent_runs.share[10m]) > 1.5)",
            transitions: [
                transition(
                    120, .pending, .firing, "condition true for 2m", values, rule: "runtime-saturated", subject: runtime
                )
            ], suggestions: ["scale_out"], nextSteps: ["Add a replica, or move the heaviest app away."])
        let radius = Refusal(.blastRadius, "1 of 14 active apps of shared are under action; at most 1 may be")
        func pause(_ app: String) -> LeaseKey { LeaseKey(kind: .pause, runtime: "shared", app: AppID(app)) }
        incident.decisions = [
            decision(120, .act, lease: lease, key: pause("app-clinic"), effect: .pause, ttl: .minutes(10)),
            decision(120, .needsApproval(radius), key: pause("app-shop"), effect: .pause, ttl: .minutes(10)),
            decision(120, .needsApproval(radius), key: pause("app_bank_eu"), effect: .pause, ttl: .minutes(10)),
        ]
        return message(.opened, incident, 120)
    }

    private static var tokenBurn: Message {
        let values =
            "tokens[5m] (48210.5/min) > $token_spike (3) * baseline(tokens[24h]) (9120/min) and tokens[5m] "
            + "(48210.5/min) > 2000/min"
        var incident = incident(
            rule: "token-burn-spike", summary: "An app burns tokens far above its own usual rate.", line: 146,
            condition: "tokens > $token_spike * baseline(tokens[24h]) and tokens > 2000/min",
            transitions: [
                transition(300, .pending, .firing, "condition true for 5m", values, rule: "token-burn-spike")
            ],
            suggestions: ["raise_limit", "contact_tenant"],
            nextSteps: ["Look for a loop in its workflows.", "Ask the tenant whether this is meant."])
        incident.decisions = [
            decision(
                300,
                .needsApproval(
                    Refusal(
                        .approval, "the policy asks for a person's approval (built-in ops_policy.default.yaml:156)")),
                effect: .throttle(Limits(concurrentWorkflows: 1)), ttl: .minutes(30))
        ]
        return message(.opened, incident, 300)
    }

    private static var drill: Message { message(.drill, noisyThrottled.incident, 300) }
}
