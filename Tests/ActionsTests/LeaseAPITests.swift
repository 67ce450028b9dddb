import Ambient
import HTTP
import Model
import Settings
import Simulator
import Testing

@testable import Actions

/// What the lease API is like beside what all adapters are like.
@Suite struct LeaseAPITests {
    @Test("leases that nobody asked about are strangers; another owner's are nobody's business")
    func strangers() async throws {
        let setup = try Setup(.leaseAPI)
        let (known, _) = await setup.land(setup.order("lease-1"))
        _ = await setup.land(setup.order("lease-2"))
        let client = try HTTPClient()
        var settings = LeaseAPI.Settings(url: setup.plane.url, owner: "staging")
        settings.authentication = .bearer(.literal(Secret(AdapterUnderContract.token)))
        let other = LeaseAPI(settings, Means(client: client, clock: setup.clock), owner: "production")
        _ = await other.put(setup.order("lease-3"))
        guard case .known(let inForce, let strangers) = await setup.adapter.held([known]) else {
            return #expect(Bool(false))
        }
        #expect(inForce == ["lease-1"])
        #expect(strangers.map(\.id) == ["lease-2"])
        #expect(strangers.first?.key == AdapterUnderContract.key)
        #expect(await setup.adapter.revert(setup.order("lease-2")) == .undone)
        #expect(setup.plane.leasesInForce.api == ["lease-1", "lease-3"])
        await client.shutdown()
        await setup.end()
    }

    @Test("an older effect is not in force as asked")
    func older() async throws {
        let setup = try Setup(.leaseAPI)
        _ = await setup.land(setup.order(runs: 4))
        #expect(await setup.adapter.held([setup.order(runs: 2)]) == .known(inForce: [], strangers: []))
        await setup.end()
    }

    @Test("what was undone does not come back with a request that was under way")
    func late() async throws {
        let setup = try Setup(.leaseAPI)
        let (order, _) = await setup.land(setup.order())
        #expect(await setup.adapter.revert(order) == .undone)
        #expect(Outcome(await setup.adapter.put(order)) == .refused)
        #expect(setup.plane.leasesInForce.api.isEmpty)
        await setup.end()
    }

    @Test("ids that are bytes arrive as they are")
    func bytes() async throws {
        let setup = try Setup(.leaseAPI)
        let app = AppID(bytes: [0x61, 0xFF, 0x2F, 0x20])
        let order = LeaseOrder(
            id: "lease-1", key: LeaseKey(kind: .disablePack, runtime: "shared", app: app, pack: PackID("Générateur")),
            effect: .disablePack(PackID("Générateur")), createdAt: TestClock.start,
            expiresAt: TestClock.start + .minutes(15), reason: "why\u{0}\u{202E}not\nso")
        #expect(await setup.adapter.put(order) == .landed(nil))
        #expect(await setup.adapter.held([order]) == .known(inForce: ["lease-1"], strangers: []))
        await setup.end()
    }

    @Test("only what it is configured to take")
    func actions() throws {
        let client = try HTTPClient()
        var settings = LeaseAPI.Settings(url: "http://127.0.0.1:1", owner: "production")
        settings.actions = [.throttle]
        let adapter = LeaseAPI(settings, Means(client: client), owner: "x")
        #expect(adapter.capability(for: AdapterUnderContract.key) == Capability(expiry: .receiver))
        #expect(adapter.capability(for: LeaseKey(kind: .pause, runtime: "shared", app: AppID("a"))) == nil)
        #expect(adapter.capability(for: LeaseKey(kind: .notify, runtime: "shared", app: AppID("a"))) == nil)
    }
}
