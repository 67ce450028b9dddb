import Ambient
import HTTP
import JSONParsing
import Model
import Settings
import Simulator
import TestKit
import Testing

@testable import Actions

/// Other writers of the same document, and what earlier versions left behind.
@Suite struct EntitlementWritersTests: EntitlementStory {
    // MARK: - Others at work

    @Test("someone else changed our key while it was ours: theirs stays, and is said")
    func overwritten() async throws {
        try await with { plane, adapter in
            let limits = Limits(concurrentWorkflows: 2, requestsPerMinute: 6)
            let (order, _) = await land(adapter, order(.throttle(limits)))
            plane.sync(
                AdapterUnderContract.app, Self.changed(["rate_limits"], ["requests_per_minute": 30, "concurrent_workflows": 2]))
            let undoing = await adapter.revert(order)
            #expect(Outcome(undoing) == .overwritten && undoing.reason.contains("requests_per_minute"), "\(undoing)")
            #expect(
                plane.entitlements(of: AdapterUnderContract.app)["rate_limits"]
                    == ["requests_per_minute": 30, "concurrent_workflows": 5])
            // It is not applied again either.
            let again = await adapter.put(order)
            #expect(Outcome(again) == .refused)
        }
    }

    @Test("someone else changed our key between looking and putting: refused")
    func betweenLookAndPut() async throws {
        try await with { plane, adapter in
            guard case .ready(let memo) = await adapter.prepare(order(.throttle(Limits(concurrentWorkflows: 2)))) else {
                return #expect(Bool(false))
            }
            plane.sync(AdapterUnderContract.app, Self.changed(["rate_limits", "concurrent_workflows"], 3))
            let landing = await adapter.put(order(.throttle(Limits(concurrentWorkflows: 2)), memo: memo))
            #expect(Outcome(landing) == .refused && landing.reason.contains("someone else"), "\(landing)")
            #expect(plane.entitlements(of: AdapterUnderContract.app)["rate_limits"]?["concurrent_workflows"] == 3)
        }
    }

    @Test("someone else changed another key: theirs is kept, through put and revert")
    func otherKeys() async throws {
        try await with { plane, adapter in
            guard case .ready(let memo) = await adapter.prepare(order(.throttle(Limits(concurrentWorkflows: 2)))) else {
                return #expect(Bool(false))
            }
            plane.sync(AdapterUnderContract.app, Self.changed(["plan", "name"], "Pro Plan Plus"))
            var held = order(.throttle(Limits(concurrentWorkflows: 2)), memo: memo)
            guard case .landed(let landed) = await adapter.put(held) else { return #expect(Bool(false)) }
            held.memo = landed
            #expect(await adapter.revert(held) == .undone)
            #expect(plane.entitlements(of: AdapterUnderContract.app)["plan"]?["name"] == "Pro Plan Plus")
        }
    }

    @Test("forgotten by a restart between looking and putting: refused, and nothing is made up")
    func forgottenMeanwhile() async throws {
        try await with(Setup.document, { $0.allowsUnsynced = true }) { plane, adapter in
            guard case .ready(let memo) = await adapter.prepare(order(.throttle(Limits(concurrentWorkflows: 2)))) else {
                return #expect(Bool(false))
            }
            plane.restart()
            let landing = await adapter.put(order(.throttle(Limits(concurrentWorkflows: 2)), memo: memo))
            #expect(Outcome(landing) == .refused && landing.reason.contains("forgotten"), "\(landing)")
            #expect(plane.entitlements(of: AdapterUnderContract.app)["synced_at"]?.isNull == true)
        }
    }

    /// What the platform writes at the very moment at which we do, and what of ours that leaves.
    static let writers: [(name: String, document: JSON, outcome: Outcome, limits: JSON)] = [
        (
            "another key", changed(["rate_limits"], ["requests_per_minute": 6, "concurrent_workflows": 2], ["plan", "name"], "Pro Plus"),
            .done, ["requests_per_minute": 60, "concurrent_workflows": 5]
        ),
        (
            "one of ours", changed(["rate_limits"], ["requests_per_minute": 30, "concurrent_workflows": 2]), .overwritten,
            ["requests_per_minute": 30, "concurrent_workflows": 5]
        ),
        (
            "everything of ours", changed(["rate_limits"], ["requests_per_minute": 30, "concurrent_workflows": 3]), .overwritten,
            ["requests_per_minute": 30, "concurrent_workflows": 3]
        ),
    ]

    @Test("the platform writes at the same moment: refused, and nothing of ours stays", arguments: writers.map(\.name))
    func writtenAtOnce(name: String) async throws {
        let writer = try #require(Self.writers.first { $0.name == name })
        try await with { plane, adapter in
            let limits = Limits(concurrentWorkflows: 2, requestsPerMinute: 6)
            let effect = Effect.throttle(limits)
            plane.inject(ControlPlaneFault(.entitlements, .overtaken(by: writer.document), on: .writes, count: 1))
            // As the monitor drives it, from the lease to its end.
            let lease = Lease(
                id: "lease-1", key: order(effect).key, effect: effect,
                holders: [.init(incident: "incident-1", effect: effect, ttl: .minutes(15))], createdAt: TestClock.start,
                expiresAt: TestClock.start + .minutes(15), state: .intended, shadow: false)
            var book = PlacementBook()
            book.follow(
                [lease], places: [.init(adapter: "entitlements") { adapter.capability(for: $0) }], now: TestClock.start
            ) { _ in ("asked by a test", false) }
            var answers: [Outcome] = []
            while let errand = book.errands(
                of: "entitlements", now: TestClock.start, limit: 1, mayPut: true, isStopped: false
            ).first, answers.count < 5 {
                let answer: PlacementBook.Answer
                switch errand.step {
                case .prepare: answer = .preparation(await adapter.prepare(errand.order))
                case .put:
                    let landing = await adapter.put(errand.order)
                    answers.append(Outcome(landing))
                    answer = .landing(landing)
                case .revert:
                    let undoing = await adapter.revert(errand.order)
                    answers.append(Outcome(undoing))
                    answer = .undoing(undoing)
                }
                book.settle(errand, answer, now: TestClock.start) { _, _ in .seconds(1) }
            }
            #expect(answers == [.refused, writer.outcome])
            #expect(book.all.map(\.outcome) == [.refused])
            let now = plane.entitlements(of: AdapterUnderContract.app)
            #expect(now["rate_limits"] == writer.limits)
            #expect(now["plan"]?["name"] == writer.document["plan"]?["name"], "theirs stays")
        }
    }

    /// What an operator may change in the configuration while a lease is in force.
    static let changes: [(name: String, effect: Effect, change: @Sendable (inout EntitlementSettings) -> Void)] = [
        ("pauses switched off", .pause, { $0.pause = .off }),
        ("the app taken out", .pause, { $0.apps = [:] }),
        ("another runtime", .pause, { $0.runtime = "another" }),
        ("the feature taken out", .disablePack(PackID("Generator")), { $0.features = [:] }),
        ("never synced no longer allowed", .throttle(Limits(concurrentWorkflows: 2)), { $0.allowsUnsynced = false }),
    ]

    @Test("what was put is taken back, whatever the configuration says by then", arguments: changes.map(\.name))
    func configurationChanged(name: String) async throws {
        let entry = try #require(Self.changes.first { $0.name == name })
        let isUnsynced = entry.effect.kind == .throttle
        try await with(isUnsynced ? nil : Setup.document, { $0.allowsUnsynced = isUnsynced }) { plane, adapter in
            let before = plane.entitlements(of: AdapterUnderContract.app)
            let (held, landing) = await land(adapter, order(entry.effect, approved: true))
            #expect(Outcome(landing) == .done, "\(landing)")
            var settings = adapter.settings
            entry.change(&settings)
            let client = try HTTPClient()
            let restarted = Entitlements(settings, Means(client: client, clock: Self.clock))
            // As a journal gives it back.
            let kept = try AdapterMemo(JSON(parsing: try #require(held.memo).document.serialized()))
            #expect(await restarted.revert(order(entry.effect, approved: true, memo: kept)) == .undone)
            let after = plane.entitlements(of: AdapterUnderContract.app)
            #expect(after["features"] == before["features"] && after["rate_limits"] == before["rate_limits"])
            if !isUnsynced { #expect(plane.view(of: AdapterUnderContract.app)["stored"]?["tenant_id"] == "tenant_xyz") }
            await client.shutdown()
        }
    }

    @Test("a memo of an earlier version, and the app taken out: the revert waits, and says what a person can do")
    func tenantUnknown() async throws {
        try await with { plane, adapter in
            let (held, _) = await land(adapter, order(.throttle(Limits(concurrentWorkflows: 2))))
            var memo = try EntitlementMemo(try #require(held.memo))
            memo.tenant = nil
            var settings = adapter.settings
            settings.apps = [:]
            let client = try HTTPClient()
            let restarted = Entitlements(settings, Means(client: client, clock: Self.clock))
            let undoing = await restarted.revert(order(.throttle(Limits(concurrentWorkflows: 2)), memo: memo.memo))
            #expect(Outcome(undoing) == .retry)
            #expect(undoing.reason.contains("set rate_limits.concurrent_workflows back to 5"), "\(undoing.reason)")
            #expect(await adapter.revert(order(.throttle(Limits(concurrentWorkflows: 2)), memo: memo.memo)) == .undone)
            await client.shutdown()
        }
    }

    @Test("tokens are used underneath: no change of anyone's")
    func usedMoves() async throws {
        try await with { plane, adapter in
            let (order, landing) = await land(adapter, order(.throttle(Limits(concurrentWorkflows: 2))))
            #expect(Outcome(landing) == .done)
            plane.spend(AdapterUnderContract.app, tokens: 700)
            #expect(await adapter.revert(order) == .undone)
            #expect(plane.entitlements(of: AdapterUnderContract.app)["token_budget"]?["total_tokens"]?["used"] == 5_700)
        }
    }

    @Test("half applied once: put back at once, and lands at the next attempt")
    func halfApplied() async throws {
        try await with { plane, adapter in
            guard case .ready(let memo) = await adapter.prepare(order(.throttle(Limits(concurrentWorkflows: 2)))) else {
                return #expect(Bool(false))
            }
            let held = order(.throttle(Limits(concurrentWorkflows: 2)), memo: memo)
            plane.inject(ControlPlaneFault(.entitlements, .halfApplied, on: .writes, count: 1))
            let landing = await adapter.put(held)
            #expect(Outcome(landing) == .retry && landing.reason.contains("put back"), "\(landing)")
            let view = plane.view(of: AdapterUnderContract.app)
            #expect(view["stored"]?["rate_limits"]?["concurrent_workflows"] == 5)
            #expect(view["enforced"]?["rate_limits"]?["concurrent_workflows"] == 5)
            #expect(Outcome(await adapter.put(held)) == .done)
        }
    }

    @Test("two leases of one app at once do not lose each other's values")
    func serial() async throws {
        try await with { plane, adapter in
            plane.inject(ControlPlaneFault(.entitlements, .slow(seconds: 0.02), on: .reads))
            let orders = [
                order(.throttle(Limits(concurrentWorkflows: 2)), id: "lease-a"),
                order(.disablePack(PackID("Generator")), id: "lease-b"),
                order(.pause, approved: true, id: "lease-c"),
            ]
            let landed = try await withThrowingTaskGroup(of: LeaseOrder.self) { group in
                for order in orders { group.addTask { await land(adapter, order).order } }
                return try await group.reduce(into: [LeaseOrder]()) { $0.append($1) }
            }
            let document = plane.entitlements(of: AdapterUnderContract.app)
            #expect(document["rate_limits"]?["concurrent_workflows"] == 2)
            #expect(document["features"]?["code_execution"] == false)
            #expect(document["features"]?["workflow_execution"] == false)
            await withTaskGroup(of: Void.self) { group in
                for order in landed { group.addTask { #expect(await adapter.revert(order) == .undone) } }
            }
            #expect(plane.entitlements(of: AdapterUnderContract.app)["features"] == Setup.before["stored"]?["features"])
        }
    }

    @Test(
        "what the journal kept and cannot be read: refused, nothing is written",
        arguments: ["null", "{}", #"{"schema":"mozaiks.ops/entitlements-memo/v1","confirmed":true,"synced":true,"keys":[{"path":[]}]}"#])
    func damagedMemo(text: String) async throws {
        try await with { plane, adapter in
            let writes = plane.log.count
            let memo = AdapterMemo(try JSON(parsing: text))
            let held = order(.throttle(Limits(concurrentWorkflows: 2)), memo: memo)
            #expect(Outcome(await adapter.put(held)) == .refused)
            #expect(Outcome(await adapter.revert(held)) == .refused)
            #expect(plane.log.count == writes)
        }
    }
}
