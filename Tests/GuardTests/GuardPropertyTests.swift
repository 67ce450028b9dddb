import DecisionKit
import Engine
import JSONParsing
import Model
import Policy
import Testing

@testable import Guard

/// What must hold whatever the readings are: random histories of a runtime with many apps, judged by rules that ask for a lot.
@Suite("The guard over random histories")
struct GuardPropertyTests {
    static let rules = """
          noisy: {subject: app, when: active_runs > 5, for: 20s, clear_after: 30s, severity: warning, summary: s,
                  actions: [throttle: {concurrent_workflows: 1, requests_per_minute: 3, ttl: 4m}]}
          burning: {subject: app, when: active_runs > 7 or errors > 5/min, for: 0s, clear_after: 20s, severity: info, summary: s,
                    actions: [throttle: {concurrent_workflows: 3, ttl: 6m}, {pause: {ttl: 2m, only_if: runtime.websockets > 5}}]}
          broken: {subject: app, when: errors > 8/min, for: 10s, clear_after: 20s, severity: critical, summary: s,
                   actions: [disable_pack: {pack: Gen, ttl: 3m}]}
          full: {subject: runtime, when: websockets > 8, for: 20s, clear_after: 20s, severity: critical, summary: s,
                 actions: [pause: {apps: "top(3, active_runs)", ttl: 5m}]}
          asks: {subject: app, when: active_runs > 8, for: 0s, severity: info, summary: s,
                 require_approval: [pause: {ttl: 5m}]}
        """

    static let protected = AppID("app-3")

    static func world(_ mode: Mode) throws -> World {
        var world = try World(rules: rules)
        world.context.mode = mode
        world.context.landable = [.throttle, .pause, .disablePack]
        world.context.options.protected = [protected]
        world.context.options.cooldown = .minutes(2)
        world.context.options.maxLease = .minutes(20)
        world.context.options.perAppHour = 4
        world.context.options.totalHour = 14
        world.context.options.leasesPerDay = 5
        world.context.options.blastPercent = 25
        world.context.options.stormIncidents = 6
        world.context.options.floor = Limits(concurrentWorkflows: 2, requestsPerMinute: 10)
        return world
    }

    /// Moves the readings on by one step: gauges wander, evidence comes and goes, apps fall silent, the runtime restarts.
    static func step(_ world: inout World, _ numbers: inout Numbers) {
        func chance(_ percent: UInt64) -> Bool { numbers.next() % 100 < percent }
        func evidence(_ now: Evidence?, _ most: UInt64) -> Evidence {
            if chance(3) {
                return .missing([.unreachable, .stale, .partial, .deadCounter, .tooLittleData].randomElement(using: &numbers) ?? .stale)
            }
            if let now, now.value != nil, !chance(5) { return now }
            return .value(Double(numbers.next() % most))
        }
        for index in 0..<14 {
            let app = AppID("app-\(index)")
            let old = world.apps[app] ?? [:]
            world.apps[app] = [
                "active_runs": evidence(old["active_runs"], 10), "errors[5m]": evidence(old["errors[5m]"], 10),
            ]
        }
        world.runtime["websockets"] = evidence(world.runtime["websockets"], 10)
        let active = world.apps.values.count { ($0["active_runs"]?.value ?? 0) > 0 }
        world.runtime["active_apps"] = chance(2) ? .missing(.partial) : chance(1) ? .value(1) : .value(Double(active))
        if chance(1), chance(20) { world.context.restartedAt = world.now }
    }

    @Test("observe decides what enforce does on the same tape", arguments: 1...4 as ClosedRange<UInt64>)
    func sameInObserve(seed: UInt64) throws {
        var (observe, enforce) = (try GuardPropertyTests.world(.observe), try GuardPropertyTests.world(.enforce))
        var (a, b) = (Numbers(seed: seed), Numbers(seed: seed))
        var acts = 0
        for _ in 0..<360 {
            GuardPropertyTests.step(&observe, &a)
            GuardPropertyTests.step(&enforce, &b)
            let (would, did) = (observe.tick(after: 20).plan, enforce.tick(after: 20).plan)
            #expect(would.decisions.map(GuardPropertyTests.plain) == did.decisions.map(GuardPropertyTests.plain))
            #expect(
                would.leaseChanges.map { "\($0.kind) \($0.lease.id) \($0.lease.expiresAt) \($0.reason)" }
                    == did.leaseChanges.map { "\($0.kind) \($0.lease.id) \($0.lease.expiresAt) \($0.reason)" })
            #expect(would.leaseChanges.allSatisfy { $0.lease.shadow })
            #expect(!did.leaseChanges.contains { $0.lease.shadow })
            acts += did.decisions.count { $0.verdict == .act }
        }
        #expect(acts > 3, "a history in which nothing happens proves nothing")
    }

    /// A decision without what may differ: that it only pretends.
    static func plain(_ decision: ActionDecision) -> String {
        let verdict: Verdict =
            switch decision.verdict {
            case .wouldHave: .act
            case .wouldAsk(let refusal): .needsApproval(refusal)
            default: decision.verdict
            }
        // An offer ends; where nothing is offered there is no end.
        if case .needsApproval = verdict {
            return "\(decision.at) \(decision.incident) \(decision.key) \(decision.effect) \(decision.ttl) \(verdict)"
        }
        return "\(decision.at) \(decision.incident) \(decision.key) \(decision.effect) \(decision.ttl) \(verdict) "
            + "\(decision.lease ?? "-") \(decision.until?.description ?? "-")"
    }

    @Test("what never happens", arguments: [Mode.observe, .suggest, .enforce], 21...23 as ClosedRange<UInt64>)
    func invariants(mode: Mode, seed: UInt64) throws {
        var world = try GuardPropertyTests.world(mode)
        var numbers = Numbers(seed: seed)
        var begun: [(at: Timestamp, app: AppID)] = []
        for index in 0..<360 {
            GuardPropertyTests.step(&world, &numbers)
            if index == 200 { world.context.killFile = true }
            if index == 240 { world.context.killFile = false }
            // Somebody says yes to everything in the second half.
            if index > 280, let offer = world.guardian.waitingApprovals(at: world.now).first {
                _ = world.guardian.answer(
                    offer.id, digest: offer.digest, approves: true, by: "ann", comment: nil, now: world.now)
            }
            let before = world.guardian
            let plan = world.tick(after: 20).plan
            let isStopped = (200..<240).contains(index)
            let active = world.runtime["active_apps"]?.value
            for change in plan.leaseChanges where change.kind != .end {
                let lease = change.lease
                #expect(!isStopped, "stopped, and yet \(change)")
                #expect(lease.key.app != GuardPropertyTests.protected)
                #expect(lease.shadow == (mode == .observe))
                #expect(mode != .suggest || lease.isApproved, "in suggest only what a person approved")
                #expect(active.map { $0 > 1 } ?? false, "acted without knowing how many are active, or on the only one")
                #expect(lease.expiresAt - lease.createdAt <= .minutes(20))
                if let limits = lease.effect.limits {
                    #expect((limits.concurrentWorkflows ?? 2) >= 2 && (limits.requestsPerMinute ?? 10) >= 10, "the floor")
                }
                if let old = before.leases.first(where: { $0.id == lease.id }) {
                    // Whoever leaves a lease may take its stricter wish along, only when the lease is extended by others.
                    let isStricter = lease.effect.strictest(old.effect) == lease.effect
                    #expect(isStricter || change.reason == "condition still true", "raised: \(old.effect) → \(lease.effect)")
                } else {
                    begun.append((lease.createdAt, lease.key.app))
                }
                if change.kind == .extend, change.reason != "condition still true" { begun.append((world.now, lease.key.app)) }
            }
            let recent = begun.filter { world.now - $0.at < .hours(1) }
            #expect(recent.count <= 14)
            #expect(Dictionary(grouping: recent, by: \.app).allSatisfy { $0.value.count <= 4 })
            let unasked = Set(plan.leaseChanges.filter { $0.kind == .intend && !$0.lease.isApproved }.map(\.lease.key.app))
                .subtracting(before.appsUnderAction("shared", pretends: true, world.now))
            if !unasked.isEmpty, let active {
                let touched = world.guardian.appsUnderAction("shared", pretends: true, world.now)
                #expect(touched.count <= max(1, Int(active) / 4) || index > 280, "blast radius: \(touched.count) of \(active)")
            }
            let keys = world.guardian.leases.filter(\.isActive).map(\.key)
            #expect(Set(keys).count == keys.count)
        }
        if mode != .suggest { #expect(begun.count > 3) }
    }

    @Test("a guard that is written down and read back after every tick decides the same", arguments: [Mode.observe, .suggest, .enforce])
    func persists(mode: Mode) throws {
        var (kept, torn) = (try GuardPropertyTests.world(mode), try GuardPropertyTests.world(mode))
        var (a, b) = (Numbers(seed: 99), Numbers(seed: 99))
        for index in 0..<200 {
            GuardPropertyTests.step(&kept, &a)
            GuardPropertyTests.step(&torn, &b)
            for app in ["app-1", "app-2"] {
                kept.apps[AppID(app)]?["run_starts[3m]"] = .value(Double(index % 7))
                torn.apps[AppID(app)]?["run_starts[3m]"] = .value(Double(index % 7))
            }
            if index % 50 == 20 {
                kept.guardian.mark("v\(index)", runtime: nil, by: "ann", now: kept.now)
                torn.guardian.mark("v\(index)", runtime: nil, by: "ann", now: torn.now)
            }
            if let offer = kept.guardian.waitingApprovals(at: kept.now).first, index % 5 == 0 {
                for id in [offer.id] {
                    _ = kept.guardian.answer(id, digest: nil, approves: index % 2 == 0, by: "ann", comment: "c", now: kept.now)
                    _ = torn.guardian.answer(id, digest: nil, approves: index % 2 == 0, by: "ann", comment: "c", now: torn.now)
                }
            }
            let bytes = torn.guardian.document.serializedBytes()
            let back = try GuardState(document: JSON(parsing: bytes))
            #expect(back == torn.guardian)
            #expect(back.document.serializedBytes() == bytes)
            torn.guardian = back
            // The engine's document holds all timelines: now and then is often enough.
            if index % 40 == 0 {
                torn.engine = try EngineState(document: JSON(parsing: torn.engine.document.serializedBytes()))
            }
            #expect(kept.tick(after: 20).plan == torn.tick(after: 20).plan)
        }
    }
}
