import DecisionKit
import Engine
import Model
import Testing

@testable import Guard

/// What becomes of a lease once it can be told whether it changed anything; and deploys, which are compared in the same way.
@Suite("Verification and marks")
struct VerificationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        /// (runs, starts a minute) before, and while the lease lasts; nil: not known.
        let before: (Double?, Double?)
        let after: (Double?, Double?)
        /// What is found, and after how many minutes at the latest; nil: nothing.
        let expected: (outcome: Verification.Outcome, minutes: Int)?
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "starts fall and the condition is over", before: (20, 12), after: (2, 1), expected: (.effective, 4)),
        Case(name: "starts fall and the signal falls, still above", before: (20, 12), after: (12, 5), expected: (.effective, 4)),
        Case(name: "nothing falls: nobody enforces it", before: (20, 12), after: (20, 12), expected: (.noEffect, 4)),
        Case(name: "starts fall, the signal never follows", before: (20, 12), after: (20, 5), expected: (.noEffect, 14)),
        Case(name: "starts are not known", before: (20, nil), after: (20, nil), expected: (.unknown, 14)),
        Case(name: "nothing was started before", before: (20, 0), after: (20, 0), expected: (.unknown, 14)),
        Case(name: "evidence is lost", before: (20, 12), after: (nil, nil), expected: (.unknown, 14)),
    ]

    @Test("found from evidence", arguments: cases)
    func verified(_ given: Case) throws {
        var world = try LeaseTests.world()
        func set(_ values: (Double?, Double?)) {
            world.apps[AppID("a")] = [
                "active_runs": values.0.map { .value($0) } ?? .missing(.unreachable),
                "run_starts[3m]": values.1.map { .value($0) } ?? .missing(.unreachable),
            ]
        }
        set(given.before)
        let lease = try #require(world.tick().plan.leaseChanges.first?.lease)
        set(given.after)
        var found: [(minute: Int, Verification)] = []
        var changes: [LeaseChange] = []
        var decisions: [ActionDecision] = []
        for step in 1...(14 * 6) {
            let plan = world.tick().plan
            found += plan.verifications.map { (step / 6, $0.verification) }
            changes += plan.leaseChanges
            decisions += plan.decisions
        }
        #expect(found.count == 1)
        let (minute, verification) = try #require(found.first)
        #expect(verification.outcome == given.expected?.outcome)
        #expect(minute >= 3 && minute <= given.expected?.minutes ?? 0, "minute \(minute): \(verification.text)")
        #expect(verification.lease == lease.id)
        if verification.outcome == .noEffect {
            #expect(changes.last?.reason == "no_effect")
            #expect(decisions.map { $0.verdict.name } == ["refused no_effect"])
            // Whom it kept out would not say that nothing changed.
            if case .refused(let refusal)? = decisions.first?.verdict {
                #expect(
                    refusal.text.contains(given.after.1 == given.before.1 ? " changed nothing: " : " did not help: "), "\(refusal.text)")
            }
            let later = world.run(3_600)
            #expect(later.flatMap(\.plan.leaseChanges).isEmpty, "its incident starts no other")
        } else {
            #expect(changes.allSatisfy { $0.kind == .extend })
        }
    }

    @Test("an adapter that is down for a while: what is found is found from the moment at which the lease is in force")
    func confirmedLate() throws {
        var world = try LeaseTests.world()
        world.lands = false
        world.apps[AppID("a")] = ["active_runs": .value(20), "run_starts[3m]": .value(12)]
        let lease = try #require(world.tick().plan.leaseChanges.first?.lease)
        #expect(world.run(9 * 60).allSatisfy { $0.plan == Plan() }, "nothing was tried, so nothing is found")
        world.guardian.confirm(lease.id)
        #expect(world.run(3 * 60 - 10).flatMap(\.plan.verifications).isEmpty)
        world.apps[AppID("a")] = ["active_runs": .value(2), "run_starts[3m]": .value(1)]
        #expect(world.run(60).flatMap(\.plan.verifications).map(\.verification.outcome) == [.effective])
    }

    @Test("fell while the adapter was down, and not after: not found effective")
    func fellBefore() throws {
        var world = try LeaseTests.world()
        world.lands = false
        world.apps[AppID("a")] = ["active_runs": .value(40), "run_starts[3m]": .value(12)]
        let lease = try #require(world.tick().plan.leaseChanges.first?.lease)
        world.apps[AppID("a")] = ["active_runs": .value(20), "run_starts[3m]": .value(6)]
        world.run(5 * 60)
        world.guardian.confirm(lease.id)
        #expect(world.run(4 * 60).flatMap(\.plan.verifications).map(\.verification.outcome) == [.noEffect])
    }

    @Test("never in force: unknown, nobody is handed anything, and its incident may start another")
    func neverInForce() throws {
        var world = try LeaseTests.world()
        world.lands = false
        world.apps[AppID("a")] = ["active_runs": .value(20), "run_starts[3m]": .value(12)]
        let lease = try #require(world.tick().plan.leaseChanges.first?.lease)
        let plans = world.run(2 * 3_600 + 60).map(\.plan)
        let ends = plans.flatMap(\.leaseChanges).filter { $0.kind == .end }
        #expect(ends.map(\.reason) == ["expired"])
        let found = plans.flatMap(\.verifications).map(\.verification)
        #expect(found.map(\.outcome) == [.unknown] && found.first?.lease == lease.id)
        #expect(found.first?.text.contains("never in force") == true)
        #expect(world.guardian.handedOver.isEmpty)
        let steps = Set(plans.flatMap(\.decisions).map { $0.verdict.name })
        #expect(steps.isDisjoint(with: ["refused no_effect", "refused max_lease"]), "\(steps)")
    }

    @Test("what is not in force yet stays so across a restart")
    func watchDocument() throws {
        var world = try LeaseTests.world()
        world.lands = false
        world.apps[AppID("a")] = ["active_runs": .value(20), "run_starts[3m]": .value(12)]
        world.tick()
        let read = try GuardState(document: world.guardian.document)
        #expect(read.watches == world.guardian.watches && read.watches.map(\.isInForce) == [false])
    }

    @Test("a lease that only pretends changes nothing, so nothing is verified")
    func shadow() throws {
        var world = try LeaseTests.world(mode: .observe)
        world.apps[AppID("a")]?["run_starts[3m]"] = .value(5)
        world.tick()
        #expect(world.run(840).flatMap(\.plan.verifications).isEmpty)
    }

    @Test("from observe to enforce: what only pretended makes way at once, and counts for nothing")
    func promotion() throws {
        var world = try LeaseTests.world(mode: .observe)
        world.tick()
        world.run(60)
        world.context.mode = .enforce
        let plan = world.tick().plan
        #expect(plan.leaseChanges.map { "\($0.kind) \($0.lease.shadow) \($0.reason)" } == ["end true mode", "intend false asked by noisy"])
        #expect(plan.leaseChanges.last.map { $0.lease.expiresAt - $0.lease.createdAt } == .minutes(15))
    }

    @Test("a handover of what only pretended does not bind what is done in earnest")
    func promotionAfterHandover() throws {
        var world = try LeaseTests.world(mode: .observe)
        world.run(2 * 3_600 + 60)
        #expect(world.guardian.handedOver.count == 1)
        world.context.mode = .enforce
        #expect(world.tick().plan.decisions.map(\.verdict) == [.act])
    }

    @Test("a lease that is still being undone lets no other begin on its key, and counts for the blast radius")
    func beingUndone() throws {
        var world = try LeaseTests.world()
        world.lands = false
        world.runtime["active_apps"] = .value(10)
        let lease = world.tick().plan.leaseChanges[0].lease
        world.guardian.confirm(lease.id)
        _ = world.guardian.revert(lease.id, now: world.now)
        world.runs("a", 0)
        world.run(1_200)
        world.runs("a", 9)
        world.runs("b", 9)
        let texts = world.run(20).flatMap(\.plan.decisions).map { "\($0.key.app) \($0.verdict)" }
        #expect(texts.count == 2)
        #expect(texts.contains { $0.hasPrefix("a ") && $0.contains("still being undone") })
        #expect(texts.contains { $0.hasPrefix("b ") && $0.contains("under action") })
        world.guardian.settle(lease.id, now: world.now, overwritten: true)
        #expect(world.guardian.leases[0].endReason == "overwritten")
        #expect(world.tick().plan.decisions.map(\.verdict).contains(.act))
    }

    @Test("a pick is acted upon only while it weighs; nothing is picked while a weight is lost")
    func picks() throws {
        var world = try LeaseTests.world(
            """
              saturated: {subject: runtime, when: active_runs > 100, for: 0s, severity: critical, summary: s,
                          actions: [pause: {apps: "top(2, active_runs)", ttl: 10m}]}
            """)
        world.apps = [AppID("a"): ["active_runs": .missing(.partial)], AppID("b"): ["active_runs": .value(3)]]
        world.runtime["active_runs"] = .value(120)
        #expect(world.tick().plan == Plan())
        world.runs("a", 50)
        world.context.killFile = true
        world.tick()
        world.context.killFile = false
        world.runs("a", 0)
        world.apps[AppID("b")]?["active_runs"] = .missing(.stale)
        let decisions = world.tick().plan.decisions.map { $0.verdict.name }
        #expect(decisions == ["refused evidence", "refused evidence"])
    }

    // MARK: - Marks

    @Test("a marked deploy: no new actions for ten minutes, and the signals before and after it")
    func deploy() throws {
        var world = try LeaseTests.world()
        world.runs("a", 0)
        world.runtime["run_starts[10m]"] = .value(12)
        world.runtime["error_rate[10m]"] = .value(1)
        world.tick()
        world.guardian.mark("v1.42", runtime: nil, by: "cli:ann", now: world.now)
        #expect(world.guardian.comparesMarks("shared", restart: nil, now: world.now))
        #expect(world.tick().plan.marks.map(\.name) == ["v1.42"])
        #expect(!world.guardian.comparesMarks("shared", restart: nil, now: world.now))
        world.runs("a", 9)
        let refused = try #require(world.tick().plan.decisions.first)
        #expect("\(refused.verdict)".contains("cli:ann marked the deploy v1.42"))
        world.runtime["error_rate[10m]"] = .value(30)
        let plans = world.run(10 * 60).map(\.plan)
        let mark = try #require(plans.flatMap(\.marks).first)
        let lines = try #require(mark.comparison(of: "shared")?.lines)
        #expect(lines.filter(\.isNotable).map(\.series) == ["error_rate[10m]"])
        #expect(plans.flatMap(\.decisions).map(\.verdict).contains(.act), "and then it acts")
    }

    @Test("a restart marks itself, once")
    func restart() throws {
        var world = try LeaseTests.world()
        world.runs("a", 0)
        world.context.restartedAt = World.start
        #expect(world.guardian.comparesMarks("shared", restart: World.start, now: world.now))
        world.run(15 * 60)
        #expect(world.guardian.marks.map(\.title) == ["restart of shared"])
    }

    @Test("a deploy of another runtime holds nothing back here")
    func otherRuntime() throws {
        var world = try LeaseTests.world()
        world.guardian.mark("v1", runtime: "other", by: "cli:ann", now: world.now)
        #expect(world.tick().plan.decisions.map(\.verdict) == [.act])
    }

    @Test("hundreds of other runtimes restart: it stays quiet here for as long as it has to, and what is remembered is bounded")
    func manyMarks() throws {
        var world = try LeaseTests.world()
        world.runs("a", 0)
        world.context.restartedAt = world.now
        world.tick()
        world.guardian.mark("v1", runtime: nil, by: "cli:ann", now: world.now)
        for index in 0..<300 { world.guardian.noteRestart(world.now + .seconds(1), of: "other-\(index % 100)") }
        for index in 0..<300 { world.guardian.mark("v2-\(index)", runtime: "other", by: "cli:ann", now: world.now + .seconds(1)) }
        #expect(world.guardian.marks.count <= GuardState.markLimit + 102)
        world.runs("a", 9)
        let quiet = world.run(9 * 60).flatMap(\.plan.decisions).map { $0.verdict.name }
        #expect(quiet == ["refused quiet_period"])
        #expect(world.run(2 * 60).flatMap(\.plan.decisions).map(\.verdict) == [.act])
    }

    // MARK: - Missing evidence

    static let reasons: [MissingReason] = [
        .notTracked, .deadCounter, .unauthorized, .unreachable, .error(status: 500), .malformed, .stale, .partial, .tooLittleData,
        .noTraffic,
    ]

    @Test("no action on missing evidence: every kind of it, every action, both places", arguments: reasons)
    func neverOnMissing(_ reason: MissingReason) throws {
        let actions = ["throttle: {concurrent_workflows: 2, ttl: 15m}", "pause: {ttl: 15m}", "disable_pack: {pack: Gen, ttl: 15m}"]
        for action in actions {
            for subject in ["own", "apps", "only_if", "condition of missing"] {
                let given = subject == "only_if" ? action.replacing("}", with: ", only_if: runtime.websockets > 1}") : action
                let when = subject == "condition of missing" ? "active_runs > 5 or missing(errors)" : "active_runs > 5"
                var world = try LeaseTests.world(
                    "  noisy: {subject: app, when: \"\(when)\", for: 0s, severity: info, summary: s, actions: [\(given)]}")
                world.apps[AppID("a")]?["errors[5m]"] = .value(0)
                // First known and firing, held back by the kill switch; then lost, and the switch lifted.
                world.context.killFile = true
                world.tick()
                world.context.killFile = false
                switch subject {
                case "own": world.apps[AppID("a")]?["active_runs"] = .missing(reason)
                case "apps": world.runtime["active_apps"] = .missing(reason)
                case "only_if": world.runtime["websockets"] = .missing(reason)
                default:
                    world.runs("a", 1)
                    world.apps[AppID("a")]?["errors[5m]"] = .missing(reason)
                }
                let plans = world.run(60).map(\.plan)
                #expect(plans.flatMap(\.leaseChanges).isEmpty, "\(action) on \(subject) \(reason)")
            }
        }
    }

    @Test("nothing is extended on missing evidence", arguments: reasons)
    func neverExtends(_ reason: MissingReason) throws {
        var world = try LeaseTests.world()
        world.tick()
        world.run(12 * 60)
        world.apps[AppID("a")]?["active_runs"] = .missing(reason)
        #expect(world.run(5 * 60).flatMap(\.plan.leaseChanges).map(\.kind) == [.end])
    }
}
