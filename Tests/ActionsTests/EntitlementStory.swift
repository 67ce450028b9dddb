import Ambient
import HTTP
import JSONParsing
import Model
import Settings
import Simulator
import TestKit
import Testing

@testable import Actions

private let storyClock = TestClock()

/// What suites about entitlements tell their stories with.
protocol EntitlementStory {}

extension EntitlementStory {
    static var clock: TestClock { storyClock }

    /// A control plane with one app as the platform synced it, and an adapter with these settings.
    func with<R>(
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
        let result = try await body(plane, Entitlements(settings, Means(client: client, clock: Self.clock)))
        plane.stop()
        await client.shutdown()
        return result
    }

    func order(_ effect: Effect, approved: Bool = false, memo: AdapterMemo? = nil, id: String = "lease-1") -> LeaseOrder {
        let key = LeaseKey(kind: effect.kind, runtime: "shared", app: AppID(AdapterUnderContract.app), pack: effect.pack)
        return LeaseOrder(
            id: id, key: key, effect: effect, createdAt: TestClock.start, expiresAt: TestClock.start + .minutes(15),
            reason: "asked by noisy-neighbor", isApproved: approved, memo: memo)
    }

    static func changed(_ path: [String], _ value: JSON?) -> JSON {
        guard var document = EntitlementDocument(Setup.document) else { return .null }
        document.set(EntitlementPath(path), to: value.map { .present($0) } ?? .absent)
        return .object(document.object)
    }

    static func changed(_ path: [String], _ value: JSON, _ other: [String], _ second: JSON) -> JSON {
        guard var document = EntitlementDocument(changed(path, value)) else { return .null }
        document.set(EntitlementPath(other), to: .present(second))
        return .object(document.object)
    }
}
