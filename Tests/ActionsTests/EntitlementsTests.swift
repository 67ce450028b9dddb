import Ambient
import HTTP
import JSONParsing
import Model
import Simulator
import TestKit
import Testing

@testable import Actions

/// What entitlements are like beside what all adapters are like.
@Suite struct EntitlementsTests {
    private static let clock = TestClock()

    /// A control plane with one app as the platform synced it, and an adapter with these settings.
    private func with<R>(
        _ document: JSON? = Setup.document, _ change: (inout EntitlementSettings) -> Void = { _ in },
        _ body: (ControlPlane, Entitlements) async throws -> R
    ) async throws -> R {
        let client = try HTTPClient()
        let plane = ControlPlane()
        try plane.start()
        if let document { plane.sync(AdapterUnderContract.app, document) }
        var settings = EntitlementSettings(url: plane.url, apps: [AppID(AdapterUnderContract.app): .id("tenant_xyz")])
        settings.acceptsUsageReset = true
        settings.features = [PackID("Generator"): "code_execution", PackID("Seer"): "vision", PackID("New"): "brand_new"]
        change(&settings)
        let result = try await body(plane, Entitlements(settings, client: client, clock: Self.clock))
        plane.stop()
        await client.shutdown()
        return result
    }

    private func order(_ effect: Effect, approved: Bool = false, memo: AdapterMemo? = nil, id: String = "lease-1") -> LeaseOrder {
        let key = LeaseKey(kind: effect.kind, runtime: "shared", app: AppID(AdapterUnderContract.app), pack: effect.pack)
        return LeaseOrder(
            id: id, key: key, effect: effect, createdAt: TestClock.start, expiresAt: TestClock.start + .minutes(15),
            reason: "asked by noisy-neighbor", isApproved: approved, memo: memo)
    }

    private func land(_ adapter: Entitlements, _ order: LeaseOrder) async throws -> (order: LeaseOrder, landing: Landing) {
        var order = order
        switch await adapter.prepare(order) {
        case .ready(let memo): order.memo = memo
        case .noop(let reason): return (order, .noop(reason: reason))
        case .retry(let after, let reason): return (order, .retry(after: after, reason: reason))
        case .refused(let reason): return (order, .refused(reason: reason))
        }
        let landing = await adapter.put(order)
        if case .landed(let memo) = landing { order.memo = memo }
        return (order, landing)
    }

    private static func changed(_ path: [String], _ value: JSON?) -> JSON {
        guard var document = EntitlementDocument(Setup.document) else { return .null }
        document.set(EntitlementPath(path), to: value.map { .present($0) } ?? .absent)
        return .object(document.object)
    }

    private static func changed(_ path: [String], _ value: JSON, _ other: [String], _ second: JSON) -> JSON {
        guard var document = EntitlementDocument(changed(path, value)) else { return .null }
        document.set(EntitlementPath(other), to: .present(second))
        return .object(document.object)
    }

    // MARK: - What is written

    @Test("the whole document goes back, with the tenant, and only our keys differ")
    func whole() async throws {
        try await with { plane, adapter in
            let (_, landing) = try await land(adapter, order(.throttle(Limits(concurrentWorkflows: 1, requestsPerMinute: 6))))
            #expect(Outcome(landing) == .done)
            let stored = try #require(plane.view(of: AdapterUnderContract.app)["stored"]?.object)
            let before = try #require(Setup.before["stored"]?.object)
            for member in stored where !["rate_limits", "synced_at", "correlation_id"].contains(member.key) {
                #expect(member.value == before[member.key], "\(member.key)")
            }
            #expect(stored["correlation_id"] == "lease-1")
            #expect(stored["rate_limits"] == ["requests_per_minute": 6, "concurrent_workflows": 1])
        }
    }

    /// Effect, configuration and approval; what the document shows then; what it shows after the revert.
    static let effects: [(name: String, effect: Effect, pause: EntitlementSettings.Pause, path: [String], put: JSON, after: JSON?)] = [
        ("fewer runs", .throttle(Limits(concurrentWorkflows: 1)), .feature, ["rate_limits", "concurrent_workflows"], 1, 5),
        ("fewer starts", .throttle(Limits(requestsPerMinute: 6)), .feature, ["rate_limits", "requests_per_minute"], 6, 60),
        ("a workflow off", .disablePack(PackID("Generator")), .feature, ["features", "code_execution"], false, true),
        ("a workflow whose feature was not listed", .disablePack(PackID("New")), .feature, ["features", "brand_new"], false, nil),
        ("a pause by feature", .pause, .feature, ["features", "workflow_execution"], false, true),
        ("a pause by budget", .pause, .budget, ["token_budget", "total_tokens", "enforcement"], "hard", "soft"),
        ("a pause by budget, its limit", .pause, .budget, ["token_budget", "total_tokens", "limit"], 5_000, 100_000),
    ]

    @Test("each effect, and back", arguments: effects.map(\.name))
    func effect(name: String) async throws {
        let entry = try #require(Self.effects.first { $0.name == name })
        try await with(Setup.document, { $0.pause = entry.pause }) { plane, adapter in
            let (order, landing) = try await land(adapter, order(entry.effect, approved: true))
            #expect(Outcome(landing) == .done, "\(landing)")
            func value() -> JSON? {
                entry.path.reduce(plane.view(of: AdapterUnderContract.app)["enforced"]) { $0?[$1] }
            }
            #expect(value() == entry.put)
            #expect(plane.isStartAllowed(AdapterUnderContract.app) == (entry.pause != .budget))
            #expect(await adapter.revert(order) == .undone)
            #expect(value() == entry.after)
            #expect(plane.isStartAllowed(AdapterUnderContract.app))
        }
    }

    /// What stands there, what is asked, and what comes of it.
    static let strictness: [(name: String, path: [String], prior: JSON?, outcome: Outcome, after: JSON?)] = [
        ("less strict: lowered", ["rate_limits", "concurrent_workflows"], 5, .done, 2),
        ("absent: set", ["rate_limits", "concurrent_workflows"], nil, .done, 2),
        ("the same: nothing to do", ["rate_limits", "concurrent_workflows"], 2, .noop, 2),
        ("stricter: never raised", ["rate_limits", "concurrent_workflows"], 1, .noop, 1),
        ("none at all: never raised", ["rate_limits", "concurrent_workflows"], 0, .noop, 0),
        ("negative: nobody knows", ["rate_limits", "concurrent_workflows"], -1, .refused, -1),
        ("an enforcement that breaks it", ["token_budget", "total_tokens", "enforcement"], "block", .refused, "block"),
    ]

    @Test("never raises a limit", arguments: strictness.map(\.name))
    func neverRaises(name: String) async throws {
        let entry = try #require(Self.strictness.first { $0.name == name })
        try await with(Self.changed(entry.path, entry.prior)) { plane, adapter in
            let syncs = plane.log.count
            let (order, landing) = try await land(adapter, order(.throttle(Limits(concurrentWorkflows: 2))))
            #expect(Outcome(landing) == entry.outcome, "\(landing)")
            let now = entry.path.reduce(plane.entitlements(of: AdapterUnderContract.app)) { $0[$1] ?? .null }
            #expect(now == entry.after)
            if entry.outcome != .done { #expect(plane.log.count == syncs, "nothing was written") }
            if entry.outcome == .done {
                #expect(await adapter.revert(order) == .undone)
                let back = entry.path.dropLast().reduce(plane.entitlements(of: AdapterUnderContract.app)) { $0[$1] ?? .null }
                #expect(back[entry.path.last ?? ""] == entry.prior, "what was absent is removed, not set")
            }
        }
    }

    // MARK: - What is refused

    static let refusals: [(name: String, document: JSON?, change: @Sendable (inout EntitlementSettings) -> Void, word: String)] = [
        ("never synced", nil, { _ in }, "never synced"),
        ("a finite budget", Setup.document, { $0.acceptsUsageReset = false }, "usage_reset"),
        ("no tenant is known", Setup.document, { $0.apps = [:] }, "tenant"),
        ("another runtime's app", Setup.document, { $0.runtime = "other" }, "tenant"),
    ]

    @Test("refuses", arguments: refusals.map(\.name))
    func refuses(name: String) async throws {
        let entry = try #require(Self.refusals.first { $0.name == name })
        try await with(entry.document, entry.change) { plane, adapter in
            let writes = plane.log.count
            let (_, landing) = try await land(adapter, order(.throttle(Limits(concurrentWorkflows: 2))))
            #expect(Outcome(landing) == .refused && landing.reason.contains(entry.word), "\(landing)")
            #expect(plane.log.count == writes)
        }
    }

    @Test("an unlimited budget may be written back without a word about usage")
    func unlimited() async throws {
        let document = Self.changed(["token_budget", "total_tokens", "limit"], -1)
        try await with(document, { $0.acceptsUsageReset = false }) { _, adapter in
            let (order, landing) = try await land(adapter, order(.throttle(Limits(concurrentWorkflows: 2))))
            #expect(Outcome(landing) == .done)
            #expect(await adapter.revert(order) == .undone)
        }
    }

    @Test("a budget that became finite meanwhile: the revert waits, and says what a person can do")
    func finiteMeanwhile() async throws {
        let document = Self.changed(["token_budget", "total_tokens", "limit"], -1)
        try await with(document, { $0.acceptsUsageReset = false }) { plane, adapter in
            let (order, _) = try await land(adapter, order(.throttle(Limits(concurrentWorkflows: 2))))
            plane.sync(
                AdapterUnderContract.app, Self.changed(["rate_limits"], ["concurrent_workflows": 2, "requests_per_minute": 60]))
            let undoing = await adapter.revert(order)
            #expect(Outcome(undoing) == .retry)
            #expect(undoing.reason.contains("set rate_limits.concurrent_workflows back to 5"), "\(undoing.reason)")
            expectFitForPeople(undoing.reason)
            plane.sync(
                AdapterUnderContract.app, Self.changed(["rate_limits"], ["concurrent_workflows": 5, "requests_per_minute": 60]))
            #expect(await adapter.revert(order) == .alreadyGone, "a person did it")
        }
    }

    @Test("never synced and allowed: set, and our key taken away again")
    func unsynced() async throws {
        try await with(nil, { $0.allowsUnsynced = true }) { plane, adapter in
            let (order, landing) = try await land(adapter, order(.throttle(Limits(concurrentWorkflows: 2))))
            #expect(Outcome(landing) == .done, "\(landing)")
            #expect(await adapter.revert(order) == .undone)
            #expect(plane.entitlements(of: AdapterUnderContract.app)["rate_limits"] == [:])
        }
    }

    @Test("a pause needs a person unless the operator says otherwise")
    func approval() async throws {
        try await with { plane, adapter in
            #expect(adapter.capability(for: order(.pause).key)?.approval != nil)
            let (_, landing) = try await land(adapter, order(.pause))
            #expect(Outcome(landing) == .refused)
        }
        try await with(Setup.document, { $0.pauseNeedsApproval = false }) { plane, adapter in
            #expect(adapter.capability(for: order(.pause).key)?.approval == nil)
            let (_, landing) = try await land(adapter, order(.pause))
            #expect(Outcome(landing) == .done)
        }
        try await with(Setup.document, { $0.pause = .off }) { _, adapter in
            #expect(adapter.capability(for: order(.pause).key) == nil)
        }
    }

    @Test("what it cannot land it does not claim to")
    func capability() async throws {
        try await with(Setup.document, { $0.apps[AppID("a/b")] = EntitlementSettings.Tenant.none }) { _, adapter in
            func can(_ kind: ActionKind, _ app: String, _ pack: String? = nil, runtime: String = "shared") -> Bool {
                adapter.capability(
                    for: LeaseKey(kind: kind, runtime: runtime, app: AppID(app), pack: pack.map { PackID($0) })) != nil
            }
            #expect(can(.throttle, AdapterUnderContract.app))
            #expect(!can(.throttle, "someone_else"))
            #expect(!can(.throttle, "a/b"), "the router takes no slash")
            #expect(can(.disablePack, AdapterUnderContract.app, "Generator"))
            #expect(!can(.disablePack, AdapterUnderContract.app, "Unmapped"))
            #expect(!can(.notify, AdapterUnderContract.app))
        }
    }

    // MARK: - Others at work

    @Test("someone else changed our key while it was ours: theirs stays, and is said")
    func overwritten() async throws {
        try await with { plane, adapter in
            let limits = Limits(concurrentWorkflows: 2, requestsPerMinute: 6)
            let (order, _) = try await land(adapter, order(.throttle(limits)))
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
                of: "entitlements", now: TestClock.start, limit: 1, mayPut: true, isStopped: false).first, answers.count < 5
            {
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
            let (held, landing) = try await land(adapter, order(entry.effect, approved: true))
            #expect(Outcome(landing) == .done, "\(landing)")
            var settings = adapter.settings
            entry.change(&settings)
            let client = try HTTPClient()
            let restarted = Entitlements(settings, client: client, clock: Self.clock)
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
            let (held, _) = try await land(adapter, order(.throttle(Limits(concurrentWorkflows: 2))))
            var memo = try EntitlementMemo(try #require(held.memo))
            memo.tenant = nil
            var settings = adapter.settings
            settings.apps = [:]
            let client = try HTTPClient()
            let restarted = Entitlements(settings, client: client, clock: Self.clock)
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
            let (order, landing) = try await land(adapter, order(.throttle(Limits(concurrentWorkflows: 2))))
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
                for order in orders { group.addTask { try await land(adapter, order).order } }
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

    @Test("what the journal kept and cannot be read: refused, nothing is written", arguments: ["null", "{}", #"{"schema":"mozaiks.ops/entitlements-memo/v1","confirmed":true,"synced":true,"keys":[{"path":[]}]}"#])
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
