import Ambient
import HTTP
import JSONParsing
import Model
import Simulator
import TestKit
import Testing

@testable import Actions

/// What entitlements are like beside what all adapters are like.
@Suite struct EntitlementsTests: EntitlementStory {
    // MARK: - What is written

    @Test("the whole document goes back, with the tenant, and only our keys differ")
    func whole() async throws {
        try await with { plane, adapter in
            let (_, landing) = await land(adapter, order(.throttle(Limits(concurrentWorkflows: 1, requestsPerMinute: 6))))
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
            let (order, landing) = await land(adapter, order(entry.effect, approved: true))
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
            let (order, landing) = await land(adapter, order(.throttle(Limits(concurrentWorkflows: 2))))
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

    static let documents: [(text: String, isRead: Bool)] = [
        (#"{"app_id":"a","plan":{"tier":"pro"}}"#, true), (#"{"app_id":"a","plan":{"tier":"pro","tier":"free"}}"#, false),
        (#"{"app_id":"a","plan":{"tier":"\ud83d\ude00"}}"#, true), (#"{"app_id":"a","plan":{"tier":"\ud83d"}}"#, false), ("<html>", false),
    ]

    @Test("what could not be written back as it was is not read", arguments: documents.indices)
    func writesBackWhatItRead(index: Int) {
        #expect((Receiver.document(Array(Self.documents[index].text.utf8)) != nil) == Self.documents[index].isRead)
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
            let (_, landing) = await land(adapter, order(.throttle(Limits(concurrentWorkflows: 2))))
            #expect(Outcome(landing) == .refused && landing.reason.contains(entry.word), "\(landing)")
            #expect(plane.log.count == writes)
        }
    }

    @Test("an unlimited budget may be written back without a word about usage")
    func unlimited() async throws {
        let document = Self.changed(["token_budget", "total_tokens", "limit"], -1)
        try await with(document, { $0.acceptsUsageReset = false }) { _, adapter in
            let (order, landing) = await land(adapter, order(.throttle(Limits(concurrentWorkflows: 2))))
            #expect(Outcome(landing) == .done)
            #expect(await adapter.revert(order) == .undone)
        }
    }

    @Test("a budget that became finite meanwhile: the revert waits, and says what a person can do")
    func finiteMeanwhile() async throws {
        let document = Self.changed(["token_budget", "total_tokens", "limit"], -1)
        try await with(document, { $0.acceptsUsageReset = false }) { plane, adapter in
            let (order, _) = await land(adapter, order(.throttle(Limits(concurrentWorkflows: 2))))
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
            let (order, landing) = await land(adapter, order(.throttle(Limits(concurrentWorkflows: 2))))
            #expect(Outcome(landing) == .done, "\(landing)")
            #expect(await adapter.revert(order) == .undone)
            #expect(plane.entitlements(of: AdapterUnderContract.app)["rate_limits"] == [:])
        }
    }

    @Test("a pause needs a person unless the operator says otherwise")
    func approval() async throws {
        try await with { plane, adapter in
            #expect(adapter.capability(for: order(.pause).key)?.approval != nil)
            let (_, landing) = await land(adapter, order(.pause))
            #expect(Outcome(landing) == .refused)
        }
        try await with(Setup.document, { $0.pauseNeedsApproval = false }) { plane, adapter in
            #expect(adapter.capability(for: order(.pause).key)?.approval == nil)
            let (_, landing) = await land(adapter, order(.pause))
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
}
