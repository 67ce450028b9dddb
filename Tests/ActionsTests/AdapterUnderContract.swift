import Ambient
import HTTP
import Model
import Settings
import Simulator
import Synchronization
import TestKit
import Testing

@testable import Actions

/// The adapters that talk HTTP. A new one is a new case here, and all of `AdapterContractTests` holds for it.
enum AdapterUnderContract: String, CaseIterable, Sendable {
    case leaseAPI, entitlements, webhook

    static let token = "s3cretToken9876543"
    static let secret = "s1gningSecret4242"
    static let app = "app_clinic"
    static let key = LeaseKey(kind: .throttle, runtime: "shared", app: AppID(app))

    /// Talks to the simulated control plane, or to whatever is at `base`.
    func make(_ client: HTTPClient, clock: any Clock, base: String, timeoutMs: Int = 10_000) -> any ActionAdapter {
        let means = Means(client: client, clock: clock)
        let login = Authentication.bearer(.literal(Secret(Self.token)))
        switch self {
        case .leaseAPI:
            var settings = LeaseAPI.Settings(url: base)
            settings.authentication = login
            var adapter = LeaseAPI(settings, means, owner: "production")
            adapter.timeoutMs = timeoutMs
            return adapter
        case .entitlements:
            var settings = EntitlementSettings(url: base, apps: [AppID(Self.app): .id("tenant_xyz")])
            settings.acceptsUsageReset = true
            settings.features = [PackID("Generator"): "code_execution"]
            settings.authentication = login
            var adapter = Entitlements(settings, means)
            adapter.timeoutMs = timeoutMs
            return adapter
        case .webhook:
            let settings = SignedWebhook.Settings(
                url: .literal(Secret("\(base)/hooks/actions?key=\(Self.token)")), secret: .literal(Secret(Self.secret)))
            var adapter = SignedWebhook(settings, means, owner: "production")
            adapter.timeoutMs = timeoutMs
            return adapter
        }
    }

    var part: ControlPlaneFault.Part {
        switch self {
        case .leaseAPI: .leases
        case .entitlements: .entitlements
        case .webhook: .webhook
        }
    }

    /// Whether the control plane has the order in force, values and all.
    func isInForce(_ order: LeaseOrder, at plane: ControlPlane) -> Bool {
        switch self {
        case .leaseAPI: return plane.leasesInForce.api.contains(order.id)
        case .webhook: return plane.leasesInForce.webhook.contains(order.id)
        case .entitlements:
            let view = plane.view(of: Self.app)
            let wanted = order.effect.limits?.concurrentWorkflows.map { Int64($0) }
            return ["stored", "enforced"].allSatisfy {
                view[$0]?["rate_limits"]?["concurrent_workflows"]?.int == wanted
            }
        }
    }

    /// Whether nothing of any lease is left.
    func isClean(_ plane: ControlPlane) -> Bool {
        switch self {
        case .leaseAPI: return plane.leasesInForce.api.isEmpty
        case .webhook: return plane.leasesInForce.webhook.isEmpty
        case .entitlements:
            let view = plane.view(of: Self.app)
            return ["stored", "enforced"].allSatisfy { half in
                ["tenant_id", "plan", "token_budget", "features", "rate_limits"].allSatisfy {
                    view[half]?[$0] == Setup.before[half]?[$0]
                }
            }
        }
    }
}

/// A clock that moves when told.
final class TestClock: Clock {
    private let elapsed = Mutex<TimeSpan>(.zero)
    static let start = Timestamp(milliseconds: 1_795_251_600_000)

    func advance(by span: TimeSpan) { elapsed.withLock { $0 = $0 + span } }
    func now() -> Timestamp { Self.start + elapsed.withLock { $0 } }
    func monotonicNanoseconds() -> UInt64 { UInt64(elapsed.withLock { $0 }.milliseconds) * 1_000_000 }
    func sleep(for span: TimeSpan) async throws(CancellationError) { advance(by: span) }
}

/// A control plane in front of which an adapter stands.
final class Setup: Sendable {
    let plane: ControlPlane
    let clock = TestClock()
    let adapter: any ActionAdapter
    let kind: AdapterUnderContract
    private let client: HTTPClient

    /// What the platform says of the app before anyone throttles it.
    static let document: JSON = [
        "version": "1.0", "app_id": .string(AdapterUnderContract.app), "tenant_id": "tenant_xyz",
        "plan": ["id": "plan_pro", "name": "Pro Plan", "tier": "pro", "billing_period": "monthly", "expires_at": "2027-12-31T23:59:59Z"],
        "token_budget": ["period": "monthly", "total_tokens": ["limit": 100_000, "used": 5_000, "enforcement": "soft"]],
        "features": ["workflow_execution": true, "multi_agent": true, "code_execution": true, "vision": false],
        "rate_limits": ["requests_per_minute": 60, "concurrent_workflows": 5], "correlation_id": "stripe_evt_1",
    ]
    static let before: JSON = {
        let plane = ControlPlane()
        plane.sync(AdapterUnderContract.app, document)
        return plane.view(of: AdapterUnderContract.app)
    }()

    init(_ kind: AdapterUnderContract, timeoutMs: Int = 10_000) throws {
        self.kind = kind
        client = try HTTPClient()
        var options = ControlPlane.Options()
        options.now = { [clock] in clock.now() }
        options.tokens = [AdapterUnderContract.token]
        options.secret = AdapterUnderContract.secret
        plane = ControlPlane(options)
        try plane.start()
        plane.sync(AdapterUnderContract.app, Self.document)
        adapter = kind.make(client, clock: clock, base: plane.url, timeoutMs: timeoutMs)
    }

    func end() async {
        plane.stop()
        await client.shutdown()
    }

    func order(
        _ id: String = "lease-0123456789abcdef", runs: Int = 2, minutes: Int = 15, memo: AdapterMemo? = nil
    ) -> LeaseOrder {
        LeaseOrder(
            id: id, key: AdapterUnderContract.key, effect: .throttle(Limits(concurrentWorkflows: runs)),
            createdAt: TestClock.start, expiresAt: TestClock.start + .minutes(minutes), reason: "asked by noisy-neighbor",
            memo: memo)
    }

    func land(_ order: LeaseOrder) async -> (order: LeaseOrder, landing: Landing) { await ActionsTests.land(adapter, order) }
}

/// Prepares and puts as the executor does, and gives back the order as the journal would have it.
func land(_ adapter: any ActionAdapter, _ order: LeaseOrder) async -> (order: LeaseOrder, landing: Landing) {
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

/// What an outcome is, without its wording.
enum Outcome: String, Sendable {
    case done, noop, alreadyGone, overwritten, retry, refused

    init(_ landing: Landing) {
        switch landing {
        case .landed: self = .done
        case .noop: self = .noop
        case .retry: self = .retry
        case .refused: self = .refused
        }
    }

    init(_ undoing: Undoing) {
        switch undoing {
        case .undone: self = .done
        case .alreadyGone: self = .alreadyGone
        case .overwritten: self = .overwritten
        case .retry: self = .retry
        case .refused: self = .refused
        }
    }
}

extension Landing {
    var reason: String {
        switch self {
        case .landed: ""
        case .noop(let reason), .retry(_, let reason), .refused(let reason): reason
        }
    }
}

extension Undoing {
    var reason: String {
        switch self {
        case .undone, .alreadyGone: ""
        case .overwritten(let reason), .retry(_, let reason), .refused(let reason): reason
        }
    }
}

/// A reason is a line for people, and holds nothing secret.
func expectFitForPeople(_ reason: String, _ location: SourceLocation = #_sourceLocation) {
    #expect(reason.utf8.count > 8 && reason.utf8.count < 500, "\(reason)", sourceLocation: location)
    #expect(reason.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }, "\(reason)", sourceLocation: location)
    for secret in [AdapterUnderContract.token, AdapterUnderContract.secret] {
        #expect(!reason.contains(secret), "\(reason)", sourceLocation: location)
    }
}
