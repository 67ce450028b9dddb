import Model
import Testing
import Views

/// Whether a rule may act by itself: what it would have done, and what a program gets to read of it.
@Suite("Readiness")
struct ReadinessTests {
    private static let start = Timestamp(rfc3339: "2026-11-21T09:00:00Z") ?? Timestamp(milliseconds: 0)
    private static let key = LeaseKey(kind: .throttle, runtime: "shared", app: AppID("app-clinic"))

    private static func incident(_ number: Int, resolvedAfter: TimeSpan?, _ verdicts: [(Verdict, lease: String?)]) -> Incident {
        let id = "incident-\(number)"
        var incident = Incident(
            fingerprint: id, id: id, rule: "noisy-neighbor", subject: .app(AppID("app-clinic"), runtime: "shared"), severity: .warning,
            summary: "", origin: Origin(file: "ops_policy.default.yaml", line: 1), condition: "active_runs > 5", openedAt: start,
            since: start, transitions: [], evidence: [], suggestions: [], nextSteps: [], playbook: nil, labels: [:])
        incident.resolvedAt = resolvedAfter.map { start + $0 }
        incident.decisions = verdicts.map { verdict, lease in
            ActionDecision(
                at: start, incident: id, key: key, effect: .throttle(Limits(concurrentWorkflows: 2)), ttl: .minutes(15),
                verdict: verdict, lease: lease, until: start + .minutes(15))
        }
        return incident
    }

    private static func lease(_ id: String, shadow: Bool, endedAfter: TimeSpan, _ reason: String) -> Lease {
        Lease(
            id: id, key: key, effect: .throttle(Limits(concurrentWorkflows: 2)), holders: [], createdAt: start,
            expiresAt: start + .minutes(15), state: .ended, shadow: shadow, endReason: reason, endedAt: start + endedAfter)
    }

    @Test("what would have been done, what held it back and what became of it stand in one row, steps in the guard's order")
    func document() {
        let readiness = Readiness(
            rules: ["noisy-neighbor", "app-errors"],
            incidents: [
                Self.incident(
                    1, resolvedAfter: .minutes(5),
                    [
                        (.refused(Refusal(.cooldown, "")), nil), (.refused(Refusal(.silenced, "")), nil),
                        (.refused(Refusal(.cooldown, "")), nil), (.wouldAsk(Refusal(.approval, "")), nil),
                        (.wouldHave, lease: "lease-1"),
                    ]),
                // An extension of the same lease is no second one.
                Self.incident(2, resolvedAfter: nil, [(.wouldHave, lease: "lease-2"), (.wouldHave, lease: "lease-2")]),
            ],
            leases: [
                Self.lease("lease-1", shadow: true, endedAfter: .minutes(5), "reverted"),
                Self.lease("lease-2", shadow: true, endedAfter: .minutes(15), "expired"),
            ],
            since: Self.start - .hours(24), now: Self.start + .hours(1))
        #expect(
            readiness.document.json == [
                "schema": "mozaiks.ops/readiness/v1", "since": "2026-11-20T09:00:00.000Z",
                "rules": [
                    [
                        "rule": "app-errors", "incidents": 0, "would_have": 0, "done": 0, "length": "0s", "apps": [],
                        "cleared_alone": 0, "effective": 0, "no_effect": 0, "effect_unknown": 0, "reverted": 0,
                        "needs_approval": [:], "refused": [:], "advice": "never fired: nothing to judge by",
                    ],
                    [
                        "rule": "noisy-neighbor", "incidents": 2, "would_have": 2, "done": 0, "length": "20m",
                        "apps": ["app-clinic"], "cleared_alone": 1, "effective": 0, "no_effect": 0, "effect_unknown": 0,
                        "reverted": 0, "needs_approval": ["approval": 1], "refused": ["silenced": 1, "cooldown": 2],
                        "advice": "1 of 2 outlasted the lease without help; its effect shows only under enforce",
                    ],
                ],
            ])
    }

    @Test("what was done in earnest counts with what was found of it, and what a person took back")
    func earnest() {
        var incident = Self.incident(1, resolvedAfter: nil, [(.act, lease: "lease-1")])
        incident.verifications = [
            Verification(at: Self.start + .minutes(5), lease: "lease-1", app: AppID("app-clinic"), outcome: .noEffect, text: "")
        ]
        let readiness = Readiness(
            rules: ["noisy-neighbor"], incidents: [incident],
            leases: [Self.lease("lease-1", shadow: false, endedAfter: .minutes(6), "reverted")], since: Self.start,
            now: Self.start + .hours(1))
        let row = readiness.document.json["rules"]?[0]
        #expect(row?["done"]?.int == 1 && row?["would_have"]?.int == 0 && row?["reverted"]?.int == 1 && row?["no_effect"]?.int == 1)
        #expect(row?["length"]?.string == "6m")
        #expect(row?["advice"]?.string == "1 of 1 changed nothing: look at these before it goes on")
    }
}
